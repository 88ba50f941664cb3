//! The function host: what Lambda does on AWS, with the real function binaries as child processes.
//!
//! Each function has a pool of processes that is empty at first. An invocation takes an idle process or starts one,
//! up to the function's concurrency; above it invocations wait. A process has one invocation at a time and is used
//! again afterwards, unless it exited or took too long: then it is killed and the next invocation starts a fresh one.

mod process;
mod runtime_api;

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Semaphore, mpsc, watch};

use crate::logs::{CappedLog, LOG_LIMIT_BYTES};
use crate::server::Server;
use process::{Process, Ran};
use runtime_api::Slots;

/// Most bytes of what goes into a function and of what comes out of it.
pub const PAYLOAD_LIMIT_BYTES: usize = 6 << 20;

/// A function of the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Function {
    /// The HTTP API.
    Api,
    /// One row group of a job.
    Evaluate,
    /// The end of a job.
    Combine,
    /// One query for a published model.
    Score,
}

impl Function {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Api, Self::Evaluate, Self::Combine, Self::Score];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Evaluate => "evaluate",
            Self::Combine => "combine",
            Self::Score => "score",
        }
    }

    /// File name of its binary.
    #[must_use]
    pub const fn binary(self) -> &'static str {
        match self {
            Self::Api => "veilsum-api",
            Self::Evaluate => "veilsum-evaluate",
            Self::Combine => "veilsum-combine",
            Self::Score => "veilsum-score",
        }
    }
}

/// What a function may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Memory in MiB. The address space of a process may be 256 MiB larger: stacks and allocator reserves count there.
    pub memory_mib: u64,
    /// Time of one invocation.
    pub timeout: Duration,
    /// Processes at a time.
    pub concurrency: usize,
}

/// Limits of each function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FunctionLimits {
    /// For `api`.
    pub api: Limits,
    /// For `evaluate`.
    pub evaluate: Limits,
    /// For `combine`.
    pub combine: Limits,
    /// For `score`.
    pub score: Limits,
}

impl Default for FunctionLimits {
    fn default() -> Self {
        const JOB_TIMEOUT: Duration = Duration::from_secs(15 * 60);
        Self {
            api: Limits { memory_mib: 512, timeout: Duration::from_secs(29), concurrency: 4 },
            evaluate: Limits { memory_mib: 1_769, timeout: JOB_TIMEOUT, concurrency: 2 },
            combine: Limits { memory_mib: 1_769, timeout: JOB_TIMEOUT, concurrency: 1 },
            score: Limits { memory_mib: 1_769, timeout: JOB_TIMEOUT, concurrency: 2 },
        }
    }
}

impl FunctionLimits {
    const fn of(&self, function: Function) -> Limits {
        match function {
            Function::Api => self.api,
            Function::Evaluate => self.evaluate,
            Function::Combine => self.combine,
            Function::Score => self.score,
        }
    }
}

/// How functions are run.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Folder with the binaries.
    pub binaries: PathBuf,
    /// Folder for their output, one file per function.
    pub logs: PathBuf,
    /// Environment of every process, besides what Lambda itself sets; nothing else is inherited.
    pub environment: Vec<(String, String)>,
    /// Limits.
    pub limits: FunctionLimits,
}

/// Why an invocation has no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvokeError {
    /// The input is too large.
    #[error("the input of {function} has {actual} bytes; at most {limit} are allowed")]
    PayloadTooLarge {
        /// The function.
        function: &'static str,
        /// Bytes of the input.
        actual: usize,
        /// Most bytes.
        limit: usize,
    },
    /// The result is too large.
    #[error("the result of {function} has more than {limit} bytes")]
    ResponseTooLarge {
        /// The function.
        function: &'static str,
        /// Most bytes.
        limit: usize,
    },
    /// It took too long and was killed.
    #[error("{function} did not end within {} s and was killed", limit.as_secs_f32())]
    TimedOut {
        /// The function.
        function: &'static str,
        /// Longest time.
        limit: Duration,
    },
    /// Its process ended in the middle.
    #[error("the process of {function} ended during the invocation ({exit})")]
    Crashed {
        /// The function.
        function: &'static str,
        /// How it ended.
        exit: String,
    },
    /// Its process ended, or did nothing for too long, before it asked for work.
    #[error("{function} did not start: {reason}")]
    NotReady {
        /// The function.
        function: &'static str,
        /// What happened.
        reason: String,
    },
    /// The function itself answered with an error.
    #[error("{function} failed: {kind}")]
    Failed {
        /// The function.
        function: &'static str,
        /// Name of the error.
        kind: String,
    },
    /// The process could not be started.
    #[error("{function} cannot be run from {}: {source}", binary.display())]
    CannotRun {
        /// The function.
        function: &'static str,
        /// Its binary.
        binary: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The host is stopping.
    #[error("the function host is stopping")]
    Stopping,
}

/// A running function process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunningProcess {
    /// Its function.
    pub function: Function,
    /// Its process id.
    pub pid: u32,
    /// Whether it has an invocation.
    pub is_busy: bool,
}

/// The function host; cheap to clone.
#[derive(Debug, Clone)]
pub struct Host {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    setup: Setup,
    slots: Slots,
    runtime_api: Server,
    pools: [Pool; 4],
    stop: watch::Sender<bool>,
    /// Held by every process's supervisor, so that the stop can wait for the last of them.
    alive: Mutex<Option<mpsc::Sender<()>>>,
    all_gone: tokio::sync::Mutex<mpsc::Receiver<()>>,
}

#[derive(Debug)]
struct Pool {
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Process>>,
    log: CappedLog,
}

impl Host {
    /// Starts the host; processes start with the first invocations.
    ///
    /// # Errors
    /// If no port is free for the runtime API or the log files cannot be opened.
    pub async fn start(setup: Setup) -> io::Result<Self> {
        let slots = Slots::default();
        let runtime_api = runtime_api::serve(slots.clone()).await?;
        let pool = |function: Function| {
            let log = setup.logs.join(format!("{}.log", function.name()));
            io::Result::Ok(Pool {
                permits: Arc::new(Semaphore::new(setup.limits.of(function).concurrency)),
                idle: Mutex::default(),
                log: CappedLog::open(&log, LOG_LIMIT_BYTES)?,
            })
        };
        let [api, evaluate, combine, score] = Function::ALL.map(pool);
        let pools = [api?, evaluate?, combine?, score?];
        let (alive, all_gone) = mpsc::channel(1);
        let inner = Inner {
            setup,
            slots,
            runtime_api,
            pools,
            stop: watch::Sender::new(false),
            alive: Mutex::new(Some(alive)),
            all_gone: tokio::sync::Mutex::new(all_gone),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Invokes a function and waits for its result. It goes on if the caller stops waiting.
    ///
    /// # Errors
    /// [`InvokeError`] if there is no result; the function may have had effects all the same.
    pub async fn invoke(&self, function: Function, payload: Bytes) -> Result<Bytes, InvokeError> {
        let (actual, limit) = (payload.len(), PAYLOAD_LIMIT_BYTES);
        if actual > limit {
            return Err(InvokeError::PayloadTooLarge { function: function.name(), actual, limit });
        }
        let permits = Arc::clone(&self.inner.pool(function).permits);
        let permit = permits.acquire_owned().await.map_err(|_| InvokeError::Stopping)?;
        let inner = Arc::clone(&self.inner);
        let invocation = tokio::spawn(async move {
            let result = inner.run(function, payload).await;
            drop(permit);
            if let Err(error) = &result {
                tracing::warn!(function = function.name(), %error, "invocation failed");
            }
            result
        });
        invocation.await.map_err(|_| InvokeError::Stopping)?
    }

    /// The processes that run now.
    #[must_use]
    pub fn processes(&self) -> Vec<RunningProcess> {
        self.inner.slots.processes()
    }

    /// Kills every process and waits until they are gone.
    pub async fn stop(&self) {
        for pool in &self.inner.pools {
            pool.permits.close();
            pool.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
        self.inner.stop.send_replace(true);
        self.inner.alive.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Nothing is ever sent: this returns when the last sender is dropped.
        while self.inner.all_gone.lock().await.recv().await.is_some() {}
    }
}

impl Inner {
    const fn pool(&self, function: Function) -> &Pool {
        match function {
            Function::Api => &self.pools[0],
            Function::Evaluate => &self.pools[1],
            Function::Combine => &self.pools[2],
            Function::Score => &self.pools[3],
        }
    }

    async fn run(&self, function: Function, payload: Bytes) -> Result<Bytes, InvokeError> {
        let timeout = self.setup.limits.of(function).timeout;
        loop {
            // Apart, so that the lock is not held while a process starts.
            let idle = self.idle(function).pop();
            let (mut process, is_fresh) = match idle {
                Some(process) => (process, false),
                None => (self.start_process(function).await?, true),
            };
            match process.run(payload.clone(), timeout).await {
                Ran::Answered(result) => {
                    self.idle(function).push(process);
                    return result;
                }
                // It died while it was idle; the invocation never reached it.
                Ran::Undelivered if !is_fresh => {}
                Ran::Undelivered => {
                    let reason = "its process ended before it asked for work".to_owned();
                    return Err(InvokeError::NotReady { function: function.name(), reason });
                }
                Ran::Lost(error) => return Err(error),
            }
        }
    }

    fn idle(&self, function: Function) -> MutexGuard<'_, Vec<Process>> {
        self.pool(function).idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn start_process(&self, function: Function) -> Result<Process, InvokeError> {
        let alive = self.alive.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let start = process::Start {
            function,
            binary: self.setup.binaries.join(function.binary()),
            environment: &self.setup.environment,
            limits: self.setup.limits.of(function),
            runtime_api: self.runtime_api.address(),
            log: self.pool(function).log.clone(),
            stop: self.stop.subscribe(),
            alive: alive.ok_or(InvokeError::Stopping)?,
        };
        Process::start(start, &self.slots).await
    }
}

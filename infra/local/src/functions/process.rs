//! One process of a function: its start, its invocations, its end.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot, watch};

use super::runtime_api::{Invocation, Slot, Slots};
use super::{Function, InvokeError, Limits};
use crate::logs::CappedLog;
use crate::s3::now_ms;
use crate::secrets::random_hex;

/// How long a process may take until it asks for work. On AWS 10 s; a laptop that is also compiling needs longer.
const INIT_TIMEOUT: Duration = Duration::from_secs(30);
/// Address space that a process may have above its memory.
const HEADROOM_MIB: u64 = 256;
/// Longest piece of output that is logged as one line.
const LONGEST_LINE: u64 = 1 << 20;

/// What a process is started with.
pub(super) struct Start<'a> {
    pub(super) function: Function,
    pub(super) binary: PathBuf,
    pub(super) environment: &'a [(String, String)],
    pub(super) limits: Limits,
    pub(super) runtime_api: SocketAddr,
    pub(super) log: CappedLog,
    pub(super) stop: watch::Receiver<bool>,
    /// Held until the process is gone.
    pub(super) alive: mpsc::Sender<()>,
}

/// A process that waits for work or has it; dropping it kills it.
#[derive(Debug)]
pub(super) struct Process {
    slot: Arc<Slot>,
    work: mpsc::Sender<Invocation>,
    exit: watch::Receiver<Option<String>>,
    _kill: oneshot::Sender<()>,
}

/// What became of an invocation.
pub(super) enum Ran {
    /// The process answered, well or badly, and can be used again.
    Answered(Result<Bytes, InvokeError>),
    /// The process had ended before; the invocation did not reach it.
    Undelivered,
    /// The process ended or is to be ended, with this error for the invocation.
    Lost(InvokeError),
}

impl Process {
    /// Starts a process and waits until it asks for work.
    pub(super) async fn start(start: Start<'_>, slots: &Slots) -> Result<Self, InvokeError> {
        let function = start.function.name();
        let cannot_run = |source| InvokeError::CannotRun { function, binary: start.binary.clone(), source };
        let id = random_hex::<8>().map_err(|error| cannot_run(std::io::Error::other(error)))?;
        let (slot, work) = slots.add(&id, start.function);
        let mut child = match command(&start, &id).spawn() {
            Ok(child) => child,
            Err(source) => {
                slots.remove(&id);
                return Err(cannot_run(source));
            }
        };
        *slot.pid.lock().unwrap_or_else(PoisonError::into_inner) = child.id();
        tracing::info!(function, pid = child.id(), "process started");
        tokio::spawn(copy_lines(child.stdout.take(), start.log.clone()));
        tokio::spawn(copy_lines(child.stderr.take(), start.log));
        let (kill, killed) = oneshot::channel();
        let (exit_sender, exit) = watch::channel(None);
        let (slots, alive) = (slots.clone(), start.alive);
        tokio::spawn(async move {
            let ended = supervise(child, killed, start.stop).await;
            tracing::info!(function, exit = ended, "process ended");
            slots.remove(&id);
            exit_sender.send_replace(Some(ended));
            drop(alive);
        });
        let process = Self { slot, work, exit, _kill: kill };
        process.wait_until_ready().await?;
        Ok(process)
    }

    async fn wait_until_ready(&self) -> Result<(), InvokeError> {
        let (mut ready, mut exit) = (self.slot.ready.subscribe(), self.exit.clone());
        let failed = |reason| Err(InvokeError::NotReady { function: self.slot.function.name(), reason });
        tokio::select! {
            biased;
            _ = ready.wait_for(|ready| *ready) => Ok(()),
            ended = exited(&mut exit) => {
                let reported = self.slot.init_error.lock().unwrap_or_else(PoisonError::into_inner).take();
                failed(reported.unwrap_or(ended))
            }
            () = tokio::time::sleep(INIT_TIMEOUT) => {
                failed(format!("it did not ask for work within {} s", INIT_TIMEOUT.as_secs()))
            }
        }
    }

    /// Gives the process one invocation and waits for its end.
    pub(super) async fn run(&mut self, payload: Bytes, limit: Duration) -> Ran {
        let function = self.slot.function.name();
        let Ok(request_id) = request_id() else { return Ran::Undelivered };
        let (reply, mut replied) = oneshot::channel();
        let deadline_ms = now_ms() + u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        let invocation = Invocation { request_id: request_id.clone(), payload, deadline_ms, reply };
        if self.work.send(invocation).await.is_err() {
            return Ran::Undelivered;
        }
        tokio::select! {
            biased;
            result = &mut replied => match result {
                Ok(result) => Ran::Answered(result),
                Err(_) => Ran::Lost(InvokeError::Crashed { function, exit: "it left the invocation".to_owned() }),
            },
            exit = exited(&mut self.exit) => match replied.try_recv() {
                // It answered with its last breath.
                Ok(result) => Ran::Answered(result),
                Err(_) if self.slot.request_id() == Some(request_id) => {
                    Ran::Lost(InvokeError::Crashed { function, exit })
                }
                Err(_) => Ran::Undelivered,
            },
            () = tokio::time::sleep(limit) => Ran::Lost(InvokeError::TimedOut { function, limit }),
        }
    }
}

fn command(start: &Start<'_>, id: &str) -> Command {
    let function = start.function.name();
    let limits = start.limits;
    let mut command = Command::new("/bin/sh");
    command
        // Where the system knows no such limit, the function runs without one.
        .args(["-c", "ulimit -v \"$1\" 2>/dev/null; exec \"$0\""])
        .arg(&start.binary)
        .arg(((limits.memory_mib + HEADROOM_MIB) * 1_024).to_string())
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("TZ", ":UTC")
        // Every arena of the allocator reserves 64 MiB of address space.
        .env("MALLOC_ARENA_MAX", "2")
        .env("AWS_LAMBDA_RUNTIME_API", format!("http://{}/{id}", start.runtime_api))
        .env("AWS_LAMBDA_FUNCTION_NAME", format!("veilsum-{function}"))
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", limits.memory_mib.to_string())
        .env("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/veilsum-{function}"))
        .env("AWS_LAMBDA_LOG_STREAM_NAME", id)
        .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
        .envs(start.environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // Ctrl-C in a terminal reaches this process alone, which then ends its children in order.
        .process_group(0)
        .kill_on_drop(true);
    command
}

/// Waits for the end of a process, or ends it; tells how it ended.
async fn supervise(
    mut child: Child,
    killed: oneshot::Receiver<()>,
    mut stop: watch::Receiver<bool>,
) -> String {
    tokio::select! {
        ended = child.wait() => return describe(ended),
        // Nothing is ever sent: this is the drop of the process's handle.
        _ = killed => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
    if let Err(error) = child.start_kill() {
        tracing::error!(%error, "a process could not be killed");
    }
    describe(child.wait().await)
}

fn describe(ended: std::io::Result<ExitStatus>) -> String {
    match ended {
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    }
}

async fn exited(exit: &mut watch::Receiver<Option<String>>) -> String {
    match exit.wait_for(Option::is_some).await {
        Ok(ended) => ended.clone().unwrap_or_default(),
        Err(_) => "its supervisor is gone".to_owned(),
    }
}

/// Copies what a process prints, line by line, so that lines of several processes do not mix.
async fn copy_lines(output: Option<impl AsyncRead + Unpin>, log: CappedLog) {
    let Some(output) = output else { return };
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut output).take(LONGEST_LINE).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        if line.last() != Some(&b'\n') {
            line.push(b'\n');
        }
        if let Err(error) = log.append(&line) {
            tracing::error!(%error, "output of a function could not be logged");
        }
    }
}

/// A random UUID, as Lambda numbers its requests.
fn request_id() -> Result<String, getrandom::Error> {
    let hex = random_hex::<16>()?;
    let (a, b, c, d, e) = (&hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..]);
    Ok(format!("{a}-{b}-4{c}-a{d}-{e}"))
}

//! The job runner: what a Step Functions Distributed Map does on AWS.
//!
//! The event that storage sends when a plan is stored starts a job: `evaluate` for each row group, two at a time, then
//! `combine`. Nothing is remembered here. A start looks for plans without an end and goes on with the row groups that
//! have no partial, so a kill at any point costs at most the invocations that were running.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use serde::Serialize;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::{JoinHandle, JoinSet};
use veilsum_protocol::id::{JobId, TenantId};
use veilsum_protocol::job::{CombineEvent, Done, EvaluateEvent, Failure, Outcome};
use veilsum_protocol::plan::Plan;

use crate::functions::{Function, Host, InvokeError};
use crate::s3::{Backend, Condition, Created, StoreError};
use crate::secrets::random_hex;

/// How often an invocation is tried.
const TRIES: u32 = 3;
/// Pause before the second try; it doubles, and varies by half.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// How jobs are run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// Row groups of one job at a time.
    pub(crate) concurrency: usize,
    /// For tests: every invocation is made twice at the same time, as at-least-once delivery allows.
    pub(crate) deliver_twice: bool,
}

/// Runs jobs until it is dropped.
#[derive(Debug)]
pub(crate) struct Runner {
    task: JoinHandle<()>,
}

impl Runner {
    /// Goes on with unfinished jobs and starts those whose plans arrive.
    pub(crate) fn start(backend: Backend, functions: Host, bucket: &str, options: Options) -> Self {
        // Subscribed before the scan, so that no plan falls between the two.
        let created = backend.subscribe();
        let bucket = bucket.to_owned();
        let jobs = Arc::new(Jobs { backend, functions, bucket, options, running: Mutex::default() });
        Self { task: tokio::spawn(listen(jobs, created)) }
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Debug)]
struct Jobs {
    backend: Backend,
    functions: Host,
    bucket: String,
    options: Options,
    running: Mutex<HashSet<Job>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Job {
    tenant: TenantId,
    id: JobId,
}

impl Job {
    /// The job whose plan has this key.
    fn of_plan(key: &str) -> Option<Self> {
        match key.split('/').collect::<Vec<_>>()[..] {
            ["t", tenant, "j", job, "plan"] => {
                Some(Self { tenant: tenant.parse().ok()?, id: job.parse().ok()? })
            }
            _ => None,
        }
    }

    fn key(&self, name: &str) -> String {
        format!("t/{}/j/{}/{name}", self.tenant, self.id)
    }
}

/// Why a job stops before `combine`.
enum Stop {
    /// It is cancelled, or its failure is stored.
    Ended,
    /// A row group failed however often it was tried.
    GaveUp { row_group: u32 },
    /// The stack is going down; the next start goes on.
    Leaving,
}

async fn listen(jobs: Arc<Jobs>, mut created: UnboundedReceiver<Created>) {
    let mut running = JoinSet::new();
    for object in jobs.backend.list(&jobs.bucket, "t/") {
        jobs.start(&object.key, &mut running);
    }
    loop {
        tokio::select! {
            created = created.recv() => match created {
                Some(created) if created.bucket == jobs.bucket => jobs.start(&created.key, &mut running),
                Some(_) => {}
                None => return,
            },
            Some(ended) = running.join_next(), if !running.is_empty() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "a job ended in a panic; the next start goes on with it");
                }
            }
        }
    }
}

impl Jobs {
    fn start(self: &Arc<Self>, key: &str, running: &mut JoinSet<()>) {
        let Some(job) = Job::of_plan(key) else { return };
        if self.has_ended(&job) || !self.running.lock().unwrap_or_else(PoisonError::into_inner).insert(job) {
            return;
        }
        let jobs = Arc::clone(self);
        running.spawn(async move {
            tracing::info!(job = %job.id, "job starts");
            jobs.run(job).await;
            jobs.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&job);
            tracing::info!(job = %job.id, "job ends");
        });
    }

    fn exists(&self, job: &Job, name: &str) -> bool {
        self.backend.info(&self.bucket, &job.key(name)).is_some()
    }

    fn has_ended(&self, job: &Job) -> bool {
        ["answer", "failure", "cancelled"].iter().any(|name| self.exists(job, name))
    }

    async fn run(&self, job: Job) {
        let outcome = match self.evaluate_all(job).await {
            Ok(()) => Outcome::Evaluated,
            Err(Stop::GaveUp { row_group }) => Outcome::GaveUp { row_group },
            Err(Stop::Ended | Stop::Leaving) => return,
        };
        let event = CombineEvent { tenant: job.tenant, job: job.id, outcome };
        match self.invoke(Function::Combine, &event).await {
            Ok(_) | Err(InvokeError::Stopping) => {}
            Err(_) => {
                let message = "The results of the row groups could not be combined, however often it was tried. \
                               Start the analysis again.";
                self.store_failure(&job, "combine-failed", message).await;
            }
        }
    }

    async fn evaluate_all(&self, job: Job) -> Result<(), Stop> {
        let plan = self.backend.read(&self.bucket, &job.key("plan")).await;
        let plan = match plan.map(|bytes| Plan::from_bytes(&bytes)) {
            Ok(Ok(plan)) => plan,
            Ok(Err(error)) => {
                tracing::error!(job = %job.id, %error, "unreadable plan");
                let message =
                    "The plan of this job cannot be read by this version. Start the analysis again.";
                self.store_failure(&job, "plan-unreadable", message).await;
                return Err(Stop::Ended);
            }
            // Deleted meanwhile, or the disk is in trouble, which is logged where it is found.
            Err(error) => {
                tracing::error!(job = %job.id, %error, "plan not read");
                return Err(Stop::Leaving);
            }
        };
        let row_groups: Vec<u32> = plan.row_groups.iter().map(|row_group| row_group.index).collect();
        let mut evaluations = stream::iter(row_groups)
            .map(|row_group| self.evaluate(job, row_group))
            .buffer_unordered(self.options.concurrency);
        while let Some(evaluated) = evaluations.next().await {
            evaluated?;
        }
        Ok(())
    }

    async fn evaluate(&self, job: Job, row_group: u32) -> Result<(), Stop> {
        if self.has_ended(&job) {
            return Err(Stop::Ended);
        }
        if self.exists(&job, &format!("part/{row_group:08}")) {
            return Ok(());
        }
        let event = EvaluateEvent { tenant: job.tenant, job: job.id, row_group };
        match self.invoke(Function::Evaluate, &event).await {
            Ok(Done::Stored) => Ok(()),
            Ok(Done::Cancelled | Done::Failed) => Err(Stop::Ended),
            Err(InvokeError::Stopping) => Err(Stop::Leaving),
            Err(_) => Err(Stop::GaveUp { row_group }),
        }
    }

    /// Invokes until there is a result, at most [`TRIES`] times.
    async fn invoke(&self, function: Function, event: &impl Serialize) -> Result<Done, InvokeError> {
        let payload = Bytes::from(serde_json::to_vec(event).expect("ids and numbers always serialise"));
        let mut pause = FIRST_PAUSE;
        let mut tries = 1;
        loop {
            let result = match self.deliver(function, payload.clone()).await {
                Ok(result) => serde_json::from_slice(&result).map_err(|_| InvokeError::Failed {
                    function: function.name(),
                    kind: "UnreadableResult".to_owned(),
                }),
                Err(error) => Err(error),
            };
            match result {
                Ok(done) => return Ok(done),
                Err(InvokeError::Stopping) => return Err(InvokeError::Stopping),
                Err(error) if tries == TRIES => {
                    tracing::error!(function = function.name(), %error, "given up");
                    return Err(error);
                }
                Err(_) => tokio::time::sleep(jittered(pause)).await,
            }
            tries += 1;
            pause *= 2;
        }
    }

    async fn deliver(&self, function: Function, payload: Bytes) -> Result<Bytes, InvokeError> {
        if !self.options.deliver_twice {
            return self.functions.invoke(function, payload).await;
        }
        let first = self.functions.invoke(function, payload.clone());
        let (first, second) = tokio::join!(first, self.functions.invoke(function, payload));
        first.or(second)
    }

    async fn store_failure(&self, job: &Job, code: &str, message: &str) {
        let failure = Failure { code: code.to_owned(), message: message.to_owned(), row_group: None };
        let bytes = serde_json::to_vec(&failure).expect("strings always serialise");
        match self.backend.write(&self.bucket, &job.key("failure"), bytes, Condition::Absent).await {
            Ok(()) | Err(StoreError::PreconditionFailed) => {}
            Err(error) => tracing::error!(job = %job.id, %error, "failure not stored"),
        }
    }
}

/// Between half of `pause` and one and a half times it, so that several do not try again together.
fn jittered(pause: Duration) -> Duration {
    let random =
        random_hex::<2>().ok().and_then(|hex| u16::from_str_radix(&hex, 16).ok()).unwrap_or(u16::MAX / 2);
    pause.mul_f64(0.5 + f64::from(random) / f64::from(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plan_starts_a_job() {
        let (tenant, job) = ("ab".repeat(32), "cd".repeat(16));
        assert!(Job::of_plan(&format!("t/{tenant}/j/{job}/plan")).is_some());
        for key in [
            format!("t/{tenant}/j/{job}/answer"),
            format!("t/{tenant}/j/{job}/part/00000000"),
            format!("t/{tenant}/d/{job}/plan"),
            format!("t/{job}/j/{job}/plan"),
            format!("x/t/{tenant}/j/{job}/plan"),
            "t/../j/../plan".to_owned(),
        ] {
            assert!(Job::of_plan(&key).is_none(), "{key}");
        }
    }

    #[test]
    fn pauses_vary_around_the_asked_one() {
        let pauses: Vec<_> = (0..200).map(|_| jittered(FIRST_PAUSE)).collect();
        assert!(pauses.iter().all(|pause| (100..=300).contains(&pause.as_millis())));
        assert!(pauses.iter().collect::<HashSet<_>>().len() > 50);
    }
}

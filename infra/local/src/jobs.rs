//! The job runner: what a Step Functions Distributed Map does on AWS.
//!
//! The event that storage sends when a plan is stored starts a job: `evaluate` for each row group, two at a time, then
//! `combine`. The event of a stored query starts a score: `score`, once. Nothing is remembered here. A start looks for plans
//! and queries without an end and goes on with the row groups that have no partial, so a kill at any point costs at most
//! the invocations that were running.

mod invoke;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::{StreamExt as _, stream};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::{JoinHandle, JoinSet};
use veilsum_protocol::id::{JobId, ScoreId, TenantId};
use veilsum_protocol::job::{CombineEvent, Done, EvaluateEvent, Failure, Outcome, ScoreEvent};
use veilsum_protocol::plan::Plan;

use crate::functions::{Function, Host, InvokeError};
use crate::s3::{Backend, Condition, Created, StoreError};

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
    running: Mutex<HashSet<Work>>,
}

/// What an event starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Work {
    Job { tenant: TenantId, job: JobId },
    Score { tenant: TenantId, score: ScoreId },
}

#[derive(Debug, Clone, Copy)]
struct Job {
    tenant: TenantId,
    id: JobId,
}

impl Work {
    /// What the object with this key starts.
    fn of_object(key: &str) -> Option<Self> {
        match key.split('/').collect::<Vec<_>>()[..] {
            ["t", tenant, "j", job, "plan"] => {
                Some(Self::Job { tenant: tenant.parse().ok()?, job: job.parse().ok()? })
            }
            ["t", tenant, "s", score, "query"] => {
                Some(Self::Score { tenant: tenant.parse().ok()?, score: score.parse().ok()? })
            }
            _ => None,
        }
    }

    fn key(&self, name: &str) -> String {
        match self {
            Self::Job { tenant, job } => format!("t/{tenant}/j/{job}/{name}"),
            Self::Score { tenant, score } => format!("t/{tenant}/s/{score}/{name}"),
        }
    }
}

impl Job {
    const fn work(self) -> Work {
        Work::Job { tenant: self.tenant, job: self.id }
    }

    fn key(self, name: &str) -> String {
        self.work().key(name)
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
        let Some(work) = Work::of_object(key) else { return };
        if self.has_ended(&work) || !self.running.lock().unwrap_or_else(PoisonError::into_inner).insert(work)
        {
            return;
        }
        let jobs = Arc::clone(self);
        running.spawn(async move {
            tracing::info!(?work, "work starts");
            match work {
                Work::Job { tenant, job } => jobs.run(Job { tenant, id: job }).await,
                Work::Score { tenant, score } => jobs.score(ScoreEvent { tenant, score }).await,
            }
            jobs.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&work);
            tracing::info!(?work, "work ends");
        });
    }

    fn exists(&self, work: &Work, name: &str) -> bool {
        self.backend.info(&self.bucket, &work.key(name)).is_some()
    }

    fn has_ended(&self, work: &Work) -> bool {
        ["answer", "failure", "cancelled"].iter().any(|name| self.exists(work, name))
    }

    async fn score(&self, event: ScoreEvent) {
        match self.invoke(Function::Score, &event).await {
            Ok(_) | Err(InvokeError::Stopping) => {}
            Err(_) => {
                let message =
                    "The records could not be scored, however often it was tried. Ask for the score again.";
                let work = Work::Score { tenant: event.tenant, score: event.score };
                self.store_failure(&work, "gave-up", message).await;
            }
        }
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
                self.store_failure(&job.work(), "combine-failed", message).await;
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
                self.store_failure(&job.work(), "plan-unreadable", message).await;
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
        if self.has_ended(&job.work()) {
            return Err(Stop::Ended);
        }
        if self.exists(&job.work(), &format!("part/{row_group:08}")) {
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

    async fn store_failure(&self, work: &Work, code: &str, message: &str) {
        let failure = Failure { code: code.to_owned(), message: message.to_owned(), row_group: None };
        let bytes = serde_json::to_vec(&failure).expect("strings always serialise");
        match self.backend.write(&self.bucket, &work.key("failure"), bytes, Condition::Absent).await {
            Ok(()) | Err(StoreError::PreconditionFailed) => {}
            Err(error) => tracing::error!(?work, %error, "failure not stored"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plan_starts_a_job_and_only_a_query_a_score() {
        let (tenant, job) = ("ab".repeat(32), "cd".repeat(16));
        let started = |key: &str| Work::of_object(key).map(|work| work.key("answer"));
        assert_eq!(started(&format!("t/{tenant}/j/{job}/plan")), Some(format!("t/{tenant}/j/{job}/answer")));
        assert_eq!(started(&format!("t/{tenant}/s/{job}/query")), Some(format!("t/{tenant}/s/{job}/answer")));
        for key in [
            format!("t/{tenant}/s/{job}/request"),
            format!("t/{tenant}/s/{job}/plan"),
            format!("t/{tenant}/j/{job}/query"),
            format!("t/{tenant}/m/{job}/query"),
            format!("t/{tenant}/j/{job}/answer"),
            format!("t/{tenant}/j/{job}/part/00000000"),
            format!("t/{tenant}/d/{job}/plan"),
            format!("t/{job}/j/{job}/plan"),
            format!("x/t/{tenant}/j/{job}/plan"),
            "t/../j/../plan".to_owned(),
        ] {
            assert!(Work::of_object(&key).is_none(), "{key}");
        }
    }
}

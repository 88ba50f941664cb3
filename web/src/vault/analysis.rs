//! Analyses: plan → job in the cloud → encrypted answer → verified numbers.
//!
//! Only answers of jobs that were started here are decrypted. Whether an answer was accepted or refused is shown to
//! the person and told to nobody else.

use std::time::Duration;

use futures_util::future::{Either, join, select};
use veilsum_analysis::plan::{FinishError, Kind, Planned, Request, plan};
use veilsum_analysis::{PlanError, Value};
use veilsum_owner::answer::{AnswerError, open_answer};
use veilsum_protocol::answer;
use veilsum_protocol::api::{JobState, JobStatus, StartJob};
use veilsum_protocol::manifest::Manifest;
use veilsum_protocol::plan::Plan;
use veilsum_protocol::row_group::{COLUMN_ENTRY_BYTES, FIXED_HEADER_BYTES};
use veilsum_protocol::{DatasetId, JobId};

use crate::abort::Abort;
use crate::api::{How, Patience};
use crate::fault::sentence;
use crate::messages::{
    AnalysisKind, AnalysisRequest, AnswerValue, AnswerView, Event, Fault, JobPhase, JobProgress, RunEstimate,
};
use crate::time::{Stopwatch, give_way, sleep};
use crate::vault::Vault;
use crate::vault::datasets;
use crate::vault::keyring::Unlocked;
use crate::vault::objects;
use crate::vault::processes::Work;
use crate::vault::random::job_id;
use crate::vault::twin;
use crate::vault::upload::shape::encrypted_column_count;

/// What the function `evaluate` reads of a row group before it knows how long its header is.
const FIRST_READ_BYTES: u64 = 4_096;
/// The first pause between two looks at a job, and the longest.
const FIRST_LOOK: Duration = Duration::from_millis(150);
const LONGEST_LOOK: Duration = Duration::from_secs(2);
/// A job that is cancelled is told so in the cloud, but nobody waits longer than this for its answer.
const CANCEL_LIMIT: Duration = Duration::from_secs(3);

/// What a run would cost, or why it cannot be.
///
/// # Errors
/// A [`Fault`] if the keyring is locked or the dataset cannot be had.
pub async fn estimate(
    vault: &Vault,
    dataset: DatasetId,
    analyses: &[AnalysisRequest],
) -> Result<RunEstimate, Fault> {
    let unlocked = vault.unlocked()?;
    let process = vault.processes.begin(Work::Other);
    let (_, manifest) = datasets::fetch(vault, &unlocked, dataset, &process).await?;
    Ok(match plan(&manifest, &requests(analyses)) {
        Ok(planned) => RunEstimate {
            refused: None,
            row_groups: planned.plan.as_ref().map_or(0, row_group_count),
            read_bytes: planned.read_bytes
                + planned.plan.as_ref().map_or(0, |plan| overhead(&manifest, plan)),
            answer_bytes: planned.answer_bytes,
        },
        Err(error) => {
            RunEstimate { refused: Some(error.into()), row_groups: 0, read_bytes: 0, answer_bytes: 0 }
        }
    })
}

/// Bytes that the functions read beside the columns: the first bytes of every row group, which hold its header, and
/// the partial answers that are combined.
fn overhead(manifest: &Manifest, plan: &Plan) -> u64 {
    let header = FIXED_HEADER_BYTES as u64 + COLUMN_ENTRY_BYTES as u64 * encrypted_column_count(manifest);
    let partial = answer::HEADER_BYTES as u64 + (plan.aggregates.len() * plan.modulus.len()) as u64;
    let headers = plan.row_groups.iter().map(|group| group.size_bytes.min(header.max(FIRST_READ_BYTES)));
    headers.sum::<u64>() + partial * u64::from(row_group_count(plan))
}

/// Runs analyses in the cloud and decrypts the answer.
///
/// # Errors
/// A [`Fault`]; code `answer-refused` if the answer is not exactly what was asked for.
pub async fn run(
    vault: &Vault,
    dataset: DatasetId,
    analyses: Vec<AnalysisRequest>,
) -> Result<AnswerView, Fault> {
    let unlocked = vault.unlocked()?;
    let process = vault.processes.begin_only(Work::Job)?;
    let mut watch = Stopwatch::start();
    let (_, manifest) = datasets::fetch(vault, &unlocked, dataset, &process).await?;
    let planned = plan(&manifest, &requests(&analyses))?;
    let Some(plan) = &planned.plan else {
        let values = planned.finish(&[])?;
        return Ok(AnswerView {
            job: None,
            row_count: planned.row_count,
            values: shown(analyses, values),
            seconds: vec![("planning".to_owned(), watch.lap())],
            cloud_milliseconds: 0,
            read_bytes: 0,
            answer_bytes: 0,
            objects: Vec::new(),
            plan: None,
            twin: twin::at_hand(vault, &manifest, &process).await,
        });
    };

    let job = Job { vault, unlocked: &unlocked, manifest: &manifest, plan, id: job_id(), abort: &process };
    job.tell(JobPhase::Planning, 0);
    let mut seconds = vec![("planning".to_owned(), watch.lap())];
    // Independent of the job: the cleartext is summed up here while the cloud adds ciphertexts.
    let (ended, twin) = join(job.run(), twin::at_hand(vault, &manifest, &process)).await;
    let (status, cloud_seconds) = match ended {
        Ok(ended) => ended,
        Err(fault) => {
            if process.is_aborted() {
                job.cancel().await;
            }
            return Err(fault);
        }
    };
    seconds.push(("cloud".to_owned(), cloud_seconds));
    watch.lap();
    job.tell(JobPhase::Decrypting, row_group_count(plan));
    let (status, answer) = job.download(status).await?;
    seconds.push(("download".to_owned(), watch.lap()));
    // Everything that is fetched for this run is fetched before the answer is opened: what the cloud sees of this
    // browser must not depend on whether the answer passes its check.
    let how = How { patience: Patience::Brief, abort: &process };
    let objects = objects::show(&unlocked, status.objects, Some(&manifest), how).await;
    process.check()?;
    watch.lap();
    // So that the page shows the phase before this worker is busy.
    give_way().await;
    let values = job.decrypt(&planned, &answer)?;
    seconds.push(("decrypt".to_owned(), watch.lap()));

    let cloud_milliseconds = status.steps.iter().map(|step| step.milliseconds).sum();
    let read_bytes = status.steps.iter().map(|step| step.read_bytes).sum();
    Ok(AnswerView {
        job: Some(job.id),
        row_count: planned.row_count,
        values: shown(analyses, values),
        seconds,
        cloud_milliseconds,
        read_bytes,
        answer_bytes: answer.len() as u64,
        objects,
        plan: serde_json::to_string_pretty(plan).ok(),
        twin,
    })
}

/// Cancels the running job and waits until it has ended.
pub async fn cancel(vault: &Vault) {
    vault.processes.stop(Work::Job).await;
}

/// A job that this vault starts.
struct Job<'a> {
    vault: &'a Vault,
    unlocked: &'a Unlocked,
    manifest: &'a Manifest,
    plan: &'a Plan,
    id: JobId,
    abort: &'a Abort,
}

impl Job<'_> {
    /// Starts it and waits until the cloud has computed; gives the seconds, too.
    async fn run(&self) -> Result<(JobStatus, f64), Fault> {
        let watch = Stopwatch::start();
        let start = StartJob { job: self.id, plan: self.plan.clone() };
        let api = &self.unlocked.api;
        // A person waits for it to begin: nothing is posted that nobody waits for any more.
        let soon = How { patience: Patience::Brief, abort: self.abort };
        let mut status = api.start_job(self.plan.dataset, &start, soon).await?;
        let mut pause = FIRST_LOOK;
        loop {
            self.tell(JobPhase::Computing, status.evaluated);
            match status.state {
                JobState::Running => {}
                JobState::Done { .. } => return Ok((status, watch.seconds())),
                JobState::Failed(failure) => {
                    let fault = Fault::new(&failure.code, &failure.message);
                    return Err(match failure.row_group {
                        Some(index) => fault.with_detail(format!("Row group {index}.")),
                        None => fault,
                    });
                }
                JobState::Cancelled => {
                    return Err(Fault::new(
                        "cancelled",
                        "The analysis was cancelled. The dataset is unchanged.",
                    ));
                }
            }
            self.abort.or(sleep(pause)).await?;
            pause = LONGEST_LOOK.min(pause.mul_f64(1.4));
            status = api.job(self.id, self.how()).await?;
        }
    }

    /// Downloads the encrypted answer; under a new URL, where the first has expired.
    async fn download(&self, status: JobStatus) -> Result<(JobStatus, Vec<u8>), Fault> {
        let mut status = status;
        let mut has_asked_anew = false;
        loop {
            let JobState::Done { answer_url } = &status.state else {
                return Err(Fault::new("no-answer-stored", "The answer is gone. Run the analysis again."));
            };
            match self.unlocked.api.get_stored(answer_url, None, self.how()).await {
                Ok(answer) => return Ok((status, answer)),
                Err(error) if error.is_expired_url() && !has_asked_anew => {
                    has_asked_anew = true;
                    status = self.unlocked.api.job(self.id, self.how()).await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Verifies and decrypts. All values or none.
    fn decrypt(&self, planned: &Planned, answer: &[u8]) -> Result<Vec<Value>, Fault> {
        let keyring = &self.unlocked.keyring;
        let sums =
            open_answer(keyring.paillier(), &keyring.check_key(), self.manifest, self.plan, self.id, answer)
                .map_err(|error| refused(self.manifest, &error))?;
        let totals: Vec<i128> = sums.iter().map(|sum| sum.total).collect();
        Ok(planned.finish(&totals)?)
    }

    /// Tells the cloud that nobody waits any more.
    async fn cancel(&self) {
        let fresh = Abort::new();
        let how = How { patience: Patience::Brief, abort: &fresh };
        let told = std::pin::pin!(self.unlocked.api.cancel_job(self.id, how));
        match select(told, std::pin::pin!(sleep(CANCEL_LIMIT))).await {
            Either::Left(_) | Either::Right(_) => {}
        }
    }

    fn tell(&self, phase: JobPhase, evaluated: u32) {
        let row_groups = row_group_count(self.plan);
        self.vault.tell(Event::Job(JobProgress { job: self.id, phase, evaluated, row_groups }));
    }

    fn how(&self) -> How<'_> {
        How { patience: Patience::Long, abort: self.abort }
    }
}

/// An answer that is not believed. Column numbers mean nothing to people, so that names are given.
fn refused(manifest: &Manifest, error: &AnswerError) -> Fault {
    let column = match error {
        AnswerError::Refused { column } | AnswerError::Damaged { column, .. } => {
            let mut numbers = manifest.numbers();
            numbers.find(|(_, number)| number.column == *column || number.presence == Some(*column))
        }
        AnswerError::Wire(_)
        | AnswerError::Plan(_)
        | AnswerError::WrongJob
        | AnswerError::WrongPlan
        | AnswerError::WrongCount { .. }
        | _ => None,
    };
    let which = column.map_or_else(String::new, |(name, _)| format!(" for column “{name}”"));
    Fault::new(
        "answer-refused",
        &format!(
            "The cloud's answer{which} was refused: it is not the sum over exactly the rows that were asked for. No \
             number is shown. Run the analysis again; if it is refused again, the stored data or the cloud's work \
             was changed."
        ),
    )
    .with_detail(sentence(error))
}

fn row_group_count(plan: &Plan) -> u32 {
    u32::try_from(plan.row_groups.len()).unwrap_or(u32::MAX)
}

fn requests(analyses: &[AnalysisRequest]) -> Vec<Request> {
    let request = |analysis: &AnalysisRequest| Request {
        kind: match analysis.kind {
            AnalysisKind::Count => Kind::Count,
            AnalysisKind::Sum => Kind::Sum,
            AnalysisKind::Mean => Kind::Mean,
        },
        column: analysis.column.clone(),
    };
    analyses.iter().map(request).collect()
}

fn shown(analyses: Vec<AnalysisRequest>, values: Vec<Value>) -> Vec<AnswerValue> {
    let shown = |(request, value): (AnalysisRequest, Value)| AnswerValue {
        request,
        exact: value.exact,
        float: value.float,
        count: value.count,
        error: value.error,
        from_ciphertext: value.from_ciphertext,
    };
    analyses.into_iter().zip(values).map(shown).collect()
}

impl From<PlanError> for Fault {
    fn from(error: PlanError) -> Self {
        Self::new("plan-refused", &sentence(&error))
    }
}

impl From<FinishError> for Fault {
    fn from(error: FinishError) -> Self {
        Self::new("answer-refused", &sentence(&error))
    }
}

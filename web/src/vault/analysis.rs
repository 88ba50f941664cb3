//! Analyses: plan → job in the cloud → encrypted answer → verified numbers.
//!
//! Only answers of jobs that were started here are decrypted. Whether an answer was accepted or refused is shown to
//! the person and told to nobody else.

use std::time::Duration;

use futures_util::future::{Either, join, select};
use futures_util::stream::{FuturesOrdered, StreamExt as _};
use num_bigint::BigInt;
use veilsum_analysis::FinishError;
use veilsum_analysis::Request;
use veilsum_analysis::answer::Answer;
use veilsum_analysis::certificate::Verification;
use veilsum_analysis::cost::Work;
use veilsum_analysis::derive::describe;
use veilsum_analysis::plan::{ColumnTotal, Planned, plan};
use veilsum_analysis::schema::Schema;
use veilsum_analysis::totals::Totals;
use veilsum_owner::answer::{AnswerError, VerifiedSum, open_answer};
use veilsum_protocol::JobId;
use veilsum_protocol::answer;
use veilsum_protocol::api::{JobState, JobStatus, StartJob};
use veilsum_protocol::manifest::Manifest;
use veilsum_protocol::plan::Plan;
use veilsum_protocol::row_group::{COLUMN_ENTRY_BYTES, FIXED_HEADER_BYTES};
use veilsum_protocol::term::Term;

use crate::abort::Abort;
use crate::api::{How, Patience};
use crate::bfv_worker::{OpenHead, OpenTask, Opened};
use crate::fault::sentence;
use crate::messages::{
    AnswerValue, AnswerView, Checked, Event, Fault, JobPhase, JobProgress, Run, RunEstimate,
};
use crate::time::{Stopwatch, give_way, now_seconds, sleep};
use crate::vault::Vault;
use crate::vault::datasets;
use crate::vault::keyring::Unlocked;
use crate::vault::objects;
use crate::vault::past;
use crate::vault::pool::PoolError;
use crate::vault::processes;
use crate::vault::random::job_id;
use crate::vault::source::Source;
use crate::vault::spot::{self, Recomputed, Spot};
use crate::vault::twin;
use crate::vault::upload::extend;
use crate::vault::upload::shape::slot_count;
use crate::vault::upload::speed;
use crate::vault::upload::state::encryption_of;

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
pub async fn estimate(vault: &Vault, run: &Run) -> Result<RunEstimate, Fault> {
    let unlocked = vault.unlocked()?;
    let process = vault.processes.begin(processes::Work::Other);
    let (_, manifest) = datasets::fetch(vault, &unlocked, run.dataset, &process).await?;
    let estimate = |refused, cost: Cost, needs| RunEstimate {
        refused,
        row_groups: cost.row_groups,
        read_bytes: cost.read_bytes,
        answer_bytes: cost.answer_bytes,
        cloud_seconds: cost.seconds,
        price: cost.price,
        needs,
    };
    Ok(match plan(&manifest, &run.requests, &run.batches) {
        Ok(planned) => estimate(None, Cost::of(&manifest, &planned), Vec::new()),
        Err(error) => {
            let needs = extend::needs(vault, &unlocked, &manifest, &run.requests).await?;
            estimate(Some(error.into()), Cost::default(), needs)
        }
    })
}

/// Bytes that the functions read beside the columns: the first bytes of every row group, which hold its header, and
/// the partial answers that are combined.
fn overhead(manifest: &Manifest, plan: &Plan) -> u64 {
    let columns = manifest.stored_column_count() as u64;
    let header = FIXED_HEADER_BYTES as u64 + COLUMN_ENTRY_BYTES as u64 * columns;
    // Of the second engine's partials only the first bytes are read.
    let partial = answer::HEADER_BYTES as u64 + (plan.aggregates.len() * plan.modulus.len()) as u64;
    let headers = plan.row_groups.iter().map(|group| group.size_bytes.min(header.max(FIRST_READ_BYTES)));
    headers.sum::<u64>() + partial * u64::from(row_group_count(plan))
}

/// Runs analyses in the cloud and decrypts the answer.
///
/// # Errors
/// A [`Fault`]; code `answer-refused` if the answer is not exactly what was asked for.
pub async fn run(vault: &Vault, run: Run) -> Result<AnswerView, Fault> {
    let unlocked = vault.unlocked()?;
    let process = vault.processes.begin_only(processes::Work::Job)?;
    let mut watch = Stopwatch::start();
    let (_, manifest, digest) = datasets::fetch_with_digest(vault, &unlocked, run.dataset, &process).await?;
    let planned = plan(&manifest, &run.requests, &run.batches)?;
    let Some(plan) = &planned.plan else {
        let totals = planned.totals(&[])?;
        let answers = planned.finish(&totals)?;
        let signed_over = (&manifest, digest);
        let verification = Verification::Manifest;
        let certificate =
            past::certify(&unlocked.keyring, signed_over, &planned, None, verification, &totals, &answers);
        let view = AnswerView {
            id: job_id().to_string(),
            answered_at: now_seconds(),
            manifest: manifest.sequence,
            certificate,
            not_kept: None,
            job: None,
            row_count: planned.row_count,
            answers: shown(&planned, answers, Checked::Manifest),
            seconds: vec![("planning".to_owned(), watch.lap())],
            cloud_milliseconds: 0,
            read_bytes: 0,
            answer_bytes: 0,
            objects: Vec::new(),
            plan: None,
            twin: twin::at_hand(vault, &manifest, &run, &process).await,
            run,
        };
        return Ok(kept(vault, &unlocked, view).await);
    };

    let job = Job { vault, unlocked: &unlocked, manifest: &manifest, plan, id: job_id(), abort: &process };
    job.tell(JobPhase::Planning, 0);
    let mut seconds = vec![("planning".to_owned(), watch.lap())];
    // Independent of the job: the cleartext is summed up here while the cloud adds ciphertexts.
    let (ended, twin) = join(job.run(), twin::at_hand(vault, &manifest, &run, &process)).await;
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
    let (status, received, answer_bytes) = if manifest.scheme.multiplies() {
        let (status, partials) = job.download_partials(planned.answer_bytes, status).await?;
        let bytes = partials.iter().map(|(_, blob)| blob.size_bytes()).sum();
        (status, Received::Partials(partials), bytes)
    } else {
        let (status, answer) = job.download(status).await?;
        let bytes = answer.len() as u64;
        (status, Received::Answer(answer), bytes)
    };
    seconds.push(("download".to_owned(), watch.lap()));
    // Everything that is fetched for this run is fetched before the answer is opened: what the cloud sees of this
    // browser must not depend on whether the answer passes its check.
    let how = How { patience: Patience::Brief, abort: &process };
    let objects = objects::show(&unlocked, status.objects, Some(&manifest), how).await;
    process.check()?;
    watch.lap();
    // So that the page shows the phase before this worker is busy.
    give_way().await;
    let (totals, verification) = match received {
        Received::Answer(answer) => (planned.totals(&job.decrypt(&answer)?)?, Verification::CheckValues),
        Received::Partials(partials) => {
            let opened = job.open_partials(&planned, partials).await?;
            let terms: Vec<&Term> = planned.products().iter().map(|product| &product.term).collect();
            let spot = spot::recompute(vault, &manifest, plan, &terms, &process).await;
            judge(&planned, opened, spot?)?
        }
    };
    let checked = match &verification {
        Verification::CheckValues => Checked::Verified,
        Verification::Manifest => Checked::Manifest,
        Verification::SpotChecked { picked } => {
            let picked = u32::try_from(picked.len()).unwrap_or(u32::MAX);
            Checked::Spot { picked, of: row_group_count(plan) }
        }
        Verification::NotChecked { .. } => Checked::Bounds,
    };
    let answers = planned.finish(&totals)?;
    let signed_over = (&manifest, digest);
    let certificate = past::certify(
        &unlocked.keyring,
        signed_over,
        &planned,
        Some(job.id),
        verification,
        &totals,
        &answers,
    );
    seconds.push(("decrypt".to_owned(), watch.lap()));

    let cloud_milliseconds = status.steps.iter().map(|step| step.milliseconds).sum();
    let read_bytes = status.steps.iter().map(|step| step.read_bytes).sum();
    let view = AnswerView {
        id: job.id.to_string(),
        answered_at: now_seconds(),
        manifest: manifest.sequence,
        certificate,
        not_kept: None,
        job: Some(job.id),
        row_count: planned.row_count,
        answers: shown(&planned, answers, checked),
        seconds,
        cloud_milliseconds,
        read_bytes,
        answer_bytes,
        objects,
        plan: serde_json::to_string_pretty(plan).ok(),
        twin,
        run,
    };
    Ok(kept(vault, &unlocked, view).await)
}

/// The answer, kept in this browser; where there is no space for it, it is shown all the same.
async fn kept(vault: &Vault, unlocked: &Unlocked, mut view: AnswerView) -> AnswerView {
    view.not_kept = past::keep(vault, unlocked, &view).await.err().map(|fault| fault.message);
    view
}

/// Cancels the running job and waits until it has ended.
pub async fn cancel(vault: &Vault) {
    vault.processes.stop(processes::Work::Job).await;
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

    /// Downloads every partial answer. None is looked at before all that this run fetches is there: the cloud must not learn
    /// from what, or when, it is asked.
    async fn download_partials(
        &self,
        answer_bytes: u64,
        status: JobStatus,
    ) -> Result<(JobStatus, Vec<(u32, Source)>), Fault> {
        let mut status = status;
        let each = answer_bytes / u64::from(row_group_count(self.plan)).max(1);
        let mut partials = Vec::with_capacity(self.plan.row_groups.len());
        for group in &self.plan.row_groups {
            let bytes = self.partial(&mut status, group.index).await?;
            if bytes.len() as u64 > each {
                return Err(not_whole(group.index));
            }
            // Outside of this worker's own memory, which never shrinks.
            partials.push((group.index, Source::from_sample("partial", &bytes)?));
        }
        Ok((status, partials))
    }

    /// Has workers open the partial answers. Every one of them, whatever is found in the first.
    async fn open_partials(
        &self,
        planned: &Planned,
        partials: Vec<(u32, Source)>,
    ) -> Result<Vec<OpenedGroup>, Fault> {
        let pool = speed::ready_pool(self.unlocked, encryption_of(&self.manifest.scheme)?)?;
        let mut groups = Vec::with_capacity(partials.len());
        let mut under_way = FuturesOrdered::new();
        for (index, partial) in partials {
            let entry = self.manifest.row_groups.iter().find(|entry| entry.index == index);
            let rows = entry.map_or(0, |entry| entry.row_count);
            let bytes = partial.read_range(0..partial.size_bytes()).map_err(|_| not_whole(index))?;
            let head = OpenHead::new(self.plan, planned.products(), self.id, (index, rows));
            let opened = pool.open(&OpenTask { head, bytes });
            under_way.push_back(async move { (index, opened.await) });
            if under_way.len() >= pool.worker_count()
                && let Some(opened) = self.abort.or(under_way.next()).await?
            {
                groups.push(opened);
            }
        }
        while let Some(opened) = self.abort.or(under_way.next()).await? {
            groups.push(opened);
        }
        Ok(groups)
    }

    /// The stored partial answer of a row group; under a new URL, where the first has expired.
    async fn partial(&self, status: &mut JobStatus, row_group: u32) -> Result<Vec<u8>, Fault> {
        let name = format!("/part/{row_group:08}");
        let mut has_asked_anew = false;
        loop {
            let stored = status.objects.iter().find(|object| object.key.ends_with(&name));
            let Some(stored) = stored else {
                return Err(Fault::new(
                    "no-answer-stored",
                    "A part of the answer is gone. Run the analysis again.",
                ));
            };
            match self.unlocked.api.get_stored(&stored.url, None, self.how()).await {
                Ok(bytes) => return Ok(bytes),
                Err(error) if error.is_expired_url() && !has_asked_anew => {
                    has_asked_anew = true;
                    *status = self.unlocked.api.job(self.id, self.how()).await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Verifies and decrypts. All totals or none.
    fn decrypt(&self, answer: &[u8]) -> Result<Vec<ColumnTotal>, Fault> {
        let keyring = &self.unlocked.keyring;
        let sums =
            open_answer(keyring.paillier(), &keyring.check_key(), self.manifest, self.plan, self.id, answer)
                .map_err(|error| refused(self.manifest, &error))?;
        let total = |sum: VerifiedSum| ColumnTotal { column: sum.column, digits: sum.totals };
        Ok(sums.into_iter().map(total).collect())
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

/// What came from the cloud, before it is looked at.
enum Received {
    /// The encrypted answer.
    Answer(Vec<u8>),
    /// The partial answer of every row group.
    Partials(Vec<(u32, Source)>),
}

/// A row group's partial answer, as a worker has opened it.
type OpenedGroup = (u32, Result<js_sys::Uint8Array, PoolError>);

/// Adds up the partial answers if all can be believed as far as they can be checked. All totals or none.
fn judge(planned: &Planned, partials: Vec<OpenedGroup>, spot: Spot) -> Result<(Totals, Verification), Fault> {
    let products = planned.products();
    let mut totals = vec![BigInt::from(0); products.len()];
    let mut groups = Vec::with_capacity(partials.len());
    for (index, opened) in partials {
        let opened = Opened::from_bytes(&opened?.to_vec());
        let found = opened.ok_or_else(|| "a worker gave back something else".to_owned());
        let found =
            found.and_then(|opened| opened.totals()).map_err(|reason| not_believed(index, &reason))?;
        if found.len() != products.len() {
            return Err(not_believed(index, "it has another number of totals"));
        }
        for (total, found) in totals.iter_mut().zip(&found) {
            *total += found;
        }
        groups.push((index, found));
    }
    let (recomputed, why) = match spot {
        Spot::Recomputed(recomputed) => (recomputed, None),
        Spot::Impossible(why) => (Vec::new(), Some(why)),
    };
    for Recomputed { row_group, totals } in &recomputed {
        let found = groups.iter().find(|(index, _)| index == row_group);
        let same = found.is_some_and(|(_, found)| {
            products
                .iter()
                .zip(found)
                .all(|(product, found)| totals.sum(&product.term).as_ref() == Some(found))
        });
        if !same {
            return Err(not_believed(*row_group, "the spot check found other totals in the cleartext"));
        }
    }
    let verification = match why {
        Some(why) => Verification::NotChecked { why },
        None => Verification::SpotChecked {
            picked: recomputed.iter().map(|recomputed| recomputed.row_group).collect(),
        },
    };
    Ok((planned.totals_of_products(&totals)?, verification))
}

/// A partial answer of another size than it must have: anybody can see that.
fn not_whole(row_group: u32) -> Fault {
    Fault::new(
        "answer-refused",
        &format!(
            "The cloud's answer for row group {row_group} was refused: it has another size than it must have. No number is \
             shown, and the cloud is not told."
        ),
    )
}

/// A partial answer that is not believed.
fn not_believed(row_group: u32, reason: &str) -> Fault {
    Fault::new(
        "answer-refused",
        &format!(
            "The cloud's answer for row group {row_group} was refused: it is not what the rows of this dataset give. No \
             number is shown, and the cloud is not told. Do not run the analysis again and again: who learns which \
             answers you refuse can learn your key. Upload the file anew if you do not trust what is stored."
        ),
    )
    .with_detail(reason.to_owned())
}

/// An answer that is not believed. Column numbers mean nothing to people, so that names are given.
fn refused(manifest: &Manifest, error: &AnswerError) -> Fault {
    let column = match error {
        AnswerError::Refused { column } | AnswerError::Damaged { column, .. } => {
            let mut numbers = manifest.numbers();
            let number =
                numbers.find(|(_, number)| number.column == *column || number.presence == Some(*column));
            number.map(|(name, _)| format!("“{name}”")).or_else(|| derived_name(manifest, *column))
        }
        AnswerError::Wire(_)
        | AnswerError::Plan(_)
        | AnswerError::WrongJob
        | AnswerError::WrongPlan
        | AnswerError::WrongCount { .. }
        | _ => None,
    };
    let which = column.map_or_else(String::new, |name| format!(" for {name}"));
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

/// What a derived column holds, in words.
fn derived_name(manifest: &Manifest, column: u32) -> Option<String> {
    let schema = Schema::new(&manifest.columns);
    let derived =
        manifest.derived.iter().find(|derived| derived.limbs.iter().any(|limb| limb.column == column))?;
    let terms: Vec<String> = derived.terms.iter().map(|term| describe(schema, term)).collect();
    Some(terms.join(", "))
}

fn shown(planned: &Planned, answers: Vec<Answer>, checked: Checked) -> Vec<AnswerValue> {
    let answers = planned.requests().iter().zip(answers);
    let shown = |(request, mut answer): (&Request, Answer)| {
        let checked = if planned.is_from_ciphertext(request) { checked } else { Checked::Manifest };
        if !planned.products().is_empty() {
            // Finer bins would be more columns, and this engine gets none later.
            answer.refinements.clear();
        }
        AnswerValue { answer, checked }
    };
    answers.map(shown).collect()
}

/// What a run costs.
#[derive(Debug, Clone, Copy, Default)]
struct Cost {
    row_groups: u32,
    read_bytes: u64,
    answer_bytes: u64,
    seconds: f64,
    price: f64,
}

impl Cost {
    fn of(manifest: &Manifest, planned: &Planned) -> Self {
        let Some(plan) = &planned.plan else { return Self::default() };
        let (row_groups, aggregates) = (row_group_count(plan), plan.aggregates.len() as u64);
        let read_bytes = planned.read_bytes + overhead(manifest, plan);
        let slots = encryption_of(&manifest.scheme).ok().and_then(slot_count).unwrap_or(1);
        let work = Work {
            row_groups: row_groups.into(),
            read_bytes,
            multiplications: 0,
            lifts: 0,
            products: 0,
            answer_bytes: planned.answer_bytes,
            modulus_bits: 0,
        };
        let work = if manifest.scheme.multiplies() {
            let blocks: u64 = plan.row_groups.iter().map(|group| u64::from(group.row_count / slots)).sum();
            let fresh =
                veilsum_crypto::bfv::Ciphertext::fresh_bytes(veilsum_crypto::bfv::ParameterSet::N8192T57);
            Work { lifts: planned.read_bytes / fresh as u64, products: blocks * aggregates, ..work }
        } else {
            let ciphertext_bytes = plan.modulus.len() as u64;
            Work {
                multiplications: read_bytes / ciphertext_bytes.max(1),
                modulus_bits: u32::try_from(ciphertext_bytes * 4).unwrap_or(u32::MAX),
                ..work
            }
        };
        Self {
            row_groups,
            read_bytes,
            answer_bytes: planned.answer_bytes,
            seconds: work.seconds(),
            price: work.price(),
        }
    }
}

impl From<FinishError> for Fault {
    fn from(error: FinishError) -> Self {
        Self::new("answer-refused", &sentence(&error))
    }
}

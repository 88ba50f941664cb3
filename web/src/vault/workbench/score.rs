//! Scoring: records → integers → ciphertext → the cloud → encrypted scores → integers, beside the twin.
//!
//! Only answers to queries of this vault are decrypted. They are labelled *not verified*: only who knows the weights could
//! tell a right score from another.

use std::rc::Rc;
use std::time::Duration;

use js_sys::Uint8Array;
use sha2::{Digest as _, Sha256};
use veilsum_model::interface::Interface;
use veilsum_model::model::Model;
use veilsum_model::predict::{Prediction, predict};
use veilsum_model::twin;
use veilsum_protocol::api::scoring::{
    ModelDetail, ProvenModulus, QueryObject, ScorePhase, ScoreState, ScoreStatus, StartScore,
};
use veilsum_protocol::{Digest, ScoreId};
use web_sys::{Blob, File};

use super::engine::{Encrypted, Engine};
use super::models;
use super::records::{self, Record};
use super::tell;
use super::trainer::Trainer;
use crate::abort::Abort;
use crate::api::{How, Patience};
use crate::fault::sentence;
use crate::messages::Fault;
use crate::messages::workbench::{
    Evaluation, FromTrainer, Measured, PredictionView, Progress, Scored, ScoredRow, Scoring, ScoringProgress,
    Step, Task,
};
use crate::time::{Stopwatch, give_way, sleep};
use crate::vault::Vault;
use crate::vault::keyring::Unlocked;
use crate::vault::processes::Work;
use crate::vault::random::score_id;

/// Rows that the page is shown.
const SHOWN_ROWS: usize = 200;
/// Bytes of a ciphertext that the page is shown.
const SAMPLE_BYTES: usize = 48;
const MOST_RUNS: u32 = 50;
/// The twin is measured for so long, or so often.
const TWIN_SECONDS: f64 = 0.01;
const MOST_TWINS: f64 = 10_000.0;
const FIRST_LOOK: Duration = Duration::from_millis(60);
const LONGEST_LOOK: Duration = Duration::from_secs(2);
const CANCEL_LIMIT: Duration = Duration::from_secs(3);

/// Has records scored.
///
/// # Errors
/// A [`Fault`] that says what does not fit, or what went wrong where.
pub(super) async fn score(vault: &Rc<Vault>, scoring: &Scoring, file: Option<File>) -> Result<Scored, Fault> {
    let unlocked = vault.unlocked()?;
    let process = vault.processes.begin_only(Work::Scoring)?;
    let how = How { patience: Patience::Brief, abort: &process };
    let detail = unlocked.api.model(models::parsed(&scoring.model)?, how).await?;
    if detail.entry.is_withdrawn {
        return Err(Fault::new(
            "model-withdrawn",
            "This model was withdrawn by its publisher: nothing is scored by it any more, and nothing was encrypted. \
             Choose another model.",
        ));
    }
    let interface = models::interface(&detail)?;
    let watch = Stopwatch::start();
    let records = records::read(vault, &interface, &scoring.records, file, &process).await?;
    let encoding = watch.seconds();
    if records.is_empty() {
        return Err(Fault::new("no-records", "There is no record to score. Choose a file with rows."));
    }
    let engine = Engine::choose(&unlocked, &interface, records.len())?;
    let key = engine.name().needs_key().then(|| proven(vault, &unlocked));
    let trained = vault.bench.trained_as(&interface.model);
    let runs = scoring.runs.clamp(1, MOST_RUNS);
    let run = Run {
        vault,
        unlocked: &unlocked,
        detail: &detail,
        interface: &interface,
        records: &records,
        engine: &engine,
        key,
        abort: &process,
        runs,
    };
    let mut measured = Vec::new();
    let mut last = None;
    for number in 1..=runs {
        let outcome = run.once(number, encoding).await?;
        measured.push(outcome.measured.clone());
        last = Some(outcome);
    }
    let Some(outcome) = last else { return Err(Fault::new("no-records", "There was nothing to do.")) };

    let predictions = outcome
        .scores
        .iter()
        .map(|scores| predict(&interface, scores).map(|prediction| shown(&interface, prediction)))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| Fault::new("scores-refused", &sentence(&error)))?;
    let twins = trained.as_ref().map(|trained| twins(&trained.model, &interface, &records));
    let (twins, plaintext_seconds) = match twins {
        Some((twins, seconds)) => (Some(twins), Some(seconds)),
        None => (None, None),
    };
    let equal = twins.as_ref().map(|twins| *twins == outcome.scores);
    let plaintext_bytes = plaintext_bytes(&records, &outcome.scores);
    for measured in &mut measured {
        measured.plaintext_seconds = plaintext_seconds;
        measured.plaintext_bytes = plaintext_bytes;
    }
    let evaluation = judge(vault, &interface, &records, &predictions, &process).await;
    let budget =
        unlocked.api.model(detail.entry.model, how).await.map_or(detail.budget, |detail| detail.budget);
    let text = |scores: &Vec<i128>| scores.iter().map(i128::to_string).collect::<Vec<_>>();
    let row = |(at, (record, prediction)): (usize, (&Record, PredictionView))| ScoredRow {
        row: record.row,
        scores: outcome.scores.get(at).map(text).unwrap_or_default(),
        twin: twins.as_ref().and_then(|twins| twins.get(at)).map(text),
        prediction,
        known: record.known.clone(),
    };
    Ok(Scored {
        version: outcome.status.version,
        scheme: engine.scheme(unlocked.keyring.paillier()),
        packing: engine.packing().to_owned(),
        fingerprint: outcome.fingerprint,
        ciphertexts: outcome.ciphertexts,
        samples: outcome.samples,
        runs: measured,
        cloud_steps: outcome
            .status
            .steps
            .iter()
            .map(|step| (phase(step.phase), step.milliseconds, step.bytes))
            .collect(),
        row_count: records.len() as u64,
        rows: records.iter().zip(predictions).enumerate().take(SHOWN_ROWS).map(row).collect(),
        equal,
        evaluation,
        budget: (budget.used, budget.limit),
        interface,
    })
}

/// Everything that runs have in common.
struct Run<'a> {
    vault: &'a Vault,
    unlocked: &'a Unlocked,
    detail: &'a ModelDetail,
    interface: &'a Interface,
    records: &'a [Record],
    engine: &'a Engine,
    key: Option<ProvenModulus>,
    abort: &'a Abort,
    runs: u32,
}

/// What came of a run.
struct Outcome {
    measured: Measured,
    scores: Vec<Vec<i128>>,
    status: ScoreStatus,
    ciphertexts: (u64, u64),
    samples: (String, String),
    fingerprint: String,
}

impl Run<'_> {
    async fn once(&self, number: u32, encoding: f64) -> Result<Outcome, Fault> {
        let mut progress = ScoringProgress {
            run: number,
            runs: self.runs,
            step: Step::Encrypt,
            seconds: vec![(Step::Encode, encoding)],
            query_bytes: None,
            sample: None,
            share: None,
        };
        let say = |progress: &ScoringProgress| tell(self.vault, &Progress::Scoring(progress.clone()));
        say(&progress);
        give_way().await;
        let mut watch = Stopwatch::start();
        let share = {
            let progress = progress.clone();
            move |done, total| say(&ScoringProgress { share: Some((done, total)), ..progress.clone() })
        };
        let query = self
            .engine
            .encrypt(
                self.unlocked,
                self.interface,
                self.detail.entry.digest,
                self.records,
                (self.abort, &share),
            )
            .await?;
        let sha256 = Digest::from_bytes(Sha256::digest(&query.bytes).into());
        let sample = sample(&query.bytes, query.header_bytes);
        progress.seconds.push((Step::Encrypt, watch.lap()));
        progress.step = Step::Upload;
        progress.query_bytes = Some(query.bytes.len() as u64);
        progress.sample = Some(sample.clone());
        say(&progress);

        let id = score_id();
        let sent = self.send(id, &query, sha256).await;
        let outcome = match sent {
            Ok(()) => {
                progress.seconds.push((Step::Upload, watch.lap()));
                progress.step = Step::Cloud;
                say(&progress);
                self.wait(id).await
            }
            Err(fault) => Err(fault),
        };
        let status = match outcome {
            Ok(status) => status,
            Err(fault) => {
                if self.abort.is_aborted() {
                    self.cancel(id).await;
                }
                return Err(fault);
            }
        };
        progress.seconds.push((Step::Cloud, watch.lap()));
        progress.step = Step::Download;
        say(&progress);
        let ScoreState::Done { answer_url } = &status.state else { return Err(gone()) };
        let answer = self.unlocked.api.get_stored(answer_url, None, self.how()).await?;
        let answer_bytes = answer.len() as u64;
        progress.seconds.push((Step::Download, watch.lap()));
        progress.step = Step::Decrypt;
        say(&progress);
        give_way().await;
        watch.lap();
        let answer_sample = sample_of_answer(&answer);
        let (scores, answer_ciphertexts) =
            self.engine.decrypt(self.unlocked, self.interface, &query, answer, self.abort).await?;
        progress.seconds.push((Step::Decrypt, watch.lap()));
        Ok(Outcome {
            measured: Measured {
                seconds: progress.seconds,
                plaintext_seconds: None,
                cloud_milliseconds: Some(status.steps.iter().map(|step| step.milliseconds).sum()),
                query_bytes: query.bytes.len() as u64,
                answer_bytes,
                plaintext_bytes: 0,
            },
            scores,
            status,
            ciphertexts: (query.ciphertexts, answer_ciphertexts),
            samples: (sample, answer_sample),
            fingerprint: self.fingerprint(),
        })
    }

    /// Announces the query and stores it, which starts the score.
    async fn send(&self, score: ScoreId, query: &Encrypted, sha256: Digest) -> Result<(), Fault> {
        let api = &self.unlocked.api;
        let start = StartScore {
            score,
            digest: self.detail.entry.digest,
            engine: self.engine.name(),
            key: self.key.clone(),
            row_count: u32::try_from(self.records.len()).unwrap_or(u32::MAX),
            query: QueryObject { size_bytes: query.bytes.len() as u64, sha256 },
        };
        let mut status = api.start_score(self.detail.entry.model, &start, self.how()).await?;
        let body = blob(&query.bytes)?;
        let mut has_asked_anew = false;
        loop {
            let ScoreState::Waiting { url, headers, .. } = &status.state else { return Ok(()) };
            match api.put_object(url, headers, &body, self.how()).await {
                Ok(()) => return Ok(()),
                Err(error) if error.is_expired_url() && !has_asked_anew => {
                    has_asked_anew = true;
                    status = api.score(score, self.how()).await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Waits until the cloud has computed.
    async fn wait(&self, score: ScoreId) -> Result<ScoreStatus, Fault> {
        let mut pause = FIRST_LOOK;
        loop {
            self.abort.or(sleep(pause)).await?;
            pause = LONGEST_LOOK.min(pause.mul_f64(1.4));
            let status = self.unlocked.api.score(score, self.how()).await?;
            match &status.state {
                ScoreState::Waiting { .. } | ScoreState::Running => {}
                ScoreState::Done { .. } => return Ok(status),
                ScoreState::Failed(failure) => return Err(Fault::new(&failure.code, &failure.message)),
                ScoreState::Cancelled => {
                    return Err(Fault::new("cancelled", "The scoring was cancelled. No score is shown."));
                }
            }
        }
    }

    /// Tells the cloud that nobody waits any more.
    async fn cancel(&self, score: ScoreId) {
        let abort = Abort::new();
        let how = How { patience: Patience::Brief, abort: &abort };
        let cancelled = std::pin::pin!(self.unlocked.api.cancel_score(score, how));
        futures_util::future::select(cancelled, std::pin::pin!(sleep(CANCEL_LIMIT))).await;
    }

    const fn how(&self) -> How<'_> {
        How { patience: Patience::Brief, abort: self.abort }
    }

    fn fingerprint(&self) -> String {
        let keyring = &self.unlocked.keyring;
        match self.engine {
            Engine::Packed { .. } => keyring.key_fingerprint().to_string(),
            Engine::OneRound { .. } => keyring.bfv_fingerprint(veilsum_model::network::SET).to_string(),
        }
    }
}

/// The key with its proof, which is made once.
pub(super) fn proven(vault: &Vault, unlocked: &Unlocked) -> ProvenModulus {
    let key = unlocked.keyring.paillier();
    let fingerprint = unlocked.keyring.key_fingerprint().to_string();
    let mut kept = vault.bench.proof.borrow_mut();
    let proof = match &*kept {
        Some((of, proof)) if *of == fingerprint => proof.clone(),
        _ => {
            let proof = hex::encode(key.prove_order().to_bytes(key.public_key()));
            *kept = Some((fingerprint, proof.clone()));
            proof
        }
    };
    ProvenModulus { modulus: key.public_key().to_hex(), proof }
}

/// The exact scores of the same integers in clear, and the seconds that they and what they say take: the mean of as many
/// times as the clock needs to tell.
fn twins(model: &Model, interface: &Interface, records: &[Record]) -> (Vec<Vec<i128>>, f64) {
    let watch = Stopwatch::start();
    let mut times = 0.0;
    loop {
        // What passed the same bounds when it was encoded passes them here.
        let twins: Vec<Vec<i128>> = (1..)
            .zip(records)
            .map(|(number, record)| twin::score(model, number, &record.integers).unwrap_or_default())
            .collect();
        let said: Vec<_> = twins.iter().map(|scores| predict(interface, scores)).collect();
        core::hint::black_box(said);
        times += 1.0;
        let seconds = watch.seconds();
        if seconds >= TWIN_SECONDS || times >= MOST_TWINS {
            return (twins, seconds / times);
        }
    }
}

/// By what is known of the records; `None` where nothing is, or the worker that judges does not work.
async fn judge(
    vault: &Vault,
    interface: &Interface,
    records: &[Record],
    predictions: &[PredictionView],
    abort: &Abort,
) -> Option<Evaluation> {
    if records.len() < 2 || records.iter().all(|record| record.known.is_none()) {
        return None;
    }
    let kept = vault.bench.trainer.borrow().clone();
    let trainer = match kept {
        Some(trainer) => trainer,
        None => Rc::new(Trainer::start().ok()?),
    };
    let task = Task::Judge {
        interface: interface.clone(),
        numbers: records.iter().map(|record| record.numbers.clone()).collect(),
        known: records.iter().map(|record| record.known.clone()).collect(),
        predictions: predictions.to_vec(),
    };
    match abort.or(trainer.ask(&task, |_| ())).await {
        Ok(Ok(FromTrainer::Judged(evaluation))) => evaluation,
        // What it still says would be taken for the answer to the next question.
        Ok(_) | Err(_) => {
            vault.bench.trainer.take();
            None
        }
    }
}

fn shown(interface: &Interface, prediction: Prediction) -> PredictionView {
    match prediction {
        Prediction::Value { value } => PredictionView::Value(value),
        Prediction::Class { class, probabilities } => PredictionView::Class {
            name: interface.classes.get(class).cloned().unwrap_or_default(),
            probability: probabilities.get(class).copied().unwrap_or(0.0),
            positive: (probabilities.len() == 2).then(|| probabilities[1]),
        },
        Prediction::Cluster { cluster, squared_distances } => PredictionView::Cluster {
            cluster: cluster as u64 + 1,
            squared_distance: squared_distances.get(cluster).copied().unwrap_or(0.0),
        },
    }
}

/// Bytes of the same as text: numbers and scores, each with a comma.
fn plaintext_bytes(records: &[Record], scores: &[Vec<i128>]) -> u64 {
    let numbers =
        records.iter().flat_map(|record| &record.numbers).map(|number| number.to_string().len() as u64 + 1);
    let scores = scores.iter().flatten().map(|score| score.to_string().len() as u64 + 1);
    numbers.sum::<u64>() + scores.sum::<u64>()
}

/// Hex of some bytes of ciphertext, past whatever stands in front of it.
fn sample(bytes: &[u8], header_bytes: usize) -> String {
    const PAST: usize = 64;
    let ciphertext = bytes.get(header_bytes + PAST..).unwrap_or_default();
    hex::encode(&ciphertext[..ciphertext.len().min(SAMPLE_BYTES)])
}

/// Hex of the last bytes: those of a ciphertext, whatever stands in front of it.
fn sample_of_answer(bytes: &[u8]) -> String {
    hex::encode(&bytes[bytes.len().saturating_sub(SAMPLE_BYTES)..])
}

pub(super) fn blob(bytes: &[u8]) -> Result<Blob, Fault> {
    let parts = js_sys::Array::of1(&Uint8Array::from(bytes));
    Blob::new_with_u8_array_sequence(&parts).map_err(|_| {
        Fault::new(
            "out-of-memory",
            "The browser has no space left for the encrypted records. Close other tabs, then try again.",
        )
    })
}

fn phase(phase: ScorePhase) -> String {
    match phase {
        ScorePhase::Load => "read model and query",
        ScorePhase::Check => "check key, proof and shape",
        ScorePhase::Count => "count the rows",
        ScorePhase::Compute => "compute on ciphertext",
    }
    .to_owned()
}

fn gone() -> Fault {
    Fault::new("no-answer-stored", "The encrypted scores are gone. Score the records again.")
}

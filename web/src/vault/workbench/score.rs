//! Scoring: records → integers → ciphertext → the cloud → encrypted scores → integers, beside the twin.
//!
//! Only answers to queries of this vault are decrypted. They are labelled *not verified*: only who knows the weights could
//! tell a right score from another.

use std::rc::Rc;

use sha2::{Digest as _, Sha256};
use veilsum_model::interface::Interface;
use veilsum_model::model::Model;
use veilsum_model::predict::{Prediction, predict};
use veilsum_model::twin;
use veilsum_protocol::Digest;
use veilsum_protocol::api::scoring::{
    ModelDetail, ProvenModulus, QueryObject, ScorePhase, ScoreStatus, StartScore,
};
use web_sys::File;

use super::engine::{Engine, squares};
use super::exchange::{Course, Exchange};
use super::models;
use super::records::{self, Record};
use super::trainer::Trainer;
use crate::abort::Abort;
use crate::api::{How, Patience};
use crate::fault::sentence;
use crate::messages::Fault;
use crate::messages::workbench::{
    Evaluation, FromTrainer, LayerView, Measured, PredictionView, Scored, ScoredRow, Scoring, Step, Task,
};
use crate::time::{Stopwatch, give_way};
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
    let engine = Engine::choose(&unlocked, &interface, records.len(), scoring.by_layers)?;
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
        version: outcome.version,
        scheme: engine.scheme(unlocked.keyring.paillier()),
        packing: engine.packing().to_owned(),
        fingerprint: outcome.fingerprint,
        ciphertexts: outcome.ciphertexts,
        samples: outcome.samples,
        runs: measured,
        cloud_steps: outcome.cloud_steps,
        row_count: records.len() as u64,
        rows: records.iter().zip(predictions).enumerate().take(SHOWN_ROWS).map(row).collect(),
        equal,
        evaluation,
        budget: (budget.used, budget.limit),
        layers: layers(&outcome.rounds, trained.as_ref().map(|trained| &trained.model), &records),
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
    version: u32,
    cloud_steps: Vec<(String, u64, u64)>,
    ciphertexts: (u64, u64),
    samples: (String, String),
    fingerprint: String,
    /// Of each question: numbers of a record, and sums of the first one.
    rounds: Vec<(usize, Vec<i128>)>,
}

impl Run<'_> {
    async fn once(&self, number: u32, encoding: f64) -> Result<Outcome, Fault> {
        let count = self.engine.rounds(self.interface);
        let mut course = Course::begin(self.vault, (number, self.runs), encoding);
        let mut rows = self.engine.first_rows(self.interface, self.records)?;
        let mut outcome = Outcome {
            measured: Measured {
                seconds: Vec::new(),
                plaintext_seconds: None,
                cloud_milliseconds: Some(0),
                query_bytes: 0,
                answer_bytes: 0,
                plaintext_bytes: 0,
            },
            scores: Vec::new(),
            version: 0,
            cloud_steps: Vec::new(),
            ciphertexts: (0, 0),
            samples: (String::new(), String::new()),
            fingerprint: self.fingerprint(),
            rounds: Vec::new(),
        };
        for round in 0..count {
            if round > 0 {
                rows = squares(&outcome.scores)?;
            }
            let layer = (count > 1).then(|| (round + 1, count));
            course.set_layer(layer);
            let answered = self.ask((round, &rows), &mut course).await?;
            let inputs = rows.first().map_or(0, Vec::len);
            outcome.rounds.push((inputs, answered.scores.first().cloned().unwrap_or_default()));
            outcome.scores = answered.scores;
            outcome.version = answered.status.version;
            outcome.ciphertexts.0 += answered.ciphertexts.0;
            outcome.ciphertexts.1 += answered.ciphertexts.1;
            if round == 0 {
                outcome.samples.0 = answered.samples.0;
            }
            outcome.samples.1 = answered.samples.1;
            let milliseconds: u64 = answered.status.steps.iter().map(|step| step.milliseconds).sum();
            outcome.measured.cloud_milliseconds =
                outcome.measured.cloud_milliseconds.map(|before| before + milliseconds);
            outcome.measured.query_bytes += answered.query_bytes;
            outcome.measured.answer_bytes += answered.answer_bytes;
            let steps = answered.status.steps.iter();
            outcome
                .cloud_steps
                .extend(steps.map(|step| (phase(step.phase, layer), step.milliseconds, step.bytes)));
        }
        outcome.measured.seconds = course.seconds();
        Ok(outcome)
    }

    /// One question: rows are encrypted, sent, computed on, and what comes back is decrypted.
    async fn ask(
        &self,
        (round, rows): (usize, &[Vec<i64>]),
        course: &mut Course<'_>,
    ) -> Result<Answered, Fault> {
        course.reach(Step::Encrypt);
        give_way().await;
        let mut watch = Stopwatch::start();
        let query = {
            let share = |done, total| course.share(done, total);
            let digest = self.detail.entry.digest;
            self.engine
                .encrypt(self.unlocked, self.interface, digest, (round, rows), (self.abort, &share))
                .await?
        };
        let sha256 = Digest::from_bytes(Sha256::digest(&query.bytes).into());
        let query_sample = sample(&query.bytes, query.header_bytes);
        course.spend(Step::Encrypt, watch.lap());
        course.show_query(query.bytes.len() as u64, query_sample.clone());
        course.reach(Step::Upload);

        let start = StartScore {
            score: score_id(),
            digest: self.detail.entry.digest,
            engine: self.engine.name(),
            key: self.key.clone(),
            row_count: u32::try_from(rows.len()).unwrap_or(u32::MAX),
            query: QueryObject { size_bytes: query.bytes.len() as u64, sha256 },
        };
        let exchange =
            Exchange { api: &self.unlocked.api, model: self.detail.entry.model, abort: self.abort };
        let (status, answer) = exchange.run(&start, &query.bytes, course).await?;
        let answer_bytes = answer.len() as u64;
        course.reach(Step::Decrypt);
        give_way().await;
        watch.lap();
        let answer_sample = sample_of_answer(&answer);
        let (scores, answer_ciphertexts) =
            self.engine.decrypt(self.unlocked, self.interface, &query, answer, self.abort).await?;
        course.spend(Step::Decrypt, watch.lap());
        Ok(Answered {
            scores,
            status,
            ciphertexts: (query.ciphertexts, answer_ciphertexts),
            samples: (query_sample, answer_sample),
            query_bytes: query.bytes.len() as u64,
            answer_bytes,
        })
    }

    fn fingerprint(&self) -> String {
        let keyring = &self.unlocked.keyring;
        match self.engine {
            Engine::Packed { .. } | Engine::ByLayers => keyring.key_fingerprint().to_string(),
            Engine::OneRound { .. } => keyring.bfv_fingerprint(veilsum_model::network::SET).to_string(),
        }
    }
}

/// The answer to a question.
struct Answered {
    scores: Vec<Vec<i128>>,
    status: ScoreStatus,
    ciphertexts: (u64, u64),
    samples: (String, String),
    query_bytes: u64,
    answer_bytes: u64,
}

/// The layers of the first record, if there was more than one question.
fn layers(rounds: &[(usize, Vec<i128>)], model: Option<&Model>, records: &[Record]) -> Vec<LayerView> {
    if rounds.len() < 2 {
        return Vec::new();
    }
    let twins = model
        .zip(records.first())
        .and_then(|(model, record)| twin::layers(model, 1, &record.integers).ok())
        .unwrap_or_default();
    let text = |sums: &Vec<i128>| sums.iter().map(i128::to_string).collect::<Vec<_>>();
    let layer = |(at, (inputs, sums)): (usize, &(usize, Vec<i128>))| LayerView {
        inputs: u32::try_from(*inputs).unwrap_or(u32::MAX),
        sums: text(sums),
        twin: twins.get(at).map(text),
    };
    rounds.iter().enumerate().map(layer).collect()
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

fn phase(phase: ScorePhase, layer: Option<(usize, usize)>) -> String {
    let name = match phase {
        ScorePhase::Load => "read model and query",
        ScorePhase::Check => "check key, proof and shape",
        ScorePhase::Count => "count the rows",
        ScorePhase::Compute => "compute on ciphertext",
    };
    layer.map_or_else(|| name.to_owned(), |(layer, _)| format!("layer {layer}: {name}"))
}

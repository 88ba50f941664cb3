//! What scores cost on the local stack, with the real function binaries behind the real gateway:
//!
//! ```sh
//! cargo build --release -p veilsum-lambda --bins && cargo run --release -p veilsum-lambda --example score_load
//! ```
//!
//! With `families`, `largest` or `load` behind it only that part is measured.
//!
//! For each family one record and 10,000 records (encryption, upload, cloud, download, decryption, bytes, memory of the
//! function), then 50 clients at the same time. Every score is compared with the cleartext twin's integers.

#![expect(clippy::unwrap_used, reason = "a measurement stops where something fails")]
#![expect(clippy::print_stdout, reason = "a report")]

mod client;
mod question;

use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use veilsum_local::functions::Function;
use veilsum_local::{Config, Stack};
use veilsum_protocol::ModelId;
use veilsum_protocol::api::scoring::{ScorePhase, ScoreStatus};

use client::Client;
use question::{Keys, Published, Question, Way};

const ROWS: usize = 10_000;
const CLIENTS: usize = 50;
const SCORES_OF_A_CLIENT: usize = 4;

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let stack = stack(folder.path()).await;
    let keys = Keys::generate();
    let company = Client::sign_in(&stack.page_url(), [1; 32]).await;
    let client = Client::sign_in(&stack.page_url(), [2; 32]).await;
    let mut models = Vec::new();
    for (number, name) in (1..).zip(["diabetes", "breast_cancer", "iris", "digits"]) {
        let model = Published::read(name, ModelId::from_bytes([number; 16]));
        company.publish(&model).await;
        models.push(model);
    }
    let part = std::env::args().nth(1);
    let measures = |name: &str| part.as_deref().is_none_or(|part| part == name);
    if measures("families") {
        families(&stack, &client, &keys, &models).await;
    }
    if measures("largest") {
        largest(&stack, &client, &keys, &models[1]).await;
    }
    if measures("load") {
        for (model, way) in [(&models[1], Way::Record), (&models[1], Way::Table), (&models[3], Way::OneRound)]
        {
            under_load(&stack, &client, &keys, model, way).await;
        }
    }
    stack.stop().await;
}

async fn families(stack: &Stack, client: &Client, keys: &Keys, models: &[Published]) {
    println!("\nfamily, way and records: seconds; bytes; peak memory of the function");
    for model in models {
        let is_network = model.name == "digits";
        for way in [Way::Record, Way::Table, Way::OneRound] {
            // A table of products would have 2,144 ciphertexts for each block.
            let (one, many) = match way {
                Way::Record => (true, false),
                Way::Table => (!is_network, !is_network),
                Way::OneRound => (is_network, is_network),
            };
            for rows in one.then_some(1).into_iter().chain(many.then_some(ROWS)) {
                report(stack, client, keys, model, way, rows).await;
            }
        }
    }
}

async fn stack(folder: &Path) -> Stack {
    // target/release/examples/score_load → target/release
    let program = std::env::current_exe().unwrap();
    let functions = program.parent().unwrap().parent().unwrap().to_owned();
    let site = folder.join("site");
    std::fs::create_dir_all(&site).unwrap();
    let config = Config::new(folder.join("data"), site, functions);
    Stack::start(Config { port: 0, s3_port: 0, ..config }).await.unwrap()
}

/// Scores rows, in several queries if one cannot hold them.
async fn report(stack: &Stack, client: &Client, keys: &Keys, model: &Published, way: Way, rows: usize) {
    forget_peaks(stack);
    let most = if way == Way::OneRound { 8_192 } else { rows };
    let (mut encrypt, mut upload, mut download, mut decrypt, mut all) = (0.0, 0.0, 0.0, 0.0, 0.0);
    let (mut query_bytes, mut answer_bytes) = (0, 0);
    let mut cloud = [0; 4];
    for start in (0..rows).step_by(most) {
        let records = model.records(start, most.min(rows - start));
        let clock = Instant::now();
        let question = Question::encrypt(keys, model, way, &records);
        encrypt += clock.elapsed().as_secs_f64();
        query_bytes += question.bytes.len();
        let clock = Instant::now();
        client.send(&question).await;
        upload += clock.elapsed().as_secs_f64();
        let status = client.ended(&question).await;
        for step in &status.steps {
            cloud[phase(step.phase)] += step.milliseconds;
        }
        let (answer, seconds) = fetched(client, &status).await;
        (download, answer_bytes) = (download + seconds, answer_bytes + answer.len());
        let clock = Instant::now();
        let scores = question.read(keys, model, &answer);
        decrypt += clock.elapsed().as_secs_f64();
        all += question.age().as_secs_f64();
        assert_eq!(scores, model.twin(&records), "scores are the twin's integers");
    }
    let [load, check, count, compute] = cloud.map(|milliseconds| milliseconds as f64 / 1e3);
    println!(
        "{:<14} {way:<9} {rows:>6}: encrypt {encrypt:.3}, upload {upload:.3}, cloud {:.3} (load {load:.3}, check {check:.3}, \
         count {count:.3}, compute {compute:.3}), download {download:.3}, decrypt {decrypt:.3}, total {all:.3} s; query \
         {query_bytes} B, answer {answer_bytes} B; {} MiB",
        model.name,
        load + check + count + compute,
        peak_mib(stack),
    );
}

/// A table that nearly fills the largest query: how much memory that takes.
async fn largest(stack: &Stack, client: &Client, keys: &Keys, model: &Published) {
    forget_peaks(stack);
    let question = Question::encrypt(keys, model, Way::Table, &model.records(0, 1)).repeated(keys, 250 << 20);
    client.send(&question).await;
    let status = client.ended(&question).await;
    let seconds: u64 = status.steps.iter().map(|step| step.milliseconds).sum();
    println!(
        "{} rows of {} in a query of {} B: {:.1} s in the cloud; {} MiB",
        question.start.row_count,
        model.name,
        question.bytes.len(),
        seconds as f64 / 1e3,
        peak_mib(stack),
    );
}

async fn fetched(client: &Client, status: &ScoreStatus) -> (Vec<u8>, f64) {
    let clock = Instant::now();
    let answer = client.answer(status).await;
    (answer, clock.elapsed().as_secs_f64())
}

const fn phase(phase: ScorePhase) -> usize {
    match phase {
        ScorePhase::Load => 0,
        ScorePhase::Check => 1,
        ScorePhase::Count => 2,
        ScorePhase::Compute => 3,
    }
}

/// Fifty clients, each with several records one after the other, from the announcement to the decrypted score.
async fn under_load(stack: &Stack, client: &Client, keys: &Keys, model: &Published, way: Way) {
    forget_peaks(stack);
    let records = model.records(0, 1);
    let first = Question::encrypt(keys, model, way, &records);
    let expected = model.twin(&records);
    let clock = Instant::now();
    let runs = join_all((0..CLIENTS).map(|_| async {
        let mut latencies = Vec::new();
        for _ in 0..SCORES_OF_A_CLIENT {
            // Encrypting is the client's own time: the query is the same for all, its score and count are its own.
            let question = first.again();
            client.send(&question).await;
            let status = client.ended(&question).await;
            let answer = client.answer(&status).await;
            latencies.push(question.age());
            assert_eq!(question.read(keys, model, &answer), expected);
        }
        latencies
    }))
    .await;
    let seconds = clock.elapsed().as_secs_f64();
    let mut latencies: Vec<Duration> = runs.into_iter().flatten().collect();
    latencies.sort();
    let percentile = |percent: usize| latencies[(latencies.len() * percent).div_ceil(100) - 1].as_millis();
    println!(
        "{CLIENTS} clients, {} scores of one record of {} ({way}): no error; {:.1} scores/s; p50 {} ms, p95 {} ms, p99 {} ms, \
         longest {} ms; {} MiB",
        latencies.len(),
        model.name,
        latencies.len() as f64 / seconds,
        percentile(50),
        percentile(95),
        percentile(99),
        percentile(100),
        peak_mib(stack),
    );
}

fn functions(stack: &Stack) -> impl Iterator<Item = u32> {
    let score = |process: &veilsum_local::functions::RunningProcess| process.function == Function::Score;
    stack.processes().into_iter().filter(score).map(|process| process.pid)
}

/// The peak of resident memory of any process of the function, on Linux.
fn peak_mib(stack: &Stack) -> u64 {
    let peak = |pid: u32| {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or_default()
    };
    functions(stack).map(peak).max().unwrap_or_default() / 1_024
}

fn forget_peaks(stack: &Stack) {
    for pid in functions(stack) {
        // Where the system does not know this, peaks are those since the start.
        let _ = std::fs::write(format!("/proc/{pid}/clear_refs"), "5");
    }
}

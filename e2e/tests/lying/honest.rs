//! Honest runs are never refused: random tables with negatives, decimals, blanks and extremes, of one row and of several
//! row groups, with full and with partial last blocks.

use std::fmt::Write as _;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use veilsum_analysis::Request;
use veilsum_e2e::encrypted::encrypt;
use veilsum_e2e::exact::Table;
use veilsum_e2e::tables::Numbers;

use crate::cloud::{Cloud, dataset_id, job_id, play, rng};
use crate::judge::check;
use crate::world::{ask, columns};

/// Tables, each of which is run once.
const TABLES: u64 = 200;
/// Tables that are under way at once.
const WORKERS: u64 = 3;
/// The largest magnitude that can be encrypted, plus one.
const LIMIT: u64 = 1 << 56;

/// A random table: its text, and rows per row group.
fn table(numbers: &mut Numbers) -> (String, usize) {
    let pick = |numbers: &mut Numbers, choices: &[u64]| {
        choices[usize::try_from(numbers.below(choices.len() as u64)).expect("small")]
    };
    let rows = match numbers.below(3) {
        0 => pick(numbers, &[1, 2, 29, 30, 31, 59, 60, 61, 90]),
        _ => 1 + numbers.below(75),
    };
    let rows_per_group = pick(numbers, &[1 + rows / 5, 29, 30, 31, 45, 60, 100]);
    let columns: Vec<u64> = (0..1 + numbers.below(3)).map(|_| numbers.draw()).collect();
    let mut text = "row".to_owned();
    for column in 0..columns.len() {
        write!(text, ",c{column}").expect("text grows");
    }
    text.push('\n');
    for row in 0..rows {
        write!(text, "{row}").expect("text grows");
        for nature in &columns {
            write!(text, ",{}", cell(*nature, row, numbers)).expect("text grows");
        }
        text.push('\n');
    }
    (text, usize::try_from(rows_per_group).expect("small"))
}

/// A cell of a column of this nature; the first row has a value in every column.
fn cell(nature: u64, row: u64, numbers: &mut Numbers) -> String {
    let blanks = [0, 0, 10, 50, 95][usize::try_from(nature % 5).expect("small")];
    if row > 0 && numbers.below(100) < blanks {
        return String::new();
    }
    let sign = match nature >> 8 & 3 {
        0 => "",
        1 => "-",
        _ if numbers.below(2) == 0 => "-",
        _ => "",
    };
    match nature >> 16 & 7 {
        0 => "0".to_owned(),
        1 => numbers.below(2).to_string(),
        2 => format!("{sign}{}", LIMIT - 1),
        3 => format!("{sign}{}", numbers.below(LIMIT)),
        4 => format!("{sign}{}.{:06}", numbers.below(1_000), numbers.below(1_000_000)),
        5 => format!("{sign}0.{:04}", numbers.below(10_000)),
        _ => format!("{sign}{}.{:02}", numbers.below(10_000_000), numbers.below(100)),
    }
}

/// A sum, so that there is something to compute, and whatever else.
fn requests(table: &Table, numbers: &mut Numbers) -> Vec<Request> {
    let mut requests = Vec::new();
    for column in columns(table) {
        for request in ask(column) {
            if requests.is_empty() || numbers.below(2) == 0 {
                requests.push(request);
            }
        }
    }
    requests
}

async fn run(cloud: &Cloud, seed: u64) -> anyhow::Result<()> {
    let mut numbers = Numbers::new(1_000 + seed);
    let mut rng = rng(1_000 + seed);
    let (text, rows_per_group) = table(&mut numbers);
    let table = Table::read(&text)?;
    let requests = requests(&table, &mut numbers);
    let dataset = encrypt(cloud.keyring(), &text, rows_per_group, dataset_id(&mut rng), &mut rng)?;
    cloud.client.upload(&dataset, &mut rng).await?;
    let manifest = cloud.client.open(dataset.manifest.dataset).await?;
    let job = cloud.client.run(manifest, &requests, job_id(&mut rng)).await?;
    let answer = cloud.client.download(&job).await?;
    let answers = cloud.client.answers(&job, &answer)?;
    ensure!(
        answers.len() == requests.len(),
        "{} of {} questions are answered",
        answers.len(),
        requests.len()
    );
    check(&answers, &table)
}

#[test]
fn honest_runs_are_never_refused() {
    play(async {
        let cloud = Arc::new(Cloud::start().await?);
        let workers = (0..WORKERS).map(|worker| {
            let cloud = Arc::clone(&cloud);
            tokio::spawn(async move {
                let mut faults = Vec::new();
                for seed in (0..TABLES).filter(|seed| seed % WORKERS == worker) {
                    let ran = run(&cloud, seed).await.with_context(|| format!("table {seed}"));
                    faults.extend(ran.err().map(|error| format!("{error:#}")));
                }
                faults
            })
        });
        let mut faults = Vec::new();
        for worker in workers.collect::<Vec<_>>() {
            faults.extend(worker.await?);
        }
        ensure!(faults.is_empty(), "{} of {TABLES} honest runs failed:\n{}", faults.len(), faults.join("\n"));
        eprintln!("honest runs: {TABLES}, none refused");
        Ok(())
    });
}

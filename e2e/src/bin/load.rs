//! Puts large tables through the browser and reports speed, sizes, memory and how the page answered meanwhile.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a report")]

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use tempfile::TempDir;
use veilsum_e2e::check::check_exactly;
use veilsum_e2e::load::{Measured, Related, RelatedRun, measure, relate};
use veilsum_e2e::tables;

const USAGE: &str = "veilsum-load [--rows N]... [--columns N] [--relations]
tables of N rows, 5000 and 20000 unless told, with 5 numeric columns unless told;\nwith --relations correlations and a regression through both engines instead of sums";
const DEFAULT_ROWS: [u64; 2] = [5_000, 20_000];
const DEFAULT_COLUMNS: usize = 5;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> anyhow::Result<()> {
    let (sizes, columns, is_about_relations) = sizes(std::env::args().skip(1))?;
    let folder = TempDir::new()?;
    for rows in sizes {
        if is_about_relations {
            let file: PathBuf = folder.path().join(format!("whole-{rows}.csv"));
            std::fs::write(&file, tables::whole(rows, columns))?;
            for engine in ["engine-paillier", "engine-bfv"] {
                report_relations(rows, columns, engine, &relate(&file, engine).await?);
            }
            continue;
        }
        let text = tables::numeric(rows, columns);
        let file: PathBuf = folder.path().join(format!("numbers-{rows}.csv"));
        std::fs::write(&file, &text)?;
        let measured = measure(&file, rows).await?;
        check_exactly(&measured.answers, &text)?;
        report(&measured, columns);
    }
    Ok(())
}

fn sizes(mut arguments: impl Iterator<Item = String>) -> anyhow::Result<(Vec<u64>, usize, bool)> {
    let (mut sizes, mut columns, mut is_about_relations) = (Vec::new(), DEFAULT_COLUMNS, false);
    while let Some(argument) = arguments.next() {
        let mut number = || -> anyhow::Result<u64> {
            let text = arguments.next().with_context(|| format!("{argument} needs a number\n{USAGE}"))?;
            text.parse().with_context(|| format!("`{text}` is no number"))
        };
        match argument.as_str() {
            "--rows" => sizes.push(number()?),
            "--relations" => is_about_relations = true,
            "--columns" => columns = usize::try_from(number()?)?,
            _ => bail!("`{argument}` is not known\n{USAGE}"),
        }
    }
    Ok((if sizes.is_empty() { DEFAULT_ROWS.to_vec() } else { sizes }, columns, is_about_relations))
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn report_relations(rows: u64, columns: usize, engine: &str, related: &Related) {
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    println!("\n{rows} rows × {columns} columns, {engine}; every answer equals its plaintext twin");
    println!("  {:<36}{:>10.2} s", "encrypt and upload", related.upload_seconds);
    println!("  {:<36}{:>10.2} MiB", "ciphertext", mib(related.ciphertext_bytes));
    for RelatedRun { name, seconds, answer_bytes } in &related.runs {
        println!("  {name}: answer of {:.3} MiB", mib(*answer_bytes));
        for (phase, seconds) in seconds {
            println!("    {phase:<34}{seconds:>10.3} s");
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn report(measured: &Measured, columns: usize) {
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let upload = measured.seconds_of("encrypt and upload");
    println!("\n{} rows × {columns} columns, every sum exact to the last digit", measured.rows);
    for (phase, seconds) in &measured.seconds {
        println!("  {phase:<36}{seconds:>10.2} s");
    }
    println!("  {:<36}{:>10.0} /s", "rows encrypted and uploaded", measured.rows as f64 / upload);
    println!("  {:<36}{:>10.0} /s", "values encrypted and uploaded", measured.values as f64 / upload);
    println!(
        "  {:<36}{:>10.1} bytes",
        "ciphertext per value",
        measured.ciphertext_bytes as f64 / measured.values as f64
    );
    println!("  {:<36}{:>10.2} MiB", "source file", mib(measured.file_bytes));
    println!("  {:<36}{:>10.2} MiB", "ciphertext", mib(measured.ciphertext_bytes));
    println!("  {:<36}{:>10.1} MiB", "peak of the tab above an empty page", mib(measured.tab_memory_bytes()));
    println!("  {:<36}{:>10.0} ms", "longest time without a frame", measured.longest_pause_ms);
}

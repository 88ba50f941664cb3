//! Puts large tables through the browser and reports speed, sizes, memory and how the page answered meanwhile.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a report")]

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use tempfile::TempDir;
use veilsum_e2e::check::check_exactly;
use veilsum_e2e::load::{Large, Measured, Related, RelatedRun, measure, open_large, relate};
use veilsum_e2e::{large, tables};

const USAGE: &str =
    "veilsum-load [--rows N]... [--columns N] [--relations] [--csv MEBIBYTES] [--parquet MEBIBYTES]
tables of N rows, 5000 and 20000 unless told, with 5 numeric columns unless told;
with --relations correlations and a regression through both engines instead of sums;
with --csv or --parquet instead a file of that size, which is read and prepared in four steps";
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
    let choices = Choices::parse(std::env::args().skip(1))?;
    let folder = TempDir::new()?;
    for (format, mebibytes) in &choices.large {
        let file = folder.path().join(format!("large.{format}"));
        let bytes = mebibytes << 20;
        let rows = if *format == "csv" { large::csv(&file, bytes)? } else { large::parquet(&file, bytes)? };
        report_large(rows, &open_large(&file).await?);
        std::fs::remove_file(&file)?;
    }
    if !choices.large.is_empty() {
        return Ok(());
    }
    let columns = choices.columns;
    for rows in choices.sizes {
        if choices.is_about_relations {
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

/// What is measured.
struct Choices {
    sizes: Vec<u64>,
    columns: usize,
    is_about_relations: bool,
    /// Formats and mebibytes.
    large: Vec<(&'static str, u64)>,
}

impl Choices {
    fn parse(mut arguments: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let mut this = Self {
            sizes: Vec::new(),
            columns: DEFAULT_COLUMNS,
            is_about_relations: false,
            large: Vec::new(),
        };
        while let Some(argument) = arguments.next() {
            let mut number = || -> anyhow::Result<u64> {
                let text = arguments.next().with_context(|| format!("{argument} needs a number\n{USAGE}"))?;
                text.parse().with_context(|| format!("`{text}` is no number"))
            };
            match argument.as_str() {
                "--rows" => this.sizes.push(number()?),
                "--relations" => this.is_about_relations = true,
                "--columns" => this.columns = usize::try_from(number()?)?,
                "--csv" => this.large.push(("csv", number()?)),
                "--parquet" => this.large.push(("parquet", number()?)),
                _ => bail!("`{argument}` is not known\n{USAGE}"),
            }
        }
        if this.sizes.is_empty() {
            this.sizes = DEFAULT_ROWS.to_vec();
        }
        Ok(this)
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn report_large(rows: u64, large: &Large) {
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let [tab, empty] = large.tab_bytes;
    println!("\n{rows} rows × 10 columns, {:.0} MiB; the page says: {}", mib(large.file_bytes), large.rows);
    for (phase, seconds) in &large.seconds {
        println!("  {phase:<36}{seconds:>10.2} s, {:.0} rows/s", rows as f64 / seconds);
    }
    println!("  {:<36}{:>10.1} MiB", "peak of the tab", mib(tab));
    println!("  {:<36}{:>10.1} MiB", "the same above an empty page", mib(tab.saturating_sub(empty)));
    println!("  {:<36}{:>10.0} ms", "longest time without a frame", large.longest_pause_ms);
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

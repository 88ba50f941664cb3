//! Puts large tables through the browser and reports speed, sizes, memory and how the page answered meanwhile.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a report")]

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use tempfile::TempDir;
use veilsum_e2e::check::check_exactly;
use veilsum_e2e::load::{Measured, measure};
use veilsum_e2e::tables;

const USAGE: &str =
    "veilsum-load [--rows N]...   tables of N rows and 5 numeric columns; 5000 and 20000 unless told";
const DEFAULT_ROWS: [u64; 2] = [5_000, 20_000];

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
    let sizes = sizes(std::env::args().skip(1))?;
    let folder = TempDir::new()?;
    for rows in sizes {
        let text = tables::numeric(rows);
        let file: PathBuf = folder.path().join(format!("numbers-{rows}.csv"));
        std::fs::write(&file, &text)?;
        let measured = measure(&file, rows).await?;
        check_exactly(&measured.answers, &text)?;
        report(&measured);
    }
    Ok(())
}

fn sizes(arguments: impl Iterator<Item = String>) -> anyhow::Result<Vec<u64>> {
    let mut sizes = Vec::new();
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--rows" => {
                let rows = arguments.next().with_context(|| format!("--rows needs a number\n{USAGE}"))?;
                sizes.push(rows.parse().with_context(|| format!("`{rows}` is no number of rows"))?);
            }
            _ => bail!("`{argument}` is not known\n{USAGE}"),
        }
    }
    Ok(if sizes.is_empty() { DEFAULT_ROWS.to_vec() } else { sizes })
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn report(measured: &Measured) {
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let upload = measured.seconds_of("encrypt and upload");
    println!("\n{} rows × 5 columns, every sum exact to the last digit", measured.rows);
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

//! The benchmark program that `cargo xtask bench` builds and runs; `README.md` says what it measures and how.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its figures")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};

mod browser;
mod keys;
mod measure;
#[cfg(feature = "native")]
mod native;
mod report;

use measure::Patience;

/// What `cargo xtask bench` asks for.
#[derive(Debug, Default)]
struct Options {
    /// Sizes of n.
    bits: Vec<u32>,
    quick: bool,
    /// Whether to measure natively.
    native: bool,
    /// A Python that has `phe` and `gmpy2`.
    python: Option<PathBuf>,
    /// The folder of the page, if the browser is to be measured.
    site: Option<PathBuf>,
    chromium: Option<PathBuf>,
    /// Where the figures go.
    json: Option<PathBuf>,
}

fn main() -> ExitCode {
    match parse().and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn parse() -> anyhow::Result<Options> {
    let mut options = Options::default();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().with_context(|| format!("`{argument}` needs a value"));
        match argument.as_str() {
            "--bits" => options.bits.push(value()?.parse()?),
            "--quick" => options.quick = true,
            "--native" => options.native = true,
            "--python" => options.python = Some(value()?.into()),
            "--site" => options.site = Some(value()?.into()),
            "--chromium" => options.chromium = Some(value()?.into()),
            "--json" => options.json = Some(value()?.into()),
            _ => bail!("`{argument}` is unknown; `cargo xtask bench` knows how to call this program"),
        }
    }
    Ok(options)
}

fn run(options: &Options) -> anyhow::Result<()> {
    let patience = if options.quick { Patience::QUICK } else { Patience::FULL };
    let mut rows = Vec::new();
    if options.native {
        rows.extend(native(options, &patience)?);
    }
    if let Some(site) = &options.site {
        let chromium = options.chromium.as_deref().unwrap_or(Path::new("chromium"));
        rows.extend(browser::measure(site, chromium, &options.bits, &patience)?);
    }
    report::finish(&mut rows);
    report::print(&rows);
    if let Some(path) = &options.json {
        report::write(&rows, path)?;
    }
    Ok(())
}

#[cfg(feature = "native")]
fn native(options: &Options, patience: &Patience) -> anyhow::Result<Vec<report::Row>> {
    native::measure(&options.bits, options.python.as_deref(), patience)
}

#[cfg(not(feature = "native"))]
fn native(_: &Options, _: &Patience) -> anyhow::Result<Vec<report::Row>> {
    bail!("this program was built without feature `native`")
}

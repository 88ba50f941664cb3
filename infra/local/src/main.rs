//! Runs the local cloud until it is told to stop.

mod arguments;

use std::io::{self, Write as _};
use std::process::ExitCode;

use arguments::Command;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::filter::{EnvFilter, LevelFilter};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use veilsum_local::{CappedLog, Config, LOG_LIMIT_BYTES, Stack};

/// The S3 library reports every refusal as an error of its own; our line for each request has the status.
const LOG_FILTER: &str = "info,s3s=off";

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let config = match arguments::parse(std::env::args_os().skip(1))? {
        Command::Help => return Ok(io::stdout().write_all(arguments::USAGE.as_bytes())?),
        Command::Run(config) => *config,
    };
    log_to(&config)?;
    // Before anything is started, so that a signal during the start is not lost.
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let stack = Stack::start(config).await?;
    tracing::info!(url = stack.page_url(), "ready");
    writeln!(io::stdout(), "Veilsum is running at {}", stack.page_url())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    tracing::info!("stopping");
    stack.stop().await;
    Ok(())
}

fn log_to(config: &Config) -> io::Result<()> {
    let folder = config.data.join("logs");
    std::fs::create_dir_all(&folder)?;
    let file = CappedLog::open(&folder.join("local.log"), LOG_LIMIT_BYTES)?;
    let to_file = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(move || file.clone());
    let to_stderr = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(io::stderr)
        .with_filter(LevelFilter::ERROR);
    tracing_subscriber::registry().with(EnvFilter::new(LOG_FILTER)).with(to_file).with(to_stderr).init();
    Ok(())
}

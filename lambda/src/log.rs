//! The log: one JSON object per line. Ids, sizes and durations are fields; bodies, tokens, keys and URLs never are.

use tracing_subscriber::EnvFilter;

/// Starts logging to standard error output, at the level in `VEILSUM_LOG` (`info` if it is not set).
pub fn start() {
    let filter = EnvFilter::try_from_env("VEILSUM_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter)
        .with_current_span(true)
        .with_span_list(false)
        .with_writer(std::io::stderr)
        .init();
}

//! Waiting for a condition, with a deadline and a name for it.

use std::time::Duration;

use anyhow::bail;
use tokio::time::{Instant, MissedTickBehavior};

/// Long enough for anything that does not compute.
pub const SOON: Duration = Duration::from_secs(60);
/// Long enough for anything that encrypts or searches primes on a slow machine.
pub const LONG: Duration = Duration::from_secs(300);

/// How often a condition is looked at.
const INTERVAL: Duration = Duration::from_millis(25);

/// Looks again and again until `look` gives something.
///
/// # Errors
/// `look` failed, or gave nothing before the deadline; the message names `what`.
pub async fn until<T>(
    what: &str,
    within: Duration,
    mut look: impl AsyncFnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let deadline = Instant::now() + within;
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Some(found) = look().await? {
            return Ok(found);
        }
        if Instant::now() > deadline {
            bail!("waited {} s for {what}", within.as_secs());
        }
    }
}

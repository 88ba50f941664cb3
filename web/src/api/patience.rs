//! How long a request is tried again, and with which pauses.

use std::time::Duration;

use crate::abort::Abort;
use crate::api::{ApiError, How, Tell};
use crate::messages::Event;
use crate::time::{Stopwatch, sleep};

const FIRST_PAUSE: Duration = Duration::from_millis(400);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// How long a request that gets no answer is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// A person waits for it: some seconds.
    Brief,
    /// Part of long work that should go on by itself after an interruption: a quarter of an hour.
    Long,
}

impl Patience {
    fn limit(self) -> Duration {
        match self {
            Self::Brief => Duration::from_secs(12),
            Self::Long => Duration::from_secs(15 * 60),
        }
    }
}

/// Pauses between attempts and tells that they happen; tells that it goes on when dropped.
pub(super) struct Waiting<'a> {
    tell: &'a Tell,
    abort: &'a Abort,
    limit: Duration,
    since: Option<Stopwatch>,
    failures: u32,
}

impl<'a> Waiting<'a> {
    pub(super) fn new(tell: &'a Tell, how: How<'a>) -> Self {
        Self { tell, abort: how.abort, limit: how.patience.limit(), since: None, failures: 0 }
    }

    /// Pauses after an attempt that ended with `error`.
    ///
    /// # Errors
    /// `error` itself if trying again is of no use, or was for too long.
    pub(super) async fn after(&mut self, error: ApiError) -> Result<(), ApiError> {
        let since = *self.since.get_or_insert_with(Stopwatch::start);
        if !error.is_passing() || since.seconds() >= self.limit.as_secs_f64() {
            return Err(error);
        }
        (self.tell)(Event::Waiting { message: in_words(&error).to_owned() });
        let pause = pause(self.failures, js_sys::Math::random());
        self.failures += 1;
        self.abort.or(sleep(pause)).await?;
        Ok(())
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.failures > 0 {
            (self.tell)(Event::Waiting { message: String::new() });
        }
    }
}

fn in_words(error: &ApiError) -> &'static str {
    match error {
        ApiError::NoAnswer { offline: true } => {
            "This device is offline. Veilsum goes on by itself as soon as it is connected."
        }
        ApiError::NoAnswer { offline: false } => {
            "The server does not answer. Veilsum tries again and goes on by itself."
        }
        ApiError::Aborted
        | ApiError::Problem(_)
        | ApiError::Status { .. }
        | ApiError::Storage { .. }
        | ApiError::NotUnderstood
        | ApiError::NotFound => "The server is busy. Veilsum tries again and goes on by itself.",
    }
}

/// The pause after the attempt that was preceded by `failures` failed ones: doubled each time, up to a limit, and cut
/// by up to a half at `random` (in 0..1) so that clients do not return all at once.
fn pause(failures: u32, random: f64) -> Duration {
    let full = FIRST_PAUSE.saturating_mul(1 << failures.min(10)).min(LONGEST_PAUSE);
    full.mul_f64(1.0 - random.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn pauses_double_up_to_a_limit() {
        assert_eq!(pause(0, 0.0), FIRST_PAUSE);
        assert_eq!(pause(1, 0.0), FIRST_PAUSE * 2);
        assert_eq!(pause(9, 0.0), LONGEST_PAUSE);
        assert_eq!(pause(u32::MAX, 0.0), LONGEST_PAUSE);
    }

    #[test]
    fn jitter_takes_at_most_half() {
        assert_eq!(pause(0, 1.0), FIRST_PAUSE / 2);
        assert!(pause(3, 0.5) < pause(3, 0.1));
    }
}

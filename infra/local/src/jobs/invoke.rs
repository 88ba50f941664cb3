//! Invoking a function until there is a result, as event sources do.

use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use veilsum_protocol::job::Done;

use super::Jobs;
use crate::functions::{Function, InvokeError};
use crate::secrets::random_hex;

/// How often an invocation is tried.
const TRIES: u32 = 3;
/// Pause before the second try; it doubles, and varies by half.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

impl Jobs {
    /// Invokes until there is a result, at most [`TRIES`] times.
    pub(super) async fn invoke(
        &self,
        function: Function,
        event: &impl Serialize,
    ) -> Result<Done, InvokeError> {
        let payload = Bytes::from(serde_json::to_vec(event).expect("ids and numbers always serialise"));
        let mut pause = FIRST_PAUSE;
        let mut tries = 1;
        loop {
            let result = match self.deliver(function, payload.clone()).await {
                Ok(result) => serde_json::from_slice(&result).map_err(|_| InvokeError::Failed {
                    function: function.name(),
                    kind: "UnreadableResult".to_owned(),
                }),
                Err(error) => Err(error),
            };
            match result {
                Ok(done) => return Ok(done),
                Err(InvokeError::Stopping) => return Err(InvokeError::Stopping),
                Err(error) if tries == TRIES => {
                    tracing::error!(function = function.name(), %error, "given up");
                    return Err(error);
                }
                Err(_) => tokio::time::sleep(jittered(pause)).await,
            }
            tries += 1;
            pause *= 2;
        }
    }

    async fn deliver(&self, function: Function, payload: Bytes) -> Result<Bytes, InvokeError> {
        if !self.options.deliver_twice {
            return self.functions.invoke(function, payload).await;
        }
        let first = self.functions.invoke(function, payload.clone());
        let (first, second) = tokio::join!(first, self.functions.invoke(function, payload));
        first.or(second)
    }
}

/// Between half of `pause` and one and a half times it, so that several do not try again together.
fn jittered(pause: Duration) -> Duration {
    let random =
        random_hex::<2>().ok().and_then(|hex| u16::from_str_radix(&hex, 16).ok()).unwrap_or(u16::MAX / 2);
    pause.mul_f64(0.5 + f64::from(random) / f64::from(u16::MAX))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn pauses_vary_around_the_asked_one() {
        let pauses: Vec<_> = (0..200).map(|_| jittered(FIRST_PAUSE)).collect();
        assert!(pauses.iter().all(|pause| (100..=300).contains(&pause.as_millis())));
        assert!(pauses.iter().collect::<HashSet<_>>().len() > 50);
    }
}

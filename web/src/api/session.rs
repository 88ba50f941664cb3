//! The session token: kept in memory only, and renewed before it expires.

use std::cell::RefCell;

use veilsum_protocol::api::Session;
use zeroize::Zeroizing;

use crate::time::Stopwatch;

/// A token is renewed when it is this close to its end, or past this share of its life.
const MARGIN_SECONDS: f64 = 60.0;
const USED_SHARE: f64 = 0.8;

/// The current token.
#[derive(Default)]
pub(super) struct Tokens {
    current: RefCell<Option<Token>>,
}

struct Token {
    text: Zeroizing<String>,
    issued: Stopwatch,
    lifetime_seconds: f64,
}

impl Tokens {
    /// The token, unless it is about to expire.
    pub(super) fn current(&self) -> Option<Zeroizing<String>> {
        let current = self.current.borrow();
        let token = current.as_ref()?;
        is_fresh(token.issued.seconds(), token.lifetime_seconds).then(|| token.text.clone())
    }

    /// Keeps a new token.
    #[expect(clippy::cast_precision_loss, reason = "a lifetime in seconds is small")]
    pub(super) fn keep(&self, session: &Session) -> Zeroizing<String> {
        let text = Zeroizing::new(session.token.clone());
        let token = Token {
            text: text.clone(),
            issued: Stopwatch::start(),
            lifetime_seconds: session.expires_in as f64,
        };
        self.current.replace(Some(token));
        text
    }

    /// Drops a token that was refused.
    pub(super) fn forget(&self) {
        self.current.replace(None);
    }
}

fn is_fresh(age_seconds: f64, lifetime_seconds: f64) -> bool {
    age_seconds < (lifetime_seconds - MARGIN_SECONDS).max(lifetime_seconds * USED_SHARE)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::is_fresh;

    #[test]
    fn tokens_are_renewed_before_they_expire() {
        assert!(is_fresh(0.0, 600.0));
        assert!(is_fresh(539.0, 600.0));
        assert!(!is_fresh(541.0, 600.0));
        assert!(is_fresh(15.0, 20.0));
        assert!(!is_fresh(17.0, 20.0));
    }
}

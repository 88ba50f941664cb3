//! Making a new key.

use rand_core::CryptoRng;

use super::ModulusSize;
use super::prime;
use super::secret_key::{KeyError, SecretKey};

/// How far key generation has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeygenProgress {
    /// What is being done.
    pub stage: KeygenStage,
    /// Steps of this stage that were started.
    pub done: u32,
    /// Steps that this stage takes on average. Finding a prime is luck, so `done` may well exceed it.
    pub of: u32,
}

/// The stages of key generation, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeygenStage {
    /// Looking for the first prime.
    FirstPrime,
    /// Looking for the second prime.
    SecondPrime,
    /// Checking the key and trying it out.
    Checks,
}

/// Why no key was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeygenError {
    /// The search for a prime ran dry, which does not happen with a working source of randomness.
    #[error("no prime was found: the source of randomness of this device seems to be broken")]
    NoPrime,
    /// The new key failed a check, which does not happen with working arithmetic and randomness.
    #[error("the new key failed a check: {0}")]
    Rejected(#[from] KeyError),
}

impl SecretKey {
    /// Makes a new key of the given size: n = p·q with `p = 2·k·s + 1`, both primes proven, and their generators.
    ///
    /// `progress` is called before every exponentiation. Takes seconds; how many is a matter of luck.
    ///
    /// # Errors
    /// [`KeygenError`] if the randomness is broken.
    pub fn generate(
        size: ModulusSize,
        rng: &mut impl CryptoRng,
        progress: &mut dyn FnMut(KeygenProgress),
    ) -> Result<Self, KeygenError> {
        let bits = size.bits() / 2;
        let mut search = |stage| {
            let mut report = KeygenProgress { stage, done: 0, of: prime::expected_trials(bits) };
            let mut tried = || {
                progress(report);
                report.done += 1;
            };
            prime::generate(bits, &mut *rng, &mut tried).ok_or(KeygenError::NoPrime)
        };
        let first = search(KeygenStage::FirstPrime)?;
        let second = search(KeygenStage::SecondPrime)?;
        progress(KeygenProgress { stage: KeygenStage::Checks, done: 0, of: 1 });
        let key = Self::from_structured_primes(first, second)?;
        progress(KeygenProgress { stage: KeygenStage::Checks, done: 1, of: 1 });
        Ok(key)
    }
}

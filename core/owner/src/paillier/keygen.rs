//! Making a new key.

use core::fmt;

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::ModulusSize;
use super::prime::{self, StructuredPrime};
use super::secret_key::{KeyError, SecretKey, read_prime, write_prime};

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

/// One prime of a key to be, with its structure. Two can be looked for at the same time, in two places.
pub struct SecretPrime(StructuredPrime);

impl SecretPrime {
    /// Finds a prime `p = 2·k·s + 1` for a key of the given size, proves it and finds a generator.
    ///
    /// `tried` is called for every candidate, about [`Self::expected_trials`] times on average.
    ///
    /// # Errors
    /// [`KeygenError::NoPrime`] if the randomness is broken.
    pub fn generate(
        size: ModulusSize,
        rng: &mut impl CryptoRng,
        tried: &mut dyn FnMut(),
    ) -> Result<Self, KeygenError> {
        prime::generate(size.bits() / 2, rng, tried).map(Self).ok_or(KeygenError::NoPrime)
    }

    /// Candidates that are tried on average. Finding a prime is luck: it may well be twice as many.
    #[must_use]
    pub const fn expected_trials(size: ModulusSize) -> u32 {
        prime::expected_trials(size.bits() / 2)
    }

    /// The prime as bytes, for another worker of the same owner: a third of what `SecretKey::to_secret_bytes` writes.
    #[must_use]
    pub fn to_secret_bytes(&self) -> Zeroizing<Vec<u8>> {
        let length = usize::try_from(self.0.prime.expose().bits().div_ceil(8)).unwrap_or(usize::MAX);
        let mut bytes = Zeroizing::new(Vec::with_capacity(8 + length));
        write_prime(&mut bytes, Some(self.0.structure), &self.0.prime, length);
        bytes
    }

    /// Reads what [`Self::to_secret_bytes`] writes. Nothing is believed: [`SecretKey::from_secret_primes`] checks it all.
    ///
    /// # Errors
    /// [`KeyError::NotAKey`] for bytes that are too few.
    pub fn from_secret_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        read_prime(bytes).map(Self).ok_or(KeyError::NotAKey)
    }
}

impl fmt::Debug for SecretPrime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretPrime(hidden)")
    }
}

impl SecretKey {
    /// Puts a key of the given size together from two primes, after checking both again, and the key.
    ///
    /// # Errors
    /// [`KeyError`] naming the check that failed.
    pub fn from_secret_primes(size: ModulusSize, p: SecretPrime, q: SecretPrime) -> Result<Self, KeyError> {
        let key = Self::from_structured_primes(p.0, q.0)?;
        let bits = key.public_key().modulus_bits();
        if bits == size.bits() { Ok(key) } else { Err(KeyError::WrongSize { bits: bits.into() }) }
    }

    /// Makes a new key of the given size: n = p·q with `p = 2·k·s + 1`, both primes proven, and their generators.
    ///
    /// `progress` is called for every candidate. Takes up to seconds; how many is a matter of luck.
    ///
    /// # Errors
    /// [`KeygenError`] if the randomness is broken.
    pub fn generate(
        size: ModulusSize,
        rng: &mut impl CryptoRng,
        progress: &mut dyn FnMut(KeygenProgress),
    ) -> Result<Self, KeygenError> {
        let mut search = |stage| {
            let mut report = KeygenProgress { stage, done: 0, of: SecretPrime::expected_trials(size) };
            let mut tried = || {
                progress(report);
                report.done += 1;
            };
            SecretPrime::generate(size, &mut *rng, &mut tried)
        };
        let first = search(KeygenStage::FirstPrime)?;
        let second = search(KeygenStage::SecondPrime)?;
        progress(KeygenProgress { stage: KeygenStage::Checks, done: 0, of: 1 });
        let key = Self::from_secret_primes(size, first, second)?;
        progress(KeygenProgress { stage: KeygenStage::Checks, done: 1, of: 1 });
        Ok(key)
    }
}

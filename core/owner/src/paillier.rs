//! Paillier's scheme as its owner uses it: keys with known factors, encryption at half the size of the numbers, and
//! decryption [Pai99, §4 and §7].

use veilsum_crypto::paillier::PublicKey;
use veilsum_protocol::KeyFingerprint;

mod factor;
mod keygen;
mod order_proof;
mod prime;
mod secret_integer;
mod secret_key;
mod squares;

pub use keygen::{KeygenError, KeygenProgress, KeygenStage, SecretPrime};
pub use secret_key::{DecryptError, KeyError, PrimeName, SecretKey};

/// The sizes of modulus that keys are made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModulusSize {
    /// 112 bits of security.
    Bits2048,
    /// 128 bits of security; the default.
    Bits3072,
}

impl ModulusSize {
    /// Both, smaller first.
    pub const ALL: [Self; 2] = [Self::Bits2048, Self::Bits3072];

    /// The size of a modulus of `bits`; `None` for sizes that keys are not made with.
    #[must_use]
    pub fn from_bits(bits: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|size| u64::from(size.bits()) == bits)
    }

    /// Bits of n.
    #[must_use]
    pub const fn bits(self) -> u32 {
        match self {
            Self::Bits2048 => 2_048,
            Self::Bits3072 => 3_072,
        }
    }

    /// Seconds since 1970-01-01 UTC after which the size should no longer be relied on: the end of 2030 for 2048
    /// bits [NIST SP 800-57 part 1 r5, table 4], the end of 2035 for 3072 [NIST IR 8547, table 2].
    #[must_use]
    pub const fn expires_at(self) -> u64 {
        match self {
            Self::Bits2048 => 1_924_992_000,
            Self::Bits3072 => 2_082_758_400,
        }
    }

    /// One line for whoever chooses.
    #[must_use]
    pub const fn security_note(self) -> &'static str {
        match self {
            Self::Bits2048 => "112-bit security, not after 2030",
            Self::Bits3072 => "128-bit security, not after 2035",
        }
    }
}

/// The fingerprint of a public key as the protocol writes it.
#[must_use]
pub fn key_fingerprint(key: &PublicKey) -> KeyFingerprint {
    KeyFingerprint::from_bytes(key.fingerprint())
}

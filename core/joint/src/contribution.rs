//! One owner's sums, encrypted.
//!
//! ```text
//! offset  bytes  field                      (integers little-endian)
//!      0      4  magic "VSTC"
//!      4      2  format version, 1
//!      6      2  zero
//!      8     16  training
//!     24     32  digest of its terms
//!     56     32  fingerprint of the key holder's key
//!     88      4  bits of n
//!     92      4  round
//!     96      4  numbers
//!    100     32  owner
//!    132         ciphertexts, each of as many numbers as slots
//! ```
//!
//! Nobody but who adds them up gets single contributions.

use veilsum_crypto::packing::{EncodeError, Plaintext};
use veilsum_crypto::paillier::{Ciphertext, CiphertextError, PublicKey};
use veilsum_protocol::wire::{Reader, WireError};
use veilsum_protocol::{Digest, KeyFingerprint, TenantId, TrainingId};
use veilsum_train::rounds::Contribution as Sums;

use crate::terms::Terms;

/// Bytes in front of the ciphertexts.
pub const HEADER_BYTES: usize = 132;

const WHAT: &str = "contribution";
const MAGIC: [u8; 4] = *b"VSTC";
const VERSION: u16 = 1;

/// What sums are of: a round of a training, under a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// The training.
    pub training: TrainingId,
    /// Digest of its terms.
    pub terms: Digest,
    /// Fingerprint of the key.
    pub key: KeyFingerprint,
    /// Bits of its n.
    pub modulus_bits: u32,
    /// The round.
    pub round: u32,
    /// Numbers of a contribution.
    pub slots: u32,
}

/// One owner's encrypted sums.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contribution {
    scope: Scope,
    owner: TenantId,
    ciphertexts: Vec<Ciphertext>,
}

/// Why bytes or ciphertexts are no contribution to a round.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContributionError {
    /// The bytes do not have the form of a contribution.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// It is for another training, terms, key or round.
    #[error(
        "the contribution is to another training or round: load the training again, then contribute to its newest round"
    )]
    WrongScope,
    /// It is another owner's.
    #[error("the contribution names another owner than the one who sent it")]
    WrongOwner,
    /// There are more or fewer ciphertexts than the round needs.
    #[error("the contribution has {actual} ciphertexts, and this round needs {expected}")]
    Count {
        /// Ciphertexts that the round needs.
        expected: usize,
        /// Ciphertexts there are.
        actual: usize,
    },
    /// A ciphertext is none.
    #[error("the contribution is damaged: {0}")]
    Ciphertext(#[from] CiphertextError),
    /// There is no such key.
    #[error("the terms of the training hold no key that this version understands")]
    NoKey,
}

impl Scope {
    /// A round of a training with these terms, whose key is `key`.
    #[must_use]
    pub fn new(training: TrainingId, terms: &Terms, key: &PublicKey, round: u32) -> Self {
        Self {
            training,
            terms: terms.digest(),
            key: KeyFingerprint::from_bytes(key.fingerprint()),
            modulus_bits: key.modulus_bits(),
            round,
            slots: u32::try_from(terms.slot_count(round)).unwrap_or(u32::MAX),
        }
    }

    /// Ciphertexts of a contribution.
    #[must_use]
    pub fn ciphertext_count(&self, key: &PublicKey) -> usize {
        self.slots.div_ceil(key.layout().slot_count()) as usize
    }

    /// Bytes of a whole contribution.
    #[must_use]
    pub fn contribution_bytes(&self, key: &PublicKey) -> usize {
        HEADER_BYTES + self.ciphertext_count(key) * key.ciphertext_bytes()
    }

    pub(crate) fn write(&self, magic: [u8; 4], version: u16) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        bytes.extend_from_slice(&magic);
        bytes.extend_from_slice(&version.to_le_bytes());
        bytes.extend_from_slice(&[0; 2]);
        bytes.extend_from_slice(self.training.as_bytes());
        bytes.extend_from_slice(self.terms.as_bytes());
        bytes.extend_from_slice(self.key.as_bytes());
        bytes.extend_from_slice(&self.modulus_bits.to_le_bytes());
        bytes.extend_from_slice(&self.round.to_le_bytes());
        bytes.extend_from_slice(&self.slots.to_le_bytes());
        bytes
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        if reader.u16()? != 0 {
            return Err(reader.out_of_range("reserved bytes"));
        }
        Ok(Self {
            training: TrainingId::from_bytes(reader.array()?),
            terms: Digest::from_bytes(reader.array()?),
            key: KeyFingerprint::from_bytes(reader.array()?),
            modulus_bits: reader.u32()?,
            round: reader.u32()?,
            slots: reader.u32()?,
        })
    }
}

/// The plaintexts of a contribution, as many numbers in each as slots, ready to be encrypted under `key`.
///
/// # Errors
/// [`EncodeError`] if a sum needs more than 62 bits: none of a round does.
pub fn plaintexts(key: &PublicKey, sums: &Sums) -> Result<Vec<Plaintext>, EncodeError> {
    let layout = key.layout();
    sums.slots.chunks(layout.slot_count() as usize).map(|slots| layout.encode(slots, 0)).collect()
}

impl Contribution {
    /// Puts encrypted sums together, in the order of [`plaintexts`].
    ///
    /// # Errors
    /// [`ContributionError::Count`] for another number of ciphertexts than the round needs.
    pub fn new(
        key: &PublicKey,
        scope: Scope,
        owner: TenantId,
        ciphertexts: Vec<Ciphertext>,
    ) -> Result<Self, ContributionError> {
        let expected = scope.ciphertext_count(key);
        if ciphertexts.len() != expected {
            return Err(ContributionError::Count { expected, actual: ciphertexts.len() });
        }
        Ok(Self { scope, owner, ciphertexts })
    }

    /// What it is of.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Whose it is.
    #[must_use]
    pub const fn owner(&self) -> TenantId {
        self.owner
    }

    /// The ciphertexts.
    #[must_use]
    pub fn ciphertexts(&self) -> &[Ciphertext] {
        &self.ciphertexts
    }

    /// The bytes of the format above.
    #[must_use]
    pub fn to_bytes(&self, key: &PublicKey) -> Vec<u8> {
        let mut bytes = self.scope.write(MAGIC, VERSION);
        bytes.extend_from_slice(self.owner.as_bytes());
        bytes.extend(self.ciphertexts.iter().flat_map(|ciphertext| ciphertext.to_bytes(key)));
        bytes
    }

    /// Reads the contribution of this owner to this round. The length is checked before anything is decoded; every ciphertext
    /// is one under the key.
    ///
    /// # Errors
    /// [`ContributionError`].
    pub fn from_bytes(
        key: &PublicKey,
        scope: &Scope,
        owner: TenantId,
        bytes: &[u8],
    ) -> Result<Self, ContributionError> {
        let mut reader = Reader::start(WHAT, bytes, MAGIC, VERSION)?;
        if Scope::read(&mut reader)? != *scope {
            return Err(ContributionError::WrongScope);
        }
        if TenantId::from_bytes(reader.array()?) != owner {
            return Err(ContributionError::WrongOwner);
        }
        let expected = scope.ciphertext_count(key);
        let body = reader.take(reader.remaining())?;
        if body.len() != expected * key.ciphertext_bytes() {
            return Err(ContributionError::Count { expected, actual: body.len() / key.ciphertext_bytes() });
        }
        Ok(Self { scope: *scope, owner, ciphertexts: key.ciphertexts_from_bytes(body)? })
    }
}

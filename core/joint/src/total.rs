//! The sums of all owners: the product of their contributions, which only the key holder can open.
//!
//! ```text
//! offset  bytes  field                      (integers little-endian)
//!      0      4  magic "VSTT"
//!      4     96  version and fields of a contribution up to its numbers
//!    100      4  owners
//!    104    32·owners  the owners that are in it, ascending
//!             ciphertexts
//! ```
//!
//! Nothing is re-randomised: the total encrypts what the key holder is to read, under randomness that all owners made.

use veilsum_crypto::packing::{DecodeError, Plaintext};
use veilsum_crypto::paillier::{Ciphertext, CiphertextError, PublicKey};
use veilsum_protocol::TenantId;
use veilsum_protocol::wire::{Reader, WireError};
use veilsum_train::rounds::Contribution as Sums;

use crate::contribution::{Contribution, Scope};
use crate::terms::MAX_OWNERS;

const WHAT: &str = "total";
const MAGIC: [u8; 4] = *b"VSTT";
const VERSION: u16 = 1;

/// The encrypted sums of several owners.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Total {
    scope: Scope,
    /// Ascending; each once.
    owners: Vec<TenantId>,
    ciphertexts: Vec<Ciphertext>,
}

/// Why there is no total, or none that can be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TotalError {
    /// The bytes do not have the form of a total.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// It is of another training or round.
    #[error("the total is of another training or round than was asked for")]
    WrongScope,
    /// It is not over exactly the owners who take part.
    #[error("the total is not over exactly the owners who take part, each once")]
    WrongOwners,
    /// An owner would be in it twice.
    #[error("an owner contributed to this round already, and counts once")]
    Twice,
    /// There are more or fewer ciphertexts than the round needs.
    #[error("the total has {actual} ciphertexts, and this round needs {expected}")]
    Count {
        /// Ciphertexts that the round needs.
        expected: usize,
        /// Ciphertexts there are.
        actual: usize,
    },
    /// A ciphertext is none.
    #[error("the total is damaged: {0}")]
    Ciphertext(#[from] CiphertextError),
    /// What was decrypted is no total.
    #[error("what was decrypted is no total of contributions: {0}")]
    Decode(#[from] DecodeError),
    /// Slots that no contribution fills are not empty.
    #[error("what was decrypted is no total of contributions: slots hold numbers that nobody contributes")]
    Excess,
}

impl Total {
    /// The total over one contribution.
    #[must_use]
    pub fn of(first: &Contribution) -> Self {
        Self { scope: *first.scope(), owners: vec![first.owner()], ciphertexts: first.ciphertexts().to_vec() }
    }

    /// Adds a contribution: one multiplication modulo n² for each ciphertext.
    ///
    /// # Errors
    /// [`TotalError`] if it is to another round, or its owner is in the total already; then nothing changes.
    pub fn add(&mut self, key: &PublicKey, contribution: &Contribution) -> Result<(), TotalError> {
        if *contribution.scope() != self.scope {
            return Err(TotalError::WrongScope);
        }
        let Err(at) = self.owners.binary_search(&contribution.owner()) else { return Err(TotalError::Twice) };
        self.owners.insert(at, contribution.owner());
        let pairs = self.ciphertexts.iter().zip(contribution.ciphertexts());
        self.ciphertexts = pairs.map(|(sum, one)| key.add(sum, one)).collect();
        Ok(())
    }

    /// The owners that are in it, ascending.
    #[must_use]
    pub fn owners(&self) -> &[TenantId] {
        &self.owners
    }

    /// The ciphertexts, for the key holder to decrypt.
    #[must_use]
    pub fn ciphertexts(&self) -> &[Ciphertext] {
        &self.ciphertexts
    }

    /// The bytes of the format above.
    #[must_use]
    pub fn to_bytes(&self, key: &PublicKey) -> Vec<u8> {
        let mut bytes = self.scope.write(MAGIC, VERSION);
        bytes.extend_from_slice(&u32::try_from(self.owners.len()).unwrap_or(u32::MAX).to_le_bytes());
        bytes.extend(self.owners.iter().flat_map(|owner| owner.as_bytes()));
        bytes.extend(self.ciphertexts.iter().flat_map(|ciphertext| ciphertext.to_bytes(key)));
        bytes
    }

    /// Reads the total of this round. Lengths are checked before anything is decoded. Whether it is over all owners is
    /// another question: [`Self::require_owners`].
    ///
    /// # Errors
    /// [`TotalError`].
    pub fn from_bytes(key: &PublicKey, scope: &Scope, bytes: &[u8]) -> Result<Self, TotalError> {
        let mut reader = Reader::start(WHAT, bytes, MAGIC, VERSION)?;
        if Scope::read(&mut reader)? != *scope {
            return Err(TotalError::WrongScope);
        }
        let count = reader.u32()?;
        if !(1..=MAX_OWNERS).contains(&count) {
            return Err(reader.out_of_range("owners").into());
        }
        let mut owners = Vec::with_capacity(count as usize);
        for _ in 0..count {
            owners.push(TenantId::from_bytes(reader.array()?));
        }
        if !owners.is_sorted_by(|before, after| before < after) {
            return Err(TotalError::WrongOwners);
        }
        let expected = scope.ciphertext_count(key);
        let body = reader.take(reader.remaining())?;
        if body.len() != expected * key.ciphertext_bytes() {
            return Err(TotalError::Count { expected, actual: body.len() / key.ciphertext_bytes() });
        }
        Ok(Self { scope: *scope, owners, ciphertexts: key.ciphertexts_from_bytes(body)? })
    }

    /// Succeeds if it is over exactly these owners, each once.
    ///
    /// # Errors
    /// [`TotalError::WrongOwners`].
    pub fn require_owners(&self, owners: &[TenantId]) -> Result<(), TotalError> {
        let mut expected = owners.to_vec();
        expected.sort_unstable();
        if expected == self.owners { Ok(()) } else { Err(TotalError::WrongOwners) }
    }

    /// The sums, from the decrypted ciphertexts in their order.
    ///
    /// # Errors
    /// [`TotalError`] for another number of plaintexts, or plaintexts that no contributions add up to.
    pub fn open(&self, key: &PublicKey, plaintexts: &[Plaintext]) -> Result<Sums, TotalError> {
        let (expected, actual) = (self.ciphertexts.len(), plaintexts.len());
        if expected != actual {
            return Err(TotalError::Count { expected, actual });
        }
        let mut slots = Vec::with_capacity(self.scope.slots as usize);
        for plaintext in plaintexts {
            let decoded = key.layout().decode(key, plaintext)?;
            if decoded.check != 0 {
                return Err(TotalError::Excess);
            }
            slots.extend(decoded.slots);
        }
        let excess = slots.split_off((self.scope.slots as usize).min(slots.len()));
        if excess.iter().any(|slot| *slot != 0) {
            return Err(TotalError::Excess);
        }
        Ok(Sums { slots })
    }
}

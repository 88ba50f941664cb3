//! The stored form of a keyring: its payload sealed under a passphrase.
//!
//! ```text
//! offset  bytes  field                      (integers little-endian)
//!      0      4  magic "VSKR"
//!      4      2  format version, 1
//!      6      2  zero
//!      8      4  Argon2id memory in KiB
//!     12      4  Argon2id passes
//!     16      4  Argon2id lanes
//!     20     16  Argon2id salt
//!     36     32  tenant
//!     68      4  bits of the Paillier modulus
//!     72      s  payload, sealed under Argon2id(passphrase, salt); context: the 72 bytes before
//!   72+s     32  SHA-256 of a label and the 72+s bytes before
//! ```
//!
//! The hash at the end tells damage by chance from a wrong passphrase, before any work; it protects nothing. What
//! protects is the sealed payload, which is bound to every byte of the clear header.
//!
//! A passphrase counts byte for byte as it was typed (UTF-8, no trimming, no Unicode normalisation).

use argon2::{Algorithm, Argon2, Block, Params, Version};
use rand_core::CryptoRng;
use sha2::{Digest as _, Sha256};
use veilsum_protocol::TenantId;
use veilsum_protocol::wire::{Reader, WireError};
use zeroize::Zeroizing;

use super::{Keyring, PayloadError};
use crate::labels::KEYRING_CHECKSUM;
use crate::seal::{self, KEY_BYTES, OpenError, SealKey, Sealer};

const WHAT: &str = "keyring";
const MAGIC: [u8; 4] = *b"VSKR";
/// Newest format version.
pub const VERSION: u16 = 1;
/// Bytes of the clear header.
pub const HEADER_BYTES: usize = 72;
/// Fewest characters of a passphrase for a new keyring.
pub const MIN_PASSPHRASE_CHARS: usize = 8;
const PASSWORD_SALT_BYTES: usize = 16;
const CHECKSUM_BYTES: usize = 32;
/// Far more than a sealed payload has.
const MAX_WRAPPED_BYTES: usize = 1 << 17;

/// Cost of guessing one passphrase.
///
/// What a new keyring gets is the floor for every keyring. The ceilings keep a hostile file from exhausting memory
/// or time: 1 GiB, 16 passes, 4 lanes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PassphraseCost {
    /// Argon2id memory in KiB.
    pub memory_kib: u32,
    /// Argon2id passes over the memory.
    pub passes: u32,
    /// Argon2id lanes.
    pub lanes: u32,
}

impl PassphraseCost {
    /// What a new keyring gets, and the least that is accepted.
    pub const FLOOR: Self = Self { memory_kib: 64 << 10, passes: 3, lanes: 1 };
    /// The most that is accepted.
    pub const CEILING: Self = Self { memory_kib: 1 << 20, passes: 16, lanes: 4 };

    fn check(self) -> Result<(), UnlockError> {
        let below = |floor: Self| {
            self.memory_kib < floor.memory_kib || self.passes < floor.passes || self.lanes < floor.lanes
        };
        let above = |ceiling: Self| {
            self.memory_kib > ceiling.memory_kib || self.passes > ceiling.passes || self.lanes > ceiling.lanes
        };
        if below(Self::FLOOR) {
            return Err(UnlockError::TooWeakParameters { actual: self, floor: Self::FLOOR });
        }
        if above(Self::CEILING) {
            return Err(UnlockError::TooCostlyParameters { actual: self, ceiling: Self::CEILING });
        }
        Ok(())
    }

    /// Argon2id in memory that is wiped afterwards. `None` if the memory cannot be had.
    fn stretch(self, passphrase: &str, salt: &[u8; PASSWORD_SALT_BYTES]) -> Option<SealKey> {
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(KEY_BYTES))
            .expect("the cost lies between floor and ceiling, all of which Argon2 accepts");
        let mut memory = Zeroizing::new(Vec::new());
        memory.try_reserve_exact(params.block_count()).ok()?;
        memory.resize(params.block_count(), Block::default());
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(passphrase.as_bytes(), salt, &mut *key, memory.as_mut_slice())
            .expect(
                "salt, output and memory have the lengths that Argon2 asks for; a passphrase is below 4 GiB",
            );
        Some(SealKey::from_secret_bytes(&key))
    }
}

/// Why a keyring was not wrapped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WrapError {
    /// The passphrase is too short.
    #[error("a passphrase needs at least {minimum} characters; this one has {actual}")]
    PassphraseTooShort {
        /// Fewest characters.
        minimum: usize,
        /// Characters that it has.
        actual: usize,
    },
    /// The memory for Argon2id cannot be had.
    #[error("protecting the keyring needs {needed_kib} KiB of memory; close other tabs and try again")]
    OutOfMemory {
        /// Memory that is needed.
        needed_kib: u32,
    },
}

/// Why a keyring does not unlock. Nothing is changed by a failed attempt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnlockError {
    /// The bytes are whole, but were wrapped under another passphrase (or forged with a matching hash).
    #[error(
        "this passphrase does not open the keyring; check capital letters and keyboard layout, then try again"
    )]
    WrongPassphrase,
    /// The bytes are something else.
    #[error(
        "these bytes are not a Veilsum keyring; choose the key file that was saved when the keyring was made"
    )]
    NotAKeyring,
    /// The format is newer than this build.
    #[error(
        "the keyring has format version {actual}, made by a newer version of Veilsum; this one reads up to {newest}. \
         Reload the page to get the newest version"
    )]
    NewerVersion {
        /// Version found.
        actual: u16,
        /// Newest version known.
        newest: u16,
    },
    /// The bytes were a keyring once.
    #[error("the keyring is damaged or cut off; use another copy of the key file")]
    Damaged,
    /// The passphrase would be too cheap to guess.
    #[error(
        "the keyring asks for Argon2id with {} KiB and {} passes, less than the {} KiB and {} passes that Veilsum \
         insists on; it was not made by Veilsum",
        actual.memory_kib, actual.passes, floor.memory_kib, floor.passes
    )]
    TooWeakParameters {
        /// Cost found.
        actual: PassphraseCost,
        /// Least accepted.
        floor: PassphraseCost,
    },
    /// Unlocking would exhaust the machine.
    #[error(
        "the keyring asks for Argon2id with {} KiB, {} passes and {} lanes, more than Veilsum ever uses; it was not \
         made by Veilsum",
        actual.memory_kib, actual.passes, actual.lanes
    )]
    TooCostlyParameters {
        /// Cost found.
        actual: PassphraseCost,
        /// Most accepted.
        ceiling: PassphraseCost,
    },
    /// The memory for Argon2id cannot be had.
    #[error("unlocking the keyring needs {needed_kib} KiB of memory; close other tabs and try again")]
    OutOfMemory {
        /// Memory that is needed.
        needed_kib: u32,
    },
}

/// A wrapped keyring whose framing is sound; shows what needs no passphrase.
///
/// The clear fields are bound to the payload: after a successful [`Self::unlock`] they are known to be true, before
/// it they are only what the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrapped {
    bytes: Vec<u8>,
    cost: PassphraseCost,
    salt: [u8; PASSWORD_SALT_BYTES],
    tenant: TenantId,
    modulus_bits: u32,
}

impl Wrapped {
    /// Reads the clear header and checks that the bytes are whole.
    ///
    /// # Errors
    /// Every [`UnlockError`] that can be told without the passphrase.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, UnlockError> {
        let mut reader = Reader::start(WHAT, bytes, MAGIC, VERSION)?;
        // Before any other field, so that a flipped bit is called damage and not, say, a weak parameter.
        let body = checked_body(bytes)?;
        if reader.u16()? != 0 {
            return Err(UnlockError::Damaged);
        }
        let cost = PassphraseCost { memory_kib: reader.u32()?, passes: reader.u32()?, lanes: reader.u32()? };
        let salt = reader.array()?;
        let tenant = TenantId::from_bytes(reader.array()?);
        let modulus_bits = reader.u32()?;
        let sealed_bytes = body.len().saturating_sub(HEADER_BYTES) as u64;
        if body.len() > MAX_WRAPPED_BYTES || seal::plaintext_len(sealed_bytes).is_none() {
            return Err(UnlockError::Damaged);
        }
        cost.check()?;
        Ok(Self { bytes: bytes.to_vec(), cost, salt, tenant, modulus_bits })
    }

    /// The stored form.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The tenant that the keyring's owner is to the cloud.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Bits of the Paillier modulus.
    #[must_use]
    pub fn modulus_bits(&self) -> u32 {
        self.modulus_bits
    }

    /// Unlocks the keyring. Takes the time and memory of one Argon2id run, and of checking the Paillier key.
    ///
    /// # Errors
    /// [`UnlockError::WrongPassphrase`], [`UnlockError::Damaged`] or [`UnlockError::OutOfMemory`].
    pub fn unlock(&self, passphrase: &str) -> Result<Keyring, UnlockError> {
        let key = self
            .cost
            .stretch(passphrase, &self.salt)
            .ok_or(UnlockError::OutOfMemory { needed_kib: self.cost.memory_kib })?;
        let body = &self.bytes[..self.bytes.len() - CHECKSUM_BYTES];
        let (header, sealed) = body.split_at(HEADER_BYTES);
        let payload = Zeroizing::new(seal::open(&key, header, sealed).map_err(|error| match error {
            // The commitment is to the key, so this and only this says that the key is another one.
            OpenError::WrongKey => UnlockError::WrongPassphrase,
            OpenError::Truncated { .. } | OpenError::Damaged { .. } => UnlockError::Damaged,
        })?);
        let keyring = Keyring::from_payload(&payload).map_err(|error| match error {
            PayloadError::NewerVersion { actual } => {
                UnlockError::NewerVersion { actual, newest: super::VERSION }
            }
            PayloadError::Malformed | PayloadError::Paillier => UnlockError::Damaged,
        })?;
        let modulus_bits = keyring.paillier().public_key().modulus_bits();
        if keyring.tenant() != self.tenant || modulus_bits != self.modulus_bits {
            return Err(UnlockError::Damaged);
        }
        Ok(keyring)
    }
}

impl Keyring {
    /// The stored form, sealed under `passphrase`. Takes the time and memory of one Argon2id run.
    ///
    /// # Errors
    /// [`WrapError`] for a passphrase of fewer than [`MIN_PASSPHRASE_CHARS`] characters, or too little memory.
    pub fn wrap(&self, passphrase: &str, rng: &mut impl CryptoRng) -> Result<Vec<u8>, WrapError> {
        let actual = passphrase.chars().count();
        if actual < MIN_PASSPHRASE_CHARS {
            return Err(WrapError::PassphraseTooShort { minimum: MIN_PASSPHRASE_CHARS, actual });
        }
        let cost = PassphraseCost::FLOOR;
        let mut salt = [0; PASSWORD_SALT_BYTES];
        rng.fill_bytes(&mut salt);
        let mut bytes = Vec::new();
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&[0; 2]);
        for parameter in [cost.memory_kib, cost.passes, cost.lanes] {
            bytes.extend_from_slice(&parameter.to_le_bytes());
        }
        bytes.extend_from_slice(&salt);
        bytes.extend_from_slice(self.tenant().as_bytes());
        bytes.extend_from_slice(&self.paillier().public_key().modulus_bits().to_le_bytes());

        let key =
            cost.stretch(passphrase, &salt).ok_or(WrapError::OutOfMemory { needed_kib: cost.memory_kib })?;
        let sealed = Sealer::new(&key, seal::random_salt(rng), &bytes).seal(&self.to_payload());
        bytes.extend_from_slice(&sealed);
        let checksum = checksum(&bytes);
        bytes.extend_from_slice(&checksum);
        Ok(bytes)
    }

    /// Unlocks a stored keyring.
    ///
    /// # Errors
    /// [`UnlockError`] saying which of all things is wrong.
    pub fn unwrap(bytes: &[u8], passphrase: &str) -> Result<Self, UnlockError> {
        Wrapped::from_bytes(bytes)?.unlock(passphrase)
    }
}

impl From<WireError> for UnlockError {
    fn from(error: WireError) -> Self {
        match error {
            WireError::WrongMagic { .. } => Self::NotAKeyring,
            WireError::UnknownVersion { actual, newest, .. } => Self::NewerVersion { actual, newest },
            WireError::Truncated { .. }
            | WireError::TrailingBytes { .. }
            | WireError::OutOfRange { .. }
            | WireError::Json { .. }
            | _ => Self::Damaged,
        }
    }
}

/// The bytes without the hash at their end, if it fits.
fn checked_body(bytes: &[u8]) -> Result<&[u8], UnlockError> {
    match bytes.split_last_chunk::<CHECKSUM_BYTES>() {
        Some((body, found)) if checksum(body) == *found => Ok(body),
        _ => Err(UnlockError::Damaged),
    }
}

fn checksum(body: &[u8]) -> [u8; CHECKSUM_BYTES] {
    Sha256::new().chain_update(KEYRING_CHECKSUM).chain_update(body).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSPHRASE: &str = "correct horse battery stäple";

    fn frozen() -> Wrapped {
        let hex: String = include_str!("../../tests/frozen/keyring_v1.hex").split_whitespace().collect();
        Wrapped::from_bytes(&hex::decode(hex).unwrap()).unwrap()
    }

    /// What a faulty or newer program that knows the passphrase could have stored.
    fn unlock_with_payload(change: impl Fn(&mut Vec<u8>)) -> UnlockError {
        let wrapped = frozen();
        let key = wrapped.cost.stretch(PASSPHRASE, &wrapped.salt).unwrap();
        let (header, rest) = wrapped.bytes.split_at(HEADER_BYTES);
        let sealed = &rest[..rest.len() - CHECKSUM_BYTES];
        let mut payload = seal::open(&key, header, sealed).unwrap();
        change(&mut payload);
        let sealed = Sealer::new(&key, [1; seal::SALT_BYTES], header).seal(&payload);
        let body = [header, &sealed].concat();
        let bytes = [&body[..], &checksum(&body)].concat();
        Wrapped::from_bytes(&bytes).unwrap().unlock(PASSPHRASE).unwrap_err()
    }

    #[test]
    fn a_payload_of_a_newer_version_is_named_so() {
        let error = unlock_with_payload(|payload| payload[4] = 2);
        assert_eq!(error, UnlockError::NewerVersion { actual: 2, newest: 1 });
    }

    #[test]
    fn a_payload_of_another_tenant_than_the_clear_header_is_damage() {
        assert_eq!(unlock_with_payload(|payload| payload[16] ^= 1), UnlockError::Damaged);
    }
}

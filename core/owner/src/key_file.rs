//! The key file: what an owner keeps outside the browser, and imports into another one.
//!
//! ```text
//! bytes  field                             (integers little-endian)
//!     4  magic "VSKF"
//!     2  format version, 1
//!     2  zero
//!     4  length of the wrapped keyring, w
//!     w  wrapped keyring
//!  rest  newest manifest numbers, sealed under a key derived from the master secret; context: all bytes before
//!
//! newest manifest numbers: count u32, then per dataset, in ascending order: dataset 16 bytes, sequence u64
//! ```
//!
//! The numbers let another browser notice that the cloud shows an older manifest than the owner has seen.

use std::collections::BTreeMap;

use rand_core::CryptoRng;
use veilsum_protocol::wire::{Reader, WireError};
use veilsum_protocol::{DatasetId, TenantId};

use crate::keyring::{Keyring, UnlockError, Wrapped};
use crate::seal::{self, Sealer};

const WHAT: &str = "key file";
const MAGIC: [u8; 4] = *b"VSKF";
/// Newest format version.
pub const VERSION: u16 = 1;
const HEADER_BYTES: usize = 12;
const ENTRY_BYTES: usize = DatasetId::BYTES + 8;

/// Why bytes are no usable key file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// The bytes are something else.
    #[error("this is not a Veilsum key file; choose the file that was saved when the keyring was made")]
    NotAKeyFile,
    /// The format is newer than this build.
    #[error(
        "the key file has format version {actual}, made by a newer version of Veilsum; this one reads up to {newest}. \
         Reload the page to get the newest version"
    )]
    NewerVersion {
        /// Version found.
        actual: u16,
        /// Newest version known.
        newest: u16,
    },
    /// The bytes were a key file once.
    #[error("the key file is damaged or cut off; use another copy of it")]
    Damaged,
    /// The keyring in it cannot be used.
    #[error(transparent)]
    Keyring(#[from] UnlockError),
    /// The keyring in it belongs to another tenant than the unlocked one.
    #[error(
        "the key file holds the keyring of tenant {actual}, the unlocked keyring is of tenant {expected}"
    )]
    OtherTenant {
        /// Tenant of the unlocked keyring.
        expected: TenantId,
        /// Tenant that the key file names.
        actual: TenantId,
    },
}

/// A key file whose framing is sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFile {
    /// The wrapped keyring; [`Wrapped::unlock`] opens it.
    pub wrapped: Wrapped,
    context: Vec<u8>,
    sealed_newest: Vec<u8>,
}

impl KeyFile {
    /// Writes a key file: `keyring_wrapped` is the stored form of `keyring`, `newest` the newest manifest number of
    /// each dataset that the owner has seen.
    ///
    /// # Errors
    /// [`KeyFileError`] if `keyring_wrapped` is no wrapped keyring or one of another tenant.
    pub fn export(
        keyring_wrapped: &[u8],
        keyring: &Keyring,
        newest: &BTreeMap<DatasetId, u64>,
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>, KeyFileError> {
        check_tenant(keyring, &Wrapped::from_bytes(keyring_wrapped)?)?;
        let mut bytes = Vec::with_capacity(HEADER_BYTES + keyring_wrapped.len());
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&[0; 2]);
        bytes.extend_from_slice(&length_field(keyring_wrapped));
        bytes.extend_from_slice(keyring_wrapped);
        let sealer = Sealer::new(&keyring.seal_key_for_key_file(), seal::random_salt(rng), &bytes);
        let sealed = sealer.seal(&newest_to_bytes(newest));
        bytes.extend_from_slice(&sealed);
        Ok(bytes)
    }

    /// Reads a key file as far as that goes without the passphrase.
    ///
    /// # Errors
    /// [`KeyFileError`] for anything but what [`Self::export`] writes.
    pub fn parse(bytes: &[u8]) -> Result<Self, KeyFileError> {
        let mut reader = Reader::start(WHAT, bytes, MAGIC, VERSION)?;
        if reader.u16()? != 0 {
            return Err(KeyFileError::Damaged);
        }
        let length = reader.u32()? as usize;
        let wrapped = Wrapped::from_bytes(reader.take(length)?)?;
        if seal::plaintext_len(reader.remaining() as u64).is_none() {
            return Err(KeyFileError::Damaged);
        }
        let (context, sealed_newest) = bytes.split_at(HEADER_BYTES + length);
        Ok(Self { wrapped, context: context.to_vec(), sealed_newest: sealed_newest.to_vec() })
    }

    /// The newest manifest number of each dataset that the owner had seen when the file was written.
    ///
    /// Without them (if this fails) the keyring is still good, but an older manifest cannot be told from the newest.
    ///
    /// # Errors
    /// [`KeyFileError`] if `keyring` is not the one in this file or the numbers are damaged.
    pub fn newest(&self, keyring: &Keyring) -> Result<BTreeMap<DatasetId, u64>, KeyFileError> {
        check_tenant(keyring, &self.wrapped)?;
        let bytes = seal::open(&keyring.seal_key_for_key_file(), &self.context, &self.sealed_newest)
            .map_err(|_| KeyFileError::Damaged)?;
        newest_from_bytes(&bytes).ok_or(KeyFileError::Damaged)
    }
}

impl From<WireError> for KeyFileError {
    fn from(error: WireError) -> Self {
        match error {
            WireError::WrongMagic { .. } => Self::NotAKeyFile,
            WireError::UnknownVersion { actual, newest, .. } => Self::NewerVersion { actual, newest },
            WireError::Truncated { .. }
            | WireError::TrailingBytes { .. }
            | WireError::OutOfRange { .. }
            | WireError::Json { .. }
            | _ => Self::Damaged,
        }
    }
}

/// The length of a wrapped keyring as the file has it.
fn length_field(keyring_wrapped: &[u8]) -> [u8; 4] {
    u32::try_from(keyring_wrapped.len()).expect("a wrapped keyring has a few kilobytes").to_le_bytes()
}

fn check_tenant(keyring: &Keyring, wrapped: &Wrapped) -> Result<(), KeyFileError> {
    let (expected, actual) = (keyring.tenant(), wrapped.tenant());
    if expected == actual { Ok(()) } else { Err(KeyFileError::OtherTenant { expected, actual }) }
}

fn newest_to_bytes(newest: &BTreeMap<DatasetId, u64>) -> Vec<u8> {
    let count = u32::try_from(newest.len()).expect("an owner has fewer than 2^32 datasets");
    let mut bytes = count.to_le_bytes().to_vec();
    for (dataset, sequence) in newest {
        bytes.extend_from_slice(dataset.as_bytes());
        bytes.extend_from_slice(&sequence.to_le_bytes());
    }
    bytes
}

fn newest_from_bytes(bytes: &[u8]) -> Option<BTreeMap<DatasetId, u64>> {
    let (count, entries) = bytes.split_first_chunk::<4>()?;
    let (entries, rest) = entries.as_chunks::<ENTRY_BYTES>();
    if !rest.is_empty() || entries.len() != u32::from_le_bytes(*count) as usize {
        return None;
    }
    let newest: BTreeMap<_, _> = entries
        .iter()
        .map(|entry| {
            let (dataset, sequence) = entry.split_at(DatasetId::BYTES);
            let dataset = dataset.try_into().expect("split off with this length");
            let sequence = sequence.try_into().expect("the rest of an entry has eight bytes");
            (DatasetId::from_bytes(dataset), u64::from_le_bytes(sequence))
        })
        .collect();
    (newest.len() == entries.len()).then_some(newest)
}

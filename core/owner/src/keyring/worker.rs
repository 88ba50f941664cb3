//! What a worker of the encryption pool is given: the keys to encrypt blocks and nothing else.
//!
//! ```text
//! bytes  field                             (integers little-endian)
//!     4  magic "VSWK"
//!     2  format version, 1
//!     2  zero
//!     4  length of the Paillier secret key, k
//!     k  Paillier secret key
//!     4  length of the check key, c
//!     c  check key
//! ```
//!
//! The bytes go from the vault's memory to a worker's and are stored nowhere.

use core::fmt;

use veilsum_protocol::wire::{Reader, WireError};
use zeroize::Zeroizing;

use super::{Keyring, length_field};
use crate::check::CheckKey;
use crate::paillier::SecretKey;

const WHAT: &str = "worker key bundle";
const MAGIC: [u8; 4] = *b"VSWK";
const VERSION: u16 = 1;

/// The keys that encrypt blocks.
pub struct EncryptionKeys {
    paillier: SecretKey,
    check_key: CheckKey,
}

/// The bytes are not what [`Keyring::to_worker_bytes`] writes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WorkerKeysError {
    /// The framing is wrong.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// A key in it fails its checks.
    #[error("the worker key bundle holds a {which} that fails its checks")]
    Key {
        /// The key.
        which: &'static str,
    },
}

impl Keyring {
    /// The keys to encrypt blocks, as bytes for [`EncryptionKeys::from_worker_bytes`] in another worker.
    #[must_use]
    pub fn to_worker_bytes(&self) -> Zeroizing<Vec<u8>> {
        let paillier = self.paillier.to_secret_bytes();
        let check_key = self.check_key().to_secret_bytes();
        let mut bytes = Zeroizing::new(Vec::with_capacity(16 + paillier.len() + check_key.len()));
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&[0; 2]);
        for key in [paillier, check_key] {
            bytes.extend_from_slice(&length_field(&key));
            bytes.extend_from_slice(&key);
        }
        bytes
    }
}

impl EncryptionKeys {
    /// Reads what [`Keyring::to_worker_bytes`] wrote, with all the checks of an import.
    ///
    /// # Errors
    /// [`WorkerKeysError`] for anything else.
    pub fn from_worker_bytes(bytes: &[u8]) -> Result<Self, WorkerKeysError> {
        let mut reader = Reader::start(WHAT, bytes, MAGIC, VERSION)?;
        if reader.u16()? != 0 {
            return Err(reader.out_of_range("reserved").into());
        }
        let length = reader.u32()? as usize;
        let paillier = SecretKey::from_secret_bytes(reader.take(length)?)
            .map_err(|_| WorkerKeysError::Key { which: "Paillier secret key" })?;
        let length = reader.u32()? as usize;
        let check_key = CheckKey::from_secret_bytes(reader.take(length)?)
            .map_err(|_| WorkerKeysError::Key { which: "check key" })?;
        reader.finish()?;
        Ok(Self { paillier, check_key })
    }

    /// The key that encrypts numbers.
    #[must_use]
    pub fn paillier(&self) -> &SecretKey {
        &self.paillier
    }

    /// The key of the check slot.
    #[must_use]
    pub fn check_key(&self) -> &CheckKey {
        &self.check_key
    }
}

impl fmt::Debug for EncryptionKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("EncryptionKeys(redacted)")
    }
}

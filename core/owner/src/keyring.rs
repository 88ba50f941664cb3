//! The keyring: every secret of one owner.
//!
//! It holds the identity key, the Paillier secret key and a master secret from which all other keys are derived.
//! Stored it is always [wrapped](wrapped) under a passphrase; unlocked it lives in worker memory only.
//!
//! ```text
//! payload, never stored unsealed           (integers little-endian)
//! bytes  field
//!     4  magic "VSKP"
//!     2  format version, 1
//!     2  zero
//!     8  created at, seconds since 1970-01-01 UTC
//!    32  seed of the identity key
//!    32  master secret
//!     4  length of the Paillier secret key, k
//!     k  Paillier secret key
//! ```

pub mod worker;
pub mod wrapped;

use core::fmt;

use rand_core::CryptoRng;
use veilsum_crypto::bfv::ParameterSet;
use veilsum_protocol::wire::{Reader, WireError};
use veilsum_protocol::{DatasetId, KeyFingerprint, TenantId};
use zeroize::Zeroizing;

use crate::bfv;
use crate::check::CheckKey;
use crate::identity::IdentityKey;
use crate::labels;
use crate::master::MasterSecret;
use crate::paillier::{KeygenError, KeygenProgress, ModulusSize, SecretKey};
use crate::seal::{HEADER_BYTES, OpenError, Opener, SALT_BYTES, SealKey, Sealer};

pub use worker::EncryptionKeys;
pub use wrapped::{MIN_PASSPHRASE_CHARS, UnlockError, WrapError, Wrapped};

const WHAT: &str = "keyring payload";
const MAGIC: [u8; 4] = *b"VSKP";
const VERSION: u16 = 1;
/// Far more than the secret key of the largest modulus needs.
const MAX_PAILLIER_BYTES: usize = 1 << 16;

/// Every secret of one owner, unlocked. Each part wipes itself when dropped.
pub struct Keyring {
    created_at: u64,
    identity: IdentityKey,
    master: MasterSecret,
    paillier: SecretKey,
}

impl Keyring {
    /// Draws a new keyring; `created_at` is the caller's clock in seconds since 1970-01-01 UTC.
    ///
    /// Takes seconds: `progress` is told where the search for the primes stands.
    ///
    /// # Errors
    /// [`KeygenError`] if no key could be made.
    pub fn generate(
        size: ModulusSize,
        created_at: u64,
        rng: &mut impl CryptoRng,
        progress: &mut dyn FnMut(KeygenProgress),
    ) -> Result<Self, KeygenError> {
        let paillier = SecretKey::generate(size, rng, progress)?;
        let identity = IdentityKey::generate(rng);
        let master = MasterSecret::generate(rng);
        Ok(Self::from_keys(created_at, identity, master, paillier))
    }

    /// Puts a keyring together from its keys.
    #[must_use]
    pub fn from_keys(
        created_at: u64,
        identity: IdentityKey,
        master: MasterSecret,
        paillier: SecretKey,
    ) -> Self {
        Self { created_at, identity, master, paillier }
    }

    /// When the keyring was made, seconds since 1970-01-01 UTC.
    #[must_use]
    pub fn created_at(&self) -> u64 {
        self.created_at
    }

    /// The key that signs in and signs manifests.
    #[must_use]
    pub fn identity(&self) -> &IdentityKey {
        &self.identity
    }

    /// The tenant that the owner is to the cloud.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        self.identity.tenant()
    }

    /// The key that encrypts and decrypts numbers.
    #[must_use]
    pub fn paillier(&self) -> &SecretKey {
        &self.paillier
    }

    /// Fingerprint of the public Paillier key.
    #[must_use]
    pub fn key_fingerprint(&self) -> KeyFingerprint {
        KeyFingerprint::from_bytes(self.paillier.public_key().fingerprint())
    }

    /// The key of the second engine under a parameter set, as bytes for a worker: derived from the master secret, so that
    /// every keyring has one.
    #[must_use]
    pub fn bfv_secret_bytes(&self, set: ParameterSet) -> Zeroizing<[u8; bfv::SecretKey::SECRET_BYTES]> {
        bfv::SecretKey::derive_secret_bytes(&self.master, set)
    }

    /// Fingerprint of that key.
    #[must_use]
    pub fn bfv_fingerprint(&self, set: ParameterSet) -> KeyFingerprint {
        bfv::SecretKey::derive_fingerprint(&self.master, set)
    }

    /// The secret that pseudonyms are drawn under, for a worker that makes them: with it, and only with it, the same name
    /// becomes the same pseudonym again.
    #[must_use]
    pub fn pseudonym_secret(&self) -> Zeroizing<[u8; 32]> {
        self.master.derive(labels::PSEUDONYM_SECRET, &[])
    }

    /// The key of the check slot.
    #[must_use]
    pub fn check_key(&self) -> CheckKey {
        let slot_count = self.paillier.public_key().layout().slot_count();
        CheckKey::derive(&self.master, &self.key_fingerprint(), slot_count)
    }

    /// The key that seals the manifests of one dataset.
    #[must_use]
    pub fn seal_key_for_manifest(&self, dataset: &DatasetId) -> SealKey {
        self.seal_key(labels::MANIFEST_SEAL_KEY, dataset.as_bytes())
    }

    /// The key that seals the original of one dataset; [`Self::original_sealer`] has the context too.
    #[must_use]
    pub fn seal_key_for_original(&self, dataset: &DatasetId) -> SealKey {
        self.seal_key(labels::ORIGINAL_SEAL_KEY, dataset.as_bytes())
    }

    /// The key that seals what a browser keeps for itself.
    #[must_use]
    pub fn local_seal_key(&self) -> SealKey {
        self.seal_key(labels::LOCAL_SEAL_KEY, &[])
    }

    /// The key that seals the newest manifest numbers in a key file.
    pub(crate) fn seal_key_for_key_file(&self) -> SealKey {
        self.seal_key(labels::KEY_FILE_SEAL_KEY, &[])
    }

    /// Seals the original of `dataset`; one `salt` belongs to one content.
    #[must_use]
    pub fn original_sealer(&self, dataset: &DatasetId, salt: [u8; SALT_BYTES]) -> Sealer {
        Sealer::new(&self.seal_key_for_original(dataset), salt, &original_context(dataset))
    }

    /// Opens the original of `dataset`, of which `header` are the first bytes.
    ///
    /// # Errors
    /// [`OpenError::WrongKey`] if it was not sealed by this keyring for this dataset.
    pub fn original_opener(
        &self,
        dataset: &DatasetId,
        header: &[u8; HEADER_BYTES],
    ) -> Result<Opener, OpenError> {
        Opener::new(&self.seal_key_for_original(dataset), header, &original_context(dataset))
    }

    fn seal_key(&self, label: &[u8], context: &[u8]) -> SealKey {
        SealKey::from_secret_bytes(&self.master.derive(label, context))
    }

    fn to_payload(&self) -> Zeroizing<Vec<u8>> {
        let paillier = self.paillier.to_secret_bytes();
        // The capacity is exact: growing would leave copies behind that are never wiped.
        let mut payload = Zeroizing::new(Vec::with_capacity(84 + paillier.len()));
        payload.extend_from_slice(&MAGIC);
        payload.extend_from_slice(&VERSION.to_le_bytes());
        payload.extend_from_slice(&[0; 2]);
        payload.extend_from_slice(&self.created_at.to_le_bytes());
        payload.extend_from_slice(self.identity.seed_secret_bytes());
        payload.extend_from_slice(self.master.secret_bytes());
        payload.extend_from_slice(&length_field(&paillier));
        payload.extend_from_slice(&paillier);
        payload
    }

    fn from_payload(payload: &[u8]) -> Result<Self, PayloadError> {
        let mut reader = Reader::start(WHAT, payload, MAGIC, VERSION)?;
        if reader.u16()? != 0 {
            return Err(reader.out_of_range("reserved").into());
        }
        let created_at = reader.u64()?;
        let seed = Zeroizing::new(reader.array()?);
        let master = Zeroizing::new(reader.array()?);
        let length = reader.u32()? as usize;
        if length > MAX_PAILLIER_BYTES {
            return Err(reader.out_of_range("length of the Paillier secret key").into());
        }
        let paillier =
            SecretKey::from_secret_bytes(reader.take(length)?).map_err(|_| PayloadError::Paillier)?;
        reader.finish()?;
        Ok(Self::from_keys(
            created_at,
            IdentityKey::from_seed(&seed),
            MasterSecret::from_bytes(*master),
            paillier,
        ))
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Keyring(tenant {}, secrets redacted)", self.tenant())
    }
}

/// Why an opened payload is no keyring. It was sealed with the right passphrase, so that only a faulty or newer
/// program can have written it.
#[derive(Debug)]
enum PayloadError {
    NewerVersion { actual: u16 },
    Malformed,
    Paillier,
}

impl From<WireError> for PayloadError {
    fn from(error: WireError) -> Self {
        match error {
            WireError::UnknownVersion { actual, .. } => Self::NewerVersion { actual },
            WireError::WrongMagic { .. }
            | WireError::Truncated { .. }
            | WireError::TrailingBytes { .. }
            | WireError::OutOfRange { .. }
            | WireError::Json { .. }
            | _ => Self::Malformed,
        }
    }
}

/// The length of a key's bytes as the formats here have it.
fn length_field(key: &[u8]) -> [u8; 4] {
    u32::try_from(key.len()).expect("a key has a few kilobytes").to_le_bytes()
}

fn original_context(dataset: &DatasetId) -> Vec<u8> {
    [labels::ORIGINAL_CONTEXT, dataset.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_of_a_payload_is_refused() {
        let hex: String = include_str!("../tests/frozen/keyring_v1.hex").split_whitespace().collect();
        let keyring = Keyring::unwrap(&hex::decode(hex).unwrap(), "correct horse battery stäple").unwrap();
        let good = keyring.to_payload();
        assert_eq!(Keyring::from_payload(&good).unwrap().tenant(), keyring.tenant());

        let with = |place: usize, value: &[u8]| {
            let mut payload = good.to_vec();
            payload[place..place + value.len()].copy_from_slice(value);
            Keyring::from_payload(&payload).unwrap_err()
        };
        assert!(matches!(with(0, b"VSKR"), PayloadError::Malformed));
        assert!(matches!(with(4, &[0, 0]), PayloadError::Malformed));
        assert!(matches!(with(4, &[2, 0]), PayloadError::NewerVersion { actual: 2 }));
        assert!(matches!(with(6, &[1]), PayloadError::Malformed));
        assert!(matches!(with(80, &u32::MAX.to_le_bytes()), PayloadError::Malformed));
        assert!(matches!(with(80, &0_u32.to_le_bytes()), PayloadError::Paillier));
        // The lowest byte of p: no longer the prime it was.
        assert!(matches!(with(84 + 20, &[0]), PayloadError::Paillier));
        for length in (0..84).chain([good.len() - 1]) {
            assert!(
                matches!(Keyring::from_payload(&good[..length]), Err(PayloadError::Malformed)),
                "{length}"
            );
        }
        let longer = [good.to_vec(), vec![0]].concat();
        assert!(matches!(Keyring::from_payload(&longer), Err(PayloadError::Malformed)));
    }
}

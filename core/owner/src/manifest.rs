//! Stored manifests: sealed, signed, numbered and hash-chained.
//!
//! ```text
//! offset  bytes  field                      (integers little-endian)
//!      0      4  magic "VSMF"
//!      4      2  format version, 1
//!      6      2  zero
//!      8     16  dataset
//!     24      8  sequence, from 1
//!     32     32  SHA-256 of the stored manifest before, zeros for the first
//!     64     32  public identity key of the owner
//!     96      8  length of the sealed payload, s
//!    104      s  payload (JSON), sealed; context: the 104 bytes before
//!  104+s     64  Ed25519 signature over all bytes before
//! ```
//!
//! The clear fields say nothing that the cloud does not know from the object's key; they repeat what is inside.

use rand_core::CryptoRng;
use veilsum_crypto::bfv::ParameterSet;
use veilsum_protocol::manifest::{Manifest, Scheme};
use veilsum_protocol::wire::{Reader, WireError};
use veilsum_protocol::{DatasetId, Digest, KeyFingerprint, TenantId};

use crate::identity::{self, PUBLIC_KEY_BYTES, SIGNATURE_BYTES};
use crate::keyring::Keyring;
use crate::labels::SignatureLabel;
use crate::seal::{self, OpenError, Sealer};

const WHAT: &str = "stored manifest";
const MAGIC: [u8; 4] = *b"VSMF";
/// Newest format version of the stored form; the payload has its own.
pub const VERSION: u16 = 1;
/// Bytes in front of the sealed payload.
pub const HEADER_BYTES: usize = 104;
/// Stands for "no manifest before".
const NO_PREVIOUS: [u8; Digest::BYTES] = [0; Digest::BYTES];

/// Why a stored manifest is not accepted, or a manifest not stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// The framing, or the JSON inside, is wrong.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// It names another owner.
    #[error("the manifest of dataset {dataset} is signed by tenant {actual}, not by you ({expected})")]
    OtherOwner {
        /// The dataset that was asked for.
        dataset: DatasetId,
        /// Own tenant.
        expected: TenantId,
        /// Tenant of the key in the manifest.
        actual: TenantId,
    },
    /// The signature does not fit: the bytes are not what the owner signed.
    #[error(
        "the signature of the manifest of dataset {dataset} is wrong: it was altered after you signed it"
    )]
    WrongSignature {
        /// The dataset that was asked for.
        dataset: DatasetId,
    },
    /// It is the manifest of another dataset.
    #[error("the cloud sent the manifest of dataset {actual} in place of that of dataset {expected}")]
    OtherDataset {
        /// The dataset that was asked for.
        expected: DatasetId,
        /// The dataset of the manifest.
        actual: DatasetId,
    },
    /// The sealed payload does not open.
    #[error("the manifest of dataset {dataset} does not open: {source}")]
    Sealed {
        /// The dataset that was asked for.
        dataset: DatasetId,
        /// Why.
        source: OpenError,
    },
    /// A field of the payload contradicts the clear header or itself.
    #[error("the manifest of dataset {dataset} contradicts itself in field {field}")]
    Inconsistent {
        /// The dataset.
        dataset: DatasetId,
        /// The field.
        field: &'static str,
    },
    /// It was encrypted under a key that is not in the keyring.
    #[error("dataset {dataset} is encrypted under key {actual}, but the keyring holds key {expected}")]
    OtherKey {
        /// The dataset.
        dataset: DatasetId,
        /// Key of the keyring.
        expected: KeyFingerprint,
        /// Key that the manifest names.
        actual: KeyFingerprint,
    },
}

/// The manifest is older than one that the owner has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the cloud shows manifest {actual} of dataset {dataset}, but you have seen manifest {newest_known}: newer data \
     is being withheld; do not rely on answers from this dataset until manifest {newest_known} is back"
)]
pub struct RollbackError {
    /// The dataset.
    pub dataset: DatasetId,
    /// Number of the manifest at hand.
    pub actual: u64,
    /// Newest number that the owner has seen.
    pub newest_known: u64,
}

/// Seals and signs a manifest. The result is stored write-once under its number.
///
/// # Errors
/// [`ManifestError::Inconsistent`] or [`ManifestError::OtherKey`] for a manifest that [`open_manifest`] would refuse.
pub fn seal_manifest(
    keyring: &Keyring,
    manifest: &Manifest,
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, ManifestError> {
    check_payload(keyring, manifest)?;
    let payload = manifest.to_bytes();
    let mut bytes = Vec::with_capacity(HEADER_BYTES);
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&[0; 2]);
    bytes.extend_from_slice(manifest.dataset.as_bytes());
    bytes.extend_from_slice(&manifest.sequence.to_le_bytes());
    bytes.extend_from_slice(&previous_field(manifest));
    bytes.extend_from_slice(&keyring.identity().public_bytes());
    bytes.extend_from_slice(&seal::sealed_len(payload.len() as u64).to_le_bytes());

    let key = keyring.seal_key_for_manifest(&manifest.dataset);
    let sealed = Sealer::new(&key, seal::random_salt(rng), &bytes).seal(&payload);
    bytes.extend_from_slice(&sealed);
    let signature = keyring.identity().sign(SignatureLabel::MANIFEST, &bytes);
    bytes.extend_from_slice(&signature);
    Ok(bytes)
}

/// Opens the stored manifest of `expected_dataset`: nothing in it is believed before the owner's signature over all
/// of it holds.
///
/// Says nothing about whether it is the newest: see [`check_successor`].
///
/// # Errors
/// [`ManifestError`] unless `bytes` are what this owner stored for this dataset.
pub fn open_manifest(
    keyring: &Keyring,
    expected_dataset: DatasetId,
    bytes: &[u8],
) -> Result<Manifest, ManifestError> {
    let mut reader = Reader::start(WHAT, bytes, MAGIC, VERSION)?;
    if reader.u16()? != 0 {
        return Err(reader.out_of_range("reserved").into());
    }
    let dataset = DatasetId::from_bytes(reader.array()?);
    let sequence = reader.u64()?;
    let previous: [u8; Digest::BYTES] = reader.array()?;
    let identity_key: [u8; PUBLIC_KEY_BYTES] = reader.array()?;
    let sealed_length = usize::try_from(reader.u64()?).unwrap_or(usize::MAX);
    let sealed = reader.take(sealed_length)?;
    let signature: [u8; SIGNATURE_BYTES] = reader.array()?;
    reader.finish()?;

    let own_key = keyring.identity().public_bytes();
    if identity_key != own_key {
        return Err(ManifestError::OtherOwner {
            dataset: expected_dataset,
            expected: keyring.tenant(),
            actual: TenantId::of_identity_key(&identity_key),
        });
    }
    let (header, _) = bytes.split_at(HEADER_BYTES);
    let signed = &bytes[..HEADER_BYTES + sealed.len()];
    identity::verify(&own_key, SignatureLabel::MANIFEST, signed, &signature)
        .map_err(|_| ManifestError::WrongSignature { dataset: expected_dataset })?;
    if dataset != expected_dataset {
        return Err(ManifestError::OtherDataset { expected: expected_dataset, actual: dataset });
    }

    let payload = seal::open(&keyring.seal_key_for_manifest(&dataset), header, sealed)
        .map_err(|source| ManifestError::Sealed { dataset, source })?;
    let manifest = Manifest::from_bytes(&payload)?;
    for (field, agrees) in [
        ("dataset", manifest.dataset == dataset),
        ("sequence", manifest.sequence == sequence),
        ("previous", previous_field(&manifest) == previous),
    ] {
        if !agrees {
            return Err(ManifestError::Inconsistent { dataset, field });
        }
    }
    check_payload(keyring, &manifest)?;
    Ok(manifest)
}

/// Checks that `manifest` is not older than the newest one that the owner has seen of this dataset.
///
/// A device that has seen none passes 0, and must say that it cannot rule out an older version.
///
/// # Errors
/// [`RollbackError`] if it is older.
pub fn check_successor(newest_known_sequence: u64, manifest: &Manifest) -> Result<(), RollbackError> {
    if manifest.sequence < newest_known_sequence {
        return Err(RollbackError {
            dataset: manifest.dataset,
            actual: manifest.sequence,
            newest_known: newest_known_sequence,
        });
    }
    Ok(())
}

/// Checks that `manifest` follows directly on the manifest `previous`, whose stored form is `previous_bytes`.
///
/// # Errors
/// [`ManifestError::Inconsistent`] naming the field that breaks the chain.
pub fn check_chain(
    previous: &Manifest,
    previous_bytes: &[u8],
    manifest: &Manifest,
) -> Result<(), ManifestError> {
    for (field, agrees) in [
        ("dataset", manifest.dataset == previous.dataset),
        ("sequence", manifest.sequence.checked_sub(1) == Some(previous.sequence)),
        ("previous", manifest.previous == Some(Digest::of(previous_bytes))),
    ] {
        if !agrees {
            return Err(ManifestError::Inconsistent { dataset: manifest.dataset, field });
        }
    }
    Ok(())
}

/// The field "SHA-256 of the stored manifest before" of the clear header.
fn previous_field(manifest: &Manifest) -> [u8; Digest::BYTES] {
    manifest.previous.map_or(NO_PREVIOUS, |digest| *digest.as_bytes())
}

/// What holds in every manifest that this keyring signs.
fn check_payload(keyring: &Keyring, manifest: &Manifest) -> Result<(), ManifestError> {
    let dataset = manifest.dataset;
    let inconsistent = |field| Err(ManifestError::Inconsistent { dataset, field });
    if manifest.sequence == 0 {
        return inconsistent("sequence");
    }
    // All zeros stand for "none" in the clear header; no SHA-256 hash is known to be that.
    if manifest.previous.is_none() != (manifest.sequence == 1)
        || manifest.previous.is_some_and(|digest| *digest.as_bytes() == NO_PREVIOUS)
    {
        return inconsistent("previous");
    }
    let expected = match &manifest.scheme {
        Scheme::Paillier { .. } => keyring.key_fingerprint(),
        Scheme::Bfv { parameter_set, .. } => match ParameterSet::from_id(*parameter_set) {
            Some(set) => keyring.bfv_fingerprint(set),
            None => return inconsistent("parameter_set"),
        },
    };
    let actual = *manifest.scheme.key();
    if actual != expected {
        return Err(ManifestError::OtherKey { dataset, expected, actual });
    }
    match &manifest.scheme {
        Scheme::Paillier { modulus_bits, modulus, .. } => {
            let public_key = keyring.paillier().public_key();
            if *modulus_bits != public_key.modulus_bits() {
                return inconsistent("modulus_bits");
            }
            if *modulus != public_key.to_hex() {
                return inconsistent("modulus");
            }
        }
        Scheme::Bfv { primes, .. } => {
            if manifest.factors.iter().any(|factor| factor.columns.len() != usize::from(*primes)) {
                return inconsistent("factors");
            }
        }
    }
    Ok(())
}

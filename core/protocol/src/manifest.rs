//! The manifest: all that the owner knows about a dataset. The cloud stores it sealed and signed and reads nothing.
//!
//! Payload: JSON. Sealing, signing and their framing are in `veilsum-owner`.

use serde::{Deserialize, Serialize};

use crate::id::{DatasetId, Digest, KeyFingerprint, UploadId};
use crate::wire::{WireError, check_version, from_json, to_json};

const WHAT: &str = "manifest";
/// Newest format version of the payload.
pub const VERSION: u16 = 1;

/// Number `sequence` of the manifests of one dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Format version.
    pub version: u16,
    /// The dataset.
    pub dataset: DatasetId,
    /// 1 for the first manifest, then one more each time.
    pub sequence: u64,
    /// SHA-256 of the stored (sealed, signed) bytes of the manifest before; `None` for the first.
    pub previous: Option<Digest>,
    /// Seconds since 1970-01-01 UTC at which the owner's browser made this manifest.
    pub created_at: u64,
    /// Seconds since 1970-01-01 UTC after which the scheme's key size should no longer be relied on.
    pub expires_at: u64,
    /// How values are encrypted.
    pub scheme: Scheme,
    /// The file that was encrypted.
    pub source: Source,
    /// Every column of the source, in file order, with what was done to it.
    pub columns: Vec<Column>,
    /// The stored row groups, by index.
    pub row_groups: Vec<RowGroupEntry>,
    /// The sealed copy of the source, where one is kept.
    pub original: Option<SealedOriginal>,
}

/// The scheme and its public parameters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Scheme {
    /// Packed Paillier with a check slot.
    Paillier {
        /// Bits of the modulus.
        modulus_bits: u32,
        /// Fingerprint of the public key.
        key: KeyFingerprint,
        /// The modulus n, big-endian lower-case hex.
        modulus: String,
    },
}

/// The file that was encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Name of the file.
    pub file_name: String,
    /// Size of the file in bytes.
    pub size_bytes: u64,
    /// SHA-256 of the file.
    pub sha256: Digest,
    /// Rows that were encrypted.
    pub row_count: u64,
    /// Rows that were skipped because they could not be read.
    pub skipped_row_count: u64,
    /// Words that the owner declared to mean "missing" when the file was read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing_words: Vec<String>,
    /// Whether the first row is data, so that the columns are called `column 1`, `column 2`, ….
    #[serde(default, skip_serializing_if = "is_no")]
    pub first_row_is_data: bool,
    /// Whether a comma stands before decimals, as in `1.234,56`.
    #[serde(default, skip_serializing_if = "is_no")]
    pub decimal_comma: bool,
}

/// What most files are is not written, nor was it before it could be chosen.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_no(answer: &bool) -> bool {
    !*answer
}

/// A column of the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name in the file's header.
    pub name: String,
    /// What was done to it.
    pub treatment: Treatment,
}

/// What was done to a column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Treatment {
    /// Encrypted as a number.
    Number(EncryptedNumber),
    /// Only in the sealed original.
    SealedOriginalOnly,
    /// Did not leave the browser.
    Dropped,
}

/// How a column of numbers is encoded and where it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncryptedNumber {
    /// Opaque number of the column with the values; a blank is stored as 0.
    pub column: u32,
    /// Opaque number of the column that holds 1 where a value is present and 0 where it is blank; `None` if no
    /// cell is blank.
    pub presence: Option<u32>,
    /// A value v is stored as the integer v·10^scale, rounded half to even where `rounded`.
    pub scale: u32,
    /// Whether any value was rounded to fit the scale: the error is then at most 0.5·10^-scale per cell.
    pub rounded: bool,
    /// Largest |integer| that was stored.
    pub largest_magnitude: u64,
    /// Bound class on the wire: |integer| < 2^bound_bits.
    pub bound_bits: u8,
    /// Blank cells.
    pub missing_count: u64,
}

/// A stored row group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowGroupEntry {
    /// Position in the dataset.
    pub index: u32,
    /// Rows.
    pub row_count: u32,
    /// The encryption attempt that its check values are bound to.
    pub upload: UploadId,
    /// The parts that it was uploaded in.
    pub parts: Vec<PartEntry>,
}

/// One part of a multipart upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartEntry {
    /// Bytes.
    pub size_bytes: u64,
    /// SHA-256 of the bytes.
    pub sha256: Digest,
}

/// The sealed copy of the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedOriginal {
    /// Bytes before sealing.
    pub plaintext_bytes: u64,
    /// Whether it is the source byte for byte, or written anew without the dropped columns.
    pub exact: bool,
    /// The parts that it was uploaded in.
    pub parts: Vec<PartEntry>,
}

impl RowGroupEntry {
    /// Size of the stored object in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.size_bytes).sum()
    }

    /// S3's composite checksum of the stored object.
    #[must_use]
    pub fn checksum(&self) -> Digest {
        Digest::composite(self.parts.iter().map(|part| &part.sha256))
    }
}

impl Manifest {
    /// The payload as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        to_json(self)
    }

    /// Reads a payload.
    ///
    /// # Errors
    /// [`WireError`] for JSON of another form or an unknown version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, WireError> {
        /// Read first, so that a newer format is named as such.
        #[derive(Deserialize)]
        struct Versioned {
            version: u16,
        }
        let Versioned { version: actual } = from_json(WHAT, bytes)?;
        check_version(WHAT, actual, VERSION)?;
        from_json(WHAT, bytes)
    }

    /// The encrypted columns with their names, in file order.
    pub fn numbers(&self) -> impl Iterator<Item = (&str, &EncryptedNumber)> {
        self.columns.iter().filter_map(|column| match &column.treatment {
            Treatment::Number(number) => Some((column.name.as_str(), number)),
            Treatment::SealedOriginalOnly | Treatment::Dropped => None,
        })
    }
}

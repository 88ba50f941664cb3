//! The manifest: all that the owner knows about a dataset. The cloud stores it sealed and signed and reads nothing.
//!
//! Payload: JSON. Sealing, signing and their framing are in `veilsum-owner`.

use serde::{Deserialize, Serialize};

use crate::id::{DatasetId, Digest, KeyFingerprint, UploadId};
use crate::term::{Factor, Term};
use crate::wire::{WireError, check_version, from_json, to_json};

const WHAT: &str = "manifest";
/// Newest format version of the payload. Version 1 knew one batch of rows, one set of columns and no derived ones,
/// version 2 one engine, version 3 only rows as they are in the file.
pub const VERSION: u16 = 4;
/// The first column set: the columns that are encrypted together with the table.
pub const FIRST_COLUMN_SET: u32 = 0;
/// Bits of a limb: wider derived values are split into columns of base 2^32 digits, the last one signed.
pub const LIMB_BITS: u32 = 32;
/// Most categories of a column.
pub const MAX_CATEGORIES: usize = 256;
/// Most bins of a binning.
pub const MAX_BINS: u32 = 256;

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
    /// Every column of the source, after its preparation, in order, with what was done to it.
    pub columns: Vec<Column>,
    /// The stored row groups, by ascending index. Within a batch and a column set they follow the rows.
    pub row_groups: Vec<RowGroupEntry>,
    /// The sealed copy of the source, where one is kept.
    pub original: Option<SealedOriginal>,
    /// The files of batches 1, 2, …, which were appended; batch 0 is `source`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub appended: Vec<Source>,
    /// Columns that hold products of cells for analyses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub derived: Vec<DerivedColumn>,
    /// Columns that the cloud may multiply; only under [`Scheme::Bfv`], where nothing else is stored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub factors: Vec<FactorColumn>,
    /// Columns that looked as if they said who people are, and what the owner decided about them when asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identifying: Vec<IdentifyingColumn>,
}

/// A column of the file that looked as if it said who people are, and what was decided about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentifyingColumn {
    /// Its name.
    pub name: String,
    /// What it looked like, in a sentence without cells.
    pub looks_like: String,
    /// What the encrypted rows hold of it.
    pub decision: IdentifyingDecision,
    /// Whether a sealed original has it as it is in the file, by its owner's word; `None` in manifests that were written
    /// before this was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_original: Option<bool>,
}

/// What an owner decided about a column that looks as if it said who people are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IdentifyingDecision {
    /// It, or an image of it, is encrypted all the same.
    Keep,
    /// It is encrypted as pseudonyms.
    Pseudonymise,
    /// It is encrypted as vaguer cells that rows share.
    Generalise,
    /// It is not encrypted.
    LeaveOut,
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
    /// BFV: every row of a block in a slot of its own, once modulo each of the first primes of a parameter set.
    Bfv {
        /// Number of the parameter set.
        parameter_set: u8,
        /// Plaintext primes that every factor is encrypted under.
        primes: u8,
        /// Fingerprint of the secret key, which nobody else can compute.
        key: KeyFingerprint,
    },
}

impl Scheme {
    /// Fingerprint of the key.
    #[must_use]
    pub const fn key(&self) -> &KeyFingerprint {
        match self {
            Self::Paillier { key, .. } | Self::Bfv { key, .. } => key,
        }
    }

    /// Whether the cloud can multiply, so that no products are prepared.
    #[must_use]
    pub const fn multiplies(&self) -> bool {
        matches!(self, Self::Bfv { .. })
    }
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
    /// What the cells of each column mean, each as `veilsum_table::types::ColumnType` is written in JSON; empty where all
    /// are as they stand in the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub column_types: Vec<String>,
    /// How the rows were prepared before they were encrypted; `None` where they are as in the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preparation: Option<Preparation>,
}

/// How the rows of a file became those that were encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preparation {
    /// The recipe and what it learnt, as `veilsum_prepare::Fitted` is written in JSON: the same file gives the same rows
    /// again, and the next one is prepared with the same numbers.
    pub fitted: String,
    /// Rows that were read from the file; [`Source::row_count`] counts those after preparation.
    pub read_row_count: u64,
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
    /// The cells that its category indicators stand for, by position: text as it is, numbers without needless digits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// The binnings that its bin indicators refer to, by position.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub binnings: Vec<Binning>,
}

/// Equal bins of a column of numbers: bin i holds the integers from `lower + i·width` to below `lower + (i+1)·width`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binning {
    /// Smallest integer (a cell v is v·10^scale) of the first bin.
    pub lower: i64,
    /// Integers in a bin, at least 1.
    pub width: u64,
    /// Bins, 1 to [`MAX_BINS`].
    pub count: u32,
}

impl Binning {
    /// The bin of an integer; `None` if it lies outside.
    #[must_use]
    pub fn bin_of(&self, integer: i64) -> Option<u32> {
        let above = u64::try_from(i128::from(integer) - i128::from(self.lower)).ok()?;
        let bin = u32::try_from(above.checked_div(self.width)?).ok()?;
        (bin < self.count).then_some(bin)
    }

    /// The smallest integer of a bin and the smallest above it.
    #[must_use]
    pub fn edges(&self, bin: u32) -> (i128, i128) {
        let at = |bin: i128| i128::from(self.lower) + bin * i128::from(self.width);
        (at(bin.into()), at(i128::from(bin) + 1))
    }
}

/// What was done to a column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Treatment {
    /// Encrypted as a number.
    Number(EncryptedNumber),
    /// Encrypted as indicators of its categories, where derived columns use them.
    Category {
        /// Blank cells.
        missing_count: u64,
    },
    /// Only in the sealed original.
    SealedOriginalOnly,
    /// Did not leave the browser.
    Dropped,
}

/// How a column of numbers is encoded and where it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncryptedNumber {
    /// Opaque number of the column with the values; a blank is stored as 0. Under BFV the first of the columns with the
    /// deviations.
    pub column: u32,
    /// Opaque number of the column that holds 1 where a value is present and 0 where it is blank; `None` if no
    /// cell is blank. Under BFV the first of the columns with that indicator.
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
    /// How deviations are taken in derived columns; `None` in version 1: from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub centring: Option<Centring>,
}

/// The deviation x of a stored integer is x = integer − centre.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Centring {
    /// The centre, near the middle of the values, so that squares stay small.
    pub centre: i64,
    /// Largest |x|.
    pub largest_deviation: u64,
}

impl EncryptedNumber {
    /// How deviations are taken.
    #[must_use]
    pub fn centring(&self) -> Centring {
        self.centring.unwrap_or(Centring { centre: 0, largest_deviation: self.largest_magnitude })
    }
}

/// Encrypted columns that hold a term, or several indicators as digits of one number.
///
/// The integer of a row is `Σ_i terms[i]·2^(digit_bits·i) = Σ_j limbs[j]·2^(32·j)`. There are several terms only if
/// all are indicators, and then there is one limb.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DerivedColumn {
    /// The column set that it was uploaded with.
    pub column_set: u32,
    /// What it holds.
    pub terms: Vec<Term>,
    /// Bits of a digit; 0 if there is one term. Sums stay apart while fewer than 2^digit_bits blocks are added.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub digit_bits: u8,
    /// Where it is stored: base 2^32, least significant first, all but the last without sign.
    pub limbs: Vec<Limb>,
}

/// One stored column of a [`DerivedColumn`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limb {
    /// Opaque number of the column.
    pub column: u32,
    /// Largest |integer| that was stored.
    pub largest_magnitude: u64,
    /// Bound class on the wire: |integer| < 2^bound_bits.
    pub bound_bits: u8,
}

/// A factor and where it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactorColumn {
    /// What it holds.
    pub factor: Factor,
    /// Largest |integer| that was stored.
    pub largest_magnitude: u64,
    /// Opaque numbers of the columns with the integers modulo the first, second, … prime of the parameter set.
    pub columns: Vec<u32>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(bits: &u8) -> bool {
    *bits == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_first(number: &u32) -> bool {
    *number == 0
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
    /// The batch that its rows came with, 0 for the first.
    #[serde(default, skip_serializing_if = "is_first")]
    pub batch: u32,
    /// The set of columns that it holds, 0 for the first.
    #[serde(default, skip_serializing_if = "is_first")]
    pub column_set: u32,
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

    /// The columns that are encrypted as numbers, with their names, in file order.
    pub fn numbers(&self) -> impl Iterator<Item = (&str, &EncryptedNumber)> {
        self.columns.iter().filter_map(|column| Some((column.name.as_str(), column.number()?)))
    }

    /// The file of a batch.
    #[must_use]
    pub fn batch(&self, batch: u32) -> Option<&Source> {
        match batch.checked_sub(1) {
            None => Some(&self.source),
            Some(later) => self.appended.get(later as usize),
        }
    }

    /// Batches of rows, at least 1.
    #[must_use]
    pub fn batch_count(&self) -> u32 {
        u32::try_from(self.appended.len()).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// Rows of all batches.
    #[must_use]
    pub fn row_count(&self) -> u64 {
        self.source.row_count + self.appended.iter().map(|source| source.row_count).sum::<u64>()
    }

    /// Where a factor is stored.
    #[must_use]
    pub fn factor(&self, factor: Factor) -> Option<&FactorColumn> {
        self.factors.iter().find(|stored| stored.factor == factor)
    }

    /// How many columns are stored, of all sets.
    #[must_use]
    pub fn stored_column_count(&self) -> usize {
        if self.scheme.multiplies() {
            return self.factors.iter().map(|factor| factor.columns.len()).sum();
        }
        self.stored_columns().count()
    }

    /// Every column that is stored to be added up, with what is known of its integers; none under BFV.
    pub fn stored_columns(&self) -> impl Iterator<Item = StoredColumn> {
        let added = self.numbers().filter(|_| !self.scheme.multiplies());
        let numbers = added.flat_map(|(_, number)| {
            let values = StoredColumn {
                column: number.column,
                column_set: FIRST_COLUMN_SET,
                largest_magnitude: number.largest_magnitude,
                bound_bits: number.bound_bits,
                digits: Digits::ONE,
            };
            let presence = number.presence.map(|column| StoredColumn {
                column,
                largest_magnitude: LARGEST_PRESENCE,
                bound_bits: PRESENCE_BOUND_BITS,
                ..values
            });
            [Some(values), presence].into_iter().flatten()
        });
        let derived = self.derived.iter().flat_map(|derived| {
            derived.limbs.iter().map(|limb| StoredColumn {
                column: limb.column,
                column_set: derived.column_set,
                largest_magnitude: limb.largest_magnitude,
                bound_bits: limb.bound_bits,
                digits: Digits {
                    bits: derived.digit_bits,
                    count: u32::try_from(derived.terms.len()).unwrap_or(u32::MAX),
                },
            })
        });
        numbers.chain(derived)
    }
}

/// Bound class of presence columns, which hold 0 and 1.
pub const PRESENCE_BOUND_BITS: u8 = 8;
/// The largest number in a presence column.
const LARGEST_PRESENCE: u64 = 1;

/// What a manifest knows of one stored column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredColumn {
    /// Opaque number of the column.
    pub column: u32,
    /// The set that it is stored with.
    pub column_set: u32,
    /// Largest |integer| that was stored.
    pub largest_magnitude: u64,
    /// Bound class on the wire.
    pub bound_bits: u8,
    /// The digits of its integers.
    pub digits: Digits,
}

/// How the integers of a stored column fall into digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digits {
    /// Bits of a digit; of no meaning if there is one.
    pub bits: u8,
    /// Digits, at least 1.
    pub count: u32,
}

impl Digits {
    /// The whole integer.
    pub const ONE: Self = Self { bits: 0, count: 1 };
}

impl Column {
    /// A column that is in no category and no bin.
    #[must_use]
    pub const fn new(name: String, treatment: Treatment) -> Self {
        Self { name, treatment, categories: Vec::new(), binnings: Vec::new() }
    }

    /// How it is encrypted as a number, if it is.
    #[must_use]
    pub const fn number(&self) -> Option<&EncryptedNumber> {
        match &self.treatment {
            Treatment::Number(number) => Some(number),
            Treatment::Category { .. } | Treatment::SealedOriginalOnly | Treatment::Dropped => None,
        }
    }

    /// Whether a cell of it may be blank; `None` if nothing of it is encrypted.
    #[must_use]
    pub const fn has_blanks(&self) -> Option<bool> {
        match &self.treatment {
            Treatment::Number(number) => Some(number.presence.is_some()),
            Treatment::Category { missing_count } => Some(*missing_count > 0),
            Treatment::SealedOriginalOnly | Treatment::Dropped => None,
        }
    }
}

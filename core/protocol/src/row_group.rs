//! A row group: one block of consecutive rows, all encrypted columns, as one stored object.
//!
//! ```text
//! offset  bytes  field                      (integers little-endian)
//!      0      4  magic "VSRG"
//!      4      2  format version: 1 for Paillier, 2 for BFV
//!      6      2  zero; BFV: the number of the parameter set
//!      8     32  fingerprint of the public key
//!     40     16  dataset
//!     56     16  upload id
//!     72      4  index of the row group in its dataset, from 0
//!     76      4  rows, rounded up to whole blocks: the exact number stays in the sealed manifest
//!     80      4  bits of the modulus n; BFV: zero
//!     84      4  bytes per ciphertext
//!     88      4  blocks (ciphertexts) per column
//!     92      4  columns
//!     96   24·c  per column: number u32, bound class u8 (bits; BFV: zero), 3 zero bytes, offset u64, length u64
//! 96+24·c        ciphertexts: column after column, block after block, each of fixed size
//! ```

use core::ops::Range;

use serde::{Deserialize, Serialize};

use crate::id::{DatasetId, KeyFingerprint, UploadId};
use crate::wire::{Reader, WireError};

const WHAT: &str = "row group";
const MAGIC: [u8; 4] = *b"VSRG";
/// Newest format version.
pub const VERSION: u16 = 2;
const VERSION_OF_PAILLIER: u16 = 1;
/// Largest ciphertext that a header may announce.
const MAX_CIPHERTEXT_BYTES: u32 = 1 << 20;
/// Bytes before the offset table.
pub const FIXED_HEADER_BYTES: usize = 96;
/// Bytes of one entry of the offset table.
pub const COLUMN_ENTRY_BYTES: usize = 24;
/// Rows of a full row group, unless the owner chose fewer.
pub const DEFAULT_ROWS: u32 = 65_536;
/// Most columns that a row group may hold.
pub const MAX_COLUMNS: u32 = 4_096;
/// Most bytes that a header can have; a reader that fetches this much has all of it.
pub const MAX_HEADER_BYTES: usize = FIXED_HEADER_BYTES + COLUMN_ENTRY_BYTES * MAX_COLUMNS as usize;
/// The bound classes: every slot of a column holds |value| < 2^class.
pub const BOUND_CLASSES: [u8; 7] = [8, 16, 24, 32, 40, 48, 56];
/// S3 wants every part but the last to have at least 5 MiB.
pub const MIN_PART_BYTES: u64 = 5 << 20;

/// What stands in front of the ciphertexts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowGroupHeader {
    /// Fingerprint of the public key that all ciphertexts were made under.
    pub key: KeyFingerprint,
    /// The dataset that the rows belong to.
    pub dataset: DatasetId,
    /// The encryption attempt, bound into every check value.
    pub upload: UploadId,
    /// Position of the row group in the dataset, from 0.
    pub index: u32,
    /// Rows, rounded up to whole blocks, at least 1. The exact number stays in the sealed manifest.
    pub row_count: u32,
    /// What the ciphertexts are.
    pub encryption: Encryption,
    /// Ciphertexts per column: `⌈row_count / slot_count⌉`.
    pub block_count: u32,
    /// The encrypted columns in storage order.
    pub columns: Vec<ColumnEntry>,
}

/// What the ciphertexts of a row group are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encryption {
    /// Packed Paillier: numbers modulo n².
    Paillier {
        /// Bits of the modulus n.
        modulus_bits: u32,
    },
    /// BFV: fresh ciphertexts, all of one size.
    Bfv {
        /// Number of the parameter set, not 0.
        parameter_set: u16,
        /// Bytes of a ciphertext.
        ciphertext_bytes: u32,
    },
}

impl Encryption {
    /// Bytes of one ciphertext.
    #[must_use]
    pub const fn ciphertext_bytes(self) -> u32 {
        match self {
            Self::Paillier { modulus_bits } => modulus_bits / 4,
            Self::Bfv { ciphertext_bytes, .. } => ciphertext_bytes,
        }
    }
}

/// One encrypted column of a row group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnEntry {
    /// Opaque number of the column in its dataset.
    pub column: u32,
    /// Bound class: every slot holds |value| < 2^bound_bits. 0 under BFV, where only the owner checks bounds.
    pub bound_bits: u8,
}

impl RowGroupHeader {
    /// Bytes of one ciphertext.
    #[must_use]
    pub fn ciphertext_bytes(&self) -> u32 {
        self.encryption.ciphertext_bytes()
    }

    /// Bytes of header and offset table.
    #[must_use]
    pub fn header_bytes(&self) -> u64 {
        (FIXED_HEADER_BYTES + COLUMN_ENTRY_BYTES * self.columns.len()) as u64
    }

    /// Bytes of one column's ciphertexts.
    #[must_use]
    pub fn column_bytes(&self) -> u64 {
        u64::from(self.block_count) * u64::from(self.ciphertext_bytes())
    }

    /// Bytes of the whole object.
    #[must_use]
    pub fn object_bytes(&self) -> u64 {
        self.header_bytes() + self.column_bytes() * self.columns.len() as u64
    }

    /// Where the ciphertexts of column number `column` lie in the object; `None` if it is not in this row group.
    #[must_use]
    pub fn column_range(&self, column: u32) -> Option<Range<u64>> {
        let position = self.columns.iter().position(|entry| entry.column == column)?;
        let start = self.header_bytes() + self.column_bytes() * position as u64;
        Some(start..start + self.column_bytes())
    }

    /// Cuts the object into the parts of a multipart upload, each at least [`MIN_PART_BYTES`] (but the last) and
    /// ending between two ciphertexts, so that a lost part can be made again without the others.
    #[must_use]
    pub fn parts(&self) -> Vec<Range<u64>> {
        let ciphertext_bytes = u64::from(self.ciphertext_bytes()).max(1);
        let step = MIN_PART_BYTES.div_ceil(ciphertext_bytes) * ciphertext_bytes;
        let end = self.object_bytes();
        let mut parts = Vec::new();
        let mut start = 0;
        let mut next = self.header_bytes() + step;
        while next < end {
            parts.push(start..next);
            start = next;
            next += step;
        }
        parts.push(start..end);
        parts
    }

    /// The header and offset table as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(FIXED_HEADER_BYTES + COLUMN_ENTRY_BYTES * self.columns.len());
        bytes.extend_from_slice(&MAGIC);
        let (version, parameter_set, modulus_bits) = match self.encryption {
            Encryption::Paillier { modulus_bits } => (VERSION_OF_PAILLIER, 0, modulus_bits),
            Encryption::Bfv { parameter_set, .. } => (VERSION, parameter_set, 0),
        };
        bytes.extend_from_slice(&version.to_le_bytes());
        bytes.extend_from_slice(&parameter_set.to_le_bytes());
        bytes.extend_from_slice(self.key.as_bytes());
        bytes.extend_from_slice(self.dataset.as_bytes());
        bytes.extend_from_slice(self.upload.as_bytes());
        let column_count = u32::try_from(self.columns.len()).unwrap_or(u32::MAX);
        for field in [
            self.index,
            self.row_count,
            modulus_bits,
            self.ciphertext_bytes(),
            self.block_count,
            column_count,
        ] {
            bytes.extend_from_slice(&field.to_le_bytes());
        }
        let mut offset = self.header_bytes();
        for entry in &self.columns {
            bytes.extend_from_slice(&entry.column.to_le_bytes());
            bytes.extend_from_slice(&[entry.bound_bits, 0, 0, 0]);
            bytes.extend_from_slice(&offset.to_le_bytes());
            bytes.extend_from_slice(&self.column_bytes().to_le_bytes());
            offset += self.column_bytes();
        }
        bytes
    }

    /// Bytes of header and offset table, told by the first [`FIXED_HEADER_BYTES`] of the object.
    ///
    /// # Errors
    /// [`WireError`] if these are not the first bytes of a row group of a known version.
    pub fn total_header_bytes(first_bytes: &[u8]) -> Result<usize, WireError> {
        let mut reader = Reader::start(WHAT, first_bytes, MAGIC, VERSION)?;
        reader.take(FIXED_HEADER_BYTES - 6 - 4)?;
        let column_count = reader.u32()?;
        if column_count == 0 || column_count > MAX_COLUMNS {
            return Err(reader.out_of_range("columns"));
        }
        Ok(FIXED_HEADER_BYTES + COLUMN_ENTRY_BYTES * column_count as usize)
    }

    /// Reads header and offset table. `bytes` holds exactly these.
    ///
    /// # Errors
    /// [`WireError`] if anything but exactly what [`Self::to_bytes`] writes is found.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::start(WHAT, bytes, MAGIC, VERSION)?;
        let parameter_set = reader.u16()?;
        // The reader has found these two bytes.
        let is_bfv = bytes.get(4..6) == Some(&VERSION.to_le_bytes());
        if is_bfv == (parameter_set == 0) {
            return Err(reader.out_of_range("parameter set"));
        }
        let key = KeyFingerprint::from_bytes(reader.array()?);
        let dataset = DatasetId::from_bytes(reader.array()?);
        let upload = UploadId::from_bytes(reader.array()?);
        let index = reader.u32()?;
        let row_count = reader.u32()?;
        let modulus_bits = reader.u32()?;
        let ciphertext_bytes = reader.u32()?;
        let block_count = reader.u32()?;
        let column_count = reader.u32()?;
        if row_count == 0 {
            return Err(reader.out_of_range("rows"));
        }
        let is_modulus = (1_024..=16_384).contains(&modulus_bits) && modulus_bits % 8 == 0;
        if if is_bfv { modulus_bits != 0 } else { !is_modulus } {
            return Err(reader.out_of_range("bits of the modulus"));
        }
        let fits = if is_bfv {
            (1..=MAX_CIPHERTEXT_BYTES).contains(&ciphertext_bytes)
        } else {
            ciphertext_bytes == modulus_bits / 4
        };
        if !fits {
            return Err(reader.out_of_range("bytes per ciphertext"));
        }
        let encryption = if is_bfv {
            Encryption::Bfv { parameter_set, ciphertext_bytes }
        } else {
            Encryption::Paillier { modulus_bits }
        };
        if block_count == 0 || block_count > row_count {
            return Err(reader.out_of_range("blocks per column"));
        }
        if column_count == 0 || column_count > MAX_COLUMNS {
            return Err(reader.out_of_range("columns"));
        }
        let mut header =
            Self { key, dataset, upload, index, row_count, encryption, block_count, columns: Vec::new() };
        let mut offset = (FIXED_HEADER_BYTES + COLUMN_ENTRY_BYTES * column_count as usize) as u64;
        for _ in 0..column_count {
            let column = reader.u32()?;
            let bound_bits = reader.u8()?;
            if if is_bfv { bound_bits != 0 } else { !BOUND_CLASSES.contains(&bound_bits) } {
                return Err(reader.out_of_range("bound class"));
            }
            if reader.array::<3>()? != [0; 3] {
                return Err(reader.out_of_range("reserved"));
            }
            if reader.u64()? != offset {
                return Err(reader.out_of_range("column offset"));
            }
            if reader.u64()? != header.column_bytes() {
                return Err(reader.out_of_range("column length"));
            }
            if header.columns.iter().any(|entry| entry.column == column) {
                return Err(reader.out_of_range("column number"));
            }
            offset += header.column_bytes();
            header.columns.push(ColumnEntry { column, bound_bits });
        }
        reader.finish()?;
        Ok(header)
    }
}

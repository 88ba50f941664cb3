//! From cells to the integers that are encrypted.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::cell::{Cell, MissingWords};
use crate::csv::Row;
use crate::decimal::{NumberError, ScaleError};
use crate::place::Place;
use crate::treat::NumberEncoding;

/// The integers of one row: one for each encoded column.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct EncodedRow {
    /// `v · 10^scale`, or 0 for a missing cell.
    pub values: Vec<i64>,
    /// Whether the cell is there.
    pub present: Vec<bool>,
    /// For each column of categories: the position of the cell's category, or `None` for a missing cell.
    pub categories: Vec<Option<u32>>,
}

/// A column whose cells are told apart.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CategoryEncoding {
    /// Position in the file, from 0.
    pub column: usize,
    /// Name.
    pub name: String,
    /// Whether cells are compared as numbers.
    pub is_number: bool,
    /// The different cells, as [`crate::profile::Category::text`] has them.
    pub categories: Vec<String>,
    /// Missing cells.
    pub missing_count: u64,
}

/// Says how many categories; what they are stays out of logs.
impl fmt::Debug for CategoryEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CategoryEncoding")
            .field("column", &self.column)
            .field("len", &self.categories.len())
            .finish_non_exhaustive()
    }
}

/// Says how many values there are; what they are stays out of logs.
impl fmt::Debug for EncodedRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncodedRow").field("len", &self.values.len()).finish_non_exhaustive()
    }
}

/// Why a cell cannot be encoded. None of these happens to the file that was profiled.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The cell is no number.
    #[error(
        "Column \"{name}\" of {place} {reason}. The file has changed since it was read: choose it again."
    )]
    NotANumber {
        /// Name of the column.
        name: String,
        /// The row.
        place: Place,
        /// Why it is no number.
        reason: NumberError,
    },
    /// The cell is missing and no cell of the column was.
    #[error(
        "Column \"{name}\" of {place} is blank. The file has changed since it was read: choose it again."
    )]
    Missing {
        /// Name of the column.
        name: String,
        /// The row.
        place: Place,
    },
    /// The cell is none of the categories of its column.
    #[error(
        "Column \"{name}\" of {place} is none of the {count} categories that this column has. If the file has changed \
         since it was read, choose it again; new rows can only be of known categories."
    )]
    UnknownCategory {
        /// Name of the column.
        name: String,
        /// The row.
        place: Place,
        /// Categories of the column.
        count: usize,
    },
    /// The number is beyond the bound of its column.
    #[error(
        "Column \"{name}\" of {place} is beyond the largest number of that column. The file has changed since it was \
         read: choose it again."
    )]
    BeyondBound {
        /// Name of the column.
        name: String,
        /// The row.
        place: Place,
    },
    /// The number has more decimals than its column keeps, and the owner was not told of any rounding.
    #[error(
        "Column \"{name}\" of {place} has {decimals} decimals where the column has at most {scale}. The file has \
         changed since it was read: choose it again."
    )]
    Inexact {
        /// Name of the column.
        name: String,
        /// The row.
        place: Place,
        /// Decimals of the number.
        decimals: u32,
        /// Decimals that the column keeps.
        scale: u32,
    },
}

/// Encodes a table row by row, in constant memory.
#[derive(Debug, Clone)]
pub struct RowEncoder {
    encodings: Vec<NumberEncoding>,
    categories: Vec<Lookup>,
    missing_words: MissingWords,
}

/// Finds the category of a cell.
#[derive(Debug, Clone)]
struct Lookup {
    encoding: CategoryEncoding,
    positions: BTreeMap<String, u32>,
}

impl Lookup {
    fn new(encoding: &CategoryEncoding) -> Self {
        let positions = encoding.categories.iter().cloned().zip(0..).collect();
        Self { encoding: encoding.clone(), positions }
    }

    /// The category of a cell, `None` if it is missing.
    fn find(&self, cell: &str, read: Cell, place: Place) -> Result<Option<u32>, EncodeError> {
        let found = match read {
            Cell::Missing if self.encoding.missing_count > 0 => return Ok(None),
            Cell::Missing => {
                return Err(EncodeError::Missing { name: self.encoding.name.clone(), place });
            }
            Cell::Number(number) if self.encoding.is_number => self.positions.get(&number.to_string()),
            Cell::Number(_) | Cell::Refused(_) => self.positions.get(cell.trim()),
        };
        found.copied().map(Some).ok_or_else(|| EncodeError::UnknownCategory {
            name: self.encoding.name.clone(),
            place,
            count: self.encoding.categories.len(),
        })
    }
}

impl RowEncoder {
    /// An encoder for these columns. `missing_words` are those of the profile that the encodings were made from.
    #[must_use]
    pub fn new(
        encodings: &[NumberEncoding],
        categories: &[CategoryEncoding],
        missing_words: &[String],
    ) -> Self {
        Self {
            encodings: encodings.to_vec(),
            categories: categories.iter().map(Lookup::new).collect(),
            missing_words: MissingWords::new(missing_words),
        }
    }

    /// The columns, in the order in which [`RowEncoder::encode`] gives them.
    #[must_use]
    pub fn encodings(&self) -> &[NumberEncoding] {
        &self.encodings
    }

    /// Encodes `row` into `encoded`, which is overwritten.
    ///
    /// # Errors
    /// [`EncodeError`] for the first cell that contradicts the encoding of its column; `encoded` is then of no use.
    pub fn encode(&self, row: &Row, encoded: &mut EncodedRow) -> Result<(), EncodeError> {
        encoded.values.clear();
        encoded.present.clear();
        encoded.categories.clear();
        for encoding in &self.encodings {
            let cell = row.read(encoding.column, &self.missing_words);
            let value = encode_cell(encoding, cell, row.place())?;
            encoded.values.push(value.unwrap_or(0));
            encoded.present.push(value.is_some());
        }
        for lookup in &self.categories {
            let cell = row.get(lookup.encoding.column).unwrap_or_default();
            let read = row.read(lookup.encoding.column, &self.missing_words);
            encoded.categories.push(lookup.find(cell, read, row.place())?);
        }
        Ok(())
    }
}

fn encode_cell(encoding: &NumberEncoding, cell: Cell, place: Place) -> Result<Option<i64>, EncodeError> {
    let name = || encoding.name.clone();
    let scale = encoding.scale;
    let number = match cell {
        Cell::Number(number) => number,
        Cell::Missing if encoding.needs_presence() => return Ok(None),
        Cell::Missing => return Err(EncodeError::Missing { name: name(), place }),
        Cell::Refused(reason) => return Err(EncodeError::NotANumber { name: name(), place, reason }),
    };
    let scaled = if encoding.rounded { number.to_scaled_rounded(scale) } else { number.to_scaled(scale) };
    match scaled {
        Ok(value) if value.unsigned_abs() <= encoding.largest_magnitude => Ok(Some(value)),
        Ok(_) | Err(ScaleError::TooLarge { .. }) => Err(EncodeError::BeyondBound { name: name(), place }),
        Err(ScaleError::Inexact { decimals, scale }) => {
            Err(EncodeError::Inexact { name: name(), place, decimals, scale })
        }
    }
}

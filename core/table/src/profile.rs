//! What is in a table: one pass, constant memory, every finding with its reason in words.

mod categories;
mod column;
mod reason;

use std::fmt;
use std::io::Read;

use serde::{Deserialize, Serialize};

pub use self::categories::{Category, MAX_CATEGORIES};

use self::column::ColumnProfiler;
use crate::cell::MissingWords;
use crate::csv::{CsvReader, ReadError, Row, Skipped};
use crate::decimal::Decimal;
use crate::place::Place;

/// Cells of a column that are kept as a sample.
pub const SAMPLE_CELLS: usize = 5;
/// Characters of a sampled cell; the rest is cut off.
pub const SAMPLE_CHARACTERS: usize = 80;
/// Spellings of "missing" that are told apart in one column.
pub const MAX_MISSING_WORDS: usize = 8;

/// What is in a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Rows that were read.
    pub row_count: u64,
    /// Every column, in file order.
    pub columns: Vec<ColumnProfile>,
    /// What the reader passed over.
    pub skipped: Skipped,
}

/// What is in a column.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnProfile {
    /// Its name.
    pub name: String,
    /// What its cells are.
    pub kind: Kind,
    /// Why, in words: "all 442 cells are numbers with up to 1 decimal".
    pub reason: String,
    /// Cells that are blank, or a word that the owner declared to mean "missing".
    pub missing: u64,
    /// Cells that are numbers: the count that an analysis of this column gives.
    pub count: u64,
    /// Cells that are neither.
    pub text_count: u64,
    /// Where the first of them is.
    pub first_text: Option<Place>,
    /// Usual spellings of "missing" among them, such as `N/A`.
    pub missing_words: Vec<MissingWord>,
    /// Smallest number of a column of numbers.
    pub min: Option<Decimal>,
    /// Largest number of a column of numbers.
    pub max: Option<Decimal>,
    /// Where the number is that is largest without its sign.
    pub largest_at: Option<Place>,
    /// Decimals of the number that has most of them. `59.0` has none.
    pub max_decimals: u32,
    /// Exact sum of a column of numbers in plain notation: the sum that an analysis of this column gives.
    pub exact_sum: Option<String>,
    /// Its first cells.
    pub samples: Vec<String>,
    /// Its different cells, numbers in their order and text in alphabetical order; `None` if there are more than
    /// [`MAX_CATEGORIES`], or one is very long. For whoever reads the file: not part of the serialised form.
    #[serde(skip)]
    pub categories: Option<Vec<Category>>,
}

/// What the cells of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Whole numbers.
    Integer,
    /// Numbers with decimals.
    Decimal,
    /// At least one cell is no number.
    Text,
    /// Nothing.
    Blank,
}

/// A usual spelling of "missing" that a column holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingWord {
    /// The word as it is in the file.
    pub word: String,
    /// Cells with it.
    pub count: u64,
    /// Where the first is.
    pub first: Place,
}

impl ColumnProfile {
    /// Whether the column would be one of numbers if [`ColumnProfile::missing_words`] meant "missing".
    #[must_use]
    pub fn is_number_but_for_missing_words(&self) -> bool {
        let words: u64 = self.missing_words.iter().map(|word| word.count).sum();
        self.count > 0 && words > 0 && words == self.text_count
    }
}

/// Says what kind of column it is; its name and what it holds stay out of logs.
impl fmt::Debug for ColumnProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ColumnProfile")
            .field("kind", &self.kind)
            .field("missing", &self.missing)
            .field("count", &self.count)
            .field("text_count", &self.text_count)
            .field("max_decimals", &self.max_decimals)
            .finish_non_exhaustive()
    }
}

/// Profiles a table row by row.
#[derive(Debug)]
pub struct Profiler {
    missing_words: MissingWords,
    row_count: u64,
    columns: Vec<ColumnProfiler>,
}

impl Profiler {
    /// A profile of a table with these columns.
    ///
    /// A cell that is one of `missing_words`, in capitals or not, counts as blank.
    #[must_use]
    pub fn new(header: &[String], missing_words: &[String]) -> Self {
        Self {
            missing_words: MissingWords::new(missing_words),
            row_count: 0,
            columns: header.iter().map(|name| ColumnProfiler::new(name)).collect(),
        }
    }

    /// Takes note of a row. A cell that the row lacks counts as blank.
    pub fn push(&mut self, row: &Row) {
        self.row_count += 1;
        let place = row.place();
        for (at, column) in self.columns.iter_mut().enumerate() {
            let cell = row.get(at).unwrap_or_default();
            column.push(cell, row.read(at, &self.missing_words), place);
        }
    }

    /// Rows so far.
    #[must_use]
    pub fn row_count(&self) -> u64 {
        self.row_count
    }

    /// The profile. `skipped` is what the reader says at the end of the file.
    ///
    /// # Errors
    /// [`ReadError::HeaderOnly`] if there was no row.
    pub fn finish(self, skipped: &Skipped) -> Result<Profile, ReadError> {
        if self.row_count == 0 {
            return Err(ReadError::HeaderOnly { skipped_row_count: skipped.row_count });
        }
        Ok(Profile {
            row_count: self.row_count,
            columns: self.columns.into_iter().map(ColumnProfiler::finish).collect(),
            skipped: skipped.clone(),
        })
    }
}

/// Profiles all that is left of a table.
///
/// # Errors
/// [`ReadError`] of the reader, or [`ReadError::HeaderOnly`].
pub fn profile<R: Read>(reader: &mut CsvReader<R>, missing_words: &[String]) -> Result<Profile, ReadError> {
    let mut profiler = Profiler::new(reader.header(), missing_words);
    let mut row = Row::new();
    while reader.next_row(&mut row)? {
        profiler.push(&row);
    }
    profiler.finish(reader.skipped())
}

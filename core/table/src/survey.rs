//! A closer look at a table in the same pass as [`crate::profile`]: different values, quantiles, histogram, most
//! frequent values, and what looks wrong or identifying. Memory is bounded whatever the file: what would not fit
//! exactly is sketched, and labelled approximate.

mod column;
mod distinct;
mod frequent;
mod identifying;
mod numbers;
mod warn;

use serde::{Deserialize, Serialize};

pub use self::distinct::Distinct;
pub use self::frequent::{Frequent, MostFrequent};
pub use self::identifying::Identifying;
pub use self::numbers::{Histogram, Numbers, Quantile};
pub use self::warn::Warning;

use self::column::ColumnSurveyor;
use crate::cell::MissingWords;
use crate::row::Row;

/// Values that are kept exactly over all columns together.
const EXACT_VALUES: usize = 1_000_000;
/// Values of one column that are kept exactly, at most and at least.
const EXACT_VALUES_OF_COLUMN: std::ops::RangeInclusive<usize> = 256..=10_000;

/// A closer look at a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Survey {
    /// Rows that were read.
    pub row_count: u64,
    /// Every column, in file order.
    pub columns: Vec<ColumnSurvey>,
}

/// A closer look at a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnSurvey {
    /// Cells that are not missing.
    pub count: u64,
    /// Different ones among them, as they are written.
    pub distinct: Distinct,
    /// What its numbers are like; `None` if there is anything else than numbers.
    pub numbers: Option<Numbers>,
    /// The most frequent ones, as they are written.
    pub most_frequent: MostFrequent,
    /// What the owner should look at.
    pub warnings: Vec<Warning>,
}

/// Surveys a table row by row.
#[derive(Debug)]
pub struct Surveyor {
    missing_words: MissingWords,
    row_count: u64,
    columns: Vec<ColumnSurveyor>,
}

impl Surveyor {
    /// A survey of a table with these columns; a cell that is one of `missing_words` counts as blank.
    #[must_use]
    pub fn new(header: &[String], missing_words: &[String]) -> Self {
        let (least, most) = EXACT_VALUES_OF_COLUMN.into_inner();
        let exact_values = (EXACT_VALUES / header.len().max(1)).clamp(least, most);
        Self {
            missing_words: MissingWords::new(missing_words),
            row_count: 0,
            columns: header.iter().map(|name| ColumnSurveyor::new(name, exact_values)).collect(),
        }
    }

    /// Takes note of a row: `written` as it is in the file, and `read` as [`crate::types::Converter`] gives it. Without
    /// types both are the same row.
    pub fn push(&mut self, written: &Row, read: &Row) {
        self.row_count += 1;
        for (at, column) in self.columns.iter_mut().enumerate() {
            let cell = written.get(at).unwrap_or_default().trim();
            column.push(cell, read.read(at, &self.missing_words));
        }
    }

    /// The survey.
    #[must_use]
    pub fn finish(self) -> Survey {
        let warnings = warn::of(&self.columns);
        let columns = self.columns.into_iter().zip(warnings);
        Survey {
            row_count: self.row_count,
            columns: columns.map(|(column, warnings)| column.finish(warnings)).collect(),
        }
    }
}

//! Rows that cannot be used: counted exactly, the first of them named with their reasons.

use std::fmt;
use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use crate::json::JsonFault;
use crate::place::Place;

/// Rows passed over that [`Skipped`] names; more are only counted.
pub const MAX_NAMED_SKIPPED_ROWS: usize = 1_000;

/// What the reader passed over.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Skipped {
    /// Rows that cannot be used.
    pub row_count: u64,
    /// The first [`MAX_NAMED_SKIPPED_ROWS`] of them.
    pub first_rows: Vec<SkippedRow>,
    /// Lines with nothing on them.
    pub blank_line_count: u64,
}

/// A row that was passed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedRow {
    /// Where it is.
    pub place: Place,
    /// Why it cannot be used.
    pub fault: RowFault,
}

/// Why a row cannot be used. It never says what a cell holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RowFault {
    /// It has more or fewer cells than the header.
    Ragged {
        /// Cells in the header.
        expected: usize,
        /// Cells in the row.
        actual: usize,
    },
    /// A cell is not UTF-8.
    InvalidUtf8 {
        /// Column, from 1.
        column: u64,
    },
    /// A JSON record is at fault.
    Json(JsonFault),
}

impl Skipped {
    /// Takes note of a row.
    pub fn add(&mut self, place: Place, fault: RowFault) {
        self.row_count += 1;
        if self.first_rows.len() < MAX_NAMED_SKIPPED_ROWS {
            self.first_rows.push(SkippedRow { place, fault });
        }
    }

    /// Writes the named rows as CSV: `row`, `line` (blank where the format has none) and `reason`. A last row says how
    /// many more there are.
    ///
    /// # Errors
    /// Those of `writer`.
    pub fn write_csv(&self, writer: impl Write) -> io::Result<()> {
        let mut records = ::csv::Writer::from_writer(writer);
        records.write_record(["row", "line", "reason"])?;
        for SkippedRow { place, fault } in &self.first_rows {
            let line = if place.line == 0 { String::new() } else { place.line.to_string() };
            let reason = fault.to_string();
            let reason = crate::csv_out::without_formula(&reason);
            records.write_record([place.row.to_string().as_str(), &line, &reason])?;
        }
        let named = crate::words::as_count(self.first_rows.len());
        if self.row_count > named {
            let more = crate::words::counted(self.row_count - named, "more row", "more rows");
            records.write_record(["", "", &format!("and {more}, not listed")])?;
        }
        records.flush()
    }
}

/// `row 7 (line 8): 3 cells instead of 5`.
impl fmt::Display for SkippedRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.fault)
    }
}

/// `3 cells instead of 5`.
impl fmt::Display for RowFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ragged { expected, actual } => {
                let cells = if *actual == 1 { "cell" } else { "cells" };
                write!(f, "{actual} {cells} instead of {expected}")
            }
            Self::InvalidUtf8 { column } => write!(f, "column {column} is not UTF-8 text"),
            Self::Json(fault) => fault.fmt(f),
        }
    }
}

//! What can be wrong with a file, in sentences.

use std::io;

use thiserror::Error;

use super::sniff::FileFormat;
use crate::json::JsonFault;
use crate::place::Place;
use crate::unpack::UnpackError;
use crate::words::{as_count, counted, grouped};

/// Why a file cannot be read as a table. Names the place and the next step, never what a cell holds.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// There is nothing in the file.
    #[error("The file is empty. Choose a CSV file with a header and at least one row.")]
    Empty,
    /// There are no rows to read. Raised by [`crate::profile`].
    #[error("{}", no_rows(*.skipped_row_count))]
    HeaderOnly {
        /// Ragged rows that were passed over.
        skipped_row_count: u64,
    },
    /// A row has more or fewer cells than the header.
    #[error("{}", ragged(Place::new(*.row, *.line), *.last_line, *.expected, *.actual))]
    Ragged {
        /// Row, from 1.
        row: u64,
        /// Line on which it starts.
        line: u64,
        /// Line on which it ends: more than `line` if a quoted cell holds line breaks.
        last_line: u64,
        /// Cells in the header.
        expected: usize,
        /// Cells in the row.
        actual: usize,
    },
    /// A cell is not UTF-8.
    #[error(
        "The file is not UTF-8 text: column {column} of {} holds other bytes. Save the file again as \
         \"CSV UTF-8\" and choose it once more.",
        Place::new(*.row, *.line)
    )]
    InvalidUtf8 {
        /// Row, from 1; 0 is the header.
        row: u64,
        /// Line on which it starts.
        line: u64,
        /// Column, from 1.
        column: u64,
    },
    /// The file is UTF-16 or UTF-32.
    #[error(
        "The file is UTF-16 text and only UTF-8 can be read. Save it again as \"CSV UTF-8\" and choose it once more."
    )]
    Utf16,
    /// The file is of another kind.
    #[error("The file is not CSV text but {}. {}", .format.in_words(), .format.next_step())]
    NotText {
        /// What it is.
        format: FileFormat,
    },
    /// The file is of no kind that is known, and no text.
    #[error(
        "The file is not text but binary data, so that there is no table in it to read. If it comes from a spreadsheet \
         or a database, export the table there as \"CSV UTF-8\" and choose that file."
    )]
    Binary,
    /// The header has too many columns.
    #[error(
        "The header has {} columns and at most {} can be read. Remove columns that are not needed, or split the \
         file.",
        grouped(as_count(*.actual)), grouped(as_count(*.maximum))
    )]
    TooManyColumns {
        /// Columns in the header.
        actual: usize,
        /// Most columns that can be read.
        maximum: usize,
    },
    /// A row is too long.
    #[error(
        "The file has no end of line within {} bytes of the start of {}. Check that it is a CSV file with one row \
         on each line.",
        grouped(as_count(*.maximum_bytes)), Place::new(*.row, *.line)
    )]
    RecordTooLong {
        /// Row, from 1; 0 is the header.
        row: u64,
        /// Line on which it starts.
        line: u64,
        /// Most bytes of a row.
        maximum_bytes: usize,
    },
    /// A cell starts with a quotation mark that has no partner.
    #[error(
        "A quotation mark opens column {column} of {} and is never closed. Add the closing mark, or remove the \
         opening one, and choose the file again.",
        Place::new(*.row, *.line)
    )]
    UnclosedQuote {
        /// Row, from 1; 0 is the header.
        row: u64,
        /// Line on which it starts.
        line: u64,
        /// Column, from 1.
        column: u64,
    },
    /// A quoted cell goes on behind its closing quotation mark.
    #[error(
        "Column {column} of {} has text behind a closing quotation mark. A mark before it may be without its partner, \
         or marks inside the cell must be doubled. Correct the row and choose the file again.",
        Place::new(*.row, *.line)
    )]
    TextAfterQuote {
        /// Row, from 1; 0 is the header.
        row: u64,
        /// Line on which it starts.
        line: u64,
        /// Column, from 1.
        column: u64,
    },
    /// The file could not be read on.
    #[error(
        "The file could not be read beyond byte {}: it may have been changed, moved or removed. Choose it again.",
        grouped(*.byte)
    )]
    Io {
        /// Offset of the last byte that was used.
        byte: u64,
        /// What the reader under this one said.
        source: io::Error,
    },
    /// A packed file cannot be unpacked.
    #[error(transparent)]
    Unpack(#[from] UnpackError),
    /// A JSON record is at fault.
    #[error("{}", .fault.sentence(*.place))]
    Json {
        /// The record and the line on which it starts.
        place: Place,
        /// What is wrong with it.
        fault: JsonFault,
    },
    /// The file holds JSON, but no records.
    #[error(
        "The file holds an empty JSON list, or records without fields. Choose a file with at least one record that has \
         fields."
    )]
    NoRecords,
    /// The reader was used on after an error.
    #[error("The file was not read to its end because of an earlier error. Choose it again.")]
    AfterError,
}

impl ReadError {
    /// What a failed read means: a fault of packing where one is inside.
    pub(crate) fn io(byte: u64, source: io::Error) -> Self {
        match source.get_ref().and_then(|inner| inner.downcast_ref::<UnpackError>()) {
            Some(unpack) => Self::Unpack(unpack.clone()),
            None => Self::Io { byte, source },
        }
    }
}

fn no_rows(skipped_row_count: u64) -> String {
    if skipped_row_count == 0 {
        return "The file has a header and no rows. Add at least one row below the header and choose it again."
            .to_owned();
    }
    let rows = match skipped_row_count {
        1 => "its one row".to_owned(),
        count => format!("each of its {} rows", grouped(count)),
    };
    format!(
        "No row of the file can be used: {rows} has more or fewer cells than the header, or another fault. Check \
         the header and the delimiter, and choose the file again."
    )
}

fn ragged(place: Place, last_line: u64, expected: usize, actual: usize) -> String {
    let cells = counted(as_count(actual), "cell", "cells");
    let names = counted(as_count(expected), "column", "columns");
    let fault = if actual < expected {
        format!("column {} is missing", actual + 1)
    } else {
        format!("cell {} has no column", expected + 1)
    };
    let quote = if last_line > place.line {
        format!(" It runs to line {last_line}: look for a quotation mark without its partner.")
    } else {
        String::new()
    };
    format!(
        "The table is ragged: {place} has {cells} and the table has {names}, so {fault}.{quote} Correct the row, \
         or choose to skip such rows."
    )
}

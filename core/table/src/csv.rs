//! A streaming CSV reader over any [`io::Read`], in constant memory.
//!
//! Crate `csv` splits the cells; this module adds what a stranger's file needs: recognising what is no CSV at all,
//! finding the delimiter, caps on sizes, and errors that say where.

mod error;
mod gate;
mod guess;
mod header;
mod sniff;

use std::fmt;
use std::io::{self, Read};

use serde::{Deserialize, Serialize};

pub use self::error::ReadError;
use self::gate::{Fault, Gate};
pub use self::guess::{FirstRow, Found};
pub use self::sniff::{Delimiter, FileFormat};
use crate::decimal::DecimalMark;
use crate::place::Place;
use crate::words::as_count;

/// Rows passed over that [`Skipped`] names; more are only counted.
pub const MAX_NAMED_SKIPPED_ROWS: usize = 100;

/// Bytes that `csv` takes from the gate at once; the gate ends each read at the end of a row anyway.
const BUFFER_BYTES: usize = 1 << 14;

/// What a file may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Most columns.
    pub max_columns: usize,
    /// Most bytes of one row, its delimiters and quotation marks included.
    pub max_record_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_columns: 2_000, max_record_bytes: 1 << 20 }
    }
}

/// What to do with a row that has more or fewer cells than the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowPolicy {
    /// Fail with [`ReadError::Ragged`].
    #[default]
    Reject,
    /// Pass over it and count it in [`Skipped`].
    Skip,
}

/// How to read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Options {
    /// What the file may cost.
    pub limits: Limits,
    /// The delimiter; `None` to find it in the file.
    pub delimiter: Option<Delimiter>,
    /// What the first row holds; `None` to find it in the file.
    pub first_row: Option<FirstRow>,
    /// What stands before decimals; `None` to find it in the file.
    pub decimal_mark: Option<DecimalMark>,
    /// What to do with ragged rows.
    pub ragged_rows: RowPolicy,
}

/// What the reader passed over.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Skipped {
    /// Ragged rows.
    pub row_count: u64,
    /// The first [`MAX_NAMED_SKIPPED_ROWS`] of them.
    pub first_rows: Vec<SkippedRow>,
    /// Lines with nothing on them.
    pub blank_line_count: u64,
}

/// A ragged row that was passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedRow {
    /// Where it is.
    pub place: Place,
    /// Cells in the header.
    pub expected: usize,
    /// Cells in the row.
    pub actual: usize,
}

/// `row 7 (line 8): 3 cells instead of 5`.
impl fmt::Display for SkippedRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cells = if self.actual == 1 { "cell" } else { "cells" };
        write!(f, "{}: {} {cells} instead of {}", self.place, self.actual, self.expected)
    }
}

/// One row, reused from row to row.
#[derive(Clone, Default)]
pub struct Row {
    cells: ::csv::StringRecord,
    /// 0 until a row has been read.
    number: u64,
    line: u64,
    decimal_mark: DecimalMark,
}

impl Row {
    /// An empty row to read into.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The cell of column `column`, counted from 0.
    #[must_use]
    pub fn get(&self, column: usize) -> Option<&str> {
        self.cells.get(column)
    }

    /// The cells in file order.
    pub fn cells(&self) -> impl Iterator<Item = &str> {
        self.cells.iter()
    }

    /// Cells in the row.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether the row has no cells: before anything is read into it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Where the row is in the file. Rows that were passed over are counted too.
    #[must_use]
    pub fn place(&self) -> Place {
        Place::new(self.number, self.line)
    }

    /// How its numbers are written.
    #[must_use]
    pub fn decimal_mark(&self) -> DecimalMark {
        self.decimal_mark
    }
}

/// Says where the row is; what it holds stays out of logs.
impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Row").field("place", &self.place()).field("len", &self.len()).finish_non_exhaustive()
    }
}

/// Reads the rows of a CSV file one by one.
pub struct CsvReader<R: Read> {
    records: ::csv::Reader<Gate<R>>,
    header: Vec<String>,
    delimiter: Delimiter,
    delimiter_reason: String,
    first_row: Found<FirstRow>,
    decimal_mark: Found<DecimalMark>,
    /// The first row, if it holds data and was not given yet.
    pending: Option<Row>,
    options: Options,
    /// Number of the last row that was read, skipped ones included.
    row_number: u64,
    skipped: Skipped,
    has_failed: bool,
}

impl<R: Read> CsvReader<R> {
    /// Reads the header, finds out how the file is written and refuses ragged rows.
    ///
    /// # Errors
    /// [`ReadError`] if the file is no CSV or its header breaks a limit.
    pub fn new(reader: R, limits: &Limits) -> Result<Self, ReadError> {
        Self::with_options(reader, &Options { limits: *limits, ..Options::default() })
    }

    /// Reads the header.
    ///
    /// # Errors
    /// [`ReadError`] if the file is no CSV or its header breaks a limit.
    pub fn with_options(mut reader: R, options: &Options) -> Result<Self, ReadError> {
        let head = sniff::read_head(&mut reader)?;
        let text = sniff::text_of(&head)?;
        let sniffed = match options.delimiter {
            Some(delimiter) => sniff::chosen(delimiter),
            None => sniff::find_delimiter(text, head.is_whole_file()),
        };
        let records = sniff::records(text, head.is_whole_file(), sniffed.delimiter);
        let decimal_mark = match options.decimal_mark {
            Some(mark) => Found::chosen(mark),
            None => guess::find_decimal_mark(&records, sniffed.delimiter),
        };
        let first_row = match options.first_row {
            Some(first_row) => Found::chosen(first_row),
            None => guess::find_first_row(&records, decimal_mark.value),
        };
        let bom_bytes = head.bytes().len() - text.len();
        let gate = Gate::new(
            reader,
            head.into_bytes(),
            bom_bytes,
            sniffed.delimiter,
            options.limits.max_record_bytes,
        );
        let records = ::csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(sniffed.delimiter.byte())
            .buffer_capacity(BUFFER_BYTES)
            .from_reader(gate);
        let mut this = Self {
            records,
            header: Vec::new(),
            delimiter: sniffed.delimiter,
            delimiter_reason: sniffed.reason(first_row.value),
            first_row,
            decimal_mark,
            pending: None,
            options: *options,
            row_number: 0,
            skipped: Skipped::default(),
            has_failed: false,
        };
        this.read_header()?;
        Ok(this)
    }

    /// Takes the first row for the names of the columns, or keeps it for later.
    fn read_header(&mut self) -> Result<(), ReadError> {
        let number = match self.first_row.value {
            FirstRow::Names => 0,
            FirstRow::Data => 1,
        };
        let mut first = Row::new();
        if !self.read_record(&mut first.cells, number)? {
            return Err(ReadError::Empty);
        }
        let maximum = self.options.limits.max_columns;
        if first.len() > maximum {
            return Err(ReadError::TooManyColumns { actual: first.len(), maximum });
        }
        match self.first_row.value {
            FirstRow::Names => self.header = header::distinct_names(first.cells()),
            FirstRow::Data => {
                self.header = header::distinct_names(first.cells().map(|_| ""));
                first.number = number;
                first.line = self.records.get_ref().record_line();
                first.decimal_mark = self.decimal_mark.value;
                self.row_number = number;
                self.pending = Some(first);
            }
        }
        Ok(())
    }

    /// Column names: never empty and never twice the same.
    ///
    /// The second of two equal names ends in ` (2)`; a column without a name is `column 3`.
    #[must_use]
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// What stands between two cells.
    #[must_use]
    pub fn delimiter(&self) -> Delimiter {
        self.delimiter
    }

    /// Why it is taken for the delimiter, in words.
    #[must_use]
    pub fn delimiter_reason(&self) -> &str {
        &self.delimiter_reason
    }

    /// What the first row holds, and why it is taken for that.
    #[must_use]
    pub fn first_row(&self) -> &Found<FirstRow> {
        &self.first_row
    }

    /// What stands before decimals, and why it is taken for that.
    #[must_use]
    pub fn decimal_mark(&self) -> &Found<DecimalMark> {
        &self.decimal_mark
    }

    /// What was passed over so far.
    #[must_use]
    pub fn skipped(&self) -> &Skipped {
        &self.skipped
    }

    /// Offset in the file at which the row read last ends; the length of the file once all is read.
    ///
    /// Of a line end of two bytes, the second counts with the next row.
    #[must_use]
    pub fn byte_position(&self) -> u64 {
        self.records.get_ref().position()
    }

    /// Reads the next row; `false` at the end of the file.
    ///
    /// # Errors
    /// [`ReadError`] with the place of the fault. After an error the reader only repeats
    /// [`ReadError::AfterError`], so that part of a file is not taken for the whole.
    pub fn next_row(&mut self, row: &mut Row) -> Result<bool, ReadError> {
        if self.has_failed {
            return Err(ReadError::AfterError);
        }
        let result = self.next_whole_row(row);
        self.has_failed = result.is_err();
        self.skipped.blank_line_count = self.records.get_ref().blank_line_count();
        result
    }

    fn next_whole_row(&mut self, row: &mut Row) -> Result<bool, ReadError> {
        if let Some(first) = self.pending.take() {
            *row = first;
            return Ok(true);
        }
        let expected = self.header.len();
        row.decimal_mark = self.decimal_mark.value;
        loop {
            let number = self.row_number + 1;
            if !self.read_record(&mut row.cells, number)? {
                return Ok(false);
            }
            self.row_number = number;
            row.number = number;
            row.line = self.records.get_ref().record_line();
            let actual = row.len();
            if actual == expected {
                return Ok(true);
            }
            match self.options.ragged_rows {
                RowPolicy::Reject => {
                    let last_line = self.records.get_ref().last_line();
                    return Err(ReadError::Ragged {
                        row: number,
                        line: row.line,
                        last_line,
                        expected,
                        actual,
                    });
                }
                RowPolicy::Skip => {
                    self.skipped.row_count += 1;
                    if self.skipped.first_rows.len() < MAX_NAMED_SKIPPED_ROWS {
                        self.skipped.first_rows.push(SkippedRow { place: row.place(), expected, actual });
                    }
                }
            }
        }
    }

    /// Reads record `number` whatever its length; `false` at the end of the file.
    fn read_record(&mut self, cells: &mut ::csv::StringRecord, number: u64) -> Result<bool, ReadError> {
        let read = self.records.read_record(cells);
        let gate = self.records.get_ref();
        let (row, line, column) = (number, gate.record_line(), gate.column());
        // An unclosed quotation mark swallows the rest of the file: all that follows from it is said by naming it.
        if gate.is_quote_open() && (gate.has_ended() || gate.fault().is_some()) {
            return Err(ReadError::UnclosedQuote { row, line, column });
        }
        read.map_err(|error| match (gate.fault(), error.kind()) {
            (Some(Fault::TooLong), _) => {
                let maximum_bytes = self.options.limits.max_record_bytes;
                ReadError::RecordTooLong { row, line, maximum_bytes }
            }
            (Some(Fault::TextAfterQuote), _) => ReadError::TextAfterQuote { row, line, column },
            (None, ::csv::ErrorKind::Utf8 { err, .. }) => {
                ReadError::InvalidUtf8 { row, line, column: as_count(err.field()) + 1 }
            }
            (None, _) => ReadError::Io { byte: gate.position(), source: io::Error::from(error) },
        })
    }
}

impl<R: Read> fmt::Debug for CsvReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CsvReader")
            .field("delimiter", &self.delimiter)
            .field("column_count", &self.header.len())
            .field("row_number", &self.row_number)
            .field("byte_position", &self.byte_position())
            .finish_non_exhaustive()
    }
}

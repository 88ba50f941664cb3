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
pub use self::guess::FirstRow;
pub(crate) use self::guess::find_first_row;
pub(crate) use self::header::distinct_names;
pub use self::sniff::{Delimiter, FileFormat};
pub(crate) use self::sniff::{read_head, text_of};
pub use crate::bad_rows::{MAX_NAMED_SKIPPED_ROWS, RowFault, Skipped, SkippedRow};
use crate::decimal::DecimalMark;
pub use crate::found::Found;
use crate::place::Place;
pub use crate::row::Row;
use crate::types::{ColumnType, TypeFinder};
use crate::words::as_count;

/// Bytes that `csv` takes from the gate at once; the gate ends each read at the end of a row anyway.
const BUFFER_BYTES: usize = 1 << 14;

/// First rows in which the types of columns are looked for.
pub(crate) const TYPED_ROWS: usize = 500;

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

/// What to do with a row that cannot be used, because it has more or fewer cells than the header or is at fault by
/// itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowPolicy {
    /// Fail with the error that names it.
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
    /// What to do with rows that cannot be used.
    pub ragged_rows: RowPolicy,
}

/// Reads the rows of a CSV file one by one.
pub struct CsvReader<R: Read> {
    records: ::csv::Reader<Gate<R>>,
    header: Vec<String>,
    delimiter: Delimiter,
    delimiter_reason: String,
    first_row: Found<FirstRow>,
    decimal_mark: Found<DecimalMark>,
    types: Vec<Found<ColumnType>>,
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
        let types = column_types(&records, first_row.value, decimal_mark.value);
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
            types,
            pending: None,
            options: *options,
            row_number: 0,
            skipped: Skipped::default(),
            has_failed: false,
        };
        this.read_header()?;
        this.types.resize_with(this.header.len(), || TypeFinder::default().finish());
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

    /// What the first cells of each column look like, and why: nothing is read in that way before
    /// [`crate::types::Converter`] is asked to.
    #[must_use]
    pub fn types(&self) -> &[Found<ColumnType>] {
        &self.types
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
        row.text_columns = None;
        loop {
            let number = self.row_number + 1;
            match self.read_record(&mut row.cells, number) {
                Ok(true) => {}
                Ok(false) => return Ok(false),
                // The record was read to its end, so that the next one is where it seems to be.
                Err(ReadError::InvalidUtf8 { row, line, column })
                    if self.options.ragged_rows == RowPolicy::Skip =>
                {
                    self.row_number = number;
                    self.skipped.add(Place::new(row, line), RowFault::InvalidUtf8 { column });
                    continue;
                }
                Err(error) => return Err(error),
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
                RowPolicy::Skip => self.skipped.add(row.place(), RowFault::Ragged { expected, actual }),
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
        read.map_err(|error| match (gate.fault(), error.into_kind()) {
            (Some(Fault::TooLong), _) => {
                let maximum_bytes = self.options.limits.max_record_bytes;
                ReadError::RecordTooLong { row, line, maximum_bytes }
            }
            (Some(Fault::TextAfterQuote), _) => ReadError::TextAfterQuote { row, line, column },
            (None, ::csv::ErrorKind::Utf8 { err, .. }) => {
                ReadError::InvalidUtf8 { row, line, column: as_count(err.field()) + 1 }
            }
            (None, ::csv::ErrorKind::Io(source)) => ReadError::io(gate.position(), source),
            (None, _) => ReadError::io(gate.position(), io::Error::other("the row cannot be read")),
        })
    }
}

/// What the cells of each column look like in the head of a file.
fn column_types(
    records: &[::csv::ByteRecord],
    first_row: FirstRow,
    mark: DecimalMark,
) -> Vec<Found<ColumnType>> {
    let mut finders: Vec<TypeFinder> = Vec::new();
    let width = records.first().map_or(0, ::csv::ByteRecord::len);
    finders.resize_with(width, || TypeFinder::with_mark(mark));
    let rows = records.iter().skip(usize::from(first_row == FirstRow::Names));
    for record in rows.take(TYPED_ROWS) {
        for (finder, cell) in finders.iter_mut().zip(record) {
            finder.push(str::from_utf8(cell).unwrap_or("\u{fffd}"));
        }
    }
    finders.into_iter().map(TypeFinder::finish).collect()
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

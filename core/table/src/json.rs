//! A streaming reader of JSON tables: a list of records, records one below the other, or lists of cells instead of
//! records, in memory that does not grow with the file.
//!
//! A scanner splits the file into records, crate `serde_json` reads each, and nested fields become columns by their
//! path: `{"a": {"b": [1, 2]}}` has the columns `a.b.0` and `a.b.1`. Numbers keep the digits of the file.

mod columns;
mod fault;
mod flatten;
mod scan;

use std::collections::VecDeque;
use std::fmt;
use std::io::Read;

use serde::{Deserialize, Serialize};

use self::columns::Columns;
pub use self::fault::JsonFault;
use self::flatten::Cells;
pub use self::scan::Layout;
pub(crate) use self::scan::looks_like_records;
use self::scan::{Record, Scanner};
use crate::bad_rows::{RowFault, Skipped};
use crate::csv::{FirstRow, ReadError, RowPolicy, find_first_row, read_head, text_of};
use crate::decimal::DecimalMark;
use crate::found::Found;
use crate::place::Place;
use crate::row::Row;
use crate::types::{ColumnType, TypeFinder};
use crate::words::{as_count, counted};

/// Bytes of the first records that are kept to find the columns in, whatever their number.
const MAX_DISCOVERY_BYTES: usize = 4 << 20;

/// What a JSON file may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Most columns, nested fields and elements of lists included.
    pub max_columns: usize,
    /// Most bytes of one record.
    pub max_record_bytes: usize,
    /// Most objects and lists inside each other in a record; at most 100.
    pub max_depth: usize,
    /// Most elements of a list inside a record.
    pub max_elements: usize,
    /// First records in which the columns are found, or fewer if they take more than 4 MiB.
    pub discovery_records: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_columns: 2_000,
            max_record_bytes: 1 << 20,
            max_depth: 16,
            max_elements: 64,
            discovery_records: 1_000,
        }
    }
}

/// How to read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Options {
    /// What the file may cost.
    pub limits: Limits,
    /// What the first record holds, where records are lists of cells; `None` to find it in the file.
    pub first_row: Option<FirstRow>,
    /// What to do with records that cannot be used.
    pub bad_rows: RowPolicy,
}

/// Reads the records of a JSON file one by one.
///
/// The columns are the fields of the first [`Limits::discovery_records`] records, in the order in which they appear. A
/// field that a record lacks, `null`, `{}` and `[]` are blank. A record with a field that none of the first had is a
/// bad row: its value would be lost. So is one with a field twice, or with a list longer than
/// [`Limits::max_elements`].
pub struct JsonReader<R: Read> {
    scanner: Scanner<R>,
    /// The first records, until they were given.
    pending: VecDeque<Record>,
    /// What went wrong behind them.
    deferred: Option<ReadError>,
    columns: Columns,
    header: Vec<String>,
    layout: Found<Layout>,
    first_row: Found<FirstRow>,
    types: Vec<Found<ColumnType>>,
    options: Options,
    record: Record,
    cells: Cells,
    row_number: u64,
    skipped: Skipped,
    has_failed: bool,
}

impl<R: Read> JsonReader<R> {
    /// Reads the first records and finds the columns in them.
    ///
    /// # Errors
    /// [`ReadError`] if the file is no JSON table, or breaks a limit.
    pub fn new(mut reader: R, options: &Options) -> Result<Self, ReadError> {
        let head = read_head(&mut reader)?;
        let text = text_of(&head)?;
        if text.trim_ascii().is_empty() {
            return Err(ReadError::Empty);
        }
        let bom_bytes = head.bytes().len() - text.len();
        let (layout, start) = scan::find_layout(text, head.is_whole_file());
        let skip = bom_bytes + start;
        let scanner = Scanner::new(reader, head.into_bytes(), skip, layout.value, &options.limits);
        let mut this = Self {
            scanner,
            pending: VecDeque::new(),
            deferred: None,
            columns: Columns::new(options.limits.max_columns),
            header: Vec::new(),
            layout,
            first_row: Found::surely(FirstRow::Data, "every record names its fields"),
            types: Vec::new(),
            options: *options,
            record: Record::default(),
            cells: Cells::default(),
            row_number: 0,
            skipped: Skipped::default(),
            has_failed: false,
        };
        this.keep_first_records();
        this.find_columns()?;
        Ok(this)
    }

    fn keep_first_records(&mut self) {
        let mut bytes = 0;
        while self.pending.len() < self.options.limits.discovery_records.max(1) && bytes < MAX_DISCOVERY_BYTES
        {
            let mut record = Record::default();
            match self.scanner.next(&mut record) {
                Ok(true) => {
                    bytes += record.bytes.len();
                    self.pending.push_back(record);
                }
                Ok(false) => break,
                Err(error) => {
                    // Whoever reads on gets the records before it, and then the error.
                    self.deferred = Some(self.located(error));
                    break;
                }
            }
        }
    }

    /// Columns, names and types from the first records.
    fn find_columns(&mut self) -> Result<(), ReadError> {
        let mut rows = Vec::new();
        let mut last_fault = None;
        for record in &self.pending {
            match flatten::flatten(record, &self.options.limits, &mut self.columns, true, &mut self.cells) {
                Ok(()) => rows.push(self.cells.to_record(self.columns.len())),
                Err(RowFault::Json(JsonFault::TooManyColumns { actual, maximum })) => {
                    return Err(ReadError::TooManyColumns { actual, maximum });
                }
                Err(fault) => {
                    last_fault.get_or_insert((Place::new(1, record.line), fault));
                }
            }
        }
        if self.columns.len() == 0 {
            return Err(match (last_fault, self.deferred.take()) {
                (Some((place, RowFault::Json(fault))), _) => ReadError::Json { place, fault },
                (_, Some(error)) => error,
                (_, None) => ReadError::NoRecords,
            });
        }
        let holds_lists = self.columns.list_width().is_some();
        if holds_lists {
            self.first_row = match self.options.first_row {
                Some(first_row) => Found::chosen(first_row),
                None => find_first_row(&rows, DecimalMark::Point),
            };
        }
        let names = match (holds_lists, self.first_row.value) {
            (true, FirstRow::Names) => self.take_names(),
            (true, FirstRow::Data) | (false, _) => Vec::new(),
        };
        self.header = crate::csv::distinct_names(self.columns.names(&names).iter().map(String::as_str));
        let skip = usize::from(holds_lists && self.first_row.value == FirstRow::Names);
        let mut finders: Vec<TypeFinder> = Vec::new();
        finders.resize_with(self.header.len(), TypeFinder::default);
        for row in rows.iter().skip(skip) {
            for (finder, cell) in finders.iter_mut().zip(row) {
                finder.push(str::from_utf8(cell).unwrap_or("\u{fffd}"));
            }
        }
        self.types = finders.into_iter().map(TypeFinder::finish).collect();
        Ok(())
    }

    /// Takes the first record for the names of the columns.
    fn take_names(&mut self) -> Vec<String> {
        let Some(first) = self.pending.pop_front() else { return Vec::new() };
        let columns = &mut self.columns;
        if flatten::flatten(&first, &self.options.limits, columns, false, &mut self.cells).is_err() {
            return Vec::new();
        }
        (0..columns.len()).map(|at| self.cells.get(at).to_owned()).collect()
    }

    /// Column names: never empty and never twice the same. Nested fields are named by their path, `a.b`.
    #[must_use]
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// How the records are laid out, and why that is taken to be so.
    #[must_use]
    pub fn layout(&self) -> &Found<Layout> {
        &self.layout
    }

    /// Whether the first record holds the names of the columns: only where records are lists.
    #[must_use]
    pub fn first_row(&self) -> &Found<FirstRow> {
        &self.first_row
    }

    /// Whether records name their fields, so that no first row holds names.
    #[must_use]
    pub fn has_named_fields(&self) -> bool {
        self.columns.list_width().is_none()
    }

    /// What the first cells of each column look like, and why.
    #[must_use]
    pub fn types(&self) -> &[Found<ColumnType>] {
        &self.types
    }

    /// What was passed over so far.
    #[must_use]
    pub fn skipped(&self) -> &Skipped {
        &self.skipped
    }

    /// Offset in the unpacked file behind the record that was scanned last.
    #[must_use]
    pub fn byte_position(&self) -> u64 {
        self.scanner.position()
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
        let result = self.next_usable_row(row);
        self.has_failed = result.is_err();
        self.skipped.blank_line_count = self.scanner.blank_line_count();
        result
    }

    fn next_usable_row(&mut self, row: &mut Row) -> Result<bool, ReadError> {
        loop {
            if !self.next_record()? {
                return Ok(false);
            }
            self.row_number += 1;
            let place = Place::new(self.row_number, self.record.line);
            let limits = &self.options.limits;
            match flatten::flatten(&self.record, limits, &mut self.columns, false, &mut self.cells) {
                Ok(()) => {
                    row.begin(place);
                    (0..self.columns.len()).for_each(|at| row.push(self.cells.get(at)));
                    return Ok(true);
                }
                Err(fault) => match self.options.bad_rows {
                    RowPolicy::Reject => return Err(rejected(place, fault)),
                    RowPolicy::Skip => self.skipped.add(place, fault),
                },
            }
        }
    }

    fn next_record(&mut self) -> Result<bool, ReadError> {
        if let Some(record) = self.pending.pop_front() {
            self.record = record;
            return Ok(true);
        }
        if let Some(error) = self.deferred.take() {
            return Err(error);
        }
        match self.scanner.next(&mut self.record) {
            Ok(more) => Ok(more),
            Err(error) => Err(self.located(error)),
        }
    }

    /// An error of the scanner, with the number of the record in progress.
    fn located(&self, error: scan::ScanError) -> ReadError {
        match error {
            scan::ScanError::Io(source) => ReadError::io(self.scanner.position(), source),
            scan::ScanError::Fault(fault) => {
                let row = self.row_number + as_count(self.pending.len()) + 1;
                ReadError::Json { place: Place::new(row, self.scanner.record_line()), fault }
            }
        }
    }
}

fn rejected(place: Place, fault: RowFault) -> ReadError {
    let Place { row, line } = place;
    match fault {
        RowFault::Ragged { expected, actual } => {
            ReadError::Ragged { row, line, last_line: line, expected, actual }
        }
        RowFault::InvalidUtf8 { column } => ReadError::InvalidUtf8 { row, line, column },
        RowFault::Json(fault) => ReadError::Json { place, fault },
    }
}

/// `list of records`, in words for people.
impl Layout {
    /// What it is called.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::List => "one list of records",
            Self::ListInObject => "a list of records inside of one object",
            Self::Lines => "one record on each line",
            Self::Sequence => "records one below the other",
        }
    }
}

impl<R: Read> fmt::Debug for JsonReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonReader")
            .field("layout", &self.layout.value)
            .field("column_count", &self.header.len())
            .field("row_number", &self.row_number)
            .field("skipped", &counted(self.skipped.row_count, "row", "rows"))
            .finish_non_exhaustive()
    }
}

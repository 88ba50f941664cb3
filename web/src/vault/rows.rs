//! The rows of a file, read in turns so that other messages are heard in between.

use veilsum_protocol::Digest;
use veilsum_table::csv::{FirstRow, ReadError, RowPolicy, Skipped};
use veilsum_table::decimal::DecimalMark;
use veilsum_table::json::JsonFault;
use veilsum_table::read::{Options, TableReader};
use veilsum_table::types::{ColumnType, Converter};
use veilsum_table::{Found, Row};

use crate::abort::Abort;
use crate::messages::{Fault, ReadOptions};
use crate::rows_out::as_written;
use crate::time::Turn;
use crate::vault::source::{DerivedRows, RunningHash, Source, SourceReader};

/// Rows between two looks at the clock.
const ROWS_PER_LOOK: u32 = 128;

/// The rows of a file, read in turns so that other messages are heard in between.
pub(crate) struct Rows {
    table: TableReader<SourceReader>,
    /// Rows of a Parquet file that were left out before.
    left_out: Skipped,
    types: Vec<Found<ColumnType>>,
    converter: Converter,
    hash: RunningHash,
    row: Row,
    converted: Row,
    turn: Turn,
    rows_to_look: u32,
}

impl Rows {
    /// Reads the header.
    ///
    /// # Errors
    /// A [`Fault`] if the file is no table.
    pub(crate) fn read(source: &Source, options: &ReadOptions) -> Result<Self, Fault> {
        let bad_rows = if options.skip_ragged_rows { RowPolicy::Skip } else { RowPolicy::Reject };
        let reader = source.rows_reader();
        let hash = reader.running_hash();
        let first_row = |is_data| if is_data { FirstRow::Data } else { FirstRow::Names };
        let decimal_mark = |is_comma| if is_comma { DecimalMark::Comma } else { DecimalMark::Point };
        let derived = source.derived();
        let is_prepared = source.preparation().is_some();
        let left_out = derived.map(|rows| rows.skipped().clone()).unwrap_or_default();
        // What was passed over when the rows were prepared was asked then.
        let is_refused = !options.skip_ragged_rows && !is_prepared;
        if let (Some(row), true) = (left_out.first_rows.first(), is_refused) {
            return Err(Fault::new(
                "bad-row",
                &format!("The Parquet file has {row}. Correct the row, or choose to skip such rows."),
            ));
        }
        let options_of_table = match derived {
            None => Options {
                bad_rows,
                first_row: options.first_row_is_data.map(first_row),
                decimal_mark: options.decimal_comma.map(decimal_mark),
                ..Options::default()
            },
            Some(_) => Options { bad_rows, ..as_written(FirstRow::Names) },
        };
        let table = TableReader::new(reader, &options_of_table)?;
        let found = derived.map_or_else(|| table.types(), DerivedRows::types);
        // Options are about the file; what its rows became knows its own types.
        let chosen = if is_prepared { None } else { options.types.as_deref() };
        let types = settled(found, chosen)?;
        let values: Vec<ColumnType> = types.iter().map(|found| found.value.clone()).collect();
        Ok(Self {
            table,
            left_out,
            types,
            converter: Converter::new(&values),
            hash,
            row: Row::new(),
            converted: Row::new(),
            turn: Turn::begin(),
            rows_to_look: ROWS_PER_LOOK,
        })
    }

    /// Reads the next row; `false` at the end. Gives way now and then.
    ///
    /// # Errors
    /// A [`Fault`] if the row is at fault, or if `abort` was used.
    pub(crate) async fn next(&mut self, abort: &Abort) -> Result<bool, Fault> {
        if self.rows_to_look == 0 && self.turn.is_over() {
            self.turn.pass().await;
            abort.check()?;
        }
        self.advance()
    }

    /// Reads the next row; `false` at the end. Gives way to nobody: for workers that do nothing else.
    ///
    /// # Errors
    /// A [`Fault`] if the row is at fault.
    pub(crate) fn advance(&mut self) -> Result<bool, Fault> {
        self.rows_to_look = self.rows_to_look.checked_sub(1).unwrap_or(ROWS_PER_LOOK - 1);
        Ok(self.table.next_row(&mut self.row)?)
    }

    /// What the cells of each column mean.
    pub(crate) fn types(&self) -> &[Found<ColumnType>] {
        &self.types
    }

    /// The reader, which knows what the file is.
    pub(crate) fn table(&self) -> &TableReader<SourceReader> {
        &self.table
    }

    /// Whether this is a good moment for anything that is done now and then.
    pub(crate) fn at_turn(&self) -> bool {
        self.rows_to_look == 0
    }

    /// The row with the numbers that its cells mean.
    pub(crate) fn row(&mut self) -> &Row {
        self.both().1
    }

    /// The row as it is in the file.
    pub(crate) fn written(&self) -> &Row {
        &self.row
    }

    /// The row as it is in the file, and with the numbers that its cells mean.
    pub(crate) fn both(&mut self) -> (&Row, &Row) {
        (&self.row, self.converter.convert(&self.row, &mut self.converted))
    }

    pub(crate) fn header(&self) -> &[String] {
        self.table.header()
    }

    /// What stands before decimals; `None` for a file in which that is not in question.
    pub(crate) fn decimal_mark(&self) -> Option<DecimalMark> {
        self.table.decimal_mark().map(|found| found.value)
    }

    pub(crate) fn skipped(&self) -> Skipped {
        let mut skipped = self.left_out.clone();
        let of_table = self.table.skipped();
        skipped.row_count += of_table.row_count;
        skipped.first_rows.extend_from_slice(&of_table.first_rows);
        skipped.blank_line_count = of_table.blank_line_count;
        skipped
    }

    pub(crate) fn byte_position(&self) -> u64 {
        self.table.byte_position()
    }

    /// SHA-256 of the file, once [`Self::next`] has given `false`.
    pub(crate) fn digest(&self) -> Digest {
        self.hash.digest()
    }
}

/// What each column holds: what its owner chose, or else what was found.
pub(crate) fn settled(
    found: &[Found<ColumnType>],
    chosen: Option<&[String]>,
) -> Result<Vec<Found<ColumnType>>, Fault> {
    let Some(chosen) = chosen else { return Ok(found.to_vec()) };
    let of_column = |(at, found): (usize, &Found<ColumnType>)| match chosen.get(at).map(String::as_str) {
        None => Ok(Found {
            value: ColumnType::Plain,
            reason: "as it stands in the file".to_owned(),
            is_doubtful: false,
        }),
        Some("") => Ok(found.clone()),
        Some(code) => match serde_json::from_str(code) {
            Ok(value) => Ok(Found { value, reason: "chosen by you".to_owned(), is_doubtful: false }),
            Err(_) => Err(Fault::new(
                "unknown-type",
                &format!(
                    "The cells of column {} have a type that this version does not know. Reload the page to get the \
                     newest version.",
                    at + 1
                ),
            )),
        },
    };
    found.iter().enumerate().map(of_column).collect()
}

impl From<ReadError> for Fault {
    fn from(error: ReadError) -> Self {
        let code = match error {
            ReadError::Empty | ReadError::HeaderOnly { .. } => "empty-table",
            ReadError::Ragged { .. } => "ragged-row",
            ReadError::Utf16 | ReadError::InvalidUtf8 { .. } => "not-utf8",
            ReadError::NotText { .. } | ReadError::Binary => "not-a-table",
            ReadError::Io { .. } | ReadError::AfterError => "file-unreadable",
            ReadError::Unpack(_) => "not-unpacked",
            // A record that is at fault by itself can be skipped.
            ReadError::Json {
                fault:
                    JsonFault::Syntax { .. }
                    | JsonFault::NotARecord
                    | JsonFault::MixedRecords
                    | JsonFault::RepeatedField { .. }
                    | JsonFault::UnknownField { .. }
                    | JsonFault::TooManyElements { .. },
                ..
            } => "bad-row",
            ReadError::NoRecords => "empty-table",
            ReadError::TooManyColumns { .. }
            | ReadError::RecordTooLong { .. }
            | ReadError::UnclosedQuote { .. }
            | ReadError::TextAfterQuote { .. }
            | _ => "unreadable-table",
        };
        Self::new(code, &error.to_string())
    }
}

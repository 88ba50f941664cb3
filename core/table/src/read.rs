//! One reader for every format of rows: says what a file is by its content, unpacks it and gives its rows.

use std::fmt;
use std::io::{self, Cursor, Read};

use serde::{Deserialize, Serialize};

use crate::bad_rows::Skipped;
use crate::csv::{self, CsvReader, FirstRow, ReadError, RowPolicy};
use crate::decimal::DecimalMark;
use crate::found::Found;
use crate::json::{self, JsonReader};
use crate::row::Row;
use crate::types::ColumnType;
use crate::unpack::{self, Position, Unpacked};
use crate::words::as_count;

/// Bytes in which a format shows.
pub const DETECTION_BYTES: usize = 4 << 10;
/// First and last bytes of a Parquet file.
const PARQUET_MAGIC: &[u8] = b"PAR1";
const UTF8_BOM: &[u8] = b"\xef\xbb\xbf";

/// The format of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Rows of delimited cells.
    Csv,
    /// A list of records, or records one below the other.
    Json,
    /// Column chunks: not read here but by `veilsum-parquet`, which needs the file's end first.
    Parquet,
}

/// How to read a file. What is `None` is found in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Options {
    /// The format of the content, unpacked.
    pub format: Option<Format>,
    /// What unpacking may cost.
    pub unpack_limits: unpack::Limits,
    /// What a CSV file may cost.
    pub csv_limits: csv::Limits,
    /// What a JSON file may cost.
    pub json_limits: json::Limits,
    /// The delimiter of a CSV file.
    pub delimiter: Option<csv::Delimiter>,
    /// What the first row holds.
    pub first_row: Option<FirstRow>,
    /// What stands before decimals in a CSV file; JSON says so itself.
    pub decimal_mark: Option<DecimalMark>,
    /// What to do with rows that cannot be used.
    pub bad_rows: RowPolicy,
}

/// The format of a file that starts with `head`, which may be longer than [`DETECTION_BYTES`]; gzip must be taken off
/// before.
#[must_use]
pub fn detect(head: &[u8]) -> Found<Format> {
    let text = head.strip_prefix(UTF8_BOM).unwrap_or(head);
    if head.starts_with(PARQUET_MAGIC) && head.get(4).is_some_and(|byte| matches!(byte, 0..=8 | 14..=31)) {
        return Found::surely(Format::Parquet, "the file starts with the mark of Parquet files");
    }
    if json::looks_like_records(text) {
        let reason = match text.trim_ascii_start().first() {
            Some(b'{') => "the file starts with a JSON object",
            _ => "the file starts with a JSON list",
        };
        return Found::surely(Format::Json, reason);
    }
    Found::surely(
        Format::Csv,
        "the file starts with neither a JSON object or list nor the mark of another format",
    )
}

/// Reads the rows of a CSV or JSON file, packed or not.
pub struct TableReader<R: Read> {
    rows: Rows<R>,
    format: Found<Format>,
    is_gzip: bool,
    position: Position,
}

type Content<R> = io::Chain<Cursor<Vec<u8>>, Unpacked<R>>;

enum Rows<R: Read> {
    Csv(Box<CsvReader<Content<R>>>),
    Json(Box<JsonReader<Content<R>>>),
}

impl<R: Read> TableReader<R> {
    /// Finds out what the file is and reads its header or first records.
    ///
    /// # Errors
    /// [`ReadError`] if it is no table that is read here, or breaks a limit.
    pub fn new(reader: R, options: &Options) -> Result<Self, ReadError> {
        let mut content =
            Unpacked::new(reader, &options.unpack_limits).map_err(|source| ReadError::io(0, source))?;
        let (is_gzip, position) = (content.is_gzip(), content.position());
        let mut head = Vec::with_capacity(DETECTION_BYTES);
        let read = content.by_ref().take(as_count(DETECTION_BYTES)).read_to_end(&mut head);
        read.map_err(|source| ReadError::io(position.get(), source))?;
        let format = match options.format {
            Some(format) => Found::chosen(format),
            None => detect(&head),
        };
        let content = Cursor::new(head).chain(content);
        let rows = match format.value {
            // A Parquet file inside gzip, or given to this reader, is refused by its name.
            Format::Csv | Format::Parquet => {
                Rows::Csv(Box::new(CsvReader::with_options(content, &csv_options(options))?))
            }
            Format::Json => {
                let options = json::Options {
                    limits: options.json_limits,
                    first_row: options.first_row,
                    bad_rows: options.bad_rows,
                };
                Rows::Json(Box::new(JsonReader::new(content, &options)?))
            }
        };
        Ok(Self { rows, format, is_gzip, position })
    }

    /// The format and why it is taken for that.
    #[must_use]
    pub fn format(&self) -> &Found<Format> {
        &self.format
    }

    /// Whether the file is packed with gzip.
    #[must_use]
    pub fn is_gzip(&self) -> bool {
        self.is_gzip
    }

    /// Column names: never empty and never twice the same.
    #[must_use]
    pub fn header(&self) -> &[String] {
        match &self.rows {
            Rows::Csv(rows) => rows.header(),
            Rows::Json(rows) => rows.header(),
        }
    }

    /// What the first row holds, and why.
    #[must_use]
    pub fn first_row(&self) -> &Found<FirstRow> {
        match &self.rows {
            Rows::Csv(rows) => rows.first_row(),
            Rows::Json(rows) => rows.first_row(),
        }
    }

    /// Whether each record names its fields, so that no first row holds names.
    #[must_use]
    pub fn has_named_fields(&self) -> bool {
        match &self.rows {
            Rows::Csv(_) => false,
            Rows::Json(rows) => rows.has_named_fields(),
        }
    }

    /// What stands before decimals, and why; `None` for JSON, where it is a point.
    #[must_use]
    pub fn decimal_mark(&self) -> Option<&Found<DecimalMark>> {
        match &self.rows {
            Rows::Csv(rows) => Some(rows.decimal_mark()),
            Rows::Json(_) => None,
        }
    }

    /// How rows are told apart, in words: "comma: the header and the first 20 rows have 5 columns each".
    #[must_use]
    pub fn layout_in_words(&self) -> String {
        match &self.rows {
            Rows::Csv(rows) => rows.delimiter_reason().to_owned(),
            Rows::Json(rows) => format!("{}: {}", rows.layout().value.in_words(), rows.layout().reason),
        }
    }

    /// The delimiter of a CSV file.
    #[must_use]
    pub fn delimiter(&self) -> Option<csv::Delimiter> {
        match &self.rows {
            Rows::Csv(rows) => Some(rows.delimiter()),
            Rows::Json(_) => None,
        }
    }

    /// What the first cells of each column look like, and why.
    #[must_use]
    pub fn types(&self) -> &[Found<ColumnType>] {
        match &self.rows {
            Rows::Csv(rows) => rows.types(),
            Rows::Json(rows) => rows.types(),
        }
    }

    /// What was passed over so far.
    #[must_use]
    pub fn skipped(&self) -> &Skipped {
        match &self.rows {
            Rows::Csv(rows) => rows.skipped(),
            Rows::Json(rows) => rows.skipped(),
        }
    }

    /// Bytes of the file itself that were read, packed if it is: for progress. Up to 64 KiB ahead of the rows.
    #[must_use]
    pub fn byte_position(&self) -> u64 {
        self.position.get()
    }

    /// Reads the next row; `false` at the end of the file.
    ///
    /// # Errors
    /// [`ReadError`] with the place of the fault; then [`ReadError::AfterError`] for ever.
    pub fn next_row(&mut self, row: &mut Row) -> Result<bool, ReadError> {
        match &mut self.rows {
            Rows::Csv(rows) => rows.next_row(row),
            Rows::Json(rows) => rows.next_row(row),
        }
    }
}

fn csv_options(options: &Options) -> csv::Options {
    csv::Options {
        limits: options.csv_limits,
        delimiter: options.delimiter,
        first_row: options.first_row,
        decimal_mark: options.decimal_mark,
        ragged_rows: options.bad_rows,
    }
}

impl<R: Read> fmt::Debug for TableReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TableReader")
            .field("format", &self.format.value)
            .field("is_gzip", &self.is_gzip)
            .field("column_count", &self.header().len())
            .finish_non_exhaustive()
    }
}

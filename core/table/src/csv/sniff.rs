//! What kind of file this is, and what stands between its cells, from its first bytes.

use std::io::{self, Read};

use serde::{Deserialize, Serialize};

use super::error::ReadError;
use super::guess::FirstRow;
use crate::words::{as_count, counted, grouped};

/// Bytes of the file that are looked at.
pub(super) const HEAD_BYTES: usize = 1 << 16;
const UTF8_BOM: &[u8] = b"\xef\xbb\xbf";
/// A text may have fewer control characters than this, or fewer than one in [`CONTROL_SHARE`] bytes. Compressed data
/// have one in nine.
const MIN_CONTROLS: usize = 8;
const CONTROL_SHARE: usize = 20;

/// What stands between two cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Delimiter {
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// A tabulator.
    Tab,
    /// `|`
    Bar,
}

impl Delimiter {
    /// Every delimiter; of two that explain a file equally well, the first is taken: a comma is the one that
    /// ordinary text holds.
    pub const ALL: [Self; 4] = [Self::Tab, Self::Semicolon, Self::Bar, Self::Comma];

    /// The delimiter as a byte.
    #[must_use]
    pub fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
            Self::Bar => b'|',
        }
    }

    /// What it is called.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Comma => "comma",
            Self::Semicolon => "semicolon",
            Self::Tab => "tab",
            Self::Bar => "vertical bar",
        }
    }
}

/// A kind of file that people choose instead of a CSV file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FileFormat {
    /// A zip archive that is no workbook.
    Zip,
    /// An Excel workbook (`.xlsx`).
    Xlsx,
    /// An Excel workbook of before 2007 (`.xls`), or another OLE file.
    Xls,
    /// An OpenDocument spreadsheet.
    Ods,
    /// A gzip file.
    Gzip,
    /// A bzip2, xz, zstd or 7z file.
    Compressed,
    /// A Parquet file.
    Parquet,
    /// A PDF document.
    Pdf,
    /// An SQLite database.
    Sqlite,
    /// A PNG picture.
    Png,
    /// A JPEG picture.
    Jpeg,
    /// A GIF or WebP picture.
    Picture,
}

impl FileFormat {
    /// What it is called.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Zip => "a zip archive",
            Self::Xlsx => "an Excel workbook",
            Self::Xls => "an Excel workbook of the old kind",
            Self::Ods => "an OpenDocument spreadsheet",
            Self::Gzip => "a gzip file",
            Self::Compressed => "a compressed file",
            Self::Parquet => "a Parquet file",
            Self::Pdf => "a PDF document",
            Self::Sqlite => "an SQLite database",
            Self::Png => "a PNG picture",
            Self::Jpeg => "a JPEG picture",
            Self::Picture => "a picture",
        }
    }

    /// What to do about it, as a sentence.
    #[must_use]
    pub fn next_step(self) -> &'static str {
        match self {
            Self::Zip | Self::Gzip | Self::Compressed => "Unpack it and choose the CSV file inside.",
            Self::Xlsx | Self::Xls | Self::Ods => "Save the sheet as \"CSV UTF-8\" and choose that file.",
            Self::Parquet | Self::Sqlite => "Export the table as CSV and choose that file.",
            Self::Pdf | Self::Png | Self::Jpeg | Self::Picture => {
                "Choose the CSV file that it was made from, or export the table as \"CSV UTF-8\"."
            }
        }
    }

    fn of(head: &[u8]) -> Option<Self> {
        let holds = |needle: &[u8]| head.windows(needle.len()).any(|window| window == needle);
        Some(match head {
            [b'P', b'K', 3, 4, ..] if holds(b"[Content_Types].xml") || holds(b"xl/") => Self::Xlsx,
            [b'P', b'K', 3, 4, ..] if holds(b"application/vnd.oasis.opendocument") => Self::Ods,
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Self::Zip,
            [0xd0, 0xcf, 0x11, 0xe0, ..] => Self::Xls,
            [0x1f, 0x8b, ..] => Self::Gzip,
            [b'B', b'Z', b'h', b'1'..=b'9', b'1', b'A', b'Y', ..]
            | [0xfd, b'7', b'z', b'X', b'Z', 0, ..]
            | [0x28, 0xb5, 0x2f, 0xfd, ..]
            | [b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c, ..] => Self::Compressed,
            // `PAR1` is a plausible column name, but no name goes on with a control character.
            [b'P', b'A', b'R', b'1', 0..=8 | 14..=31, ..] => Self::Parquet,
            [b'%', b'P', b'D', b'F', b'-', ..] => Self::Pdf,
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Self::Png,
            [0xff, 0xd8, 0xff, ..] => Self::Jpeg,
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', 0..=8 | 14..=31, ..] => Self::Picture,
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Self::Picture,
            _ if head.starts_with(b"SQLite format 3\0") => Self::Sqlite,
            _ => return None,
        })
    }
}

/// The first [`HEAD_BYTES`] bytes of a file, or all of a shorter one.
pub(crate) struct Head(Vec<u8>);

impl Head {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    pub(crate) fn is_whole_file(&self) -> bool {
        self.0.len() < HEAD_BYTES
    }
}

/// A delimiter and why it is taken for one.
pub(super) struct Sniffed {
    pub(super) delimiter: Delimiter,
    why: Why,
}

enum Why {
    Chosen,
    Fits(Fit),
    NoneFits,
}

impl Sniffed {
    /// Why, in words, where the first row holds names or data.
    pub(super) fn reason(&self, first_row: FirstRow) -> String {
        match (&self.why, first_row) {
            (Why::Chosen, _) => format!("chosen by you: {}", self.delimiter.in_words()),
            (Why::Fits(fit), FirstRow::Names) => fit.reason_below_names(),
            (Why::Fits(fit), FirstRow::Data) => fit.reason_in_data(),
            (Why::NoneFits, FirstRow::Names) => {
                "no comma, semicolon, tab or vertical bar in the header: one column".to_owned()
            }
            (Why::NoneFits, FirstRow::Data) => {
                "no comma, semicolon, tab or vertical bar in the first row: one column".to_owned()
            }
        }
    }
}

/// Reads the head, however small the pieces are in which the reader gives it.
pub(crate) fn read_head(reader: &mut impl Read) -> Result<Head, ReadError> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    let result = reader.by_ref().take(as_count(HEAD_BYTES)).read_to_end(&mut head);
    match result {
        Ok(_) => Ok(Head(head)),
        Err(source) => Err(read_failed(&head, source)),
    }
}

fn read_failed(head: &[u8], source: io::Error) -> ReadError {
    ReadError::io(as_count(head.len()), source)
}

/// The head without its byte order mark, or marks: files that were glued together have several, and crate `csv` would
/// remove a second one unseen by the gate.
pub(crate) fn text_of(head: &Head) -> Result<&[u8], ReadError> {
    let bytes = head.bytes();
    if let Some(format) = FileFormat::of(bytes) {
        return Err(ReadError::NotText { format });
    }
    match Encoding::of(bytes) {
        Encoding::Utf16 => return Err(ReadError::Utf16),
        Encoding::Binary => return Err(ReadError::Binary),
        Encoding::Text => {}
    }
    let mut text = bytes;
    while let Some(rest) = text.strip_prefix(UTF8_BOM) {
        text = rest;
    }
    Ok(text)
}

/// What the bytes of a file are, as far as control characters tell it.
enum Encoding {
    Text,
    Utf16,
    Binary,
}

impl Encoding {
    fn of(bytes: &[u8]) -> Self {
        let marks: [&[u8]; 3] = [b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff"];
        if marks.iter().any(|mark| bytes.starts_with(mark)) {
            return Self::Utf16;
        }
        let zeros = |parity: usize| bytes.iter().skip(parity).step_by(2).filter(|byte| **byte == 0).count();
        let (even, odd, half) = (zeros(0), zeros(1), bytes.len() / 2);
        let controls = bytes.iter().filter(|byte| matches!(byte, 0..=8 | 14..=26 | 28..=31)).count();
        let is_rare = |count: usize| count < MIN_CONTROLS || count * CONTROL_SHARE < bytes.len();
        // Western text in UTF-16 has a zero in every second byte, and no other control character.
        if half > 0 && (even * 2 > half) != (odd * 2 > half) && is_rare(controls - even - odd) {
            return Self::Utf16;
        }
        // Of a character that the end of the head cuts in two, nothing is wrong.
        let is_utf8 = str::from_utf8(bytes).map_or_else(|error| error.error_len().is_none(), |_| true);
        if !is_rare(even + odd) || (!is_rare(controls) && !is_utf8) { Self::Binary } else { Self::Text }
    }
}

/// The delimiter that the owner chose.
pub(super) fn chosen(delimiter: Delimiter) -> Sniffed {
    Sniffed { delimiter, why: Why::Chosen }
}

/// The delimiter under which most rows have as many cells as the header, and at least two.
pub(super) fn find_delimiter(text: &[u8], is_whole_file: bool) -> Sniffed {
    let mut best: Option<Fit> = None;
    for delimiter in Delimiter::ALL {
        let fit = Fit::of(text, is_whole_file, delimiter);
        if fit.columns >= 2 && best.as_ref().is_none_or(|best| fit.is_better_than(best)) {
            best = Some(fit);
        }
    }
    match best {
        Some(fit) => Sniffed { delimiter: fit.delimiter, why: Why::Fits(fit) },
        None => Sniffed { delimiter: Delimiter::Comma, why: Why::NoneFits },
    }
}

/// The records of the head, the header included. Of a longer file, the last one is cut off and left out.
pub(super) fn records(text: &[u8], is_whole_file: bool, delimiter: Delimiter) -> Vec<::csv::ByteRecord> {
    let mut reader = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter.byte())
        .from_reader(text);
    let mut records: Vec<::csv::ByteRecord> = Vec::new();
    let mut record = ::csv::ByteRecord::new();
    while let Ok(true) = reader.read_byte_record(&mut record) {
        if !is_whole_file && !records.is_empty() && reader.position().byte() == as_count(text.len()) {
            break;
        }
        records.push(core::mem::take(&mut record));
    }
    records
}

/// How well a delimiter explains the head of a file.
struct Fit {
    delimiter: Delimiter,
    /// Cells in the header.
    columns: u64,
    rows: u64,
    /// Rows with as many cells as the header.
    even_rows: u64,
}

impl Fit {
    fn of(text: &[u8], is_whole_file: bool, delimiter: Delimiter) -> Self {
        let records = records(text, is_whole_file, delimiter);
        let mut lengths = records.iter().map(|record| as_count(record.len()));
        let columns = lengths.next().unwrap_or(0);
        let rows = as_count(lengths.len());
        Self {
            delimiter,
            columns,
            rows,
            even_rows: as_count(lengths.filter(|cells| *cells == columns).count()),
        }
    }

    fn is_better_than(&self, other: &Self) -> bool {
        // even_rows / rows compared by cross products; counting the header makes both denominators positive.
        let mine = (self.even_rows + 1) * (other.rows + 1);
        let theirs = (other.even_rows + 1) * (self.rows + 1);
        // Of the two, it is the comma that also stands before decimals, and then in every row.
        let is_wider = self.columns > other.columns && self.delimiter != Delimiter::Comma;
        mine > theirs || (mine == theirs && is_wider)
    }

    fn reason_in_data(&self) -> String {
        let name = self.delimiter.in_words();
        let columns = counted(self.columns, "column", "columns");
        match (self.rows, self.rows - self.even_rows) {
            (0, _) => format!("{name}: it makes {columns} of the only row"),
            (rows, 0) => format!("{name}: the first {} rows have {columns} each", grouped(rows + 1)),
            (rows, _) => format!(
                "{name}: the first row has {columns}, and so have {} of the next {}",
                grouped(self.even_rows),
                grouped(rows)
            ),
        }
    }

    fn reason_below_names(&self) -> String {
        let name = self.delimiter.in_words();
        let columns = counted(self.columns, "column", "columns");
        let rows = counted(self.rows, "row", "rows");
        match (self.rows, self.rows - self.even_rows) {
            (0, _) => format!("{name}: it makes {columns} of the header"),
            (1, 0) => format!("{name}: the header and the first row have {columns} each"),
            (_, 0) => format!("{name}: the header and the first {rows} have {columns} each"),
            (1, _) => format!("{name}: the header has {columns}, and the first row has not"),
            (_, uneven) => format!(
                "{name}: the header has {columns}, and so have {} of the first {rows}",
                self.rows - uneven
            ),
        }
    }
}

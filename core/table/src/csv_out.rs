//! Writes a table anew with the columns that are kept.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};

use crate::csv::Row;
use crate::decimal::Decimal;

/// Writes chosen columns of a table as comma-separated UTF-8 with LF line ends. Cells stay as they are.
pub struct CsvWriter<W: Write> {
    records: ::csv::Writer<W>,
    /// Positions of the kept columns, from 0.
    kept: Vec<usize>,
}

impl<W: Write> CsvWriter<W> {
    /// Writes the header. `keep` says for each column of `header` whether it is kept; columns beyond `keep` are not.
    ///
    /// # Errors
    /// Those of `writer`.
    pub fn new(mut writer: W, header: &[String], keep: &[bool]) -> io::Result<Self> {
        let kept: Vec<usize> = (0..header.len()).filter(|at| keep.get(*at) == Some(&true)).collect();
        if let Some(first) = kept.first() {
            // Without quotation marks, a name that starts with U+FEFF would read as a byte order mark.
            let quotes = match header[*first].starts_with('\u{feff}') {
                true => ::csv::QuoteStyle::Always,
                false => ::csv::QuoteStyle::Necessary,
            };
            let mut names = ::csv::WriterBuilder::new().quote_style(quotes).from_writer(&mut writer);
            names.write_record(kept.iter().map(|at| header[*at].as_bytes()))?;
            names.flush()?;
        }
        Ok(Self { records: ::csv::Writer::from_writer(writer), kept })
    }

    /// Writes no header, for a table that has none. `keep` says for each column whether it is kept.
    #[must_use]
    pub fn without_header(writer: W, keep: &[bool]) -> Self {
        let kept = (0..keep.len()).filter(|at| keep[*at]).collect();
        Self { records: ::csv::Writer::from_writer(writer), kept }
    }

    /// Writes the kept cells of a row. A cell that the row lacks is written as blank.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_row(&mut self, row: &Row) -> io::Result<()> {
        if self.kept.is_empty() {
            return Ok(());
        }
        let cells = self.kept.iter().map(|at| row.get(*at).unwrap_or_default().as_bytes());
        Ok(self.records.write_record(cells)?)
    }

    /// Writes what is still buffered and gives the writer back.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn finish(self) -> io::Result<W> {
        self.records.into_inner().map_err(::csv::IntoInnerError::into_error)
    }
}

impl<W: Write> fmt::Debug for CsvWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CsvWriter").field("column_count", &self.kept.len()).finish_non_exhaustive()
    }
}

/// A cell that no spreadsheet takes for a formula: for files that are made for other people.
///
/// Numbers stay as they are; any other text that starts like a formula gets an apostrophe in front.
#[must_use]
pub fn without_formula(cell: &str) -> Cow<'_, str> {
    let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    if is_formula && !matches!(Decimal::parse(cell), Ok(Some(_))) {
        return Cow::Owned(format!("'{cell}"));
    }
    Cow::Borrowed(cell)
}

//! Rows on their way out of a worker that makes them: as CSV in blobs, which the browser keeps outside of wasm's memory.

use js_sys::Uint8Array;
use serde::{Deserialize, Serialize};
use veilsum_table::Found;
use veilsum_table::csv::{Delimiter, FirstRow, Skipped};
use veilsum_table::decimal::DecimalMark;
use veilsum_table::read::{Format, Options};
use veilsum_table::types::ColumnType;
use web_sys::Blob;

use crate::vault::source::blob_of;

/// Bytes that are handed to the browser at once.
const PIECE_BYTES: usize = 1 << 20;
/// Rows between two offsets that are noted: 8 kB of them for a million rows.
pub(crate) const ROWS_PER_OFFSET: u64 = 1_000;

/// What is known of the rows beside the rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowsHead {
    /// What the cells of each column mean.
    pub types: Vec<Found<ColumnType>>,
    /// Rows that cannot be used and were left out.
    pub skipped: Skipped,
}

/// Writes rows, and their header in the end: some steps know the names of their columns only when they have seen all rows.
pub(crate) struct RowsOut {
    pieces: Vec<Blob>,
    text: String,
    /// Bytes of `pieces`.
    handed_over: u64,
    row_count: u64,
    offsets: Vec<u64>,
    numbers: Vec<u8>,
    number_pieces: Vec<Blob>,
}

/// Rows that were written.
pub(crate) struct WrittenRows {
    /// The rows, below a header.
    pub(crate) blob: Blob,
    /// Offsets of the first row and of every [`ROWS_PER_OFFSET`]th after it.
    pub(crate) offsets: Vec<u64>,
    /// For each row 32 bits, least significant byte first: its number in the file, 0 for a row that is not in it.
    pub(crate) numbers: Blob,
    pub(crate) row_count: u64,
}

impl RowsOut {
    pub(crate) fn new() -> Self {
        Self {
            pieces: Vec::new(),
            text: String::with_capacity(2 * PIECE_BYTES),
            handed_over: 0,
            row_count: 0,
            offsets: Vec::new(),
            numbers: Vec::new(),
            number_pieces: Vec::new(),
        }
    }

    /// Writes a row; `number` is its number in the file, 0 for one that is not in it. Says whether this is a good moment to
    /// tell how far it is.
    ///
    /// # Errors
    /// A sentence if the browser has no room left.
    pub(crate) fn push<'a>(
        &mut self,
        number: u64,
        cells: impl Iterator<Item = &'a str>,
    ) -> Result<bool, String> {
        if self.row_count.is_multiple_of(ROWS_PER_OFFSET) {
            self.offsets.push(self.handed_over + self.text.len() as u64);
        }
        self.row_count += 1;
        push_record(&mut self.text, cells, false);
        self.numbers.extend_from_slice(&u32::try_from(number).unwrap_or(0).to_le_bytes());
        if self.text.len() < PIECE_BYTES {
            return Ok(false);
        }
        self.hand_over()?;
        Ok(true)
    }

    /// The rows below these names of columns.
    ///
    /// # Errors
    /// A sentence if the browser has no room left.
    pub(crate) fn finish(mut self, header: &[String]) -> Result<WrittenRows, String> {
        self.hand_over()?;
        let mut names = String::new();
        push_record(&mut names, header.iter().map(String::as_str), true);
        self.pieces.insert(0, piece(names.as_bytes())?);
        let below = |offset: &u64| offset + names.len() as u64;
        Ok(WrittenRows {
            blob: blob_of(&self.pieces).map_err(|fault| fault.message)?,
            numbers: blob_of(&self.number_pieces).map_err(|fault| fault.message)?,
            offsets: self.offsets.iter().map(below).collect(),
            row_count: self.row_count,
        })
    }

    fn hand_over(&mut self) -> Result<(), String> {
        self.handed_over += self.text.len() as u64;
        self.pieces.push(piece(self.text.as_bytes())?);
        self.text.clear();
        self.number_pieces.push(piece(&self.numbers)?);
        self.numbers.clear();
        Ok(())
    }
}

/// How such rows are read; without their header where some of them are read from the middle.
pub(crate) fn as_written(first_row: FirstRow) -> Options {
    Options {
        format: Some(Format::Csv),
        delimiter: Some(Delimiter::Comma),
        first_row: Some(first_row),
        decimal_mark: Some(DecimalMark::Point),
        ..Options::default()
    }
}

fn piece(bytes: &[u8]) -> Result<Blob, String> {
    blob_of(&[Uint8Array::from(bytes)]).map_err(|fault| fault.message)
}

/// Appends a record, each cell just as it is. A line is never empty, since a blank cell alone is quoted.
fn push_record<'a>(text: &mut String, cells: impl Iterator<Item = &'a str>, quotes_all: bool) {
    let start = text.len();
    for (at, cell) in cells.enumerate() {
        if at > 0 {
            text.push(',');
        }
        if quotes_all || cell.contains(['"', ',', '\n', '\r']) {
            text.push('"');
            text.push_str(&cell.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(cell);
        }
    }
    if text.len() == start {
        text.push_str("\"\"");
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn records_hold_cells_just_as_they_are() {
        let mut text = String::new();
        push_record(&mut text, ["a", "b"].into_iter(), true);
        push_record(&mut text, ["1,5", "say \"x\"\n"].into_iter(), false);
        push_record(&mut text, [""].into_iter(), false);
        assert_eq!(text, "\"a\",\"b\"\n\"1,5\",\"say \"\"x\"\"\n\"\n\"\"\n");
    }
}

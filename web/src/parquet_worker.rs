//! The worker that reads a Parquet file: a binary of its own, fetched when such a file is opened. It writes the rows as CSV
//! into a blob, which the browser keeps outside of wasm's memory; the vault then reads that as any other table. Whatever a
//! hostile file does to it ends with it.
//!
//! ```text
//! vault → worker   Blob                the file
//! worker → vault   number              hundredths of the rows that were written, now and then
//!                  [0, Blob, string]   the rows, and what is known of them as JSON
//!                  [1, string]         why the file is refused
//!                  [-1, string]        why the worker cannot work at all
//! ```

use std::io;
use std::ops::Range;

use js_sys::{Array, Uint8Array};
use serde::{Deserialize, Serialize};
use veilsum_parquet::{Options, ParquetReader, RandomAccess};
use veilsum_table::csv::{RowPolicy, Skipped};
use veilsum_table::types::ColumnType;
use veilsum_table::{Found, Row};
use wasm_bindgen::prelude::*;
use web_sys::{Blob, MessageEvent};

use crate::fault::sentence;
use crate::time::{Pace, scope};
use crate::vault::source::{Source, blob_of};

/// Bytes of CSV that are handed to the browser at once.
const PIECE_BYTES: usize = 1 << 20;

/// What is known of the rows beside the rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowsHead {
    /// What the cells of each column mean.
    pub types: Vec<Found<ColumnType>>,
    /// Rows that cannot be used and were left out.
    pub skipped: Skipped,
}

impl RandomAccess for Source {
    fn length(&self) -> u64 {
        self.size_bytes()
    }

    fn read(&self, range: Range<u64>) -> io::Result<Vec<u8>> {
        self.read_range(range)
    }
}

/// Waits for the file.
pub fn start() {
    let receive = Closure::<dyn FnMut(MessageEvent)>::new(|event: MessageEvent| {
        let message = match event.data().dyn_into::<Blob>() {
            Ok(file) => match convert(Source::from_blob(file)) {
                Ok((rows, head)) => Array::of3(&0.into(), &rows, &head.into()),
                Err(reason) => Array::of2(&1.into(), &reason.into()),
            },
            Err(_) => Array::of2(&(-1.0).into(), &"the vault sent something that is no file".into()),
        };
        let _ = scope().post_message(&message);
    });
    scope().set_onmessage(Some(receive.as_ref().unchecked_ref()));
    receive.forget();
}

/// The rows as CSV, and their head as JSON.
fn convert(file: Source) -> Result<(Blob, String), String> {
    // Rows at fault are told with the others; whether they may be skipped is asked when the rows are read.
    let options = Options { bad_rows: RowPolicy::Skip, ..Options::default() };
    let mut reader = ParquetReader::new(file, &options).map_err(|error| sentence(&error))?;
    let row_count = reader.row_count().max(1);
    let mut pieces: Vec<Blob> = Vec::new();
    let mut text = String::with_capacity(2 * PIECE_BYTES);
    push_record(&mut text, reader.header().iter().map(String::as_str), true);
    let (mut row, mut pace) = (Row::new(), Pace::new());
    while reader.next_row(&mut row).map_err(|error| sentence(&error))? {
        push_record(&mut text, row.cells(), false);
        if text.len() >= PIECE_BYTES {
            pieces.push(piece(&text)?);
            text.clear();
            if pace.is_due() {
                let hundredths = reader.row_number().saturating_mul(100) / row_count;
                let _ = scope().post_message(&u32::try_from(hundredths).unwrap_or(100).into());
            }
        }
    }
    pieces.push(piece(&text)?);
    let head = RowsHead { types: reader.types().to_vec(), skipped: reader.skipped().clone() };
    let head = serde_json::to_string(&head).map_err(|error| error.to_string())?;
    Ok((blob_of(&pieces).map_err(|fault| fault.message)?, head))
}

fn piece(text: &str) -> Result<Blob, String> {
    blob_of(&[Uint8Array::from(text.as_bytes())]).map_err(|fault| fault.message)
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

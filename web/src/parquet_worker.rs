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

use js_sys::Array;
use veilsum_parquet::{Options, ParquetReader, RandomAccess};
use veilsum_table::Row;
use veilsum_table::csv::RowPolicy;
use wasm_bindgen::prelude::*;
use web_sys::{Blob, MessageEvent};

use crate::fault::sentence;
use crate::rows_out::{RowsHead, RowsOut};
use crate::time::{Pace, scope};
use crate::vault::source::Source;

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
    let mut rows = RowsOut::new();
    let (mut row, mut pace) = (Row::new(), Pace::new());
    while reader.next_row(&mut row).map_err(|error| sentence(&error))? {
        if rows.push(row.place().row, row.cells())? && pace.is_due() {
            let hundredths = reader.row_number().saturating_mul(100) / row_count;
            let _ = scope().post_message(&u32::try_from(hundredths).unwrap_or(100).into());
        }
    }
    let head = RowsHead { types: reader.types().to_vec(), skipped: reader.skipped().clone() };
    let head = serde_json::to_string(&head).map_err(|error| error.to_string())?;
    Ok((rows.finish(reader.header())?.blob, head))
}

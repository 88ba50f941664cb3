//! Parquet files: turned into rows by a worker of their own, which ends with the file.

use std::io;

use js_sys::Array;
use veilsum_table::read::{Format, detect};
use wasm_bindgen::prelude::*;
use web_sys::Blob;

use crate::abort::Abort;
use crate::api::HelperRole;
use crate::messages::{Fault, Progress};
use crate::rows_out::RowsHead;
use crate::time::Stopwatch;
use crate::vault::helper::Errand;
use crate::vault::source::{DerivedRows, Source, unreadable};
use crate::vault::table::{hash, progress};

/// Bytes at the start of a file in which a Parquet file shows.
const HEAD_BYTES: u64 = 64;
/// First and last bytes of one.
const MARK: &[u8] = b"PAR1";

/// `source` with its rows, if it is a Parquet file that has none yet; any other file as it is.
///
/// # Errors
/// A [`Fault`] with the sentence of what is wrong with the file; `cancelled` if `abort` was used.
pub(crate) async fn opened(
    source: Source,
    abort: &Abort,
    told: impl Fn(Progress) + 'static,
) -> Result<Source, Fault> {
    if source.rows().is_some() {
        return Ok(source);
    }
    if !is_parquet(&source).map_err(|error| unreadable(source.name(), &error))? {
        return Ok(source);
    }
    // The file is told from others by its own hash, not by that of its rows.
    let sha256 = hash(&source, abort, |_| {}).await?;
    let watch = Stopwatch::start();
    let total = source.size_bytes();
    let told = move |hundredths: u64| told(progress(total / 100 * hundredths, total, watch.seconds()));
    let conversion = Errand::start(HelperRole::Parquet, source.blob(), told, read);
    let conversion = conversion.map_err(|reason| not_started(&reason))?;
    let (blob, head) = abort.or(conversion.result()).await?.map_err(|reason| broke_off(&reason))??;
    Ok(source.with_rows(DerivedRows::new(blob, sha256, head)))
}

/// Whether a file starts as a Parquet file, or has its mark at both ends; a CSV file may start with a column `PAR1`.
fn is_parquet(source: &Source) -> io::Result<bool> {
    let size = source.size_bytes();
    let head = source.read_range(0..size.min(HEAD_BYTES))?;
    if !head.starts_with(MARK) {
        return Ok(false);
    }
    let end = source.read_range(size.saturating_sub(MARK.len() as u64)..size)?;
    Ok(detect(&head).value == Format::Parquet || (size > MARK.len() as u64 && end == MARK))
}

/// What the worker made of the file.
fn read(message: &JsValue) -> Result<(Blob, RowsHead), Fault> {
    let parts: Array = message.dyn_ref::<Array>().cloned().unwrap_or_default();
    let words = |at: u32| parts.get(at).as_string().unwrap_or_default();
    match parts.get(0).as_f64() {
        Some(0.0) => {
            let head = serde_json::from_str::<RowsHead>(&words(2));
            match (parts.get(1).dyn_into::<Blob>(), head) {
                (Ok(rows), Ok(head)) => Ok((rows, head)),
                (_, _) => Err(broke_off("its rows are no rows")),
            }
        }
        Some(1.0) => Err(Fault::new("unreadable-table", &words(1))),
        _ => Err(not_started(&words(1))),
    }
}

fn broke_off(detail: &str) -> Fault {
    Fault::new(
        "unreadable-table",
        "The Parquet file cannot be read: it is damaged, or it needs more memory than a page may have. Nothing else is \
         affected. Copy or download it again, or write it with smaller pages or as CSV.",
    )
    .with_detail(detail)
}

fn not_started(detail: &str) -> Fault {
    Fault::new(
        "no-worker",
        "The part of Veilsum that reads Parquet files could not be loaded. Check the connection and choose the file again, \
         or choose the table as CSV.",
    )
    .with_detail(detail)
}

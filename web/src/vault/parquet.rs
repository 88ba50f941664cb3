//! Parquet files: turned into rows by a worker of their own, which ends with the file.

use std::cell::Cell;
use std::io;
use std::rc::Rc;

use futures_channel::oneshot;
use js_sys::Array;
use veilsum_table::read::{Format, detect};
use wasm_bindgen::prelude::*;
use web_sys::{Blob, Event, MessageEvent, Worker};

use crate::abort::Abort;
use crate::api::HelperRole;
use crate::messages::{Fault, Progress};
use crate::parquet_worker::RowsHead;
use crate::time::Stopwatch;
use crate::vault::helper;
use crate::vault::source::{ParquetRows, Source, unreadable};
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
    if source.parquet_rows().is_some() {
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
    let conversion = Conversion::start(source.blob(), told).map_err(|reason| not_started(&reason))?;
    let (blob, head) = abort.or(conversion.rows()).await??;
    Ok(source.with_rows(ParquetRows::new(blob, sha256, head)))
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

/// A worker that reads a file; dropping it ends the worker.
struct Conversion {
    worker: Worker,
    rows: oneshot::Receiver<Result<(Blob, RowsHead), Fault>>,
    _receive: Closure<dyn FnMut(MessageEvent)>,
    _fail: Closure<dyn FnMut(Event)>,
}

impl Conversion {
    fn start(file: &Blob, told: impl Fn(u64) + 'static) -> Result<Self, String> {
        let worker = helper::start(HelperRole::Parquet)?;
        let (sender, rows) = oneshot::channel();
        let sender = Rc::new(Cell::new(Some(sender)));
        let receive = {
            let sender = Rc::clone(&sender);
            Closure::new(move |event: MessageEvent| match read(&event.data()) {
                Message::Hundredths(hundredths) => told(hundredths),
                Message::Ended(result) => {
                    if let Some(sender) = sender.take() {
                        let _ = sender.send(result);
                    }
                }
            })
        };
        worker.set_onmessage(Some(receive.as_ref().unchecked_ref()));
        let fail = Closure::new(move |event: Event| {
            if let Some(sender) = sender.take() {
                let _ = sender.send(Err(broke_off(&helper::event_in_words(&event))));
            }
        });
        worker.set_onerror(Some(fail.as_ref().unchecked_ref()));
        let conversion = Self { worker, rows, _receive: receive, _fail: fail };
        conversion.worker.post_message(file).map_err(|error| helper::in_words(&error))?;
        Ok(conversion)
    }

    async fn rows(mut self) -> Result<(Blob, RowsHead), Fault> {
        (&mut self.rows).await.unwrap_or_else(|_| Err(broke_off("the worker was ended")))
    }
}

impl Drop for Conversion {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

enum Message {
    Hundredths(u64),
    Ended(Result<(Blob, RowsHead), Fault>),
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "hundredths for people")]
fn read(message: &JsValue) -> Message {
    if let Some(hundredths) = message.as_f64() {
        return Message::Hundredths(hundredths as u64);
    }
    let parts: Array = message.dyn_ref::<Array>().cloned().unwrap_or_default();
    let words = |at: u32| parts.get(at).as_string().unwrap_or_default();
    Message::Ended(match parts.get(0).as_f64() {
        Some(0.0) => {
            let head = serde_json::from_str::<RowsHead>(&words(2));
            match (parts.get(1).dyn_into::<Blob>(), head) {
                (Ok(rows), Ok(head)) => Ok((rows, head)),
                (_, _) => Err(broke_off("its rows are no rows")),
            }
        }
        Some(1.0) => Err(Fault::new("unreadable-table", &words(1))),
        _ => Err(not_started(&words(1))),
    })
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

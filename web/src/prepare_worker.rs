//! The worker that prepares the rows of a table: a binary of its own, fetched when rows are first prepared. It goes over the
//! file as often as the recipe needs and writes what comes of it as CSV into blobs, so that its memory does not grow with the
//! file. It knows no key but the secret that pseudonyms are drawn under, and no network; whatever a table does to it ends
//! with it.
//!
//! ```text
//! vault → worker   [Blob, Blob | null, string, Uint8Array | null]
//!                                             the file, its rows if it is a Parquet file, a Task as JSON, the secret
//! worker → vault   number                     hundredths of the work that is done, now and then
//!                  [0, string, Blob?, Blob?]  what was made as JSON; the rows and their numbers, where they are kept
//!                  [1, string, string]        code and sentence: why it is refused
//!                  [-1, string]               why the worker cannot work at all
//! ```

use js_sys::{Array, Uint8Array};
use serde::{Deserialize, Serialize};
use veilsum_protocol::Digest;
use wasm_bindgen::prelude::*;
use web_sys::{Blob, MessageEvent};
use zeroize::Zeroizing;

use crate::messages::{Fault, ReadOptions};
use crate::rows_out::{RowsHead, RowsOut, WrittenRows};
use crate::time::{Pace, scope};
use crate::vault::rows::Rows;
use crate::vault::source::{DerivedRows, Source};

/// What is to be done.
#[derive(Debug, Serialize, Deserialize)]
pub struct Task {
    /// How the file is read: nothing is left to be found.
    pub options: ReadOptions,
    /// Of a Parquet file, what is known of its rows and its hash.
    pub file: Option<(RowsHead, Digest)>,
    /// To what end.
    pub what: What,
}

/// To what end a table is gone over.
#[derive(Debug, Serialize, Deserialize)]
pub enum What {
    /// The rows are written down as they stand in the file, so that any of them is found at once.
    Copy,
    /// The rows are prepared.
    Prepare {
        /// As `veilsum_prepare::Recipe` is written in JSON.
        recipe: String,
        /// Whether the rows are kept; else only the reports are.
        keeps_rows: bool,
    },
    /// The rows are prepared with what was learnt from others.
    Again {
        /// As `veilsum_prepare::Fitted` is written in JSON.
        fitted: String,
    },
}

/// What came of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Made {
    /// Names of the columns.
    pub header: Vec<String>,
    /// What is known of the rows.
    pub head: RowsHead,
    /// SHA-256 of the file.
    pub sha256: Digest,
    /// Rows that were read.
    pub read_row_count: u64,
    /// Rows that were made.
    pub row_count: u64,
    /// Offsets of the first row and of every 1,000th after it.
    pub offsets: Vec<u64>,
    /// As `veilsum_prepare::Fitted` is written in JSON; blank where nothing was prepared.
    pub fitted: String,
    /// A list of `veilsum_prepare::StepReport`s in JSON, one per step.
    pub reports: String,
}

/// Waits for the task.
pub fn start() {
    let receive = Closure::<dyn FnMut(MessageEvent)>::new(|event: MessageEvent| {
        let message = match Errand::read(&event.data()) {
            Ok(errand) => match errand.carry_out() {
                Ok(done) => done,
                Err(fault) => Array::of3(&1.into(), &fault.code.into(), &fault.message.into()),
            },
            Err(reason) => Array::of2(&(-1.0).into(), &reason.into()),
        };
        let _ = scope().post_message(&message);
    });
    scope().set_onmessage(Some(receive.as_ref().unchecked_ref()));
    receive.forget();
}

/// A task with what it is about.
struct Errand {
    source: Source,
    options: ReadOptions,
    what: What,
    secret: Option<Zeroizing<[u8; 32]>>,
}

impl Errand {
    fn read(message: &JsValue) -> Result<Self, &'static str> {
        let parts: Array = message.dyn_ref::<Array>().cloned().unwrap_or_default();
        let blob = |at: u32| parts.get(at).dyn_into::<Blob>().ok();
        let task = parts.get(2).as_string().and_then(|task| serde_json::from_str::<Task>(&task).ok());
        let (Some(file), Some(Task { options, file: known, what })) = (blob(0), task) else {
            return Err("the vault sent something that is no task");
        };
        let source = Source::from_blob(file);
        let source = match blob(1).zip(known) {
            Some((rows, (head, sha256))) => source.with_rows(DerivedRows::new(rows, sha256, head)),
            None => source,
        };
        let secret = parts.get(3).dyn_into::<Uint8Array>().ok().map(|posted| {
            let bytes = Zeroizing::new(posted.to_vec());
            posted.fill(0, 0, posted.length());
            let mut secret = Zeroizing::new([0; 32]);
            let length = bytes.len().min(secret.len());
            secret[..length].copy_from_slice(&bytes[..length]);
            secret
        });
        Ok(Self { source, options, what, secret })
    }

    fn carry_out(self) -> Result<Array, Fault> {
        match self.what {
            What::Copy => copy(&self.source, &self.options),
            What::Prepare { .. } | What::Again { .. } => unimplemented!(),
        }
    }
}

/// Writes the rows down as they stand in the file.
fn copy(source: &Source, options: &ReadOptions) -> Result<Array, Fault> {
    let mut rows = Rows::read(source, options)?;
    let header = rows.header().to_vec();
    let mut out = RowsOut::new(header.iter().map(String::as_str));
    let mut pace = Pace::new();
    while rows.advance()? {
        let row = rows.written();
        let is_good_moment = out.push(row.place().row, row.cells()).map_err(|reason| no_room(&reason))?;
        if is_good_moment && pace.is_due() {
            tell(rows.byte_position(), source.rows_bytes());
        }
    }
    let written = out.finish().map_err(|reason| no_room(&reason))?;
    let head = RowsHead { types: rows.types().to_vec(), skipped: rows.skipped() };
    let made = Made {
        header,
        head,
        sha256: rows.digest(),
        read_row_count: written.row_count,
        row_count: written.row_count,
        offsets: written.offsets.clone(),
        fitted: String::new(),
        reports: "[]".to_owned(),
    };
    done(&made, Some(written))
}

fn done(made: &Made, written: Option<WrittenRows>) -> Result<Array, Fault> {
    let made = serde_json::to_string(made)
        .map_err(|error| Fault::new("not-prepared", "What was prepared cannot be handed over.").with_detail(error.to_string()))?;
    Ok(match written {
        Some(WrittenRows { blob, numbers, .. }) => Array::of4(&0.into(), &made.into(), &blob, &numbers),
        None => Array::of2(&0.into(), &made.into()),
    })
}

fn tell(done: u64, total: u64) {
    let hundredths = done.saturating_mul(100) / total.max(1);
    let _ = scope().post_message(&u32::try_from(hundredths).unwrap_or(100).into());
}

fn no_room(reason: &str) -> Fault {
    Fault::new("out-of-memory", reason)
}

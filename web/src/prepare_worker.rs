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

use std::collections::{BTreeMap, HashMap};

use js_sys::{Array, Uint8Array};
use serde::{Deserialize, Serialize};
use veilsum_anonymise::pseudonym::StudySecret;
use veilsum_prepare::{Fitted, PrepareError, Prepared, Recipe, Runner, Step};
use veilsum_protocol::Digest;
use veilsum_table::csv::FirstRow;
use veilsum_table::plain::PlainCells;
use veilsum_table::read::TableReader;
use veilsum_table::types::ColumnType;
use veilsum_table::{Found, Row};
use wasm_bindgen::prelude::*;
use web_sys::{Blob, MessageEvent};
use zeroize::Zeroizing;

use crate::fault::sentence;
use crate::messages::refine::Reports;
use crate::messages::{Fault, ReadOptions};
use crate::rows_out::{RowsHead, RowsOut, WrittenRows, as_written};
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
    /// Where a step is a release: sizes of classes, ascending, and how many there are of each.
    pub class_sizes: Vec<(u64, u64)>,
}

impl Made {
    /// What the steps did.
    #[must_use]
    pub fn reports(&self) -> Reports {
        Reports { steps: self.reports.clone(), class_sizes: self.class_sizes.clone() }
    }
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
            What::Prepare { ref recipe, keeps_rows } => {
                let recipe = Recipe::from_json(recipe.as_bytes()).map_err(|error| refused(&error))?;
                let released = recipe.steps.iter().find_map(quasi_identifiers);
                prepare(&self, keeps_rows, released.as_deref(), |header, types, secret| {
                    Runner::new(&recipe, header, types, secret)
                })
            }
            What::Again { ref fitted } => {
                let fitted = Fitted::from_json(fitted.as_bytes()).map_err(|error| refused(&error))?;
                prepare(&self, true, None, |header, types, secret| {
                    Runner::again(&fitted, header, types, secret)
                })
            }
        }
    }
}

/// The columns that a step generalises, if it is a release.
fn quasi_identifiers(step: &Step) -> Option<Vec<String>> {
    let Step::Release(release) = step else { return None };
    Some(release.quasi_identifiers.iter().map(|quasi| quasi.column.clone()).collect())
}

/// Goes over the rows as often as it takes. `released` are the columns by which classes of rows are counted in the end.
fn prepare(
    errand: &Errand,
    keeps_rows: bool,
    released: Option<&[String]>,
    start: impl FnOnce(&[String], &[ColumnType], Option<&StudySecret>) -> Result<Runner, PrepareError>,
) -> Result<Array, Fault> {
    let Errand { source, options, secret, .. } = errand;
    let secret = secret.as_ref().map(StudySecret::from_bytes);
    let mut rows = Rows::read(source, options)?;
    let spelling = Spelling::new(&rows, options);
    let mut runner =
        start(&spelling.header, &spelling.types, secret.as_ref()).map_err(|error| refused(&error))?;
    let mut out = RowsOut::new();
    let mut no_room = None;
    let mut take = |number: u64, cells: &[String]| {
        if (keeps_rows || released.is_some()) && no_room.is_none() {
            no_room = out.push(number, cells.iter().map(String::as_str)).err();
        }
    };
    // The second half is the work of the steps that need all rows at once.
    let reading = if runner.holds_rows() { 2 } else { 1 };
    let mut pace_of_steps = Pace::new();
    runner.on_progress(move |done| {
        if pace_of_steps.is_due() {
            tell(hundredths(0.5 + done / 2.0), 100);
        }
    });
    let (mut cells, mut pace, mut read_row_count) = (Vec::new(), Pace::new(), 0_u64);
    while let Some(pass) = runner.next_pass() {
        if pass.number > 1 {
            rows = Rows::read(source, options)?;
        }
        read_row_count = 0;
        while rows.advance()? {
            read_row_count += 1;
            let number = rows.written().place().row;
            spelling.spell(&mut rows, &mut cells);
            runner.row(number, &cells, &mut take).map_err(|error| refused(&error))?;
            if rows.at_turn() && pace.is_due() {
                let total = source.rows_bytes();
                let (before, all) = (pass.number as u64 - 1, pass.of as u64);
                tell(before * total + rows.byte_position(), reading * all * total);
            }
        }
        runner.end_pass(&mut take).map_err(|error| refused(&error))?;
    }
    if let Some(reason) = no_room {
        return Err(Fault::new("out-of-memory", &reason));
    }
    let Prepared { header, types, fitted, report } = runner.finish().map_err(|error| refused(&error))?;
    let written = out.finish(&header).map_err(|reason| no_room_for(&reason))?;
    let class_sizes = match released {
        Some(columns) => class_sizes(&written.blob, &header, columns)?,
        None => Vec::new(),
    };
    let found =
        |value: ColumnType| Found { value, reason: "as it was prepared".to_owned(), is_doubtful: false };
    let made = Made {
        header,
        head: RowsHead { types: types.into_iter().map(found).collect(), skipped: rows.skipped() },
        sha256: rows.digest(),
        read_row_count,
        row_count: written.row_count,
        offsets: written.offsets.clone(),
        fitted: fitted.to_json(),
        reports: serde_json::to_string(&report).map_err(|error| not_handed_over(&error))?,
        class_sizes,
    };
    done(&made, keeps_rows.then_some(written))
}

/// How cells come to the steps: dates and names made of digits as they are written, all others as plain numbers or text.
struct Spelling {
    header: Vec<String>,
    types: Vec<ColumnType>,
    /// Whether cells of a column stay as they are written.
    as_written: Vec<bool>,
    plain: PlainCells,
}

impl Spelling {
    fn new(rows: &Rows, options: &ReadOptions) -> Self {
        let types: Vec<ColumnType> = rows.types().iter().map(|found| found.value.clone()).collect();
        let is_as_written = |column: &ColumnType| {
            matches!(
                column,
                ColumnType::Date { .. }
                    | ColumnType::DateTime { .. }
                    | ColumnType::Time
                    | ColumnType::Identifier
            )
        };
        let as_written: Vec<bool> = types.iter().map(is_as_written).collect();
        let types = types
            .into_iter()
            .zip(&as_written)
            .map(|(column, stays)| if *stays { column } else { ColumnType::Plain });
        Self {
            header: rows.header().to_vec(),
            types: types.collect(),
            as_written,
            plain: PlainCells::new(&options.missing_words),
        }
    }

    /// Puts the cells of the row that was read last in place of what `cells` holds.
    fn spell(&self, rows: &mut Rows, cells: &mut Vec<String>) {
        let (written, read) = rows.both();
        cells.resize(read.len(), String::new());
        self.plain.spell_into(read, cells);
        for ((cell, stays), written) in cells.iter_mut().zip(&self.as_written).zip(written.cells()) {
            if *stays && !cell.is_empty() {
                cell.clear();
                cell.push_str(written.trim());
            }
        }
    }
}

/// How many classes of rows that are alike in `columns` have which size, ascending.
fn class_sizes(rows: &Blob, header: &[String], columns: &[String]) -> Result<Vec<(u64, u64)>, Fault> {
    let places: Vec<usize> =
        columns.iter().filter_map(|column| header.iter().position(|name| name == column)).collect();
    let mut reader =
        TableReader::new(Source::from_blob(rows.clone()).reader(), &as_written(FirstRow::Names))?;
    let (mut row, mut classes) = (Row::new(), HashMap::<Vec<String>, u64>::new());
    while reader.next_row(&mut row)? {
        let class = places.iter().map(|at| row.get(*at).unwrap_or_default().to_owned()).collect();
        *classes.entry(class).or_default() += 1;
    }
    let mut sizes = BTreeMap::<u64, u64>::new();
    for size in classes.into_values() {
        *sizes.entry(size).or_default() += 1;
    }
    Ok(sizes.into_iter().collect())
}

fn refused(error: &dyn core::fmt::Display) -> Fault {
    Fault::new("step-refused", &sentence(error))
}

/// Writes the rows down as they stand in the file.
fn copy(source: &Source, options: &ReadOptions) -> Result<Array, Fault> {
    let mut rows = Rows::read(source, options)?;
    let header = rows.header().to_vec();
    let mut out = RowsOut::new();
    let mut pace = Pace::new();
    while rows.advance()? {
        let row = rows.written();
        let is_good_moment = out.push(row.place().row, row.cells()).map_err(|reason| no_room_for(&reason))?;
        if is_good_moment && pace.is_due() {
            tell(rows.byte_position(), source.rows_bytes());
        }
    }
    let written = out.finish(&header).map_err(|reason| no_room_for(&reason))?;
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
        class_sizes: Vec::new(),
    };
    done(&made, Some(written))
}

fn done(made: &Made, written: Option<WrittenRows>) -> Result<Array, Fault> {
    let made = serde_json::to_string(made).map_err(|error| not_handed_over(&error))?;
    Ok(match written {
        Some(WrittenRows { blob, numbers, .. }) => Array::of4(&0.into(), &made.into(), &blob, &numbers),
        None => Array::of2(&0.into(), &made.into()),
    })
}

fn not_handed_over(error: &serde_json::Error) -> Fault {
    Fault::new("not-prepared", "What was prepared cannot be handed over. Try again with fewer steps.")
        .with_detail(error.to_string())
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of 100")]
fn hundredths(share: f64) -> u64 {
    (share * 100.0).clamp(0.0, 100.0) as u64
}

fn tell(done: u64, total: u64) {
    let hundredths = done.saturating_mul(100) / total.max(1);
    let _ = scope().post_message(&u32::try_from(hundredths).unwrap_or(100).into());
}

fn no_room_for(reason: &str) -> Fault {
    Fault::new("out-of-memory", reason)
}

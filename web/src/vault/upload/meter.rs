//! How far an upload is, for people.

use std::cell::{Cell, RefCell};

use veilsum_protocol::DatasetId;

use crate::api::Tell;
use crate::messages::{Event, Progress, UploadPhase, UploadProgress};
use crate::time::{Pace, Stopwatch};
use crate::vault::table::progress;

/// Counts and tells, at most ten times a second.
pub(super) struct Meter {
    tell: Tell,
    dataset: DatasetId,
    row_count: u64,
    /// Encrypted columns.
    column_count: u64,
    total_bytes: u64,
    phase: Cell<UploadPhase>,
    values: Counter,
    bytes: Counter,
    sample: RefCell<Option<String>>,
    pace: RefCell<Pace>,
    watch: Cell<Stopwatch>,
    laps: RefCell<Vec<(String, f64)>>,
}

/// Something that is counted, partly by an earlier attempt.
#[derive(Default)]
struct Counter {
    done: Cell<u64>,
    before: Cell<u64>,
    since: Cell<Option<Stopwatch>>,
}

impl Counter {
    fn add(&self, count: u64) {
        self.start();
        self.done.set(self.done.get() + count);
    }

    fn skip(&self, count: u64) {
        self.done.set(self.done.get() + count);
        self.before.set(self.before.get() + count);
    }

    fn start(&self) {
        if self.since.get().is_none() {
            self.since.set(Some(Stopwatch::start()));
        }
    }

    /// Progress in things of which each counts `each`.
    fn progress(&self, total: u64, each: u64) -> Progress {
        let seconds = self.since.get().map_or(0.0, Stopwatch::seconds);
        let before = self.before.get() / each;
        let done = (self.done.get() / each).min(total);
        let session = progress(done.saturating_sub(before), total.saturating_sub(before), seconds);
        Progress { done, total, ..session }
    }
}

impl Meter {
    pub(super) fn new(
        tell: Tell,
        dataset: DatasetId,
        row_count: u64,
        column_count: u64,
        total_bytes: u64,
    ) -> Self {
        Self {
            tell,
            dataset,
            row_count,
            column_count: column_count.max(1),
            total_bytes,
            phase: Cell::new(UploadPhase::Checking),
            values: Counter::default(),
            bytes: Counter::default(),
            sample: RefCell::default(),
            pace: RefCell::new(Pace::new()),
            watch: Cell::new(Stopwatch::start()),
            laps: RefCell::default(),
        }
    }

    /// Begins a phase; the time of the one before is noted under `ended`.
    pub(super) fn enter(&self, phase: UploadPhase, ended: &str) {
        self.lap(ended);
        self.phase.set(phase);
        self.values.start();
        self.bytes.start();
        self.tell_now();
    }

    /// Notes the time since the last lap under a name.
    pub(super) fn lap(&self, ended: &str) {
        let mut watch = self.watch.get();
        let seconds = watch.lap();
        self.watch.set(watch);
        if !ended.is_empty() {
            self.laps.borrow_mut().push((ended.to_owned(), seconds));
        }
    }

    /// Seconds per phase so far.
    pub(super) fn laps(&self) -> Vec<(String, f64)> {
        self.laps.borrow().clone()
    }

    /// Counts anew what is done, for another attempt within the same upload.
    pub(super) fn start_over(&self) {
        self.values.done.set(0);
        self.values.before.set(0);
        self.bytes.done.set(0);
        self.bytes.before.set(0);
    }

    /// Values were encrypted; a blank's presence counts as one too.
    pub(super) fn encrypted(&self, values: u64) {
        self.values.add(values);
        self.tell_when_due();
    }

    /// Bytes were stored; `sample` shows some of them.
    pub(super) fn sent(&self, bytes: u64, sample: Option<&str>) {
        self.bytes.add(bytes);
        if let Some(sample) = sample {
            self.sample.replace(Some(sample.to_owned()));
        }
        self.tell_when_due();
    }

    /// An earlier attempt had stored this much.
    pub(super) fn resumed(&self, values: u64, bytes: u64) {
        self.values.skip(values);
        self.bytes.skip(bytes);
        self.tell_when_due();
    }

    /// The file is checked: `done` of its `total` bytes.
    pub(super) fn checked(&self, done: u64, total: u64) {
        if self.pace.borrow_mut().is_due() {
            let share = u128::from(done) * u128::from(self.row_count) / u128::from(total.max(1));
            let rows = u64::try_from(share).unwrap_or(self.row_count);
            let rows = progress(rows, self.row_count, self.watch.get().seconds());
            self.tell_rows(rows);
        }
    }

    fn tell_when_due(&self) {
        if self.pace.borrow_mut().is_due() {
            self.tell_now();
        }
    }

    fn tell_now(&self) {
        self.tell_rows(self.values.progress(self.row_count, self.column_count));
    }

    fn tell_rows(&self, rows: Progress) {
        (self.tell)(Event::Upload(UploadProgress {
            dataset: self.dataset,
            phase: self.phase.get(),
            rows,
            bytes: self.bytes.progress(self.total_bytes, 1),
            resumed_rows: self.values.before.get() / self.column_count,
            sample: self.sample.borrow().clone(),
        }));
    }
}

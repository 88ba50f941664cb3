//! The open table: reading a file row by row, profiling it, proposing treatments.

use std::rc::Rc;

use veilsum_protocol::Digest;
use veilsum_table::csv::{CsvReader, FirstRow, Options, ReadError, Row, RowPolicy, Skipped};
use veilsum_table::decimal::DecimalMark;
use veilsum_table::profile::{Profile, Profiler};
use veilsum_table::treat::{self, Room};

use crate::abort::Abort;
use crate::api::{self, How, Patience};
use crate::messages::{Event, Fault, Progress, Proposal, ReadOptions, Reading, TableView};
use crate::time::{Pace, Stopwatch, Turn};
use crate::vault::Vault;
use crate::vault::processes::Work;
use crate::vault::source::{RunningHash, Source, SourceReader};
use crate::vault::upload::shape::MIN_ROWS_PER_GROUP;

/// Rows that the page shows.
const FIRST_ROWS: u64 = 20;
/// Characters of a cell that the page shows.
const SHOWN_CHARACTERS: usize = 80;
/// Slots of the smallest modulus: a proposal must fit whichever key is used.
const FEWEST_SLOTS: u32 = 30;
/// Rows between two looks at the clock.
const ROWS_PER_LOOK: u32 = 128;

/// A file that was read and profiled.
#[derive(Debug, Clone)]
pub struct OpenTable {
    /// The file.
    pub source: Source,
    /// How it was read: nothing is left to be found.
    pub options: ReadOptions,
    /// SHA-256 of the file.
    pub sha256: Digest,
    /// What is in it.
    pub profile: Profile,
}

/// What one pass over a file found.
pub(crate) struct Profiled {
    pub(crate) table: OpenTable,
    pub(crate) reading: Reading,
    pub(crate) first_rows: Vec<Vec<String>>,
    pub(crate) seconds: f64,
}

/// Reads and profiles `source`, which becomes the open table.
///
/// # Errors
/// A [`Fault`] that says where the file is at fault; `cancelled` if another file was opened meanwhile.
pub async fn open(vault: &Rc<Vault>, source: Source, options: ReadOptions) -> Result<TableView, Fault> {
    vault.table.take();
    vault.processes.stop(Work::Reading).await;
    let process = vault.processes.begin(Work::Reading);
    let told = |progress| vault.tell(Event::Reading(progress));
    let profiled = profile(source, options, &process, told).await?;
    let table = Rc::new(profiled.table);
    vault.table.replace(Some(Rc::clone(&table)));
    vault.twins.remember(&table);
    crate::vault::upload::speed::measure_ahead(vault);
    let room = Room::for_rows(table.profile.row_count, FEWEST_SLOTS);
    let room = Room { block_count: smallest_groups_block_count(table.profile.row_count), ..room };
    let proposals = table.profile.columns.iter().map(|column| {
        let proposal = treat::propose(column, room);
        Proposal {
            choice: proposal.choice,
            reason: proposal.explanation,
            largest_scale: proposal.largest_scale,
            category_count: column
                .categories
                .as_ref()
                .and_then(|categories| u32::try_from(categories.len()).ok()),
        }
    });
    Ok(TableView {
        file_name: table.source.name().to_owned(),
        size_bytes: table.source.size_bytes(),
        reading: profiled.reading,
        proposals: proposals.collect(),
        profile: table.profile.clone(),
        first_rows: profiled.first_rows,
        seconds: profiled.seconds,
    })
}

/// Reads and profiles a bundled sample.
///
/// # Errors
/// As [`open`], or a [`Fault`] if the sample cannot be loaded.
pub async fn open_sample(vault: &Rc<Vault>, file_name: &str) -> Result<TableView, Fault> {
    let source = {
        let process = vault.processes.begin(Work::Reading);
        load_sample(vault, file_name, &process).await?
    };
    open(vault, source, ReadOptions::default()).await
}

/// The files below `samples/`. Nothing else is ever asked for there: a name of the owner's would tell the server what they
/// have.
const SAMPLES: [&str; 5] =
    ["pancreatitis.csv", "diabetes.csv", "breast_cancer.csv", "iris.csv", "digits.csv"];

/// Loads a bundled sample.
///
/// # Errors
/// A [`Fault`] if there is none of that name, or it cannot be loaded.
pub async fn load_sample(vault: &Vault, file_name: &str, abort: &Abort) -> Result<Source, Fault> {
    if !SAMPLES.contains(&file_name) {
        return Err(Fault::new(
            "no-sample",
            "There is no sample of that name. Choose one on the start page.",
        ));
    }
    let bytes = api::sample(file_name, &vault.tell, How { patience: Patience::Brief, abort }).await?;
    Source::from_sample(file_name, &bytes)
}

/// Forgets the open table; stops reading one.
pub async fn close(vault: &Vault) {
    // No upload of it will come: the workers that were made ready for one end, with the keys in them.
    if let Ok(unlocked) = vault.unlocked() {
        unlocked.pool.take();
    }
    vault.table.take();
    vault.processes.stop(Work::Reading).await;
}

/// One pass over `source`: hash, profile, first rows. `told` hears how far it is.
pub(crate) async fn profile(
    source: Source,
    mut options: ReadOptions,
    abort: &Abort,
    told: impl Fn(Progress),
) -> Result<Profiled, Fault> {
    let watch = Stopwatch::start();
    let mut rows = Rows::read(&source, &options)?;
    let reading = reading(&rows.csv, options.first_row_is_data.is_some());
    // Whoever reads the file again must read it in the same way, whatever would be found in it then.
    options.first_row_is_data = Some(reading.first_row_is_data);
    options.decimal_comma = Some(reading.decimal_comma);
    let mut profiler = Profiler::new(rows.header(), &options.missing_words);
    let mut first_rows = Vec::new();
    let mut pace = Pace::new();
    while rows.next(abort).await? {
        profiler.push(&rows.row);
        if profiler.row_count() <= FIRST_ROWS {
            first_rows.push(rows.row.cells().map(shown).collect());
        }
        if rows.at_turn() && pace.is_due() {
            told(progress(rows.byte_position(), source.size_bytes(), watch.seconds()));
        }
    }
    let seconds = watch.seconds();
    told(progress(source.size_bytes(), source.size_bytes(), seconds));
    let profile = profiler.finish(rows.skipped())?;
    let sha256 = rows.digest();
    Ok(Profiled { table: OpenTable { source, options, sha256, profile }, reading, first_rows, seconds })
}

/// How a file is read, in words; whether its first row holds names may be what the owner says.
fn reading(csv: &CsvReader<SourceReader>, is_first_row_chosen: bool) -> Reading {
    let (first_row, decimal_mark) = (csv.first_row(), csv.decimal_mark());
    let mut notes = Vec::new();
    let holds = match first_row.value {
        FirstRow::Names => {
            notes.extend(first_row.is_doubtful.then(|| {
                format!(
                    "The first row is taken for the names of the columns: {}. If it is data, say so below.",
                    first_row.reason
                )
            }));
            "column names"
        }
        FirstRow::Data => {
            notes.extend((!is_first_row_chosen).then(|| {
                format!(
                    "This file seems to have no header row: {}. It is read as data, and the columns are called \
                     “column 1”, “column 2” and so on. If it holds names, say so below.",
                    first_row.reason
                )
            }));
            "data"
        }
    };
    let mark = match decimal_mark.value {
        DecimalMark::Point => "point",
        DecimalMark::Comma => "comma",
    };
    notes.extend(decimal_mark.is_doubtful.then(|| {
        format!(
            "Numbers are read with a decimal {mark}: {}. If that is wrong, say so below.",
            decimal_mark.reason
        )
    }));
    Reading {
        words: format!(
            "Separated by {}; UTF-8 text. First row: {holds} ({}). Decimal {mark} ({}).",
            csv.delimiter_reason(),
            first_row.reason,
            decimal_mark.reason
        ),
        notes,
        first_row_is_data: first_row.value == FirstRow::Data,
        decimal_comma: decimal_mark.value == DecimalMark::Comma,
    }
}

/// The rows of a file, read in turns so that other messages are heard in between.
pub(crate) struct Rows {
    csv: CsvReader<SourceReader>,
    hash: RunningHash,
    row: Row,
    turn: Turn,
    rows_to_look: u32,
}

impl Rows {
    /// Reads the header.
    ///
    /// # Errors
    /// A [`Fault`] if the file is no table.
    pub(crate) fn read(source: &Source, options: &ReadOptions) -> Result<Self, Fault> {
        let ragged_rows = if options.skip_ragged_rows { RowPolicy::Skip } else { RowPolicy::Reject };
        let reader = source.reader();
        let hash = reader.running_hash();
        let first_row = |is_data| if is_data { FirstRow::Data } else { FirstRow::Names };
        let decimal_mark = |is_comma| if is_comma { DecimalMark::Comma } else { DecimalMark::Point };
        let options = Options {
            ragged_rows,
            first_row: options.first_row_is_data.map(first_row),
            decimal_mark: options.decimal_comma.map(decimal_mark),
            ..Options::default()
        };
        let csv = CsvReader::with_options(reader, &options)?;
        Ok(Self { csv, hash, row: Row::new(), turn: Turn::begin(), rows_to_look: ROWS_PER_LOOK })
    }

    /// Reads the next row; `false` at the end. Gives way now and then.
    ///
    /// # Errors
    /// A [`Fault`] if the row is at fault, or if `abort` was used.
    pub(crate) async fn next(&mut self, abort: &Abort) -> Result<bool, Fault> {
        if self.rows_to_look == 0 {
            self.rows_to_look = ROWS_PER_LOOK;
            if self.turn.is_over() {
                self.turn.pass().await;
                abort.check()?;
            }
        }
        self.rows_to_look -= 1;
        Ok(self.csv.next_row(&mut self.row)?)
    }

    /// Whether this is a good moment for anything that is done now and then.
    pub(crate) fn at_turn(&self) -> bool {
        self.rows_to_look == 0
    }

    pub(crate) fn row(&self) -> &Row {
        &self.row
    }

    pub(crate) fn header(&self) -> &[String] {
        self.csv.header()
    }

    pub(crate) fn decimal_mark(&self) -> DecimalMark {
        self.csv.decimal_mark().value
    }

    pub(crate) fn skipped(&self) -> &Skipped {
        self.csv.skipped()
    }

    pub(crate) fn byte_position(&self) -> u64 {
        self.csv.byte_position()
    }

    /// SHA-256 of the file, once [`Self::next`] has given `false`.
    pub(crate) fn digest(&self) -> Digest {
        self.hash.digest()
    }
}

/// SHA-256 of a file, without taking it for a table.
pub(crate) async fn hash(source: &Source, abort: &Abort, mut told: impl FnMut(u64)) -> Result<Digest, Fault> {
    use std::io::Read as _;

    let mut reader = source.reader();
    let hash = reader.running_hash();
    let mut buffer = vec![0; 64 << 10];
    let mut turn = Turn::begin();
    let mut done = 0;
    loop {
        let count = reader
            .read(&mut buffer)
            .map_err(|error| crate::vault::source::unreadable(source.name(), &error))?;
        if count == 0 {
            return Ok(hash.digest());
        }
        done += count as u64;
        if turn.is_over() {
            told(done);
            turn.pass().await;
            abort.check()?;
        }
    }
}

/// Progress with its rate and the time left.
#[expect(clippy::cast_precision_loss, reason = "for display")]
pub(crate) fn progress(done: u64, total: u64, seconds: f64) -> Progress {
    let rate = if seconds > 0.0 { done as f64 / seconds } else { 0.0 };
    let seconds_left = (rate > 0.0).then(|| total.saturating_sub(done) as f64 / rate);
    Progress { done, total, rate, seconds_left }
}

/// Blocks of a column where row groups are as small as they get: never fewer than what an upload makes.
fn smallest_groups_block_count(row_count: u64) -> u64 {
    let group_rows = u64::from(MIN_ROWS_PER_GROUP);
    let slots = u64::from(FEWEST_SLOTS);
    row_count / group_rows * group_rows.div_ceil(slots) + (row_count % group_rows).div_ceil(slots)
}

fn shown(cell: &str) -> String {
    match cell.char_indices().nth(SHOWN_CHARACTERS) {
        None => cell.to_owned(),
        Some((end, _)) => format!("{}…", &cell[..end]),
    }
}

impl From<ReadError> for Fault {
    fn from(error: ReadError) -> Self {
        let code = match error {
            ReadError::Empty | ReadError::HeaderOnly { .. } => "empty-table",
            ReadError::Ragged { .. } => "ragged-row",
            ReadError::Utf16 | ReadError::InvalidUtf8 { .. } => "not-utf8",
            ReadError::NotText { .. } | ReadError::Binary => "not-a-table",
            ReadError::Io { .. } | ReadError::AfterError => "file-unreadable",
            ReadError::TooManyColumns { .. }
            | ReadError::RecordTooLong { .. }
            | ReadError::UnclosedQuote { .. }
            | ReadError::TextAfterQuote { .. }
            | _ => "unreadable-table",
        };
        Self::new(code, &error.to_string())
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn cells_are_cut_for_display_between_characters() {
        assert_eq!(shown("short"), "short");
        let long = "é".repeat(100);
        assert_eq!(shown(&long).chars().count(), SHOWN_CHARACTERS + 1);
    }

    #[test]
    fn progress_tells_rate_and_time_left() {
        let halfway = progress(50, 100, 5.0);
        assert_eq!((halfway.rate, halfway.seconds_left), (10.0, Some(5.0)));
        assert_eq!(progress(0, 100, 0.0).seconds_left, None);
    }

    #[test]
    fn proposals_fit_the_smallest_groups() {
        assert_eq!(smallest_groups_block_count(442), 15);
        assert_eq!(smallest_groups_block_count(2_048), 70);
        assert_eq!(smallest_groups_block_count(2_049), 71);
    }
}

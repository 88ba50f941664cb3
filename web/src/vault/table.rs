//! The open table: reading a file row by row, profiling it, proposing treatments.

use std::rc::Rc;

use veilsum_prepare::Recipe;
use veilsum_protocol::Digest;
use veilsum_table::Found;
use veilsum_table::csv::{FirstRow, Skipped};
use veilsum_table::decimal::DecimalMark;
use veilsum_table::preset;
use veilsum_table::profile::{Profile, Profiler};
use veilsum_table::read::{Format, TableReader};
use veilsum_table::survey::{Survey, Surveyor};
use veilsum_table::treat::{self, Room};
use veilsum_table::types::{ColumnType, Typer};

use crate::abort::Abort;
use crate::api::{self, How, Patience};
use crate::messages::refine::ColumnFindings;
use crate::messages::{Event, Fault, PresetView, Progress, Proposal, ReadOptions, Reading, TableView};
use crate::time::{Pace, Stopwatch, Turn};
use crate::vault::Vault;
use crate::vault::details;
use crate::vault::parquet;
use crate::vault::processes::Work;
use crate::vault::refine::findings::Sampler;
use crate::vault::refine::{self, Refining, gate};
use crate::vault::rows::{Rows, settled};
use crate::vault::source::{Source, SourceReader};
use crate::vault::upload::shape::MIN_ROWS_PER_GROUP;

/// Rows that the page shows.
const FIRST_ROWS: u64 = 20;
/// Characters of a cell that the page shows.
const SHOWN_CHARACTERS: usize = 80;
/// Slots of the smallest modulus: a proposal must fit whichever key is used.
const FEWEST_SLOTS: u32 = 30;

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
    /// What its columns look like, where that was looked at.
    pub findings: Vec<ColumnFindings>,
}

/// What one pass over a file found.
pub(crate) struct Profiled {
    pub(crate) table: OpenTable,
    pub(crate) reading: Reading,
    pub(crate) first_rows: Vec<Vec<String>>,
    pub(crate) types: Vec<Found<ColumnType>>,
    /// A closer look, where one was asked for.
    pub(crate) survey: Option<Survey>,
    pub(crate) seconds: f64,
}

/// How close a pass over a file looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// What encryption needs.
    Plain,
    /// All that its owner may want to know of it.
    Close,
}

/// Reads and profiles `source`, which becomes the open table.
///
/// # Errors
/// A [`Fault`] that says where the file is at fault; `cancelled` if another file was opened meanwhile.
pub async fn open(vault: &Rc<Vault>, source: Source, options: ReadOptions) -> Result<TableView, Fault> {
    vault.table.take();
    vault.refining.take();
    vault.processes.stop(Work::Refining).await;
    vault.processes.stop(Work::Rows).await;
    vault.processes.stop(Work::Reading).await;
    let process = vault.processes.begin(Work::Reading);
    let tell = Rc::clone(&vault.tell);
    let told = move |progress| tell(Event::Reading(progress));
    let profiled = profile(source, options, Look::Close, &process, told).await?;
    let (table, view) = opened(profiled);
    vault.table.replace(Some(Rc::clone(&table)));
    vault.twins.remember(&table);
    crate::vault::upload::speed::measure_ahead(vault);
    vault.refining.replace(Some(Rc::new(Refining::of(&table, &Rc::new(view.clone())))));
    // The same file in another reading keeps its steps, even where a reading in between failed; another file ends them.
    vault.steps.replace_with(|steps| steps.take().filter(|(sha256, _)| *sha256 == table.sha256));
    let steps = vault.steps.borrow().clone();
    match steps {
        Some((_, recipe)) => Ok(refine::take_over(vault, &recipe, view).await),
        None => {
            vault.twins.forget_prepared();
            Ok(view)
        }
    }
}

/// A table that was profiled, and what is shown of it.
pub(crate) fn opened(profiled: Profiled) -> (Rc<OpenTable>, TableView) {
    let table = Rc::new(profiled.table);
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
    let identifying = gate::asking(&table, &table, &Recipe::default());
    let view = TableView {
        file_name: table.source.name().to_owned(),
        size_bytes: table.source.size_bytes(),
        reading: profiled.reading,
        proposals: proposals.collect(),
        details: details::of_columns(&profiled.types, profiled.survey.as_ref()),
        type_choices: details::type_choices(&profiled.types),
        preset: preset_of(&table.profile, room),
        bad_rows: bad_rows(&table.profile.skipped),
        profile: table.profile.clone(),
        first_rows: profiled.first_rows,
        seconds: profiled.seconds,
        identifying,
        step_count: 0,
        is_anonymised: false,
    };
    (table, view)
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
    vault.refining.take();
    vault.steps.take();
    vault.processes.stop(Work::Refining).await;
    vault.processes.stop(Work::Rows).await;
    vault.processes.stop(Work::Reading).await;
    vault.twins.forget_prepared();
}

/// What is known of a table with these columns.
fn preset_of(profile: &Profile, room: Room) -> Option<PresetView> {
    let header: Vec<String> = profile.columns.iter().map(|column| column.name.clone()).collect();
    let preset = preset::find(&header)?;
    let reasons = preset.columns.iter().filter_map(|column| {
        let why = column.why.as_ref()?;
        Some(format!("{} ({}) is left out: {why}.", column.name, column.meaning))
    });
    Some(PresetView {
        doubts: preset.doubts(profile),
        reasons: reasons.collect(),
        choices: preset.choices(profile, room),
        name: preset.name,
        about: preset.about,
    })
}

/// The rows that were passed over as CSV; blank if there are none.
fn bad_rows(skipped: &Skipped) -> String {
    let mut bytes = Vec::new();
    if skipped.row_count > 0 {
        // A buffer in memory takes everything.
        let _ = skipped.write_csv(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// One pass over `source`: hash, profile, first rows; and another where only a whole pass has told what the cells of a
/// column mean. `told` hears how far it is.
pub(crate) async fn profile(
    source: Source,
    mut options: ReadOptions,
    look: Look,
    abort: &Abort,
    told: impl Fn(Progress) + Clone + 'static,
) -> Result<Profiled, Fault> {
    let watch = Stopwatch::start();
    let source = parquet::opened(source, abort, told.clone()).await?;
    let is_prepared = source.preparation().is_some();
    let is_first_row_chosen = options.first_row_is_data.is_some();
    let chosen = options.types.clone();
    // The schema of a Parquet file knows better than its cells.
    let looks_for_types = look == Look::Close && source.derived().is_none();
    // Of the first pass: in the second one all is chosen, and nothing is found.
    let mut found_reading = None;
    loop {
        let mut rows = Rows::read(&source, &options)?;
        let is_second_pass = found_reading.is_some();
        let reading =
            found_reading.take().unwrap_or_else(|| reading(rows.table(), &source, is_first_row_chosen));
        let mut types = rows.types().to_vec();
        if !is_prepared {
            // Whoever reads the file again must read it in the same way, whatever would be found in it then.
            options.first_row_is_data = Some(reading.first_row_is_data);
            options.decimal_comma = Some(reading.decimal_comma);
            options.types = Some(codes(&types));
        }
        let missing_words = source.missing_words(&options.missing_words);
        let mut profiler = Profiler::new(rows.header(), missing_words);
        let mut surveyor = (look == Look::Close).then(|| Surveyor::new(rows.header(), missing_words));
        let mark = if reading.decimal_comma { DecimalMark::Comma } else { DecimalMark::Point };
        let mut typer = looks_for_types.then(|| Typer::new(types.len(), mark, missing_words));
        let mut sampler = (look == Look::Close).then(|| Sampler::new(rows.header()));
        let mut first_rows = Vec::new();
        let mut pace = Pace::new();
        while rows.next(abort).await? {
            let (written, read) = rows.both();
            profiler.push(read);
            if let Some(surveyor) = &mut surveyor {
                surveyor.push(written, read);
            }
            if let Some(typer) = &mut typer {
                typer.push(written);
            }
            if let Some(sampler) = &mut sampler {
                sampler.push(written);
            }
            if profiler.row_count() <= FIRST_ROWS {
                first_rows.push(written.cells().map(shown).collect());
            }
            if rows.at_turn() && pace.is_due() {
                told(progress(rows.byte_position(), source.rows_bytes(), watch.seconds()));
            }
        }
        if let Some(typer) = typer {
            let found = settled(&typer.finish(), chosen.as_deref())?;
            let is_same = found.iter().map(|found| &found.value).eq(types.iter().map(|found| &found.value));
            if !is_same && !is_second_pass {
                found_reading = Some(reading);
                options.types = Some(codes(&found));
                continue;
            }
            types = found;
        }
        let seconds = watch.seconds();
        told(progress(source.size_bytes(), source.size_bytes(), seconds));
        let profile = profiler.finish(&rows.skipped())?;
        let sha256 = rows.digest();
        let findings = sampler.map(Sampler::finish).unwrap_or_default();
        return Ok(Profiled {
            table: OpenTable { source, options, sha256, profile, findings },
            reading,
            first_rows,
            types,
            survey: surveyor.map(Surveyor::finish),
            seconds,
        });
    }
}

/// Types as they are written down: columns at the end whose cells stay as they stand are not listed.
fn codes(types: &[Found<ColumnType>]) -> Vec<String> {
    let listed = types.iter().rposition(|found| found.value != ColumnType::Plain).map_or(0, |last| last + 1);
    types[..listed].iter().map(|found| details::code(&found.value)).collect()
}

/// How a file is read, in words; whether its first row holds names may be what the owner says.
fn reading(table: &TableReader<SourceReader>, source: &Source, is_first_row_chosen: bool) -> Reading {
    if source.derived().is_some() {
        return Reading {
            words: "A Parquet file: its schema names the columns and says what they hold.".to_owned(),
            notes: Vec::new(),
            first_row_is_data: false,
            decimal_comma: false,
            asks_first_row: false,
            asks_decimal_mark: false,
        };
    }
    let packed = if table.is_gzip() { "Packed with gzip. " } else { "" };
    let layout = match table.format().value {
        Format::Json => format!("{packed}JSON, {}.", table.layout_in_words()),
        Format::Csv | Format::Parquet => {
            format!("{packed}Separated by {}; UTF-8 text.", table.layout_in_words())
        }
    };
    let first_row = table.first_row();
    let mut notes = Vec::new();
    let mut words = layout;
    let asks_first_row = !table.has_named_fields();
    if asks_first_row {
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
        words.push_str(&format!(" First row: {holds} ({}).", first_row.reason));
    }
    let decimal_mark = table.decimal_mark();
    if let Some(decimal_mark) = decimal_mark {
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
        words.push_str(&format!(" Decimal {mark} ({}).", decimal_mark.reason));
    }
    Reading {
        words,
        notes,
        // Fields that are named leave no row without names.
        first_row_is_data: asks_first_row && first_row.value == FirstRow::Data,
        decimal_comma: decimal_mark.is_some_and(|mark| mark.value == DecimalMark::Comma),
        asks_first_row,
        asks_decimal_mark: decimal_mark.is_some(),
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

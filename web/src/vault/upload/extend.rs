//! A dataset that grows: new batches of rows, and columns that analyses need and that it does not hold yet.

use std::rc::Rc;

use veilsum_analysis::Request;
use veilsum_analysis::derive;
use veilsum_analysis::plan::missing_terms;
use veilsum_analysis::products;
use veilsum_analysis::schema::Schema;
use veilsum_crypto::bfv::ParameterSet;
use veilsum_protocol::DatasetId;
use veilsum_protocol::api::DatasetDetail;
use veilsum_protocol::manifest::{Binning, Centring, Column, Manifest, Scheme, Treatment};
use veilsum_protocol::row_group::Encryption;
use veilsum_table::treat::{self, Choice, NumberEncoding};
use web_sys::File;

use crate::api::{How, Patience};
use crate::messages::{Event, Fault, Need, Run, UploadSummary};
use crate::time::now_seconds;
use crate::vault::Vault;
use crate::vault::datasets;
use crate::vault::keyring::Unlocked;
use crate::vault::parquet;
use crate::vault::prepare;
use crate::vault::processes::{Process, Work};
use crate::vault::refine::taking_no_files;
use crate::vault::source::Source;
use crate::vault::table::{self, Look, OpenTable};
use crate::vault::twin::{self, check_same_file, read_options};
use crate::vault::upload::choose;
use crate::vault::upload::content::Content;
use crate::vault::upload::shape::{LARGEST_GROUP_BLOCKS, Shape, choose_rows_per_group, slot_count};
use crate::vault::upload::speed::{self, Speed};
use crate::vault::upload::state::{Base, UploadState, encryption_of};
use crate::vault::upload::{file_state, load_if_any, run};

/// Encrypts and uploads the columns that `run` lacks over the rows of `batch`.
///
/// # Errors
/// A [`Fault`]; what was stored by then is kept, and the upload can be resumed.
pub async fn add_columns(
    vault: &Rc<Vault>,
    wanted: Run,
    batch: u32,
    refinements: &[(u32, Binning)],
    file: Option<File>,
) -> Result<UploadSummary, Fault> {
    let growing = Growing::begin(vault, wanted.dataset).await?;
    let manifest = &growing.base.manifest;
    if manifest.scheme.multiplies() {
        return Err(Fault::new(
            "columns-fixed",
            "A dataset that the cloud can multiply gets no columns later. Upload the file again and choose this analysis \
             before.",
        ));
    }
    let Some(source) = manifest.batch(batch).cloned() else {
        return Err(Fault::new(
            "no-batch",
            "This dataset has no such batch of rows. Choose one of its batches.",
        ));
    };
    let opened = match file {
        Some(file) => Source::from_file(file),
        None => twin::source_at_hand(vault, &source, &growing.process).await?,
    };
    let table = growing.profile(opened, &source).await?;
    check_same_file(&table.source, &source.file_name, source.size_bytes, || async {
        Ok(table.sha256 == source.sha256)
    })
    .await?;

    let mut columns = manifest.columns.clone();
    let facts = choose::facts(&table.profile, &columns);
    derive::prepare(&mut columns, &facts, &wanted.requests)?;
    for (position, binning) in refinements {
        if let Some(column) = columns.get_mut(*position as usize)
            && !column.binnings.contains(binning)
        {
            column.binnings.push(*binning);
        }
    }
    let lacking = growing.sets_without(batch);
    let stored: Vec<_> = manifest.derived.clone();
    let missing = missing_terms(&columns, &stored, &wanted.requests)?;
    if missing.is_empty() && lacking.is_empty() {
        return Err(Fault::new(
            "nothing-missing",
            "The dataset holds all that these analyses need. Run them.",
        ));
    }
    let shape = growing.shape(table.profile.row_count, 1)?;
    let blocks = choose::largest_block_count(shape.block_count());
    let added =
        derive::derive(&columns, &stored, missing, growing.next_set(), growing.next_column(), blocks)?;
    let mut sets = lacking;
    if !added.is_empty() {
        sets.push(growing.next_set());
    }
    let derived = stored.into_iter().chain(added).filter(|derived| sets.contains(&derived.column_set));
    let content = Content {
        numbers: choose::numbers(&columns),
        categories: choose::category_encodings(&columns),
        derived: derived.collect(),
        columns,
        sets,
        factors: Vec::new(),
    };
    growing.upload(&table, content, batch).await
}

/// Encrypts and uploads the rows of `file` as a new batch.
///
/// # Errors
/// A [`Fault`] that says in what the file does not fit the dataset; or of the upload, which can be resumed then.
pub async fn append_rows(vault: &Rc<Vault>, dataset: DatasetId, file: File) -> Result<UploadSummary, Fault> {
    let growing = Growing::begin(vault, dataset).await?;
    let manifest = &growing.base.manifest;
    if let Some(step) = taking_no_files(manifest) {
        return Err(Fault::new(
            "takes-no-files",
            &format!(
                "This dataset takes no further files: its rows went through the step “{step}”, which would find other groups or \
                 make up other rows in each file. Prepare all rows together, and upload them as a dataset of their own. The \
                 dataset is unchanged."
            ),
        ));
    }
    let table = growing.profile(Source::from_file(file), &manifest.source).await?;
    if (0..manifest.batch_count())
        .filter_map(|batch| manifest.batch(batch))
        .any(|source| source.sha256 == table.sha256)
    {
        return Err(does_not_fit("it is in this dataset already, and its rows would count twice"));
    }
    let found = table.profile.columns.iter().map(|column| column.name.as_str());
    let expected: Vec<&str> = manifest.columns.iter().map(|column| column.name.as_str()).collect();
    if !found.eq(expected.iter().copied()) {
        return Err(does_not_fit(&format!("its columns must be: {}", expected.join(", "))));
    }
    let shape = growing.shape(table.profile.row_count, 1)?;
    let choices: Vec<Choice> = manifest.columns.iter().map(choice).collect();
    let numbers = treat::check(&table.profile, &choices, shape.room())?;
    let mut columns = manifest.columns.clone();
    for (column, found) in columns.iter_mut().zip(&table.profile.columns) {
        grow(column, found, &numbers)?;
    }
    if let Some(name) = outgrown(manifest, &columns) {
        return Err(does_not_fit(&format!(
            "the values of column “{name}” are so much larger than before that products with them would not fit what the \
             dataset was encrypted for"
        )));
    }
    let sets: Vec<u32> = growing.sets();
    let mut factors = manifest.factors.clone();
    for factor in &mut factors {
        factor.largest_magnitude = products::largest_magnitude(Schema::new(&columns), factor.factor)?;
    }
    let content = Content {
        categories: choose::category_encodings(&columns),
        derived: derive::rebound(&columns, &manifest.derived)?,
        numbers,
        columns,
        sets,
        factors,
    };
    let batch = manifest.batch_count();
    growing.upload(&table, content, batch).await
}

/// What analyses need beside what a dataset holds.
pub(crate) async fn needs(
    vault: &Vault,
    unlocked: &Unlocked,
    manifest: &Manifest,
    requests: &[Request],
) -> Result<Vec<Need>, Fault> {
    if manifest.scheme.multiplies() {
        return Ok(Vec::new());
    }
    let encryption = encryption_of(&manifest.scheme)?;
    let speed = speed::of(unlocked, encryption).await;
    let shape = shape(encryption, manifest.row_count(), 1, speed)?;
    let facts = match vault.twins.profile_of(&manifest.source) {
        Some(table) => choose::facts(&table.profile, &manifest.columns),
        // Without the file the planner knows what the manifest has; the rest shows when the file is chosen.
        None => manifest.columns.iter().map(known_facts).collect(),
    };
    Ok(choose::needs(&manifest.columns, &facts, &manifest.derived, requests, &shape, speed))
}

/// What the manifest alone knows of a column.
fn known_facts(column: &Column) -> derive::Facts {
    let range = column.number().map(|number| {
        let Centring { centre, largest_deviation } = number.centring();
        let around = i64::try_from(largest_deviation).unwrap_or(i64::MAX);
        (centre.saturating_sub(around), centre.saturating_add(around))
    });
    let categories = (!column.categories.is_empty()).then(|| column.categories.clone());
    derive::Facts { range, categories }
}

/// A dataset that is about to grow.
struct Growing<'a> {
    vault: &'a Rc<Vault>,
    unlocked: Rc<Unlocked>,
    process: Process,
    detail: DatasetDetail,
    base: Base,
    encryption: Encryption,
    speed: Speed,
}

impl<'a> Growing<'a> {
    async fn begin(vault: &'a Rc<Vault>, dataset: DatasetId) -> Result<Self, Fault> {
        let unlocked = vault.unlocked()?;
        let process = vault.processes.begin_only(Work::Upload)?;
        if load_if_any(vault, &unlocked, dataset).await?.is_some() {
            return Err(Fault::new(
                "upload-unfinished",
                "An upload to this dataset was interrupted. Resume or discard it first.",
            ));
        }
        let (detail, manifest, digest) =
            datasets::fetch_with_digest(vault, &unlocked, dataset, &process).await?;
        let encryption = encryption_of(&manifest.scheme)?;
        let speed = process.or(speed::of(&unlocked, encryption)).await?;
        Ok(Self { vault, unlocked, process, detail, base: Base { manifest, digest }, encryption, speed })
    }

    /// Reads a file in the way in which `like` was read, and prepares its rows with what was learnt from those.
    async fn profile(
        &self,
        source: Source,
        like: &veilsum_protocol::manifest::Source,
    ) -> Result<OpenTable, Fault> {
        let tell = Rc::clone(&self.vault.tell);
        let told = move |progress| tell(Event::Reading(progress));
        let options = read_options(like);
        let source = parquet::opened(source, &self.process, told.clone()).await?;
        let preparation = like.preparation.as_ref();
        let source =
            prepare::again(self.vault, source, &options, preparation, &self.process, told.clone()).await?;
        let profiled = table::profile(source, options, Look::Plain, &self.process, told).await?;
        Ok(profiled.table)
    }

    /// The column sets of the dataset, ascending.
    fn sets(&self) -> Vec<u32> {
        let mut sets: Vec<u32> = self.base.manifest.row_groups.iter().map(|group| group.column_set).collect();
        sets.sort_unstable();
        sets.dedup();
        sets
    }

    /// The column sets that a batch of rows does not have yet.
    fn sets_without(&self, batch: u32) -> Vec<u32> {
        let groups = &self.base.manifest.row_groups;
        let has = |set: u32| groups.iter().any(|group| group.batch == batch && group.column_set == set);
        self.sets().into_iter().filter(|set| !has(*set)).collect()
    }

    fn next_set(&self) -> u32 {
        self.sets().last().map_or(0, |last| last + 1)
    }

    fn next_column(&self) -> u32 {
        self.base.manifest.stored_columns().map(|stored| stored.column + 1).max().unwrap_or(0)
    }

    fn shape(&self, row_count: u64, column_count: u64) -> Result<Shape, Fault> {
        shape(self.encryption, row_count, column_count, self.speed)
    }

    async fn upload(self, table: &OpenTable, content: Content, batch: u32) -> Result<UploadSummary, Fault> {
        let how = How { patience: Patience::Brief, abort: &self.process };
        let dataset = self.detail.entry.dataset;
        let shape = self.shape(table.profile.row_count, content.column_count())?;
        let stored = self.unlocked.api.all_objects(self.detail, how).await?;
        // What an abandoned upload left there keeps its indices: nothing is ever stored twice under one.
        let newest = stored.iter().filter_map(|object| row_group_index(&object.key)).max();
        let first_index = newest.map_or(0, |newest| newest + 1);
        let mut state = UploadState::begin(
            dataset,
            now_seconds(),
            self.base.manifest.scheme.clone(),
            file_state(table),
            Vec::new(),
            content,
            shape.rows_per_group,
            None,
        );
        state.batch = batch;
        state.first_index = first_index;
        state.base = Some(self.base);
        run(self.vault, &self.unlocked, &table.source, state, &self.process).await
    }
}

/// The index of the row group that an object's key names.
fn row_group_index(key: &str) -> Option<u32> {
    let (folder, name) = key.rsplit_once('/')?;
    let index = name.trim_start_matches('0');
    folder.ends_with("/rg").then(|| if index.is_empty() { Some(0) } else { index.parse().ok() })?
}

fn shape(encryption: Encryption, row_count: u64, column_count: u64, speed: Speed) -> Result<Shape, Fault> {
    let slots = slot_count(encryption).unwrap_or(1);
    let rows_per_group = choose_rows_per_group(row_count, column_count, slots, speed.seconds_per_block());
    Shape::new(row_count, rows_per_group, encryption)
}

/// The treatment that made a column.
fn choice(column: &Column) -> Choice {
    match &column.treatment {
        Treatment::Number(number) => Choice::Number { scale: number.scale },
        Treatment::Category { .. } => Choice::Category,
        Treatment::SealedOriginalOnly => Choice::SealedOriginalOnly,
        Treatment::Dropped => Choice::Drop,
    }
}

/// Makes room in a column for what a new batch holds of it, or says why there is none.
fn grow(
    column: &mut Column,
    found: &veilsum_table::profile::ColumnProfile,
    numbers: &[NumberEncoding],
) -> Result<(), Fault> {
    let name = &found.name;
    let was_without_blanks = column.has_blanks() == Some(false);
    if was_without_blanks && found.missing > 0 {
        return Err(does_not_fit(&format!(
            "column “{name}” has blanks, and none in the dataset, so that nothing there counts them"
        )));
    }
    if !column.categories.is_empty() {
        let cells = found.categories.as_ref();
        let unknown =
            cells.and_then(|cells| cells.iter().find(|cell| !column.categories.contains(&cell.text)));
        if cells.is_none() || unknown.is_some() {
            let which = unknown.map_or_else(String::new, |cell| format!(" such as “{}”", cell.text));
            return Err(does_not_fit(&format!(
                "column “{name}” has values{which} that are none of the dataset's categories"
            )));
        }
    }
    match &mut column.treatment {
        Treatment::Number(number) => {
            let Some(encoding) = numbers.iter().find(|encoding| encoding.name == *name) else {
                return Ok(());
            };
            if encoding.rounded && !number.rounded {
                return Err(does_not_fit(&format!(
                    "column “{name}” has more decimals than the {} that the dataset keeps",
                    number.scale
                )));
            }
            number.largest_magnitude = number.largest_magnitude.max(encoding.largest_magnitude);
            number.bound_bits = number.bound_bits.max(encoding.bound_bits);
            number.missing_count += encoding.missing_count;
            if let (Some(centring), Some((least, most))) =
                (&mut number.centring, choose::range(found, number.scale))
            {
                let farthest = least.abs_diff(centring.centre).max(most.abs_diff(centring.centre));
                centring.largest_deviation = centring.largest_deviation.max(farthest);
            }
        }
        Treatment::Category { missing_count } => *missing_count += found.missing,
        Treatment::SealedOriginalOnly | Treatment::Dropped => {}
    }
    Ok(())
}

/// A column whose squares fit the primes of a dataset under the second engine until now, and would not any more.
fn outgrown<'a>(manifest: &Manifest, columns: &'a [Column]) -> Option<&'a str> {
    let Scheme::Bfv { parameter_set, primes, .. } = &manifest.scheme else { return None };
    let set = ParameterSet::from_id(*parameter_set)?;
    let fits = |column: &Column| {
        let widest = column.number().map_or(0, |number| number.centring().largest_deviation);
        let square = u128::from(widest).checked_mul(widest.into());
        let total = square.and_then(|square| square.checked_mul(LARGEST_GROUP_BLOCKS.into()));
        total.and_then(|total| set.primes_for(total)).is_some_and(|needed| needed <= *primes)
    };
    let pairs = manifest.columns.iter().zip(columns);
    pairs.filter(|(before, after)| fits(before) && !fits(after)).map(|(_, after)| after.name.as_str()).next()
}

fn does_not_fit(why: &str) -> Fault {
    Fault::new(
        "batch-does-not-fit",
        &format!(
            "This file cannot be added to the dataset: {why}. Correct the file, or upload it as a dataset of its own. \
             The dataset is unchanged."
        ),
    )
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::row_group_index;

    #[test]
    fn indices_are_read_from_keys() {
        assert_eq!(row_group_index("t/aa/d/bb/rg/00000012"), Some(12));
        assert_eq!(row_group_index("t/aa/d/bb/rg/00000000"), Some(0));
        assert_eq!(row_group_index("t/aa/d/bb/m/00000001"), None);
        assert_eq!(row_group_index("t/aa/d/bb/rg/x"), None);
        assert_eq!(row_group_index("original"), None);
    }
}

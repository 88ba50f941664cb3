//! Encrypt and upload: estimate, start, resume, cancel, discard.
//!
//! What an upload has achieved is noted in this browser after every stored part ([`state`]). A resume first makes
//! sure that the file is the same by its hash, asks the cloud what has arrived, and encrypts only what is missing.

pub(crate) mod choose;
mod commit;
pub(crate) mod content;
pub(crate) mod extend;
mod groups;
mod meter;
mod original;
mod run;
mod send;
pub(crate) mod shape;
pub(crate) mod speed;
pub(crate) mod state;

use std::rc::Rc;

use veilsum_crypto::bfv::ParameterSet;
use veilsum_owner::seal;
use veilsum_protocol::DatasetId;
use veilsum_protocol::manifest::Scheme;
use veilsum_protocol::row_group::Encryption;
use veilsum_table::treat::{self, Choice, NumberEncoding, TreatError};
use web_sys::File;

use crate::api::{How, Patience};
use crate::messages::{
    Engine, Event, Fault, UnfinishedUpload, UploadChoices, UploadEstimate, UploadPhase, UploadSummary,
};
use crate::time::now_seconds;
use crate::vault::Vault;
use crate::vault::claim::Claim;
use crate::vault::datasets;
use crate::vault::keyring::Unlocked;
use crate::vault::parquet;
use crate::vault::prepare;
use crate::vault::processes::{Process, Work};
use crate::vault::random::dataset_id;
use crate::vault::refine::lineage;
use crate::vault::source::Source;
use crate::vault::table::{self, OpenTable};
use crate::vault::twin::check_same_file;
use crate::vault::upload::content::{Content, value_columns};
use crate::vault::upload::run::Run;
use crate::vault::upload::shape::{Shape, bfv_encryption, choose_rows_per_group, slot_count};
use crate::vault::upload::speed::Speed;
use crate::vault::upload::state::{FileState, OriginalState, UploadState};

/// Checks treatments and estimates the upload.
///
/// # Errors
/// A [`Fault`] if nothing can be estimated; problems with single columns are part of the estimate.
pub async fn estimate(vault: &Vault, choices: &UploadChoices) -> Result<UploadEstimate, Fault> {
    let table = vault.table()?;
    let unlocked = vault.unlocked()?;
    let encryption = first_encryption(&unlocked, choices.engine);
    let speed = speed::of(&unlocked, encryption).await;
    let shape = shape_for(&table, choices, encryption, speed)?;
    let columns = table.profile.columns.iter().zip(&choices.treatments).zip(0..);
    let mut problems = Vec::new();
    let mut notes = Vec::new();
    for ((column, choice), at) in columns {
        if matches!(choice, Choice::SealedOriginalOnly | Choice::Drop) {
            continue;
        }
        match (encodings_for(&table, &only(at, &choices.treatments), &shape), choice) {
            (Err(error), _) => problems.push((at, error.to_string())),
            (Ok(_), Choice::Number { scale }) if *scale < column.max_decimals => {
                notes.push((at, treat::describe(column, *choice)));
            }
            (Ok(_), _) => {}
        }
    }
    let fitting: Vec<Choice> = choices
        .treatments
        .iter()
        .zip(0..)
        .map(|(choice, at)| {
            let is_problem = problems.iter().any(|(problem, _)| *problem == at);
            if is_problem { Choice::SealedOriginalOnly } else { *choice }
        })
        .collect();
    let encodings = encodings_for(&table, &fitting, &shape)?;
    let (needs, stored) = match choices.engine {
        Engine::Paillier => {
            let columns = choose::columns(&table.profile, &fitting, &encodings);
            let facts = choose::facts(&table.profile, &columns);
            let needs = choose::needs(&columns, &facts, &[], &choices.analyses, &shape, speed);
            (needs, value_columns(&encodings))
        }
        Engine::Bfv => {
            let profile = &table.profile;
            let needs =
                choose::needs_of_factors(profile, &fitting, &encodings, &choices.analyses, &shape, speed);
            let stored = choose::factors(profile, &fitting, encodings, &[])?.content.sets();
            (needs, stored.into_iter().flat_map(|set| set.columns).collect())
        }
    };
    let derived: u64 = needs.iter().map(|need| need.columns).sum();
    let group_bytes = if stored.is_empty() { 0 } else { shape.bytes(&stored) };
    let derived_bytes = choose::cost(derived, &shape, speed).0;
    let original_bytes = if choices.keep_original { seal::sealed_len(table.source.size_bytes()) } else { 0 };
    Ok(UploadEstimate {
        bytes: group_bytes + derived_bytes + original_bytes,
        seconds: choose::cost(stored.len() as u64 + derived, &shape, speed).1,
        values: shape.row_count * (stored.len() as u64 + derived),
        rows_per_group: shape.rows_per_group,
        row_groups: shape.group_count(),
        problems,
        notes,
        needs,
    })
}

/// Encrypts the open table and uploads it.
///
/// # Errors
/// A [`Fault`]; whatever was stored by then is kept, and the upload can be resumed.
pub async fn start(vault: &Rc<Vault>, choices: UploadChoices) -> Result<UploadSummary, Fault> {
    let table = vault.table()?;
    let unlocked = vault.unlocked()?;
    if !unlocked.is_kept() {
        return Err(Fault::new(
            "key-file-needed",
            "Save the key file first: without it, nobody could ever open what is uploaded if this browser lost its \
             storage.",
        ));
    }
    let refining = vault.refining.borrow().clone();
    let identifying =
        refining.as_ref().map(|refining| refining.decided(&table, &choices)).transpose()?.unwrap_or_default();
    let process = vault.processes.begin_only(Work::Upload)?;
    let encryption = first_encryption(&unlocked, choices.engine);
    let speed = process.or(speed::of(&unlocked, encryption)).await?;
    let (content, scheme, shape) = match choices.engine {
        Engine::Paillier => additive(&table, &choices, &unlocked, speed)?,
        Engine::Bfv => multiplicative(&table, &choices, &unlocked, speed)?,
    };
    if content.column_count() == 0 {
        return Err(nothing_to_encrypt());
    }
    if choices.keep_original && !original::fits(table.source.size_bytes()) {
        return Err(original::too_large());
    }
    let original = if choices.keep_original {
        let columns: Vec<String> = table.profile.columns.iter().map(|column| column.name.clone()).collect();
        let header = refining.as_ref().map_or_else(|| columns.clone(), |refining| refining.file_header());
        let preparation = table.source.preparation();
        let left_out = lineage::without(&header, preparation, &columns, &choices.treatments)?;
        Some(OriginalState::begin(left_out.is_empty()))
    } else {
        None
    };
    let mut state = UploadState::begin(
        dataset_id(),
        now_seconds(),
        scheme,
        file_state(&table),
        choices.treatments,
        content,
        shape.rows_per_group,
        original,
    );
    state.identifying = identifying;
    run(vault, &unlocked, &table.source, state, &process).await
}

/// What is stored of the open table to be added up, and how.
fn additive(
    table: &OpenTable,
    choices: &UploadChoices,
    unlocked: &Unlocked,
    speed: Speed,
) -> Result<(Content, Scheme, Shape), Fault> {
    let content_in = |shape: &Shape| -> Result<Content, Fault> {
        let encodings = encodings_for(table, &choices.treatments, shape)?;
        choose::content(&table.profile, &choices.treatments, encodings, &choices.analyses, shape)
    };
    let encryption = unlocked.paillier();
    let columns = content_in(&shape_for(table, choices, encryption, speed)?)?.column_count();
    // Derived columns make a row group take longer: fewer rows of more columns.
    let shape = shape_of_columns(table, choices, encryption, speed, columns)?;
    let public = unlocked.keyring.paillier().public_key();
    let scheme = Scheme::Paillier {
        modulus_bits: public.modulus_bits(),
        key: unlocked.keyring.key_fingerprint(),
        modulus: public.to_hex(),
    };
    Ok((content_in(&shape)?, scheme, shape))
}

/// What is stored of the open table to be multiplied in the cloud, and how.
fn multiplicative(
    table: &OpenTable,
    choices: &UploadChoices,
    unlocked: &Unlocked,
    speed: Speed,
) -> Result<(Content, Scheme, Shape), Fault> {
    let first = shape_for(table, choices, first_encryption(unlocked, Engine::Bfv), speed)?;
    let encodings = encodings_for(table, &choices.treatments, &first)?;
    let choose::Factors { content, set, primes } =
        choose::factors(&table.profile, &choices.treatments, encodings, &choices.analyses)?;
    let shape = shape_of_columns(table, choices, bfv_encryption(set), speed, content.column_count())?;
    let key = unlocked.keyring.bfv_fingerprint(set);
    Ok((content, Scheme::Bfv { parameter_set: set.id(), primes, key }, shape))
}

/// What an engine encrypts with before the analyses have chosen among its parameter sets, which are alike in size and speed.
fn first_encryption(unlocked: &Unlocked, engine: Engine) -> Encryption {
    match engine {
        Engine::Paillier => unlocked.paillier(),
        Engine::Bfv => bfv_encryption(ParameterSet::N8192T57),
    }
}

/// Goes on with an unfinished upload of `file`, of the open table, or of a bundled sample.
///
/// # Errors
/// A [`Fault`]; code `other-file` if it is not the file that the upload began with.
pub async fn resume(
    vault: &Rc<Vault>,
    dataset: DatasetId,
    file: Option<File>,
) -> Result<UploadSummary, Fault> {
    let unlocked = vault.unlocked()?;
    let process = vault.processes.begin_only(Work::Upload)?;
    let state = load(vault, &unlocked, dataset).await?;
    let key = match shape::parameter_set(state.encryption()?) {
        None => unlocked.keyring.key_fingerprint(),
        Some(set) => unlocked.keyring.bfv_fingerprint(set),
    };
    if *state.scheme.key() != key {
        return Err(Fault::new(
            "other-key",
            "This upload was begun under another key. Import the key file that it was begun with, or discard it.",
        ));
    }
    let source = match file {
        Some(file) => parquet::opened(Source::from_file(file), &process, |_| {}).await?,
        None => source_at_hand(vault, &state, &process).await?,
    };
    let FileState { name, size_bytes, sha256, options, preparation, .. } = &state.file;
    if preparation.is_some() {
        // Another file is told by its hash, not by what its rows lack for the steps.
        let has_same_hash = async || Ok(table::hash(&source, &process, |_| {}).await? == *sha256);
        check_same_file(&source, name, *size_bytes, has_same_hash).await?;
    }
    let tell = Rc::clone(&vault.tell);
    let told = move |progress| tell(Event::Reading(progress));
    let source = prepare::again(vault, source, options, preparation.as_ref(), &process, told).await?;
    run(vault, &unlocked, &source, state, &process).await
}

/// Stops the running upload and waits until it has stopped.
pub async fn cancel(vault: &Vault) {
    vault.processes.stop(Work::Upload).await;
}

/// Uploads that were interrupted.
///
/// # Errors
/// A [`Fault`] if the keyring is locked, or of the store.
pub async fn unfinished(vault: &Vault) -> Result<Vec<UnfinishedUpload>, Fault> {
    let unlocked = vault.unlocked()?;
    let sealed = vault.store.uploads(unlocked.tenant()).await?;
    let mut uploads: Vec<UnfinishedUpload> = sealed
        .iter()
        .filter_map(|(dataset, sealed)| UploadState::open(&unlocked.keyring, *dataset, sealed).ok())
        .map(|state| state.summary())
        .collect();
    uploads.sort_by_key(|upload| core::cmp::Reverse(upload.started_at));
    Ok(uploads)
}

/// Deletes an unfinished upload, in the cloud and then here.
///
/// # Errors
/// A [`Fault`]; it can be discarded again then.
pub async fn discard(vault: &Vault, dataset: DatasetId) -> Result<(), Fault> {
    let unlocked = vault.unlocked()?;
    vault.processes.stop(Work::Upload).await;
    let process = vault.processes.begin_only(Work::Upload)?;
    let _claim = Claim::of(&format!("veilsum upload {dataset}")).await?;
    delete(vault, &unlocked, dataset, &process).await
}

/// Runs an upload after making sure that `source` is its file.
async fn run(
    vault: &Rc<Vault>,
    unlocked: &Rc<Unlocked>,
    source: &Source,
    state: UploadState,
    process: &Process,
) -> Result<UploadSummary, Fault> {
    let dataset = state.dataset;
    let sequence = state.base.as_ref().map_or(0, |base| base.manifest.sequence) + 1;
    let _claim = Claim::of(&format!("veilsum upload {dataset}")).await?;
    let file = state.file.clone();
    let run = Run::new(vault, Rc::clone(unlocked), source, state, process)?;
    run.meter.enter(UploadPhase::Checking, "");
    check_same_file(source, &file.name, file.size_bytes, || async {
        let total = file.size_bytes;
        let actual = table::hash(source, process, |done| run.meter.checked(done, total)).await?;
        Ok(actual == file.sha256)
    })
    .await?;
    vault.twins.keep_source(file.sha256, source);
    // Whatever waits inside, a cancel ends it at once: what is stored is noted already.
    let result = process.or(run.run()).await.unwrap_or_else(|aborted| Err(aborted.into()));
    drop(run);
    // Workers that a finished row group left unused end here, too.
    unlocked.pool.take();
    match result {
        Ok(summary) => {
            datasets::remember(vault, unlocked, dataset, sequence).await?;
            vault.store.remove_upload(unlocked.tenant(), dataset).await?;
            Ok(summary)
        }
        Err(fault) => {
            if fault.code == "file-changed" {
                // Best effort: what cannot be deleted now is listed as unfinished and can be discarded later.
                let _ = delete(vault, unlocked, dataset, process).await;
            }
            Err(fault)
        }
    }
}

async fn delete(
    vault: &Vault,
    unlocked: &Unlocked,
    dataset: DatasetId,
    process: &Process,
) -> Result<(), Fault> {
    let how = How { patience: Patience::Brief, abort: process };
    // A commit whose answer was lost has made a dataset of it, and that is not ours to delete here. Only a cloud that
    // says that there is no manifest makes it safe to delete; one that cannot tell leaves all as it is.
    match unlocked.api.dataset(dataset, how).await {
        Ok(_) => {}
        Err(error) if error.is_not_found() || error.is_not_committed() => {
            match unlocked.api.delete_dataset(dataset, how).await {
                Ok(()) => {}
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(error) => return Err(error.into()),
    }
    Ok(vault.store.remove_upload(unlocked.tenant(), dataset).await?)
}

async fn load(vault: &Vault, unlocked: &Unlocked, dataset: DatasetId) -> Result<UploadState, Fault> {
    load_if_any(vault, unlocked, dataset).await?.ok_or_else(|| {
        Fault::new(
            "no-upload",
            "This browser knows of no such unfinished upload. It may have been finished or discarded in another tab.",
        )
    })
}

async fn load_if_any(
    vault: &Vault,
    unlocked: &Unlocked,
    dataset: DatasetId,
) -> Result<Option<UploadState>, Fault> {
    let sealed = vault.store.uploads(unlocked.tenant()).await?;
    let found = sealed.into_iter().find(|(known, _)| *known == dataset);
    found.map(|(_, sealed)| UploadState::open(&unlocked.keyring, dataset, &sealed)).transpose()
}

/// The file of an upload where nobody has to choose it again.
async fn source_at_hand(vault: &Vault, state: &UploadState, process: &Process) -> Result<Source, Fault> {
    let open = vault.table.borrow().clone();
    if let Some(table) = open.filter(|table| table.sha256 == state.file.sha256) {
        return Ok(table.source.clone());
    }
    if state.file.is_sample {
        return table::load_sample(vault, &state.file.name, process).await;
    }
    let name = &state.file.name;
    Err(Fault::new("no-file", &format!("To go on with the upload, choose the file “{name}” again.")))
}

fn shape_for(
    table: &OpenTable,
    choices: &UploadChoices,
    encryption: Encryption,
    speed: Speed,
) -> Result<Shape, Fault> {
    let columns = table.profile.columns.iter().zip(&choices.treatments);
    let column_count = columns
        .filter(|(_, choice)| matches!(choice, Choice::Number { .. }))
        .map(|(column, _)| 1 + u64::from(column.missing > 0))
        .sum();
    let is_category = |choice: &Choice| matches!(choice, Choice::Category);
    if column_count == 0 && !choices.treatments.iter().any(is_category) {
        return Err(nothing_to_encrypt());
    }
    shape_of_columns(table, choices, encryption, speed, column_count)
}

fn nothing_to_encrypt() -> Fault {
    Fault::new(
        "nothing-to-encrypt",
        "No column is to be encrypted as a number, and no analysis of categories is chosen, so that nothing could be \
         computed. Choose at least one.",
    )
}

/// How a table with so many encrypted columns falls into row groups.
fn shape_of_columns(
    table: &OpenTable,
    choices: &UploadChoices,
    encryption: Encryption,
    speed: Speed,
    column_count: u64,
) -> Result<Shape, Fault> {
    let row_count = table.profile.row_count;
    let slots = slot_count(encryption).unwrap_or(1);
    let rows_per_group = choices
        .rows_per_group
        .unwrap_or_else(|| choose_rows_per_group(row_count, column_count, slots, speed.seconds_per_block()));
    Shape::new(row_count, rows_per_group, encryption)
}

fn encodings_for(
    table: &OpenTable,
    treatments: &[Choice],
    shape: &Shape,
) -> Result<Vec<NumberEncoding>, TreatError> {
    treat::check(&table.profile, treatments, shape.room())
}

/// The treatments with nothing encrypted but column `chosen`, so that its own problem is told.
fn only(chosen: u32, treatments: &[Choice]) -> Vec<Choice> {
    let keep = |(choice, at): (&Choice, u32)| if at == chosen { *choice } else { Choice::SealedOriginalOnly };
    treatments.iter().zip(0..).map(keep).collect()
}

fn file_state(table: &OpenTable) -> FileState {
    FileState {
        name: table.source.name().to_owned(),
        size_bytes: table.source.size_bytes(),
        sha256: table.sha256,
        is_sample: table.source.is_sample(),
        options: table.options.clone(),
        columns: table.profile.columns.iter().map(|column| column.name.clone()).collect(),
        row_count: table.profile.row_count,
        skipped_row_count: table.profile.skipped.row_count,
        preparation: table.source.preparation().cloned(),
    }
}

impl From<TreatError> for Fault {
    fn from(error: TreatError) -> Self {
        Self::new("does-not-fit", &error.to_string())
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn problems_are_looked_for_column_by_column() {
        let treatments = [Choice::Number { scale: 0 }, Choice::Drop, Choice::Number { scale: 3 }];
        assert_eq!(
            only(2, &treatments),
            [Choice::SealedOriginalOnly, Choice::SealedOriginalOnly, Choice::Number { scale: 3 }]
        );
    }
}

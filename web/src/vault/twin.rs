//! The plaintext twin: what this browser computes from the cleartext, to stand beside a decrypted answer. It is summed
//! up when a file is profiled, independently of encryption, and never leaves the browser.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use veilsum_analysis::mean_of_decimal;
use veilsum_protocol::manifest::{Manifest, Source as ManifestSource};
use veilsum_protocol::{DatasetId, Digest};

use crate::abort::Abort;
use crate::messages::{Event, Fault, Progress, ReadOptions, TwinColumn};
use crate::vault::Vault;
use crate::vault::datasets;
use crate::vault::processes::Work;
use crate::vault::source::Source;
use crate::vault::table::{self, OpenTable};

/// Larger files are summed up only when somebody asks for it.
const MAX_UNASKED_BYTES: u64 = 32 << 20;

/// The twins of the files that this vault has profiled, and the files that it can read again, by their hashes.
#[derive(Debug, Default)]
pub struct Twins {
    by_file: RefCell<HashMap<ReadFile, Rc<Vec<TwinColumn>>>>,
    sources: RefCell<HashMap<Digest, Source>>,
}

/// A file by its hash, and how it was read.
type ReadFile = (Digest, ReadOptions);

impl Twins {
    /// Keeps the twin of a table that was just profiled.
    pub fn remember(&self, table: &OpenTable, seconds: f64) {
        let columns = table.profile.columns.iter().filter_map(|column| {
            let sum = column.exact_sum.clone()?;
            let mean = mean_of_decimal(&sum, column.count)?;
            Some(TwinColumn { column: column.name.clone(), count: column.count, sum, mean, seconds })
        });
        let skip_ragged_rows = table.profile.skipped.row_count > 0;
        let options = ReadOptions { skip_ragged_rows, ..table.options.clone() };
        let key = (table.sha256, options);
        self.by_file.borrow_mut().insert(key, Rc::new(columns.collect()));
        self.keep_source(table.sha256, &table.source);
    }

    /// Keeps a file at hand whose hash is known.
    pub fn keep_source(&self, sha256: Digest, source: &Source) {
        self.sources.borrow_mut().insert(sha256, source.clone());
    }

    /// The file that a dataset was made of, if this vault has it.
    #[must_use]
    pub fn source_of(&self, manifest: &Manifest) -> Option<Source> {
        self.sources.borrow().get(&manifest.source.sha256).cloned()
    }

    /// The twin of the encrypted columns of a dataset, if its file was profiled in the same way.
    #[must_use]
    pub fn of(&self, manifest: &Manifest) -> Option<Vec<TwinColumn>> {
        let key = (manifest.source.sha256, read_options(&manifest.source));
        let all = Rc::clone(self.by_file.borrow().get(&key)?);
        let of_name = |name: &str| all.iter().find(|column| column.column == name).cloned();
        manifest.numbers().map(|(name, _)| of_name(name)).collect()
    }
}

/// How the file of a dataset was read.
#[must_use]
pub fn read_options(source: &ManifestSource) -> ReadOptions {
    ReadOptions {
        skip_ragged_rows: source.skipped_row_count > 0,
        missing_words: source.missing_words.clone(),
        first_row_is_data: Some(source.first_row_is_data),
        decimal_comma: Some(source.decimal_comma),
    }
}

/// Computes the twin of a dataset: from memory, from `file`, or from the bundled sample that it was made of.
///
/// # Errors
/// A [`Fault`]; code `other-file` if the file is not the one that was encrypted.
pub async fn of_dataset(
    vault: &Rc<Vault>,
    dataset: DatasetId,
    file: Option<web_sys::File>,
) -> Result<Vec<TwinColumn>, Fault> {
    let unlocked = vault.unlocked()?;
    let process = vault.processes.begin(Work::Reading);
    let (_, manifest) = datasets::fetch(vault, &unlocked, dataset, &process).await?;
    let source = match file {
        Some(file) => Source::from_file(file),
        None => match vault.twins.of(&manifest) {
            Some(twin) => return Ok(twin),
            None => match vault.twins.source_of(&manifest) {
                Some(source) => source,
                None => load_sample(vault, &manifest, &process).await?,
            },
        },
    };
    check_same_file(&source, &manifest.source.file_name, manifest.source.size_bytes, || async {
        table::hash(&source, &process, |_| {}).await.map(|actual| actual == manifest.source.sha256)
    })
    .await?;
    compute(vault, &manifest, source, &process, |progress| vault.tell(Event::Reading(progress))).await
}

/// The twin of a dataset, if the vault has computed it, or has the file and computes it in no time.
pub(crate) async fn at_hand(vault: &Vault, manifest: &Manifest, abort: &Abort) -> Option<Vec<TwinColumn>> {
    if let Some(twin) = vault.twins.of(manifest) {
        return Some(twin);
    }
    let source = vault.twins.source_of(manifest).filter(|source| source.size_bytes() <= MAX_UNASKED_BYTES)?;
    compute(vault, manifest, source, abort, |_| {}).await.ok()
}

/// Profiles `source`, and believes it only if it is the dataset's file.
async fn compute(
    vault: &Vault,
    manifest: &Manifest,
    source: Source,
    abort: &Abort,
    told: impl Fn(Progress),
) -> Result<Vec<TwinColumn>, Fault> {
    let profiled = table::profile(source, read_options(&manifest.source), abort, told).await?;
    vault.twins.remember(&profiled.table, profiled.seconds);
    vault.twins.of(manifest).ok_or_else(|| {
        Fault::new(
            "other-reading",
            "The file has changed while it was read, or is read differently by this version. Choose it again.",
        )
    })
}

async fn load_sample(vault: &Vault, manifest: &Manifest, abort: &Abort) -> Result<Source, Fault> {
    table::load_sample(vault, &manifest.source.file_name, abort).await.map_err(|_| {
        Fault::new("no-file", "The plaintext twin is computed from the source file. Choose the file.")
    })
}

/// Whether `source` is the file of this name, size and (as `has_same_hash` says) hash.
///
/// # Errors
/// A [`Fault`] with code `other-file` if it is not.
pub(crate) async fn check_same_file<F: Future<Output = Result<bool, Fault>>>(
    source: &Source,
    expected_name: &str,
    expected_size_bytes: u64,
    has_same_hash: impl FnOnce() -> F,
) -> Result<(), Fault> {
    let other = |how: &str| {
        let name = source.name();
        Err(Fault::new(
            "other-file",
            &format!(
                "The file “{name}” is not the one that was encrypted: {how}. Choose “{expected_name}” as it was \
                 when it was uploaded."
            ),
        ))
    };
    let actual = source.size_bytes();
    if actual != expected_size_bytes {
        return other(&format!("it has {actual} bytes instead of {expected_size_bytes}"));
    }
    if !has_same_hash().await? {
        return other("it has the same size but other contents");
    }
    Ok(())
}

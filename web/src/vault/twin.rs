//! The plaintext twin: what this browser computes from the cleartext, to stand beside a decrypted answer. The same sums
//! are taken of the rows of the files, without encryption, and finished by the same formulas. Nothing of it leaves the
//! browser.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use veilsum_analysis::Request;
use veilsum_analysis::answer::Answer;
use veilsum_analysis::catalogue::Fitted;
use veilsum_analysis::derive::{Cell, TermSums};
use veilsum_analysis::schema::Schema;
use veilsum_protocol::Digest;
use veilsum_protocol::manifest::{Manifest, Preparation, Source as ManifestSource};

use crate::abort::Abort;
use crate::messages::{Fault, ReadOptions, Run, TwinView};
use crate::time::Stopwatch;
use crate::vault::Vault;
use crate::vault::datasets;
use crate::vault::parquet;
use crate::vault::prepare;
use crate::vault::processes::Work;
use crate::vault::rows::Rows;
use crate::vault::source::Source;
use crate::vault::table::{self, OpenTable};
use crate::vault::upload::choose;
use crate::vault::upload::content::Content;

/// Larger files are summed up only when somebody asks for it.
const MAX_UNASKED_BYTES: u64 = 32 << 20;

/// The tables that this vault has profiled, and the files that it can read again, by their hashes.
#[derive(Debug, Default)]
pub struct Twins {
    profiled: RefCell<HashMap<(RowsKey, ReadOptions), Rc<OpenTable>>>,
    sources: RefCell<HashMap<RowsKey, Source>>,
}

/// The hash of a file, and that of what prepared its rows.
type RowsKey = (Digest, Option<Digest>);

fn key(sha256: Digest, preparation: Option<&Preparation>) -> RowsKey {
    (sha256, preparation.map(|preparation| Digest::of(preparation.fitted.as_bytes())))
}

/// Whether rows are of the same file as `newest`, prepared in another way: the browser need not keep both, as they can be
/// made again.
fn is_replaced(known: RowsKey, newest: RowsKey) -> bool {
    newest.1.is_some() && known.0 == newest.0 && known.1.is_some() && known.1 != newest.1
}

impl Twins {
    /// Keeps a table that was just profiled.
    pub fn remember(&self, table: &Rc<OpenTable>) {
        let skip_ragged_rows = table.profile.skipped.row_count > 0;
        let options = ReadOptions { skip_ragged_rows, ..table.options.clone() };
        let key = key(table.sha256, table.source.preparation());
        let mut profiled = self.profiled.borrow_mut();
        profiled.retain(|(known, _), _| !is_replaced(*known, key));
        profiled.insert((key, options), Rc::clone(table));
        drop(profiled);
        self.keep_source(table.sha256, &table.source);
    }

    /// Keeps a file at hand whose hash is known.
    pub fn keep_source(&self, sha256: Digest, source: &Source) {
        let mut sources = self.sources.borrow_mut();
        // The file itself, too: another recipe may be asked for.
        let newest = key(sha256, source.preparation());
        sources.retain(|known, _| !is_replaced(*known, newest));
        sources.insert(key(sha256, None), source.clone().unprepared());
        sources.insert(newest, source.clone());
    }

    /// Whether this vault has the file that a batch of rows was made of.
    #[must_use]
    pub fn has_file_of(&self, source: &ManifestSource) -> bool {
        self.sources.borrow().contains_key(&key(source.sha256, None))
    }

    /// The file of a batch of rows if this vault has it, its rows as they are in it or as they were prepared.
    fn source_of(&self, source: &ManifestSource) -> Option<Source> {
        let sources = self.sources.borrow();
        let prepared = sources.get(&key(source.sha256, source.preparation.as_ref()));
        prepared.or_else(|| sources.get(&key(source.sha256, None))).cloned()
    }

    /// The profile of such a file, if it was profiled in the same way.
    #[must_use]
    pub fn profile_of(&self, source: &ManifestSource) -> Option<Rc<OpenTable>> {
        let key = key(source.sha256, source.preparation.as_ref());
        self.profiled.borrow().get(&(key, read_options(source))).cloned()
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
        types: Some(source.column_types.clone()),
    }
}

/// Computes the twin of a run, from files that are at hand, from `file`, or from the bundled sample.
///
/// # Errors
/// A [`Fault`]; code `other-file` if the file is none that was encrypted, `no-file` naming one that is needed.
pub async fn of_run(vault: &Rc<Vault>, run: &Run, file: Option<web_sys::File>) -> Result<TwinView, Fault> {
    let unlocked = vault.unlocked()?;
    let process = vault.processes.begin(Work::Reading);
    let (_, manifest) = datasets::fetch(vault, &unlocked, run.dataset, &process).await?;
    let batches = covered(&manifest, run);
    if let Some(file) = file {
        let source = parquet::opened(Source::from_file(file), &process, |_| {}).await?;
        let sha256 = table::hash(&source, &process, |_| {}).await?;
        if !batches.iter().any(|batch| batch.sha256 == sha256) {
            let names: Vec<&str> = batches.iter().map(|batch| batch.file_name.as_str()).collect();
            return Err(other_file(&source, "its contents differ", &names.join(", ")));
        }
        vault.twins.keep_source(sha256, &source);
    }
    let mut sources = Vec::new();
    for batch in batches {
        sources.push((batch, source_at_hand(vault, batch, &process).await?));
    }
    compute(&manifest, run, sources, &process).await
}

/// The twin of a run, if the vault has the files and computes it in no time.
pub(crate) async fn at_hand(
    vault: &Vault,
    manifest: &Manifest,
    run: &Run,
    abort: &Abort,
) -> Option<TwinView> {
    let batches = covered(manifest, run);
    let bytes: u64 = batches.iter().map(|batch| batch.size_bytes).sum();
    if bytes > MAX_UNASKED_BYTES {
        return None;
    }
    let mut sources = Vec::new();
    for batch in batches {
        sources.push((batch, prepared(vault, batch, abort).await.ok()??));
    }
    compute(manifest, run, sources, abort).await.ok()
}

/// The file of a batch with its rows as they were encrypted, if this vault has it; prepared anew where it was not kept so.
///
/// # Errors
/// A [`Fault`] if the file cannot be prepared again.
pub(crate) async fn prepared(
    vault: &Vault,
    batch: &ManifestSource,
    abort: &Abort,
) -> Result<Option<Source>, Fault> {
    let Some(source) = vault.twins.source_of(batch) else { return Ok(None) };
    if source.preparation() == batch.preparation.as_ref() {
        return Ok(Some(source));
    }
    let options = read_options(batch);
    let source = prepare::again(vault, source, &options, batch.preparation.as_ref(), abort, |_| {}).await?;
    vault.twins.keep_source(batch.sha256, &source);
    Ok(Some(source))
}

/// The file of a batch where nobody has to choose it again.
///
/// # Errors
/// A [`Fault`] with code `no-file`.
pub(crate) async fn source_at_hand(
    vault: &Vault,
    batch: &ManifestSource,
    abort: &Abort,
) -> Result<Source, Fault> {
    if let Some(source) = prepared(vault, batch, abort).await? {
        return Ok(source);
    }
    let name = &batch.file_name;
    let needed =
        || Fault::new("no-file", &format!("This needs the file “{name}” as it was uploaded. Choose it."));
    let source = table::load_sample(vault, name, abort).await.map_err(|_| needed())?;
    let sha256 = table::hash(&source, abort, |_| {}).await?;
    if sha256 != batch.sha256 {
        return Err(needed());
    }
    vault.twins.keep_source(sha256, &source);
    prepared(vault, batch, abort).await?.ok_or_else(needed)
}

/// The files of the batches that a run covers.
fn covered<'a>(manifest: &'a Manifest, run: &Run) -> Vec<&'a ManifestSource> {
    let is_covered = |batch: &u32| run.batches.is_empty() || run.batches.contains(batch);
    (0..manifest.batch_count()).filter(is_covered).filter_map(|batch| manifest.batch(batch)).collect()
}

/// Sums up the terms of a run over the rows of files and finishes them as answers.
async fn compute(
    manifest: &Manifest,
    run: &Run,
    sources: Vec<(&ManifestSource, Source)>,
    abort: &Abort,
) -> Result<TwinView, Fault> {
    let watch = Stopwatch::start();
    let schema = Schema::new(&manifest.columns);
    let mut terms = Vec::new();
    for request in &run.requests {
        terms.extend(request.terms(schema)?);
    }
    terms.sort_unstable();
    terms.dedup();
    let mut sums = TermSums::new(&manifest.columns, terms)?;
    each_row(manifest, &sources, abort, |cells| Ok(sums.push(cells)?)).await?;
    let totals = sums.totals();
    let answers: Vec<Answer> =
        run.requests.iter().map(|request| request.finish(schema, &totals)).collect::<Result<_, _>>()?;
    let only_here = absolute_errors(manifest, run, &answers, &sources, abort).await?;
    Ok(TwinView { answers, only_here, seconds: watch.seconds() })
}

/// The mean absolute error of each regression.
#[expect(clippy::cast_precision_loss, reason = "a mean of floats")]
async fn absolute_errors(
    manifest: &Manifest,
    run: &Run,
    answers: &[Answer],
    sources: &[(&ManifestSource, Source)],
    abort: &Abort,
) -> Result<Vec<(u32, String, f64)>, Fault> {
    let schema = Schema::new(&manifest.columns);
    let fits = (0..).zip(&run.requests).zip(answers).filter_map(|((at, request), answer)| {
        let Request::Regression(asked) = request else { return None };
        Some((at, Fitted::new(asked, schema, answer)?, 0.0_f64, 0_u64))
    });
    let mut fits: Vec<_> = fits.collect();
    if fits.is_empty() {
        return Ok(Vec::new());
    }
    each_row(manifest, sources, abort, |cells| {
        for (_, fit, sum, count) in &mut fits {
            if let Some(residual) = fit.residual(cells) {
                *sum += residual.abs();
                *count += 1;
            }
        }
        Ok(())
    })
    .await?;
    let named = |(at, _, sum, count): (u32, Fitted, f64, u64)| {
        (count > 0).then(|| (at, "Mean absolute error of the fit".to_owned(), sum / count as f64))
    };
    Ok(fits.into_iter().filter_map(named).collect())
}

/// Reads the rows of files, after which their hashes must be those of the dataset.
async fn each_row(
    manifest: &Manifest,
    sources: &[(&ManifestSource, Source)],
    abort: &Abort,
    mut take: impl FnMut(&[Cell]) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let content = content(manifest);
    for (batch, source) in sources {
        let mut content = content.rows(&batch.missing_words)?;
        let mut rows = Rows::read(source, &read_options(batch))?;
        while rows.next(abort).await? {
            content.read(rows.row())?;
            take(content.cells())?;
        }
        if rows.digest() != batch.sha256 {
            return Err(other_file(source, "it has changed since", &batch.file_name));
        }
    }
    Ok(())
}

/// What turns rows into the cells of a dataset.
pub(crate) fn content(manifest: &Manifest) -> Content {
    Content {
        columns: manifest.columns.clone(),
        numbers: choose::numbers(&manifest.columns),
        categories: choose::category_encodings(&manifest.columns),
        derived: Vec::new(),
        sets: Vec::new(),
        factors: Vec::new(),
    }
}

fn other_file(source: &Source, how: &str, expected_name: &str) -> Fault {
    let name = source.name();
    Fault::new(
        "other-file",
        &format!(
            "The file “{name}” is not the one that was encrypted: {how}. Choose “{expected_name}” as it was when it was \
             uploaded."
        ),
    )
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
    let other = |how: &str| Err(other_file(source, how, expected_name));
    let actual = source.size_bytes();
    if actual != expected_size_bytes {
        return other(&format!("it has {actual} bytes instead of {expected_size_bytes}"));
    }
    if !has_same_hash().await? {
        return other("it has the same size but other contents");
    }
    Ok(())
}

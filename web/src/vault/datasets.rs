//! Datasets in the cloud: list, open, delete. Nothing is believed but what a signed manifest says.

use futures_util::stream::{self, StreamExt as _};
use veilsum_owner::manifest::{RollbackError, check_successor, open_manifest};
use veilsum_protocol::api::{DatasetDetail, DatasetEntry};
use veilsum_protocol::manifest::Manifest;
use veilsum_protocol::{DatasetId, Digest};

use crate::abort::Abort;
use crate::api::{How, Patience};
use crate::fault::sentence;
use crate::messages::{DatasetHead, DatasetSummary, DatasetView, Fault, ManifestView, SchemeView};
use crate::vault::Vault;
use crate::vault::keyring::Unlocked;
use crate::vault::processes::Work;
use crate::vault::refine;

/// Manifests that are fetched at once.
const FETCHES: usize = 6;

/// All datasets of the keyring, newest first.
///
/// # Errors
/// A [`Fault`] if the keyring is locked or the list cannot be had; a single manifest's fault is part of the list.
pub async fn list(vault: &Vault) -> Result<Vec<DatasetSummary>, Fault> {
    let unlocked = vault.unlocked()?;
    let process = vault.processes.begin(Work::Other);
    let how = How { patience: Patience::Brief, abort: &process };
    let known = vault.store.newest(unlocked.tenant()).await?;
    let mut entries = unlocked.api.datasets(how).await?;
    entries.sort_by_key(|entry| core::cmp::Reverse(entry.stored_at));
    let summaries = stream::iter(entries).map(|entry| {
        let newest = known.get(&entry.dataset).copied();
        let unlocked = &unlocked;
        async move {
            let manifest = manifest_of(unlocked, &entry, newest, how).await;
            DatasetSummary {
                dataset: entry.dataset,
                opened: manifest.map(|(manifest, _)| head(&manifest)),
                size_bytes: entry.size_bytes,
                stored_at: entry.stored_at,
            }
        }
    });
    let summaries: Vec<DatasetSummary> = summaries.buffered(FETCHES).collect().await;
    process.check()?;
    Ok(summaries)
}

/// One dataset, its manifest opened.
///
/// # Errors
/// A [`Fault`]; code `rollback` if the cloud serves an older manifest than this browser has seen.
pub async fn open(vault: &Vault, dataset: DatasetId) -> Result<DatasetView, Fault> {
    let unlocked = vault.unlocked()?;
    let process = vault.processes.begin(Work::Other);
    let known = vault.store.newest(unlocked.tenant()).await?.contains_key(&dataset);
    let (detail, manifest) = fetch(vault, &unlocked, dataset, &process).await?;
    let rollback_note = (!known).then(|| {
        "This browser has not opened this dataset before, so it cannot rule out that an older version of it was \
         served. From now on it can."
            .to_owned()
    });
    Ok(DatasetView {
        dataset,
        size_bytes: detail.entry.size_bytes,
        rollback_note,
        source_at_hand: vault.twins.has_file_of(&manifest.source),
        manifest: ManifestView { preparation: refine::in_words(&manifest), ..ManifestView::from(&manifest) },
    })
}

/// Deletes a dataset, in the cloud and from what this browser remembers.
///
/// # Errors
/// A [`Fault`]; it can be deleted again then.
pub async fn delete(vault: &Vault, dataset: DatasetId) -> Result<(), Fault> {
    let unlocked = vault.unlocked()?;
    let process = vault.processes.begin(Work::Other);
    unlocked.api.delete_dataset(dataset, How { patience: Patience::Brief, abort: &process }).await?;
    let mut newest = vault.store.newest(unlocked.tenant()).await?;
    if newest.remove(&dataset).is_some() {
        vault.store.put_newest(unlocked.tenant(), &newest).await?;
    }
    Ok(())
}

/// A dataset as the cloud sees it, and its manifest: signed by us, and not older than the newest that we have seen.
///
/// # Errors
/// A [`Fault`].
pub async fn fetch(
    vault: &Vault,
    unlocked: &Unlocked,
    dataset: DatasetId,
    abort: &Abort,
) -> Result<(DatasetDetail, Manifest), Fault> {
    let (detail, manifest, _) = fetch_with_digest(vault, unlocked, dataset, abort).await?;
    Ok((detail, manifest))
}

/// The same with SHA-256 of the stored manifest, which the next one names.
///
/// # Errors
/// A [`Fault`].
pub async fn fetch_with_digest(
    vault: &Vault,
    unlocked: &Unlocked,
    dataset: DatasetId,
    abort: &Abort,
) -> Result<(DatasetDetail, Manifest, Digest), Fault> {
    let how = How { patience: Patience::Brief, abort };
    let newest = vault.store.newest(unlocked.tenant()).await?.get(&dataset).copied();
    let detail = unlocked.api.dataset(dataset, how).await.map_err(|error| match error.is_not_found() {
        true => gone(newest.is_some()),
        false => error.into(),
    })?;
    if detail.entry.dataset != dataset {
        return Err(Fault::new(
            "not-understood",
            "The server answered with another dataset than was asked for. Load the list of datasets again.",
        ));
    }
    let (manifest, digest) = manifest_of(unlocked, &detail.entry, newest, how).await?;
    // Whatever it is fetched for: from now on nothing older is believed.
    remember(vault, unlocked, dataset, manifest.sequence).await?;
    Ok((detail, manifest, digest))
}

/// Remembers that manifest `sequence` of a dataset was seen.
///
/// # Errors
/// A [`Fault`] of the store.
pub async fn remember(
    vault: &Vault,
    unlocked: &Unlocked,
    dataset: DatasetId,
    sequence: u64,
) -> Result<(), Fault> {
    let mut newest = vault.store.newest(unlocked.tenant()).await?;
    let known = newest.entry(dataset).or_default();
    if *known < sequence {
        *known = sequence;
        vault.store.put_newest(unlocked.tenant(), &newest).await?;
    }
    Ok(())
}

async fn manifest_of(
    unlocked: &Unlocked,
    entry: &DatasetEntry,
    newest_known: Option<u64>,
    how: How<'_>,
) -> Result<(Manifest, Digest), Fault> {
    let stored = unlocked.api.get_stored(&entry.manifest_url, None, how).await?;
    let manifest = open_manifest(&unlocked.keyring, entry.dataset, &stored)?;
    check_successor(newest_known.unwrap_or(0), &manifest)?;
    Ok((manifest, Digest::of(&stored)))
}

/// The fault for a dataset that the cloud does not have (any more).
fn gone(is_known: bool) -> Fault {
    Fault::new(
        "dataset-gone",
        match is_known {
            true => {
                "This dataset is not in the cloud any more: it was deleted, in another tab or in another browser with \
                 this keyring. Nothing can be computed with it. If you have the file, you can upload it again."
            }
            false => {
                "There is no such dataset under this keyring. It was deleted, or it belongs to another key: then \
                 import the key file that it was uploaded with."
            }
        },
    )
}

fn head(manifest: &Manifest) -> DatasetHead {
    DatasetHead {
        file_name: manifest.source.file_name.clone(),
        row_count: manifest.row_count(),
        number_columns: u32::try_from(manifest.numbers().count()).unwrap_or(u32::MAX),
        scheme: SchemeView::from(&manifest.scheme),
    }
}

impl From<RollbackError> for Fault {
    fn from(error: RollbackError) -> Self {
        Self::new("rollback", &sentence(&error))
    }
}

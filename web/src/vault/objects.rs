//! What the cloud saw: its objects with their sizes and checksums, and a hex sample of each as the cloud has it.

use futures_util::stream::{self, StreamExt as _};
use veilsum_protocol::DatasetId;
use veilsum_protocol::answer;
use veilsum_protocol::api::StoredObject;
use veilsum_protocol::manifest::Manifest;
use veilsum_protocol::row_group::{COLUMN_ENTRY_BYTES, FIXED_HEADER_BYTES};

use crate::api::How;
use crate::api::Patience;
use crate::messages::{CloudObject, Fault};
use crate::vault::Vault;
use crate::vault::datasets;
use crate::vault::keyring::Unlocked;
use crate::vault::processes::Work;

/// Bytes of a sample.
const SAMPLE_BYTES: usize = 32;
/// Samples that are fetched at once.
const FETCHES: usize = 6;
/// Objects that get a sample; a dataset may have very many row groups.
const MAX_SAMPLES: usize = 200;
/// Clear header of a stored manifest, then salt and commitment of its sealed payload.
const MANIFEST_HEADER_BYTES: u64 = veilsum_owner::manifest::HEADER_BYTES as u64 + SEAL_HEADER_BYTES;
const SEAL_HEADER_BYTES: u64 = veilsum_owner::seal::HEADER_BYTES as u64;

/// Everything that the cloud stores of a dataset.
///
/// # Errors
/// A [`Fault`] if the keyring is locked or the cloud does not answer.
pub async fn of_dataset(vault: &Vault, dataset: DatasetId) -> Result<Vec<CloudObject>, Fault> {
    let unlocked = vault.unlocked()?;
    let process = vault.processes.begin(Work::Other);
    let (detail, manifest) = datasets::fetch(vault, &unlocked, dataset, &process).await?;
    let how = How { patience: Patience::Brief, abort: &process };
    let stored = unlocked.api.all_objects(detail, how).await?;
    let objects = show(&unlocked, stored, Some(&manifest), how).await;
    process.check()?;
    Ok(objects)
}

/// `objects` with a sample of each; one that cannot be fetched has none.
pub(crate) async fn show(
    unlocked: &Unlocked,
    objects: Vec<StoredObject>,
    manifest: Option<&Manifest>,
    how: How<'_>,
) -> Vec<CloudObject> {
    let columns = manifest.map_or(0, |manifest| manifest.stored_column_count() as u64);
    stream::iter(objects.into_iter().enumerate())
        .map(|(at, object)| async move {
            let Known { what, clear_bytes } = known(&object.key, columns);
            let first = if clear_bytes < object.size_bytes { clear_bytes } else { 0 };
            let last = object.size_bytes.min(first + SAMPLE_BYTES as u64);
            let sample = if at < MAX_SAMPLES && first < last {
                unlocked.api.get_stored(&object.url, Some(first..=last - 1), how).await.unwrap_or_default()
            } else {
                Vec::new()
            };
            CloudObject {
                key: object.key,
                what,
                size_bytes: object.size_bytes,
                checksum: object.checksum,
                sample: hex::encode(sample.into_iter().take(SAMPLE_BYTES).collect::<Vec<u8>>()),
            }
        })
        .buffered(FETCHES)
        .collect()
        .await
}

/// What an object is.
struct Known {
    what: String,
    /// Bytes before its ciphertext.
    clear_bytes: u64,
}

/// Tells an object by its key; `columns` is the number of encrypted columns of the dataset.
fn known(key: &str, columns: u64) -> Known {
    let mut names = key.split('/').skip(4);
    let (kind, name) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
    let number = name.trim_start_matches('0').parse::<u64>().unwrap_or(0);
    let (what, clear_bytes) = match kind {
        "rg" => {
            let header = FIXED_HEADER_BYTES as u64 + COLUMN_ENTRY_BYTES as u64 * columns;
            (format!("Row group {number}: encrypted columns"), header)
        }
        "m" => (format!("Manifest {number}: sealed and signed"), MANIFEST_HEADER_BYTES),
        "original" => ("Sealed original".to_owned(), SEAL_HEADER_BYTES),
        "created" => ("Note that the dataset was registered".to_owned(), 0),
        "plan" => ("Plan: column numbers and row groups".to_owned(), 0),
        "part" => (format!("Partial answer of row group {number}: encrypted"), answer::HEADER_BYTES as u64),
        "answer" => ("Answer: encrypted".to_owned(), answer::HEADER_BYTES as u64),
        "event" => ("Times of one step".to_owned(), 0),
        "failure" => ("Why the job failed".to_owned(), 0),
        "cancelled" => ("Note that the job was cancelled".to_owned(), 0),
        _ => ("Object".to_owned(), 0),
    };
    Known { what, clear_bytes }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::known;

    #[test]
    fn samples_of_row_groups_are_of_ciphertext() {
        let found = known("t/aa/d/bb/rg/00000012", 5);
        assert_eq!(found.what, "Row group 12: encrypted columns");
        assert_eq!(found.clear_bytes, 96 + 24 * 5);
    }

    #[test]
    fn every_kind_of_object_has_words() {
        for (key, word) in [
            ("t/aa/d/bb/m/00000001", "Manifest 1"),
            ("t/aa/d/bb/original", "Sealed original"),
            ("t/aa/d/bb/created", "registered"),
            ("t/aa/j/bb/plan", "Plan"),
            ("t/aa/j/bb/part/00000000", "row group 0"),
            ("t/aa/j/bb/answer", "Answer"),
            ("t/aa/j/bb/event/evaluate-00000000", "step"),
        ] {
            assert!(known(key, 1).what.contains(word), "{key}");
        }
        assert_eq!(known("nonsense", 1).what, "Object");
    }
}

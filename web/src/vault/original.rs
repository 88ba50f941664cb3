//! The sealed original, downloaded and opened piece by piece into a file to save.

use js_sys::Uint8Array;
use sha2::{Digest as _, Sha256};
use veilsum_owner::seal::{HEADER_BYTES, OpenError, SEALED_CHUNK_BYTES, chunk_range, plaintext_len};
use veilsum_protocol::{DatasetId, Digest};
use web_sys::{Blob, Url};

use crate::api::{How, Patience};
use crate::fault::sentence;
use crate::messages::{Event, Fault, Reply};
use crate::time::{Stopwatch, Turn};
use crate::vault::Vault;
use crate::vault::datasets;
use crate::vault::processes::Work;
use crate::vault::source::blob_of;
use crate::vault::table::progress;

/// Sealed chunks that are fetched at once: about 4 MiB.
const CHUNKS_AT_ONCE: u64 = 256;

/// Downloads and opens the sealed original of a dataset: the whole file, or an error.
///
/// # Errors
/// A [`Fault`]; code `original-refused` if it is not what was sealed.
pub async fn open(vault: &Vault, dataset: DatasetId) -> Result<Reply, Fault> {
    let unlocked = vault.unlocked()?;
    let process = vault.processes.begin(Work::Other);
    let how = How { patience: Patience::Long, abort: &process };
    let (detail, manifest) = datasets::fetch(vault, &unlocked, dataset, &process).await?;
    let Some(original) = &manifest.original else {
        return Err(Fault::new("no-original", "No sealed original was kept of this dataset."));
    };
    let sealed_bytes: u64 = original.parts.iter().map(|part| part.size_bytes).sum();
    let stored = detail.objects.iter().find(|object| object.key.ends_with("/original"));
    let Some(stored) = stored.filter(|stored| stored.size_bytes == sealed_bytes) else {
        return Err(refused("it is missing or has another size than the signed manifest says"));
    };
    if plaintext_len(sealed_bytes) != Some(original.plaintext_bytes) {
        return Err(refused("its size contradicts the signed manifest"));
    }

    let mut url = stored.url.clone();
    let header = fetch(vault, &unlocked, dataset, &mut url, 0..HEADER_BYTES as u64, how).await?;
    let header: [u8; HEADER_BYTES] = header.try_into().map_err(|_| refused("its first bytes are missing"))?;
    let opener = unlocked.keyring.original_opener(&dataset, &header)?;
    let chunk_count = original.plaintext_bytes / veilsum_owner::seal::CHUNK_BYTES as u64 + 1;
    let watch = Stopwatch::start();
    let mut turn = Turn::begin();
    let mut hash = Sha256::new();
    let mut pieces: Vec<Blob> = Vec::new();
    let mut next = 0;
    while next < chunk_count {
        let end = chunk_count.min(next + CHUNKS_AT_ONCE);
        let range = chunk_range(next).start..sealed_bytes.min(chunk_range(end - 1).end);
        let sealed = fetch(vault, &unlocked, dataset, &mut url, range, how).await?;
        let mut opened = Vec::with_capacity(sealed.len());
        let mut chunks = sealed.chunks(SEALED_CHUNK_BYTES);
        for index in next..end {
            let chunk = chunks.next().unwrap_or_default();
            opened.extend_from_slice(&opener.open_chunk(index, index + 1 == chunk_count, chunk)?);
            if turn.is_over() {
                turn.pass().await;
                process.check()?;
            }
        }
        hash.update(&opened);
        pieces.push(blob_of(&[Uint8Array::from(opened.as_slice())])?);
        next = end;
        let done = sealed_bytes.min(chunk_range(end - 1).end);
        vault.tell(Event::Download(progress(done, sealed_bytes, watch.seconds())));
    }
    let sha256 = Digest::from_bytes(hash.finalize().into());
    if original.exact && sha256 != manifest.source.sha256 {
        return Err(refused("it is not the file that the signed manifest names"));
    }
    let url = Url::create_object_url_with_blob(&blob_of(&pieces)?).map_err(|_| {
        Fault::new(
            "out-of-memory",
            "The browser has no space left for this. Close other tabs, then try again.",
        )
    })?;
    let file_name = saved_as(&manifest.source.file_name, original.exact);
    Ok(Reply::Original { file_name, url, exact: original.exact })
}

/// The name of the file that is saved: what was written anew without some columns is CSV, whatever it was before.
fn saved_as(file_name: &str, exact: bool) -> String {
    let lower = file_name.to_ascii_lowercase();
    let is_text = [".csv", ".tsv", ".txt"].iter().any(|ending| lower.ends_with(ending));
    match file_name.split_once('.') {
        Some((stem, _)) if !exact && !is_text && !stem.is_empty() => format!("{stem}.csv"),
        Some(_) | None => file_name.to_owned(),
    }
}

/// Fetches a range; where the URL has expired meanwhile, under a new one.
async fn fetch(
    vault: &Vault,
    unlocked: &crate::vault::keyring::Unlocked,
    dataset: DatasetId,
    url: &mut String,
    range: core::ops::Range<u64>,
    how: How<'_>,
) -> Result<Vec<u8>, Fault> {
    let last = range.end.saturating_sub(1);
    match unlocked.api.get_stored(url, Some(range.start..=last), how).await {
        Err(error) if error.is_expired_url() => {}
        result => return Ok(result?),
    }
    let (detail, _) = datasets::fetch(vault, unlocked, dataset, how.abort).await?;
    if let Some(stored) = detail.objects.into_iter().find(|object| object.key.ends_with("/original")) {
        *url = stored.url;
    }
    Ok(unlocked.api.get_stored(url, Some(range.start..=last), how).await?)
}

fn refused(why: &str) -> Fault {
    Fault::new(
        "original-refused",
        &format!(
            "The sealed original was refused: {why}. Nothing was saved; the encrypted columns are not affected."
        ),
    )
}

impl From<OpenError> for Fault {
    fn from(error: OpenError) -> Self {
        refused("it is not what was sealed").with_detail(sentence(&error))
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::saved_as;

    #[test]
    fn what_is_written_anew_is_saved_as_csv() {
        assert_eq!(saved_as("a.parquet", true), "a.parquet");
        assert_eq!(saved_as("a.parquet", false), "a.csv");
        assert_eq!(saved_as("a.csv.gz", false), "a.csv");
        assert_eq!(saved_as("a.txt", false), "a.txt");
        assert_eq!(saved_as("table", false), "table");
    }
}

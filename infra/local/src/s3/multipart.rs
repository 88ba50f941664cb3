//! Multipart uploads: parts arrive in any order and become one object at once.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::Stream;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::backend::{Backend, Bucket, Condition, blocking, new_info, now_ms, sync_folder};
use super::checksum::{Algorithm, Checksums, md5};
use super::error::StoreError;
use super::object_file::{self, Announced, Draft, ObjectInfo};
use crate::secrets::random_hex;
use crate::server::BoxError;

/// Least bytes of every part but the last.
pub(crate) const SMALLEST_PART_BYTES: u64 = 5 << 20;
/// Most parts of one object.
pub(crate) const MAX_PARTS: u32 = 10_000;

const UPLOADS: &str = "uploads";
const DESCRIPTION: &str = "upload.json";
const UPLOAD_ID_BYTES: usize = 16;

/// An open multipart upload.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Upload {
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) started_at_ms: u64,
    /// Whether every part must bring a SHA-256, from which the object's composite checksum is made.
    pub(crate) sha256: bool,
    pub(crate) content_type: Option<String>,
    pub(crate) metadata: BTreeMap<String, String>,
}

/// A part as a completion names it.
#[derive(Debug)]
pub(crate) struct NamedPart {
    pub(crate) number: u32,
    pub(crate) etag: String,
    pub(crate) checksums: Checksums,
}

/// What a client says about the object that its parts shall become.
#[derive(Debug)]
pub(crate) struct Completion {
    pub(crate) upload: String,
    pub(crate) key: String,
    pub(crate) parts: Vec<NamedPart>,
    pub(crate) condition: Condition,
    pub(crate) size_bytes: Option<u64>,
    pub(crate) checksums: Checksums,
}

/// Forgets the uploads whose object is already stored: the process was killed between the two.
pub(crate) fn recover(bucket: &Bucket, drafts: &Path) -> io::Result<()> {
    fs::create_dir_all(bucket.folder.join(UPLOADS))?;
    for upload in list(bucket)? {
        let stored =
            bucket.objects().get(&upload.key).is_some_and(|info| info.upload.as_ref() == Some(&upload.id));
        if stored {
            discard(bucket, &upload.id, drafts)?;
        }
    }
    Ok(())
}

/// All open uploads of a bucket, by key and start.
pub(crate) fn list(bucket: &Bucket) -> io::Result<Vec<Upload>> {
    let mut uploads: Vec<Upload> = Vec::new();
    for entry in fs::read_dir(bucket.folder.join(UPLOADS))? {
        let description = entry?.path().join(DESCRIPTION);
        match fs::read(&description).and_then(|bytes| Ok(serde_json::from_slice(&bytes)?)) {
            Ok(upload) => uploads.push(upload),
            // Ended while the folder was read.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                tracing::error!(path = %description.display(), %error, "damaged multipart upload left out");
            }
        }
    }
    uploads.sort_by(|a, b| (&a.key, a.started_at_ms, &a.id).cmp(&(&b.key, b.started_at_ms, &b.id)));
    Ok(uploads)
}

impl Backend {
    /// Opens an upload; `upload.id` is drawn here.
    pub(crate) async fn create_upload(&self, bucket: &str, mut upload: Upload) -> Result<Upload, StoreError> {
        let bucket = self.bucket(bucket)?;
        let drafts = self.drafts();
        blocking(move || {
            upload.id = random_hex::<UPLOAD_ID_BYTES>().map_err(io::Error::other)?;
            upload.started_at_ms = now_ms();
            let folder = drafts.join(&upload.id);
            fs::create_dir(&folder)?;
            let mut file = File::create_new(folder.join(DESCRIPTION))?;
            file.write_all(&serde_json::to_vec(&upload).map_err(io::Error::from)?)?;
            file.sync_all()?;
            fs::rename(&folder, upload_folder(&bucket, &upload.id)?)?;
            sync_folder(&bucket.folder.join(UPLOADS))?;
            Ok(upload)
        })
        .await
    }

    /// Stores one part, replacing the one that had its number.
    pub(crate) async fn store_part(
        &self,
        bucket: &str,
        (key, upload, number): (&str, &str, i32),
        body: impl Stream<Item = Result<Bytes, BoxError>> + Unpin,
        mut announced: Announced,
        trailers: impl FnOnce() -> Checksums,
    ) -> Result<ObjectInfo, StoreError> {
        let bucket = self.bucket(bucket)?;
        let number = u32::try_from(number)
            .ok()
            .filter(|number| (1..=MAX_PARTS).contains(number))
            .ok_or(StoreError::PartNumber { number })?;
        let upload = find(&bucket, key, upload)?;
        let late = announced.algorithms.contains(&Algorithm::Sha256);
        if upload.sha256 && announced.checksums.sha256.is_none() && !late {
            return Err(StoreError::MissingChecksum { algorithm: Algorithm::Sha256 });
        }
        if upload.sha256 {
            announced.algorithms.push(Algorithm::Sha256);
        }
        let received = self.receive(body, announced, trailers).await?;
        let info = new_info(key, &received);
        let draft = received.seal(&info).await?;
        blocking(move || {
            let folder = upload_folder(&bucket, &upload.id)?;
            match draft.publish(&folder.join(part_name(number))) {
                // Aborted or completed while the part was on its way.
                Err(error) if error.kind() == io::ErrorKind::NotFound => Err(StoreError::NoSuchUpload),
                published => Ok(published.and_then(|()| sync_folder(&folder))?),
            }
        })
        .await?;
        Ok(info)
    }

    /// The upload and its parts by number.
    pub(crate) async fn parts(
        &self,
        bucket: &str,
        key: &str,
        upload: &str,
    ) -> Result<(Upload, Vec<(u32, ObjectInfo)>), StoreError> {
        let bucket = self.bucket(bucket)?;
        let upload = find(&bucket, key, upload)?;
        blocking(move || {
            let mut parts = Vec::new();
            for entry in fs::read_dir(upload_folder(&bucket, &upload.id)?)? {
                let path = entry?.path();
                if let Some(number) = part_number(&path)
                    && let Some((_, info)) = object_file::open(&path)?
                {
                    parts.push((number, info));
                }
            }
            parts.sort_by_key(|(number, _)| *number);
            Ok((upload, parts))
        })
        .await
    }

    /// Makes the parts one object, if the condition holds, and ends the upload.
    pub(crate) async fn complete(
        &self,
        bucket: &str,
        completion: Completion,
    ) -> Result<Arc<ObjectInfo>, StoreError> {
        let bucket = self.bucket(bucket)?;
        let condition = completion.condition.clone();
        // Told early when it is hopeless; what counts is the check at the moment of publishing.
        condition.check(bucket.objects().get(&completion.key).map(Arc::as_ref))?;
        let (drafts, from) = (self.drafts(), Arc::clone(&bucket));
        let (draft, info) = blocking(move || assemble(&from, &completion, &drafts)).await?;
        let upload = info.upload.clone();
        let info = self.publish(&bucket, draft, info, condition).await?;
        let drafts = self.drafts();
        blocking(move || Ok(upload.map_or(Ok(()), |upload| discard(&bucket, &upload, &drafts))?)).await?;
        Ok(info)
    }

    /// Ends an upload without an object.
    pub(crate) async fn abort(&self, bucket: &str, key: &str, upload: &str) -> Result<(), StoreError> {
        let bucket = self.bucket(bucket)?;
        let upload = find(&bucket, key, upload)?;
        let drafts = self.drafts();
        blocking(move || Ok(discard(&bucket, &upload.id, &drafts)?)).await
    }
}

/// Checks the named parts against the stored ones and copies them into one draft.
fn assemble(
    bucket: &Bucket,
    completion: &Completion,
    drafts: &Path,
) -> Result<(Draft, ObjectInfo), StoreError> {
    let upload = find(bucket, &completion.key, &completion.upload)?;
    let folder = upload_folder(bucket, &upload.id)?;
    if completion.parts.is_empty() {
        return Err(StoreError::NoParts);
    }
    if !completion.parts.is_sorted_by(|a, b| a.number < b.number) {
        return Err(StoreError::InvalidPartOrder);
    }
    // Opened before anything is checked, so that a part that is replaced meanwhile changes nothing.
    let parts = completion.parts.iter().map(|named| open_part(&folder, named, &upload));
    let mut parts = parts.collect::<Result<Vec<_>, _>>()?;
    let last = parts.len() - 1;
    for (named, (_, info)) in completion.parts.iter().zip(&parts[..last]) {
        if info.size_bytes < SMALLEST_PART_BYTES {
            let (number, actual) = (named.number, info.size_bytes);
            return Err(StoreError::PartTooSmall { number, actual, minimum: SMALLEST_PART_BYTES });
        }
    }
    let info = whole(&upload, parts.iter().map(|(_, info)| info));
    if let Some(expected) = completion.size_bytes
        && expected != info.size_bytes
    {
        return Err(StoreError::ObjectSize { expected, actual: info.size_bytes });
    }
    if let Some(algorithm) = completion.checksums.disagreement(&info.checksums) {
        return Err(StoreError::BadDigest { what: algorithm.name() });
    }
    let draft = Draft::new(drafts)?;
    let mut file = File::create_new(draft.path())?;
    for (part, info) in &mut parts {
        io::copy(&mut part.take(info.size_bytes), &mut file)?;
    }
    file.write_all(&object_file::footer(&info)?)?;
    file.sync_data()?;
    Ok((draft, info))
}

/// Opens the part that a completion names, if it is the stored one.
fn open_part(folder: &Path, named: &NamedPart, upload: &Upload) -> Result<(File, ObjectInfo), StoreError> {
    let invalid = || StoreError::InvalidPart { number: named.number };
    if upload.sha256 && named.checksums.sha256.is_none() {
        return Err(StoreError::MissingChecksum { algorithm: Algorithm::Sha256 });
    }
    let (file, info) = object_file::open(&folder.join(part_name(named.number)))?.ok_or_else(invalid)?;
    if info.etag != named.etag || named.checksums.disagreement(&info.checksums).is_some() {
        return Err(invalid());
    }
    Ok((file, info))
}

/// What the object made of these parts will be.
fn whole<'a>(upload: &Upload, parts: impl Iterator<Item = &'a ObjectInfo>) -> ObjectInfo {
    let (mut size_bytes, mut count, mut md5s, mut sha256s) = (0, 0_u32, Vec::new(), Sha256::new());
    for part in parts {
        size_bytes += part.size_bytes;
        count += 1;
        md5s.extend(hex::decode(&part.etag).unwrap_or_default());
        sha256s.update(
            STANDARD.decode(part.checksums.sha256.as_deref().unwrap_or_default()).unwrap_or_default(),
        );
    }
    let mut checksums = Checksums::default();
    if upload.sha256 {
        checksums.set(Algorithm::Sha256, format!("{}-{count}", STANDARD.encode(sha256s.finalize())));
    }
    ObjectInfo {
        key: upload.key.clone(),
        size_bytes,
        etag: format!("{}-{count}", hex::encode(md5(&md5s))),
        stored_at_ms: now_ms(),
        checksums,
        part_count: Some(count),
        upload: Some(upload.id.clone()),
        content_type: upload.content_type.clone(),
        metadata: upload.metadata.clone(),
    }
}

/// Removes an upload and its parts: away by one rename first, so that it is gone as a whole.
fn discard(bucket: &Bucket, upload: &str, drafts: &Path) -> io::Result<()> {
    let folder = bucket.folder.join(UPLOADS).join(upload);
    let aside = drafts.join(format!("{upload}.ended"));
    match fs::rename(&folder, &aside) {
        // Another request ended it first.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(()) => fs::remove_dir_all(&aside),
    }
}

fn find(bucket: &Bucket, key: &str, upload: &str) -> Result<Upload, StoreError> {
    let description = upload_folder(bucket, upload)?.join(DESCRIPTION);
    let bytes = match fs::read(description) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(StoreError::NoSuchUpload),
        Err(error) => return Err(error.into()),
    };
    let upload: Upload = serde_json::from_slice(&bytes).map_err(io::Error::from)?;
    if upload.key == key { Ok(upload) } else { Err(StoreError::NoSuchUpload) }
}

/// The folder of an upload; an id that this storage cannot have drawn never reaches the disk.
fn upload_folder(bucket: &Bucket, upload: &str) -> Result<PathBuf, StoreError> {
    let drawn = upload.len() == 2 * UPLOAD_ID_BYTES
        && upload.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if drawn { Ok(bucket.folder.join(UPLOADS).join(upload)) } else { Err(StoreError::NoSuchUpload) }
}

fn part_name(number: u32) -> String {
    format!("part-{number:05}")
}

fn part_number(path: &Path) -> Option<u32> {
    path.file_name()?.to_str()?.strip_prefix("part-")?.parse().ok()
}

//! Buckets and objects in a folder.
//!
//! ```text
//! folder/{bucket}/objects/{name of the key}                 one file per object
//! folder/{bucket}/uploads/{upload id}/upload.json           one folder per open multipart upload
//! folder/{bucket}/uploads/{upload id}/part-00001            one file per part
//! folder/.drafts/                                           unfinished writes, cleared at the start
//! ```
//!
//! Everything becomes visible by one rename of a file that is already on disk, so the folder is whole after a kill
//! at any point. The index in memory is read from the folder at the start and changes together with it; conditions
//! are checked and objects published under its write lock, so that of any number of conditional writers one wins.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use futures_util::{Stream, stream};
use tokio::sync::mpsc;

use super::error::StoreError;
use super::key_name::file_name;
use super::object_file::{self, Announced, Draft, ObjectInfo, Received};
use super::{checksum::Checksums, multipart};
use crate::server::BoxError;

const DRAFTS: &str = ".drafts";
const OBJECTS: &str = "objects";

/// Storage in a folder; cheap to clone. One process per folder: the caller holds a lock on it.
#[derive(Debug, Clone)]
pub struct Backend {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    buckets: RwLock<BTreeMap<String, Arc<Bucket>>>,
    subscribers: Mutex<Vec<mpsc::UnboundedSender<Created>>>,
}

#[derive(Debug)]
pub(crate) struct Bucket {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    objects: RwLock<BTreeMap<String, Arc<ObjectInfo>>>,
}

/// An object was stored. Delivered once per write; after a crash not at all, so receivers also rescan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// The bucket.
    pub bucket: String,
    /// The key.
    pub key: String,
}

/// What must hold of the object that is there now for a write to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Nothing.
    Always,
    /// There is none (`If-None-Match: *`).
    Absent,
    /// There is one (`If-Match: *`).
    Present,
    /// There is one with this ETag (`If-Match`).
    Etag(String),
}

impl Condition {
    pub(crate) fn check(&self, found: Option<&ObjectInfo>) -> Result<(), StoreError> {
        let holds = match self {
            Self::Always => true,
            Self::Absent => found.is_none(),
            Self::Present => found.is_some(),
            Self::Etag(etag) => found.is_some_and(|found| found.etag == *etag),
        };
        if holds { Ok(()) } else { Err(StoreError::PreconditionFailed) }
    }
}

impl Backend {
    /// Opens the storage in `folder`, making it if it is not there, and removes what unfinished writes left.
    ///
    /// # Errors
    /// If the folder cannot be read or written. A single damaged file is logged and left where it is.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let drafts = folder.join(DRAFTS);
        if drafts.exists() {
            fs::remove_dir_all(&drafts)?;
        }
        fs::create_dir_all(&drafts)?;
        let mut buckets = BTreeMap::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if let Ok(name) = entry.file_name().into_string()
                && name != DRAFTS
                && entry.file_type()?.is_dir()
            {
                buckets.insert(name.clone(), Arc::new(Bucket::open(name, entry.path(), &drafts)?));
            }
        }
        let (buckets, subscribers) = (RwLock::new(buckets), Mutex::default());
        Ok(Self { inner: Arc::new(Inner { folder: folder.to_owned(), buckets, subscribers }) })
    }

    /// Makes a bucket; `false` if it is there already.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn create_bucket(&self, name: &str) -> io::Result<bool> {
        let mut buckets = self.inner.buckets.write().unwrap_or_else(PoisonError::into_inner);
        if buckets.contains_key(name) {
            return Ok(false);
        }
        let bucket = Bucket::open(name.to_owned(), self.inner.folder.join(name), &self.drafts())?;
        sync_folder(&self.inner.folder)?;
        buckets.insert(name.to_owned(), Arc::new(bucket));
        Ok(true)
    }

    /// Tells of every object that is stored from now on.
    #[must_use]
    pub fn subscribe(&self) -> mpsc::UnboundedReceiver<Created> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.inner.subscribers.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
        receiver
    }

    /// What is known of an object; `None` if it, or its bucket, is not there.
    #[must_use]
    pub fn info(&self, bucket: &str, key: &str) -> Option<Arc<ObjectInfo>> {
        self.bucket(bucket).ok()?.objects().get(key).cloned()
    }

    /// All objects whose key starts with `prefix`, by key.
    #[must_use]
    pub fn list(&self, bucket: &str, prefix: &str) -> Vec<Arc<ObjectInfo>> {
        let Ok(bucket) = self.bucket(bucket) else { return Vec::new() };
        let objects = bucket.objects();
        let from_prefix =
            objects.range::<str, _>((std::ops::Bound::Included(prefix), std::ops::Bound::Unbounded));
        from_prefix.take_while(|(key, _)| key.starts_with(prefix)).map(|(_, info)| Arc::clone(info)).collect()
    }

    /// All bytes of an object; for small ones.
    ///
    /// # Errors
    /// [`StoreError`] if it is not there or cannot be read.
    pub async fn read(&self, bucket: &str, key: &str) -> Result<Vec<u8>, StoreError> {
        let bucket = self.bucket(bucket)?;
        let key = key.to_owned();
        blocking(move || {
            let (file, info) = bucket.open_object(&key)?;
            let mut bytes = Vec::new();
            file.take(info.size_bytes).read_to_end(&mut bytes)?;
            Ok(bytes)
        })
        .await
    }

    /// Stores `bytes` under `key` if `condition` holds.
    ///
    /// # Errors
    /// [`StoreError::PreconditionFailed`] if it does not; others if the bucket is not there or the disk refuses.
    pub async fn write(
        &self,
        bucket: &str,
        key: &str,
        bytes: Vec<u8>,
        condition: Condition,
    ) -> Result<(), StoreError> {
        let bucket = self.bucket(bucket)?;
        let body = stream::iter([Ok(Bytes::from(bytes))]);
        let received = self.receive(body, Announced::default(), Checksums::default).await?;
        let info = new_info(key, &received);
        let draft = received.seal(&info).await?;
        self.publish(&bucket, draft, info, condition).await?;
        Ok(())
    }

    pub(crate) fn bucket(&self, name: &str) -> Result<Arc<Bucket>, StoreError> {
        let buckets = self.inner.buckets.read().unwrap_or_else(PoisonError::into_inner);
        buckets.get(name).cloned().ok_or_else(|| StoreError::NoSuchBucket { bucket: name.to_owned() })
    }

    pub(crate) fn drafts(&self) -> PathBuf {
        self.inner.folder.join(DRAFTS)
    }

    pub(crate) async fn receive(
        &self,
        body: impl Stream<Item = Result<Bytes, BoxError>> + Unpin,
        announced: Announced,
        trailers: impl FnOnce() -> Checksums,
    ) -> Result<Received, StoreError> {
        object_file::receive(&self.drafts(), body, announced, trailers).await
    }

    /// Makes a sealed draft the object under its key, if `condition` holds at that moment.
    pub(crate) async fn publish(
        &self,
        bucket: &Arc<Bucket>,
        draft: Draft,
        info: ObjectInfo,
        condition: Condition,
    ) -> Result<Arc<ObjectInfo>, StoreError> {
        let info = Arc::new(info);
        let (in_bucket, stored) = (Arc::clone(bucket), Arc::clone(&info));
        blocking(move || in_bucket.publish(draft, stored, &condition)).await?;
        let created = Created { bucket: bucket.name.clone(), key: info.key.clone() };
        let mut subscribers = self.inner.subscribers.lock().unwrap_or_else(PoisonError::into_inner);
        subscribers.retain(|subscriber| subscriber.send(created.clone()).is_ok());
        Ok(info)
    }
}

impl Bucket {
    fn open(name: String, folder: PathBuf, drafts: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder.join(OBJECTS))?;
        let mut objects = BTreeMap::new();
        for entry in fs::read_dir(folder.join(OBJECTS))? {
            let path = entry?.path();
            match object_file::open(&path) {
                Ok(Some((_, info))) => {
                    objects.insert(info.key.clone(), Arc::new(info));
                }
                Ok(None) => {}
                Err(error) => tracing::error!(path = %path.display(), %error, "damaged object left out"),
            }
        }
        let bucket = Self { name, folder, objects: RwLock::new(objects) };
        multipart::recover(&bucket, drafts)?;
        Ok(bucket)
    }

    pub(crate) fn objects(&self) -> RwLockReadGuard<'_, BTreeMap<String, Arc<ObjectInfo>>> {
        self.objects.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The object's file at its first byte, and what the file says of itself.
    pub(crate) fn open_object(&self, key: &str) -> Result<(File, ObjectInfo), StoreError> {
        object_file::open(&self.object_path(key))?.ok_or(StoreError::NoSuchKey)
    }

    fn object_path(&self, key: &str) -> PathBuf {
        self.folder.join(OBJECTS).join(file_name(key))
    }

    fn publish(&self, draft: Draft, info: Arc<ObjectInfo>, condition: &Condition) -> Result<(), StoreError> {
        {
            let mut objects = self.objects.write().unwrap_or_else(PoisonError::into_inner);
            condition.check(objects.get(&info.key).map(Arc::as_ref))?;
            draft.publish(&self.object_path(&info.key))?;
            objects.insert(info.key.clone(), info);
        }
        Ok(sync_folder(&self.folder.join(OBJECTS))?)
    }

    /// Removes an object; nothing happens if there is none and none was required.
    pub(crate) fn remove(&self, key: &str, condition: &Condition) -> Result<(), StoreError> {
        {
            let mut objects = self.objects.write().unwrap_or_else(PoisonError::into_inner);
            let found = objects.get(key);
            condition.check(found.map(Arc::as_ref))?;
            if found.is_none() {
                return Ok(());
            }
            fs::remove_file(self.object_path(key))?;
            objects.remove(key);
        }
        Ok(sync_folder(&self.folder.join(OBJECTS))?)
    }
}

/// An [`ObjectInfo`] for bytes that have just arrived.
pub(crate) fn new_info(key: &str, received: &Received) -> ObjectInfo {
    ObjectInfo {
        key: key.to_owned(),
        size_bytes: received.size_bytes,
        etag: hex::encode(received.md5),
        stored_at_ms: now_ms(),
        checksums: received.checksums.clone(),
        part_count: None,
        upload: None,
        content_type: None,
        metadata: BTreeMap::new(),
    }
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Makes renames and removals in a folder survive a power cut.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Runs file work that may wait for the disk away from the tasks that serve requests.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(StoreError::Io(io::Error::other(error))),
    }
}

//! One object, or one part, as one file: its bytes, then what is known of them, so that a single rename publishes
//! both.
//!
//! ```text
//! bytes of the object │ JSON of ObjectInfo │ length of the JSON, u32 little-endian │ "VSLOBJ01"
//! ```

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncWriteExt as _, BufWriter};

use super::checksum::{Algorithm, Checksums, Hasher};
use super::error::StoreError;
use crate::secrets::random_hex;
use crate::server::BoxError;

const MAGIC: &[u8; 8] = b"VSLOBJ01";
const FOOTER_BYTES: u64 = 12;
/// More than any [`ObjectInfo`] can take.
const LONGEST_INFO: u64 = 64 << 10;
const WRITE_BUFFER_BYTES: usize = 256 << 10;

/// What is known of an object or a part besides its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectInfo {
    /// Its key.
    pub key: String,
    /// Bytes.
    pub size_bytes: u64,
    /// MD5 in hex, or for an object of N parts the MD5 of their MD5s and `-N`; without quotes.
    pub etag: String,
    /// When it was stored, milliseconds since 1970.
    pub stored_at_ms: u64,
    /// Its checksums.
    pub checksums: Checksums,
    /// How many parts it was made of, if it was.
    pub part_count: Option<u32>,
    /// The multipart upload it was made by, if it was: after a crash this tells that the upload is over.
    pub upload: Option<String>,
    /// Media type that the client gave.
    pub content_type: Option<String>,
    /// User metadata that the client gave.
    pub metadata: BTreeMap<String, String>,
}

/// A file that is being written; dropping it before it is published removes it.
#[derive(Debug)]
pub(crate) struct Draft {
    path: PathBuf,
}

impl Draft {
    pub(crate) fn new(folder: &Path) -> io::Result<Self> {
        Ok(Self { path: folder.join(random_hex::<12>().map_err(io::Error::other)?) })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Moves the whole file to where it is visible.
    pub(crate) fn publish(self, to: &Path) -> io::Result<()> {
        std::fs::rename(&self.path, to)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Gone already if it was published; otherwise the next start clears the folder.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// What a client announced about the bytes it sends.
#[derive(Debug, Default)]
pub(crate) struct Announced {
    pub(crate) size_bytes: Option<u64>,
    /// Raw MD5, from `Content-MD5`.
    pub(crate) md5: Option<Vec<u8>>,
    pub(crate) checksums: Checksums,
    /// Algorithms whose value is computed although it is not announced, or only after the body.
    pub(crate) algorithms: Vec<Algorithm>,
}

/// Bytes that have arrived, whole and checked, in a draft without its footer.
pub(crate) struct Received {
    draft: Draft,
    file: BufWriter<tokio::fs::File>,
    pub(crate) size_bytes: u64,
    pub(crate) md5: [u8; 16],
    pub(crate) checksums: Checksums,
}

/// Streams `body` into a draft in `folder`, in constant memory, and compares it with what was announced.
///
/// `trailers` is asked for checksums that come after the body.
pub(crate) async fn receive(
    folder: &Path,
    mut body: impl Stream<Item = Result<Bytes, BoxError>> + Unpin,
    announced: Announced,
    trailers: impl FnOnce() -> Checksums,
) -> Result<Received, StoreError> {
    let draft = Draft::new(folder)?;
    let file = tokio::fs::File::options().create_new(true).write(true).open(draft.path()).await?;
    let mut file = BufWriter::with_capacity(WRITE_BUFFER_BYTES, file);
    let mut hasher = Hasher::new(announced.checksums.algorithms().chain(announced.algorithms));
    let mut size_bytes = 0;
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| broken(&error))?;
        hasher.update(&chunk);
        size_bytes += chunk.len() as u64;
        file.write_all(&chunk).await?;
    }
    if let Some(expected) = announced.size_bytes
        && expected != size_bytes
    {
        return Err(StoreError::IncompleteBody { expected, actual: size_bytes });
    }
    let (md5, checksums) = hasher.finish();
    if announced.md5.is_some_and(|announced| announced != md5) {
        return Err(StoreError::BadDigest { what: "MD5" });
    }
    if let Some(algorithm) = announced.checksums.or(trailers()).disagreement(&checksums) {
        return Err(StoreError::BadDigest { what: algorithm.name() });
    }
    Ok(Received { draft, file, size_bytes, md5, checksums })
}

/// The library verifies signed body hashes while it streams, and tells only in words that one differs.
fn broken(error: &BoxError) -> StoreError {
    StoreError::BrokenBody { hash_mismatch: error.to_string().contains("Sha256Mismatch") }
}

impl Received {
    /// Appends the footer and makes sure that all of it is on disk.
    pub(crate) async fn seal(mut self, info: &ObjectInfo) -> Result<Draft, StoreError> {
        self.file.write_all(&footer(info)?).await?;
        self.file.flush().await?;
        self.file.get_ref().sync_data().await?;
        Ok(self.draft)
    }
}

/// What stands behind the bytes of an object.
pub(crate) fn footer(info: &ObjectInfo) -> io::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec(info)?;
    let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(MAGIC);
    Ok(bytes)
}

/// Opens a stored file at its first byte; `None` if there is none.
///
/// # Errors
/// If it cannot be read or is not one of these files.
pub(crate) fn open(path: &Path) -> io::Result<Option<(File, ObjectInfo)>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let info = read_footer(&mut file)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(Some((file, info)))
}

fn read_footer(file: &mut File) -> io::Result<ObjectInfo> {
    let damaged = || io::Error::new(io::ErrorKind::InvalidData, "not a file of this storage, or damaged");
    let end = file.metadata()?.len();
    file.seek(SeekFrom::Start(end.checked_sub(FOOTER_BYTES).ok_or_else(damaged)?))?;
    let mut length = [0; 4];
    let mut magic = [0; 8];
    file.read_exact(&mut length)?;
    file.read_exact(&mut magic)?;
    let length = u64::from(u32::from_le_bytes(length));
    if magic != *MAGIC || length > LONGEST_INFO {
        return Err(damaged());
    }
    let start = (end - FOOTER_BYTES).checked_sub(length).ok_or_else(damaged)?;
    file.seek(SeekFrom::Start(start))?;
    let mut json = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    file.read_exact(&mut json)?;
    let info: ObjectInfo = serde_json::from_slice(&json)?;
    if info.size_bytes == start { Ok(info) } else { Err(damaged()) }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    async fn receive_abc(announced: Announced, late: Checksums) -> Result<(u64, Checksums), StoreError> {
        let folder = tempfile::tempdir().unwrap();
        let body = stream::iter([Ok(Bytes::from("a")), Ok(Bytes::from("bc"))]);
        let received = receive(folder.path(), body, announced, || late).await;
        let received = received.map(|received| (received.size_bytes, received.checksums.clone()));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "an unpublished draft is removed");
        received
    }

    fn crc32(value: &str) -> Checksums {
        Checksums { crc32: Some(value.to_owned()), ..Checksums::default() }
    }

    #[tokio::test]
    async fn compares_what_is_announced_before_and_after_the_body() {
        let late = || Announced { algorithms: vec![Algorithm::Crc32], ..Announced::default() };
        assert_eq!(receive_abc(late(), crc32("NSRBwg==")).await.unwrap(), (3, crc32("NSRBwg==")));
        let wrong = receive_abc(late(), crc32("NSRBwA==")).await;
        assert!(matches!(wrong, Err(StoreError::BadDigest { what: "CRC32" })));
        let unannounced = receive_abc(Announced::default(), crc32("NSRBwg==")).await;
        assert!(matches!(unannounced, Err(StoreError::BadDigest { what: "CRC32" })), "it cannot be told");
        let wrong = receive_abc(
            Announced { checksums: crc32("NSRBwA=="), ..Announced::default() },
            Checksums::default(),
        );
        assert!(matches!(wrong.await, Err(StoreError::BadDigest { what: "CRC32" })));
        let wrong =
            receive_abc(Announced { md5: Some(vec![0; 16]), ..Announced::default() }, Checksums::default());
        assert!(matches!(wrong.await, Err(StoreError::BadDigest { what: "MD5" })));
        let short =
            receive_abc(Announced { size_bytes: Some(4), ..Announced::default() }, Checksums::default());
        assert!(matches!(short.await, Err(StoreError::IncompleteBody { expected: 4, actual: 3 })));
    }

    #[tokio::test]
    async fn a_stored_file_tells_its_own_damage() {
        let folder = tempfile::tempdir().unwrap();
        let body = stream::iter([Ok(Bytes::from("abc"))]);
        let received = receive(folder.path(), body, Announced::default(), Checksums::default).await.unwrap();
        let info = crate::s3::backend::new_info("k", &received);
        let path = folder.path().join("stored");
        received.seal(&info).await.unwrap().publish(&path).unwrap();
        assert_eq!(open(&path).unwrap().unwrap().1, info);
        let whole = std::fs::read(&path).unwrap();
        for length in 0..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            assert!(open(&path).is_err(), "cut to {length} bytes");
        }
        std::fs::write(&path, &whole[1..]).unwrap();
        assert!(open(&path).is_err(), "first byte missing");
    }
}

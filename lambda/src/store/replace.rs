//! Compare-and-swap: the few small objects that change (terms of a model, rows of a client), and uploads in one piece.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ChecksumAlgorithm;
use veilsum_protocol::Digest;

use super::{Store, StoreError, collect, present, short_lived, unsigned};
use crate::keys::Key;
use crate::store::transfer::CHECKSUM_HEADER;

/// S3's tag of an object's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Etag(String);

/// What became of replacing an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Replacement {
    /// This call wrote it.
    Replaced,
    /// It is not what it was when it was read. This call may have written it: an answer can get lost.
    Changed,
}

impl Store {
    /// A whole object of at most `maximum_bytes` with its tag; `None` if there is none.
    ///
    /// # Errors
    /// [`StoreError`] if storage does not answer as it should, or the object is larger.
    pub async fn read_tagged(
        &self,
        key: &Key,
        maximum_bytes: u64,
    ) -> Result<Option<(Vec<u8>, Etag)>, StoreError> {
        const OPERATION: &str = "read an object with its tag";
        let sent = self.client.get_object().bucket(&self.bucket).key(key.as_str()).send().await;
        let Some(found) = present(OPERATION, sent)? else { return Ok(None) };
        if unsigned(found.content_length()) > maximum_bytes {
            return Err(StoreError::refused(OPERATION, "it is larger than any of its kind"));
        }
        let no_tag = || StoreError::refused(OPERATION, "the answer has no tag");
        let etag = Etag(found.e_tag().ok_or_else(no_tag)?.to_owned());
        Ok(Some((collect(OPERATION, found.body).await?, etag)))
    }

    /// Writes an object if it is still what it was: with this tag, or absent where there is none.
    ///
    /// # Errors
    /// [`StoreError`] if storage does not answer as it should.
    pub async fn replace(
        &self,
        key: &Key,
        was: Option<&Etag>,
        bytes: Vec<u8>,
    ) -> Result<Replacement, StoreError> {
        let request = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key.as_str())
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .body(ByteStream::from(bytes));
        let request = match was {
            Some(Etag(etag)) => request.if_match(etag),
            None => request.if_none_match("*"),
        };
        match request.send().await.map_err(|error| StoreError::of("replace an object", error)) {
            Ok(_) => Ok(Replacement::Replaced),
            // 404: it was deleted since it was read.
            Err(error) if error.is_precondition_failed() || error.is_conflict() || error.is_absent() => {
                Ok(Replacement::Changed)
            }
            Err(error) => Err(error),
        }
    }

    /// A URL to PUT one whole object to, with its length and hash signed, and the headers to send. Whoever sends it twice writes
    /// the same bytes twice.
    ///
    /// # Errors
    /// [`StoreError`] if there are no credentials to sign with.
    pub async fn presign_write(
        &self,
        key: &Key,
        size_bytes: u64,
        sha256: &Digest,
    ) -> Result<(String, Vec<(String, String)>), StoreError> {
        const OPERATION: &str = "sign an upload";
        let checksum = sha256.to_base64();
        let length = i64::try_from(size_bytes).map_err(|error| StoreError::of_local(OPERATION, error))?;
        let request = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key.as_str())
            .content_length(length)
            .checksum_sha256(&checksum);
        let signed = request.presigned(short_lived()).await;
        let url = signed.map_err(|error| StoreError::of(OPERATION, error))?.uri().to_owned();
        Ok((url, vec![(CHECKSUM_HEADER.to_owned(), checksum)]))
    }
}

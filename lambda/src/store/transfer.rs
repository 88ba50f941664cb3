//! Multipart transfers: a browser sends the parts, this completes them to one object, once.

use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumType, CompletedMultipartUpload, CompletedPart};
use veilsum_protocol::Digest;
use veilsum_protocol::api::{Part, PartUrl};

use super::{Store, StoreError, short_lived, unsigned};
use crate::keys::Key;

/// The header that carries a part's checksum.
pub(super) const CHECKSUM_HEADER: &str = "x-amz-checksum-sha256";
/// Longest id that is looked at.
const MAX_ID_CHARACTERS: usize = 1_024;

/// Id of a multipart transfer. It only works together with the key that the transfer was begun for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferId(String);

impl TransferId {
    /// The id that a client sends back; `None` if it cannot be one.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let plausible = !text.is_empty()
            && text.len() <= MAX_ID_CHARACTERS
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        plausible.then(|| Self(text.to_owned()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A part that storage has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedPart {
    /// Number, size and hash.
    pub part: Part,
    /// S3's tag of the part.
    etag: String,
}

/// What became of completing a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Completion {
    /// The object is stored.
    Completed,
    /// There is an object under the key already; it is unchanged.
    AlreadyThere,
    /// The transfer is unknown: completed by another call, aborted, or never begun.
    Gone,
}

impl Store {
    /// Begins a transfer to `key`.
    ///
    /// # Errors
    /// [`StoreError`] if storage does not answer as it should.
    pub async fn begin_transfer(&self, key: &Key) -> Result<TransferId, StoreError> {
        const OPERATION: &str = "begin a transfer";
        let request = self
            .client
            .create_multipart_upload()
            .bucket(&self.bucket)
            .key(key.as_str())
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .checksum_type(ChecksumType::Composite);
        let begun = request.send().await.map_err(|error| StoreError::of(OPERATION, error))?;
        let id = begun.upload_id.as_deref().and_then(TransferId::from_text);
        id.ok_or_else(|| StoreError::refused(OPERATION, "the answer has no id"))
    }

    /// The parts that have arrived, by ascending number; `None` if the transfer is unknown.
    ///
    /// # Errors
    /// [`StoreError`] if storage does not answer as it should.
    pub async fn received_parts(
        &self,
        key: &Key,
        transfer: &TransferId,
    ) -> Result<Option<Vec<ReceivedPart>>, StoreError> {
        let request =
            self.client.list_parts().bucket(&self.bucket).key(key.as_str()).upload_id(transfer.as_str());
        let mut pages = request.into_paginator().send();
        let mut received = Vec::new();
        while let Some(page) = pages.next().await {
            let page = match page {
                Ok(page) => page,
                Err(error) => {
                    let error = StoreError::of("list the parts of a transfer", error);
                    return if error.is_absent() { Ok(None) } else { Err(error) };
                }
            };
            received.extend(page.parts.unwrap_or_default().into_iter().filter_map(received_part));
        }
        Ok(Some(received))
    }

    /// A URL to PUT one part to, with its number, length and hash signed.
    ///
    /// # Errors
    /// [`StoreError`] if there are no credentials to sign with.
    pub async fn presign_part(
        &self,
        key: &Key,
        transfer: &TransferId,
        part: Part,
    ) -> Result<PartUrl, StoreError> {
        const OPERATION: &str = "sign a part";
        let checksum = part.sha256.to_base64();
        let number = i32::try_from(part.number).map_err(|error| StoreError::of_local(OPERATION, error))?;
        let length =
            i64::try_from(part.size_bytes).map_err(|error| StoreError::of_local(OPERATION, error))?;
        let request = self
            .client
            .upload_part()
            .bucket(&self.bucket)
            .key(key.as_str())
            .upload_id(transfer.as_str())
            .part_number(number)
            .content_length(length)
            .checksum_sha256(&checksum);
        let signed = request.presigned(short_lived()).await;
        let url = signed.map_err(|error| StoreError::of(OPERATION, error))?.uri().to_owned();
        Ok(PartUrl { number: part.number, url, headers: vec![(CHECKSUM_HEADER.to_owned(), checksum)] })
    }

    /// Makes one object out of `parts`, unless there is one under this key.
    ///
    /// # Errors
    /// [`StoreError`] if storage does not answer as it should.
    pub async fn complete_transfer(
        &self,
        key: &Key,
        transfer: &TransferId,
        parts: &[ReceivedPart],
    ) -> Result<Completion, StoreError> {
        let parts = parts.iter().map(completed_part).collect();
        let sent = self
            .client
            .complete_multipart_upload()
            .bucket(&self.bucket)
            .key(key.as_str())
            .upload_id(transfer.as_str())
            .if_none_match("*")
            .checksum_type(ChecksumType::Composite)
            .multipart_upload(CompletedMultipartUpload::builder().set_parts(Some(parts)).build())
            .send()
            .await;
        let error = match sent {
            Ok(_) => return Ok(Completion::Completed),
            Err(error) => StoreError::of("complete a transfer", error),
        };
        if error.is_precondition_failed() {
            Ok(Completion::AlreadyThere)
        } else if error.is_absent() || error.is_conflict() {
            // S3 wants a transfer that met another write to be begun again.
            Ok(Completion::Gone)
        } else {
            Err(error)
        }
    }

    /// Aborts one transfer; aborting an unknown one succeeds.
    ///
    /// # Errors
    /// [`StoreError`] if storage does not answer as it should.
    pub async fn abort_transfer(&self, key: &Key, transfer: &TransferId) -> Result<(), StoreError> {
        let request = self
            .client
            .abort_multipart_upload()
            .bucket(&self.bucket)
            .key(key.as_str())
            .upload_id(transfer.as_str());
        match request.send().await.map_err(|error| StoreError::of("abort a transfer", error)) {
            Err(error) if !error.is_absent() => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Aborts all transfers to keys that start with `prefix`.
    ///
    /// # Errors
    /// [`StoreError`] if storage does not answer as it should.
    pub async fn abort_transfers(&self, prefix: &str) -> Result<(), StoreError> {
        let (mut key_marker, mut id_marker) = (None, None);
        loop {
            let page = self
                .client
                .list_multipart_uploads()
                .bucket(&self.bucket)
                .prefix(prefix)
                .set_key_marker(key_marker)
                .set_upload_id_marker(id_marker)
                .send()
                .await
                .map_err(|error| StoreError::of("list transfers", error))?;
            for upload in page.uploads() {
                if let (Some(key), Some(id)) = (upload.key(), upload.upload_id()) {
                    self.abort_transfer(&Key::listed(key.to_owned()), &TransferId(id.to_owned())).await?;
                }
            }
            if page.is_truncated() != Some(true) {
                return Ok(());
            }
            (key_marker, id_marker) = (page.next_key_marker, page.next_upload_id_marker);
        }
    }
}

/// A part in a listing; `None` without a SHA-256, as then it was not sent through one of our URLs.
fn received_part(part: aws_sdk_s3::types::Part) -> Option<ReceivedPart> {
    Some(ReceivedPart {
        part: Part {
            number: u32::try_from(part.part_number?).ok()?,
            size_bytes: unsigned(part.size),
            sha256: digest_from_base64(part.checksum_sha256.as_deref()?)?,
        },
        etag: part.e_tag?,
    })
}

fn completed_part(received: &ReceivedPart) -> CompletedPart {
    CompletedPart::builder()
        .set_part_number(i32::try_from(received.part.number).ok())
        .e_tag(&received.etag)
        .checksum_sha256(received.part.sha256.to_base64())
        .build()
}

fn digest_from_base64(text: &str) -> Option<Digest> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).ok()?;
    Some(Digest::from_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_read_back_from_base64() {
        let digest = Digest::of(b"part");
        assert_eq!(digest_from_base64(&digest.to_base64()), Some(digest));
        for text in ["", "AAAA", "not base64!", &format!("{}-2", digest.to_base64())] {
            assert_eq!(digest_from_base64(text), None);
        }
    }

    #[test]
    fn rejects_transfer_ids_that_storage_never_makes() {
        assert!(TransferId::from_text("2~abc.DEF-_").is_some());
        for text in ["", "a b", "a\nb", "\u{e9}", &"a".repeat(1_025)] {
            assert!(TransferId::from_text(text).is_none());
        }
    }
}

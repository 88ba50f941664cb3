//! Uploads: presigned URLs for the parts of an object, and making one object out of them, once.

use axum::Json;
use axum::extract::State;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use veilsum_protocol::api::{
    CompleteUpload, MAX_PART_BYTES, MAX_PARTS, MAX_PARTS_PER_REQUEST, Object, Part, RequestUpload,
    StoredObject, Upload,
};
use veilsum_protocol::plan::MAX_ROW_GROUPS;
use veilsum_protocol::row_group::MIN_PART_BYTES;
use veilsum_protocol::{DatasetId, Digest};

use super::datasets::require_registered;
use super::{CONCURRENT_CALLS, as_stored};
use crate::api::Api;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::keys::{Key, MAX_SEQUENCE};
use crate::openapi::Failed;
use crate::request::{Body, Id};
use crate::store::{Completion, ObjectInfo, ReceivedPart, Store, TransferId, URL_SECONDS};

/// Presigned URLs for parts of one object. Number, length and SHA-256 of each part are signed.
#[utoipa::path(
    post, path = "/datasets/{dataset}/uploads", operation_id = "requestUpload", tag = "uploads", params(("dataset" = DatasetId, Path)),
    request_body = RequestUpload, responses((status = 200, body = Upload), Failed),
)]
pub(super) async fn request(
    caller: Caller,
    State(api): State<Api>,
    Id(dataset): Id<DatasetId>,
    Body(request): Body<RequestUpload>,
) -> Result<Json<Upload>, ApiError> {
    check_object(&request.object)?;
    check_requested_parts(&request.parts)?;
    let transfer = request.transfer.as_deref().map(parse_transfer).transpose()?;
    let (store, keys) = (api.store(), caller.dataset(&dataset));
    require_registered(store, &keys).await?;
    let key = keys.object(&request.object);
    if store.exists(&key).await? {
        let none =
            Upload { stored: true, transfer: None, received: vec![], urls: vec![], expires_in: URL_SECONDS };
        return Ok(Json(none));
    }
    let (transfer, received) = match transfer {
        Some(transfer) => {
            let received = store.received_parts(&key, &transfer).await?.ok_or(ApiError::TransferGone)?;
            (transfer, received)
        }
        None => (store.begin_transfer(&key).await?, Vec::new()),
    };
    let urls = stream::iter(request.parts)
        .map(|part| store.presign_part(&key, &transfer, part))
        .buffered(CONCURRENT_CALLS)
        .try_collect()
        .await?;
    Ok(Json(Upload {
        stored: false,
        transfer: Some(transfer.as_str().to_owned()),
        received: received.into_iter().map(|received| received.part).collect(),
        urls,
        expires_in: URL_SECONDS,
    }))
}

/// Makes one object out of its parts. Repeating it changes nothing; a manifest is committed instead.
#[utoipa::path(
    post, path = "/datasets/{dataset}/uploads/complete", operation_id = "completeUpload", tag = "uploads", params(("dataset" = DatasetId, Path)),
    request_body = CompleteUpload, responses((status = 200, body = StoredObject), Failed),
)]
pub(super) async fn complete(
    caller: Caller,
    State(api): State<Api>,
    Id(dataset): Id<DatasetId>,
    Body(request): Body<CompleteUpload>,
) -> Result<Json<StoredObject>, ApiError> {
    if matches!(request.object, Object::Manifest { .. }) {
        let allowed = "a row group or the original: a manifest is committed";
        return Err(ApiError::OutOfRange { field: "object", allowed });
    }
    check_object(&request.object)?;
    check_all_parts(&request.parts)?;
    let transfer = parse_transfer(&request.transfer)?;
    let (store, keys) = (api.store(), caller.dataset(&dataset));
    require_registered(store, &keys).await?;
    let key = keys.object(&request.object);
    let info = finish(store, &key, &request.object, &transfer, &request.parts).await?;
    Ok(Json(as_stored(store, &key, info).await?))
}

/// Makes the object at `key` out of `parts`, unless exactly this object is stored already.
pub(super) async fn finish(
    store: &Store,
    key: &Key,
    object: &Object,
    transfer: &TransferId,
    parts: &[Part],
) -> Result<ObjectInfo, ApiError> {
    let wanted = Content::of(parts);
    if let Some(stored) = store.stat(key).await? {
        let stored = wanted.require(stored, object)?;
        // An answer got lost, or the parts were sent twice; what is left of a second transfer is of no use.
        store.abort_transfer(key, transfer).await?;
        return Ok(stored);
    }
    let completion = match store.received_parts(key, transfer).await? {
        Some(received) => store.complete_transfer(key, transfer, &matching(received, parts)?).await?,
        None => Completion::Gone,
    };
    match (completion, store.stat(key).await?) {
        (Completion::Completed | Completion::AlreadyThere | Completion::Gone, Some(stored)) => {
            wanted.require(stored, object)
        }
        (Completion::Gone, None) => Err(ApiError::TransferGone),
        // Deleted in between.
        (Completion::Completed | Completion::AlreadyThere, None) => Err(ApiError::NotFound),
    }
}

/// Exactly the wanted parts among those that have arrived.
fn matching(received: Vec<ReceivedPart>, wanted: &[Part]) -> Result<Vec<ReceivedPart>, ApiError> {
    let mut received = received.into_iter().peekable();
    let mut matching = Vec::with_capacity(wanted.len());
    for part in wanted {
        let number = part.number;
        while received.next_if(|found| found.part.number < number).is_some() {}
        match received.next_if(|found| found.part.number == number) {
            Some(found) if found.part == *part => matching.push(found),
            Some(_) => return Err(ApiError::PartDiffers { number }),
            None => return Err(ApiError::PartMissing { number }),
        }
    }
    Ok(matching)
}

/// Size and checksum that an object has when it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Content {
    /// Bytes.
    pub(super) size_bytes: u64,
    /// SHA-256 of the parts' hashes.
    pub(super) checksum: Digest,
    /// Parts that it was sent in.
    pub(super) part_count: u32,
}

impl Content {
    pub(super) fn of(parts: &[Part]) -> Self {
        Self {
            size_bytes: parts.iter().map(|part| part.size_bytes).sum(),
            checksum: Digest::composite(parts.iter().map(|part| &part.sha256)),
            part_count: u32::try_from(parts.len()).unwrap_or(u32::MAX),
        }
    }

    /// Whether what is stored is this.
    pub(super) fn is(&self, stored: &ObjectInfo) -> bool {
        let checksum = format!("{}-{}", self.checksum.to_base64(), self.part_count);
        stored.size_bytes == self.size_bytes && stored.checksum.as_deref() == Some(checksum.as_str())
    }

    fn require(self, stored: ObjectInfo, object: &Object) -> Result<ObjectInfo, ApiError> {
        if self.is(&stored) { Ok(stored) } else { Err(ApiError::OtherContent { object: *object }) }
    }
}

pub(super) fn parse_transfer(text: &str) -> Result<TransferId, ApiError> {
    let wrong =
        ApiError::OutOfRange { field: "transfer", allowed: "the transfer that POST …/uploads answered" };
    TransferId::from_text(text).ok_or(wrong)
}

pub(super) fn check_object(object: &Object) -> Result<(), ApiError> {
    match object {
        Object::Original => Ok(()),
        Object::RowGroup { index } if (*index as usize) < MAX_ROW_GROUPS => Ok(()),
        Object::RowGroup { .. } => {
            Err(ApiError::OutOfRange { field: "object.index", allowed: "less than 100000" })
        }
        Object::Manifest { sequence } if (1..=MAX_SEQUENCE).contains(sequence) => Ok(()),
        Object::Manifest { .. } => {
            Err(ApiError::OutOfRange { field: "object.sequence", allowed: "from 1 to 99999999" })
        }
    }
}

/// Checks parts that URLs are asked for.
fn check_requested_parts(parts: &[Part]) -> Result<(), ApiError> {
    if parts.len() > MAX_PARTS_PER_REQUEST {
        return Err(ApiError::OutOfRange { field: "parts", allowed: "at most 100 at a time" });
    }
    parts.iter().try_for_each(check_part)
}

/// Checks the complete list of an object's parts.
pub(super) fn check_all_parts(parts: &[Part]) -> Result<(), ApiError> {
    parts.iter().try_for_each(check_part)?;
    // S3 makes composite checksums of consecutive parts only.
    if parts.is_empty() || !parts.iter().zip(1..).all(|(part, number)| part.number == number) {
        return Err(ApiError::OutOfRange {
            field: "parts",
            allowed: "all parts, numbered from 1 without a gap",
        });
    }
    let all_but_last = &parts[..parts.len() - 1];
    if all_but_last.iter().any(|part| part.size_bytes < MIN_PART_BYTES) {
        let allowed = "at least 5242880 for all parts but the last";
        return Err(ApiError::OutOfRange { field: "parts.size_bytes", allowed });
    }
    Ok(())
}

fn check_part(part: &Part) -> Result<(), ApiError> {
    if !(1..=MAX_PARTS).contains(&part.number) {
        return Err(ApiError::OutOfRange { field: "parts.number", allowed: "from 1 to 10000" });
    }
    if !(1..=MAX_PART_BYTES).contains(&part.size_bytes) {
        return Err(ApiError::OutOfRange { field: "parts.size_bytes", allowed: "from 1 to 67108864" });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(number: u32, size_bytes: u64) -> Part {
        Part { number, size_bytes, sha256: Digest::of(&number.to_le_bytes()) }
    }

    #[test]
    fn limits_of_parts_are_exact() {
        assert!(check_part(&part(1, 1)).is_ok());
        assert!(check_part(&part(MAX_PARTS, MAX_PART_BYTES)).is_ok());
        for bad in [part(0, 1), part(MAX_PARTS + 1, 1), part(1, 0), part(1, MAX_PART_BYTES + 1)] {
            assert!(check_part(&bad).is_err(), "{bad:?}");
        }
        let many: Vec<Part> = (1..=101).map(|number| part(number, 1)).collect();
        assert!(check_requested_parts(&many[..100]).is_ok());
        assert!(check_requested_parts(&many).is_err());
    }

    #[test]
    fn rejects_part_lists_that_storage_would_not_join() {
        assert!(check_all_parts(&[part(1, MIN_PART_BYTES), part(2, 1)]).is_ok());
        assert!(check_all_parts(&[]).is_err());
        assert!(check_all_parts(&[part(1, MIN_PART_BYTES), part(3, 1)]).is_err());
        assert!(check_all_parts(&[part(2, MIN_PART_BYTES), part(1, 1)]).is_err());
        assert!(check_all_parts(&[part(1, MIN_PART_BYTES), part(1, 1)]).is_err());
        assert!(check_all_parts(&[part(1, MIN_PART_BYTES - 1), part(2, 1)]).is_err());
    }

    #[test]
    fn limits_of_objects_are_exact() {
        for good in [
            Object::Original,
            Object::RowGroup { index: 99_999 },
            Object::Manifest { sequence: 1 },
            Object::Manifest { sequence: MAX_SEQUENCE },
        ] {
            assert!(check_object(&good).is_ok(), "{good:?}");
        }
        for bad in [
            Object::RowGroup { index: 100_000 },
            Object::Manifest { sequence: 0 },
            Object::Manifest { sequence: MAX_SEQUENCE + 1 },
        ] {
            assert!(check_object(&bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn content_is_size_checksum_and_number_of_parts() {
        let content = Content::of(&[part(1, MIN_PART_BYTES), part(2, 7)]);
        let stored = ObjectInfo {
            size_bytes: MIN_PART_BYTES + 7,
            checksum: Some(format!("{}-2", content.checksum.to_base64())),
        };
        assert!(content.is(&stored));
        assert!(!content.is(&ObjectInfo { size_bytes: 7, ..stored.clone() }));
        assert!(!content.is(&ObjectInfo { checksum: None, ..stored.clone() }));
        let one_part = format!("{}-1", content.checksum.to_base64());
        assert!(!content.is(&ObjectInfo { checksum: Some(one_part), ..stored }));
    }
}

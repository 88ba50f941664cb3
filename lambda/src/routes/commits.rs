//! Commits: a manifest is stored last, once every object that it lists is known to be there.

use axum::Json;
use axum::extract::State;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use veilsum_protocol::DatasetId;
use veilsum_protocol::api::{
    Commit, CommittedObject, DatasetEntry, MAX_COMMITTED_OBJECTS, MAX_PARTS, Object,
};

use super::CONCURRENT_CALLS;
use super::datasets::{entry, require_registered};
use super::uploads::{Content, check_all_parts, check_object, finish, parse_transfer};
use crate::api::Api;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::keys::DatasetKeys;
use crate::openapi::Failed;
use crate::request::{Body, Id};
use crate::store::Store;

/// Checks that every object is stored as named, then stores the manifest. Repeating it changes nothing.
#[utoipa::path(
    post, path = "/datasets/{dataset}/commit", operation_id = "commit", tag = "uploads", params(("dataset" = DatasetId, Path)),
    request_body = Commit, responses((status = 200, body = DatasetEntry), Failed),
)]
pub(super) async fn commit(
    caller: Caller,
    State(api): State<Api>,
    Id(dataset): Id<DatasetId>,
    Body(request): Body<Commit>,
) -> Result<Json<DatasetEntry>, ApiError> {
    let manifest = Object::Manifest { sequence: request.sequence };
    check_object(&manifest)?;
    check_all_parts(&request.parts)?;
    check_objects(&request.objects)?;
    let transfer = parse_transfer(&request.transfer)?;
    let (store, keys) = (api.store(), caller.dataset(&dataset));
    require_registered(store, &keys).await?;
    let key = keys.object(&manifest);
    if !store.exists(&key).await? {
        require_next(store, &keys, request.sequence).await?;
        require_stored(store, &keys, &request.objects).await?;
    }
    finish(store, &key, &manifest, &transfer, &request.parts).await?;
    let objects = store.list(keys.folder()).await?;
    let entry = entry(store, dataset, &keys, &objects).await?;
    entry.map(Json).ok_or(ApiError::NotFound)
}

async fn require_next(store: &Store, keys: &DatasetKeys, actual: u64) -> Result<(), ApiError> {
    let manifests = store.list(&keys.manifests()).await?;
    let newest = manifests.iter().filter_map(|found| keys.manifest_sequence(&found.key)).max();
    let expected = newest.unwrap_or_default() + 1;
    if actual == expected { Ok(()) } else { Err(ApiError::OutOfSequence { expected, actual }) }
}

async fn require_stored(
    store: &Store,
    keys: &DatasetKeys,
    objects: &[CommittedObject],
) -> Result<(), ApiError> {
    stream::iter(objects.iter().copied())
        .map(|named| async move {
            let object = named.object;
            let content = Content {
                size_bytes: named.size_bytes,
                checksum: named.checksum,
                part_count: named.part_count,
            };
            match store.stat(&keys.object(&object)).await? {
                Some(stored) if content.is(&stored) => Ok(()),
                Some(_) => Err(ApiError::ObjectDiffers { object }),
                None => Err(ApiError::ObjectMissing { object }),
            }
        })
        .buffered(CONCURRENT_CALLS)
        .try_collect()
        .await
}

fn check_objects(objects: &[CommittedObject]) -> Result<(), ApiError> {
    if objects.is_empty() || objects.len() > MAX_COMMITTED_OBJECTS {
        return Err(ApiError::OutOfRange { field: "objects", allowed: "from 1 to 20000 objects" });
    }
    for named in objects {
        check_object(&named.object)?;
        if matches!(named.object, Object::Manifest { .. }) {
            return Err(ApiError::OutOfRange { field: "objects", allowed: "row groups and the original" });
        }
        if !(1..=MAX_PARTS).contains(&named.part_count) {
            return Err(ApiError::OutOfRange { field: "objects.part_count", allowed: "from 1 to 10000" });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use veilsum_protocol::Digest;

    use super::*;

    const ROW_GROUP: CommittedObject = CommittedObject {
        object: Object::RowGroup { index: 0 },
        size_bytes: 1,
        checksum: Digest::from_bytes([0; 32]),
        part_count: 1,
    };

    #[test]
    fn limits_of_a_commit_are_exact() {
        assert!(check_objects(&[ROW_GROUP]).is_ok());
        assert!(check_objects(&vec![ROW_GROUP; MAX_COMMITTED_OBJECTS]).is_ok());
        assert!(check_objects(&vec![ROW_GROUP; MAX_COMMITTED_OBJECTS + 1]).is_err());
        assert!(check_objects(&[]).is_err());
        assert!(check_objects(&[CommittedObject { part_count: 0, ..ROW_GROUP }]).is_err());
        let manifest = CommittedObject { object: Object::Manifest { sequence: 1 }, ..ROW_GROUP };
        assert!(check_objects(&[manifest]).is_err());
    }
}

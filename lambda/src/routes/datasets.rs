//! Datasets: registering, listing, showing and deleting them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use veilsum_protocol::DatasetId;
use veilsum_protocol::api::{CreateDataset, DatasetDetail, DatasetEntry, Datasets};

use super::{CONCURRENT_CALLS, as_stored};
use crate::api::Api;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::keys::{DatasetKeys, Key};
use crate::openapi::Failed;
use crate::request::{Body, Id, Page};
use crate::store::{Creation, Listed, Store};

/// Entries on one page; each holds a presigned URL, and a response at most 6 MB.
const DATASETS_PER_PAGE: usize = 500;
/// Objects on one page.
pub(super) const OBJECTS_PER_PAGE: usize = 1_000;

/// Registers a dataset under an id that the client drew. Repeating it changes nothing.
#[utoipa::path(
    post, path = "/datasets", operation_id = "createDataset", tag = "datasets", request_body = CreateDataset,
    responses((status = 201, description = "Registered, by this request or an earlier one"), Failed),
)]
pub(super) async fn create(
    caller: Caller,
    State(api): State<Api>,
    Body(request): Body<CreateDataset>,
) -> Result<StatusCode, ApiError> {
    let key = caller.dataset(&request.dataset).created();
    match api.store().create(&key, b"{\"version\":1}".to_vec()).await? {
        Creation::Created | Creation::AlreadyThere => Ok(StatusCode::CREATED),
    }
}

/// Every dataset of the caller that has a manifest.
#[utoipa::path(
    get, path = "/datasets", operation_id = "listDatasets", tag = "datasets", params(Page),
    responses((status = 200, body = Datasets), Failed),
)]
pub(super) async fn list(
    caller: Caller,
    State(api): State<Api>,
    page: Page,
) -> Result<Json<Datasets>, ApiError> {
    let store = api.store();
    let names = store.list_folders(&caller.datasets_folder()).await?;
    let (names, next) = page.of(names, DATASETS_PER_PAGE, String::as_str);
    let datasets = stream::iter(names.into_iter().filter_map(|name| name.parse::<DatasetId>().ok()))
        .map(|dataset| async move {
            let keys = caller.dataset(&dataset);
            let objects = store.list(keys.folder()).await?;
            entry(store, dataset, &keys, &objects).await
        })
        .buffered(CONCURRENT_CALLS)
        .try_filter_map(|entry| async { Ok(entry) })
        .try_collect()
        .await?;
    Ok(Json(Datasets { datasets, next }))
}

/// One dataset with its objects.
#[utoipa::path(
    get, path = "/datasets/{dataset}", operation_id = "showDataset", tag = "datasets", params(("dataset" = DatasetId, Path), Page),
    responses((status = 200, body = DatasetDetail), Failed),
)]
pub(super) async fn show(
    caller: Caller,
    State(api): State<Api>,
    Id(dataset): Id<DatasetId>,
    page: Page,
) -> Result<Json<DatasetDetail>, ApiError> {
    let store = api.store();
    let keys = caller.dataset(&dataset);
    let objects = store.list(keys.folder()).await?;
    if objects.is_empty() {
        return Err(ApiError::NotFound);
    }
    let entry = entry(store, dataset, &keys, &objects).await?.ok_or(ApiError::NotCommitted)?;
    let (objects, next) = page.of(objects, OBJECTS_PER_PAGE, |object| object.key.as_str());
    let objects = stream::iter(objects)
        .map(|object| async move {
            match store.stat(&object.key).await? {
                Some(info) => as_stored(store, &object.key, info).await.map(Some),
                // Deleted since it was listed.
                None => Ok(None),
            }
        })
        .buffered(CONCURRENT_CALLS)
        .try_filter_map(|object: Option<_>| async { Ok::<_, ApiError>(object) })
        .try_collect()
        .await?;
    Ok(Json(DatasetDetail { entry, objects, next }))
}

/// Deletes a dataset. Repeating it changes nothing.
#[utoipa::path(
    delete, path = "/datasets/{dataset}", operation_id = "deleteDataset", tag = "datasets", params(("dataset" = DatasetId, Path)),
    responses((status = 204, description = "There is no such dataset (any more)"), Failed),
)]
pub(super) async fn delete(
    caller: Caller,
    State(api): State<Api>,
    Id(dataset): Id<DatasetId>,
) -> Result<StatusCode, ApiError> {
    let store = api.store();
    let keys = caller.dataset(&dataset);
    // Manifests and the registration go first: whatever interrupts this, the dataset is not half there.
    let mut first: Vec<Key> =
        store.list(&keys.manifests()).await?.into_iter().map(|found| found.key).collect();
    first.push(keys.created());
    store.delete(&first).await?;
    store.abort_transfers(keys.folder()).await?;
    let rest: Vec<Key> = store.list(keys.folder()).await?.into_iter().map(|found| found.key).collect();
    store.delete(&rest).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What the cloud can say about a dataset with these objects; `None` without a manifest.
pub(super) async fn entry(
    store: &Store,
    dataset: DatasetId,
    keys: &DatasetKeys,
    objects: &[Listed],
) -> Result<Option<DatasetEntry>, ApiError> {
    let newest = objects
        .iter()
        .filter_map(|object| Some((keys.manifest_sequence(&object.key)?, object)))
        .max_by_key(|(sequence, _)| *sequence);
    let Some((sequence, manifest)) = newest else { return Ok(None) };
    Ok(Some(DatasetEntry {
        dataset,
        sequence,
        size_bytes: objects.iter().map(|object| object.size_bytes).sum(),
        stored_at: manifest.stored_at,
        manifest_url: store.presign_read(&manifest.key).await?,
    }))
}

/// Succeeds only for a dataset that the caller has registered.
pub(super) async fn require_registered(store: &Store, keys: &DatasetKeys) -> Result<(), ApiError> {
    if store.exists(&keys.created()).await? { Ok(()) } else { Err(ApiError::NotFound) }
}

//! Jobs: starting, watching and cancelling them. Storing a plan is what starts a job.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use veilsum_protocol::api::{JobState, JobStatus, Object, StartJob};
use veilsum_protocol::job::{Failure, Step};
use veilsum_protocol::plan::Plan;
use veilsum_protocol::{DatasetId, JobId};

use super::datasets::{OBJECTS_PER_PAGE, require_registered};
use super::{CONCURRENT_CALLS, as_stored};
use crate::api::Api;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::job::{MAX_PARTIALS_BYTES, all_partials_bytes};
use crate::keys::{DatasetKeys, JobKeys, Key};
use crate::openapi::Failed;
use crate::request::{Body, Id, MAX_BODY_BYTES, Page};
use crate::store::{Creation, Listed, ObjectInfo, Store};

/// Largest step or failure; both are small JSON documents.
const MAX_NOTE_BYTES: u64 = 64 << 10;

/// Starts a job under an id that the client drew. Repeating it changes nothing.
#[utoipa::path(
    post, path = "/datasets/{dataset}/jobs", operation_id = "startJob", tag = "jobs", params(("dataset" = DatasetId, Path)),
    request_body = StartJob, responses((status = 202, body = JobStatus), Failed),
)]
pub(super) async fn start(
    caller: Caller,
    State(api): State<Api>,
    Id(dataset): Id<DatasetId>,
    Body(request): Body<StartJob>,
) -> Result<(StatusCode, Json<JobStatus>), ApiError> {
    check_plan(&request.plan, dataset)?;
    let store = api.store();
    require_row_groups(store, &caller.dataset(&dataset), &request.plan).await?;
    let keys = caller.job(&request.job);
    let plan = request.plan.to_bytes();
    match store.create(&keys.plan(), plan.clone()).await? {
        Creation::Created => tracing::info!(job = %request.job, dataset = %dataset, "job started"),
        Creation::AlreadyThere => {
            if store.read(&keys.plan(), MAX_BODY_BYTES as u64).await? != Some(plan) {
                return Err(ApiError::JobIdTaken);
            }
        }
    }
    let status = status(store, &keys, request.job, &request.plan, &Page::default()).await?;
    Ok((StatusCode::ACCEPTED, Json(status)))
}

/// Where a job stands.
#[utoipa::path(
    get, path = "/jobs/{job}", operation_id = "showJob", tag = "jobs", params(("job" = JobId, Path), Page),
    responses((status = 200, body = JobStatus), Failed),
)]
pub(super) async fn show(
    caller: Caller,
    State(api): State<Api>,
    Id(job): Id<JobId>,
    page: Page,
) -> Result<Json<JobStatus>, ApiError> {
    let (store, keys) = (api.store(), caller.job(&job));
    let plan = load_plan(store, &keys).await?;
    Ok(Json(status(store, &keys, job, &plan, &page).await?))
}

/// Cancels a job that has not ended. Repeating it changes nothing.
#[utoipa::path(
    delete, path = "/jobs/{job}", operation_id = "cancelJob", tag = "jobs", params(("job" = JobId, Path)),
    responses((status = 200, body = JobStatus), Failed),
)]
pub(super) async fn cancel(
    caller: Caller,
    State(api): State<Api>,
    Id(job): Id<JobId>,
) -> Result<Json<JobStatus>, ApiError> {
    let (store, keys) = (api.store(), caller.job(&job));
    let plan = load_plan(store, &keys).await?;
    if !store.exists(&keys.answer()).await? && !store.exists(&keys.failure()).await? {
        match store.create(&keys.cancelled(), Vec::new()).await? {
            Creation::Created => tracing::info!(job = %job, "job cancelled"),
            Creation::AlreadyThere => {}
        }
    }
    Ok(Json(status(store, &keys, job, &plan, &Page::default()).await?))
}

fn check_plan(plan: &Plan, dataset: DatasetId) -> Result<(), ApiError> {
    plan.check().map_err(ApiError::PlanInvalid)?;
    if plan.dataset != dataset {
        return Err(ApiError::PlanOfOtherDataset);
    }
    let needed_bytes = all_partials_bytes(plan);
    if needed_bytes > MAX_PARTIALS_BYTES {
        return Err(ApiError::PlanTooLarge { needed_bytes, maximum_bytes: MAX_PARTIALS_BYTES });
    }
    Ok(())
}

/// Succeeds only if the dataset is committed and has every row group of the plan in its size.
async fn require_row_groups(store: &Store, keys: &DatasetKeys, plan: &Plan) -> Result<(), ApiError> {
    require_registered(store, keys).await?;
    if store.list(&keys.manifests()).await?.is_empty() {
        return Err(ApiError::NotCommitted);
    }
    let stored = store.list(&keys.row_groups()).await?;
    let sizes: BTreeMap<&Key, u64> = stored.iter().map(|found| (&found.key, found.size_bytes)).collect();
    for group in &plan.row_groups {
        let object = Object::RowGroup { index: group.index };
        match sizes.get(&keys.object(&object)) {
            Some(size) if *size == group.size_bytes => {}
            Some(_) => return Err(ApiError::ObjectDiffers { object }),
            None => return Err(ApiError::ObjectMissing { object }),
        }
    }
    Ok(())
}

async fn load_plan(store: &Store, keys: &JobKeys) -> Result<Plan, ApiError> {
    let bytes = store.read(&keys.plan(), MAX_BODY_BYTES as u64).await?.ok_or(ApiError::NotFound)?;
    Plan::from_bytes(&bytes).map_err(|_| ApiError::StoredUnreadable { what: "plan" })
}

async fn status(
    store: &Store,
    keys: &JobKeys,
    job: JobId,
    plan: &Plan,
    page: &Page,
) -> Result<JobStatus, ApiError> {
    let listed = store.list(keys.folder()).await?;
    let state = state(store, keys, &listed).await?;
    let evaluated = listed.iter().filter(|found| keys.is_part(&found.key)).count();
    let (listed, next) = page.of(listed, OBJECTS_PER_PAGE, |found| found.key.as_str());
    let ended = !matches!(state, JobState::Running);
    // While a page watches a job, a call per object and second would be too many.
    let events: Vec<Key> =
        listed.iter().map(|found| &found.key).filter(|key| ended && keys.is_event(key)).cloned().collect();
    let steps = stream::iter(events)
        .map(|key| async move { note::<Step>(store, &key, "step").await })
        .buffered(CONCURRENT_CALLS)
        .try_collect()
        .await?;
    let objects = stream::iter(listed)
        .map(|found| async move {
            let info = if ended { store.stat(&found.key).await? } else { None };
            let info = info.unwrap_or(ObjectInfo { size_bytes: found.size_bytes, checksum: None });
            as_stored(store, &found.key, info).await
        })
        .buffered(CONCURRENT_CALLS)
        .try_collect()
        .await?;
    Ok(JobStatus {
        job,
        state,
        evaluated: u32::try_from(evaluated).unwrap_or(u32::MAX),
        row_groups: u32::try_from(plan.row_groups.len()).unwrap_or(u32::MAX),
        steps,
        objects,
        next,
    })
}

/// Where the job with these objects stands. Whoever cancelled a job never sees an answer of it, even if the two met.
async fn state(store: &Store, keys: &JobKeys, listed: &[Listed]) -> Result<JobState, ApiError> {
    let is_stored = |key: &Key| listed.iter().any(|found| found.key == *key);
    let answer = keys.answer();
    Ok(if is_stored(&keys.cancelled()) {
        JobState::Cancelled
    } else if is_stored(&answer) {
        JobState::Done { answer_url: store.presign_read(&answer).await? }
    } else if is_stored(&keys.failure()) {
        JobState::Failed(note::<Failure>(store, &keys.failure(), "failure").await?)
    } else {
        JobState::Running
    })
}

/// A small JSON document that a function left.
pub(super) async fn note<T: serde::de::DeserializeOwned>(
    store: &Store,
    key: &Key,
    what: &'static str,
) -> Result<T, ApiError> {
    let bytes = store.read(key, MAX_NOTE_BYTES).await?.ok_or(ApiError::NotFound)?;
    serde_json::from_slice(&bytes).map_err(|_| ApiError::StoredUnreadable { what })
}

#[cfg(test)]
mod tests {
    use veilsum_protocol::KeyFingerprint;
    use veilsum_protocol::plan::{Aggregate, RowGroupRef};

    use super::*;

    const DATASET: DatasetId = DatasetId::from_bytes([1; 16]);

    fn plan(aggregates: usize, row_groups: u32) -> Plan {
        let row_group = |index| RowGroupRef { index, row_count: 10, size_bytes: 1_000, column_set: 0 };
        Plan {
            version: 1,
            dataset: DATASET,
            key: KeyFingerprint::from_bytes([2; 32]),
            modulus: "c".repeat(768),
            parameter_set: None,
            aggregates: vec![Aggregate::Sum { column: 0, column_set: 0 }; aggregates],
            row_groups: (0..row_groups).map(row_group).collect(),
        }
    }

    #[test]
    fn accepts_a_plan_of_the_dataset() {
        assert!(check_plan(&plan(3, 4), DATASET).is_ok());
    }

    #[test]
    fn rejects_plans_before_anything_is_loaded() {
        let other = DatasetId::from_bytes([9; 16]);
        assert!(matches!(check_plan(&plan(1, 1), other), Err(ApiError::PlanOfOtherDataset)));
        assert!(matches!(check_plan(&plan(0, 1), DATASET), Err(ApiError::PlanInvalid(_))));
        assert!(matches!(check_plan(&plan(1, 0), DATASET), Err(ApiError::PlanInvalid(_))));
        assert!(matches!(check_plan(&plan(4_096, 200), DATASET), Err(ApiError::PlanTooLarge { .. })));
    }
}

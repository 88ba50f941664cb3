//! Scores: asking for them, watching and cancelling them. Storing a query is what starts a score.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use futures_util::future::try_join_all;
use veilsum_model::budget::Budget;
use veilsum_model::network::SET;
use veilsum_model::query::MAX_ROWS;
use veilsum_protocol::api::StoredObject;
use veilsum_protocol::api::scoring::{
    MAX_MODULUS_BITS, MAX_QUERY_BYTES, ScoreEngine, ScoreState, ScoreStatus, ScoreStep, StartScore,
};
use veilsum_protocol::job::Failure;
use veilsum_protocol::{ModelId, ScoreId};

use super::as_stored;
use super::jobs::note;
use crate::api::Api;
use crate::auth::Caller;
use crate::error::{ApiError, ScoringError};
use crate::keys::{Key, ModelKeys, ScoreKeys};
use crate::model;
use crate::openapi::Failed;
use crate::request::{Body, Id};
use crate::score::proven::well_formed;
use crate::score::query::MAX_WORK_BYTES;
use crate::score::request::{MAX_REQUEST_BYTES, Request};
use crate::score::rows;
use crate::store::{Creation, Listed, ObjectInfo, Store, URL_SECONDS};

/// Announces a query under an id that the client drew; storing it at the URL of the answer starts the score. Repeating it changes
/// nothing.
#[utoipa::path(
    post, path = "/models/{model}/scores", operation_id = "startScore", tag = "scores", params(("model" = ModelId, Path)),
    request_body = StartScore, responses((status = 202, body = ScoreStatus), Failed),
)]
pub(super) async fn start(
    caller: Caller,
    State(api): State<Api>,
    Id(model): Id<ModelId>,
    Body(start): Body<StartScore>,
) -> Result<(StatusCode, Json<ScoreStatus>), ApiError> {
    check_start(&start)?;
    let (store, keys) = (api.store(), caller.score(&start.score));
    if let Some(stored) = store.read(&keys.request(), MAX_REQUEST_BYTES).await? {
        let request = understood(&stored)?;
        if request.model != model || request.start != start {
            return Err(ScoringError::ScoreIdTaken.into());
        }
        return Ok((StatusCode::ACCEPTED, Json(status(store, &keys, start.score, &request).await?)));
    }
    let request = accept(store, &caller, model, start).await?;
    match store.create(&keys.request(), request.to_bytes()).await? {
        Creation::Created => {
            tracing::info!(score = %request.start.score, model = %model, rows = request.start.row_count, "score announced");
        }
        Creation::AlreadyThere => {
            if load(store, &keys).await? != request {
                return Err(ScoringError::ScoreIdTaken.into());
            }
        }
    }
    Ok((StatusCode::ACCEPTED, Json(status(store, &keys, request.start.score, &request).await?)))
}

/// Where a score stands.
#[utoipa::path(
    get, path = "/scores/{score}", operation_id = "showScore", tag = "scores", params(("score" = ScoreId, Path)),
    responses((status = 200, body = ScoreStatus), Failed),
)]
pub(super) async fn show(
    caller: Caller,
    State(api): State<Api>,
    Id(score): Id<ScoreId>,
) -> Result<Json<ScoreStatus>, ApiError> {
    let (store, keys) = (api.store(), caller.score(&score));
    let request = load(store, &keys).await?;
    Ok(Json(status(store, &keys, score, &request).await?))
}

/// Cancels a score that has not ended. Repeating it changes nothing; rows that were counted stay counted.
#[utoipa::path(
    delete, path = "/scores/{score}", operation_id = "cancelScore", tag = "scores", params(("score" = ScoreId, Path)),
    responses((status = 200, body = ScoreStatus), Failed),
)]
pub(super) async fn cancel(
    caller: Caller,
    State(api): State<Api>,
    Id(score): Id<ScoreId>,
) -> Result<Json<ScoreStatus>, ApiError> {
    let (store, keys) = (api.store(), caller.score(&score));
    let request = load(store, &keys).await?;
    if !store.exists(&keys.answer()).await? && !store.exists(&keys.failure()).await? {
        match store.create(&keys.cancelled(), Vec::new()).await? {
            Creation::Created => tracing::info!(score = %score, "score cancelled"),
            Creation::AlreadyThere => {}
        }
    }
    Ok(Json(status(store, &keys, score, &request).await?))
}

fn check_start(start: &StartScore) -> Result<(), ApiError> {
    let out_of_range = |field, allowed| Err(ApiError::OutOfRange { field, allowed });
    let most_rows = match start.engine {
        ScoreEngine::Packed | ScoreEngine::ByLayers => MAX_ROWS,
        ScoreEngine::OneRound => u32::try_from(SET.degree()).unwrap_or(u32::MAX),
    };
    if !(1..=most_rows).contains(&start.row_count) {
        return out_of_range("row_count", "from 1 to 1048576, in one round to 8192");
    }
    if !(1..=MAX_QUERY_BYTES).contains(&start.query.size_bytes) {
        return out_of_range("query.size_bytes", "from 1 to 268435456; send fewer records at a time");
    }
    match &start.key {
        None if start.engine.needs_key() => out_of_range("key", "the public key of the query with its proof"),
        Some(_) if !start.engine.needs_key() => out_of_range("key", "absent for a score in one round"),
        Some(key) if key.modulus.len() > MAX_MODULUS_BITS / 4 || key.proof.len() > 5 * MAX_MODULUS_BITS => {
            out_of_range("key", "a public key of at most 8192 bits with its proof")
        }
        Some(_) | None => Ok(()),
    }
}

/// Checks a query against the model that it is for, before it is sent.
async fn accept(
    store: &Store,
    caller: &Caller,
    model: ModelId,
    start: StartScore,
) -> Result<Request, ApiError> {
    let publisher = model::publisher(store, &model).await?.ok_or(ApiError::NotFound)?;
    let keys = ModelKeys::new(&publisher, &model);
    let newest = model::versions(store, &keys).await?.last().copied().ok_or(ApiError::NotFound)?;
    if store.exists(&keys.withdrawn()).await? {
        return Err(ScoringError::Withdrawn.into());
    }
    let interface = model::interface(store, &keys, newest.number).await?;
    if interface.model != start.digest.to_string() {
        return Err(ScoringError::WrongVersion.into());
    }
    let terms = model::terms(store, &keys).await?;
    if !model::offered(&interface, &terms).contains(&start.engine) {
        return Err(ScoringError::EngineNotOffered.into());
    }
    let (size_bytes, score_count) = (start.query.size_bytes, interface.score_count);
    if start.engine == ScoreEngine::Packed && size_bytes.saturating_mul(score_count.into()) > MAX_WORK_BYTES {
        return Err(ScoringError::QueryTooLarge { size_bytes, score_count }.into());
    }
    if publisher != caller.tenant() {
        let used = rows::used(store, &keys, &caller.tenant()).await?;
        Budget { used, limit: terms.rows_per_client }
            .spend(start.row_count)
            .map_err(ScoringError::OverBudget)?;
    }
    if let Some(key) = &start.key {
        // Whether the proof holds takes a second of computation, for which the function has the time.
        well_formed(key).map_err(ScoringError::Key)?;
    }
    Ok(Request { publisher, model, version: newest.number, start })
}

async fn load(store: &Store, keys: &ScoreKeys) -> Result<Request, ApiError> {
    let bytes = store.read(&keys.request(), MAX_REQUEST_BYTES).await?.ok_or(ApiError::NotFound)?;
    understood(&bytes)
}

fn understood(bytes: &[u8]) -> Result<Request, ApiError> {
    Request::from_bytes(bytes).ok_or(ApiError::StoredUnreadable { what: "score" })
}

async fn status(
    store: &Store,
    keys: &ScoreKeys,
    score: ScoreId,
    request: &Request,
) -> Result<ScoreStatus, ApiError> {
    let listed = store.list(keys.folder()).await?;
    let is_stored = |key: &Key| listed.iter().any(|found| found.key == *key);
    let state = state(store, keys, request, is_stored).await?;
    let steps = match &state {
        ScoreState::Done { .. } => note::<Vec<ScoreStep>>(store, &keys.steps(), "list of steps").await?,
        ScoreState::Waiting { .. } | ScoreState::Running | ScoreState::Failed(_) | ScoreState::Cancelled => {
            Vec::new()
        }
    };
    let ended = !matches!(state, ScoreState::Waiting { .. } | ScoreState::Running);
    let objects = try_join_all(listed.into_iter().map(|found| object(store, found, ended))).await?;
    let Request { model, version, start, .. } = request;
    let (model, version, engine, row_count) = (*model, *version, start.engine, start.row_count);
    Ok(ScoreStatus { score, model, version, engine, row_count, state, steps, objects })
}

async fn object(store: &Store, found: Listed, ended: bool) -> Result<StoredObject, ApiError> {
    let info = if ended { store.stat(&found.key).await? } else { None };
    let info = info.unwrap_or(ObjectInfo { size_bytes: found.size_bytes, checksum: None });
    as_stored(store, &found.key, info).await
}

/// Whoever cancelled a score never sees an answer of it, even if the two met.
async fn state(
    store: &Store,
    keys: &ScoreKeys,
    request: &Request,
    is_stored: impl Fn(&Key) -> bool,
) -> Result<ScoreState, ApiError> {
    let answer = keys.answer();
    Ok(if is_stored(&keys.cancelled()) {
        ScoreState::Cancelled
    } else if is_stored(&answer) {
        ScoreState::Done { answer_url: store.presign_read(&answer).await? }
    } else if is_stored(&keys.failure()) {
        ScoreState::Failed(note::<Failure>(store, &keys.failure(), "failure").await?)
    } else if is_stored(&keys.query()) {
        ScoreState::Running
    } else {
        let query = request.start.query;
        let (url, headers) = store.presign_write(&keys.query(), query.size_bytes, &query.sha256).await?;
        ScoreState::Waiting { url, headers, expires_in: URL_SECONDS }
    })
}

//! The function `score`: the encrypted scores of one query, stored once.
//!
//! Holds the query as bytes and as numbers, and what is computed of it: at most 1.4 GB, for a query of
//! [`MAX_QUERY_BYTES`](veilsum_protocol::api::scoring::MAX_QUERY_BYTES).

pub(crate) mod proven;
pub(crate) mod query;
pub(crate) mod request;
pub(crate) mod rows;

use std::time::Instant;

use futures_util::future::try_join;
use veilsum_protocol::api::scoring::{
    MAX_DOCUMENT_BYTES, MAX_QUERY_BYTES, ScoreEngine, ScorePhase, ScoreStep, Terms,
};
use veilsum_protocol::job::{Done, ScoreEvent};

use crate::error::{WITHDRAWN, chain};
use crate::evaluate::{aside, job_milliseconds};
use crate::job::{self, Stop};
use crate::keys::{ModelKeys, ScoreKeys};
use crate::model;
use crate::store::{Store, StoreError};
use query::Asked;
use request::{MAX_REQUEST_BYTES, Request};
use rows::Counted;

/// Handles one delivery of `event`. Any number of deliveries has the effect of one.
///
/// # Errors
/// [`StoreError`] if storage fails; then it is worth trying again.
pub async fn handle(store: &Store, event: &ScoreEvent) -> Result<Done, StoreError> {
    let started = Instant::now();
    let keys = ScoreKeys::new(&event.tenant, &event.score);
    // Boxed: futures of storage nest deeper than the compiler lays out at once.
    let result = Box::pin(run(store, &keys, event)).await;
    let done = job::settle(store, &keys.failure(), result)
        .await
        .inspect_err(|error| tracing::warn!(tenant = %event.tenant, score = %event.score, error = chain(error), "storage failed"))?;
    tracing::info!(
        tenant = %event.tenant,
        score = %event.score,
        done = ?done,
        milliseconds = job_milliseconds(started),
        "query scored"
    );
    Ok(done)
}

async fn run(store: &Store, keys: &ScoreKeys, event: &ScoreEvent) -> Result<Done, Stop> {
    if let Some(done) = ended(store, keys).await? {
        return Ok(done);
    }
    if store.exists(&keys.answer()).await? {
        return Ok(Done::Stored);
    }
    let request = store.read(&keys.request(), MAX_REQUEST_BYTES).await?.ok_or(Stop::NoJob)?;
    let request = Request::from_bytes(&request).ok_or_else(unreadable)?;
    let model = ModelKeys::new(&request.publisher, &request.model);
    require_published(store, &model).await?;

    let mut clock = Clock::start();
    let (document, query) = load(store, keys, &model, &request).await?;
    clock.lap(ScorePhase::Load, document.len() + query.len());
    let start = request.start.clone();
    let asked = aside(move || Asked::check(&document, query, &start)).await??;
    clock.lap(ScorePhase::Check, 0);
    let terms = terms(store, &model).await?;
    if request.start.engine == ScoreEngine::ByLayers && !terms.by_layers {
        let reason =
            "the publisher of this model does not allow layers to be scored any more; take another way";
        return Err(Stop::failed("engine-not-offered", None, &reason));
    }
    let limit = if request.publisher == event.tenant { u64::MAX } else { terms.rows_per_client };
    let row_count = request.start.row_count;
    let counted = Counted { model: &model, client: event.tenant, score: event.score, row_count, limit };
    if let Some(done) = rows::count(store, counted).await? {
        return Ok(done);
    }
    clock.lap(ScorePhase::Count, 0);
    let answer = aside(move || asked.answer()).await??;
    clock.lap(ScorePhase::Compute, answer.len());

    // A score that was cancelled, or whose model was withdrawn while this ran, gets no answer.
    if let Some(done) = ended(store, keys).await? {
        return Ok(done);
    }
    require_published(store, &model).await?;
    Ok(job::store_result(store, (keys.steps(), &clock.steps), (keys.answer(), answer)).await?)
}

async fn ended(store: &Store, keys: &ScoreKeys) -> Result<Option<Done>, StoreError> {
    job::has_ended(store, &keys.cancelled(), &keys.failure()).await
}

async fn require_published(store: &Store, model: &ModelKeys) -> Result<(), Stop> {
    if store.exists(&model.withdrawn()).await? { Err(withdrawn()) } else { Ok(()) }
}

/// The model's document and the query.
async fn load(
    store: &Store,
    keys: &ScoreKeys,
    model: &ModelKeys,
    request: &Request,
) -> Result<(Vec<u8>, Vec<u8>), Stop> {
    let (document, query) = (model.document(request.version), keys.query());
    let document = store.read(&document, MAX_DOCUMENT_BYTES as u64);
    let (document, query) = try_join(document, store.read(&query, MAX_QUERY_BYTES)).await?;
    // Documents of withdrawn models are deleted.
    Ok((document.ok_or_else(withdrawn)?, query.ok_or(Stop::NoJob)?))
}

async fn terms(store: &Store, keys: &ModelKeys) -> Result<Terms, Stop> {
    match model::terms(store, keys).await {
        Ok(terms) => Ok(terms),
        Err(crate::error::ApiError::Storage(error)) => Err(error.into()),
        Err(_) => Err(unreadable()),
    }
}

fn withdrawn() -> Stop {
    Stop::failed("model-withdrawn", None, &WITHDRAWN)
}

fn unreadable() -> Stop {
    let reason = "what is stored of this score or its model cannot be read by this version; ask for it again";
    Stop::failed("stored-unreadable", None, &reason)
}

/// Measures steps.
struct Clock {
    lap: Instant,
    steps: Vec<ScoreStep>,
}

impl Clock {
    fn start() -> Self {
        Self { lap: Instant::now(), steps: Vec::new() }
    }

    fn lap(&mut self, phase: ScorePhase, bytes: usize) {
        self.steps.push(ScoreStep { phase, milliseconds: job_milliseconds(self.lap), bytes: bytes as u64 });
        self.lap = Instant::now();
    }
}

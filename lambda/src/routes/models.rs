//! Models: publishing, listing, showing and withdrawing them. Weights come in and never go out.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use veilsum_model::interface::Interface;
use veilsum_model::model::Model;
use veilsum_model::plan::Engine;
use veilsum_protocol::api::scoring::{
    MAX_DOCUMENT_BYTES, MAX_ROWS_PER_CLIENT, MAX_VERSION, ModelDetail, ModelEntry, ModelVersion, Models,
    PublishModel, PublishVersion, RowBudget, Terms,
};
use veilsum_protocol::{Digest, ModelId, TenantId};

use super::CONCURRENT_CALLS;
use crate::api::Api;
use crate::auth::Caller;
use crate::error::{ApiError, ScoringError};
use crate::keys::{CATALOGUE, Key, ModelKeys, catalogued, catalogued_model};
use crate::model::{self, Catalogued, Version};
use crate::openapi::Failed;
use crate::request::{Body, Id, Page};
use crate::score::rows;
use crate::store::{Creation, Replacement, Store};

/// Entries on one page: a card has up to 140 KB, and a response at most 6 MB.
const MODELS_PER_PAGE: usize = 25;
/// Tries of replacing terms.
const ATTEMPTS: u32 = 5;

/// Publishes a model under an id that the client drew, as version 1. Repeating it changes nothing.
#[utoipa::path(
    post, path = "/models", operation_id = "publishModel", tag = "models", request_body = PublishModel,
    responses((status = 201, body = ModelDetail, description = "Published, by this request or an earlier one"), Failed),
)]
pub(super) async fn publish(
    caller: Caller,
    State(api): State<Api>,
    Body(request): Body<PublishModel>,
) -> Result<(StatusCode, Json<ModelDetail>), ApiError> {
    let terms = request.terms.unwrap_or_default();
    check_terms(&terms)?;
    let interface = check_document(&request.document)?;
    require_offered(&interface, &request.document, &terms)?;
    let (store, keys) = (api.store(), caller.model(&request.model));
    claim(store, &caller, &request.model).await?;
    match store.create(&keys.terms(), json(&terms)).await? {
        Creation::Created | Creation::AlreadyThere => {}
    }
    store_version(store, &keys, 1, &interface, request.document).await?;
    tracing::info!(model = %request.model, version = 1, "model published");
    Ok((StatusCode::CREATED, Json(detail(store, &caller, request.model, caller.tenant()).await?)))
}

/// Publishes the next version. Repeating it changes nothing.
#[utoipa::path(
    post, path = "/models/{model}/versions", operation_id = "publishVersion", tag = "models", params(("model" = ModelId, Path)),
    request_body = PublishVersion, responses((status = 201, body = ModelDetail), Failed),
)]
pub(super) async fn publish_version(
    caller: Caller,
    State(api): State<Api>,
    Id(model): Id<ModelId>,
    Body(request): Body<PublishVersion>,
) -> Result<(StatusCode, Json<ModelDetail>), ApiError> {
    if !(1..=MAX_VERSION).contains(&request.version) {
        return Err(ApiError::OutOfRange { field: "version", allowed: "from 1 to 99999999" });
    }
    let interface = check_document(&request.document)?;
    let (store, keys) = (api.store(), caller.model(&model));
    let newest = newest(store, &keys).await?.ok_or(ApiError::NotFound)?.number;
    let terms = model::terms(store, &keys).await?;
    require_offered(&interface, &request.document, &terms)?;
    if request.version > newest + 1 {
        let (expected, actual) = (newest + 1, request.version);
        return Err(ScoringError::VersionOutOfSequence { expected, actual }.into());
    }
    store_version(store, &keys, request.version, &interface, request.document).await?;
    tracing::info!(model = %model, version = request.version, "model published");
    Ok((StatusCode::CREATED, Json(detail(store, &caller, model, caller.tenant()).await?)))
}

/// Changes the terms, for scores that have not been counted yet.
#[utoipa::path(
    put, path = "/models/{model}/terms", operation_id = "changeTerms", tag = "models", params(("model" = ModelId, Path)),
    request_body = Terms, responses((status = 200, body = ModelDetail), Failed),
)]
pub(super) async fn change_terms(
    caller: Caller,
    State(api): State<Api>,
    Id(model): Id<ModelId>,
    Body(terms): Body<Terms>,
) -> Result<Json<ModelDetail>, ApiError> {
    check_terms(&terms)?;
    let (store, keys) = (api.store(), caller.model(&model));
    newest(store, &keys).await?.ok_or(ApiError::NotFound)?;
    let mut attempt = 0;
    loop {
        attempt += 1;
        let tag = model::terms_tag(store, &keys).await?;
        match store.replace(&keys.terms(), tag.as_ref(), json(&terms)).await? {
            Replacement::Replaced => break,
            // Of two requests at the same time either may be the last.
            Replacement::Changed if attempt == ATTEMPTS => break,
            Replacement::Changed => {}
        }
    }
    Ok(Json(detail(store, &caller, model, caller.tenant()).await?))
}

/// The caller's models, and those of others that are not withdrawn.
#[utoipa::path(
    get, path = "/models", operation_id = "listModels", tag = "models", params(Page),
    responses((status = 200, body = Models), Failed),
)]
pub(super) async fn list(
    caller: Caller,
    State(api): State<Api>,
    page: Page,
) -> Result<Json<Models>, ApiError> {
    let (store, caller) = (api.store(), &caller);
    let names = store.list(CATALOGUE).await?;
    let (names, next) = page.of(names, MODELS_PER_PAGE, |found| found.key.as_str());
    let models = stream::iter(names.into_iter().filter_map(|found| catalogued_model(&found.key)))
        .map(|model| async move {
            let Some(publisher) = model::publisher(store, &model).await? else { return Ok(None) };
            let found = entry(store, caller, model, publisher).await?;
            Ok::<_, ApiError>(found.map(|(entry, _, _)| entry))
        })
        .buffered(CONCURRENT_CALLS)
        .try_filter_map(|entry| async { Ok(entry.filter(|entry| entry.is_own || !entry.is_withdrawn)) })
        .try_collect()
        .await?;
    Ok(Json(Models { models, next }))
}

/// All that a client is told of a model; no weight.
#[utoipa::path(
    get, path = "/models/{model}", operation_id = "showModel", tag = "models", params(("model" = ModelId, Path)),
    responses((status = 200, body = ModelDetail), Failed),
)]
pub(super) async fn show(
    caller: Caller,
    State(api): State<Api>,
    Id(model): Id<ModelId>,
) -> Result<Json<ModelDetail>, ApiError> {
    let store = api.store();
    let publisher = model::publisher(store, &model).await?.ok_or(ApiError::NotFound)?;
    Ok(Json(detail(store, &caller, model, publisher).await?))
}

/// Withdraws a model for ever and deletes its weights: nothing is scored by it any more. Repeating it changes nothing.
#[utoipa::path(
    delete, path = "/models/{model}", operation_id = "withdrawModel", tag = "models", params(("model" = ModelId, Path)),
    responses((status = 200, body = ModelDetail), Failed),
)]
pub(super) async fn withdraw(
    caller: Caller,
    State(api): State<Api>,
    Id(model): Id<ModelId>,
) -> Result<Json<ModelDetail>, ApiError> {
    let (store, keys) = (api.store(), caller.model(&model));
    newest(store, &keys).await?.ok_or(ApiError::NotFound)?;
    match store.create(&keys.withdrawn(), Vec::new()).await? {
        Creation::Created => tracing::info!(model = %model, "model withdrawn"),
        Creation::AlreadyThere => {}
    }
    delete_documents(store, &keys).await?;
    Ok(Json(detail(store, &caller, model, caller.tenant()).await?))
}

fn check_terms(terms: &Terms) -> Result<(), ApiError> {
    if terms.rows_per_client <= MAX_ROWS_PER_CLIENT {
        return Ok(());
    }
    Err(ApiError::OutOfRange { field: "terms.rows_per_client", allowed: "at most 1000000000000" })
}

/// What clients are told of the model in the document.
fn check_document(document: &str) -> Result<Interface, ApiError> {
    if document.len() > MAX_DOCUMENT_BYTES {
        return Err(ApiError::OutOfRange { field: "document", allowed: "at most 4194304 bytes" });
    }
    let model = Model::from_bytes(document.as_bytes()).map_err(ScoringError::ModelInvalid)?;
    Ok(model.interface())
}

/// Succeeds only if something that the terms allow scores the model.
fn require_offered(interface: &Interface, document: &str, terms: &Terms) -> Result<(), ApiError> {
    if !model::offered(interface, terms).is_empty() {
        return Ok(());
    }
    let model = Model::from_bytes(document.as_bytes()).map_err(ScoringError::ModelInvalid)?;
    match Engine::Packed.check(&model) {
        Err(error) => Err(ScoringError::NotScorable(error).into()),
        Ok(()) => Err(ScoringError::EngineNotOffered.into()),
    }
}

/// Takes the id in the catalogue for the caller, unless another has it.
async fn claim(store: &Store, caller: &Caller, model: &ModelId) -> Result<(), ApiError> {
    let entry = json(&Catalogued { publisher: caller.tenant() });
    match store.create(&catalogued(model), entry).await? {
        Creation::Created => Ok(()),
        Creation::AlreadyThere if model::publisher(store, model).await? == Some(caller.tenant()) => Ok(()),
        Creation::AlreadyThere => Err(ScoringError::ModelIdTaken.into()),
    }
}

/// Stores document and interface of a version, both once; the interface last, as it publishes the version.
async fn store_version(
    store: &Store,
    keys: &ModelKeys,
    version: u32,
    interface: &Interface,
    document: String,
) -> Result<(), ApiError> {
    require_not_withdrawn(store, keys).await?;
    for (key, bytes) in
        [(keys.document(version), document.into_bytes()), (keys.version(version), interface.to_bytes())]
    {
        match store.create(&key, bytes.clone()).await? {
            Creation::Created => {}
            Creation::AlreadyThere => {
                if store.read(&key, bytes.len() as u64).await.ok().flatten() != Some(bytes) {
                    return Err(ScoringError::VersionTaken { version }.into());
                }
            }
        }
    }
    // Withdrawn meanwhile: the document came too late to be deleted with the others.
    if let Err(error) = require_not_withdrawn(store, keys).await {
        delete_documents(store, keys).await?;
        return Err(error);
    }
    Ok(())
}

async fn require_not_withdrawn(store: &Store, keys: &ModelKeys) -> Result<(), ApiError> {
    if store.exists(&keys.withdrawn()).await? { Err(ScoringError::Withdrawn.into()) } else { Ok(()) }
}

async fn delete_documents(store: &Store, keys: &ModelKeys) -> Result<(), ApiError> {
    let documents: Vec<Key> =
        store.list(&keys.documents()).await?.into_iter().map(|found| found.key).collect();
    Ok(store.delete(&documents).await?)
}

async fn newest(store: &Store, keys: &ModelKeys) -> Result<Option<Version>, ApiError> {
    Ok(model::versions(store, keys).await?.last().copied())
}

/// What the cloud can say about a model, with the interface of its newest version; `None` without a version.
async fn entry(
    store: &Store,
    caller: &Caller,
    model: ModelId,
    publisher: TenantId,
) -> Result<Option<(ModelEntry, Interface, Vec<Version>)>, ApiError> {
    let keys = ModelKeys::new(&publisher, &model);
    let versions = model::versions(store, &keys).await?;
    let Some(newest) = versions.last().copied() else { return Ok(None) };
    let interface = model::interface(store, &keys, newest.number).await?;
    let terms = model::terms(store, &keys).await?;
    let unreadable = || ApiError::StoredUnreadable { what: "interface" };
    let family = serde_json::to_value(interface.family).map_err(|_| unreadable())?;
    let entry = ModelEntry {
        model,
        publisher,
        is_own: publisher == caller.tenant(),
        version: newest.number,
        digest: interface.model.parse::<Digest>().map_err(|_| unreadable())?,
        published_at: newest.published_at,
        is_withdrawn: store.exists(&keys.withdrawn()).await?,
        family: family.as_str().unwrap_or_default().to_owned(),
        feature_count: u32::try_from(interface.features.len()).unwrap_or(u32::MAX),
        engines: model::offered(&interface, &terms),
        terms,
        card: serde_json::to_value(&interface.card).map_err(|_| unreadable())?,
    };
    Ok(Some((entry, interface, versions)))
}

async fn detail(
    store: &Store,
    caller: &Caller,
    model: ModelId,
    publisher: TenantId,
) -> Result<ModelDetail, ApiError> {
    let found = entry(store, caller, model, publisher).await?;
    let (entry, interface, versions) = found.ok_or(ApiError::NotFound)?;
    let keys = ModelKeys::new(&publisher, &model);
    let used = rows::used(store, &keys, &caller.tenant()).await?;
    let limit = (!entry.is_own).then_some(entry.terms.rows_per_client);
    let unreadable = |_| ApiError::StoredUnreadable { what: "interface" };
    let versions = versions
        .into_iter()
        .map(|version| ModelVersion { version: version.number, published_at: version.published_at });
    Ok(ModelDetail {
        entry,
        interface: serde_json::to_value(&interface).map_err(unreadable)?,
        budget: RowBudget { used, limit },
        versions: versions.collect(),
    })
}

fn json(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("the stored notes have string keys only")
}

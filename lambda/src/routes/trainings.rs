//! Trainings of several owners: creating, showing and ending them, and taking part. What belongs to a round is in [`rounds`].

pub(super) mod rounds;

use std::collections::BTreeSet;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use veilsum_joint::outcome::Outcome;
use veilsum_joint::terms::{MAX_BYTES, MAX_NAME_BYTES, Terms};
use veilsum_protocol::api::training::{
    CreateTraining, End, FinishTraining, JoinTraining, Participant, ROUNDS_PER_PAGE, RoundEntry,
    TrainingStatus, Trainings,
};
use veilsum_protocol::{TenantId, TrainingId};

use super::CONCURRENT_CALLS;
use crate::api::Api;
use crate::auth::Caller;
use crate::error::{ApiError, TrainingError};
use crate::keys::{self, Key, TrainingKeys};
use crate::openapi::Failed;
use crate::request::{Body, Id, Page};
use crate::store::{Creation, Replacement, Store, StoreError};
use crate::training::{self, Announced, Training};

/// Entries on one page: terms have up to 96 KB, an outcome 256 KB, and a response at most 6 MB.
const TRAININGS_PER_PAGE: usize = 12;
/// Tries of replacing who takes part: all owners may come at the same time.
const ATTEMPTS: u32 = 40;

/// Creates a training under an id that the client made of its terms; the caller holds its key. Repeating it changes nothing.
#[utoipa::path(
    post, path = "/trainings", operation_id = "createTraining", tag = "trainings", request_body = CreateTraining,
    responses((status = 201, body = TrainingStatus, description = "Created, by this request or an earlier one"), Failed),
)]
pub(super) async fn create(
    caller: Caller,
    State(api): State<Api>,
    Body(request): Body<CreateTraining>,
) -> Result<(StatusCode, Json<TrainingStatus>), ApiError> {
    if request.terms.len() > MAX_BYTES {
        return Err(ApiError::OutOfRange { field: "terms", allowed: "at most 98304 bytes" });
    }
    Terms::from_bytes(request.terms.as_bytes()).map_err(TrainingError::TermsInvalid)?;
    let (store, id) = (api.store(), request.training);
    let keys = caller.training(&id);
    let entry = json(&Announced { key_holder: caller.tenant() });
    match store.create(&keys::announced(&id), entry).await? {
        Creation::Created => {}
        Creation::AlreadyThere if training::key_holder(store, &id).await? == Some(caller.tenant()) => {}
        Creation::AlreadyThere => return Err(TrainingError::IdTaken.into()),
    }
    match store.create(&keys.terms(), request.terms.clone().into_bytes()).await? {
        Creation::Created => tracing::info!(training = %id, "training created"),
        Creation::AlreadyThere => {
            if store.read(&keys.terms(), MAX_BYTES as u64).await? != Some(request.terms.into_bytes()) {
                return Err(TrainingError::IdTaken.into());
            }
        }
    }
    Ok((StatusCode::CREATED, Json(status(store, &caller, id, &Page::default()).await?)))
}

/// The trainings whose key the caller holds, and those that they take part in.
#[utoipa::path(
    get, path = "/trainings", operation_id = "listTrainings", tag = "trainings", params(Page),
    responses((status = 200, body = Trainings), Failed),
)]
pub(super) async fn list(
    caller: Caller,
    State(api): State<Api>,
    page: Page,
) -> Result<Json<Trainings>, ApiError> {
    let (store, tenant) = (api.store(), caller.tenant());
    let held = store.list_folders(&keys::held_trainings(&tenant)).await?;
    let joined = store.list(&keys::joined_trainings(&tenant)).await?;
    let joined = joined.iter().filter_map(|found| keys::joined_training(&tenant, &found.key));
    let ids: BTreeSet<String> = held.into_iter().chain(joined.map(|id| id.to_string())).collect();
    let (ids, next) = page.of(ids.into_iter().collect(), TRAININGS_PER_PAGE, String::as_str);
    let trainings = stream::iter(ids.into_iter().filter_map(|id| id.parse::<TrainingId>().ok()))
        .map(|id| async move {
            let training = match training::load(store, id).await {
                // The first half of a creation that was broken off.
                Err(ApiError::NotFound) => return Ok(None),
                loaded => loaded?,
            };
            let state = training::state(store, &training.keys).await?;
            training.entry(store, &state, tenant).await.map(Some)
        })
        .buffered(CONCURRENT_CALLS)
        .try_filter_map(|entry| async { Ok(entry.filter(|entry| entry.is_key_holder || entry.is_owner)) })
        .try_collect()
        .await?;
    Ok(Json(Trainings { trainings, next }))
}

/// Where a training stands. Whoever knows its id is told the terms and who takes part; rounds and outcome are told to the key
/// holder and the owners.
#[utoipa::path(
    get, path = "/trainings/{training}", operation_id = "showTraining", tag = "trainings",
    params(("training" = TrainingId, Path), Page), responses((status = 200, body = TrainingStatus), Failed),
)]
pub(super) async fn show(
    caller: Caller,
    State(api): State<Api>,
    Id(id): Id<TrainingId>,
    page: Page,
) -> Result<Json<TrainingStatus>, ApiError> {
    Ok(Json(status(api.store(), &caller, id, &page).await?))
}

/// Takes part, as one of the owners of the terms. Repeating it changes nothing.
#[utoipa::path(
    post, path = "/trainings/{training}/owners", operation_id = "joinTraining", tag = "trainings",
    params(("training" = TrainingId, Path)), request_body = JoinTraining,
    responses((status = 200, body = TrainingStatus), Failed),
)]
pub(super) async fn join(
    caller: Caller,
    State(api): State<Api>,
    Id(id): Id<TrainingId>,
    Body(request): Body<JoinTraining>,
) -> Result<Json<TrainingStatus>, ApiError> {
    if request.name.trim().is_empty() || request.name.len() > MAX_NAME_BYTES {
        return Err(ApiError::OutOfRange { field: "name", allowed: "a text of at most 200 bytes" });
    }
    let (store, tenant) = (api.store(), caller.tenant());
    let training = training::load(store, id).await?;
    if training.terms.digest() != request.terms {
        return Err(TrainingError::OtherTerms.into());
    }
    let has_ended = store.exists(&training.keys.end()).await?;
    change_owners(store, &training.keys, |owners| {
        if owners.iter().any(|owner| owner.tenant == tenant) {
            return Ok(false);
        }
        if owners.len() >= training.terms.owners as usize {
            return Err(TrainingError::Full.into());
        }
        if has_ended {
            return Err(TrainingError::Ended.into());
        }
        owners.push(Participant { tenant, name: request.name.clone() });
        Ok(true)
    })
    .await?;
    match store.create(&keys::joined(&tenant, &id), Vec::new()).await? {
        Creation::Created => tracing::info!(training = %id, "owner takes part"),
        Creation::AlreadyThere => {}
    }
    Ok(Json(status(store, &caller, id, &Page::default()).await?))
}

/// The key holder ends the training. An owner leaves it: before the first round their place is free again, after that the
/// training ends, as no total can be made without them. Repeating it changes nothing.
#[utoipa::path(
    delete, path = "/trainings/{training}", operation_id = "endTraining", tag = "trainings",
    params(("training" = TrainingId, Path)), responses((status = 200, body = TrainingStatus), Failed),
)]
pub(super) async fn end(
    caller: Caller,
    State(api): State<Api>,
    Id(id): Id<TrainingId>,
) -> Result<Json<TrainingStatus>, ApiError> {
    let (store, tenant) = (api.store(), caller.tenant());
    let training = training::load(store, id).await?;
    let is_owner = is_owner(store, &training, tenant).await?;
    if training.key_holder != tenant && !is_owner {
        return Err(ApiError::NotFound);
    }
    if training.key_holder != tenant && training::state(store, &training.keys).await?.rounds.is_empty() {
        change_owners(store, &training.keys, |owners| {
            owners.retain(|owner| owner.tenant != tenant);
            Ok(true)
        })
        .await?;
        store.delete(&[keys::joined(&tenant, &id)]).await?;
        return Ok(Json(status(store, &caller, id, &Page::default()).await?));
    }
    match store.create(&training.keys.end(), json(&End::Stopped { by: tenant })).await? {
        Creation::Created => tracing::info!(training = %id, "training stopped"),
        Creation::AlreadyThere => {}
    }
    forget_contributions(store, &training.keys.all_sent()).await?;
    Ok(Json(status(store, &caller, id, &Page::default()).await?))
}

/// Ends a training with what came out, which its owners are told. Repeating it changes nothing.
#[utoipa::path(
    post, path = "/trainings/{training}/outcome", operation_id = "finishTraining", tag = "trainings",
    params(("training" = TrainingId, Path)), request_body = FinishTraining,
    responses((status = 200, body = TrainingStatus), Failed),
)]
pub(super) async fn finish(
    caller: Caller,
    State(api): State<Api>,
    Id(id): Id<TrainingId>,
    Body(request): Body<FinishTraining>,
) -> Result<Json<TrainingStatus>, ApiError> {
    let store = api.store();
    let training = training::load_held(store, id, caller.tenant()).await?;
    let outcome = Outcome::from_bytes(id, &training.terms, request.document.as_bytes())
        .map_err(TrainingError::OutcomeInvalid)?;
    let end = End::Finished { outcome: Some(request.document) };
    let state = training::state(store, &training.keys).await?;
    if !state.has_ended {
        let last = outcome.rounds.saturating_sub(1);
        if state.rounds.len() != outcome.rounds as usize || !state.totals.contains(&last) {
            return Err(TrainingError::NotAddedUp { round: last }.into());
        }
    }
    match store.create(&training.keys.end(), json(&end)).await? {
        Creation::Created => tracing::info!(training = %id, rounds = outcome.rounds, "training finished"),
        Creation::AlreadyThere if training::end(store, &training.keys).await? == Some(end) => {}
        Creation::AlreadyThere => return Err(TrainingError::EndedOtherwise.into()),
    }
    Ok(Json(status(store, &caller, id, &Page::default()).await?))
}

/// Where a training stands, with rounds after that of the page.
async fn status(
    store: &Store,
    caller: &Caller,
    id: TrainingId,
    page: &Page,
) -> Result<TrainingStatus, ApiError> {
    let after = page.after.as_deref().map(str::parse::<u32>).transpose();
    let after =
        after.map_err(|_| ApiError::OutOfRange { field: "after", allowed: "the number of a round" })?;
    let training = training::load(store, id).await?;
    let state = training::state(store, &training.keys).await?;
    let entry = training.entry(store, &state, caller.tenant()).await?;
    if !entry.is_key_holder && !entry.is_owner {
        return Ok(TrainingStatus { entry, rounds: Vec::new(), next: None });
    }
    let wanted: Vec<(u32, u64)> = state
        .rounds
        .iter()
        .map(|(&number, &opened_at)| (number, opened_at))
        .filter(|(number, _)| after.is_none_or(|after| *number > after))
        .collect();
    let is_last = wanted.len() <= ROUNDS_PER_PAGE;
    let rounds: Vec<RoundEntry> = stream::iter(wanted.into_iter().take(ROUNDS_PER_PAGE))
        .map(|(number, opened_at)| {
            let (keys, state) = (&training.keys, &state);
            async move {
                let contributed = state.contributed.iter().filter(|(round, _)| *round == number);
                Ok::<_, ApiError>(RoundEntry {
                    number,
                    document: rounds::document(store, keys, number).await?,
                    opened_at,
                    contributed: contributed.map(|(_, owner)| *owner).collect(),
                    is_added_up: state.totals.contains(&number),
                })
            }
        })
        .buffered(CONCURRENT_CALLS)
        .try_collect()
        .await?;
    let next = rounds.last().filter(|_| !is_last).map(|last| last.number.to_string());
    Ok(TrainingStatus { entry, rounds, next })
}

async fn is_owner(store: &Store, training: &Training, tenant: TenantId) -> Result<bool, ApiError> {
    Ok(training::owners(store, &training.keys).await?.iter().any(|owner| owner.tenant == tenant))
}

/// Replaces who takes part by compare-and-swap, where `change` says that it changed something.
async fn change_owners(
    store: &Store,
    keys: &TrainingKeys,
    change: impl Fn(&mut Vec<Participant>) -> Result<bool, ApiError>,
) -> Result<(), ApiError> {
    for attempt in 1..=ATTEMPTS {
        let (mut owners, tag) = training::owners_tagged(store, keys).await?;
        if !change(&mut owners)? {
            return Ok(());
        }
        match store.replace(&keys.owners(), tag.as_ref(), json(&owners)).await? {
            Replacement::Replaced => return Ok(()),
            Replacement::Changed => tokio::time::sleep(Duration::from_millis(u64::from(5 * attempt))).await,
        }
    }
    Err(StoreError::refused("replace who takes part", "others replaced it each time").into())
}

/// Deletes what was sent under a prefix.
async fn forget_contributions(store: &Store, prefix: &str) -> Result<(), ApiError> {
    let sent: Vec<Key> = store.list(prefix).await?.into_iter().map(|found| found.key).collect();
    Ok(store.delete(&sent).await?)
}

fn json(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("the stored notes have string keys only")
}

//! Rounds of a training: opening them, contributing to them, and their totals.
//!
//! A contribution goes straight to storage and is never given to anybody. It counts once its owner names it here and it was
//! read: then a note of its hash is written, once. The total multiplies the contributions of all owners, and they are deleted.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use veilsum_crypto::paillier::PublicKey;
use veilsum_joint::contribution::{Contribution, Scope};
use veilsum_joint::round::{MAX_BYTES, Round};
use veilsum_joint::total::Total;
use veilsum_protocol::api::training::{
    ContributionObject, ContributionUpload, OpenRound, RoundTotal, TrainingStatus,
};
use veilsum_protocol::{Digest, TenantId, TrainingId};

use super::{forget_contributions, is_owner, json, status};
use crate::api::Api;
use crate::auth::Caller;
use crate::error::{ApiError, TrainingError};
use crate::keys::TrainingKeys;
use crate::openapi::Failed;
use crate::request::{Body, Id, Page};
use crate::store::{Creation, Store, StoreError, URL_SECONDS};
use crate::training::{self, Training};

/// Most bytes of a note of a contribution.
const MAX_NOTE_BYTES: u64 = 1 << 10;

/// Which contribution of an owner counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Counted {
    sha256: Digest,
}

/// Opens the next round. Repeating it changes nothing.
#[utoipa::path(
    post, path = "/trainings/{training}/rounds", operation_id = "openRound", tag = "trainings",
    params(("training" = TrainingId, Path)), request_body = OpenRound,
    responses((status = 201, body = TrainingStatus, description = "Opened, by this request or an earlier one"), Failed),
)]
pub(in crate::routes) async fn open(
    caller: Caller,
    State(api): State<Api>,
    Id(id): Id<TrainingId>,
    Body(request): Body<OpenRound>,
) -> Result<(StatusCode, Json<TrainingStatus>), ApiError> {
    let store = api.store();
    let training = training::load_held(store, id, caller.tenant()).await?;
    let round = Round::from_bytes(id, &training.terms, request.document.as_bytes())
        .map_err(TrainingError::RoundInvalid)?;
    if round.number != request.number {
        return Err(ApiError::OutOfRange { field: "number", allowed: "that of the document" });
    }
    let state = training::state(store, &training.keys).await?;
    let expected = u32::try_from(state.rounds.len()).unwrap_or(u32::MAX);
    let number = round.number;
    if number > expected {
        return Err(TrainingError::RoundOutOfSequence { expected, actual: number }.into());
    }
    if number == expected {
        if state.has_ended {
            return Err(TrainingError::Ended.into());
        }
        require_ready(store, &training, &state, number).await?;
    }
    let key = training.keys.round(number);
    match store.create(&key, request.document.clone().into_bytes()).await? {
        Creation::Created => tracing::info!(training = %id, round = number, "round opened"),
        Creation::AlreadyThere => {
            if document(store, &training.keys, number).await? != request.document {
                return Err(TrainingError::RoundTaken { round: number }.into());
            }
        }
    }
    Ok((StatusCode::CREATED, Json(status(store, &caller, id, &newest(number)).await?)))
}

/// Asks where a contribution may be PUT. It counts once it is named to `…/contributions`.
#[utoipa::path(
    post, path = "/trainings/{training}/rounds/{round}/uploads", operation_id = "requestContribution", tag = "trainings",
    params(("training" = TrainingId, Path), ("round" = u32, Path)), request_body = ContributionObject,
    responses((status = 200, body = ContributionUpload), Failed),
)]
pub(in crate::routes) async fn request(
    caller: Caller,
    State(api): State<Api>,
    Id((id, round)): Id<(TrainingId, u32)>,
    Body(request): Body<ContributionObject>,
) -> Result<Json<ContributionUpload>, ApiError> {
    let (store, tenant) = (api.store(), caller.tenant());
    let asked = Asked::of_owner(store, id, round, tenant).await?;
    asked.check_size(&request)?;
    if asked.counted(store, tenant).await?.is_some() {
        return Err(TrainingError::Contributed { round }.into());
    }
    let key = asked.training.keys.sent(round, &tenant, &request.sha256);
    let (url, headers) = store.presign_write(&key, request.size_bytes, &request.sha256).await?;
    Ok(Json(ContributionUpload { url, headers, expires_in: URL_SECONDS }))
}

/// Contributes to the newest round what was stored before. An owner counts once; repeating it changes nothing.
#[utoipa::path(
    post, path = "/trainings/{training}/rounds/{round}/contributions", operation_id = "contribute", tag = "trainings",
    params(("training" = TrainingId, Path), ("round" = u32, Path)), request_body = ContributionObject,
    responses((status = 200, body = TrainingStatus), Failed),
)]
pub(in crate::routes) async fn contribute(
    caller: Caller,
    State(api): State<Api>,
    Id((id, round)): Id<(TrainingId, u32)>,
    Body(request): Body<ContributionObject>,
) -> Result<Json<TrainingStatus>, ApiError> {
    let (store, tenant) = (api.store(), caller.tenant());
    let asked = Asked::of_owner(store, id, round, tenant).await?;
    asked.check_size(&request)?;
    let counted = Counted { sha256: request.sha256 };
    match asked.counted(store, tenant).await? {
        Some(other) if other != counted => return Err(TrainingError::Contributed { round }.into()),
        Some(_) => {}
        None => {
            // Whoever sends what cannot be added up hears of it at once, and stops nobody else.
            asked.read(store, tenant, &request.sha256).await?;
            let note = asked.training.keys.contribution(round, &tenant);
            match store.create(&note, json(&counted)).await? {
                Creation::Created => tracing::info!(training = %id, round, "contribution counts"),
                Creation::AlreadyThere => {
                    if asked.counted(store, tenant).await? != Some(counted) {
                        return Err(TrainingError::Contributed { round }.into());
                    }
                }
            }
        }
    }
    Ok(Json(status(store, &caller, id, &newest(round)).await?))
}

/// Adds up the contributions of all owners, which are deleted then, and says where the total is. Repeating it changes nothing.
#[utoipa::path(
    post, path = "/trainings/{training}/rounds/{round}/total", operation_id = "addUpRound", tag = "trainings",
    params(("training" = TrainingId, Path), ("round" = u32, Path)), responses((status = 200, body = RoundTotal), Failed),
)]
pub(in crate::routes) async fn total(
    caller: Caller,
    State(api): State<Api>,
    Id((id, round)): Id<(TrainingId, u32)>,
) -> Result<Json<RoundTotal>, ApiError> {
    let store = api.store();
    let training = training::load_held(store, id, caller.tenant()).await?;
    let key = training.keys.total(round);
    let sent = training.keys.sent_to(round);
    if !store.exists(&key).await? {
        let state = training::state(store, &training.keys).await?;
        if state.open_round() != Some(round) && !state.totals.contains(&round) {
            return Err(TrainingError::RoundClosed { round }.into());
        }
        let bytes = match add_up(store, &training, &state, round).await {
            // Another delivery was faster, and has deleted what was sent.
            Err(_) if store.exists(&key).await? => None,
            added => Some(added?),
        };
        if let Some(bytes) = bytes {
            match store.create(&key, bytes).await? {
                Creation::Created => tracing::info!(training = %id, round, "round added up"),
                Creation::AlreadyThere => {}
            }
        }
    }
    forget_contributions(store, &sent).await?;
    let stored = store.stat(&key).await?.ok_or(ApiError::NotFound)?;
    Ok(Json(RoundTotal { url: store.presign_read(&key).await?, size_bytes: stored.size_bytes }))
}

/// The stored numbers of a round.
pub(super) async fn document(store: &Store, keys: &TrainingKeys, round: u32) -> Result<String, ApiError> {
    let unreadable = || ApiError::StoredUnreadable { what: "round of a training" };
    let bytes = store.read(&keys.round(round), MAX_BYTES as u64).await?.ok_or_else(unreadable)?;
    String::from_utf8(bytes).map_err(|_| unreadable())
}

/// The page that starts with this round.
fn newest(round: u32) -> Page {
    Page { after: round.checked_sub(1).map(|before| before.to_string()) }
}

/// Succeeds if round `number` may be opened now: the first when all owners take part, others when the one before was added up.
async fn require_ready(
    store: &Store,
    training: &Training,
    state: &training::State,
    number: u32,
) -> Result<(), ApiError> {
    match number.checked_sub(1) {
        None => {
            let expected = training.terms.owners;
            let actual = training::owners(store, &training.keys).await?.len();
            if actual == expected as usize {
                return Ok(());
            }
            Err(TrainingError::OwnersMissing { expected, actual }.into())
        }
        Some(before) if state.totals.contains(&before) => Ok(()),
        Some(round) => Err(TrainingError::NotAddedUp { round }.into()),
    }
}

/// The total of all owners' contributions, read one after the other: a total and one contribution are in memory at a time.
async fn add_up(
    store: &Store,
    training: &Training,
    state: &training::State,
    round: u32,
) -> Result<Vec<u8>, ApiError> {
    let owners = training::owners(store, &training.keys).await?;
    let expected = training.terms.owners as usize;
    let there = owners.iter().filter(|owner| state.contributed.contains(&(round, owner.tenant))).count();
    if there < expected {
        return Err(TrainingError::ContributionsMissing { round, missing: expected - there }.into());
    }
    let asked = Asked::new(training.clone(), round)?;
    let mut total: Option<Total> = None;
    for owner in owners {
        let unreadable = || ApiError::StoredUnreadable { what: "contribution" };
        let counted = asked.counted(store, owner.tenant).await?.ok_or_else(unreadable)?;
        let contribution = asked.read(store, owner.tenant, &counted.sha256).await?;
        let (key, before) = (asked.key.clone(), total.take());
        let added = aside(move || match before {
            None => Ok(Total::of(&contribution)),
            Some(mut total) => total.add(&key, &contribution).map(|()| total),
        });
        total = Some(added.await?.map_err(|_| unreadable())?);
    }
    let key = asked.key;
    Ok(total.map(|total| total.to_bytes(&key)).unwrap_or_default())
}

/// A round that a contribution is for.
struct Asked {
    training: Training,
    key: PublicKey,
    scope: Scope,
}

impl Asked {
    fn new(training: Training, round: u32) -> Result<Self, ApiError> {
        let unreadable = ApiError::StoredUnreadable { what: "training" };
        let key = training.terms.public_key().ok_or(unreadable)?;
        let scope = Scope::new(training.id, &training.terms, &key, round);
        Ok(Self { training, key, scope })
    }

    /// The newest round of a training that the caller takes part in.
    async fn of_owner(store: &Store, id: TrainingId, round: u32, caller: TenantId) -> Result<Self, ApiError> {
        let training = training::load(store, id).await?;
        if !is_owner(store, &training, caller).await? {
            return Err(ApiError::NotFound);
        }
        let state = training::state(store, &training.keys).await?;
        if state.has_ended {
            return Err(TrainingError::Ended.into());
        }
        if state.open_round() != Some(round) {
            return Err(TrainingError::RoundClosed { round }.into());
        }
        Self::new(training, round)
    }

    fn check_size(&self, object: &ContributionObject) -> Result<(), ApiError> {
        if object.size_bytes == self.scope.contribution_bytes(&self.key) as u64 {
            return Ok(());
        }
        Err(ApiError::OutOfRange {
            field: "size_bytes",
            allowed: "exactly that of a contribution to this round",
        })
    }

    /// Which contribution of an owner counts.
    async fn counted(&self, store: &Store, owner: TenantId) -> Result<Option<Counted>, ApiError> {
        let note = self.training.keys.contribution(self.scope.round, &owner);
        let Some(bytes) = store.read(&note, MAX_NOTE_BYTES).await? else { return Ok(None) };
        let unreadable = ApiError::StoredUnreadable { what: "note of a contribution" };
        serde_json::from_slice(&bytes).map(Some).map_err(|_| unreadable)
    }

    /// A stored contribution, whose hash and ciphertexts are checked.
    async fn read(&self, store: &Store, owner: TenantId, sha256: &Digest) -> Result<Contribution, ApiError> {
        let key = self.training.keys.sent(self.scope.round, &owner, sha256);
        let most = self.scope.contribution_bytes(&self.key) as u64;
        let bytes = store.read(&key, most).await?.ok_or(TrainingError::ContributionNotStored)?;
        if Digest::of(&bytes) != *sha256 {
            return Err(TrainingError::ContributionNotStored.into());
        }
        let (key, scope) = (self.key.clone(), self.scope);
        let read = aside(move || Contribution::from_bytes(&key, &scope, owner, &bytes)).await?;
        Ok(read.map_err(TrainingError::ContributionInvalid)?)
    }
}

/// Computes without keeping other requests waiting.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|error| StoreError::of_local("compute", error))?)
}

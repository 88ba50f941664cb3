//! Trainings of several owners as they are stored: who holds the key, the terms, who takes part, and how far it is.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use veilsum_joint::outcome;
use veilsum_joint::terms::{MAX_BYTES, Terms};
use veilsum_protocol::api::training::{End, Participant, TrainingEntry};
use veilsum_protocol::{TenantId, TrainingId};

use crate::error::ApiError;
use crate::keys::{self, TrainingKeys};
use crate::store::{Etag, Store};

/// Most bytes of the entry that names the key holder.
const MAX_ENTRY_BYTES: u64 = 4 << 10;
/// Most bytes of who takes part: 64 names of at most 200 bytes, each of which may be escaped.
const MAX_OWNERS_BYTES: u64 = 128 << 10;
/// Most bytes of how a training ended: an outcome inside of JSON.
const MAX_END_BYTES: u64 = 2 * outcome::MAX_BYTES as u64;

/// Who holds the key of a training, written once by whoever was first to create one under the id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Announced {
    pub(crate) key_holder: TenantId,
}

/// What was agreed on.
#[derive(Debug, Clone)]
pub(crate) struct Training {
    pub(crate) id: TrainingId,
    pub(crate) key_holder: TenantId,
    pub(crate) keys: TrainingKeys,
    pub(crate) terms: Terms,
    document: String,
}

/// How far a training is, as the names of its objects say.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    /// When it was created.
    pub(crate) created_at: u64,
    /// Rounds that were opened, and when.
    pub(crate) rounds: BTreeMap<u32, u64>,
    /// Who contributed to which round.
    pub(crate) contributed: BTreeSet<(u32, TenantId)>,
    /// Rounds that were added up.
    pub(crate) totals: BTreeSet<u32>,
    /// Whether it has ended.
    pub(crate) has_ended: bool,
}

/// Who holds the key; `None` if there is no training under the id.
pub(crate) async fn key_holder(store: &Store, training: &TrainingId) -> Result<Option<TenantId>, ApiError> {
    let Some(bytes) = store.read(&keys::announced(training), MAX_ENTRY_BYTES).await? else { return Ok(None) };
    let unreadable = ApiError::StoredUnreadable { what: "entry of a training" };
    let entry: Announced = serde_json::from_slice(&bytes).map_err(|_| unreadable)?;
    Ok(Some(entry.key_holder))
}

/// A training with its terms.
pub(crate) async fn load(store: &Store, id: TrainingId) -> Result<Training, ApiError> {
    let key_holder = key_holder(store, &id).await?.ok_or(ApiError::NotFound)?;
    let keys = TrainingKeys::new(&key_holder, &id);
    let bytes = store.read(&keys.terms(), MAX_BYTES as u64).await?.ok_or(ApiError::NotFound)?;
    let unreadable = || ApiError::StoredUnreadable { what: "training" };
    let terms = Terms::from_bytes(&bytes).map_err(|_| unreadable())?;
    let document = String::from_utf8(bytes).map_err(|_| unreadable())?;
    Ok(Training { id, key_holder, keys, terms, document })
}

/// A training whose key the caller holds.
pub(crate) async fn load_held(store: &Store, id: TrainingId, caller: TenantId) -> Result<Training, ApiError> {
    let training = load(store, id).await?;
    if training.key_holder == caller { Ok(training) } else { Err(ApiError::NotFound) }
}

/// Who takes part, in the order they came, with the tag for replacing it.
pub(crate) async fn owners_tagged(
    store: &Store,
    keys: &TrainingKeys,
) -> Result<(Vec<Participant>, Option<Etag>), ApiError> {
    match store.read_tagged(&keys.owners(), MAX_OWNERS_BYTES).await? {
        None => Ok((Vec::new(), None)),
        Some((bytes, etag)) => {
            let unreadable = ApiError::StoredUnreadable { what: "list of owners" };
            Ok((serde_json::from_slice(&bytes).map_err(|_| unreadable)?, Some(etag)))
        }
    }
}

/// Who takes part, in the order they came.
pub(crate) async fn owners(store: &Store, keys: &TrainingKeys) -> Result<Vec<Participant>, ApiError> {
    Ok(owners_tagged(store, keys).await?.0)
}

/// How far a training is.
pub(crate) async fn state(store: &Store, keys: &TrainingKeys) -> Result<State, ApiError> {
    let mut state = State::default();
    let totals = |key: &keys::Key, rounds: &BTreeMap<u32, u64>| {
        rounds.keys().copied().find(|&round| keys.total(round) == *key)
    };
    for found in store.list(keys.folder()).await? {
        if found.key == keys.terms() {
            state.created_at = found.stored_at;
        } else if found.key == keys.end() {
            state.has_ended = true;
        } else if let Some(round) = keys.round_number(&found.key) {
            state.rounds.insert(round, found.stored_at);
        } else if let Some(contributed) = keys.contributed(&found.key) {
            state.contributed.insert(contributed);
        } else if let Some(round) = totals(&found.key, &state.rounds) {
            // Totals come after rounds in a listing.
            state.totals.insert(round);
        }
    }
    Ok(state)
}

/// How it ended; `None` while it goes on.
pub(crate) async fn end(store: &Store, keys: &TrainingKeys) -> Result<Option<End>, ApiError> {
    let Some(bytes) = store.read(&keys.end(), MAX_END_BYTES).await? else { return Ok(None) };
    let unreadable = ApiError::StoredUnreadable { what: "end of a training" };
    serde_json::from_slice(&bytes).map(Some).map_err(|_| unreadable)
}

impl State {
    /// The newest round, if it takes contributions.
    pub(crate) fn open_round(&self) -> Option<u32> {
        let newest = *self.rounds.last_key_value()?.0;
        (!self.has_ended && !self.totals.contains(&newest)).then_some(newest)
    }
}

impl Training {
    /// What a caller is told of it; the outcome only if they take part.
    pub(crate) async fn entry(
        &self,
        store: &Store,
        state: &State,
        caller: TenantId,
    ) -> Result<TrainingEntry, ApiError> {
        let owners = owners(store, &self.keys).await?;
        let is_owner = owners.iter().any(|owner| owner.tenant == caller);
        let is_key_holder = self.key_holder == caller;
        let end = if state.has_ended { end(store, &self.keys).await? } else { None };
        let end = match end {
            Some(End::Finished { .. }) if !is_owner && !is_key_holder => {
                Some(End::Finished { outcome: None })
            }
            end => end,
        };
        Ok(TrainingEntry {
            training: self.id,
            key_holder: self.key_holder,
            is_key_holder,
            is_owner,
            terms: self.document.clone(),
            created_at: state.created_at,
            owners,
            round_count: u32::try_from(state.rounds.len()).unwrap_or(u32::MAX),
            end,
        })
    }
}

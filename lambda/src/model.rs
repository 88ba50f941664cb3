//! Published models as they are stored: who published them, on what terms, and what clients are told.

use serde::{Deserialize, Serialize};
use veilsum_model::interface::Interface;
use veilsum_model::model::MAX_BYTES;
use veilsum_model::plan::Engine;
use veilsum_protocol::api::scoring::{ScoreEngine, Terms};
use veilsum_protocol::{ModelId, TenantId};

use crate::error::ApiError;
use crate::keys::{self, ModelKeys};
use crate::store::{Listed, Store, StoreError};

/// Most bytes of an entry of the catalogue, and of terms.
const MAX_ENTRY_BYTES: u64 = 4 << 10;

/// An entry of the catalogue, written once by whoever was first to publish under the id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Catalogued {
    /// Whose folder holds the model.
    pub(crate) publisher: TenantId,
}

/// A published version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) number: u32,
    pub(crate) published_at: u64,
}

/// Who published under the id; `None` if nobody did.
pub(crate) async fn publisher(store: &Store, model: &ModelId) -> Result<Option<TenantId>, ApiError> {
    let Some(bytes) = store.read(&keys::catalogued(model), MAX_ENTRY_BYTES).await? else { return Ok(None) };
    let unreadable = ApiError::StoredUnreadable { what: "catalogue entry" };
    let entry: Catalogued = serde_json::from_slice(&bytes).map_err(|_| unreadable)?;
    Ok(Some(entry.publisher))
}

/// All versions, ascending.
pub(crate) async fn versions(store: &Store, keys: &ModelKeys) -> Result<Vec<Version>, StoreError> {
    let version = |found: &Listed| {
        Some(Version { number: keys.version_number(&found.key)?, published_at: found.stored_at })
    };
    Ok(store.list(&keys.versions()).await?.iter().filter_map(version).collect())
}

/// The terms, or those that hold where none are stored.
pub(crate) async fn terms(store: &Store, keys: &ModelKeys) -> Result<Terms, ApiError> {
    match store.read(&keys.terms(), MAX_ENTRY_BYTES).await? {
        Some(bytes) => {
            serde_json::from_slice(&bytes).map_err(|_| ApiError::StoredUnreadable { what: "terms" })
        }
        None => Ok(Terms::default()),
    }
}

/// The tag of the stored terms, for replacing them.
pub(crate) async fn terms_tag(
    store: &Store,
    keys: &ModelKeys,
) -> Result<Option<crate::store::Etag>, StoreError> {
    Ok(store.read_tagged(&keys.terms(), MAX_ENTRY_BYTES).await?.map(|(_, etag)| etag))
}

/// What clients are told of a version.
pub(crate) async fn interface(store: &Store, keys: &ModelKeys, version: u32) -> Result<Interface, ApiError> {
    let unreadable = || ApiError::StoredUnreadable { what: "interface" };
    let bytes = store.read(&keys.version(version), MAX_BYTES as u64).await?.ok_or_else(unreadable)?;
    Interface::from_bytes(&bytes).map_err(|_| unreadable())
}

/// What may score a model, the one to take first where several can.
pub(crate) fn offered(interface: &Interface, terms: &Terms) -> Vec<ScoreEngine> {
    let allowed = |engine: &ScoreEngine| terms.by_layers || *engine != ScoreEngine::ByLayers;
    interface.engines.iter().copied().map(spoken).filter(allowed).collect()
}

/// The engine as messages name it.
pub(crate) const fn spoken(engine: Engine) -> ScoreEngine {
    match engine {
        Engine::Packed => ScoreEngine::Packed,
        Engine::ByLayers => ScoreEngine::ByLayers,
        Engine::OneRound => ScoreEngine::OneRound,
    }
}

//! What was asked for, as it is stored beside the query.

use serde::{Deserialize, Serialize};
use veilsum_protocol::api::scoring::StartScore;
use veilsum_protocol::{ModelId, TenantId};

/// Most bytes of a stored request: the largest key with its proof has 19 KB in hex.
pub(crate) const MAX_REQUEST_BYTES: u64 = 64 << 10;

/// A request, with what the cloud found out about its model. Written once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Request {
    /// Whose model it is.
    pub(crate) publisher: TenantId,
    /// The model.
    pub(crate) model: ModelId,
    /// The version that scores.
    pub(crate) version: u32,
    /// What the client sent.
    pub(crate) start: StartScore,
}

impl Request {
    /// The stored form.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a request has string keys only")
    }

    /// Reads the stored form.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

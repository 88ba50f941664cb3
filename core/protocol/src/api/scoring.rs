//! Messages about published models and scores of encrypted records.
//!
//! ```text
//! company   POST /models                 a quantised model and its terms          → version 1
//!           POST /models/{model}/versions, PUT /models/{model}/terms, DELETE /models/{model}
//! client    GET  /models, GET /models/{model}                                     → card, interface, terms, budget
//!           POST /models/{model}/scores  key with proof, rows, size and hash of the query
//!           PUT  the query to storage    what starts the score
//!           GET  /scores/{score}         until it has ended                       → URL of the answer
//! ```
//!
//! Scores are **not verified**: only who knows the weights could tell a right answer from another.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::api::StoredObject;
use crate::id::{Digest, ModelId, ScoreId, TenantId};
use crate::job::Failure;

/// Rows that a client may have scored by a model unless its publisher says otherwise.
pub const DEFAULT_ROWS_PER_CLIENT: u64 = 1_000;
/// Most rows that terms can name.
pub const MAX_ROWS_PER_CLIENT: u64 = 1_000_000_000_000;
/// Most bytes of a model's document: it travels in a message.
pub const MAX_DOCUMENT_BYTES: usize = 4 << 20;
/// Most bytes of a query, so that it fits the memory of the function.
pub const MAX_QUERY_BYTES: u64 = 256 << 20;
/// Most bits of the modulus of a client's key.
pub const MAX_MODULUS_BITS: usize = 8_192;
/// Newest version that a model can have: keys have eight digits.
pub const MAX_VERSION: u32 = 99_999_999;

/// What the publisher of a model asks of those who have records scored by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// Rows that each client may have scored, over all versions; the publisher's own are not limited.
    pub rows_per_client: u64,
    /// Whether a network may also be scored layer by layer. **For teaching:** whoever asks sees the sums of every layer, and
    /// so its weights.
    pub by_layers: bool,
}

impl Default for Terms {
    fn default() -> Self {
        Self { rows_per_client: DEFAULT_ROWS_PER_CLIENT, by_layers: false }
    }
}

/// `POST /models`: publishes a model under an id that the client drew, as version 1. Repeating it changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PublishModel {
    /// The new model.
    pub model: ModelId,
    /// The model's canonical JSON, byte by byte: `veilsum_model::model::Model::to_bytes`.
    pub document: String,
    /// The terms; absent for the usual ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<Terms>,
}

/// `POST /models/{model}/versions`: publishes the next version. Repeating it changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PublishVersion {
    /// Its number: one more than the newest.
    pub version: u32,
    /// The model's canonical JSON.
    pub document: String,
}

/// `GET /models` → the caller's models, and those of others that are not withdrawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Models {
    /// By ascending id.
    pub models: Vec<ModelEntry>,
    /// Where the list goes on: send it as `?after=` for the rest. Absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// One entry of [`Models`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModelEntry {
    /// The model.
    pub model: ModelId,
    /// Who published it: the fingerprint of an identity key.
    pub publisher: TenantId,
    /// Whether the caller did.
    pub is_own: bool,
    /// Its newest version.
    pub version: u32,
    /// SHA-256 of that version, which queries name.
    pub digest: Digest,
    /// When that version was published, seconds since 1970.
    pub published_at: u64,
    /// Whether it was withdrawn: nothing is scored by it any more.
    pub is_withdrawn: bool,
    /// Name of the family, as in the interface.
    pub family: String,
    /// Features of a record.
    pub feature_count: u32,
    /// How records may be scored.
    pub engines: Vec<ScoreEngine>,
    /// The terms.
    pub terms: Terms,
    /// The model card, as JSON: `veilsum_model::model::Card`.
    pub card: Value,
}

/// `GET /models/{model}` → all that a client is told of a model; no weight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModelDetail {
    /// The model.
    pub entry: ModelEntry,
    /// What records are encrypted and scores read by, as JSON: `veilsum_model::interface::Interface`, to be read by its
    /// `from_bytes`, which does not believe the cloud.
    pub interface: Value,
    /// The caller's rows.
    pub budget: RowBudget,
    /// All versions, ascending.
    pub versions: Vec<ModelVersion>,
}

/// A published version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModelVersion {
    /// Its number, from 1.
    pub version: u32,
    /// When it was published, seconds since 1970.
    pub published_at: u64,
}

/// Rows that the caller has had scored by a model, and may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RowBudget {
    /// Rows that were counted so far, over all versions.
    pub used: u64,
    /// Most that are ever counted; `None` for the publisher.
    pub limit: Option<u64>,
}

/// How records are scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ScoreEngine {
    /// Linear forms of packed Paillier ciphertexts: linear, logistic, k-means.
    Packed,
    /// One layer of a network on Paillier. **For teaching**, and only where the terms allow it.
    ByLayers,
    /// A network in one round on BFV.
    OneRound,
}

impl ScoreEngine {
    /// Whether records come under a Paillier key, which must be proven.
    #[must_use]
    pub const fn needs_key(self) -> bool {
        match self {
            Self::Packed | Self::ByLayers => true,
            Self::OneRound => false,
        }
    }
}

/// `POST /models/{model}/scores`: announces a query under an id that the client drew. Storing the query at the URL that is
/// answered starts the score. Repeating it changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct StartScore {
    /// The new score.
    pub score: ScoreId,
    /// SHA-256 of the version that records were encrypted for: `entry.digest`.
    pub digest: Digest,
    /// How records are scored.
    pub engine: ScoreEngine,
    /// The client's Paillier key; absent for [`ScoreEngine::OneRound`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<ProvenModulus>,
    /// Records of the query: so many rows are counted.
    pub row_count: u32,
    /// The query.
    pub query: QueryObject,
}

/// A Paillier key, with the proof that answers under it hide how they were computed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ProvenModulus {
    /// The modulus n as `PublicKey::to_hex` writes it.
    pub modulus: String,
    /// The proof of \[GRSB19\] that gcd(n, φ(n)) = 1, `OrderProof::to_bytes` in hex.
    pub proof: String,
}

/// A query as it will be stored: length and hash are signed, so that nothing else can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct QueryObject {
    /// Bytes, at most [`MAX_QUERY_BYTES`].
    pub size_bytes: u64,
    /// SHA-256 of the bytes.
    pub sha256: Digest,
}

/// `GET /scores/{score}` → where a score stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScoreStatus {
    /// The score.
    pub score: ScoreId,
    /// The model.
    pub model: ModelId,
    /// The version that scores it.
    pub version: u32,
    /// How records are scored.
    pub engine: ScoreEngine,
    /// Records of the query.
    pub row_count: u32,
    /// Where it stands.
    pub state: ScoreState,
    /// What the function did, in order; told once the score is done.
    pub steps: Vec<ScoreStep>,
    /// Objects of the score, as the cloud sees them; with checksums once it has ended.
    pub objects: Vec<StoredObject>,
}

/// Where a score stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ScoreState {
    /// The query has not arrived.
    Waiting {
        /// Where to PUT it, in one piece.
        url: String,
        /// Headers to send with it, exactly these (besides what the browser adds).
        headers: Vec<(String, String)>,
        /// Seconds until the URL expires, at most 900; the next status has a new one.
        expires_in: u64,
    },
    /// The query has arrived; no end yet.
    Running,
    /// The answer is stored.
    Done {
        /// Presigned URL of the answer.
        answer_url: String,
    },
    /// It cannot succeed.
    Failed(Failure),
    /// The caller cancelled it.
    Cancelled,
}

/// A measured step of the function `score`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScoreStep {
    /// What was done.
    pub phase: ScorePhase,
    /// How long it took.
    pub milliseconds: u64,
    /// Bytes that were read ([`ScorePhase::Load`]) or written ([`ScorePhase::Compute`]); else 0.
    pub bytes: u64,
}

/// The phase of a [`ScoreStep`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ScorePhase {
    /// Reading model and query.
    Load,
    /// Checking model, key, proof and shape of the query.
    Check,
    /// Counting its rows.
    Count,
    /// Scoring it.
    Compute,
}

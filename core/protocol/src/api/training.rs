//! Messages about trainings of several owners.
//!
//! ```text
//! key holder  POST /trainings                                     terms                    → the invitation is its id
//! owner       GET  /trainings/{training}                                                   → terms, key holder, who takes part
//!             POST /trainings/{training}/owners                   digest of the terms      → takes a place
//! key holder  POST /trainings/{training}/rounds                   public numbers
//! owner       POST /trainings/{training}/rounds/{round}/uploads   size and hash            → where to PUT the contribution
//!             PUT  the contribution to storage
//!             POST /trainings/{training}/rounds/{round}/contributions                      → counts once
//! key holder  POST /trainings/{training}/rounds/{round}/total                              → URL of the total
//!             … the next round, or
//!             POST /trainings/{training}/outcome                  what came out
//! ```
//!
//! No message gives anybody a single contribution.

use serde::{Deserialize, Serialize};

use crate::id::{Digest, TenantId, TrainingId};

/// Rounds with their documents in one [`TrainingStatus`].
pub const ROUNDS_PER_PAGE: usize = 24;

/// `POST /trainings`: creates a training under an id that the client made of its terms; the caller holds its key. Repeating it changes
/// nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateTraining {
    /// The new training.
    pub training: TrainingId,
    /// The terms, byte by byte: `veilsum_joint::terms::Terms::to_bytes`.
    pub terms: String,
}

/// `GET /trainings` → the trainings whose key the caller holds, and those that they take part in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Trainings {
    /// By ascending id.
    pub trainings: Vec<TrainingEntry>,
    /// Where the list goes on: send it as `?after=` for the rest. Absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// One entry of [`Trainings`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TrainingEntry {
    /// The training.
    pub training: TrainingId,
    /// Who created it and holds its key.
    pub key_holder: TenantId,
    /// Whether the caller does.
    pub is_key_holder: bool,
    /// Whether the caller takes part with rows.
    pub is_owner: bool,
    /// The terms, byte by byte.
    pub terms: String,
    /// When it was created, seconds since 1970.
    pub created_at: u64,
    /// Who takes part, in the order they came.
    pub owners: Vec<Participant>,
    /// Rounds that were opened.
    pub round_count: u32,
    /// How it ended; absent while it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<End>,
}

/// Whoever takes part with rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Participant {
    /// Fingerprint of their identity key.
    pub tenant: TenantId,
    /// As they call themselves; nobody has checked it.
    pub name: String,
}

/// How a training ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum End {
    /// With a model.
    Finished {
        /// What came out, byte by byte: `veilsum_joint::outcome::Outcome::to_bytes`. Told to those who take part.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        outcome: Option<String>,
    },
    /// The key holder ended it, or an owner left after the first round was opened.
    Stopped {
        /// Who did.
        by: TenantId,
    },
}

/// `GET /trainings/{training}` → where a training stands. Whoever knows its id is told the terms and who takes part; rounds
/// and outcome are told to the key holder and the owners.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TrainingStatus {
    /// The training.
    pub entry: TrainingEntry,
    /// Rounds from `?after=` on, ascending.
    pub rounds: Vec<RoundEntry>,
    /// Where the list of rounds goes on. Absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A round that was opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoundEntry {
    /// From 0.
    pub number: u32,
    /// Its public numbers, byte by byte: `veilsum_joint::round::Round::to_bytes`.
    pub document: String,
    /// When it was opened, seconds since 1970.
    pub opened_at: u64,
    /// Owners who contributed.
    pub contributed: Vec<TenantId>,
    /// Whether contributions are added up; then they are deleted.
    pub is_added_up: bool,
}

/// `POST /trainings/{training}/owners`: takes part, as one of the owners of the terms. Repeating it changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct JoinTraining {
    /// SHA-256 of the terms that the owner agrees to.
    pub terms: Digest,
    /// What the owner is called, at most 200 bytes.
    pub name: String,
}

/// `POST /trainings/{training}/rounds`: opens the next round. Repeating it changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct OpenRound {
    /// Its number: one more than the newest.
    pub number: u32,
    /// Its public numbers, byte by byte.
    pub document: String,
}

/// `POST …/uploads` and `POST …/contributions`: a contribution as it will be or is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ContributionObject {
    /// Bytes: exactly those of a contribution to the round.
    pub size_bytes: u64,
    /// SHA-256 of the bytes.
    pub sha256: Digest,
}

/// Answer to `POST …/uploads`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ContributionUpload {
    /// Where to PUT the contribution, in one piece.
    pub url: String,
    /// Headers to send with it, exactly these (besides what the browser adds).
    pub headers: Vec<(String, String)>,
    /// Seconds until the URL expires, at most 900.
    pub expires_in: u64,
}

/// Answer to `POST …/total`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoundTotal {
    /// Presigned URL of the total.
    pub url: String,
    /// Its bytes.
    pub size_bytes: u64,
}

/// `POST /trainings/{training}/outcome`: ends a training with what came out. Repeating it changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct FinishTraining {
    /// What came out, byte by byte: `veilsum_joint::outcome::Outcome::to_bytes`.
    pub document: String,
}

//! Jobs: the events that start functions, and the state that a job is in.

use serde::{Deserialize, Serialize};

use crate::id::{JobId, ScoreId, TenantId};

/// Input of one call of the function `evaluate`: one row group of one job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EvaluateEvent {
    /// Whose job.
    pub tenant: TenantId,
    /// The job.
    pub job: JobId,
    /// The row group to evaluate.
    pub row_group: u32,
}

/// Input of one call of the function `combine`: ends a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CombineEvent {
    /// Whose job.
    pub tenant: TenantId,
    /// The job.
    pub job: JobId,
    /// What became of the evaluation: all row groups done, or given up on one.
    pub outcome: Outcome,
}

/// Input of one call of the function `score`: one query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScoreEvent {
    /// Whose query.
    pub tenant: TenantId,
    /// The score that was started for it.
    pub score: ScoreId,
}

/// How the evaluation of all row groups ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Outcome {
    /// Every row group has its partial.
    Evaluated,
    /// A row group failed however often it was tried.
    GaveUp {
        /// The row group.
        row_group: u32,
    },
}

/// What `evaluate`, `combine` and `score` answer to whoever invoked them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Done {
    /// The result is stored (by this call or an earlier delivery of the same event).
    Stored,
    /// The job was cancelled; nothing was stored.
    Cancelled,
    /// The job cannot succeed; the failure is stored and trying again is useless.
    Failed,
}

/// Why a job failed, stored once and shown to the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Failure {
    /// Stable code.
    pub code: String,
    /// A sentence for people: the thing, the place and the next step.
    pub message: String,
    /// The row group, where there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub row_group: Option<u32>,
}

/// One measured step of a job, stored beside its result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Step {
    /// What ran.
    pub function: StepFunction,
    /// The row group, for `evaluate`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub row_group: Option<u32>,
    /// Milliseconds of work in the function.
    pub milliseconds: u64,
    /// Bytes read from storage.
    pub read_bytes: u64,
    /// Bytes written to storage.
    pub written_bytes: u64,
}

/// The function of a [`Step`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum StepFunction {
    /// One row group.
    Evaluate,
    /// All partials.
    Combine,
}

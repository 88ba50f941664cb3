//! What can be wrong with models and scores.

use axum::http::StatusCode;
use veilsum_model::budget::OverBudget;
use veilsum_model::evaluate::ScoreError;
use veilsum_model::foreign_key::ForeignKeyError;
use veilsum_model::model::FormatError;
use veilsum_model::plan::PlanError;

use super::Told;

/// Why a request about models or scores did not succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScoringError {
    /// The document is no model.
    #[error("model refused")]
    ModelInvalid(#[source] FormatError),
    /// No engine that the terms allow scores the model.
    #[error("model not scorable")]
    NotScorable(#[source] PlanError),
    /// The id belongs to another model.
    #[error("model id taken")]
    ModelIdTaken,
    /// The version has another document.
    #[error("version {version} is published with another document")]
    VersionTaken {
        /// The version.
        version: u32,
    },
    /// The number of a version does not follow the newest.
    #[error("version {actual} does not follow; expected {expected}")]
    VersionOutOfSequence {
        /// The number that follows.
        expected: u32,
        /// The number that was sent.
        actual: u32,
    },
    /// The model was withdrawn.
    #[error("model withdrawn")]
    Withdrawn,
    /// The query is for another version than the newest.
    #[error("query for another version")]
    WrongVersion,
    /// The engine does not score the model, or its publisher does not allow it.
    #[error("engine not offered")]
    EngineNotOffered,
    /// The client's key or its proof is refused.
    #[error("key refused")]
    Key(#[source] ForeignKeyError),
    /// More rows than are left.
    #[error("rows spent")]
    OverBudget(#[from] OverBudget),
    /// The query would take longer than a function may.
    #[error("query of {size_bytes} bytes for {score_count} scores")]
    QueryTooLarge {
        /// Bytes of the query.
        size_bytes: u64,
        /// Scores of a record.
        score_count: u32,
    },
    /// The id belongs to another score.
    #[error("score id taken")]
    ScoreIdTaken,
}

/// What everybody is told whose score meets a withdrawn model.
pub(crate) const WITHDRAWN: &str =
    "the model was withdrawn by its publisher, so that nothing is scored by it any more; choose another one";

impl ScoringError {
    pub(super) fn told(&self) -> Told {
        let (status, code, title, detail) = match self {
            Self::ModelInvalid(error) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "model-invalid",
                "Model not valid",
                format!("The model was not published: {error}."),
            ),
            Self::NotScorable(error) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "model-not-scorable",
                "Model cannot be scored",
                format!("The model was not published, as it cannot be scored encrypted: {error}."),
            ),
            Self::ModelIdTaken => (
                StatusCode::CONFLICT,
                "model-id-taken",
                "Model id taken",
                "Another model has this id; publish it again from the page.".to_owned(),
            ),
            Self::VersionTaken { version } => (
                StatusCode::CONFLICT,
                "version-taken",
                "Version published with other content",
                format!(
                    "Version {version} of this model is published with other content and nothing is ever \
                     overwritten; publish it as the next version."
                ),
            ),
            Self::VersionOutOfSequence { expected, actual } => (
                StatusCode::CONFLICT,
                "version-out-of-sequence",
                "Version out of sequence",
                format!(
                    "Version {actual} was sent where {expected} follows: another browser has published one. Load the \
                     model again."
                ),
            ),
            Self::Withdrawn => (
                StatusCode::GONE,
                "model-withdrawn",
                "Model withdrawn",
                super::sentence(&WITHDRAWN),
            ),
            Self::WrongVersion => (
                StatusCode::CONFLICT,
                "model-version-differs",
                "Another version of the model",
                super::sentence(&ScoreError::WrongModel),
            ),
            Self::EngineNotOffered => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "engine-not-offered",
                "Not scored this way",
                "The model is not scored this way, or its publisher does not allow it; take one of the ways that the \
                 model's page offers."
                    .to_owned(),
            ),
            Self::Key(error) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "key-refused",
                "Public key refused",
                super::sentence(error),
            ),
            Self::OverBudget(error) => {
                (StatusCode::CONFLICT, "rows-spent", "No rows left", super::sentence(error))
            }
            Self::QueryTooLarge { size_bytes, score_count } => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "query-too-large",
                "Query too large",
                format!(
                    "A query of {size_bytes} bytes for {score_count} scores of each record takes longer than a \
                     function may; send fewer records at a time."
                ),
            ),
            Self::ScoreIdTaken => (
                StatusCode::CONFLICT,
                "score-id-taken",
                "Score id taken",
                "Another score has this id; ask for the score again from the page.".to_owned(),
            ),
        };
        Told { status, code, title, detail: detail.into() }
    }
}

#[cfg(test)]
pub(super) fn one_of_each() -> Vec<ScoringError> {
    use veilsum_crypto::paillier::PublicKey;

    let no_key = PublicKey::from_hex("").map(|_| ()).unwrap_err();
    vec![
        ScoringError::ModelInvalid(FormatError::NotAModel),
        ScoringError::NotScorable(PlanError::TooDeep { actual: 3 }),
        ScoringError::ModelIdTaken,
        ScoringError::VersionTaken { version: 2 },
        ScoringError::VersionOutOfSequence { expected: 2, actual: 4 },
        ScoringError::Withdrawn,
        ScoringError::WrongVersion,
        ScoringError::EngineNotOffered,
        ScoringError::Key(no_key.into()),
        ScoringError::OverBudget(OverBudget { asked: 3, left: 1, limit: 9 }),
        ScoringError::QueryTooLarge { size_bytes: 9, score_count: 2 },
        ScoringError::ScoreIdTaken,
    ]
}

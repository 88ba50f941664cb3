//! What can be wrong with trainings of several owners.

use axum::http::StatusCode;
use veilsum_joint::contribution::ContributionError;
use veilsum_joint::terms::DocumentError;

use super::{Told, sentence};

/// Why a request about trainings did not succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainingError {
    /// The terms are none.
    #[error("terms refused")]
    TermsInvalid(#[source] DocumentError),
    /// The id belongs to another training.
    #[error("training id taken")]
    IdTaken,
    /// The owner agrees to other terms.
    #[error("other terms")]
    OtherTerms,
    /// All places are taken.
    #[error("training full")]
    Full,
    /// The training has ended.
    #[error("training ended")]
    Ended,
    /// Not all owners take part yet.
    #[error("{actual} of {expected} owners take part")]
    OwnersMissing {
        /// Owners of the terms.
        expected: u32,
        /// Owners there are.
        actual: usize,
    },
    /// The round is none of this training.
    #[error("round refused")]
    RoundInvalid(#[source] DocumentError),
    /// The number of a round does not follow the newest.
    #[error("round {actual} does not follow; expected {expected}")]
    RoundOutOfSequence {
        /// The number that follows.
        expected: u32,
        /// The number that was sent.
        actual: u32,
    },
    /// The round was opened with other numbers.
    #[error("round {round} open with other numbers")]
    RoundTaken {
        /// The round.
        round: u32,
    },
    /// Contributions to the round are not added up.
    #[error("round {round} not added up")]
    NotAddedUp {
        /// The round.
        round: u32,
    },
    /// The round takes no contributions.
    #[error("round {round} takes no contributions")]
    RoundClosed {
        /// The round.
        round: u32,
    },
    /// The contribution is none to this round.
    #[error("contribution refused")]
    ContributionInvalid(#[source] ContributionError),
    /// The contribution has not arrived.
    #[error("contribution not stored")]
    ContributionNotStored,
    /// The owner has contributed to this round.
    #[error("contributed to round {round} before")]
    Contributed {
        /// The round.
        round: u32,
    },
    /// Not all owners have contributed.
    #[error("{missing} contributions to round {round} missing")]
    ContributionsMissing {
        /// The round.
        round: u32,
        /// Owners who have not contributed.
        missing: usize,
    },
    /// What came out is not of this training.
    #[error("outcome refused")]
    OutcomeInvalid(#[source] DocumentError),
    /// It ended in another way.
    #[error("ended otherwise")]
    EndedOtherwise,
}

impl TrainingError {
    pub(super) fn told(&self) -> Told {
        let (status, code, title, detail) = match self {
            Self::TermsInvalid(error) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "terms-invalid",
                "Terms not valid",
                format!("The training was not created: {error}."),
            ),
            Self::IdTaken => (
                StatusCode::CONFLICT,
                "training-id-taken",
                "Training id taken",
                "Another training has this id; create it again from the page.".to_owned(),
            ),
            Self::OtherTerms => (
                StatusCode::CONFLICT,
                "terms-differ",
                "Other terms",
                "The training has other terms than were agreed to; load its page again and read them.".to_owned(),
            ),
            Self::Full => (
                StatusCode::CONFLICT,
                "training-full",
                "All places taken",
                "As many owners as the terms name take part already; ask the key holder for another training."
                    .to_owned(),
            ),
            Self::Ended => (
                StatusCode::GONE,
                "training-ended",
                "Training ended",
                "The training has ended, so that nothing is added to it any more; load its page again.".to_owned(),
            ),
            Self::OwnersMissing { expected, actual } => (
                StatusCode::CONFLICT,
                "owners-missing",
                "Owners missing",
                format!("{actual} of {expected} owners take part; send the invitation to the others first."),
            ),
            Self::RoundInvalid(error) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "round-invalid",
                "Round not valid",
                format!("The round was not opened: {error}."),
            ),
            Self::RoundOutOfSequence { expected, actual } => (
                StatusCode::CONFLICT,
                "round-out-of-sequence",
                "Round out of sequence",
                format!("Round {actual} was sent where {expected} follows; load the training again."),
            ),
            Self::RoundTaken { round } => (
                StatusCode::CONFLICT,
                "round-taken",
                "Round open with other numbers",
                format!(
                    "Round {round} was opened with other numbers and nothing is ever overwritten; load the training \
                     again."
                ),
            ),
            Self::NotAddedUp { round } => (
                StatusCode::CONFLICT,
                "round-not-added-up",
                "Round not added up",
                format!("The contributions to round {round} are not added up yet; ask for its total first."),
            ),
            Self::RoundClosed { round } => (
                StatusCode::CONFLICT,
                "round-closed",
                "Round takes no contributions",
                format!(
                    "Round {round} is not the newest one, or was added up; load the training again and contribute to \
                     its newest round."
                ),
            ),
            Self::ContributionInvalid(error) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "contribution-invalid",
                "Contribution not valid",
                sentence(error),
            ),
            Self::ContributionNotStored => (
                StatusCode::CONFLICT,
                "contribution-not-stored",
                "Contribution not stored",
                "The contribution has not arrived in storage; send it, then name it again.".to_owned(),
            ),
            Self::Contributed { round } => (
                StatusCode::CONFLICT,
                "contributed",
                "Contributed before",
                format!("You have contributed to round {round} already, and each owner counts once; wait for the next."),
            ),
            Self::ContributionsMissing { round, missing } => (
                StatusCode::CONFLICT,
                "contributions-missing",
                "Contributions missing",
                format!("{missing} of the contributions to round {round} are missing; wait for all owners."),
            ),
            Self::OutcomeInvalid(error) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "outcome-invalid",
                "Outcome not valid",
                format!("The training was not ended: {error}."),
            ),
            Self::EndedOtherwise => (
                StatusCode::CONFLICT,
                "ended-otherwise",
                "Ended otherwise",
                "The training has ended in another way, and that does not change; load its page again.".to_owned(),
            ),
        };
        Told { status, code, title, detail: detail.into() }
    }
}

#[cfg(test)]
pub(super) fn one_of_each() -> Vec<TrainingError> {
    let document = || DocumentError::Other { what: "the terms of a training" };
    vec![
        TrainingError::TermsInvalid(document()),
        TrainingError::IdTaken,
        TrainingError::OtherTerms,
        TrainingError::Full,
        TrainingError::Ended,
        TrainingError::OwnersMissing { expected: 3, actual: 2 },
        TrainingError::RoundInvalid(document()),
        TrainingError::RoundOutOfSequence { expected: 2, actual: 4 },
        TrainingError::RoundTaken { round: 2 },
        TrainingError::NotAddedUp { round: 2 },
        TrainingError::RoundClosed { round: 2 },
        TrainingError::ContributionInvalid(ContributionError::WrongScope),
        TrainingError::ContributionNotStored,
        TrainingError::Contributed { round: 2 },
        TrainingError::ContributionsMissing { round: 2, missing: 1 },
        TrainingError::OutcomeInvalid(document()),
        TrainingError::EndedOtherwise,
    ]
}

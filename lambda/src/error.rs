//! Errors of the API. One match says what the caller is told; everything else goes to the log.

mod scoring;
mod training;

use std::borrow::Cow;
use std::error::Error;

use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::response::{IntoResponse, Response};
use veilsum_protocol::api::{Object, Problem};
use veilsum_protocol::wire::WireError;

use crate::store::StoreError;
use crate::tokens::IssueError;

pub use self::scoring::ScoringError;
pub(crate) use self::scoring::WITHDRAWN;
pub use self::training::TrainingError;

/// Why a request did not succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// The request carries no session token.
    #[error("no session token")]
    NoSession,
    /// The session has ended.
    #[error("session expired")]
    SessionExpired,
    /// The token is not one of a session.
    #[error("session token invalid")]
    SessionInvalid,
    /// The challenge was not signed in time.
    #[error("challenge expired")]
    ChallengeExpired,
    /// The challenge is not one of ours.
    #[error("challenge invalid")]
    ChallengeInvalid,
    /// The challenge was used before.
    #[error("challenge used before")]
    ChallengeUsed,
    /// The signature is not one of the identity key over the challenge.
    #[error("signature does not prove the identity key")]
    SignatureWrong,
    /// Absent, or not the caller's.
    #[error("not found")]
    NotFound,
    /// The path is known, the method is not.
    #[error("method not allowed")]
    MethodNotAllowed,
    /// The body is larger than any message is.
    #[error("body larger than {maximum} bytes")]
    BodyTooLarge {
        /// Most bytes.
        maximum: usize,
    },
    /// The body ended early.
    #[error("body could not be read")]
    BodyUnreadable,
    /// The body is not the message that this route takes.
    #[error("body is not the expected message (line {line}, column {column})")]
    BodyMalformed {
        /// Line of the fault.
        line: usize,
        /// Column of the fault.
        column: usize,
    },
    /// A field is outside its range.
    #[error("{field} out of range")]
    OutOfRange {
        /// The field.
        field: &'static str,
        /// What it may be.
        allowed: &'static str,
    },
    /// The plan is not a valid plan.
    #[error("plan refused")]
    PlanInvalid(#[source] WireError),
    /// The plan names another dataset than the path.
    #[error("plan names another dataset")]
    PlanOfOtherDataset,
    /// The partial answers of the plan would not fit a function's memory.
    #[error("plan needs {needed_bytes} bytes of partial answers")]
    PlanTooLarge {
        /// Bytes of all partials.
        needed_bytes: u64,
        /// Most bytes.
        maximum_bytes: u64,
    },
    /// The dataset has no manifest yet.
    #[error("dataset not committed")]
    NotCommitted,
    /// The multipart transfer is unknown to storage.
    #[error("transfer unknown")]
    TransferGone,
    /// A part has not arrived.
    #[error("part {number} missing")]
    PartMissing {
        /// Number of the part.
        number: u32,
    },
    /// A part has arrived with other content.
    #[error("part {number} differs")]
    PartDiffers {
        /// Number of the part.
        number: u32,
    },
    /// An object with other content is stored already.
    #[error("{} is stored with other content", named(object))]
    OtherContent {
        /// The object.
        object: Object,
    },
    /// An object that the manifest names is not stored.
    #[error("{} is not stored", named(object))]
    ObjectMissing {
        /// The object.
        object: Object,
    },
    /// An object that the manifest or the plan names is stored with another size or checksum.
    #[error("{} differs from what was named", named(object))]
    ObjectDiffers {
        /// The object.
        object: Object,
    },
    /// The number of a manifest does not follow the newest.
    #[error("manifest {actual} does not follow; expected {expected}")]
    OutOfSequence {
        /// The number that follows.
        expected: u64,
        /// The number that was sent.
        actual: u64,
    },
    /// The id belongs to another job.
    #[error("job id taken")]
    JobIdTaken,
    /// About models and scores.
    #[error(transparent)]
    Scoring(#[from] ScoringError),
    /// About trainings of several owners.
    #[error(transparent)]
    Training(#[from] TrainingError),
    /// A stored object is not what this version writes.
    #[error("a stored {what} cannot be read")]
    StoredUnreadable {
        /// Kind of object.
        what: &'static str,
    },
    /// Storage did not do its work.
    #[error("storage failed")]
    Storage(#[from] StoreError),
    /// A token could not be made.
    #[error("no token")]
    Token(#[from] IssueError),
}

/// What the caller is told: status, code, title, sentence.
struct Told {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: Cow<'static, str>,
}

impl ApiError {
    fn told(&self) -> Told {
        let (status, code, title, detail) = match self {
            Self::NoSession => (
                StatusCode::UNAUTHORIZED,
                "no-session",
                "Not signed in",
                "This request carries no session token; sign in with your keyring.".into(),
            ),
            Self::SessionExpired => (
                StatusCode::UNAUTHORIZED,
                "session-expired",
                "Session expired",
                "Your session has ended; sign in again with your keyring.".into(),
            ),
            Self::SessionInvalid => (
                StatusCode::UNAUTHORIZED,
                "session-invalid",
                "Session not valid",
                "This session token is not valid; sign in again with your keyring.".into(),
            ),
            Self::ChallengeExpired => (
                StatusCode::UNAUTHORIZED,
                "challenge-expired",
                "Challenge expired",
                "The sign-in challenge was not signed in time; ask for a new one.".into(),
            ),
            Self::ChallengeInvalid => (
                StatusCode::UNAUTHORIZED,
                "challenge-invalid",
                "Challenge not valid",
                "The sign-in challenge is not one of this service; ask for a new one.".into(),
            ),
            Self::ChallengeUsed => (
                StatusCode::UNAUTHORIZED,
                "challenge-used",
                "Challenge used before",
                "The sign-in challenge has been used before; ask for a new one.".into(),
            ),
            Self::SignatureWrong => (
                StatusCode::UNAUTHORIZED,
                "signature-wrong",
                "Signature not valid",
                "The signature does not prove the identity key; unlock your keyring and sign in again."
                    .into(),
            ),
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "not-found",
                "Not found",
                "There is nothing of yours under this address; check it, or load your datasets again.".into(),
            ),
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "Method not allowed",
                "This address does not take this method; /api/v1/openapi.json lists those it takes.".into(),
            ),
            Self::BodyTooLarge { maximum } => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "body-too-large",
                "Request too large",
                format!("The request has more than {maximum} bytes; send it in smaller pieces.").into(),
            ),
            Self::BodyUnreadable => (
                StatusCode::BAD_REQUEST,
                "body-unreadable",
                "Request not read",
                "The request ended before its body did; send it again.".into(),
            ),
            Self::BodyMalformed { line, column } => (
                StatusCode::BAD_REQUEST,
                "body-malformed",
                "Request not understood",
                format!(
                    "The request's body is not the message that this address takes (line {line}, column \
                     {column}); load the page again to have its newest version."
                )
                .into(),
            ),
            Self::OutOfRange { field, allowed } => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "out-of-range",
                "Request out of range",
                format!("The field {field} of the request must be {allowed}.").into(),
            ),
            Self::PlanInvalid(error) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "plan-invalid",
                "Plan not valid",
                format!("The plan cannot be run: {error}. Start the analysis again from the page.").into(),
            ),
            Self::PlanOfOtherDataset => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "plan-of-other-dataset",
                "Plan names another dataset",
                "The plan names another dataset than the address; start the analysis again from the page."
                    .into(),
            ),
            Self::PlanTooLarge { needed_bytes, maximum_bytes } => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "plan-too-large",
                "Plan too large",
                format!(
                    "The plan's partial answers need {needed_bytes} bytes and at most {maximum_bytes} fit; \
                     analyse fewer columns at a time."
                )
                .into(),
            ),
            Self::NotCommitted => (
                StatusCode::CONFLICT,
                "not-committed",
                "Upload not finished",
                "The upload of this dataset has not been finished; go on with it, or delete the dataset."
                    .into(),
            ),
            Self::TransferGone => (
                StatusCode::CONFLICT,
                "transfer-gone",
                "Transfer unknown",
                "Storage does not know this transfer (any more); start the upload of this object again."
                    .into(),
            ),
            Self::PartMissing { number } => (
                StatusCode::CONFLICT,
                "part-missing",
                "Part missing",
                format!("Part {number} has not arrived; send it, then complete the object again.").into(),
            ),
            Self::PartDiffers { number } => (
                StatusCode::CONFLICT,
                "part-differs",
                "Part differs",
                format!("Part {number} has arrived with other content; send it again.").into(),
            ),
            Self::OtherContent { object } => (
                StatusCode::CONFLICT,
                "other-content",
                "Stored with other content",
                format!(
                    "The {} is stored with other content already and nothing is ever overwritten; load the \
                     dataset again, or upload the file as a new one.",
                    named(object)
                )
                .into(),
            ),
            Self::ObjectMissing { object } => (
                StatusCode::CONFLICT,
                "object-missing",
                "Object missing",
                format!("The {} is not stored; go on with the upload first.", named(object)).into(),
            ),
            Self::ObjectDiffers { object } => (
                StatusCode::CONFLICT,
                "object-differs",
                "Object differs",
                format!(
                    "The {} is stored with another size or checksum than was named; load the dataset again, \
                     or upload the file as a new one.",
                    named(object)
                )
                .into(),
            ),
            Self::OutOfSequence { expected, actual } => (
                StatusCode::CONFLICT,
                "out-of-sequence",
                "Manifest out of sequence",
                format!(
                    "Manifest {actual} was sent where {expected} follows: another browser has changed the \
                     dataset. Load it again."
                )
                .into(),
            ),
            Self::JobIdTaken => (
                StatusCode::CONFLICT,
                "job-id-taken",
                "Job id taken",
                "Another job has this id; start the analysis again from the page.".into(),
            ),
            Self::Scoring(error) => return error.told(),
            Self::Training(error) => return error.told(),
            Self::StoredUnreadable { what } => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "stored-unreadable",
                "Stored object not understood",
                format!("A stored {what} cannot be read by this version; nothing was changed.").into(),
            ),
            Self::Storage(_) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "storage-unavailable",
                "Storage unavailable",
                "Storage did not answer as it should; nothing stored is lost. Try again in a moment.".into(),
            ),
            Self::Token(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "no-token",
                "No session made",
                "The service could not make a session; try again in a moment.".into(),
            ),
        };
        Told { status, code, title, detail }
    }

    /// The problem document that the caller gets.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let Told { status, code, title, detail } = self.told();
        Problem {
            kind: format!("urn:veilsum:problem:{code}"),
            code: code.to_owned(),
            status: status.as_u16(),
            title: title.to_owned(),
            detail: detail.into_owned(),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let Told { status, code, .. } = self.told();
        if status.is_server_error() {
            tracing::error!(code, error = chain(&self), "request failed");
        } else {
            tracing::info!(code, error = chain(&self), "request refused");
        }
        let mut response = (status, axum::Json(self.problem())).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// `reason` as a sentence: with its capital and its full stop.
pub(crate) fn sentence(reason: &dyn std::fmt::Display) -> String {
    let mut sentence = reason.to_string();
    if let Some(first) = sentence.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    sentence.push('.');
    sentence
}

/// An error with its causes, for the log.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// An object in words.
fn named(object: &Object) -> String {
    match object {
        Object::RowGroup { index } => format!("row group {index}"),
        Object::Original => "sealed original".to_owned(),
        Object::Manifest { sequence } => format!("manifest {sequence}"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn one_of_each() -> Vec<ApiError> {
        let object = Object::RowGroup { index: 3 };
        let scoring = scoring::one_of_each().into_iter().map(ApiError::Scoring);
        let training = training::one_of_each().into_iter().map(ApiError::Training);
        let others = [
            ApiError::NoSession,
            ApiError::SessionExpired,
            ApiError::SessionInvalid,
            ApiError::ChallengeExpired,
            ApiError::ChallengeInvalid,
            ApiError::ChallengeUsed,
            ApiError::SignatureWrong,
            ApiError::NotFound,
            ApiError::MethodNotAllowed,
            ApiError::BodyTooLarge { maximum: 9 },
            ApiError::BodyUnreadable,
            ApiError::BodyMalformed { line: 1, column: 2 },
            ApiError::OutOfRange { field: "parts", allowed: "at most 100" },
            ApiError::PlanInvalid(WireError::OutOfRange { what: "plan", field: "modulus" }),
            ApiError::PlanOfOtherDataset,
            ApiError::PlanTooLarge { needed_bytes: 2, maximum_bytes: 1 },
            ApiError::NotCommitted,
            ApiError::TransferGone,
            ApiError::PartMissing { number: 4 },
            ApiError::PartDiffers { number: 4 },
            ApiError::OtherContent { object },
            ApiError::ObjectMissing { object },
            ApiError::ObjectDiffers { object },
            ApiError::OutOfSequence { expected: 2, actual: 5 },
            ApiError::JobIdTaken,
            ApiError::StoredUnreadable { what: "plan" },
            ApiError::Storage(StoreError::refused("read an object", "the secret cause")),
            ApiError::Token(IssueError),
        ];
        others.into_iter().chain(scoring).chain(training).collect()
    }

    #[test]
    fn every_error_has_its_own_code_and_a_sentence() {
        let problems: Vec<Problem> = one_of_each().iter().map(ApiError::problem).collect();
        let codes: BTreeSet<&str> = problems.iter().map(|problem| problem.code.as_str()).collect();
        assert_eq!(codes.len(), problems.len());
        for problem in &problems {
            assert_eq!(problem.kind, format!("urn:veilsum:problem:{}", problem.code));
            assert!((400..600).contains(&problem.status));
            assert!(problem.code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'));
            assert!(problem.detail.ends_with('.') && problem.detail.len() > 30, "{}", problem.detail);
        }
    }

    #[test]
    fn causes_in_storage_are_for_the_log_only() {
        let error = ApiError::Storage(StoreError::refused("read an object", "the secret cause"));
        assert!(chain(&error).contains("the secret cause"));
        assert!(!serde_json::to_string(&error.problem()).unwrap().contains("secret"));
    }

    #[test]
    fn responses_are_problem_documents() {
        for error in one_of_each() {
            let problem = error.problem();
            let response = error.into_response();
            assert_eq!(response.status().as_u16(), problem.status);
            assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
            assert_eq!(response.headers().contains_key(WWW_AUTHENTICATE), problem.status == 401);
            assert_eq!(response.headers().contains_key(RETRY_AFTER), problem.status == 503);
        }
    }

    #[test]
    fn sentences_name_the_place() {
        let detail = |error: ApiError| error.problem().detail;
        assert!(detail(ApiError::PartMissing { number: 17 }).contains("17"));
        assert!(
            detail(ApiError::ObjectMissing { object: Object::RowGroup { index: 8 } }).contains("row group 8")
        );
        assert!(detail(ApiError::OutOfSequence { expected: 2, actual: 5 }).contains('5'));
        assert!(detail(ApiError::BodyMalformed { line: 3, column: 14 }).contains("line 3, column 14"));
    }
}

//! Why a request came to nothing, and what people are told.

use veilsum_protocol::api::Problem;

use crate::abort::Aborted;
use crate::messages::Fault;

/// Why a request came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApiError {
    /// It was stopped from here.
    Aborted,
    /// No answer came.
    NoAnswer {
        /// Whether the device itself says that it is offline.
        offline: bool,
    },
    /// The API answered with a problem document.
    Problem(Box<Problem>),
    /// Something before the API answered, e.g. a gateway.
    Status {
        /// HTTP status.
        status: u16,
    },
    /// Storage refused.
    Storage {
        /// HTTP status.
        status: u16,
        /// The store's own code.
        code: String,
    },
    /// The answer is not the message that was expected.
    NotUnderstood,
    /// There is nothing under this name.
    NotFound,
}

impl ApiError {
    /// Whether the same request may succeed a little later.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        let passing = |status: u16| status >= 500 || status == 429 || status == 408;
        match self {
            Self::NoAnswer { .. } => true,
            Self::Problem(problem) => passing(problem.status),
            Self::Status { status } | Self::Storage { status, .. } => passing(*status),
            Self::Aborted | Self::NotUnderstood | Self::NotFound => false,
        }
    }

    /// Whether the token is not (any more) one of a session.
    #[must_use]
    pub fn is_signed_out(&self) -> bool {
        matches!(self, Self::Problem(problem) if problem.status == 401)
    }

    /// Whether a presigned URL has expired.
    #[must_use]
    pub fn is_expired_url(&self) -> bool {
        matches!(self, Self::Storage { status: 403, .. })
    }

    /// Whether storage does not know a multipart transfer any more.
    #[must_use]
    pub fn is_transfer_gone(&self) -> bool {
        self.code() == Some("transfer-gone")
            || matches!(self, Self::Storage { code, .. } if code == "NoSuchUpload")
    }

    /// Whether there is nothing of ours under the address.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        match self {
            Self::Problem(problem) => problem.status == 404,
            Self::Status { status } | Self::Storage { status, .. } => *status == 404,
            Self::NotFound => true,
            Self::Aborted | Self::NoAnswer { .. } | Self::NotUnderstood => false,
        }
    }

    /// Whether a manifest was not stored because there is one already.
    #[must_use]
    pub fn is_about_another_manifest(&self) -> bool {
        matches!(self.code(), Some("other-content" | "out-of-sequence"))
    }

    /// Whether the cloud says that the dataset is registered and has no manifest.
    #[must_use]
    pub fn is_not_committed(&self) -> bool {
        self.code() == Some("not-committed")
    }

    /// The API's own code, where it gave one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        if let Self::Problem(problem) = self { Some(&problem.code) } else { None }
    }
}

impl From<Aborted> for ApiError {
    fn from(_: Aborted) -> Self {
        Self::Aborted
    }
}

impl From<ApiError> for Fault {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::Aborted => Aborted.into(),
            ApiError::NoAnswer { offline: true } => Self::new(
                "offline",
                "This device is offline. Nothing stored is lost: connect it and try again.",
            ),
            ApiError::NoAnswer { offline: false } => Self::new(
                "no-answer",
                "The Veilsum server does not answer. Nothing stored is lost: check the connection, or that the \
                 server runs, and try again.",
            ),
            ApiError::Problem(problem) => {
                Self::new(&problem.code, &problem.detail).with_detail(format!("{} ({})", problem.title, problem.status))
            }
            ApiError::Status { status } => Self::new(
                "no-answer",
                "The Veilsum server could not answer this request. Nothing stored is lost: try again in a moment.",
            )
            .with_detail(format!("HTTP status {status}")),
            ApiError::Storage { status, code } => Self::new(
                "storage-refused",
                "The storage refused an object. Nothing stored is lost: try again.",
            )
            .with_detail(format!("HTTP status {status}, {code}")),
            ApiError::NotUnderstood => Self::new(
                "not-understood",
                "The server gave an answer that this page does not understand. Load the page again to have its \
                 newest version.",
            ),
            ApiError::NotFound => {
                Self::new("not-found", "There is nothing under this name; load the page again.")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn problem(status: u16, code: &str) -> ApiError {
        ApiError::Problem(Box::new(Problem {
            kind: format!("urn:veilsum:problem:{code}"),
            code: code.to_owned(),
            status,
            title: "Title".to_owned(),
            detail: "The server's own sentence.".to_owned(),
        }))
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        for passing in [
            ApiError::NoAnswer { offline: true },
            problem(503, "storage-unavailable"),
            ApiError::Status { status: 502 },
            ApiError::Status { status: 429 },
            ApiError::Storage { status: 503, code: "SlowDown".to_owned() },
        ] {
            assert!(passing.is_passing(), "{passing:?}");
        }
        for lasting in [
            ApiError::Aborted,
            problem(404, "not-found"),
            problem(409, "part-differs"),
            ApiError::Storage { status: 403, code: "AccessDenied".to_owned() },
            ApiError::NotUnderstood,
        ] {
            assert!(!lasting.is_passing(), "{lasting:?}");
        }
    }

    #[test]
    fn problems_keep_the_servers_sentence() {
        let fault = Fault::from(problem(409, "not-committed"));
        assert_eq!(fault.code, "not-committed");
        assert_eq!(fault.message, "The server's own sentence.");
    }

    #[test]
    fn a_lost_transfer_is_known_from_both_sides() {
        assert!(problem(409, "transfer-gone").is_transfer_gone());
        assert!(ApiError::Storage { status: 404, code: "NoSuchUpload".to_owned() }.is_transfer_gone());
        assert!(!problem(409, "part-missing").is_transfer_gone());
    }
}

//! What the gateway itself answers when a request does not get to a function or comes back without an answer.

use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use veilsum_protocol::api::Problem;

use super::{Body, full};

/// Why there is no answer from the function.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Headers over the limit.
    HeadersTooLarge { actual: usize, limit: usize },
    /// A header or the address is not text.
    UnreadableHeaders,
    /// Body over the limit.
    BodyTooLarge { limit: usize },
    /// The body broke off.
    BrokenBody,
    /// The function took too long.
    TimedOut,
    /// The function crashed or answered with an error.
    FunctionFailed { error: String },
    /// The stack is going down.
    Stopping,
    /// Addressed to another host.
    WrongHost { authority: String },
    /// A method that the page does not have.
    WrongMethod,
}

impl Trouble {
    pub(super) fn into_response(self) -> Response<Body> {
        let (status, code, title, detail) = self.describe();
        let problem = Problem {
            kind: format!("urn:veilsum:problem:{code}"),
            code: code.to_owned(),
            status: status.as_u16(),
            title: title.to_owned(),
            detail,
        };
        let body = serde_json::to_vec(&problem).expect("strings and a number always serialise");
        let mut response = Response::new(full(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        // There may be an unread body left, which would be taken for the next request.
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        response
    }

    fn describe(self) -> (StatusCode, &'static str, &'static str, String) {
        match self {
            Self::HeadersTooLarge { actual, limit } => (
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "headers-too-large",
                "Headers too large",
                format!(
                    "The request has {actual} bytes of headers; at most {limit} are allowed. Send fewer."
                ),
            ),
            Self::UnreadableHeaders => (
                StatusCode::BAD_REQUEST,
                "headers-unreadable",
                "Headers unreadable",
                "A header of the request is not text. Send headers in ASCII.".to_owned(),
            ),
            Self::BodyTooLarge { limit } => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "body-too-large",
                "Body too large",
                format!(
                    "The body of a request to the API may have {limit} bytes, less what its encoding adds. Send \
                     data to storage instead."
                ),
            ),
            Self::BrokenBody => (
                StatusCode::BAD_REQUEST,
                "body-incomplete",
                "Body incomplete",
                "The body of the request broke off. Send it again.".to_owned(),
            ),
            Self::TimedOut => (
                StatusCode::SERVICE_UNAVAILABLE,
                "timed-out",
                "Timed out",
                "The API did not answer within 29 seconds. Try again.".to_owned(),
            ),
            Self::FunctionFailed { error } => {
                tracing::error!(error, "no answer from the function api");
                (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "function-failed",
                    "The API failed",
                    "The function behind the API failed without an answer. Try again; data/logs/api.log says more."
                        .to_owned(),
                )
            }
            Self::Stopping => (
                StatusCode::SERVICE_UNAVAILABLE,
                "stopping",
                "Stopping",
                "The local cloud is being stopped. Start it again.".to_owned(),
            ),
            Self::WrongHost { authority } => (
                StatusCode::MISDIRECTED_REQUEST,
                "wrong-host",
                "Wrong host",
                format!("This server is http://{authority}. Use exactly this address."),
            ),
            Self::WrongMethod => (
                StatusCode::METHOD_NOT_ALLOWED,
                "wrong-method",
                "Wrong method",
                "The page can only be read. The API is under /api/v1.".to_owned(),
            ),
        }
    }
}

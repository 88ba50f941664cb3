//! One attempt at one HTTP request.

use std::time::Duration;

use futures_util::future::{Either, select};
use js_sys::Uint8Array;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, Blob, Headers, RequestCache, RequestCredentials, RequestInit, RequestMode, Response,
};

use crate::api::ApiError;
use crate::time::{scope, sleep};

/// An API call without an answer for this long is tried again.
const CALL_LIMIT: Duration = Duration::from_secs(40);
/// The same for a part on its way, which may be several MiB over a slow line.
const TRANSFER_LIMIT: Duration = Duration::from_secs(10 * 60);

/// The methods in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Post,
    Put,
    Delete,
}

/// What goes out.
pub(super) struct Outgoing<'a> {
    pub(super) method: Method,
    pub(super) url: &'a str,
    pub(super) headers: Vec<(&'a str, String)>,
    pub(super) body: Body<'a>,
}

/// The body of a request.
#[derive(Clone, Copy)]
pub(super) enum Body<'a> {
    None,
    Bytes(&'a [u8]),
    Blob(&'a Blob),
}

/// What came back, whatever its status.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// The answer of the API, or its problem.
    pub(super) fn or_problem(self) -> Result<Self, ApiError> {
        if self.is_success() {
            return Ok(self);
        }
        match serde_json::from_slice(&self.body) {
            Ok(problem) => Err(ApiError::Problem(Box::new(problem))),
            Err(_) => Err(ApiError::Status { status: self.status }),
        }
    }

    /// The answer of storage, or its error.
    pub(super) fn or_storage_error(self) -> Result<Self, ApiError> {
        if self.is_success() {
            return Ok(self);
        }
        Err(ApiError::Storage { status: self.status, code: storage_code(&self.body) })
    }

    fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// The `Code` element of an S3 error document; empty if there is none.
fn storage_code(document: &[u8]) -> String {
    let text = String::from_utf8_lossy(document);
    let code =
        text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map(|(code, _)| code);
    code.filter(|code| code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        .unwrap_or_default()
        .to_owned()
}

/// Sends `outgoing` once and reads the whole answer. Dropping the future ends the request.
///
/// # Errors
/// [`ApiError::NoAnswer`].
pub(super) async fn once(outgoing: &Outgoing<'_>) -> Result<Answer, ApiError> {
    let under_way = UnderWay::new();
    let limit = match outgoing.body {
        Body::Blob(_) => TRANSFER_LIMIT,
        Body::None | Body::Bytes(_) => CALL_LIMIT,
    };
    let answer = std::pin::pin!(fetch(outgoing, &under_way));
    match select(answer, std::pin::pin!(sleep(limit))).await {
        Either::Left((answer, _)) => answer.map_err(|_| no_answer()),
        Either::Right(((), _)) => Err(no_answer()),
    }
}

async fn fetch(outgoing: &Outgoing<'_>, under_way: &UnderWay) -> Result<Answer, JsValue> {
    let options = RequestInit::new();
    options.set_method(match outgoing.method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
    });
    options.set_mode(RequestMode::Cors);
    options.set_credentials(RequestCredentials::Omit);
    options.set_cache(RequestCache::NoStore);
    if let Some(controller) = &under_way.0 {
        options.set_signal(Some(&controller.signal()));
    }
    let headers = Headers::new()?;
    for (name, value) in &outgoing.headers {
        headers.append(name, value)?;
    }
    options.set_headers(&headers);
    match outgoing.body {
        Body::None => {}
        Body::Bytes(bytes) => options.set_body(&Uint8Array::from(bytes)),
        Body::Blob(blob) => options.set_body(blob),
    }
    let response = JsFuture::from(scope().fetch_with_str_and_init(outgoing.url, &options)).await?;
    let response: Response = response.dyn_into()?;
    let body = Uint8Array::new(&JsFuture::from(response.array_buffer()?).await?).to_vec();
    Ok(Answer { status: response.status(), body })
}

fn no_answer() -> ApiError {
    ApiError::NoAnswer { offline: !scope().navigator().on_line() }
}

/// Ends the request when it is dropped; does nothing to one that has ended.
struct UnderWay(Option<AbortController>);

impl UnderWay {
    fn new() -> Self {
        Self(AbortController::new().ok())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Some(controller) = &self.0 {
            controller.abort();
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn reads_the_code_of_a_storage_error() {
        let document = b"<?xml version=\"1.0\"?><Error><Code>NoSuchUpload</Code><Message>m</Message></Error>";
        assert_eq!(storage_code(document), "NoSuchUpload");
        assert_eq!(storage_code(b"<html>Bad gateway</html>"), "");
        assert_eq!(storage_code(b"<Code><script></Code>"), "");
    }

    #[test]
    fn problems_are_told_from_other_answers() {
        let body = br#"{"type":"urn:veilsum:problem:not-found","code":"not-found","status":404,"title":"t","detail":"d"}"#;
        let answer = Answer { status: 404, body: body.to_vec() };
        assert!(answer.or_problem().is_err_and(|error| error.code() == Some("not-found")));
        let answer = Answer { status: 502, body: b"<html>".to_vec() };
        assert_eq!(answer.or_problem().err(), Some(ApiError::Status { status: 502 }));
        assert!(Answer { status: 204, body: Vec::new() }.or_problem().is_ok());
    }
}

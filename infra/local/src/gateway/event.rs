//! HTTP as API Gateway hands it to a function: an HTTP API's payload format 2.0, route `$default`.
//!
//! `queryStringParameters` is left out: `lambda_http` reads `rawQueryString`.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HeaderMap, SET_COOKIE, TRANSFER_ENCODING,
};
use hyper::http::request;
use hyper::{Response, StatusCode};
use serde::{Deserialize, Serialize};

use super::{Body, full};
use crate::s3::now_ms;
use crate::secrets::random_hex;

const ROUTE: &str = "$default";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    version: &'static str,
    route_key: &'static str,
    raw_path: &'a str,
    raw_query_string: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<&'a str>,
    headers: BTreeMap<&'a str, String>,
    request_context: Context<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    is_base64_encoded: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Context<'a> {
    account_id: &'static str,
    api_id: &'static str,
    domain_name: &'a str,
    domain_prefix: &'static str,
    http: Http<'a>,
    request_id: String,
    route_key: &'static str,
    stage: &'static str,
    time_epoch: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Http<'a> {
    method: &'a str,
    path: &'a str,
    protocol: &'static str,
    source_ip: &'static str,
    user_agent: &'a str,
}

/// The event for a request; `None` if a header is not text.
pub(super) fn request(parts: &request::Parts, body: &[u8], authority: &str) -> Option<Vec<u8>> {
    let mut headers: BTreeMap<&str, String> = BTreeMap::new();
    for (name, value) in parts.headers.iter().filter(|(name, _)| **name != COOKIE) {
        let value = value.to_str().ok()?;
        headers
            .entry(name.as_str())
            .and_modify(|values| {
                values.push(',');
                values.push_str(value);
            })
            .or_insert_with(|| value.to_owned());
    }
    for (name, value) in [("x-forwarded-proto", "http"), ("x-forwarded-for", "127.0.0.1")] {
        headers.insert(name, value.to_owned());
    }
    let cookies = parts.headers.get_all(COOKIE).iter().map(|cookie| cookie.to_str().ok());
    let cookies: Vec<_> = cookies.collect::<Option<Vec<_>>>()?;
    let (body, is_base64_encoded) = encode(&parts.headers, body);
    let user_agent =
        parts.headers.get("user-agent").and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    let path = parts.uri.path();
    let event = Event {
        version: "2.0",
        route_key: ROUTE,
        raw_path: path,
        raw_query_string: parts.uri.query().unwrap_or_default(),
        cookies: cookies.iter().flat_map(|cookie| cookie.split("; ")).collect(),
        headers,
        request_context: Context {
            account_id: "000000000000",
            api_id: "local",
            domain_name: authority,
            domain_prefix: "local",
            http: Http {
                method: parts.method.as_str(),
                path,
                protocol: "HTTP/1.1",
                source_ip: "127.0.0.1",
                user_agent,
            },
            request_id: random_hex::<8>().ok()?,
            route_key: ROUTE,
            stage: ROUTE,
            time_epoch: now_ms(),
        },
        body,
        is_base64_encoded,
    };
    serde_json::to_vec(&event).ok()
}

/// A body is text if its media type says so and it is; anything else travels in base64.
fn encode(headers: &HeaderMap, body: &[u8]) -> (Option<String>, bool) {
    if body.is_empty() {
        return (None, false);
    }
    let media = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_text = media.starts_with("text/") || media.contains("json") || media.contains("xml");
    match std::str::from_utf8(body) {
        Ok(text) if is_text => (Some(text.to_owned()), false),
        _ => (Some(STANDARD.encode(body)), true),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status_code: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    multi_value_headers: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    cookies: Vec<String>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// The response that a function's result stands for; `None` if it stands for none.
pub(super) fn response(result: &[u8]) -> Option<Response<Body>> {
    let answer: Answer = serde_json::from_slice(result).ok()?;
    let body = answer.body.unwrap_or_default();
    let body = if answer.is_base64_encoded { STANDARD.decode(body).ok()? } else { body.into_bytes() };
    let mut response = Response::new(full(body));
    *response.status_mut() = StatusCode::from_u16(answer.status_code).ok()?;
    let many = answer.multi_value_headers.into_iter();
    let many = many.flat_map(|(name, values)| values.into_iter().map(move |value| (name.clone(), value)));
    let cookies = answer.cookies.into_iter().map(|cookie| (SET_COOKIE.to_string(), cookie));
    for (name, value) in answer.headers.into_iter().chain(many).chain(cookies) {
        let name = hyper::header::HeaderName::try_from(name).ok()?;
        // These describe the connection, which is ours.
        if ![CONTENT_LENGTH, CONNECTION, TRANSFER_ENCODING].contains(&name) {
            response.headers_mut().append(name, value.parse().ok()?);
        }
    }
    Some(response)
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;
    use hyper::Request;

    use super::*;

    fn event(request: &Request<()>, body: &[u8]) -> String {
        let (parts, ()) = request.clone().into_parts();
        String::from_utf8(super::request(&parts, body, "127.0.0.1:4780").unwrap()).unwrap()
    }

    #[test]
    fn is_read_by_lambda_http_as_the_request_it_was() {
        let request = Request::post("/api/v1/datasets?limit=2&name=a%20b")
            .header("host", "127.0.0.1:4780")
            .header("authorization", "Bearer x")
            .header("content-type", "application/json")
            .header("x-twice", "1")
            .header("x-twice", "2")
            .header("cookie", "a=1; b=2")
            .body(())
            .unwrap();
        let read = lambda_http::request::from_str(&event(&request, b"{\"a\":1}")).unwrap();
        assert_eq!(read.method(), "POST");
        assert_eq!(read.uri().path(), "/api/v1/datasets");
        assert_eq!(read.uri().query(), Some("limit=2&name=a%20b"));
        assert_eq!(read.headers()["authorization"], "Bearer x");
        assert_eq!(read.headers()["x-twice"], "1,2");
        assert_eq!(read.headers()["cookie"], "a=1; b=2");
        assert!(matches!(read.body(), lambda_http::Body::Text(text) if text == "{\"a\":1}"));
    }

    #[test]
    fn carries_bytes_that_are_not_text_in_base64() {
        let request =
            Request::put("/api/x").header("content-type", "application/octet-stream").body(()).unwrap();
        let read = lambda_http::request::from_str(&event(&request, &[0, 255, 1])).unwrap();
        assert!(matches!(read.body(), lambda_http::Body::Binary(bytes) if bytes == &[0, 255, 1]));
        let lying = Request::put("/api/x").header("content-type", "application/json").body(()).unwrap();
        let read = lambda_http::request::from_str(&event(&lying, &[0, 255, 1])).unwrap();
        assert!(matches!(read.body(), lambda_http::Body::Binary(bytes) if bytes == &[0, 255, 1]));
    }

    #[tokio::test]
    async fn turns_a_result_into_the_response_it_stands_for() {
        let result =
            br#"{"statusCode":201,"headers":{"content-type":"application/json","content-length":"9"},
            "multiValueHeaders":{},"cookies":["a=1","b=2"],"body":"e30=","isBase64Encoded":true}"#;
        let response = response(result).unwrap();
        assert_eq!(response.status(), 201);
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(response.headers().get_all("set-cookie").iter().count(), 2);
        assert!(!response.headers().contains_key("content-length"));
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "{}");
    }

    #[test]
    fn refuses_a_result_that_is_no_response() {
        for result in
            [&b"{}"[..], b"null", b"{\"statusCode\":1}", b"{\"statusCode\":200,\"headers\":{\"a b\":\"\"}}"]
        {
            assert!(response(result).is_none());
        }
    }
}

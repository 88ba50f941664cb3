//! The front door: `/api/` goes to the function `api`, everything else is the page.

mod event;
mod problem;
mod site;

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::header::{CACHE_CONTROL, HOST, HeaderMap, HeaderName, HeaderValue, LOCATION};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use tokio::net::TcpListener;

use crate::functions::{Function, Host, InvokeError, PAYLOAD_LIMIT_BYTES};
use crate::server::{self, BoxError, Server};
use problem::Trouble;
use site::Site;

/// Body of every answer.
type Body = UnsyncBoxBody<Bytes, BoxError>;

/// Longest time for one API request, as behind API Gateway.
const API_TIMEOUT: Duration = Duration::from_secs(29);
/// Most bytes of all headers of an API request, as behind API Gateway.
const API_HEADER_LIMIT_BYTES: usize = 10_240;

/// Serves page and API on `listener`; the page may talk to `s3_origin` besides its own.
pub(crate) fn serve(
    listener: TcpListener,
    site: PathBuf,
    functions: Host,
    s3_origin: &str,
) -> std::io::Result<Server> {
    let authority = listener.local_addr()?.to_string();
    let headers = security_headers(s3_origin).map_err(std::io::Error::other)?;
    let gateway = Arc::new(Gateway { site: Site::new(site), functions, authority, headers });
    let service = service_fn(move |request: Request<Incoming>| {
        let gateway = Arc::clone(&gateway);
        async move { Ok::<_, Infallible>(gateway.answer(request).await) }
    });
    server::spawn(listener, service)
}

struct Gateway {
    site: Site,
    functions: Host,
    /// Host and port by which the page is known to browsers.
    authority: String,
    headers: HeaderMap,
}

fn security_headers(s3_origin: &str) -> Result<HeaderMap, hyper::header::InvalidHeaderValue> {
    let policy = format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
         font-src 'self'; connect-src 'self' {s3_origin}; worker-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'"
    );
    let fixed = [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
    ];
    let mut headers = HeaderMap::new();
    headers.insert("content-security-policy", policy.parse()?);
    for (name, value) in fixed {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    Ok(headers)
}

impl Gateway {
    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let started = Instant::now();
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let is_api = path == "/api" || path.starts_with("/api/");
        let mut response = match (self.is_known_by(request.headers()), is_api) {
            (true, true) => self.api(request).await.unwrap_or_else(|trouble| trouble.into_response()),
            (true, false) => self.site.answer(request).await,
            (false, false) if is_read(&method) => self.redirect(&request),
            (false, _) => Trouble::WrongHost { authority: self.authority.clone() }.into_response(),
        };
        for (name, value) in &self.headers {
            response.headers_mut().insert(name, value.clone());
        }
        let (status, ms) = (response.status().as_u16(), started.elapsed().as_millis());
        tracing::info!(target: "gateway", %method, path, status, ms);
        response
    }

    /// Under another name the page would be another origin, without the keyring stored for this one; and a name that
    /// somebody else chose, resolving to this machine, must not reach the API.
    fn is_known_by(&self, headers: &HeaderMap) -> bool {
        headers.get(HOST).is_some_and(|host| host.as_bytes() == self.authority.as_bytes())
    }

    fn redirect(&self, request: &Request<Incoming>) -> Response<Body> {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let mut response = Response::new(empty());
        if let Ok(location) = format!("http://{}{path}", self.authority).parse() {
            *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
            response.headers_mut().insert(LOCATION, location);
        }
        response
    }

    async fn api(&self, request: Request<Incoming>) -> Result<Response<Body>, Trouble> {
        let (parts, body) = request.into_parts();
        let header_bytes = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        if header_bytes > API_HEADER_LIMIT_BYTES {
            return Err(Trouble::HeadersTooLarge { actual: header_bytes, limit: API_HEADER_LIMIT_BYTES });
        }
        let too_large = Trouble::BodyTooLarge { limit: PAYLOAD_LIMIT_BYTES };
        if body.size_hint().lower() > PAYLOAD_LIMIT_BYTES as u64 {
            return Err(too_large);
        }
        let body = match Limited::new(body, PAYLOAD_LIMIT_BYTES).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => return Err(too_large),
            Err(_) => return Err(Trouble::BrokenBody),
        };
        let event = event::request(&parts, &body, &self.authority).ok_or(Trouble::UnreadableHeaders)?;
        let invocation = self.functions.invoke(Function::Api, event.into());
        let result = match tokio::time::timeout(API_TIMEOUT, invocation).await {
            Ok(Ok(result)) => result,
            Ok(Err(InvokeError::PayloadTooLarge { .. })) => return Err(too_large),
            Ok(Err(InvokeError::TimedOut { .. })) | Err(_) => return Err(Trouble::TimedOut),
            Ok(Err(InvokeError::Stopping)) => return Err(Trouble::Stopping),
            Ok(Err(error)) => return Err(Trouble::FunctionFailed { error: error.to_string() }),
        };
        let mut response = event::response(&result).ok_or_else(|| Trouble::FunctionFailed {
            error: "its answer is not an HTTP answer".to_owned(),
        })?;
        response.headers_mut().entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        Ok(response)
    }
}

fn is_read(method: &Method) -> bool {
    *method == Method::GET || *method == Method::HEAD
}

fn empty() -> Body {
    http_body_util::Empty::new().map_err(|never| match never {}).boxed_unsync()
}

fn full(bytes: impl Into<Bytes>) -> Body {
    http_body_util::Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

//! S3 over HTTP: signatures, CORS, injected faults, and answers that reach a client that is still sending.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use hyper::header::{CONNECTION, CONTENT_TYPE, ETAG, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::service::TowerToHyperService;
use s3s::Body;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use tokio::net::TcpListener;
use tower::{ServiceBuilder, service_fn};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use super::backend::Backend;
use crate::secrets::Credentials;
use crate::server::{self, BoxError, Server};

/// How long a browser may remember what it is allowed.
const CORS_AGE: Duration = Duration::from_secs(600);
/// Most bytes, and longest time, of a refused body that is still read so that the client gets to the answer.
const DRAIN_BYTES: usize = 80 << 20;
const DRAIN_TIME: Duration = Duration::from_secs(30);

/// How S3 is served.
#[derive(Debug, Clone)]
pub struct Options {
    /// The one access key that is known.
    pub credentials: Credentials,
    /// Origins of pages that may call from a browser, such as `http://127.0.0.1:4780`.
    pub origins: Vec<String>,
    /// Faults to inject.
    pub faults: Faults,
}

impl Options {
    /// No browser, no faults.
    #[must_use]
    pub const fn new(credentials: Credentials) -> Self {
        Self { credentials, origins: Vec::new(), faults: Faults::NONE }
    }
}

/// Faults to inject, for tests. The same seed fails the same calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Faults {
    /// Of a hundred calls, how many are answered 503. Of those every second one is carried out first: its answer,
    /// not its effect, is lost.
    pub percent_503: u8,
    /// Chooses the calls.
    pub seed: u64,
}

impl Faults {
    /// None.
    pub const NONE: Self = Self { percent_503: 0, seed: 0 };

    /// What happens to the call of this number.
    fn of_call(self, number: u64) -> Fault {
        let random = mix(self.seed.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        if random % 100 >= u64::from(self.percent_503) {
            Fault::None
        } else if (random >> 32).is_multiple_of(2) {
            Fault::Refused
        } else {
            Fault::AnswerLost
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    Refused,
    AnswerLost,
}

/// The output function of SplitMix64.
const fn mix(mut state: u64) -> u64 {
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

/// Serves `backend` as S3 on `listener`: path-style addresses, SigV4 in headers or in the query.
///
/// # Errors
/// If an origin cannot be a header value or the listener has no address.
pub fn serve(listener: TcpListener, backend: Backend, options: Options) -> std::io::Result<Server> {
    let mut builder = S3ServiceBuilder::new(backend);
    builder.set_auth(SimpleAuth::from_single(options.credentials.access_key, options.credentials.secret_key));
    let service = Arc::new(Faulty { s3: builder.build(), faults: options.faults, calls: AtomicU64::new(0) });
    let answer = service_fn(move |request: Request<Incoming>| {
        let service = Arc::clone(&service);
        async move { service.answer(request).await }
    });
    let stack = ServiceBuilder::new().layer(cors(&options.origins)?).service(answer);
    server::spawn(listener, TowerToHyperService::new(stack))
}

fn cors(origins: &[String]) -> std::io::Result<CorsLayer> {
    let origins = origins.iter().map(|origin| origin.parse());
    let origins: Vec<HeaderValue> = origins.collect::<Result<_, _>>().map_err(std::io::Error::other)?;
    Ok(CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::PUT, Method::HEAD])
        .allow_headers(AllowHeaders::any())
        .expose_headers([ETAG, HeaderName::from_static("x-amz-checksum-sha256")])
        .max_age(CORS_AGE))
}

struct Faulty {
    s3: S3Service,
    faults: Faults,
    calls: AtomicU64,
}

impl Faulty {
    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Body>, BoxError> {
        let started = Instant::now();
        // The query of a presigned URL is as good as a password, so only the path is logged.
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let request = request.map(|body| Body::http_body_unsync(Drained { body: Some(body) }));
        let mut response = match self.faults.of_call(self.calls.fetch_add(1, Ordering::Relaxed)) {
            Fault::None => self.s3.call(request).await?,
            Fault::Refused => slow_down(),
            Fault::AnswerLost => {
                let _ = self.s3.call(request).await?;
                slow_down()
            }
        };
        let status = response.status();
        if status.as_u16() >= 400 && (method == Method::PUT || method == Method::POST) {
            // What is left of the body would be taken for the next request.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        let ms = started.elapsed().as_millis();
        tracing::info!(target: "s3", %method, %path, status = status.as_u16(), ms);
        Ok(response)
    }
}

fn slow_down() -> Response<Body> {
    const XML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
        <Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>";
    let mut response = Response::new(Body::from(XML.to_owned()));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    response
}

/// A request body that is read to its end in the background when it is dropped before: a client that is still
/// sending while the connection closes sees a broken connection instead of the answer that says why.
struct Drained {
    body: Option<Incoming>,
}

impl hyper::body::Body for Drained {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, Incoming::size_hint)
    }
}

impl Drop for Drained {
    fn drop(&mut self) {
        if let Some(body) = self.body.take().filter(|body| !body.is_end_stream())
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(tokio::time::timeout(DRAIN_TIME, drain(body)));
        }
    }
}

async fn drain(mut body: Incoming) {
    let mut left = DRAIN_BYTES;
    while let Some(Ok(frame)) = body.frame().await {
        let Some(rest) = left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) else { return };
        left = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn injects_the_asked_share_of_faults_and_the_same_ones_again() {
        let faults = Faults { percent_503: 30, seed: 7 };
        let calls: Vec<_> = (0..10_000).map(|number| faults.of_call(number)).collect();
        let count = |fault| calls.iter().filter(|found| **found == fault).count();
        assert!((2_700..3_300).contains(&(count(Fault::Refused) + count(Fault::AnswerLost))));
        assert!(count(Fault::Refused) > 1_200 && count(Fault::AnswerLost) > 1_200);
        assert!(calls.iter().enumerate().all(|(number, fault)| faults.of_call(number as u64) == *fault));
    }

    #[test]
    fn injects_nothing_unless_asked() {
        assert!((0..10_000).all(|number| Faults::NONE.of_call(number) == Fault::None));
    }
}

//! A running S3, a client of it, and a plain HTTP client.

use std::path::Path;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region, RequestChecksumCalculation};
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use base64::Engine as _;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{HeaderMap, Request, StatusCode};
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::rt::TokioExecutor;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tokio::net::TcpListener;
use veilsum_local::s3::{Backend, Faults, Options, Server, serve};

pub const BUCKET: &str = "veilsum";
pub const PAGE: &str = "http://127.0.0.1:4780";
pub const MIB: usize = 1 << 20;

pub struct Running {
    pub client: Client,
    pub backend: Backend,
    pub url: String,
    credentials: veilsum_local::s3::Credentials,
    server: Server,
    folder: TempDir,
}

impl Running {
    pub async fn start() -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), Faults::NONE).await
    }

    pub async fn start_with(faults: Faults) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), faults).await
    }

    /// Stops without warning and starts again on the same folder, as after a kill.
    pub async fn restart(self) -> Self {
        let Self { folder, server, .. } = self;
        drop(server);
        Self::start_in(folder, Faults::NONE).await
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A client with another secret key.
    pub fn intruder(&self) -> Client {
        client(&self.url, &self.credentials.access_key, "wrong")
    }

    async fn start_in(folder: TempDir, faults: Faults) -> Self {
        let backend = Backend::open(folder.path()).unwrap();
        backend.create_bucket(BUCKET).unwrap();
        let credentials = veilsum_local::s3::Credentials::generate().unwrap();
        let options = Options { origins: vec![PAGE.to_owned()], faults, ..Options::new(credentials.clone()) };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = serve(listener, backend.clone(), options).unwrap();
        let url = server.url();
        let client = client(&url, &credentials.access_key, &credentials.secret_key);
        Self { client, backend, url, credentials, server, folder }
    }
}

fn client(url: &str, access_key: &str, secret_key: &str) -> Client {
    let http = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring));
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http.build_https())
        .region(Region::new("us-east-1"))
        .endpoint_url(url)
        .force_path_style(true)
        .request_checksum_calculation(RequestChecksumCalculation::WhenSupported)
        .credentials_provider(Credentials::new(access_key, secret_key, None, None, "test"))
        .build();
    Client::from_conf(config)
}

/// What a plain HTTP request is answered.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// Sends one request on a new connection.
pub async fn send<'a>(
    method: &str,
    url: &str,
    headers: impl IntoIterator<Item = (&'a str, &'a str)>,
    body: impl Into<Bytes>,
) -> Answer {
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let client = HttpClient::builder(TokioExecutor::new()).build_http();
    let response = client.request(request.body(Full::new(body.into())).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer { status: parts.status, headers: parts.headers, body }
}

/// The S3 error code of a failed call.
pub fn code<T: std::fmt::Debug, E: ProvideErrorMetadata + std::fmt::Debug>(result: Result<T, E>) -> String {
    let error = result.expect_err("the call should have been refused");
    error.code().map_or_else(|| format!("{error:?}"), str::to_owned)
}

pub fn base64(bytes: impl AsRef<[u8]>) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

pub fn sha256(bytes: &[u8]) -> String {
    base64(Sha256::digest(bytes))
}

/// Bytes without a pattern that a mistake could hide in.
pub fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..length).map(|_| next()).collect()
}

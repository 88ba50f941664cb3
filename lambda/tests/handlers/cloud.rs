//! A cloud to test against: S3 on a free port, the router of `api`, and tenants that sign in.

use std::path::Path;

use aws_config::{BehaviorVersion, Region};
use aws_sdk_s3::config::Credentials as AwsCredentials;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use bytes::Bytes;
use ed25519_dalek::{Signer as _, SigningKey};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tower::ServiceExt as _;
use veilsum_lambda::api::router;
use veilsum_lambda::store::Store;
use veilsum_lambda::tokens::Tokens;
use veilsum_local::Stack;
use veilsum_local::s3::{Backend, Credentials, Faults, Options, Server, serve};
use veilsum_protocol::TenantId;
use veilsum_protocol::api::{Challenge, PartUrl, Problem, SIGN_IN_LABEL, Session, SignIn};

pub const BUCKET: &str = "veilsum";
/// The key of the tokens that a [`Cloud`] makes.
pub const TOKEN_KEY: &str = "5e0d3c8b7a695847362514039281706f5e4d3c2b1a09f8e7d6c5b4a392817060";
/// How often a test tries again what an overloaded storage refused.
pub const TRIES: usize = 20;
/// For calls without a message.
pub const NOTHING: Option<&()> = None;

/// S3 and the function `api`.
pub struct Cloud {
    pub store: Store,
    /// What S3 holds, seen from inside.
    pub backend: Backend,
    pub credentials: Credentials,
    pub endpoint: String,
    router: Router,
    faulty: bool,
    /// S3, unless it is that of a stack.
    _server: Option<(Server, TempDir)>,
}

/// An answer of the API or of storage.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// Someone who has signed in.
pub struct Tenant {
    pub id: TenantId,
    pub token: String,
}

impl Cloud {
    pub async fn start() -> Self {
        Self::with_faults(Faults::NONE).await
    }

    pub async fn with_faults(faults: Faults) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let backend = Backend::open(&folder.path().join("s3")).unwrap();
        backend.create_bucket(BUCKET).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let credentials = Credentials::generate().unwrap();
        let options = Options { faults, ..Options::new(credentials.clone()) };
        let server = serve(listener, backend.clone(), options).unwrap();
        let endpoint = server.url();
        let store = connect(&credentials, &endpoint).await;
        let router = router(store.clone(), Tokens::from_hex(TOKEN_KEY).unwrap());
        let (faulty, server) = (faults != Faults::NONE, Some((server, folder)));
        Self { store, backend, credentials, endpoint, router, faulty, _server: server }
    }

    /// The API in this process, over the storage of a whole stack, which starts functions.
    pub async fn over(stack: &Stack) -> Self {
        let (credentials, endpoint) = (stack.credentials().clone(), stack.s3_url());
        let store = connect(&credentials, &endpoint).await;
        let router = router(store.clone(), Tokens::from_hex(TOKEN_KEY).unwrap());
        let backend = stack.backend().clone();
        Self { store, backend, credentials, endpoint, router, faulty: false, _server: None }
    }

    /// Calls the API. `path` comes after `/api/v1`.
    pub async fn call<T: Serialize>(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        message: Option<&T>,
    ) -> Reply {
        let body = message.map_or_else(Vec::new, |message| serde_json::to_vec(message).unwrap());
        let token = token.map(|token| format!("Bearer {token}"));
        let mut tries = 0;
        loop {
            let reply = self.send(method, &format!("/api/v1{path}"), token.as_deref(), body.clone()).await;
            tries += 1;
            // The page tries again, too, where storage is known to fail.
            if !self.faulty || tries == TRIES || reply.status != StatusCode::SERVICE_UNAVAILABLE {
                return reply;
            }
        }
    }

    /// Calls the API with any header `Authorization` and any body.
    pub async fn send(&self, method: &str, path: &str, authorization: Option<&str>, body: Vec<u8>) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(authorization) = authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let response = self.router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Reply { status: parts.status, headers: parts.headers, body }
    }

    /// Signs in with the identity key that `seed` stands for.
    pub async fn sign_in(&self, seed: u8) -> Tenant {
        for _ in 0..TRIES {
            let challenge: Challenge = self.call("POST", "/sessions/challenge", None, NOTHING).await.json();
            let sign_in = signed(&SigningKey::from_bytes(&[seed; 32]), &challenge.challenge);
            let body = serde_json::to_vec(&sign_in).unwrap();
            let reply = self.send("POST", "/api/v1/sessions", None, body).await;
            if reply.status != StatusCode::SERVICE_UNAVAILABLE {
                let session: Session = reply.json();
                return Tenant { id: session.tenant, token: session.token };
            }
        }
        panic!("storage fails too often");
    }

    /// All keys in the bucket.
    pub fn keys(&self) -> Vec<String> {
        self.backend.list(BUCKET, "").iter().map(|object| object.key.clone()).collect()
    }
}

impl Tenant {
    pub async fn get(&self, cloud: &Cloud, path: &str) -> Reply {
        cloud.call("GET", path, Some(&self.token), NOTHING).await
    }

    pub async fn post<T: Serialize>(&self, cloud: &Cloud, path: &str, message: &T) -> Reply {
        cloud.call("POST", path, Some(&self.token), Some(message)).await
    }

    pub async fn delete(&self, cloud: &Cloud, path: &str) -> Reply {
        cloud.call("DELETE", path, Some(&self.token), NOTHING).await
    }
}

impl Reply {
    /// The message of a success.
    pub fn json<T: DeserializeOwned>(&self) -> T {
        assert!(self.status.is_success(), "{} {}", self.status, String::from_utf8_lossy(&self.body));
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Status and code of a problem document.
    pub fn problem(&self) -> (u16, String) {
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json");
        let problem: Problem = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(problem.status, self.status.as_u16());
        (problem.status, problem.code)
    }

    /// Asserts that this is the problem `code`.
    #[track_caller]
    pub fn is_problem(&self, status: u16, code: &str) {
        assert_eq!(self.problem(), (status, code.to_owned()));
    }
}

/// The client's half of a sign-in.
pub fn signed(key: &SigningKey, challenge: &str) -> SignIn {
    let signature = key.sign(&[SIGN_IN_LABEL, challenge.as_bytes()].concat());
    SignIn {
        identity_key: hex::encode(key.verifying_key().as_bytes()),
        challenge: challenge.to_owned(),
        signature: hex::encode(signature.to_bytes()),
    }
}

/// Does what the page does with a presigned URL.
pub async fn storage(method: Method, url: &str, headers: &[(String, String)], body: Vec<u8>) -> Reply {
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let client = Client::builder(TokioExecutor::new()).build_http();
    let response = client.request(request.body(Full::new(Bytes::from(body))).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Reply { status: parts.status, headers: parts.headers, body }
}

/// PUTs a part as the page does.
pub async fn put(url: &PartUrl, body: Vec<u8>) -> StatusCode {
    storage(Method::PUT, &url.url, &url.headers, body).await.status
}

/// GETs an object as the page does.
pub async fn get(url: &str) -> Reply {
    storage(Method::GET, url, &[], Vec::new()).await
}

/// Folder of the function binaries under test.
pub fn binaries() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_veilsum-api")).parent().unwrap()
}

async fn connect(credentials: &Credentials, endpoint: &str) -> Store {
    let provider = AwsCredentials::new(&credentials.access_key, &credentials.secret_key, None, None, "tests");
    let environment = aws_config::defaults(BehaviorVersion::latest())
        .credentials_provider(provider)
        .region(Region::new("us-east-1"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .load()
        .await;
    Store::over(&environment, BUCKET.to_owned(), Some(endpoint.to_owned()))
}

//! HTTP as the page speaks it.

use std::time::Duration;

use axum::http::{Method, Request, header};
use bytes::Bytes;
use ed25519_dalek::{Signer as _, SigningKey};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Serialize;
use serde::de::DeserializeOwned;
use veilsum_protocol::api::scoring::{ModelDetail, PublishModel, ScoreState, ScoreStatus, Terms};
use veilsum_protocol::api::{Challenge, SIGN_IN_LABEL, Session, SignIn};

use crate::question::{Published, Question};

const FIRST_LOOK: Duration = Duration::from_millis(10);
const LONGEST_LOOK: Duration = Duration::from_millis(250);

/// Someone who is signed in.
pub struct Client {
    http: HttpClient<HttpConnector, Full<Bytes>>,
    api: String,
    token: String,
}

impl Client {
    pub async fn sign_in(page: &str, identity: [u8; 32]) -> Self {
        let http = HttpClient::builder(TokioExecutor::new()).build_http();
        let mut client = Self { http, api: format!("{page}api/v1"), token: String::new() };
        let Challenge { challenge, .. } = client.post("/sessions/challenge", &()).await;
        let key = SigningKey::from_bytes(&identity);
        let signature = key.sign(&[SIGN_IN_LABEL, challenge.as_bytes()].concat());
        let sign_in = SignIn {
            identity_key: hex::encode(key.verifying_key().as_bytes()),
            challenge,
            signature: hex::encode(signature.to_bytes()),
        };
        client.token = client.post::<Session>("/sessions", &sign_in).await.token;
        client
    }

    pub async fn publish(&self, published: &Published) {
        let document = String::from_utf8(published.model.to_bytes()).unwrap();
        let terms = Some(Terms { rows_per_client: 1_000_000, by_layers: false });
        let message = PublishModel { model: published.id, document, terms };
        let _: ModelDetail = self.post("/models", &message).await;
    }

    /// Announces a query and stores it.
    pub async fn send(&self, question: &Question) {
        let path = format!("/models/{}/scores", question.model);
        let status: ScoreStatus = self.post(&path, &question.start).await;
        let ScoreState::Waiting { url, headers, .. } = status.state else { panic!("{:?}", status.state) };
        let mut request = Request::put(url);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        self.exchange(request.body(Full::new(question.bytes.clone())).unwrap()).await;
    }

    /// Looks at a score until it is done.
    pub async fn ended(&self, question: &Question) -> ScoreStatus {
        let mut pause = FIRST_LOOK;
        loop {
            let request = self.request(Method::GET, &format!("/scores/{}", question.start.score));
            let status = self.exchange(request.body(Full::default()).unwrap()).await;
            let status: ScoreStatus = serde_json::from_slice(&status).unwrap();
            match status.state {
                ScoreState::Waiting { .. } | ScoreState::Running => tokio::time::sleep(pause).await,
                ScoreState::Done { .. } => return status,
                ScoreState::Failed(_) | ScoreState::Cancelled => panic!("{:?}", status.state),
            }
            pause = LONGEST_LOOK.min(pause.mul_f64(1.4));
        }
    }

    pub async fn answer(&self, status: &ScoreStatus) -> Vec<u8> {
        let ScoreState::Done { answer_url } = &status.state else { panic!("{:?}", status.state) };
        self.exchange(Request::get(answer_url).body(Full::default()).unwrap()).await.to_vec()
    }

    fn request(&self, method: Method, path: &str) -> axum::http::request::Builder {
        let request = Request::builder().method(method).uri(format!("{}{path}", self.api));
        let request = request.header(header::CONTENT_TYPE, "application/json");
        if self.token.is_empty() {
            request
        } else {
            request.header(header::AUTHORIZATION, format!("Bearer {}", self.token))
        }
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, message: &impl Serialize) -> T {
        let body = Full::from(serde_json::to_vec(message).unwrap());
        let answer = self.exchange(self.request(Method::POST, path).body(body).unwrap()).await;
        serde_json::from_slice(&answer).unwrap()
    }

    /// Any answer but a success is an error of the measurement.
    async fn exchange(&self, request: Request<Full<Bytes>>) -> Bytes {
        let (parts, body) = self.http.request(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        assert!(parts.status.is_success(), "{} {}", parts.status, String::from_utf8_lossy(&body));
        body
    }
}

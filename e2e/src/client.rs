//! An owner without a browser: talks to the cloud as the vault of the page does, and believes it as little. Manifests
//! and answers are opened by the very functions that the vault uses.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use rand_core::CryptoRng;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;
use veilsum_analysis::answer::Answer;
use veilsum_analysis::plan::{self, ColumnTotal, Planned};
use veilsum_analysis::{FinishError, PlanError};
use veilsum_owner::answer::{AnswerError, VerifiedSum, open_answer};
use veilsum_owner::check::CheckKey;
use veilsum_owner::keyring::Keyring;
use veilsum_owner::manifest::{ManifestError, RollbackError, check_successor, open_manifest, seal_manifest};
use veilsum_protocol::api::{
    Challenge, Commit, CommittedObject, CompleteUpload, CreateDataset, DatasetDetail, JobState, JobStatus,
    Object, Part, RequestUpload, Session, SignIn, StartJob, StoredObject, Upload,
};
use veilsum_protocol::manifest::Manifest;
use veilsum_protocol::{DatasetId, Digest, JobId};

use crate::encrypted::Dataset;
use crate::wait::SOON;

/// The first pause between two looks at a job, and the longest.
const FIRST_LOOK: Duration = Duration::from_millis(10);
const LONGEST_LOOK: Duration = Duration::from_millis(250);

/// Why an owner shows no number.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The manifest is not believed.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The manifest is older than one that was seen.
    #[error(transparent)]
    Rollback(#[from] RollbackError),
    /// The dataset cannot answer.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The answer is not believed.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// The totals cannot be what they should be.
    #[error(transparent)]
    Finish(#[from] FinishError),
    /// The cloud said that the job failed.
    #[error("{message} ({code})")]
    Failed {
        /// Stable code.
        code: String,
        /// What it said.
        message: String,
    },
    /// The cloud said that the job was cancelled.
    #[error("the job was cancelled")]
    Cancelled,
    /// The message is none, or about another dataset than was asked for.
    #[error("the server answered with something else than was asked for")]
    NotUnderstood,
    /// The cloud refused.
    #[error("the server answered with status {status}: {body}")]
    Status {
        /// HTTP status.
        status: u16,
        /// What it said.
        body: String,
    },
    /// Not the cloud's doing: the test itself cannot go on.
    #[error("{0:#}")]
    Trouble(#[from] anyhow::Error),
}

impl Refusal {
    /// Its name: that of the error, or the code that the cloud gave.
    ///
    /// # Errors
    /// It is no refusal but trouble of the test itself.
    pub fn name(self) -> anyhow::Result<String> {
        Ok(match self {
            Self::Manifest(error) => variant(&error),
            Self::Rollback(error) => variant(&error),
            Self::Plan(error) => variant(&error),
            Self::Answer(error) => variant(&error),
            Self::Finish(error) => variant(&error),
            Self::Failed { code, .. } => code,
            Self::Cancelled => "cancelled".to_owned(),
            Self::NotUnderstood => "NotUnderstood".to_owned(),
            Self::Status { status, .. } => format!("status {status}"),
            Self::Trouble(error) => return Err(error),
        })
    }
}

/// `Mismatch { row_group: 1 }` → `Mismatch`.
fn variant(error: &impl Debug) -> String {
    format!("{error:?}").chars().take_while(char::is_ascii_alphanumeric).collect()
}

/// An owner who is signed in.
#[derive(Debug)]
pub struct Client {
    keyring: Arc<Keyring>,
    check: CheckKey,
    proxy: String,
    api: String,
    token: String,
    /// The newest manifest number of every dataset that was seen.
    newest: Mutex<BTreeMap<DatasetId, u64>>,
}

/// An answer and the question that it belongs to.
#[derive(Debug)]
pub struct Answered {
    /// What was asked.
    pub request: veilsum_analysis::Request,
    /// What came out.
    pub answer: Answer,
}

impl Answered {
    /// The exact digits of a figure; empty where there is no such number.
    #[must_use]
    pub fn exact(&self, key: &str) -> &str {
        let figure = self.answer.figures.iter().find(|figure| figure.key == key);
        figure.and_then(|figure| figure.value.as_ref()).map_or("", |value| value.exact.as_str())
    }
}

/// A job that has ended with an answer.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// The signed manifest that it was planned over.
    pub manifest: Manifest,
    /// What was asked.
    pub planned: Planned,
    /// What the cloud says about it.
    pub status: JobStatus,
}

impl Client {
    /// Signs in at `page` (an origin); everything goes through `proxy` (host and port).
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn sign_in(proxy: &str, page: &str, keyring: Arc<Keyring>) -> Result<Self, Refusal> {
        let check = keyring.check_key();
        let proxy = proxy.trim_start_matches("http://").to_owned();
        let (api, newest) = (format!("{page}/api/v1"), Mutex::default());
        let mut client = Self { keyring, check, proxy, api, token: String::new(), newest };
        let Challenge { challenge, .. } = client.post("/sessions/challenge", &()).await?;
        let identity = client.keyring.identity();
        let sign_in = SignIn {
            identity_key: hex::encode(identity.public_bytes()),
            signature: hex::encode(identity.sign_challenge(&challenge)),
            challenge,
        };
        let session: Session = client.post("/sessions", &sign_in).await?;
        client.token = session.token;
        Ok(client)
    }

    /// The keys.
    #[must_use]
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// Stores a dataset and its first manifest; gives the manifest as it is stored.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn upload(&self, dataset: &Dataset, rng: &mut impl CryptoRng) -> Result<Vec<u8>, Refusal> {
        let id = dataset.manifest.dataset;
        self.send(Method::POST, "/datasets", Some(&CreateDataset { dataset: id })).await?;
        for group in &dataset.row_groups {
            let object = Object::RowGroup { index: group.header.index };
            let (transfer, parts) = self.send_object(id, object, &group.bytes).await?;
            let request = CompleteUpload { object, transfer, parts };
            let _: StoredObject = self.post(&format!("/datasets/{id}/uploads/complete"), &request).await?;
        }
        self.commit(&dataset.manifest, rng).await
    }

    /// Stores a manifest of which all objects are stored; gives its stored form.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn commit(&self, manifest: &Manifest, rng: &mut impl CryptoRng) -> Result<Vec<u8>, Refusal> {
        let id = manifest.dataset;
        let sealed = seal_manifest(&self.keyring, manifest, rng)?;
        let object = Object::Manifest { sequence: manifest.sequence };
        let (transfer, parts) = self.send_object(id, object, &sealed).await?;
        let objects = manifest.row_groups.iter().map(|group| CommittedObject {
            object: Object::RowGroup { index: group.index },
            size_bytes: group.size_bytes(),
            checksum: group.checksum(),
            part_count: 1,
        });
        let commit = Commit { sequence: manifest.sequence, transfer, parts, objects: objects.collect() };
        self.send(Method::POST, &format!("/datasets/{id}/commit"), Some(&commit)).await?;
        Ok(sealed)
    }

    /// What the cloud says of a dataset.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn detail(&self, dataset: DatasetId) -> Result<DatasetDetail, Refusal> {
        self.ask(&format!("/datasets/{dataset}")).await
    }

    /// The newest manifest of a dataset as it is stored, without a look into it.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn stored_manifest(&self, dataset: DatasetId) -> Result<Vec<u8>, Refusal> {
        self.get(&self.detail(dataset).await?.entry.manifest_url).await
    }

    /// The manifest of a dataset: signed by the owner, and not older than the newest that was seen here.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn open(&self, dataset: DatasetId) -> Result<Manifest, Refusal> {
        let newest_known = self.newest().get(&dataset).copied();
        let detail = self.detail(dataset).await?;
        if detail.entry.dataset != dataset {
            return Err(Refusal::NotUnderstood);
        }
        let stored = self.get(&detail.entry.manifest_url).await?;
        let manifest = open_manifest(&self.keyring, dataset, &stored)?;
        check_successor(newest_known.unwrap_or(0), &manifest)?;
        self.newest().insert(dataset, manifest.sequence);
        Ok(manifest)
    }

    /// Runs analyses in the cloud, up to the point where the encrypted answer can be downloaded.
    ///
    /// # Errors
    /// [`Refusal`]; trouble if the signed manifest alone answers everything.
    pub async fn run(
        &self,
        manifest: Manifest,
        requests: &[veilsum_analysis::Request],
        id: JobId,
    ) -> Result<Job, Refusal> {
        let planned = plan::plan(&manifest, requests, &[])?;
        self.run_planned(manifest, planned, id).await
    }

    /// The same for a plan that was made.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub async fn run_planned(&self, manifest: Manifest, planned: Planned, id: JobId) -> Result<Job, Refusal> {
        let plan = planned.plan.clone().context("nothing is to be computed")?;
        let start = StartJob { job: id, plan };
        let mut status: JobStatus =
            self.post(&format!("/datasets/{}/jobs", manifest.dataset), &start).await?;
        let deadline = tokio::time::Instant::now() + SOON;
        let mut pause = FIRST_LOOK;
        loop {
            match status.state {
                JobState::Running => {}
                JobState::Done { .. } => return Ok(Job { id, manifest, planned, status }),
                JobState::Failed(failure) => {
                    return Err(Refusal::Failed { code: failure.code, message: failure.message });
                }
                JobState::Cancelled => return Err(Refusal::Cancelled),
            }
            if tokio::time::Instant::now() > deadline {
                return Err(anyhow::anyhow!("job {id} does not end").into());
            }
            tokio::time::sleep(pause).await;
            pause = LONGEST_LOOK.min(pause.mul_f64(1.4));
            status = self.ask(&format!("/jobs/{id}")).await?;
        }
    }

    /// The encrypted answer of a job.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn download(&self, job: &Job) -> Result<Vec<u8>, Refusal> {
        let JobState::Done { answer_url } = &job.status.state else { return Err(Refusal::NotUnderstood) };
        self.get(answer_url).await
    }

    /// Checks and decrypts an answer: all values or none.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn answers(&self, job: &Job, answer: &[u8]) -> Result<Vec<Answered>, Refusal> {
        let plan = job.planned.plan.as_ref().context("nothing was computed")?;
        let sums = open_answer(self.keyring.paillier(), &self.check, &job.manifest, plan, job.id, answer)?;
        let total = |sum: VerifiedSum| ColumnTotal { column: sum.column, digits: sum.totals };
        let totals: Vec<ColumnTotal> = sums.into_iter().map(total).collect();
        let answers = job.planned.finish(&job.planned.totals(&totals)?)?;
        let answered = job.planned.requests().iter().cloned().zip(answers);
        Ok(answered.map(|(request, answer)| Answered { request, answer }).collect())
    }

    /// GETs a stored object.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn get(&self, url: &str) -> Result<Vec<u8>, Refusal> {
        let request = Request::get(url).body(Full::default()).context("no URL")?;
        self.exchange(request).await
    }

    /// Sends an object in one part; gives the transfer and the part.
    async fn send_object(
        &self,
        dataset: DatasetId,
        object: Object,
        bytes: &[u8],
    ) -> Result<(String, Vec<Part>), Refusal> {
        let part = Part { number: 1, size_bytes: bytes.len() as u64, sha256: Digest::of(bytes) };
        let request = RequestUpload { object, transfer: None, parts: vec![part] };
        let upload: Upload = self.post(&format!("/datasets/{dataset}/uploads"), &request).await?;
        let (Some(transfer), [url]) = (upload.transfer, upload.urls.as_slice()) else {
            return Err(Refusal::NotUnderstood);
        };
        let mut put = Request::put(&url.url);
        for (name, value) in &url.headers {
            put = put.header(name, value);
        }
        let body = Full::new(Bytes::copy_from_slice(bytes));
        self.exchange(put.body(body).context("no URL")?).await?;
        Ok((transfer, vec![part]))
    }

    async fn ask<T: DeserializeOwned>(&self, path: &str) -> Result<T, Refusal> {
        understood(&self.send(Method::GET, path, None::<&()>).await?)
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, message: &impl Serialize) -> Result<T, Refusal> {
        understood(&self.send(Method::POST, path, Some(message)).await?)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        message: Option<&impl Serialize>,
    ) -> Result<Vec<u8>, Refusal> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.api));
        if !self.token.is_empty() {
            request = request.header(AUTHORIZATION, format!("Bearer {}", self.token));
        }
        let body = match message {
            Some(message) => {
                request = request.header(CONTENT_TYPE, "application/json");
                serde_json::to_vec(message).context("a message that is no JSON")?
            }
            None => Vec::new(),
        };
        self.exchange(request.body(Full::from(body)).context("no URL")?).await
    }

    /// One request over a connection of its own.
    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Vec<u8>, Refusal> {
        let (status, body) = exchange(&self.proxy, request).await?;
        if (200..300).contains(&status) {
            Ok(body.to_vec())
        } else {
            Err(Refusal::Status { status, body: String::from_utf8_lossy(&body).into_owned() })
        }
    }

    fn newest(&self) -> MutexGuard<'_, BTreeMap<DatasetId, u64>> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn understood<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|_| Refusal::NotUnderstood)
}

async fn exchange(proxy: &str, mut request: Request<Full<Bytes>>) -> anyhow::Result<(u16, Bytes)> {
    let host = request.uri().authority().context("a URL without a host")?.as_str().parse()?;
    request.headers_mut().insert(HOST, host);
    let stream = TcpStream::connect(proxy).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let driving = tokio::spawn(connection);
    let (parts, body) = sender.send_request(request).await?.into_parts();
    let body = body.collect().await?.to_bytes();
    driving.abort();
    Ok((parts.status.as_u16(), body))
}

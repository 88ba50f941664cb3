//! The cloud: every URL that the worker asks for, and nothing else.
//!
//! Small JSON documents go to `/api/v1`, ciphertext goes straight to storage through presigned URLs. A request that
//! gets no answer, or one that says "not now", is tried again with growing pauses.

mod error;
mod fetch;
mod patience;
mod session;
mod training;

use std::rc::Rc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use veilsum_owner::keyring::Keyring;
use veilsum_protocol::api::scoring::{
    ModelDetail, ModelEntry, Models, PublishModel, PublishVersion, ScoreStatus, StartScore,
};
use veilsum_protocol::api::{
    Challenge, Commit, CompleteUpload, CreateDataset, DatasetDetail, DatasetEntry, Datasets, JobState,
    JobStatus, PartUrl, RequestUpload, Session, SignIn, StartJob, StoredObject, Upload,
};
use veilsum_protocol::{DatasetId, JobId, ModelId, ScoreId};

use crate::abort::Abort;
pub use crate::api::error::ApiError;
use crate::api::fetch::{Body, Method, Outgoing};
pub use crate::api::patience::Patience;
use crate::api::patience::Waiting;
use crate::api::session::Tokens;
use crate::messages::Event;

const API: &str = "/api/v1";
const SAMPLES: &str = "/samples";
/// What a helper of the vault does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HelperRole {
    /// Encrypts batches of values.
    Encrypt,
    /// Looks for a prime.
    Prime,
    /// Encrypts and decrypts under the second engine. A binary of its own, fetched when it is needed.
    Bfv,
    /// Learns from a table in clear. A binary of its own, without keys.
    Train,
    /// Reads a Parquet file. A binary of its own, fetched when it is needed.
    Parquet,
    /// Prepares the rows of a table. A binary of its own, without keys but that of pseudonyms.
    Prepare,
}

impl HelperRole {
    /// All.
    pub const ALL: [Self; 6] =
        [Self::Encrypt, Self::Prime, Self::Bfv, Self::Train, Self::Parquet, Self::Prepare];

    /// Where such a worker is started from.
    #[must_use]
    pub const fn address(self) -> &'static str {
        match self {
            Self::Encrypt => "/worker-boot.js?role=encrypt",
            Self::Prime => "/worker-boot.js?role=prime",
            Self::Bfv => "/worker-boot.js?role=bfv",
            Self::Train => "/worker-boot.js?role=train",
            Self::Parquet => "/worker-boot.js?role=parquet",
            Self::Prepare => "/worker-boot.js?role=prepare",
        }
    }

    /// What it is called in the browser's tools.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Encrypt => "veilsum-encrypt",
            Self::Prime => "veilsum-prime",
            Self::Bfv => "veilsum-bfv",
            Self::Train => "veilsum-train",
            Self::Parquet => "veilsum-parquet",
            Self::Prepare => "veilsum-prepare",
        }
    }
}

/// Who is told that a request waits.
pub type Tell = Rc<dyn Fn(Event)>;

/// The API in the name of one keyring.
pub struct Api {
    keyring: Rc<Keyring>,
    tokens: Tokens,
    tell: Tell,
}

impl Api {
    /// Nothing is sent before the first call.
    #[must_use]
    pub fn new(keyring: Rc<Keyring>, tell: Tell) -> Self {
        Self { keyring, tokens: Tokens::default(), tell }
    }

    /// Registers a dataset.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn create_dataset(&self, dataset: DatasetId, how: How<'_>) -> Result<(), ApiError> {
        self.send(Method::Post, "/datasets", Some(&CreateDataset { dataset }), how).await.map(drop)
    }

    /// All datasets of the keyring.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn datasets(&self, how: How<'_>) -> Result<Vec<DatasetEntry>, ApiError> {
        let mut datasets = Vec::new();
        let mut path = "/datasets".to_owned();
        let mut last = String::new();
        loop {
            let mut page: Datasets = self.ask(Method::Get, &path, NOTHING, how).await?;
            datasets.append(&mut page.datasets);
            let Some(after) = page.next else { return Ok(datasets) };
            path = format!("/datasets?after={after}");
            last = ascending(last, after)?;
        }
    }

    /// One dataset with the first page of its objects.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn dataset(&self, dataset: DatasetId, how: How<'_>) -> Result<DatasetDetail, ApiError> {
        self.ask(Method::Get, &format!("/datasets/{dataset}"), NOTHING, how).await
    }

    /// All objects of a dataset whose first page is `detail`.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn all_objects(
        &self,
        mut detail: DatasetDetail,
        how: How<'_>,
    ) -> Result<Vec<StoredObject>, ApiError> {
        let dataset = detail.entry.dataset;
        let mut objects = detail.objects;
        let mut last = String::new();
        while let Some(after) = detail.next {
            let path = format!("/datasets/{dataset}?after={after}");
            detail = self.ask(Method::Get, &path, NOTHING, how).await?;
            objects.append(&mut detail.objects);
            last = ascending(last, after)?;
        }
        Ok(objects)
    }

    /// Deletes a dataset; one that is gone already is no error.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn delete_dataset(&self, dataset: DatasetId, how: How<'_>) -> Result<(), ApiError> {
        self.send(Method::Delete, &format!("/datasets/{dataset}"), NOTHING, how).await.map(drop)
    }

    /// Asks where parts of an object may be PUT, and which have arrived.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn request_upload(
        &self,
        dataset: DatasetId,
        request: &RequestUpload,
        how: How<'_>,
    ) -> Result<Upload, ApiError> {
        self.ask(Method::Post, &format!("/datasets/{dataset}/uploads"), Some(request), how).await
    }

    /// Makes one object out of its parts.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn complete_upload(
        &self,
        dataset: DatasetId,
        request: &CompleteUpload,
        how: How<'_>,
    ) -> Result<StoredObject, ApiError> {
        self.ask(Method::Post, &format!("/datasets/{dataset}/uploads/complete"), Some(request), how).await
    }

    /// Stores the manifest, which makes the dataset visible.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn commit(
        &self,
        dataset: DatasetId,
        request: &Commit,
        how: How<'_>,
    ) -> Result<DatasetEntry, ApiError> {
        self.ask(Method::Post, &format!("/datasets/{dataset}/commit"), Some(request), how).await
    }

    /// Starts a job.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn start_job(
        &self,
        dataset: DatasetId,
        request: &StartJob,
        how: How<'_>,
    ) -> Result<JobStatus, ApiError> {
        self.ask(Method::Post, &format!("/datasets/{dataset}/jobs"), Some(request), how).await
    }

    /// Where a job stands; once it has ended, with all its steps and objects.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn job(&self, job: JobId, how: How<'_>) -> Result<JobStatus, ApiError> {
        let mut status: JobStatus = self.ask(Method::Get, &format!("/jobs/{job}"), NOTHING, how).await?;
        if matches!(status.state, JobState::Running) {
            return Ok(status);
        }
        let mut last = String::new();
        while let Some(after) = status.next.take() {
            let path = format!("/jobs/{job}?after={after}");
            let mut page: JobStatus = self.ask(Method::Get, &path, NOTHING, how).await?;
            status.steps.append(&mut page.steps);
            status.objects.append(&mut page.objects);
            status.next = page.next;
            last = ascending(last, after)?;
        }
        Ok(status)
    }

    /// Cancels a job.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn cancel_job(&self, job: JobId, how: How<'_>) -> Result<JobStatus, ApiError> {
        self.ask(Method::Delete, &format!("/jobs/{job}"), NOTHING, how).await
    }

    /// All models: those of the keyring, and those of others that are not withdrawn.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn models(&self, how: How<'_>) -> Result<Vec<ModelEntry>, ApiError> {
        let mut models = Vec::new();
        let mut path = "/models".to_owned();
        let mut last = String::new();
        loop {
            let mut page: Models = self.ask(Method::Get, &path, NOTHING, how).await?;
            models.append(&mut page.models);
            let Some(after) = page.next else { return Ok(models) };
            path = format!("/models?after={after}");
            last = ascending(last, after)?;
        }
    }

    /// What is told of a model.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn model(&self, model: ModelId, how: How<'_>) -> Result<ModelDetail, ApiError> {
        self.ask(Method::Get, &format!("/models/{model}"), NOTHING, how).await
    }

    /// Publishes a model.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn publish_model(&self, message: &PublishModel, how: How<'_>) -> Result<(), ApiError> {
        self.send(Method::Post, "/models", Some(message), how).await.map(drop)
    }

    /// Publishes the next version of a model.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn publish_version(
        &self,
        model: ModelId,
        message: &PublishVersion,
        how: How<'_>,
    ) -> Result<(), ApiError> {
        self.send(Method::Post, &format!("/models/{model}/versions"), Some(message), how).await.map(drop)
    }

    /// Withdraws a model.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn withdraw_model(&self, model: ModelId, how: How<'_>) -> Result<(), ApiError> {
        self.send(Method::Delete, &format!("/models/{model}"), NOTHING, how).await.map(drop)
    }

    /// Announces a query.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn start_score(
        &self,
        model: ModelId,
        message: &StartScore,
        how: How<'_>,
    ) -> Result<ScoreStatus, ApiError> {
        self.ask(Method::Post, &format!("/models/{model}/scores"), Some(message), how).await
    }

    /// Where a score stands.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn score(&self, score: ScoreId, how: How<'_>) -> Result<ScoreStatus, ApiError> {
        self.ask(Method::Get, &format!("/scores/{score}"), NOTHING, how).await
    }

    /// Cancels a score.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn cancel_score(&self, score: ScoreId, how: How<'_>) -> Result<(), ApiError> {
        self.send(Method::Delete, &format!("/scores/{score}"), NOTHING, how).await.map(drop)
    }

    /// PUTs a whole object straight into storage.
    ///
    /// # Errors
    /// As [`Self::put_part`].
    pub async fn put_object(
        &self,
        url: &str,
        headers: &[(String, String)],
        body: &web_sys::Blob,
        how: How<'_>,
    ) -> Result<(), ApiError> {
        let headers = headers.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        let outgoing = Outgoing { method: Method::Put, url, headers, body: Body::Blob(body) };
        self.storage(&outgoing, how).await.map(drop)
    }

    /// PUTs one part straight into storage.
    ///
    /// # Errors
    /// [`ApiError::Storage`] with status 403 if the URL has expired; see [`ApiError`].
    pub async fn put_part(&self, part: &PartUrl, body: &web_sys::Blob, how: How<'_>) -> Result<(), ApiError> {
        let outgoing = Outgoing {
            method: Method::Put,
            url: &part.url,
            headers: part.headers.iter().map(|(name, value)| (name.as_str(), value.clone())).collect(),
            body: Body::Blob(body),
        };
        self.storage(&outgoing, how).await.map(drop)
    }

    /// GETs the bytes of a stored object, or the range `first..=last` of them.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn get_stored(
        &self,
        url: &str,
        range: Option<core::ops::RangeInclusive<u64>>,
        how: How<'_>,
    ) -> Result<Vec<u8>, ApiError> {
        let headers = range
            .into_iter()
            .map(|range| ("Range", format!("bytes={}-{}", range.start(), range.end())))
            .collect();
        self.storage(&Outgoing { method: Method::Get, url, headers, body: Body::None }, how).await
    }

    async fn storage(&self, outgoing: &Outgoing<'_>, how: How<'_>) -> Result<Vec<u8>, ApiError> {
        let mut waiting = Waiting::new(&self.tell, how);
        loop {
            match how.abort.or(fetch::once(outgoing)).await?.and_then(fetch::Answer::or_storage_error) {
                Ok(answer) => return Ok(answer.body),
                Err(error) => waiting.after(error).await?,
            }
        }
    }

    async fn ask<A: Serialize, B: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        message: Option<&A>,
        how: How<'_>,
    ) -> Result<B, ApiError> {
        let body = self.send(method, path, message, how).await?;
        serde_json::from_slice(&body).map_err(|_| ApiError::NotUnderstood)
    }

    async fn send<A: Serialize>(
        &self,
        method: Method,
        path: &str,
        message: Option<&A>,
        how: How<'_>,
    ) -> Result<Vec<u8>, ApiError> {
        let url = format!("{API}{path}");
        let message = message.map(to_json);
        let mut waiting = Waiting::new(&self.tell, how);
        let mut signed_in_anew = false;
        loop {
            let token = match self.tokens.current() {
                Some(token) => token,
                None => match how.abort.or(self.sign_in()).await? {
                    Ok(session) => self.tokens.keep(&session),
                    Err(error) => {
                        waiting.after(error).await?;
                        continue;
                    }
                },
            };
            let mut headers = vec![("Authorization", format!("Bearer {}", *token))];
            if message.is_some() {
                headers.push(("Content-Type", "application/json".to_owned()));
            }
            let body = message.as_deref().map_or(Body::None, Body::Bytes);
            let outgoing = Outgoing { method, url: &url, headers, body };
            match how.abort.or(fetch::once(&outgoing)).await?.and_then(fetch::Answer::or_problem) {
                Ok(answer) => return Ok(answer.body),
                Err(error) if error.is_signed_out() && !signed_in_anew => {
                    signed_in_anew = true;
                    self.tokens.forget();
                }
                Err(error) => waiting.after(error).await?,
            }
        }
    }

    /// Proves the identity key: one attempt.
    async fn sign_in(&self) -> Result<Session, ApiError> {
        let Challenge { challenge, .. } = open_call("/sessions/challenge", NOTHING).await?;
        let identity = self.keyring.identity();
        let sign_in = SignIn {
            identity_key: hex::encode(identity.public_bytes()),
            signature: hex::encode(identity.sign_challenge(&challenge)),
            challenge,
        };
        open_call("/sessions", Some(&sign_in)).await
    }
}

impl core::fmt::Debug for Api {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str("Api")
    }
}

/// How a request is made.
#[derive(Debug, Clone, Copy)]
pub struct How<'a> {
    /// How long it is tried again.
    pub patience: Patience,
    /// What stops it.
    pub abort: &'a Abort,
}

/// Where a list goes on; a cloud that goes round in circles is not followed.
fn ascending(last: String, next: String) -> Result<String, ApiError> {
    if next > last { Ok(next) } else { Err(ApiError::NotUnderstood) }
}

/// A bundled sample.
///
/// # Errors
/// [`ApiError`].
pub async fn sample(file_name: &str, tell: &Tell, how: How<'_>) -> Result<Vec<u8>, ApiError> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if !file_name.bytes().all(is_name) {
        return Err(ApiError::NotFound);
    }
    let url = format!("{SAMPLES}/{file_name}");
    let mut waiting = Waiting::new(tell, how);
    loop {
        let outgoing = Outgoing { method: Method::Get, url: &url, headers: Vec::new(), body: Body::None };
        match how.abort.or(fetch::once(&outgoing)).await?.and_then(fetch::Answer::or_problem) {
            Ok(answer) => return Ok(answer.body),
            Err(error) => waiting.after(error).await?,
        }
    }
}

/// For calls without a message.
const NOTHING: Option<&()> = None;

/// One attempt at one of the two calls that need no token.
async fn open_call<A: Serialize, B: DeserializeOwned>(
    path: &str,
    message: Option<&A>,
) -> Result<B, ApiError> {
    let url = format!("{API}{path}");
    let message = message.map(to_json);
    let headers = message.iter().map(|_| ("Content-Type", "application/json".to_owned())).collect();
    let body = message.as_deref().map_or(Body::None, Body::Bytes);
    let answer =
        fetch::once(&Outgoing { method: Method::Post, url: &url, headers, body }).await?.or_problem()?;
    serde_json::from_slice(&answer.body).map_err(|_| ApiError::NotUnderstood)
}

fn to_json<A: Serialize>(message: &A) -> Vec<u8> {
    serde_json::to_vec(message).expect("messages of the API have string keys only")
}

//! The only place that knows S3. Objects are written once, or replaced by compare-and-swap, so that conditional writes are all
//! the database there is.

mod failure;
mod replace;
mod transfer;

use std::ops::Range;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode, Delete, ObjectIdentifier};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

use crate::keys::Key;

pub use self::failure::StoreError;
pub use self::replace::{Etag, Replacement};
pub use self::transfer::{Completion, ReceivedPart, TransferId};

/// Seconds for which presigned URLs are good.
pub const URL_SECONDS: u64 = 900;
/// Objects that one call deletes; S3's own limit.
const DELETE_BATCH: usize = 1_000;
/// Tries of one call, so that an overloaded storage is not taken for a broken one.
const ATTEMPTS: u32 = 6;
/// Tries of a write that meets another write of the same key.
const CONFLICT_ATTEMPTS: u64 = 5;

/// A bucket.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    bucket: String,
}

/// What became of writing an object once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Creation {
    /// This call wrote it.
    Created,
    /// It was there already, and is unchanged. This call may have written it: an answer can get lost.
    AlreadyThere,
}

/// What storage knows about an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectInfo {
    /// Bytes.
    pub size_bytes: u64,
    /// SHA-256 checksum as S3 writes it: base64, and `-N` for a composite one of N parts.
    pub checksum: Option<String>,
}

/// An object in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its key.
    pub key: Key,
    /// Bytes.
    pub size_bytes: u64,
    /// When it was stored, seconds since 1970.
    pub stored_at: u64,
}

/// Some bytes of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// The bytes that were asked for, or as many of them as the object has.
    pub bytes: Vec<u8>,
    /// Bytes of the whole object.
    pub object_bytes: u64,
}

impl Store {
    /// A bucket of AWS, or of another endpoint where one is given; credentials and region come from the environment.
    pub async fn connect(bucket: String, endpoint: Option<String>) -> Self {
        // ring instead of the SDK's default: it builds in a fraction of the time.
        let https = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https();
        let environment = aws_config::defaults(aws_config::BehaviorVersion::latest()).http_client(https);
        Self::over(&environment.load().await, bucket, endpoint)
    }

    /// As [`Self::connect`], with credentials, region and HTTP client from `environment`.
    #[must_use]
    pub fn over(environment: &SdkConfig, bucket: String, endpoint: Option<String>) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(3))
            .operation_attempt_timeout(Duration::from_secs(20))
            .build();
        let retries = RetryConfig::standard()
            .with_max_attempts(ATTEMPTS)
            .with_initial_backoff(Duration::from_millis(100))
            .with_max_backoff(Duration::from_secs(2));
        let config = aws_sdk_s3::config::Builder::from(environment)
            .timeout_config(timeouts)
            .retry_config(retries)
            // Endpoints that are not AWS's have no name per bucket.
            .force_path_style(endpoint.is_some());
        let config = match endpoint {
            Some(endpoint) => config.endpoint_url(endpoint),
            None => config,
        };
        Self { client: Client::from_conf(config.build()), bucket }
    }

    /// Writes an object, unless there is one under this key.
    ///
    /// # Errors
    /// [`StoreError`] if storage does not answer as it should.
    pub async fn create(&self, key: &Key, bytes: Vec<u8>) -> Result<Creation, StoreError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let sent = self
                .client
                .put_object()
                .bucket(&self.bucket)
                .key(key.as_str())
                .if_none_match("*")
                .checksum_algorithm(ChecksumAlgorithm::Sha256)
                .body(ByteStream::from(bytes.clone()))
                .send()
                .await;
            let error = match sent {
                Ok(_) => return Ok(Creation::Created),
                Err(error) => StoreError::of("write an object", error),
            };
            if error.is_precondition_failed() {
                return Ok(Creation::AlreadyThere);
            }
            if !error.is_conflict() || attempt == CONFLICT_ATTEMPTS {
                return Err(error);
            }
            tokio::time::sleep(Duration::from_millis(50 * attempt)).await;
        }
    }

    /// A whole object of at most `maximum_bytes`; `None` if there is none.
    ///
    /// # Errors
    /// [`StoreError`] if storage does not answer as it should, or the object is larger.
    pub async fn read(&self, key: &Key, maximum_bytes: u64) -> Result<Option<Vec<u8>>, StoreError> {
        const OPERATION: &str = "read an object";
        let sent = self.client.get_object().bucket(&self.bucket).key(key.as_str()).send().await;
        let Some(found) = present(OPERATION, sent)? else { return Ok(None) };
        if unsigned(found.content_length()) > maximum_bytes {
            return Err(StoreError::refused(OPERATION, "it is larger than any of its kind"));
        }
        collect(OPERATION, found.body).await.map(Some)
    }

    /// The bytes `range` of an object; fewer if the object ends earlier; `None` if there is no object or `range`
    /// begins behind its end.
    ///
    /// # Errors
    /// [`StoreError`] if storage does not answer as it should.
    pub async fn read_range(&self, key: &Key, range: Range<u64>) -> Result<Option<Chunk>, StoreError> {
        const OPERATION: &str = "read a range of an object";
        let header = format!("bytes={}-{}", range.start, range.end.saturating_sub(1));
        let request = self.client.get_object().bucket(&self.bucket).key(key.as_str()).range(header);
        let found = match request.send().await {
            Ok(found) => found,
            Err(error) => {
                let error = StoreError::of(OPERATION, error);
                return if error.is_absent() || error.is_range_behind_end() { Ok(None) } else { Err(error) };
            }
        };
        let object_bytes = found
            .content_range()
            .and_then(|text| text.rsplit_once('/')?.1.parse().ok())
            .ok_or_else(|| StoreError::refused(OPERATION, "the answer has no range"))?;
        let length = range.end.min(object_bytes).saturating_sub(range.start);
        if unsigned(found.content_length()) != length {
            return Err(StoreError::refused(OPERATION, "the answer has another length than the range"));
        }
        let bytes = collect(OPERATION, found.body).await?;
        Ok(Some(Chunk { bytes, object_bytes }))
    }

    /// What storage knows about an object; `None` if there is none.
    ///
    /// # Errors
    /// [`StoreError`] if storage does not answer as it should.
    pub async fn stat(&self, key: &Key) -> Result<Option<ObjectInfo>, StoreError> {
        let sent = self
            .client
            .head_object()
            .bucket(&self.bucket)
            .key(key.as_str())
            .checksum_mode(ChecksumMode::Enabled)
            .send()
            .await;
        let found = present("look at an object", sent)?;
        Ok(found.map(|found| ObjectInfo {
            size_bytes: unsigned(found.content_length()),
            checksum: found.checksum_sha256,
        }))
    }

    /// Whether there is an object under this key.
    ///
    /// # Errors
    /// [`StoreError`] if storage does not answer as it should.
    pub async fn exists(&self, key: &Key) -> Result<bool, StoreError> {
        Ok(self.stat(key).await?.is_some())
    }

    /// All objects whose keys start with `prefix`, by ascending key.
    ///
    /// # Errors
    /// [`StoreError`] if storage does not answer as it should.
    pub async fn list(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        let mut pages =
            self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix).into_paginator().send();
        let mut listed = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| StoreError::of("list objects", error))?;
            listed.extend(page.contents.unwrap_or_default().into_iter().filter_map(|object| {
                Some(Listed {
                    key: Key::listed(object.key?),
                    size_bytes: unsigned(object.size),
                    stored_at: unsigned(object.last_modified.as_ref().map(DateTime::secs)),
                })
            }));
        }
        Ok(listed)
    }

    /// The names of all folders directly inside `folder`, ascending.
    ///
    /// # Errors
    /// [`StoreError`] if storage does not answer as it should.
    pub async fn list_folders(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        let request = self.client.list_objects_v2().bucket(&self.bucket).prefix(folder).delimiter("/");
        let mut pages = request.into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| StoreError::of("list folders", error))?;
            names.extend(
                page.common_prefixes.unwrap_or_default().into_iter().filter_map(|inner| {
                    Some(inner.prefix?.strip_prefix(folder)?.strip_suffix('/')?.to_owned())
                }),
            );
        }
        Ok(names)
    }

    /// Deletes objects; deleting what is absent succeeds.
    ///
    /// # Errors
    /// [`StoreError`] if storage does not answer as it should; some may be deleted then.
    pub async fn delete(&self, keys: &[Key]) -> Result<(), StoreError> {
        const OPERATION: &str = "delete objects";
        for batch in keys.chunks(DELETE_BATCH) {
            let objects = batch.iter().map(|key| ObjectIdentifier::builder().key(key.as_str()).build());
            let delete = objects
                .collect::<Result<Vec<_>, _>>()
                .and_then(|objects| Delete::builder().quiet(true).set_objects(Some(objects)).build())
                .map_err(|error| StoreError::of_local(OPERATION, error))?;
            let request = self.client.delete_objects().bucket(&self.bucket).delete(delete);
            let deleted = request.send().await.map_err(|error| StoreError::of(OPERATION, error))?;
            if !deleted.errors().is_empty() {
                return Err(StoreError::refused(OPERATION, "some objects could not be deleted"));
            }
        }
        Ok(())
    }

    /// A URL that reads an object, good for [`URL_SECONDS`].
    ///
    /// # Errors
    /// [`StoreError`] if there are no credentials to sign with.
    pub async fn presign_read(&self, key: &Key) -> Result<String, StoreError> {
        let request = self.client.get_object().bucket(&self.bucket).key(key.as_str());
        let signed = request.presigned(short_lived()).await;
        Ok(signed.map_err(|error| StoreError::of("sign a URL", error))?.uri().to_owned())
    }
}

fn short_lived() -> PresigningConfig {
    PresigningConfig::expires_in(Duration::from_secs(URL_SECONDS))
        .expect("15 minutes are less than the allowed week")
}

/// An answer of storage; `None` if it says that there is no such object.
fn present<T, E>(
    operation: &'static str,
    answer: Result<T, aws_sdk_s3::error::SdkError<E>>,
) -> Result<Option<T>, StoreError>
where
    E: aws_sdk_s3::error::ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match answer.map_err(|error| StoreError::of(operation, error)) {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_absent() => Ok(None),
        Err(error) => Err(error),
    }
}

async fn collect(operation: &'static str, body: ByteStream) -> Result<Vec<u8>, StoreError> {
    let body = body.collect().await.map_err(|error| StoreError::of_local(operation, error))?;
    Ok(body.to_vec())
}

/// A size or time as S3 reports it; never negative.
fn unsigned(value: Option<i64>) -> u64 {
    value.and_then(|value| u64::try_from(value).ok()).unwrap_or_default()
}

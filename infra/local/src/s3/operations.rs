//! The S3 protocol over [`Backend`]: which operations there are. What S3 has beyond them answers 501.

mod listing;
mod object;
mod upload;

use s3s::dto::{self, ETag, ETagCondition};
use s3s::{S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result, s3_error};

use super::backend::{Backend, Condition};
use super::checksum::{Algorithm, Checksums};
use super::error::StoreError;

type Answer<T> = S3Result<S3Response<T>>;

#[async_trait::async_trait]
impl S3 for Backend {
    async fn create_bucket(
        &self,
        request: S3Request<dto::CreateBucketInput>,
    ) -> Answer<dto::CreateBucketOutput> {
        if Self::create_bucket(self, &request.input.bucket).map_err(StoreError::from)? {
            Ok(S3Response::new(dto::CreateBucketOutput::default()))
        } else {
            Err(s3_error!(BucketAlreadyOwnedByYou))
        }
    }

    async fn head_bucket(&self, request: S3Request<dto::HeadBucketInput>) -> Answer<dto::HeadBucketOutput> {
        self.bucket(&request.input.bucket)?;
        Ok(S3Response::new(dto::HeadBucketOutput::default()))
    }

    async fn put_object(&self, request: S3Request<dto::PutObjectInput>) -> Answer<dto::PutObjectOutput> {
        object::put(self, request).await
    }

    async fn get_object(&self, request: S3Request<dto::GetObjectInput>) -> Answer<dto::GetObjectOutput> {
        object::get(self, request.input).await
    }

    async fn head_object(&self, request: S3Request<dto::HeadObjectInput>) -> Answer<dto::HeadObjectOutput> {
        object::head(self, &request.input)
    }

    async fn delete_object(
        &self,
        request: S3Request<dto::DeleteObjectInput>,
    ) -> Answer<dto::DeleteObjectOutput> {
        object::delete(self, request.input).await
    }

    async fn delete_objects(
        &self,
        request: S3Request<dto::DeleteObjectsInput>,
    ) -> Answer<dto::DeleteObjectsOutput> {
        object::delete_many(self, request.input).await
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<dto::ListObjectsV2Input>,
    ) -> Answer<dto::ListObjectsV2Output> {
        listing::objects(self, request.input)
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<dto::CreateMultipartUploadInput>,
    ) -> Answer<dto::CreateMultipartUploadOutput> {
        upload::create(self, request.input).await
    }

    async fn upload_part(&self, request: S3Request<dto::UploadPartInput>) -> Answer<dto::UploadPartOutput> {
        upload::part(self, request).await
    }

    async fn list_parts(&self, request: S3Request<dto::ListPartsInput>) -> Answer<dto::ListPartsOutput> {
        listing::parts(self, request.input).await
    }

    async fn list_multipart_uploads(
        &self,
        request: S3Request<dto::ListMultipartUploadsInput>,
    ) -> Answer<dto::ListMultipartUploadsOutput> {
        listing::uploads(self, request.input)
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<dto::CompleteMultipartUploadInput>,
    ) -> Answer<dto::CompleteMultipartUploadOutput> {
        upload::complete(self, request.input).await
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<dto::AbortMultipartUploadInput>,
    ) -> Answer<dto::AbortMultipartUploadOutput> {
        let input = request.input;
        self.abort(&input.bucket, &input.key, &input.upload_id).await?;
        Ok(S3Response::new(dto::AbortMultipartUploadOutput::default()))
    }
}

impl From<StoreError> for S3Error {
    fn from(error: StoreError) -> Self {
        let message = error.to_string();
        let code = match error {
            StoreError::NoSuchBucket { .. } => S3ErrorCode::NoSuchBucket,
            StoreError::NoSuchKey => S3ErrorCode::NoSuchKey,
            StoreError::NoSuchUpload => S3ErrorCode::NoSuchUpload,
            StoreError::PreconditionFailed => S3ErrorCode::PreconditionFailed,
            StoreError::BadDigest { .. } => S3ErrorCode::BadDigest,
            StoreError::IncompleteBody { .. } | StoreError::BrokenBody { hash_mismatch: false } => {
                S3ErrorCode::IncompleteBody
            }
            StoreError::BrokenBody { hash_mismatch: true } => return content_hash_mismatch(),
            StoreError::MissingChecksum { .. } | StoreError::ObjectSize { .. } => S3ErrorCode::InvalidRequest,
            StoreError::InvalidPart { .. } => S3ErrorCode::InvalidPart,
            StoreError::InvalidPartOrder => S3ErrorCode::InvalidPartOrder,
            StoreError::NoParts => S3ErrorCode::MalformedXML,
            StoreError::PartTooSmall { .. } => S3ErrorCode::EntityTooSmall,
            StoreError::PartNumber { .. } => S3ErrorCode::InvalidArgument,
            StoreError::Io(source) => {
                tracing::error!(%source, "storage failed");
                return Self::new(S3ErrorCode::InternalError);
            }
        };
        Self::with_message(code, message)
    }
}

/// S3's own code for it, which the library does not list.
fn content_hash_mismatch() -> S3Error {
    let code = S3ErrorCode::Custom("XAmzContentSHA256Mismatch".into());
    let mut error = S3Error::with_message(code, "the body is not the one that was signed");
    error.set_status_code(hyper::StatusCode::BAD_REQUEST);
    error
}

/// The checksum fields of a request, whichever it is.
macro_rules! sent_checksums {
    ($input:expr) => {
        crate::s3::checksum::Checksums {
            crc32: $input.checksum_crc32.take(),
            crc32c: $input.checksum_crc32c.take(),
            crc64nvme: $input.checksum_crc64nvme.take(),
            sha1: $input.checksum_sha1.take(),
            sha256: $input.checksum_sha256.take(),
        }
    };
}

/// Fills the checksum fields of an answer, whichever it is.
macro_rules! set_checksums {
    ($output:expr, $checksums:expr) => {
        let checksums: &crate::s3::checksum::Checksums = $checksums;
        $output.checksum_crc32 = checksums.crc32.clone();
        $output.checksum_crc32c = checksums.crc32c.clone();
        $output.checksum_crc64nvme = checksums.crc64nvme.clone();
        $output.checksum_sha1 = checksums.sha1.clone();
        $output.checksum_sha256 = checksums.sha256.clone();
    };
}

use {sent_checksums, set_checksums};

/// What `If-Match` and `If-None-Match` ask of a write.
fn write_condition(
    if_match: Option<ETagCondition>,
    if_none_match: Option<ETagCondition>,
) -> S3Result<Condition> {
    match (if_match, if_none_match) {
        (None, None) => Ok(Condition::Always),
        (None, Some(ETagCondition::Any)) => Ok(Condition::Absent),
        (Some(ETagCondition::Any), None) => Ok(Condition::Present),
        (Some(ETagCondition::ETag(etag)), None) => Ok(Condition::Etag(etag.into_value())),
        (_, Some(_)) => Err(s3_error!(NotImplemented, "a write understands If-Match, or If-None-Match: *")),
    }
}

fn strong(etag: &str) -> Option<ETag> {
    Some(ETag::Strong(etag.to_owned()))
}

fn timestamp(ms: u64) -> Option<dto::Timestamp> {
    let time = std::time::UNIX_EPOCH.checked_add(std::time::Duration::from_millis(ms))?;
    Some(time.into())
}

/// Sizes and counts of the protocol are signed; ours are never near the end of the range.
fn signed(number: u64) -> Option<i64> {
    i64::try_from(number).ok()
}

/// Checksums that come after the body.
fn late_checksums(trailers: Option<&s3s::TrailingHeaders>) -> Checksums {
    let mut checksums = Checksums::default();
    if let Some(headers) = trailers.and_then(s3s::TrailingHeaders::take) {
        for algorithm in Algorithm::ALL {
            if let Some(value) = headers.get(algorithm.header()).and_then(|value| value.to_str().ok()) {
                checksums.set(algorithm, value.to_owned());
            }
        }
    }
    checksums
}

/// Algorithms that a request says it will send a value for after its body.
fn late_algorithms(headers: &hyper::HeaderMap) -> Vec<Algorithm> {
    let named = headers.get("x-amz-trailer").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let named: Vec<_> = named.split(',').map(str::trim).collect();
    Algorithm::ALL.into_iter().filter(|algorithm| named.contains(&algorithm.header().as_str())).collect()
}

/// `Content-MD5` as raw bytes.
fn announced_md5(header: Option<&str>) -> S3Result<Option<Vec<u8>>> {
    use base64::Engine as _;
    let decode = |text| base64::engine::general_purpose::STANDARD.decode(text);
    header.map(decode).transpose().map_err(|_| s3_error!(InvalidDigest, "Content-MD5 is not base64"))
}

/// The announced length of a body: of what is inside where it comes in signed chunks.
fn announced_size(headers: &hyper::HeaderMap, content_length: Option<i64>) -> Option<u64> {
    let decoded =
        headers.get("x-amz-decoded-content-length").and_then(|value| value.to_str().ok()?.parse().ok());
    decoded.or_else(|| content_length.and_then(|length| u64::try_from(length).ok()))
}

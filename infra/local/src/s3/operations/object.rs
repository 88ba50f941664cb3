//! Put, get, head, delete.

use std::collections::BTreeMap;
use std::io::{Seek as _, SeekFrom};

use s3s::dto::{self, ChecksumMode, ETagCondition, StreamingBlob};
use s3s::{S3ErrorCode, S3Request, S3Response, S3Result, s3_error};
use tokio::io::AsyncReadExt as _;
use tokio_util::io::ReaderStream;

use super::{
    Answer, announced_md5, announced_size, late_algorithms, late_checksums, sent_checksums, set_checksums,
    signed, strong, timestamp, write_condition,
};
use crate::s3::backend::{Backend, Condition, blocking, new_info};
use crate::s3::object_file::{Announced, ObjectInfo};

const READ_BUFFER_BYTES: usize = 256 << 10;

pub(super) async fn put(
    backend: &Backend,
    request: S3Request<dto::PutObjectInput>,
) -> Answer<dto::PutObjectOutput> {
    let mut input = request.input;
    let condition = write_condition(input.if_match.take(), input.if_none_match.take())?;
    let bucket = backend.bucket(&input.bucket)?;
    // Told before the body is read when it is hopeless; what counts is the check when it is published.
    condition.check(bucket.objects().get(&input.key).map(AsRef::as_ref))?;
    let body = input.body.take().ok_or_else(|| s3_error!(IncompleteBody))?;
    let announced = Announced {
        size_bytes: announced_size(&request.headers, input.content_length),
        md5: announced_md5(input.content_md5.as_deref())?,
        checksums: sent_checksums!(input),
        algorithms: late_algorithms(&request.headers),
    };
    let trailers = request.trailing_headers;
    let received = backend.receive(body, announced, || late_checksums(trailers.as_ref())).await?;
    let mut info = new_info(&input.key, &received);
    info.content_type = input.content_type;
    info.metadata = input.metadata.map(BTreeMap::from_iter).unwrap_or_default();
    let draft = received.seal(&info).await?;
    let info = backend.publish(&bucket, draft, info, condition).await?;
    let mut output = dto::PutObjectOutput { e_tag: strong(&info.etag), ..Default::default() };
    set_checksums!(output, &info.checksums);
    Ok(S3Response::new(output))
}

pub(super) async fn get(backend: &Backend, input: dto::GetObjectInput) -> Answer<dto::GetObjectOutput> {
    let bucket = backend.bucket(&input.bucket)?;
    let key = input.key.clone();
    let (mut file, info) = blocking(move || bucket.open_object(&key)).await?;
    check_read(&info, input.if_match.as_ref(), input.if_none_match.as_ref())?;
    let range = input.range.map(|range| range.check(info.size_bytes)).transpose()?;
    let (start, length) = match &range {
        Some(range) => (range.start, range.end - range.start),
        None => (0, info.size_bytes),
    };
    file.seek(SeekFrom::Start(start)).map_err(s3s::S3Error::internal_error)?;
    let bytes = tokio::fs::File::from_std(file).take(length);
    let mut output = dto::GetObjectOutput {
        body: Some(StreamingBlob::wrap(ReaderStream::with_capacity(bytes, READ_BUFFER_BYTES))),
        accept_ranges: Some("bytes".to_owned()),
        content_length: signed(length),
        content_range: range.as_ref().map(|range| content_range(range, info.size_bytes)),
        content_type: info.content_type.clone(),
        e_tag: strong(&info.etag),
        last_modified: timestamp(info.stored_at_ms),
        metadata: metadata(&info),
        ..Default::default()
    };
    // A checksum of the whole says nothing about a range.
    if range.is_none() && is_enabled(input.checksum_mode.as_ref()) {
        set_checksums!(output, &info.checksums);
        output.checksum_type = checksum_type(&info);
    }
    Ok(S3Response::new(output))
}

pub(super) fn head(backend: &Backend, input: &dto::HeadObjectInput) -> Answer<dto::HeadObjectOutput> {
    let bucket = backend.bucket(&input.bucket)?;
    let info = bucket.objects().get(&input.key).cloned().ok_or_else(|| s3_error!(NoSuchKey))?;
    check_read(&info, input.if_match.as_ref(), input.if_none_match.as_ref())?;
    let range = input.range.map(|range| range.check(info.size_bytes)).transpose()?;
    let length = range.as_ref().map_or(info.size_bytes, |range| range.end - range.start);
    let mut output = dto::HeadObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        content_length: signed(length),
        content_range: range.as_ref().map(|range| content_range(range, info.size_bytes)),
        content_type: info.content_type.clone(),
        e_tag: strong(&info.etag),
        last_modified: timestamp(info.stored_at_ms),
        metadata: metadata(&info),
        ..Default::default()
    };
    if range.is_none() && is_enabled(input.checksum_mode.as_ref()) {
        set_checksums!(output, &info.checksums);
        output.checksum_type = checksum_type(&info);
    }
    Ok(S3Response::new(output))
}

pub(super) async fn delete(
    backend: &Backend,
    input: dto::DeleteObjectInput,
) -> Answer<dto::DeleteObjectOutput> {
    let bucket = backend.bucket(&input.bucket)?;
    let condition = write_condition(input.if_match, None)?;
    blocking(move || bucket.remove(&input.key, &condition)).await?;
    Ok(S3Response::new(dto::DeleteObjectOutput::default()))
}

pub(super) async fn delete_many(
    backend: &Backend,
    input: dto::DeleteObjectsInput,
) -> Answer<dto::DeleteObjectsOutput> {
    let bucket = backend.bucket(&input.bucket)?;
    let quiet = input.delete.quiet.unwrap_or(false);
    let (mut deleted, mut errors) = (Vec::new(), Vec::new());
    for object in input.delete.objects {
        let (bucket, key) = (bucket.clone(), object.key.clone());
        let condition = object.e_tag.map_or(Condition::Always, |etag| Condition::Etag(etag.into_value()));
        match blocking(move || bucket.remove(&key, &condition)).await {
            Ok(()) if quiet => {}
            Ok(()) => deleted.push(dto::DeletedObject { key: Some(object.key), ..Default::default() }),
            Err(error) => {
                let error = s3s::S3Error::from(error);
                errors.push(dto::Error {
                    code: Some(error.code().as_str().to_owned()),
                    key: Some(object.key),
                    message: error.message().map(ToOwned::to_owned),
                    version_id: None,
                });
            }
        }
    }
    let output =
        dto::DeleteObjectsOutput { deleted: Some(deleted), errors: Some(errors), ..Default::default() };
    Ok(S3Response::new(output))
}

fn check_read(
    info: &ObjectInfo,
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
) -> S3Result<()> {
    let is_it = |condition: &ETagCondition| {
        condition.as_etag().is_none_or(|etag| etag.as_strong() == Some(info.etag.as_str()))
    };
    if if_match.is_some_and(|condition| !is_it(condition)) {
        return Err(s3_error!(PreconditionFailed));
    }
    if if_none_match.is_some_and(is_it) {
        return Err(S3ErrorCode::NotModified.into());
    }
    Ok(())
}

fn content_range(range: &std::ops::Range<u64>, size_bytes: u64) -> String {
    format!("bytes {}-{}/{size_bytes}", range.start, range.end - 1)
}

fn is_enabled(mode: Option<&ChecksumMode>) -> bool {
    mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED)
}

fn checksum_type(info: &ObjectInfo) -> Option<dto::ChecksumType> {
    let name =
        if info.part_count.is_some() { dto::ChecksumType::COMPOSITE } else { dto::ChecksumType::FULL_OBJECT };
    Some(dto::ChecksumType::from_static(name))
}

fn metadata(info: &ObjectInfo) -> Option<dto::Metadata> {
    Some(info.metadata.iter().map(|(name, value)| (name.clone(), value.clone())).collect())
}

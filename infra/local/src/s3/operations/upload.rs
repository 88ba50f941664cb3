//! Multipart uploads: create, store a part, complete.

use s3s::dto::{self, ChecksumAlgorithm, ChecksumType};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::{
    Answer, announced_md5, announced_size, late_algorithms, late_checksums, sent_checksums, set_checksums,
    strong, write_condition,
};
use crate::s3::backend::Backend;
use crate::s3::error::StoreError;
use crate::s3::multipart::{Completion, NamedPart, Upload};
use crate::s3::object_file::Announced;

pub(super) async fn create(
    backend: &Backend,
    input: dto::CreateMultipartUploadInput,
) -> Answer<dto::CreateMultipartUploadOutput> {
    let sha256 = match input.checksum_algorithm.as_ref().map(ChecksumAlgorithm::as_str) {
        None => false,
        Some(ChecksumAlgorithm::SHA256) => true,
        Some(_) => return Err(s3_error!(NotImplemented, "multipart uploads have SHA256 checksums or none")),
    };
    if input.checksum_type.as_ref().is_some_and(|kind| kind.as_str() != ChecksumType::COMPOSITE) {
        return Err(s3_error!(NotImplemented, "multipart uploads have composite checksums"));
    }
    let upload = Upload {
        id: String::new(),
        key: input.key,
        started_at_ms: 0,
        sha256,
        content_type: input.content_type,
        metadata: input.metadata.unwrap_or_default().into_iter().collect(),
    };
    let upload = backend.create_upload(&input.bucket, upload).await?;
    Ok(S3Response::new(dto::CreateMultipartUploadOutput {
        bucket: Some(input.bucket),
        key: Some(upload.key),
        upload_id: Some(upload.id),
        checksum_algorithm: input.checksum_algorithm,
        checksum_type: sha256.then(|| ChecksumType::from_static(ChecksumType::COMPOSITE)),
        ..Default::default()
    }))
}

pub(super) async fn part(
    backend: &Backend,
    request: S3Request<dto::UploadPartInput>,
) -> Answer<dto::UploadPartOutput> {
    let mut input = request.input;
    let body = input.body.take().ok_or_else(|| s3_error!(IncompleteBody))?;
    let announced = Announced {
        size_bytes: announced_size(&request.headers, input.content_length),
        md5: announced_md5(input.content_md5.as_deref())?,
        checksums: sent_checksums!(input),
        algorithms: late_algorithms(&request.headers),
    };
    let trailers = request.trailing_headers;
    let place = (input.key.as_str(), input.upload_id.as_str(), input.part_number);
    let trailers = || late_checksums(trailers.as_ref());
    let info = backend.store_part(&input.bucket, place, body, announced, trailers).await?;
    let mut output = dto::UploadPartOutput { e_tag: strong(&info.etag), ..Default::default() };
    set_checksums!(output, &info.checksums);
    Ok(S3Response::new(output))
}

pub(super) async fn complete(
    backend: &Backend,
    mut input: dto::CompleteMultipartUploadInput,
) -> Answer<dto::CompleteMultipartUploadOutput> {
    let parts = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
    let completion = Completion {
        upload: input.upload_id,
        key: input.key,
        parts: parts.into_iter().map(named_part).collect::<S3Result<_>>()?,
        condition: write_condition(input.if_match.take(), input.if_none_match.take())?,
        size_bytes: input.mpu_object_size.and_then(|size| u64::try_from(size).ok()),
        checksums: sent_checksums!(input),
    };
    let info = backend.complete(&input.bucket, completion).await?;
    let mut output = dto::CompleteMultipartUploadOutput {
        location: Some(format!("/{}/{}", input.bucket, info.key)),
        bucket: Some(input.bucket),
        key: Some(info.key.clone()),
        e_tag: strong(&info.etag),
        ..Default::default()
    };
    set_checksums!(output, &info.checksums);
    if info.checksums.sha256.is_some() {
        output.checksum_type = Some(ChecksumType::from_static(ChecksumType::COMPOSITE));
    }
    Ok(S3Response::new(output))
}

fn named_part(mut part: dto::CompletedPart) -> S3Result<NamedPart> {
    let number = part.part_number.unwrap_or_default();
    Ok(NamedPart {
        number: u32::try_from(number).map_err(|_| StoreError::PartNumber { number })?,
        etag: part.e_tag.take().map(dto::ETag::into_value).unwrap_or_default(),
        checksums: sent_checksums!(part),
    })
}

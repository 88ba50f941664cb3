//! Listings, in pages: objects, open uploads, parts.

use std::collections::BTreeSet;
use std::ops::Bound;

use s3s::dto::{self, ChecksumAlgorithm, EncodingType};
use s3s::{S3Response, S3Result, s3_error};

use super::{Answer, set_checksums, signed, strong, timestamp};
use crate::s3::backend::Backend;
use crate::s3::error::StoreError;
use crate::s3::key_name::url_encoded;
use crate::s3::multipart;
use crate::s3::object_file::ObjectInfo;

/// Most entries of one page.
const PAGE: i32 = 1_000;

/// Where a page of objects ended.
enum After {
    Key(String),
    /// All keys with this prefix were told as one.
    Prefix(String),
}

impl After {
    fn to_token(&self) -> String {
        match self {
            Self::Key(key) => format!("k{}", hex::encode(key)),
            Self::Prefix(prefix) => format!("p{}", hex::encode(prefix)),
        }
    }

    fn from_token(token: &str) -> S3Result<Self> {
        let wrong = || s3_error!(InvalidArgument, "The continuation token provided is incorrect");
        let (kind, rest) = token.split_at_checked(1).ok_or_else(wrong)?;
        let text =
            hex::decode(rest).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(wrong)?;
        match kind {
            "k" => Ok(Self::Key(text)),
            "p" => Ok(Self::Prefix(text)),
            _ => Err(wrong()),
        }
    }

    fn covers(&self, key: &str) -> bool {
        match self {
            Self::Key(last) => key <= last.as_str(),
            Self::Prefix(last) => key < last.as_str() || key.starts_with(last.as_str()),
        }
    }
}

pub(super) fn objects(backend: &Backend, input: dto::ListObjectsV2Input) -> Answer<dto::ListObjectsV2Output> {
    let bucket = backend.bucket(&input.bucket)?;
    let prefix = input.prefix.clone().unwrap_or_default();
    let delimiter = input.delimiter.clone().filter(|delimiter| !delimiter.is_empty());
    let limit = page_length(input.max_keys)?;
    let mut after = match (&input.continuation_token, &input.start_after) {
        (Some(token), _) => Some(After::from_token(token)?),
        (None, Some(key)) => Some(After::Key(key.clone())),
        (None, None) => None,
    };
    let encode = |key: &str| if input.encoding_type.is_some() { url_encoded(key) } else { key.to_owned() };

    let (mut contents, mut prefixes, mut is_truncated) = (Vec::new(), BTreeSet::new(), false);
    let found = bucket.objects();
    let start = match &after {
        Some(After::Key(from) | After::Prefix(from)) if *from > prefix => from.as_str(),
        _ => prefix.as_str(),
    };
    let in_order = found.range::<str, _>((Bound::Included(start), Bound::Unbounded));
    for (key, info) in in_order.take_while(|(key, _)| key.starts_with(&prefix)) {
        if after.as_ref().is_some_and(|after| after.covers(key)) {
            continue;
        }
        if contents.len() + prefixes.len() == limit {
            is_truncated = limit > 0;
            break;
        }
        match delimiter.as_deref().and_then(|delimiter| common_prefix(key, &prefix, delimiter)) {
            Some(common) => {
                prefixes.insert(common.to_owned());
                after = Some(After::Prefix(common.to_owned()));
            }
            None => {
                contents.push(listed(info, encode(key)));
                after = Some(After::Key(key.clone()));
            }
        }
    }
    let prefixes: Vec<_> =
        prefixes.iter().map(|common| dto::CommonPrefix { prefix: Some(encode(common)) }).collect();
    Ok(S3Response::new(dto::ListObjectsV2Output {
        name: Some(input.bucket),
        prefix: Some(encode(&prefix)),
        delimiter: delimiter.as_deref().map(encode),
        max_keys: i32::try_from(limit).ok(),
        key_count: i32::try_from(contents.len() + prefixes.len()).ok(),
        contents: Some(contents),
        common_prefixes: (!prefixes.is_empty()).then_some(prefixes),
        is_truncated: Some(is_truncated),
        next_continuation_token: after.filter(|_| is_truncated).map(|after| after.to_token()),
        continuation_token: input.continuation_token,
        encoding_type: input.encoding_type,
        start_after: input.start_after,
        ..Default::default()
    }))
}

/// The key up to and with the first delimiter behind the prefix.
fn common_prefix<'a>(key: &'a str, prefix: &str, delimiter: &str) -> Option<&'a str> {
    let rest = key.get(prefix.len()..)?;
    let end = prefix.len() + rest.find(delimiter)? + delimiter.len();
    key.get(..end)
}

fn listed(info: &ObjectInfo, key: String) -> dto::Object {
    let algorithms: Vec<_> = info
        .checksums
        .algorithms()
        .map(|algorithm| ChecksumAlgorithm::from_static(algorithm.name()))
        .collect();
    dto::Object {
        key: Some(key),
        size: signed(info.size_bytes),
        e_tag: strong(&info.etag),
        last_modified: timestamp(info.stored_at_ms),
        checksum_algorithm: (!algorithms.is_empty()).then_some(algorithms),
        storage_class: Some(dto::ObjectStorageClass::from_static(dto::ObjectStorageClass::STANDARD)),
        ..Default::default()
    }
}

pub(super) async fn parts(backend: &Backend, input: dto::ListPartsInput) -> Answer<dto::ListPartsOutput> {
    let limit = page_length(input.max_parts)?;
    let marker = input.part_number_marker.unwrap_or(0);
    let (upload, parts) = backend.parts(&input.bucket, &input.key, &input.upload_id).await?;
    let mut rest = parts.into_iter().filter(|(number, _)| i64::from(*number) > i64::from(marker));
    let page: Vec<_> = rest.by_ref().take(limit).collect();
    let is_truncated = limit > 0 && rest.next().is_some();
    let next = page.last().filter(|_| is_truncated).and_then(|(number, _)| i32::try_from(*number).ok());
    Ok(S3Response::new(dto::ListPartsOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(input.upload_id),
        checksum_algorithm: upload.sha256.then(|| ChecksumAlgorithm::from_static(ChecksumAlgorithm::SHA256)),
        checksum_type: upload.sha256.then(|| dto::ChecksumType::from_static(dto::ChecksumType::COMPOSITE)),
        max_parts: i32::try_from(limit).ok(),
        part_number_marker: Some(marker),
        next_part_number_marker: next,
        is_truncated: Some(is_truncated),
        parts: Some(page.iter().map(|(number, info)| listed_part(*number, info)).collect()),
        ..Default::default()
    }))
}

fn listed_part(number: u32, info: &ObjectInfo) -> dto::Part {
    let mut part = dto::Part {
        part_number: i32::try_from(number).ok(),
        size: signed(info.size_bytes),
        e_tag: strong(&info.etag),
        last_modified: timestamp(info.stored_at_ms),
        ..Default::default()
    };
    set_checksums!(part, &info.checksums);
    part
}

pub(super) fn uploads(
    backend: &Backend,
    input: dto::ListMultipartUploadsInput,
) -> Answer<dto::ListMultipartUploadsOutput> {
    if input.delimiter.as_ref().is_some_and(|delimiter| !delimiter.is_empty()) {
        return Err(s3_error!(NotImplemented, "uploads are listed without a delimiter"));
    }
    let bucket = backend.bucket(&input.bucket)?;
    let limit = page_length(input.max_uploads)?;
    let prefix = input.prefix.clone().unwrap_or_default();
    let encode = |key: &str| if input.encoding_type.is_some() { url_encoded(key) } else { key.to_owned() };
    let uploads = multipart::list(&bucket).map_err(StoreError::from)?;
    let matching: Vec<_> = uploads.into_iter().filter(|upload| upload.key.starts_with(&prefix)).collect();
    let start = match (&input.key_marker, &input.upload_id_marker) {
        (None, _) => 0,
        // Uploads of one key are told by their start, so the marker is looked up, not compared.
        (Some(key), Some(id)) => matching
            .iter()
            .position(|upload| upload.key == *key && upload.id == *id)
            .map_or_else(|| matching.partition_point(|upload| upload.key <= *key), |index| index + 1),
        (Some(key), None) => matching.partition_point(|upload| upload.key <= *key),
    };
    let page = &matching[start..matching.len().min(start + limit)];
    let last = page.last().filter(|_| start + page.len() < matching.len());
    let listed = page.iter().map(|upload| dto::MultipartUpload {
        key: Some(encode(&upload.key)),
        upload_id: Some(upload.id.clone()),
        initiated: timestamp(upload.started_at_ms),
        checksum_algorithm: upload.sha256.then(|| ChecksumAlgorithm::from_static(ChecksumAlgorithm::SHA256)),
        ..Default::default()
    });
    Ok(S3Response::new(dto::ListMultipartUploadsOutput {
        bucket: Some(input.bucket),
        prefix: Some(encode(&prefix)),
        max_uploads: i32::try_from(limit).ok(),
        is_truncated: Some(last.is_some()),
        next_key_marker: last.map(|upload| encode(&upload.key)),
        next_upload_id_marker: last.map(|upload| upload.id.clone()),
        uploads: Some(listed.collect()),
        key_marker: input.key_marker,
        upload_id_marker: input.upload_id_marker,
        encoding_type: input.encoding_type.filter(|kind| kind.as_str() == EncodingType::URL),
        ..Default::default()
    }))
}

fn page_length(asked: Option<i32>) -> S3Result<usize> {
    let asked = asked.unwrap_or(PAGE).min(PAGE);
    usize::try_from(asked).map_err(|_| s3_error!(InvalidArgument, "the length of a page is negative"))
}

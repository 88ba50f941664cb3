//! Why storage refuses.

use std::io;

use super::checksum::Algorithm;

/// Why an operation on storage did not happen. Nothing is changed when one is returned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no such bucket.
    #[error("no bucket {bucket}")]
    NoSuchBucket {
        /// Its name.
        bucket: String,
    },
    /// There is no such object.
    #[error("no object under this key")]
    NoSuchKey,
    /// The multipart upload never was, was completed or aborted, or is one of another key.
    #[error("no such multipart upload")]
    NoSuchUpload,
    /// `If-None-Match` or `If-Match` does not hold.
    #[error("the condition of the request does not hold")]
    PreconditionFailed,
    /// The bytes are not those that the client announced.
    #[error("the {what} of the received bytes is not the announced one")]
    BadDigest {
        /// Name of the checksum.
        what: &'static str,
    },
    /// The body broke off or has another length than announced.
    #[error("received {actual} bytes; {expected} were announced")]
    IncompleteBody {
        /// Bytes announced.
        expected: u64,
        /// Bytes received.
        actual: u64,
    },
    /// The body could not be read to its end.
    #[error("the body broke off")]
    BrokenBody {
        /// Whether its hash differs from the signed one.
        hash_mismatch: bool,
    },
    /// A part has no checksum although its upload was created with one.
    #[error("this upload needs a {} checksum with every part", algorithm.name())]
    MissingChecksum {
        /// The algorithm of the upload.
        algorithm: Algorithm,
    },
    /// A completion names a part that is not there or is another one.
    #[error("part {number} is missing or is another one")]
    InvalidPart {
        /// Its number.
        number: u32,
    },
    /// A completion does not name its parts in ascending order.
    #[error("parts are not in ascending order")]
    InvalidPartOrder,
    /// A completion names no parts.
    #[error("no parts")]
    NoParts,
    /// A part other than the last is under 5 MiB.
    #[error("part {number} has {actual} bytes; every part but the last needs {minimum}")]
    PartTooSmall {
        /// Its number.
        number: u32,
        /// Its bytes.
        actual: u64,
        /// Least bytes.
        minimum: u64,
    },
    /// A part number that S3 does not have.
    #[error("part number {number} is not between 1 and 10000")]
    PartNumber {
        /// The number.
        number: i32,
    },
    /// The completed object would have another size than the client announced.
    #[error("the parts have {actual} bytes together; {expected} were announced")]
    ObjectSize {
        /// Bytes announced.
        expected: u64,
        /// Bytes of the parts.
        actual: u64,
    },
    /// The disk refused.
    #[error("the disk refused: {0}")]
    Io(#[from] io::Error),
}

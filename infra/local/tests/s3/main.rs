//! S3 against the client that the functions use, and against plain HTTP as a browser sends it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod conditions;
mod multipart;
mod objects;
mod presigned;
mod server;

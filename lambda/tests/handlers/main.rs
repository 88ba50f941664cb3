//! The handlers against the real S3 protocol: signatures, conditional writes and multipart uploads, no mocks.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod binaries;
mod cloud;
mod datasets;
mod jobs;
mod products;
mod route_matrix;
mod sample;
mod scoring;
mod sessions;
mod store;
mod training;
mod uploads;

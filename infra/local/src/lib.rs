#![doc = include_str!("../README.md")]

pub mod functions;
mod gateway;
mod jobs;
mod logs;
pub mod s3;
mod secrets;
mod server;
mod stack;

pub use logs::{CappedLog, LOG_LIMIT_BYTES};
pub use stack::{BUCKET, Config, DEFAULT_PORT, DEFAULT_S3_PORT, REGION, Stack, StartError};

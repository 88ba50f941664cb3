#![doc = include_str!("../README.md")]

pub mod answer;
pub mod api;
pub mod id;
pub mod job;
pub mod manifest;
pub mod plan;
pub mod row_group;
pub mod term;
pub mod wire;

pub use id::{DatasetId, Digest, JobId, KeyFingerprint, ModelId, ScoreId, TenantId, TrainingId, UploadId};

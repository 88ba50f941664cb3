//! The one source of randomness: the browser's.

use getrandom::SysRng;
use rand_core::{Rng as _, UnwrapErr};
use veilsum_protocol::{DatasetId, JobId, ModelId, ScoreId, UploadId};

/// The browser's cryptographic generator.
#[must_use]
pub fn rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

/// A new dataset's id.
#[must_use]
pub fn dataset_id() -> DatasetId {
    DatasetId::from_bytes(bytes())
}

/// A new encryption attempt's id.
#[must_use]
pub fn upload_id() -> UploadId {
    UploadId::from_bytes(bytes())
}

/// A new job's id.
#[must_use]
pub fn job_id() -> JobId {
    JobId::from_bytes(bytes())
}

/// A new model's id.
#[must_use]
pub fn model_id() -> ModelId {
    ModelId::from_bytes(bytes())
}

/// A new score's id.
#[must_use]
pub fn score_id() -> ScoreId {
    ScoreId::from_bytes(bytes())
}

/// What tells a new training from all others: 16 bytes in hex.
#[must_use]
pub fn training_nonce() -> String {
    hex::encode(bytes::<16>())
}

fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rng().fill_bytes(&mut bytes);
    bytes
}

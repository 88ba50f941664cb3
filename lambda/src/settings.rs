//! What the functions take from their environment, once, at start.

use std::env;

use crate::tokens::{BadTokenKey, Tokens};

/// Why a function cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// A variable is not set.
    #[error("the environment variable {name} is not set")]
    Missing {
        /// Name of the variable.
        name: &'static str,
    },
    /// The key for tokens is not a key.
    #[error("the environment variable {TOKEN_KEY} is unusable")]
    TokenKey(#[source] BadTokenKey),
}

const BUCKET: &str = "VEILSUM_BUCKET";
const TOKEN_KEY: &str = "VEILSUM_TOKEN_KEY";
const ENDPOINT: &str = "AWS_ENDPOINT_URL_S3";

/// Name of the bucket, from `VEILSUM_BUCKET`.
///
/// # Errors
/// [`SettingsError::Missing`] if it is not set.
pub fn bucket() -> Result<String, SettingsError> {
    required(BUCKET)
}

/// The maker and checker of tokens, with the key in `VEILSUM_TOKEN_KEY` (32 bytes in hex).
///
/// # Errors
/// [`SettingsError`] if it is not set or not a key.
pub fn tokens() -> Result<Tokens, SettingsError> {
    Tokens::from_hex(&required(TOKEN_KEY)?).map_err(SettingsError::TokenKey)
}

/// Another S3 endpoint than AWS's own, from `AWS_ENDPOINT_URL_S3`.
#[must_use]
pub fn s3_endpoint() -> Option<String> {
    env::var(ENDPOINT).ok().filter(|endpoint| !endpoint.is_empty())
}

fn required(name: &'static str) -> Result<String, SettingsError> {
    env::var(name).ok().filter(|value| !value.is_empty()).ok_or(SettingsError::Missing { name })
}

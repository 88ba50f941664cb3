//! The secrets of one local cloud: made at the first start, kept in the data folder, readable by its owner only.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// The one access key of the local S3.
#[derive(Clone, Serialize, Deserialize)]
pub struct Credentials {
    /// Access key id.
    pub access_key: String,
    /// Secret access key.
    pub secret_key: String,
}

impl Credentials {
    /// Draws a new access key.
    ///
    /// # Errors
    /// If the system has no randomness.
    pub fn generate() -> Result<Self, getrandom::Error> {
        Ok(Self {
            access_key: format!("VSL{}", random_hex::<8>()?.to_uppercase()),
            secret_key: random_hex::<20>()?,
        })
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Credentials").field("access_key", &self.access_key).finish_non_exhaustive()
    }
}

/// Everything secret that the local cloud itself holds.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Secrets {
    /// For S3.
    pub(crate) credentials: Credentials,
    /// Signs session tokens; 32 bytes in hex.
    pub(crate) token_key: String,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Secrets").finish_non_exhaustive()
    }
}

impl Secrets {
    /// Reads the secrets from `path`; makes them if there are none.
    ///
    /// # Errors
    /// If the file cannot be read or written, or is not of this format.
    pub(crate) fn load_or_generate(path: &Path) -> io::Result<Self> {
        match fs::read(path) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::generate(path),
            Err(error) => Err(error),
        }
    }

    fn generate(path: &Path) -> io::Result<Self> {
        let secrets =
            Self { credentials: Credentials::generate().map_err(io::Error::other)?, token_key: token_key()? };
        // Written beside and renamed, so that a crash leaves either no file or a whole one.
        let beside = path.with_extension("new");
        let mut file: File =
            File::options().create(true).truncate(true).write(true).mode(0o600).open(&beside)?;
        file.write_all(&serde_json::to_vec_pretty(&secrets)?)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        Ok(secrets)
    }
}

fn token_key() -> io::Result<String> {
    random_hex::<32>().map_err(io::Error::other)
}

/// `BYTES` random bytes in lower-case hex.
///
/// # Errors
/// If the system has no randomness.
pub(crate) fn random_hex<const BYTES: usize>() -> Result<String, getrandom::Error> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(hex::encode(bytes))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn are_made_once_and_only_their_owner_can_read_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets.json");
        let made = Secrets::load_or_generate(&path).unwrap();
        let read = Secrets::load_or_generate(&path).unwrap();
        assert_eq!(made.credentials.secret_key, read.credentials.secret_key);
        assert_eq!(made.token_key, read.token_key);
        assert_eq!(made.token_key.len(), 64);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn do_not_show_in_debug_output() {
        let credentials = Credentials::generate().unwrap();
        assert!(!format!("{credentials:?}").contains(&credentials.secret_key));
    }
}

//! Key files for stories that are not about making keys: made here once per program, which is faster than in a browser.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context, anyhow};
use getrandom::SysRng;
use rand_core::UnwrapErr;
use veilsum_owner::key_file::KeyFile;
use veilsum_owner::keyring::Keyring;
use veilsum_owner::paillier::ModulusSize;

/// Opens the key files that are made here.
pub const PASSPHRASE: &str = "four unrelated test words";

/// Bytes of a key file with a 2048-bit modulus, the same for all stories of a program.
///
/// # Errors
/// It cannot be made.
pub fn key_file() -> anyhow::Result<&'static [u8]> {
    static FILE: OnceLock<Result<Vec<u8>, String>> = OnceLock::new();
    let made = FILE.get_or_init(|| make().map_err(|error| format!("{error:#}")));
    made.as_deref().map_err(|error| anyhow!("no key file: {error}"))
}

/// Writes [`key_file`] into a folder.
///
/// # Errors
/// It cannot be made or written.
pub fn write_key_file(folder: &Path) -> anyhow::Result<PathBuf> {
    let path = folder.join("story.veilsum-key");
    std::fs::write(&path, key_file()?)?;
    Ok(path)
}

/// Opens a key file, to look for its secrets elsewhere.
///
/// # Errors
/// It is no key file, or the passphrase is wrong.
pub fn open(key_file: &[u8], passphrase: &str) -> anyhow::Result<Keyring> {
    KeyFile::parse(key_file)?.wrapped.unlock(passphrase).context("the key file does not open")
}

fn make() -> anyhow::Result<Vec<u8>> {
    let mut rng = UnwrapErr(SysRng);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
    let keyring = Keyring::generate(ModulusSize::Bits2048, now, &mut rng, &mut |_| {})?;
    let wrapped = keyring.wrap(PASSPHRASE, &mut rng)?;
    Ok(KeyFile::export(&wrapped, &keyring, &BTreeMap::new(), &mut rng)?)
}

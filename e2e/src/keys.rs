//! Key files for stories that are not about making keys: made here once per program, which is faster than in a browser.
//! And keys that are the same in every run, for tests that must be repeatable.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context, anyhow};
use getrandom::SysRng;
use num_bigint::BigUint;
use rand_core::UnwrapErr;
use serde_json::Value;
use veilsum_owner::identity::IdentityKey;
use veilsum_owner::key_file::KeyFile;
use veilsum_owner::keyring::Keyring;
use veilsum_owner::master::MasterSecret;
use veilsum_owner::paillier::{ModulusSize, SecretKey};

/// A 2048-bit key with the structure of those that Veilsum makes.
const SECRET_KEY: &str = include_str!("../../core/owner/tests/vectors/secret-key-2048.json");
/// Keys of python `phe`, in bits and JSON.
const OTHER_KEYS: [(u32, &str); 2] = [
    (1_024, include_str!("../../core/crypto/tests/vectors/phe-1024.json")),
    (2_048, include_str!("../../core/crypto/tests/vectors/phe-2048.json")),
];

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

/// A keyring that is the same in every run. Its keys are public: it is for tests that must be repeatable, and no more.
///
/// # Errors
/// The test vectors of `veilsum-owner` have changed.
pub fn fixed_keyring() -> anyhow::Result<Keyring> {
    let vector: Value = serde_json::from_str(SECRET_KEY)?;
    let secret = hex::decode(vector["secret"].as_str().context("the vector holds no key")?)?;
    Ok(fixed_with(SecretKey::from_secret_bytes(&secret)?))
}

/// As [`fixed_keyring`], with the same identity and master secret but another Paillier key, of 1024 or 2048 bits.
///
/// # Errors
/// There is no such key among the test vectors of `veilsum-crypto`.
pub fn fixed_keyring_with_other_key(bits: u32) -> anyhow::Result<Keyring> {
    let vector = OTHER_KEYS.iter().find(|(size, _)| *size == bits).context("no vector of that size")?.1;
    let vector: Value = serde_json::from_str(vector)?;
    let prime = |name: &str| {
        let text = vector[name].as_str().unwrap_or_default();
        BigUint::parse_bytes(text.as_bytes(), 16).context("the vector holds no key")
    };
    Ok(fixed_with(SecretKey::from_primes(prime("p")?, prime("q")?)?))
}

/// A key file with [`fixed_keyring`], which [`PASSPHRASE`] opens.
///
/// # Errors
/// As [`fixed_keyring`].
pub fn fixed_key_file() -> anyhow::Result<Vec<u8>> {
    file_of(&fixed_keyring()?)
}

fn fixed_with(paillier: SecretKey) -> Keyring {
    let (identity, master) = (IdentityKey::from_seed(&[21; 32]), MasterSecret::from_bytes([22; 32]));
    Keyring::from_keys(1_700_000_000, identity, master, paillier)
}

fn make() -> anyhow::Result<Vec<u8>> {
    let mut rng = UnwrapErr(SysRng);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
    let keyring = Keyring::generate(ModulusSize::Bits2048, now, &mut rng, &mut |_| {})?;
    file_of(&keyring)
}

fn file_of(keyring: &Keyring) -> anyhow::Result<Vec<u8>> {
    let mut rng = UnwrapErr(SysRng);
    let wrapped = keyring.wrap(PASSPHRASE, &mut rng)?;
    Ok(KeyFile::export(&wrapped, keyring, &BTreeMap::new(), &mut rng)?)
}

//! The owner's files: frozen bytes that must open for ever, and hostile ones that must be refused by name.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod freeze;
mod hostile;
mod key_file;
mod keyring;
mod manifest;
mod seal;
mod worker;

use std::sync::LazyLock;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use veilsum_owner::keyring::Keyring;

/// Passphrase of the frozen keyring.
const PASSPHRASE: &str = "correct horse battery stäple";
/// The frozen keyring: 2048 bits, made by [`freeze`].
const WRAPPED: &str = include_str!("../frozen/keyring_v1.hex");

/// The frozen keyring, unlocked once for all tests: Argon2id takes its time.
static KEYRING: LazyLock<Keyring> =
    LazyLock::new(|| Keyring::unwrap(&unhex(WRAPPED), PASSPHRASE).expect("the frozen keyring unlocks"));

/// Randomness that is the same in every run.
fn rng(seed: u8) -> ChaCha20Rng {
    ChaCha20Rng::from_seed([seed; 32])
}

/// Decodes hex text; line ends are skipped.
fn unhex(text: &str) -> Vec<u8> {
    hex::decode(text.split_ascii_whitespace().collect::<String>()).unwrap()
}

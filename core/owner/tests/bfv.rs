//! BFV through the public API: what is encrypted and evaluated decrypts to the cleartext, bytes that are not right are refused,
//! and ours is what crate `fhe` does.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

/// So that `bfv` is in the names of the tests, and selects them.
mod bfv {
    mod format;
    mod oracle;
    mod properties;
}

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use veilsum_crypto::bfv::ParameterSet;
use veilsum_owner::bfv::SecretKey;
use veilsum_owner::master::MasterSecret;

/// Randomness that is the same in every run.
fn rng(seed: u8) -> ChaCha20Rng {
    ChaCha20Rng::from_seed([seed; 32])
}

fn key(set: ParameterSet) -> SecretKey {
    SecretKey::derive(&MasterSecret::from_bytes([9; 32]), set)
}

/// The bytes of a column's blocks under one prime.
fn column(key: &SecretKey, prime: u8, rows: &[i64], rng: &mut ChaCha20Rng) -> Vec<u8> {
    rows.chunks(key.set().degree())
        .flat_map(|block| key.encrypt_block(prime, block, rng).unwrap().to_bytes())
        .collect()
}

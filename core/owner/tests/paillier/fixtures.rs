//! Keys and numbers that several tests need.

use std::sync::LazyLock;

use num_bigint::BigUint;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::Deserialize;
use veilsum_owner::paillier::SecretKey;

/// A big integer in hexadecimal.
#[derive(Deserialize, Clone)]
#[serde(try_from = "String")]
pub struct Hex(pub BigUint);

impl TryFrom<String> for Hex {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        BigUint::parse_bytes(text.as_bytes(), 16).map(Self).ok_or(text)
    }
}

/// A file that `core/crypto/tests/vectors/generate_phe.py` made.
#[derive(Deserialize)]
pub struct KnownAnswers {
    pub n: Hex,
    pub p: Hex,
    pub q: Hex,
    pub encryptions: Vec<Answered>,
    pub sums: Vec<Answered>,
    pub products: Vec<Answered>,
}

/// A ciphertext and what it decrypts to.
#[derive(Deserialize)]
pub struct Answered {
    pub message: Hex,
    pub ciphertext: Hex,
}

pub fn known_answers() -> [KnownAnswers; 3] {
    [
        include_str!("../../../crypto/tests/vectors/phe-1024.json"),
        include_str!("../../../crypto/tests/vectors/phe-2048.json"),
        include_str!("../../../crypto/tests/vectors/phe-3072.json"),
    ]
    .map(|json| serde_json::from_str(json).unwrap())
}

/// A file that `tests/vectors/generate_keys.py` made.
#[derive(Deserialize)]
pub struct KeyVector {
    pub modulus: String,
    pub fingerprint: String,
    #[serde(with = "hex")]
    pub secret: Vec<u8>,
}

pub fn key_vectors() -> [KeyVector; 2] {
    [include_str!("../vectors/secret-key-2048.json"), include_str!("../vectors/secret-key-3072.json")]
        .map(|json| serde_json::from_str(json).unwrap())
}

/// A key that is large enough to test with and small enough to be quick: 14 slots.
pub fn small_key() -> &'static SecretKey {
    static KEY: LazyLock<SecretKey> = LazyLock::new(|| {
        let [small, ..] = known_answers();
        SecretKey::from_primes(small.p.0, small.q.0).unwrap()
    });
    &KEY
}

pub fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

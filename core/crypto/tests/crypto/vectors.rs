//! The shape of the files in `tests/vectors`, which `generate_phe.py` makes.

use num_bigint::BigUint;
use serde::Deserialize;
use veilsum_crypto::paillier::PublicKey;

#[derive(Deserialize)]
pub struct KnownAnswers {
    pub modulus_bits: u32,
    pub n: Hex,
    pub fingerprint: String,
    pub encryptions: Vec<Encryption>,
    pub sums: Vec<Sum>,
    pub products: Vec<Product>,
    pub packed: Vec<Packed>,
}

#[derive(Deserialize)]
pub struct Encryption {
    pub message: Hex,
    pub r: Hex,
    pub ciphertext: Hex,
}

#[derive(Deserialize)]
pub struct Sum {
    pub of: Vec<usize>,
    pub ciphertext: Hex,
}

#[derive(Deserialize)]
pub struct Product {
    pub of: usize,
    pub factor: String,
    pub ciphertext: Hex,
}

#[derive(Deserialize)]
pub struct Packed {
    pub slots: Vec<i64>,
    pub check: String,
    pub residue: Hex,
}

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

pub fn known_answers() -> [KnownAnswers; 3] {
    [
        include_str!("../vectors/phe-1024.json"),
        include_str!("../vectors/phe-2048.json"),
        include_str!("../vectors/phe-3072.json"),
    ]
    .map(|json| serde_json::from_str(json).unwrap())
}

/// A key that is large enough to test with and small enough to be quick.
pub fn small_key() -> PublicKey {
    let [small, ..] = known_answers();
    PublicKey::from_modulus(small.n.0).unwrap()
}

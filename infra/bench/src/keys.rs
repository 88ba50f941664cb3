//! The keys that everybody works with: those of the product's test vectors.

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

const VECTORS: [&str; 2] = [
    include_str!("../../../core/owner/tests/vectors/secret-key-2048.json"),
    include_str!("../../../core/owner/tests/vectors/secret-key-3072.json"),
];

/// Bytes before the primes, and before each prime, in a stored key.
const HEADER_BYTES: usize = 12;
const PRIME_HEADER_BYTES: usize = 8;

/// A key as hexadecimal digits.
#[derive(Debug, Serialize)]
pub struct Key {
    pub bits: u32,
    /// The key as the product stores it.
    pub secret: String,
    pub p: String,
    pub q: String,
}

/// The key with n of `bits`.
pub fn key(bits: u32) -> anyhow::Result<Key> {
    #[derive(Deserialize)]
    struct Vector {
        secret: String,
    }
    let length = 2 * (HEADER_BYTES + 2 * (PRIME_HEADER_BYTES + bits as usize / 16));
    let secrets = VECTORS.map(|json| serde_json::from_str::<Vector>(json).map(|vector| vector.secret));
    let secret = secrets
        .into_iter()
        .filter_map(Result::ok)
        .find(|secret| secret.len() == length)
        .with_context(|| format!("there is no key of {bits} bits"))?;
    let primes = &secret[2 * HEADER_BYTES..];
    ensure!(primes.is_ascii(), "a key is hexadecimal digits");
    let (p, q) = primes.split_at(primes.len() / 2);
    let [p, q] = [p, q].map(|prime| big_endian(&prime[2 * PRIME_HEADER_BYTES..]));
    Ok(Key { bits, secret, p, q })
}

/// Reverses the bytes of a number.
fn big_endian(hex: &str) -> String {
    let (bytes, _) = hex.as_bytes().as_chunks::<2>();
    bytes.iter().rev().flatten().copied().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_key_of_both_sizes() {
        for bits in [2_048, 3_072] {
            let key = key(bits).unwrap();
            assert_eq!(key.p.len(), bits as usize / 8);
            assert!(u8::from_str_radix(&key.p[..2], 16).unwrap() >= 0x80, "a prime of full length");
            assert_eq!(u8::from_str_radix(&key.q[key.q.len() - 2..], 16).unwrap() % 2, 1);
        }
        assert!(key(1_024).is_err());
    }
}

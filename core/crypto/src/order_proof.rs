//! A proof that a modulus n has `gcd(n, φ(n)) = 1`, without its factors [GRSB19, §3.3].
//!
//! Then x ↦ xⁿ permutes the units modulo n, so that rⁿ mod n² for a uniform r hides every n-th residue: a ciphertext under a
//! stranger's n that was multiplied by rⁿ shows its plaintext and nothing else. A modulus chosen to fail would let its
//! maker read in the residue what was computed.
//!
//! # The protocol
//! The verifier checks that no prime below α = 2¹⁶ divides n, and takes m = 8 challenges ρᵢ; the prover answers with
//! `σᵢ = ρᵢ^(n⁻¹ mod φ(n)) mod n`; the verifier checks `σᵢⁿ = ρᵢ (mod n)`. If a prime r ≥ α divides both n and φ(n), then at most a
//! part 1/r of the units are n-th powers, and all ρᵢ are with probability at most α⁻ᵐ = 2⁻¹²⁸. Challenges are hashed from n, so
//! that nothing is sent beforehand and each modulus has one proof: whoever looks for a modulus that cheats needs 2¹²⁸ tries,
//! with SHA-256 as a random oracle.
//!
//! `ρᵢ = SHA-256(label ‖ fingerprint of n ‖ i ‖ 0) ‖ SHA-256(… ‖ 1) ‖ … mod n`, little-endian, of 128 bits more than n has, so that
//! it is uniform but for 2⁻¹²⁸.
//!
//! [GRSB19]: S. Goldberg, L. Reyzin, O. Sagga, F. Baldimtsi, *Efficient noninteractive certification of RSA moduli and
//! beyond*, Asiacrypt 2019 (ePrint 2018/057).

use num_bigint::BigUint;
use num_integer::Integer;
use num_traits::{One, Zero};
use sha2::{Digest, Sha256};

use crate::kernel::Modulus;
use crate::paillier::PublicKey;

/// m: challenges of a proof.
pub const CHALLENGES: usize = 8;
/// α: no smaller prime may divide the modulus. `CHALLENGES · log₂ α` is the soundness in bits.
pub const SMALLEST_FACTOR: u32 = 1 << 16;

/// Separates challenges from every other use of SHA-256.
const LABEL: &[u8] = b"veilsum paillier order proof v1\0";
const MAGIC: [u8; 4] = *b"VSOP";
const VERSION: u16 = 1;
/// Magic, version, zero.
const HEADER_BYTES: usize = 8;
/// Bits by which a challenge is longer than n before it is reduced.
const EXCESS_BITS: u32 = 128;

/// The n-th roots of the challenges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderProof {
    /// [`CHALLENGES`] of them.
    roots: Vec<BigUint>,
}

/// Why a modulus is not believed. Nothing is computed under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OrderProofError {
    /// The bytes are no proof for a key of this size.
    #[error("these bytes are not a proof for a public key of {modulus_bits} bits")]
    NotAProof {
        /// Bits of the key.
        modulus_bits: u32,
    },
    /// The version is one that this build does not know.
    #[error("this proof has format version {actual}; this program reads version {VERSION}")]
    UnknownVersion {
        /// Version found.
        actual: u16,
    },
    /// A small number divides the modulus.
    #[error("the public key is divisible by {factor}, so it is not a product of two large primes")]
    SmallFactor {
        /// The smallest such number.
        factor: u32,
    },
    /// A root is not one.
    #[error("part {index} of the proof does not belong to this public key")]
    WrongRoot {
        /// Which one, from 1.
        index: usize,
    },
}

/// The challenges for a key.
#[must_use]
pub fn challenges(key: &PublicKey) -> Vec<BigUint> {
    let fingerprint = key.fingerprint();
    let blocks = (key.modulus_bits() + EXCESS_BITS).div_ceil(256);
    let challenge = |index: u32| {
        let block = |counter: u32| {
            Sha256::new()
                .chain_update(LABEL)
                .chain_update(fingerprint)
                .chain_update(index.to_le_bytes())
                .chain_update(counter.to_le_bytes())
                .finalize()
        };
        let bytes: Vec<u8> = (0..blocks).flat_map(|counter| block(counter).to_vec()).collect();
        BigUint::from_bytes_le(&bytes) % key.modulus()
    };
    (0..).take(CHALLENGES).map(challenge).collect()
}

impl OrderProof {
    /// Takes the roots of [`challenges`], in order, from whoever can compute them.
    #[must_use]
    pub const fn from_roots(roots: Vec<BigUint>) -> Self {
        Self { roots }
    }

    /// Says that `gcd(n, φ(n)) = 1`. Costs eight exponentiations by n modulo n. Variable time: all of it is public.
    ///
    /// # Errors
    /// [`OrderProofError`] if n has a small factor, or a root is not one.
    ///
    /// # Panics
    /// Never: the modulus of a key is odd and larger than 1.
    pub fn verify(&self, key: &PublicKey) -> Result<(), OrderProofError> {
        let n = key.modulus();
        if let Some(factor) = (3..SMALLEST_FACTOR).step_by(2).find(|&factor| (n % factor).is_zero()) {
            return Err(OrderProofError::SmallFactor { factor });
        }
        if self.roots.len() != CHALLENGES {
            return Err(OrderProofError::NotAProof { modulus_bits: key.modulus_bits() });
        }
        let modulus = Modulus::new(n).expect("the modulus of a key is odd and larger than 1");
        for ((index, root), challenge) in (1..).zip(&self.roots).zip(challenges(key)) {
            let is_root =
                *root < *n && challenge.gcd(n).is_one() && modulus.pow_vartime(root, n) == challenge;
            if !is_root {
                return Err(OrderProofError::WrongRoot { index });
            }
        }
        Ok(())
    }

    /// The proof as bytes, under the key that it is for.
    ///
    /// ```text
    /// offset  bytes  field                      (integers little-endian)
    ///      0      4  magic "VSOP"
    ///      4      2  format version, 1
    ///      6      2  zero
    ///      8         the roots, each of as many bytes as n has
    /// ```
    #[must_use]
    pub fn to_bytes(&self, key: &PublicKey) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::bytes(key));
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&[0; 2]);
        for root in &self.roots {
            let mut digits = root.to_bytes_le();
            digits.resize(root_bytes(key), 0);
            bytes.extend(digits);
        }
        bytes
    }

    /// Reads what [`Self::to_bytes`] writes. Says nothing about the proof yet: [`Self::verify`] does.
    ///
    /// # Errors
    /// [`OrderProofError`] for bytes that are no proof for a key of this size.
    pub fn from_bytes(key: &PublicKey, bytes: &[u8]) -> Result<Self, OrderProofError> {
        let refused = OrderProofError::NotAProof { modulus_bits: key.modulus_bits() };
        let (header, body) = bytes.split_first_chunk::<HEADER_BYTES>().ok_or(refused)?;
        let &[m0, m1, m2, m3, v0, v1, z0, z1] = header;
        if [m0, m1, m2, m3] != MAGIC {
            return Err(refused);
        }
        let version = u16::from_le_bytes([v0, v1]);
        if version != VERSION {
            return Err(OrderProofError::UnknownVersion { actual: version });
        }
        if [z0, z1] != [0; 2] || bytes.len() != Self::bytes(key) {
            return Err(refused);
        }
        Ok(Self { roots: body.chunks_exact(root_bytes(key)).map(BigUint::from_bytes_le).collect() })
    }

    /// Bytes of a proof for a key.
    #[must_use]
    pub fn bytes(key: &PublicKey) -> usize {
        HEADER_BYTES + CHALLENGES * root_bytes(key)
    }
}

fn root_bytes(key: &PublicKey) -> usize {
    key.modulus_bits() as usize / 8
}

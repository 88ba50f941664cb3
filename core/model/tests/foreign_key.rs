//! A stranger's modulus is only believed with its proof.

#![expect(clippy::unwrap_used, reason = "a test stops where something fails")]

mod client;

use client::{KEY, PROVEN};
use num_bigint::BigUint;
use num_traits::One;
use veilsum_crypto::order_proof::{CHALLENGES, OrderProof, OrderProofError, challenges};
use veilsum_crypto::paillier::PublicKey;
use veilsum_model::foreign_key::{ForeignKeyError, ProvenKey};

/// A prime p of 500 bits and a prime q = 2·k·p + 1: p divides n and φ(n), so that residues are not hidden.
const BAD_P: &[u8] = b"dfc9b24cf4b00e29d59c65794063e1deba994168239ccbdf7963f0f50b0420ace4c5f7435699c911bab8e3515cbce909089ae90e0035500fb09177e8962c9";
const BAD_Q: &[u8] = b"aa8ce4aa001578c4665346075ba9427bc0ff9fcc5a71ea056842fd4140632b5eca34d420b083a31806a43d46655d74b3b6da009dd3f3154957ee47eded5fd1429a7";

fn integer(hex: &[u8]) -> BigUint {
    BigUint::parse_bytes(hex, 16).unwrap()
}

#[test]
fn a_sound_key_is_proven() {
    let public = KEY.public_key();
    let proof = KEY.prove_order();
    assert_eq!(proof.verify(public), Ok(()));
    assert_eq!(KEY.prove_order(), proof, "it is a function of the key");
    let bytes = proof.to_bytes(public);
    assert_eq!(bytes.len(), 8 + 8 * 128);
    assert_eq!(OrderProof::from_bytes(public, &bytes), Ok(proof));
    assert_eq!(ProvenKey::from_parts(&public.to_hex(), &bytes).unwrap(), *PROVEN);
}

#[test]
fn a_changed_proof_is_refused() {
    let public = KEY.public_key();
    let good = KEY.prove_order().to_bytes(public);
    for index in 0..CHALLENGES {
        let mut bytes = good.clone();
        bytes[8 + 128 * index] ^= 1;
        let proof = OrderProof::from_bytes(public, &bytes).unwrap();
        assert_eq!(proof.verify(public), Err(OrderProofError::WrongRoot { index: index + 1 }));
    }
    let fault = OrderProofError::NotAProof { modulus_bits: 1_024 };
    let not_a_proof = Err(fault);
    for length in 0..good.len() {
        assert_eq!(OrderProof::from_bytes(public, &good[..length]), not_a_proof);
    }
    assert_eq!(OrderProof::from_bytes(public, &[good.as_slice(), &[0]].concat()), not_a_proof);
    let with = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        OrderProof::from_bytes(public, &bytes)
    };
    assert_eq!(with(0, b'X'), not_a_proof);
    assert_eq!(with(6, 1), not_a_proof);
    assert_eq!(with(4, 2), Err(OrderProofError::UnknownVersion { actual: 2 }));
    assert_eq!(OrderProof::from_roots(Vec::new()).verify(public), Err(fault));
    // A root plus n is another number for the same root: one key has one proof.
    let root = BigUint::from_bytes_le(&good[8..136]) + public.modulus();
    let mut roots: Vec<_> = good[8..].chunks(128).map(BigUint::from_bytes_le).collect();
    roots[0] = root;
    assert_eq!(OrderProof::from_roots(roots).verify(public), Err(OrderProofError::WrongRoot { index: 1 }));
}

#[test]
fn a_modulus_that_does_not_hide_is_refused() {
    let (p, q) = (integer(BAD_P), integer(BAD_Q));
    assert!((&q - 1_u32) % &p == BigUint::ZERO);
    let public = PublicKey::from_modulus(&p * &q).unwrap();
    let n = public.modulus();
    // Its maker knows the factors, and can take no root of a challenge that has none: n-th powers are one unit in p.
    let order = (&p - 1_u32) * (&q - 1_u32) / &p;
    let hidden = challenges(&public).iter().filter(|challenge| challenge.modpow(&order, n).is_one()).count();
    assert_eq!(hidden, 0, "no challenge is an n-th power");
    // The best that is left: the root modulo p and modulo the part of φ(n) that is coprime to n.
    let rest = &order / (&p - 1_u32);
    let exponent = n.modinv(&((&p - 1_u32) * rest)).unwrap();
    let roots = challenges(&public).iter().map(|challenge| challenge.modpow(&exponent, n)).collect();
    let proof = OrderProof::from_roots(roots);
    assert_eq!(proof.verify(&public), Err(OrderProofError::WrongRoot { index: 1 }));
    let refused = ProvenKey::from_parts(&public.to_hex(), &proof.to_bytes(&public)).unwrap_err();
    assert_eq!(refused, ForeignKeyError::Proof(OrderProofError::WrongRoot { index: 1 }));
    assert!(refused.to_string().contains("hide how they were computed"), "{refused}");
}

#[test]
fn the_proof_of_another_key_is_refused() {
    let public = PublicKey::from_modulus(integer(BAD_P) * integer(BAD_Q)).unwrap();
    let proof = KEY.prove_order();
    assert!(proof.verify(&public).is_err());
    assert!(ProvenKey::from_parts(&public.to_hex(), &[]).is_err());
    assert!(matches!(ProvenKey::from_parts("12", &[]), Err(ForeignKeyError::Key(_))));
}

#[test]
fn a_small_factor_is_refused_before_any_root_is_looked_at() {
    for (factor, bits) in [(3_u32, 2_u32), (65_521, 16)] {
        let modulus = ((BigUint::one() << (1_024 - bits)) - 1_u32) * factor;
        let public = PublicKey::from_modulus(modulus).unwrap();
        let refused = KEY.prove_order().verify(&public).unwrap_err();
        assert!(
            matches!(refused, OrderProofError::SmallFactor { factor: found } if found <= factor),
            "{refused}"
        );
    }
}

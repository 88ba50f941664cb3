//! What python `phe` computes, we compute.

use num_bigint::BigInt;
use veilsum_crypto::kernel::Modulus;
use veilsum_crypto::packing::Plaintext;
use veilsum_crypto::paillier::{Ciphertext, PublicKey};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::vectors::{KnownAnswers, known_answers};

fn key(vectors: &KnownAnswers) -> PublicKey {
    PublicKey::from_modulus(vectors.n.0.clone()).unwrap()
}

fn ciphertexts(vectors: &KnownAnswers, key: &PublicKey) -> Vec<Ciphertext> {
    let numbers = vectors.encryptions.iter().map(|encryption| encryption.ciphertext.0.clone());
    numbers.map(|number| key.ciphertext_from_integer(number).unwrap()).collect()
}

#[test]
fn keys_have_the_expected_sizes_and_fingerprints() {
    for vectors in known_answers() {
        let key = key(&vectors);
        assert_eq!(key.modulus_bits(), vectors.modulus_bits);
        assert_eq!(key.ciphertext_bytes(), vectors.modulus_bits as usize / 4);
        assert_eq!(hex::encode(key.fingerprint()), vectors.fingerprint);
        assert_eq!(PublicKey::from_hex(&key.to_hex()).unwrap(), key);
    }
}

#[test]
fn encrypts_as_phe_does_with_the_same_randomness() {
    for vectors in known_answers() {
        let key = key(&vectors);
        for encryption in &vectors.encryptions {
            let residue = key.square().pow_vartime(&encryption.r.0, key.modulus());
            let plaintext = Plaintext::from_integer(BigInt::from(encryption.message.0.clone()));
            let ciphertext = key.encrypt_with_residue(&plaintext, &residue);
            assert_eq!(*ciphertext.as_integer(), encryption.ciphertext.0);
        }
    }
}

#[test]
fn adds_as_phe_does() {
    for vectors in known_answers() {
        let key = key(&vectors);
        let ciphertexts = ciphertexts(&vectors, &key);
        for sum in &vectors.sums {
            let terms: Vec<_> = sum.of.iter().map(|&index| &ciphertexts[index]).collect();
            assert_eq!(*key.sum(terms.iter().copied()).as_integer(), sum.ciphertext.0);
            let one_by_one = terms[1..].iter().fold(terms[0].clone(), |total, term| key.add(&total, term));
            assert_eq!(*one_by_one.as_integer(), sum.ciphertext.0);
        }
    }
}

#[test]
fn multiplies_by_integers_as_phe_does() {
    for vectors in known_answers() {
        let key = key(&vectors);
        let ciphertexts = ciphertexts(&vectors, &key);
        for product in &vectors.products {
            let factor: BigInt = product.factor.parse().unwrap();
            let ciphertext = key.multiply_integer(&ciphertexts[product.of], &factor);
            assert_eq!(*ciphertext.as_integer(), product.ciphertext.0, "times {factor}");
        }
    }
}

#[test]
fn packs_as_the_format_says() {
    for vectors in known_answers() {
        let key = key(&vectors);
        for packed in &vectors.packed {
            let check = packed.check.parse().unwrap();
            let plaintext = key.layout().encode(&packed.slots, check).unwrap();
            assert_eq!(plaintext.residue(&key), packed.residue.0);

            let residue = Plaintext::from_integer(BigInt::from(packed.residue.0.clone()));
            let decoded = key.layout().decode(&key, &residue).unwrap();
            let mut slots = packed.slots.clone();
            slots.resize(key.layout().slot_count() as usize, 0);
            assert!(decoded.slots == slots);
            assert_eq!(decoded.check.unsigned_abs(), check);
        }
    }
}

#[test]
fn ciphertexts_survive_their_byte_form() {
    for vectors in known_answers() {
        let key = key(&vectors);
        let ciphertexts = ciphertexts(&vectors, &key);
        let mut all = Vec::new();
        for ciphertext in &ciphertexts {
            let bytes = ciphertext.to_bytes(&key);
            assert_eq!(bytes.len(), key.ciphertext_bytes());
            assert_eq!(key.ciphertext_from_bytes(&bytes).as_ref(), Ok(ciphertext));
            all.extend_from_slice(&bytes);
        }
        assert_eq!(key.ciphertexts_from_bytes(&all), Ok(ciphertexts));
        assert_eq!(key.ciphertexts_from_bytes(&[]), Ok(Vec::new()));
    }
}

#[test]
fn the_kernel_multiplies_modulo_the_square() {
    for vectors in known_answers() {
        let n = &vectors.n.0;
        let square = Modulus::new(&(n * n)).unwrap();
        let [a, b] =
            [&vectors.encryptions[0], &vectors.encryptions[1]].map(|encryption| &encryption.ciphertext.0);
        assert_eq!(square.multiply(a, b), vectors.sums[0].ciphertext.0);
    }
}

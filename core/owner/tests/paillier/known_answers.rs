//! What python `phe` encrypted, we decrypt.

use num_bigint::BigInt;
use veilsum_crypto::packing::Plaintext;
use veilsum_owner::paillier::SecretKey;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::fixtures::{known_answers, rng};

#[test]
fn decrypts_what_phe_encrypted_added_and_multiplied() {
    for vectors in known_answers() {
        let key = SecretKey::from_primes(vectors.p.0, vectors.q.0).unwrap();
        let public = key.public_key();
        assert_eq!(*public.modulus(), vectors.n.0);
        for answered in vectors.encryptions.iter().chain(&vectors.sums).chain(&vectors.products) {
            let ciphertext = public.ciphertext_from_integer(answered.ciphertext.0.clone()).unwrap();
            assert_eq!(key.decrypt(&ciphertext).unwrap().residue(public), answered.message.0);
        }
    }
}

#[test]
fn decrypts_what_either_way_of_encrypting_made() {
    let mut rng = rng(1);
    for vectors in known_answers() {
        let key = SecretKey::from_primes(vectors.q.0, vectors.p.0).unwrap();
        let public = key.public_key();
        for message in vectors.encryptions.iter().take(4).map(|answered| &answered.message.0) {
            let plaintext = Plaintext::from_integer(BigInt::from(message.clone()));
            let [by_owner, by_anyone] =
                [key.encrypt(&plaintext, &mut rng), public.encrypt(&plaintext, &mut rng)];
            assert!(by_owner != by_anyone);
            for ciphertext in [by_owner, by_anyone] {
                assert_eq!(key.decrypt(&ciphertext).unwrap().residue(public), *message);
            }
        }
    }
}

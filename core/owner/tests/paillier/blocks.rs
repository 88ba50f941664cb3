//! Many blocks at once are what they are one by one.

use num_bigint::BigInt;
use veilsum_crypto::packing::{EncodeError, Plaintext};
use veilsum_crypto::paillier::Ciphertext;
use veilsum_owner::block::{encrypt_block, encrypt_blocks};
use veilsum_owner::check::{CheckKey, CheckLabel};
use veilsum_owner::master::MasterSecret;
use veilsum_owner::paillier::{SecretKey, key_fingerprint};
use veilsum_protocol::{DatasetId, UploadId};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::fixtures::{key_vectors, rng, small_key};

/// A key without tables and one with.
fn keys() -> [SecretKey; 2] {
    let [(p, q), _, _] = crate::fixtures::known_answers().map(|vectors| (vectors.p.0, vectors.q.0));
    let [vector, _] = key_vectors();
    [SecretKey::from_primes(p, q).unwrap(), SecretKey::from_secret_bytes(&vector.secret).unwrap()]
}

fn label() -> CheckLabel {
    CheckLabel {
        dataset: DatasetId::from_bytes([1; 16]),
        upload: UploadId::from_bytes([2; 16]),
        column_set: 0,
        column: 3,
        block: 7,
    }
}

fn check_key(key: &SecretKey) -> CheckKey {
    let slots = key.public_key().layout().slot_count();
    CheckKey::derive(&MasterSecret::from_bytes([6; 32]), &key_fingerprint(key.public_key()), slots)
}

#[test]
fn any_number_of_plaintexts_survives_being_encrypted_at_once() {
    for key in keys() {
        let public = key.public_key();
        for count in 0..6_i64 {
            let plaintexts: Vec<_> =
                (0..count).map(|index| Plaintext::from_integer(BigInt::from(1_000 - 999 * index))).collect();
            let ciphertexts = key.encrypt_many(&plaintexts, &mut rng(1));
            let again = key.encrypt_many(&plaintexts, &mut rng(2));
            assert!(ciphertexts.iter().zip(&again).all(|(first, second)| first != second));
            let decrypted = key.decrypt_many(&ciphertexts).unwrap();
            assert_eq!(decrypted.len(), plaintexts.len());
            for (decrypted, plaintext) in decrypted.iter().zip(&plaintexts) {
                assert_eq!(decrypted.centred(public), plaintext.centred(public));
            }
            for ciphertext in &ciphertexts {
                // What the cloud will check.
                assert!(public.ciphertext_from_integer(ciphertext.as_integer().clone()).is_ok());
            }
        }
    }
}

#[test]
fn one_ciphertext_of_another_key_spoils_all() {
    let key = small_key();
    let mut rng = rng(3);
    let plaintext = Plaintext::from_integer(BigInt::from(5));
    let mut ciphertexts: Vec<Ciphertext> = (0..3).map(|_| key.encrypt(&plaintext, &mut rng)).collect();
    assert!(key.decrypt_many(&ciphertexts).is_ok());
    let [_, larger] = keys();
    ciphertexts[2] = larger.encrypt(&plaintext, &mut rng);
    assert!(key.decrypt_many(&ciphertexts).is_err());
}

#[test]
fn consecutive_blocks_are_those_of_their_labels() {
    for key in keys() {
        let (public, check) = (key.public_key(), check_key(&key));
        let layout = public.layout();
        let slots = layout.slot_count() as usize;
        for count in [0, 1, slots - 1, slots, slots + 1, 5 * slots - 3] {
            let values: Vec<i64> = (0..count).map(|value| i64::try_from(value).unwrap() - 20).collect();
            let bytes = encrypt_blocks(&key, &check, &label(), &values, &mut rng(4)).unwrap();
            let ciphertexts = public.ciphertexts_from_bytes(&bytes).unwrap();
            assert_eq!(ciphertexts.len(), count.div_ceil(slots));
            for ((ciphertext, values), block) in ciphertexts.iter().zip(values.chunks(slots)).zip(7..) {
                let decoded = layout.decode(public, &key.decrypt(ciphertext).unwrap()).unwrap();
                let one = encrypt_block(&key, &check, &CheckLabel { block, ..label() }, values, &mut rng(5))
                    .unwrap();
                let one = key.decrypt(&public.ciphertext_from_bytes(&one).unwrap()).unwrap();
                let expected = layout.decode(public, &one).unwrap();
                assert_eq!((&decoded.slots, decoded.check), (&expected.slots, expected.check));
                assert_eq!(decoded.slots[..values.len()], *values);
            }
        }
    }
}

#[test]
fn a_value_that_does_not_fit_is_refused_with_its_slot() {
    let key = small_key();
    let mut values = vec![1; 20];
    values[16] = i64::MAX;
    let result = encrypt_blocks(key, &check_key(key), &label(), &values, &mut rng(6));
    assert_eq!(result, Err(EncodeError::SlotTooLarge { slot: 2 }));
}

#[test]
fn preparing_reports_its_progress_once() {
    let [without, with] = keys();
    let mut reports = Vec::new();
    without.prepare(&mut |done, of| reports.push((done, of)));
    assert!(reports.is_empty());
    with.prepare(&mut |done, of| reports.push((done, of)));
    assert!(reports.is_sorted() && reports.last().is_some_and(|(done, of)| done == of));
    reports.clear();
    with.prepare(&mut |done, of| reports.push((done, of)));
    assert!(reports.is_empty());
}

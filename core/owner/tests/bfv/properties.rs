//! decrypt(evaluate(encrypt(x))) = evaluate(x).

use num_bigint::BigInt;
use proptest::collection::vec;
use proptest::prelude::*;
use veilsum_crypto::bfv::evaluate::{self, EvaluateError, Lifted, ProductSum};
use veilsum_crypto::bfv::noise::{self, Circuit, SquaredForms, plan};
use veilsum_crypto::bfv::ring::Plaintext;
use veilsum_crypto::bfv::{Ciphertext, ParameterSet, forms};
use veilsum_owner::bfv::spot::expected_slots;
use veilsum_owner::bfv::{DecryptError, EncryptError, SecretKey};
use veilsum_owner::master::MasterSecret;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::{column, key, rng};

/// What is computed for one query: as many parts as its bound needs, from row groups of `group_rows` rows.
fn answer(key: &SecretKey, factors: &[&[i64]], group_rows: usize, bound: u128) -> Vec<Ciphertext> {
    let set = key.set();
    let mut rng = rng(1);
    let rows = factors[0].len();
    let groups = rows.div_ceil(group_rows);
    let circuit = Circuit {
        factors: factors.len().try_into().unwrap(),
        weight: rows.div_ceil(set.degree()) as u64 + groups as u64,
        partials: groups.try_into().unwrap(),
    };
    let level = plan(set, circuit).unwrap();
    (0..set.primes_for(bound).unwrap())
        .map(|prime| {
            let partials: Vec<Vec<u8>> = (0..rows)
                .step_by(group_rows)
                .map(|start| {
                    let end = rows.min(start + group_rows);
                    let columns: Vec<_> =
                        factors.iter().map(|rows| column(key, prime, &rows[start..end], &mut rng)).collect();
                    let columns: Vec<_> = columns.iter().map(Vec::as_slice).collect();
                    evaluate::sum_of_products(set, prime, &columns, level).unwrap().to_bytes()
                })
                .collect();
            evaluate::combine(partials.iter().map(Vec::as_slice)).unwrap()
        })
        .collect()
}

/// Evaluates on ciphertext and on cleartext, and compares every slot and the total.
fn holds(set: ParameterSet, factors: &[&[i64]], group_rows: usize) {
    let rows = factors[0].len();
    let largest = factors.iter().map(|rows| rows.iter().map(|row| row.unsigned_abs()).max().unwrap());
    let bound = largest.map(u128::from).product::<u128>() * rows.div_ceil(set.degree()) as u128;
    let key = key(set);
    let parts = answer(&key, factors, group_rows, bound);
    let used = rows.min(set.degree());
    let decrypted = key.decrypt(&parts, bound, used).unwrap();
    assert_eq!(*decrypted.slots, expected_slots(set, factors).unwrap());
    let total: BigInt =
        (0..rows).map(|row| factors.iter().map(|rows| BigInt::from(rows[row])).product::<BigInt>()).sum();
    assert_eq!(decrypted.total(), total);
}

/// Each encrypts a few dozen blocks in an unoptimised build, which takes the browser longer.
const CASES: u32 = if cfg!(target_arch = "wasm32") { 2 } else { 8 };

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sums_are_exact(rows in vec(any::<i64>(), 1..20_000)) {
        for set in ParameterSet::ALL {
            holds(set, &[&rows], 8_192);
        }
    }

    #[test]
    fn sums_of_products_are_exact(
        pairs in vec((-(1_i64 << 20)..1 << 20, -(1_i64 << 20)..1 << 20), 1..20_000),
    ) {
        let (left, right): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
        for set in ParameterSet::ALL {
            holds(set, &[&left, &right], 16_384);
        }
    }

    #[test]
    fn sums_of_products_of_three_are_exact(
        triples in vec((any::<i32>(), any::<i16>(), 0..2_i64), 1..12_000),
    ) {
        let a: Vec<i64> = triples.iter().map(|triple| triple.0.into()).collect();
        let b: Vec<i64> = triples.iter().map(|triple| triple.1.into()).collect();
        let indicator: Vec<i64> = triples.iter().map(|triple| triple.2).collect();
        holds(ParameterSet::N8192T30, &[&a, &b, &indicator], 8_192);
    }

    #[test]
    fn weights_multiply(values in vec(-1_000_000..1_000_000_i64, 1..9), weight in -1_000_000_000..1_000_000_000_i64) {
        let key = key(ParameterSet::N8192T57);
        let block = key.encrypt_block(0, &values, &mut rng(2)).unwrap();
        let scaled = evaluate::scale(&block, weight);
        let decrypted = key.decrypt(&[scaled], 1 << 50, values.len()).unwrap();
        let expected: Vec<_> = values.iter().map(|&value| i128::from(value) * i128::from(weight)).collect();
        prop_assert_eq!(&*decrypted.slots, &expected);
    }
}

#[test]
fn weighted_sums_are_sums_of_multiples() {
    let set = ParameterSet::N8192T30;
    let key = key(set);
    let blocks: Vec<_> =
        (0..3).map(|value| key.encrypt_block(1, &[value, -value, 7], &mut rng(9)).unwrap()).collect();
    let weights = [i64::from(i32::MAX), -(1 << 40), 0];
    let mut expected = evaluate::scale(&blocks[0], weights[0]);
    evaluate::add(&mut expected, &evaluate::scale(&blocks[1], weights[1])).unwrap();
    assert_eq!(forms::weighted_sum(&weights, &blocks).unwrap(), expected);

    assert_eq!(forms::weighted_sum(&[], &[]), Err(EvaluateError::Empty));
    let mismatch = |weights: &[i64], blocks: &[Ciphertext]| {
        matches!(forms::weighted_sum(weights, blocks), Err(EvaluateError::Mismatch { .. }))
    };
    assert!(mismatch(&weights[..2], &blocks));
    let other_prime = key.encrypt_block(0, &[1], &mut rng(9)).unwrap();
    assert!(mismatch(&weights[..2], &[blocks[0].clone(), other_prime]));
    assert!(mismatch(&weights[..2], &[blocks[0].clone(), forms::square(&blocks[0]).unwrap()]));
    let large = [i64::MIN, i64::MIN, 1];
    assert_eq!(forms::weighted_sum(&large, &blocks), Err(EvaluateError::Weights));
}

/// The largest weights that the bound on noise allows, with as many blocks as add up to them: still exact.
#[test]
fn squared_forms_are_exact_at_the_edge_of_noise() {
    let set = ParameterSet::N8192T30;
    let key = key(set);
    let fits = |bits: &u32| {
        noise::plan_squared_forms(set, SquaredForms { inner: 1 << bits, outer: 1 << bits }).is_ok()
    };
    let bits = (1..63).take_while(fits).last().unwrap();
    let level = noise::plan_squared_forms(set, SquaredForms { inner: 1 << bits, outer: 1 << bits }).unwrap();
    let weight = 1_i64 << (bits - 2);
    let values = [1, -1, 0, 3];
    let bound = (9_u128 << (2 * bits)) << bits;
    let primes = set.primes_for(bound).unwrap();
    let parts: Vec<_> = (0..primes)
        .map(|prime| {
            let blocks: Vec<_> =
                (0..4).map(|seed| key.encrypt_block(prime, &values, &mut rng(seed)).unwrap()).collect();
            let mut sum = forms::weighted_sum(&[weight, -weight, weight, weight], &blocks).unwrap();
            let modulus = set.plaintext_primes()[usize::from(prime)];
            let fives = Plaintext::encode(set, prime, &vec![5 % modulus; set.degree()]).unwrap();
            forms::add_plaintext(&mut sum, &fives).unwrap();
            let squares = vec![forms::square(&sum).unwrap(); 4];
            let sum = forms::weighted_sum(&[weight, weight, weight, -weight], &squares).unwrap();
            evaluate::switch_down(&sum, level).unwrap()
        })
        .collect();
    let decrypted = key.decrypt_covered(&parts, bound, 4).unwrap();
    let weight = i128::from(weight);
    let expected = values.map(|value| 2 * weight * (2 * weight * i128::from(value) + 5).pow(2));
    assert_eq!(*decrypted.slots, expected);
    // Slots that no value is in hold 2·weight·25, which a strict reader refuses.
    assert!(key.decrypt(&parts, bound, 4).is_err());
}

#[test]
fn extremes_are_exact_in_every_slot() {
    let set = ParameterSet::N8192T57;
    // The largest products, in both signs, of two primes and of three.
    for (low, high) in [(i64::MIN, i64::MAX), (-(1 << 55), 1 << 55), (-1, 1), (0, 0)] {
        let left: Vec<i64> = (0..8_193).map(|row| if row % 2 == 0 { low } else { high }).collect();
        let right: Vec<i64> = (0..8_193).map(|row| if row % 3 == 0 { low } else { high }).collect();
        // 2⁶³·2⁶³·2 does not fit an i128.
        if low == i64::MIN {
            holds(set, &[&left[..8_192], &right[1..]], 8_192);
        } else {
            holds(set, &[&left, &right], 8_192);
        }
    }
    holds(set, &[&[i64::MIN, i64::MAX, 0, -1, 1]], 8_192);
}

/// The example of the README: products of two 20-bit numbers over a hundred blocks need one prime.
#[test]
fn a_hundred_blocks_of_20_bit_products_take_one_prime() {
    let set = ParameterSet::N8192T57;
    let key = key(set);
    let most = (1_i64 << 20) - 1;
    let bound = 100 * u128::from(most.unsigned_abs()).pow(2);
    assert_eq!(set.primes_for(bound), Some(1));
    let level = plan(set, Circuit { factors: 2, weight: 100, partials: 13 }).unwrap();
    assert_eq!(level, 1);
    let lifted = Lifted::new(&key.encrypt_block(0, &vec![-most; 8_192], &mut rng(3)).unwrap()).unwrap();
    let other = Lifted::new(&key.encrypt_block(0, &vec![most; 8_192], &mut rng(4)).unwrap()).unwrap();
    let mut sum = ProductSum::new(set, 0);
    (0..100).for_each(|_| sum.add(&lifted, &other).unwrap());
    let answer = evaluate::switch_down(&sum.finish().unwrap(), level).unwrap();
    assert_eq!(answer.to_bytes().len(), Ciphertext::answer_bytes(set, level, 3).unwrap());
    let decrypted = key.decrypt(&[answer], bound, 8_192).unwrap();
    assert!(decrypted.slots.iter().all(|&slot| slot == -100 * i128::from(most) * i128::from(most)));
}

#[test]
fn another_key_is_refused_by_its_bound() {
    for set in ParameterSet::ALL {
        let mut rng = rng(5);
        let block = key(set).encrypt_block(0, &[1, 2, 3], &mut rng).unwrap();
        let other = SecretKey::derive(&MasterSecret::from_bytes([8; 32]), set);
        assert_eq!(
            other.decrypt(std::slice::from_ref(&block), 1 << 20, 3).unwrap_err(),
            DecryptError::Refused
        );
        assert_eq!(*key(set).decrypt(&[block], 1 << 20, 3).unwrap().slots, [1, 2, 3]);
    }
}

/// What the README says: a changed answer within bounds is *not* noticed.
#[test]
fn a_lie_within_bounds_is_not_noticed() {
    let set = ParameterSet::N8192T57;
    let key = key(set);
    let mut answer = key.encrypt_block(0, &[1, 2, 3], &mut rng(5)).unwrap();
    let twice = answer.clone();
    evaluate::add(&mut answer, &twice).unwrap();
    assert_eq!(*key.decrypt(&[answer], 6, 3).unwrap().slots, [2, 4, 6]);
}

#[test]
fn values_out_of_bounds_and_filled_unused_slots_are_refused() {
    let set = ParameterSet::N8192T57;
    let key = key(set);
    let block = key.encrypt_block(0, &[5, -7, 1], &mut rng(6)).unwrap();
    let decrypt =
        |bound, used| key.decrypt(std::slice::from_ref(&block), bound, used).map(|d| d.slots.to_vec());
    assert_eq!(decrypt(7, 3), Ok(vec![5, -7, 1]));
    assert_eq!(decrypt(7, 4), Ok(vec![5, -7, 1, 0]));
    assert_eq!(decrypt(6, 3), Err(DecryptError::Refused));
    assert_eq!(decrypt(7, 2), Err(DecryptError::Refused));
    assert_eq!(decrypt(1 << 60, 3), Err(DecryptError::TooFewPrimes));
}

#[test]
fn parts_that_do_not_go_together_are_refused() {
    let set = ParameterSet::N8192T57;
    let key = key(set);
    let mut rng = rng(7);
    let [first, second] = [0, 1].map(|prime| key.encrypt_block(prime, &[1], &mut rng).unwrap());
    let foreign = crate::key(ParameterSet::N8192T30).encrypt_block(0, &[1], &mut rng).unwrap();
    let lower = evaluate::switch_down(&second, 1).unwrap();
    assert!(key.decrypt(&[first.clone(), second.clone()], 1 << 80, 1).is_ok());
    for parts in [
        vec![second.clone(), first.clone()],
        vec![first.clone(), first.clone()],
        vec![first.clone(), lower.clone()],
        vec![foreign.clone(), second.clone()],
        vec![evaluate::multiply(&first, &first).unwrap(), second.clone()],
    ] {
        assert_eq!(key.decrypt(&parts, 1 << 80, 1).unwrap_err(), DecryptError::Mismatch);
    }

    let mut sum = first.clone();
    for (other, what) in [(&second, "prime"), (&foreign, "parameter set")] {
        assert_eq!(evaluate::add(&mut sum, other), Err(EvaluateError::Mismatch { what }));
        assert_eq!(evaluate::multiply(&first, other).unwrap_err(), EvaluateError::Mismatch { what });
    }
    let product = evaluate::multiply(&first, &first).unwrap();
    assert_eq!(evaluate::add(&mut sum, &product), Err(EvaluateError::Mismatch { what: "degree" }));
    let lower = evaluate::switch_down(&first, 1).unwrap();
    assert_eq!(evaluate::add(&mut sum, &lower), Err(EvaluateError::Mismatch { what: "level" }));
    assert_eq!(evaluate::multiply(&lower, &lower).unwrap_err(), EvaluateError::Level { from: 1, to: 0 });
    for level in [0, 3] {
        assert_eq!(
            evaluate::switch_down(&lower, level).unwrap_err(),
            EvaluateError::Level { from: 1, to: level }
        );
    }
}

#[test]
fn columns_that_are_not_equally_many_blocks_are_refused() {
    let set = ParameterSet::N8192T57;
    let key = key(set);
    let two = column(&key, 0, &vec![1; 8_193], &mut rng(8));
    let one = &two[..two.len() / 2];
    let run = |columns: &[&[u8]], prime| evaluate::sum_of_products(set, prime, columns, 0).unwrap_err();
    assert_eq!(run(&[], 0), EvaluateError::Empty);
    assert_eq!(run(&[&[]], 0), EvaluateError::Empty);
    assert_eq!(run(&[&[], &[]], 0), EvaluateError::Empty);
    assert_eq!(run(&[one; 3], 0), EvaluateError::Factors { actual: 3, largest: 2 });
    let expected = one.len();
    assert_eq!(run(&[one, &two], 0), EvaluateError::ColumnLength { expected, actual: two.len() });
    assert_eq!(run(&[&one[1..]], 0), EvaluateError::ColumnLength { expected, actual: expected - 1 });
    assert_eq!(run(&[one], 1), EvaluateError::Mismatch { what: "prime" });
    assert!(matches!(run(&[&vec![0; expected]], 0), EvaluateError::Format { index: 0, .. }));
    assert_eq!(evaluate::combine([]).unwrap_err(), EvaluateError::Empty);
}

#[test]
fn blocks_that_cannot_be_encrypted_are_refused() {
    let key = key(ParameterSet::N8192T57);
    let mut rng = rng(9);
    assert_eq!(
        key.encrypt_block(0, &[0; 8_193], &mut rng).unwrap_err(),
        EncryptError::TooManyValues { actual: 8_193, limit: 8_192 }
    );
    assert_eq!(key.encrypt_block(3, &[], &mut rng).unwrap_err(), EncryptError::NoSuchPrime { actual: 3 });
}

#[test]
fn keys_come_back_from_their_bytes_and_differ_by_owner_and_set() {
    let keys = ParameterSet::ALL.map(key);
    let mut fingerprints: Vec<_> = keys.iter().map(SecretKey::fingerprint).collect();
    fingerprints
        .push(SecretKey::derive(&MasterSecret::from_bytes([8; 32]), ParameterSet::N8192T57).fingerprint());
    fingerprints.push(SecretKey::generate(ParameterSet::N8192T57, &mut rng(1)).fingerprint());
    for (index, fingerprint) in fingerprints.iter().enumerate() {
        assert!(!fingerprints[..index].contains(fingerprint));
    }
    for key in keys {
        let bytes = key.to_secret_bytes();
        let again = SecretKey::from_secret_bytes(bytes.as_slice()).unwrap();
        assert_eq!(again.fingerprint(), key.fingerprint());
        let block = key.encrypt_block(0, &[42], &mut rng(1)).unwrap();
        assert_eq!(*again.decrypt(&[block], 42, 1).unwrap().slots, [42]);
        for length in 0..bytes.len() {
            assert!(SecretKey::from_secret_bytes(&bytes[..length]).is_err());
        }
    }
    assert!(SecretKey::from_secret_bytes(&[1; 34]).is_err());
    assert!(SecretKey::from_secret_bytes(&[3; 33]).is_err());
}

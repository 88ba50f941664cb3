//! encode → encrypt → evaluate → decrypt → decode = cleartext.

use num_bigint::{BigInt, BigUint};
use proptest::prelude::*;
use veilsum_crypto::kernel::Exponents;
use veilsum_crypto::packing::{Decoded, Plaintext};
use veilsum_crypto::paillier::Ciphertext;
use veilsum_owner::paillier::SecretKey;

use crate::fixtures::{key_vectors, known_answers, rng, small_key};

const LARGEST: i64 = (1 << 62) - 1;
const SLOTS: usize = 14;

fn encrypt(slots: &[i64], check: u128, seed: u64) -> Ciphertext {
    let key = small_key();
    let plaintext = key.public_key().layout().encode(slots, check).unwrap();
    key.encrypt(&plaintext, &mut rng(seed))
}

fn open(ciphertext: &Ciphertext) -> Decoded {
    let key = small_key();
    let public = key.public_key();
    // Through bytes, as an answer comes.
    let ciphertext = public.ciphertext_from_bytes(&ciphertext.to_bytes(public)).unwrap();
    public.layout().decode(public, &key.decrypt(&ciphertext).unwrap()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn one_block_comes_back(
        slots in prop::collection::vec(prop_oneof![-LARGEST..=LARGEST, Just(0), Just(LARGEST), Just(-LARGEST)], SLOTS),
        check in 0..veilsum_crypto::packing::CHECK_MODULUS,
        seed: u64,
    ) {
        let decoded = open(&encrypt(&slots, check, seed));
        prop_assert!(decoded.slots == slots);
        prop_assert_eq!(decoded.check.unsigned_abs(), check);
    }

    #[test]
    fn sums_of_blocks_are_sums_of_slots(
        blocks in prop::collection::vec(prop::collection::vec(-(1i64 << 40)..1 << 40, SLOTS), 1..12),
        seed: u64,
    ) {
        let ciphertexts: Vec<_> =
            blocks.iter().zip(seed..).map(|(slots, seed)| encrypt(slots, 7, seed)).collect();
        let decoded = open(&small_key().public_key().sum(&ciphertexts));
        let expected: Vec<i64> = (0..SLOTS).map(|slot| blocks.iter().map(|block| block[slot]).sum()).collect();
        prop_assert!(decoded.slots == expected);
        prop_assert_eq!(decoded.check, 7 * i128::try_from(blocks.len()).unwrap());
    }

    #[test]
    fn weighted_sums_are_weighted_sums_of_slots(
        terms in prop::collection::vec((prop::collection::vec(-(1i64 << 40)..1 << 40, SLOTS), -(1i64 << 16)..1 << 16), 1..5),
        seed: u64,
    ) {
        let public = small_key().public_key();
        let ciphertexts: Vec<_> = terms
            .iter()
            .map(|(slots, weight)| public.multiply_integer(&encrypt(slots, 3, seed), &BigInt::from(*weight)))
            .filter(|ciphertext| ciphertext.as_integer() != &BigUint::from(1u32))
            .collect();
        prop_assume!(!ciphertexts.is_empty());
        let decoded = open(&public.sum(&ciphertexts));
        let expected: Vec<i64> =
            (0..SLOTS).map(|slot| terms.iter().map(|(slots, weight)| slots[slot] * weight).sum()).collect();
        prop_assert!(decoded.slots == expected);
        prop_assert_eq!(decoded.check, terms.iter().map(|(_, weight)| 3 * i128::from(*weight)).sum::<i128>());
    }

    #[test]
    fn linear_forms_of_columns_are_linear_forms_of_slots(
        weights in prop::collection::vec(-(1i64 << 16)..1 << 16, 1..6),
        row_count in 1usize..6,
        seed: u64,
    ) {
        let public = small_key().public_key();
        let value = |column: usize, row: usize, slot: usize| (seed >> 24 >> (column + 2 * row + slot)).cast_signed() - 9;
        let slots = |column, row| (0..SLOTS).map(|slot| value(column, row, slot)).collect::<Vec<_>>();
        let columns: Vec<Vec<Ciphertext>> = (0..weights.len())
            .map(|column| (0..row_count).map(|row| encrypt(&slots(column, row), 5, seed ^ row as u64)).collect())
            .collect();
        let columns: Vec<&[Ciphertext]> = columns.iter().map(Vec::as_slice).collect();
        let sums = public.weighted_sums(&Exponents::new(&weights), &columns);
        prop_assert_eq!(sums.len(), row_count);
        prop_assume!(weights.iter().any(|weight| *weight != 0));
        for (row, sum) in sums.iter().enumerate() {
            let decoded = open(sum);
            let expected: Vec<i64> = (0..SLOTS)
                .map(|slot| weights.iter().enumerate().map(|(column, weight)| weight * value(column, row, slot)).sum())
                .collect();
            prop_assert!(decoded.slots == expected);
            prop_assert_eq!(decoded.check, 5 * i128::from(weights.iter().sum::<i64>()));
        }
    }

    #[test]
    fn rerandomising_changes_the_ciphertext_only(value in -LARGEST..=LARGEST, seed: u64) {
        let public = small_key().public_key();
        let ciphertext = encrypt(&[value], 1, seed);
        let other = public.rerandomise(&ciphertext, &mut rng(seed ^ 1));
        prop_assert!(other != ciphertext);
        prop_assert!(open(&other) == open(&ciphertext));
    }
}

#[test]
fn a_thousand_largest_blocks_add_up_exactly() {
    let key = small_key();
    let bound = veilsum_crypto::bound::BoundClass::for_magnitude((1 << 48) - 1).unwrap();
    assert!(bound.sum_fits(1_000));
    let largest = [(1i64 << 48) - 1; SLOTS];
    let [high, low] = [largest, largest.map(|value| -value)].map(|slots| encrypt(&slots, 1, 9));
    for (block, sign) in [(high, 1), (low, -1)] {
        let sum = key.public_key().sum(std::iter::repeat_n(&block, 1_000));
        assert!(open(&sum).slots == largest.map(|value| sign * 1_000 * value));
    }
}

/// For a ciphertext of 0, c^λ = 1 (mod n²) for λ = (p−1)(q−1) exactly if c is an n-th residue.
fn is_nth_residue(key: &SecretKey, [p, q]: [&BigUint; 2], zero: &Ciphertext) -> bool {
    let order = (p - 1u32) * (q - 1u32);
    key.public_key().square().pow_vartime(zero.as_integer(), &order) == BigUint::from(1u32)
}

#[test]
fn the_owners_randomness_is_an_nth_residue() {
    let zero = Plaintext::from_integer(BigInt::ZERO);
    let [vectors, ..] = known_answers();
    for seed in 0..8 {
        let ciphertext = small_key().encrypt(&zero, &mut rng(seed));
        assert!(is_nth_residue(small_key(), [&vectors.p.0, &vectors.q.0], &ciphertext));
    }
}

#[test]
fn keys_with_generators_encrypt_as_those_without() {
    for vector in key_vectors() {
        let key = SecretKey::from_secret_bytes(&vector.secret).unwrap();
        let public = key.public_key();
        let (_, body) = vector.secret.split_at(12);
        let [p, q] = [0, body.len() / 2].map(|start| &body[start + 8..start + body.len() / 2]);
        let [p, q] = [p, q].map(BigUint::from_bytes_le);
        let zero = key.encrypt(&Plaintext::from_integer(BigInt::ZERO), &mut rng(1));
        assert!(is_nth_residue(&key, [&p, &q], &zero));

        let slots = vec![-5; public.layout().slot_count() as usize];
        let plaintext = public.layout().encode(&slots, 6).unwrap();
        let [first, second] = [2, 3].map(|seed| key.encrypt(&plaintext, &mut rng(seed)));
        assert!(first != second);
        let sum = key.decrypt(&public.sum([&first, &second])).unwrap();
        let decoded = public.layout().decode(public, &sum).unwrap();
        assert!(decoded.check == 12 && decoded.slots.iter().all(|&slot| slot == -10));

        // The same key without generators draws other numbers, but opens what the other one made.
        let plain = SecretKey::from_primes(p, q).unwrap();
        assert!(plain.decrypt(&first).unwrap().residue(public) == plaintext.residue(public));
    }
}

#[test]
fn a_ciphertext_of_another_key_is_refused_or_decrypts_to_noise() {
    let [_, middle, _] = known_answers();
    let stranger = veilsum_crypto::paillier::PublicKey::from_modulus(middle.n.0).unwrap();
    let plaintext = stranger.layout().encode(&[1, 2, 3], 4).unwrap();
    let ciphertext = stranger.encrypt(&plaintext, &mut rng(1));
    assert!(small_key().decrypt(&ciphertext).is_err());
}

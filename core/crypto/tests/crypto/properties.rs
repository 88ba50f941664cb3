//! What holds for all values.

use num_bigint::{BigInt, BigRng010, BigUint};
use num_traits::One;
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use veilsum_crypto::kernel::Modulus;
use veilsum_crypto::packing::{CHECK_MODULUS, DecodeError, EncodeError, Layout, Plaintext};
use veilsum_crypto::paillier::PublicKey;

use crate::vectors::small_key;

const LARGEST: i64 = (1 << 62) - 1;

fn slot() -> impl Strategy<Value = i64> {
    prop_oneof![-LARGEST..=LARGEST, Just(0), Just(1), Just(-1), Just(LARGEST), Just(-LARGEST)]
}

/// Slots of a block under the 1024-bit key.
fn slots() -> impl Strategy<Value = Vec<i64>> {
    prop::collection::vec(slot(), 0..=14)
}

fn plaintext(key: &PublicKey, slots: &[i64], check: u128) -> Plaintext {
    key.layout().encode(slots, check).unwrap()
}

fn padded(mut slots: Vec<i64>) -> Vec<i64> {
    slots.resize(14, 0);
    slots
}

proptest! {
    #[test]
    fn decoding_undoes_encoding(slots in slots(), check in 0..CHECK_MODULUS) {
        let key = small_key();
        let decoded = key.layout().decode(&key, &plaintext(&key, &slots, check)).unwrap();
        prop_assert_eq!(decoded.check.unsigned_abs(), check);
        prop_assert_eq!(decoded.slots, padded(slots));
    }

    #[test]
    fn linear_combinations_decode_slot_by_slot(
        blocks in prop::collection::vec((prop::collection::vec(-1_000_000i64..1_000_000, 14), 0..CHECK_MODULUS, -9i64..=9), 1..20),
    ) {
        let key = small_key();
        let mut total = BigInt::ZERO;
        let mut expected = (vec![0; 14], 0i128);
        for (slots, check, weight) in &blocks {
            total += plaintext(&key, slots, *check).centred(&key) * *weight;
            expected.0.iter_mut().zip(slots).for_each(|(sum, slot)| *sum += weight * slot);
            expected.1 += i128::from(*weight) * i128::try_from(*check).unwrap();
        }
        let decoded = key.layout().decode(&key, &Plaintext::from_integer(total)).unwrap();
        prop_assert_eq!(decoded.slots, expected.0);
        prop_assert_eq!(decoded.check, expected.1);
    }

    #[test]
    fn a_slot_that_overflowed_is_refused(position in 0usize..14, sign in prop_oneof![Just(1i64), Just(-1)], excess in 0..=LARGEST) {
        let key = small_key();
        let mut slots = vec![0; 14];
        slots[position] = sign * LARGEST;
        let first = plaintext(&key, &slots, 0).centred(&key);
        slots[position] = sign * excess.max(1);
        let second = plaintext(&key, &slots, 0).centred(&key);
        let decoded = key.layout().decode(&key, &Plaintext::from_integer(first + second));
        prop_assert_eq!(decoded.err(), Some(DecodeError::SlotTooLarge { slot: position }));
    }

    #[test]
    fn a_random_plaintext_is_no_block(seed: u64) {
        let key = small_key();
        let residue = ChaCha20Rng::seed_from_u64(seed).random_biguint_below(key.modulus());
        let plaintext = Plaintext::from_integer(BigInt::from(residue));
        prop_assert!(key.layout().decode(&key, &plaintext).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Without the secret key: the message factor of a product is the message factor of the sum.
    #[test]
    fn ciphertexts_add_and_scale_as_plaintexts_do(a in slots(), b in slots(), weight in -100i32..100) {
        let key = small_key();
        let [a, b] = [a, b].map(|slots| plaintext(&key, &slots, 5));
        let [residue_a, residue_b] = [2u32, 3].map(|r| key.square().pow_vartime(&BigUint::from(r), key.modulus()));
        let [cipher_a, cipher_b] =
            [(&a, &residue_a), (&b, &residue_b)].map(|(plain, residue)| key.encrypt_with_residue(plain, residue));

        let sum = Plaintext::from_integer(a.centred(&key) + b.centred(&key));
        let residue = key.square().multiply(&residue_a, &residue_b);
        prop_assert_eq!(key.add(&cipher_a, &cipher_b), key.encrypt_with_residue(&sum, &residue));
        prop_assert_eq!(key.sum([&cipher_a, &cipher_b]), key.add(&cipher_b, &cipher_a));

        let scaled = Plaintext::from_integer(a.centred(&key) * weight);
        let power = key.square().pow_vartime(&residue_a, &BigUint::from(weight.unsigned_abs()));
        let residue = if weight < 0 { power.modinv(key.square().value()).unwrap() } else { power };
        let product = key.multiply_integer(&cipher_a, &BigInt::from(weight));
        prop_assert_eq!(product, key.encrypt_with_residue(&scaled, &residue));
    }

    #[test]
    fn the_kernel_agrees_with_plain_integers(seed: u64, bits in 2u64..3_000) {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let value = rng.random_biguint(bits) | BigUint::one() | (BigUint::one() << (bits - 1));
        let modulus = Modulus::new(&value).unwrap();
        let [a, b] = [rng.random_biguint(bits + 64), rng.random_biguint(bits)];
        prop_assert_eq!(modulus.multiply(&a, &b), &a * &b % &value);
        prop_assert_eq!(modulus.product([&a, &b, &a]), &a * &b * &a % &value);
        prop_assert_eq!(modulus.pow_vartime(&a, &BigUint::from(5u32)), a.pow(5) % &value);
    }
}

#[test]
fn encryption_is_randomised_and_rerandomised() {
    let key = small_key();
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let plaintext = plaintext(&key, &[1, 2, 3], 4);
    let first = key.encrypt(&plaintext, &mut rng);
    let second = key.encrypt(&plaintext, &mut rng);
    let third = key.rerandomise(&first, &mut rng);
    assert!(first != second && first != third && second != third);
}

#[test]
fn many_encryptions_are_those_one_by_one() {
    let key = small_key();
    let plaintexts: Vec<_> = (0..7).map(|value| plaintext(&key, &[value, -value], 4)).collect();
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let one_by_one: Vec<_> = plaintexts.iter().map(|plaintext| key.encrypt(plaintext, &mut rng)).collect();
    assert_eq!(key.encrypt_many(&plaintexts, &mut ChaCha20Rng::seed_from_u64(2)), one_by_one);
    assert_eq!(key.encrypt_many(&[], &mut rng), []);
}

#[test]
fn shifted_ciphertexts_are_multiples_by_powers_of_two() {
    let key = small_key();
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let ciphertexts: Vec<_> =
        (1..6).map(|value| key.encrypt(&plaintext(&key, &[value], 0), &mut rng)).collect();
    let shifted = key.shifted(&ciphertexts, 77, 3);
    assert_eq!(shifted.len(), ciphertexts.len());
    for (column, ciphertext) in shifted.iter().zip(&ciphertexts) {
        let expected: Vec<_> =
            (0..3).map(|j| key.multiply_integer(ciphertext, &(BigInt::one() << (77 * j)))).collect();
        assert_eq!(*column, expected);
    }
}

#[test]
fn the_sum_over_nothing_is_refused_as_a_ciphertext() {
    let key = small_key();
    let nothing = key.sum([]);
    assert!(nothing.as_integer().is_one());
    assert!(key.ciphertext_from_bytes(&nothing.to_bytes(&key)).is_err());
}

#[test]
fn layouts_have_the_slots_of_the_design() {
    for (bits, slots) in
        [(191, None), (192, Some(1)), (1_024, Some(14)), (2_048, Some(30)), (3_072, Some(46))]
    {
        assert_eq!(Layout::for_modulus_bits(bits).map(Layout::slot_count), slots, "{bits} bits");
    }
    let layout = Layout::for_modulus_bits(2_048).unwrap();
    for (rows, blocks) in [(0, 0), (1, 1), (30, 1), (31, 2), (60, 2), (61, 3)] {
        assert_eq!(layout.block_count(rows), blocks);
    }
}

#[test]
fn what_does_not_fit_a_block_is_refused() {
    let layout = Layout::for_modulus_bits(1_024).unwrap();
    let error = |slots: &[i64], check| layout.encode(slots, check).err();
    assert_eq!(error(&[0; 15], 0), Some(EncodeError::TooManySlots { actual: 15, maximum: 14 }));
    for value in [1 << 62, -(1 << 62), i64::MAX, i64::MIN] {
        assert_eq!(error(&[0, value], 0), Some(EncodeError::SlotTooLarge { slot: 1 }));
    }
    assert_eq!(error(&[0; 14], CHECK_MODULUS), Some(EncodeError::CheckTooLarge));
    assert_eq!(error(&[LARGEST; 14], CHECK_MODULUS - 1), None);
}

#[test]
fn a_check_slot_that_overflowed_is_refused() {
    let key = small_key();
    for check in [1i128 << 125, -(1 << 125), (1 << 126) - 1, -(1 << 126)] {
        let decoded = key.layout().decode(&key, &Plaintext::from_integer(BigInt::from(check)));
        assert_eq!(decoded.err(), Some(DecodeError::CheckTooLarge), "{check}");
    }
    for check in [(1i128 << 125) - 1, 1 - (1 << 125)] {
        let decoded = key.layout().decode(&key, &Plaintext::from_integer(BigInt::from(check))).unwrap();
        assert!(decoded.check == check && decoded.slots == [0; 14]);
    }
}

#[test]
fn values_are_not_shown_by_debug() {
    let key = small_key();
    let plaintext = plaintext(&key, &[987_654_321], 4);
    let decoded = key.layout().decode(&key, &plaintext).unwrap();
    assert_eq!(format!("{plaintext:?}"), "Plaintext(hidden)");
    assert_eq!(format!("{decoded:?}"), "Decoded(14 slots, hidden)");
}

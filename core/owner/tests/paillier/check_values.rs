//! The check slot: known answers, and lies that must be caught.

use proptest::prelude::*;
use serde::Deserialize;
use veilsum_crypto::packing::{CHECK_MODULUS, Decoded};
use veilsum_owner::check::{CheckKey, CheckKeyError, CheckLabel, VerifyError};
use veilsum_owner::master::MasterSecret;
use veilsum_protocol::{DatasetId, KeyFingerprint, UploadId};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[derive(Deserialize)]
struct KnownAnswers {
    cases: Vec<KnownAnswer>,
}

#[derive(Deserialize)]
struct KnownAnswer {
    #[serde(with = "hex")]
    master: [u8; 32],
    key: KeyFingerprint,
    slot_count: u32,
    dataset: DatasetId,
    upload: UploadId,
    column_set: u32,
    column: u32,
    block: u32,
    slots: Vec<i64>,
    tag: String,
}

const SLOTS: usize = 4;
const BOUND: u64 = 1 << 40;

fn check_key() -> CheckKey {
    CheckKey::derive(&MasterSecret::from_bytes([3; 32]), &KeyFingerprint::from_bytes([4; 32]), 4)
}

fn label(block: u32) -> CheckLabel {
    CheckLabel {
        dataset: DatasetId::from_bytes([1; 16]),
        upload: UploadId::from_bytes([2; 16]),
        column_set: 0,
        column: 5,
        block,
    }
}

/// Block number `block` as the owner encodes it.
fn encoded(block: u32, slots: [i64; SLOTS]) -> Decoded {
    let check = check_key().tag(&label(block), &slots);
    Decoded { check: i128::try_from(check).unwrap(), slots: slots.to_vec() }
}

/// What the cloud would compute: `Σ weight·block`.
fn combine(terms: &[(&Decoded, i64)]) -> Decoded {
    let mut total = Decoded { check: 0, slots: vec![0; SLOTS] };
    for (block, weight) in terms {
        total.check += block.check * i128::from(*weight);
        total.slots.iter_mut().zip(&block.slots).for_each(|(sum, slot)| *sum += slot * weight);
    }
    total
}

fn verify(decoded: &Decoded, weights: &[i64]) -> Result<(), VerifyError> {
    let mut terms = (0..).map(label).zip(weights.iter().copied());
    check_key().verify(decoded, &mut terms, BOUND, 4)
}

fn blocks() -> impl Strategy<Value = Vec<Decoded>> {
    prop::collection::vec(prop::array::uniform4(-1_000_000i64..1_000_000), 2..6)
        .prop_map(|blocks| (0..).zip(blocks).map(|(block, slots)| encoded(block, slots)).collect())
}

#[test]
fn tags_are_those_that_python_computes() {
    let vectors: KnownAnswers = serde_json::from_str(include_str!("../vectors/check-slot.json")).unwrap();
    for case in vectors.cases {
        let key = CheckKey::derive(&MasterSecret::from_bytes(case.master), &case.key, case.slot_count);
        let label = CheckLabel {
            dataset: case.dataset,
            upload: case.upload,
            column_set: case.column_set,
            column: case.column,
            block: case.block,
        };
        assert_eq!(key.tag(&label, &case.slots).to_string(), case.tag);
        let again = CheckKey::from_secret_bytes(&key.to_secret_bytes()).unwrap();
        assert_eq!(again.tag(&label, &case.slots).to_string(), case.tag);
    }
}

proptest! {
    #[test]
    fn the_planned_combination_passes(blocks in blocks(), weights in prop::array::uniform6(-1_000i64..1_000)) {
        let weights = &weights[..blocks.len()];
        let terms: Vec<_> = blocks.iter().zip(weights.iter().copied()).collect();
        prop_assert_eq!(verify(&combine(&terms), weights), Ok(()));
    }

    #[test]
    fn every_other_combination_fails(
        blocks in blocks(),
        planned in prop::array::uniform6(-3i64..4),
        done in prop::array::uniform6(-3i64..4),
    ) {
        let [planned, done] = [&planned[..blocks.len()], &done[..blocks.len()]];
        prop_assume!(planned != done);
        let terms: Vec<_> = blocks.iter().zip(done.iter().copied()).collect();
        prop_assert_eq!(verify(&combine(&terms), planned), Err(VerifyError));
    }

    #[test]
    fn changed_slots_fail(blocks in blocks(), slot in 0..SLOTS, change in prop_oneof![1i64..1_000, -1_000i64..-1]) {
        let weights = vec![1; blocks.len()];
        let mut total = combine(&blocks.iter().map(|block| (block, 1)).collect::<Vec<_>>());
        total.slots[slot] += change;
        prop_assert_eq!(verify(&total, &weights), Err(VerifyError));
    }

    #[test]
    fn moving_value_between_slots_fails(blocks in blocks(), from in 0..SLOTS, to in 0..SLOTS, change in 1i64..1_000) {
        prop_assume!(from != to);
        let weights = vec![1; blocks.len()];
        let mut total = combine(&blocks.iter().map(|block| (block, 1)).collect::<Vec<_>>());
        total.slots[from] += change;
        total.slots[to] -= change;
        prop_assert_eq!(verify(&total, &weights), Err(VerifyError));
    }
}

#[test]
fn a_block_in_the_place_of_another_fails() {
    let slots = [1, -2, 3, -4];
    let here = encoded(0, slots);
    assert_eq!(verify(&here, &[1]), Ok(()));
    let here_label = label(0);
    let elsewhere = [
        CheckLabel { dataset: DatasetId::from_bytes([9; 16]), ..here_label },
        CheckLabel { upload: UploadId::from_bytes([9; 16]), ..here_label },
        CheckLabel { column_set: 1, ..here_label },
        CheckLabel { column: 6, ..here_label },
        CheckLabel { block: 1, ..here_label },
    ];
    for other in elsewhere {
        let check = i128::try_from(check_key().tag(&other, &slots)).unwrap();
        let block = Decoded { check, slots: slots.to_vec() };
        assert_eq!(verify(&block, &[1]), Err(VerifyError), "{other:?}");
    }
    let [master, fingerprint] = [[3; 32], [4; 32]];
    for other in [
        CheckKey::derive(&MasterSecret::from_bytes([5; 32]), &KeyFingerprint::from_bytes(fingerprint), 4),
        CheckKey::derive(&MasterSecret::from_bytes(master), &KeyFingerprint::from_bytes([5; 32]), 4),
    ] {
        let check = i128::try_from(other.tag(&label(0), &slots)).unwrap();
        assert_eq!(verify(&Decoded { check, slots: slots.to_vec() }, &[1]), Err(VerifyError));
    }
}

#[test]
fn swapped_shifted_and_negated_slots_fail() {
    let honest = encoded(0, [1, -2, 3, -4]);
    for slots in [[-2, 1, 3, -4], [0, 1, -2, 3], [-2, 3, -4, 0], [-1, 2, -3, 4], [0, 0, 0, 0]] {
        assert_eq!(verify(&Decoded { slots: slots.to_vec(), ..honest.clone() }, &[1]), Err(VerifyError));
    }
    assert_eq!(verify(&Decoded { check: -honest.check, ..honest }, &[1]), Err(VerifyError));
}

/// With a P narrower than a slot, this lie would pass.
#[test]
fn no_multiple_of_p_fits_a_slot() {
    assert_eq!(CHECK_MODULUS, (1 << 89) - 1);
    let honest = encoded(0, [1, -2, 3, -4]);
    for change in [(1i64 << 61) - 1, (1 << 40) - 1, 1 << 25] {
        let mut total = honest.clone();
        total.slots[0] += change;
        let mut terms = [(label(0), 1)].into_iter();
        assert_eq!(check_key().verify(&total, &mut terms, u64::MAX, 4), Err(VerifyError));
    }
}

/// The check slot counts modulo P, but not without end: what lies outside comes from a carry or a lie.
#[test]
fn a_check_value_outside_its_range_fails_even_if_it_fits_modulo_p() {
    let p = i128::try_from(CHECK_MODULUS).unwrap();
    let honest = encoded(0, [1, -2, 3, -4]);
    for multiple in [2, -2, 1 << 35] {
        let total = Decoded { check: honest.check + multiple * p, ..honest.clone() };
        assert_eq!(verify(&total, &[1]), Err(VerifyError), "{multiple}");
    }
    // A negative check of the right class within range is what negative weights make.
    assert_eq!(verify(&Decoded { check: honest.check - p, ..honest.clone() }, &[1]), Ok(()));
}

#[test]
fn values_beyond_the_bound_or_in_unused_slots_fail_even_if_the_tag_fits() {
    let honest = encoded(0, [10, 0, 10, 0]);
    for (bound, used_slots, expected) in [
        (10, 4, Ok(())),
        (10, 3, Ok(())),
        (9, 4, Err(VerifyError)),
        (10, 2, Err(VerifyError)),
        (u64::MAX, 0, Err(VerifyError)),
    ] {
        let mut terms = [(label(0), 1)].into_iter();
        assert_eq!(check_key().verify(&honest, &mut terms, bound, used_slots), expected);
    }
    let huge = encoded(0, [i64::MIN, 0, 0, 0]);
    let mut terms = [(label(0), 1)].into_iter();
    assert_eq!(check_key().verify(&huge, &mut terms, u64::MAX, 4), Err(VerifyError));
}

#[test]
fn another_number_of_slots_fails() {
    let honest = encoded(0, [1, 2, 3, 4]);
    for slots in [vec![], vec![1, 2, 3], vec![1, 2, 3, 4, 0]] {
        assert_eq!(verify(&Decoded { slots, ..honest.clone() }, &[1]), Err(VerifyError));
    }
}

#[test]
fn weights_that_could_overflow_the_check_slot_are_refused() {
    // P·2³⁶ is the largest multiple of P below 2¹²⁵.
    for (weight, expected) in
        [(1i64 << 36, Ok(())), ((1 << 36) + 1, Err(VerifyError)), (i64::MIN, Err(VerifyError))]
    {
        let check = encoded(0, [0; SLOTS]).check.checked_mul(weight.into()).unwrap_or(0);
        let total = Decoded { check, slots: vec![0; SLOTS] };
        assert_eq!(verify(&total, &[weight]), expected, "{weight}");
    }
}

#[test]
fn stored_check_keys_of_another_form_are_refused() {
    let bytes = check_key().to_secret_bytes();
    assert_eq!(bytes.len(), CheckKey::SECRET_BYTES);
    for length in 0..bytes.len() {
        assert_eq!(CheckKey::from_secret_bytes(&bytes[..length]).err(), Some(CheckKeyError));
    }
    let mut absurd = bytes.to_vec();
    for slot_count in [0u32, 1_025, u32::MAX] {
        absurd[64..].copy_from_slice(&slot_count.to_le_bytes());
        assert_eq!(CheckKey::from_secret_bytes(&absurd).err(), Some(CheckKeyError));
    }
    absurd.push(0);
    assert_eq!(CheckKey::from_secret_bytes(&absurd).err(), Some(CheckKeyError));
}

#[test]
fn debug_shows_nothing() {
    assert_eq!(format!("{:?}", check_key()), "CheckKey(4 slots, hidden)");
}

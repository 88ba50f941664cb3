//! Answers whose header or form is wrong, and numbers that are no ciphertexts.

use num_bigint::BigUint;
use veilsum_protocol::answer::HEADER_BYTES;
use veilsum_protocol::{Digest, JobId};

use super::{DAMAGED, bytes, plaintext};
use crate::answers::{Forger, Kind};

const WRONG_COUNT: &[&str] = &["WrongCount"];
const WIRE: &[&str] = &["Wire"];

pub const KINDS: &[Kind] = &[
    bytes("another-plan", &["WrongPlan"], |forger| {
        let digest = forger.world.other_job.parsed().aggregates.plan;
        forger.changed(|answer| answer.aggregates.plan = digest)
    }),
    bytes("random-plan", &["WrongPlan"], |forger| {
        let digest = Digest::of(&forger.bytes(8));
        forger.changed(|answer| answer.aggregates.plan = digest)
    }),
    bytes("random-job", &["WrongJob"], |forger| {
        let job = forger.bytes(JobId::BYTES).try_into().expect("as many as asked for");
        forger.changed(|answer| answer.aggregates.job = JobId::from_bytes(job))
    }),
    bytes("wrong-row-group-count", WRONG_COUNT, |forger| {
        let more = u32::try_from(forger.up_to(1_000)).expect("small");
        forger.changed(|answer| answer.row_group_count = answer.row_group_count.wrapping_sub(more))
    }),
    bytes("wrong-block-count", WRONG_COUNT, |forger| {
        let more = forger.up_to(1 << 40);
        forger.changed(|answer| {
            answer.aggregates.block_count = answer.aggregates.block_count.wrapping_sub(more);
        })
    }),
    bytes("fewer-aggregates", WRONG_COUNT, |forger| {
        let fewer = 1 + forger.below(forger.honest.columns().len() - 1);
        forger.changed(|answer| answer.aggregates.ciphertexts.truncate(fewer))
    }),
    bytes("more-aggregates", WRONG_COUNT, |forger| {
        let at = forger.any();
        forger.changed(|answer| {
            let again = answer.aggregates.ciphertexts[at].clone();
            answer.aggregates.ciphertexts.push(again);
        })
    }),
    bytes("half-ciphertexts", WRONG_COUNT, |forger| {
        forger.changed(|answer| {
            let half = answer.aggregates.ciphertext_bytes / 2;
            answer.aggregates.ciphertext_bytes = half;
            answer.aggregates.ciphertexts.iter_mut().for_each(|bytes| bytes.truncate(half as usize));
        })
    }),
    bytes("truncates", WIRE, |forger| {
        let length = forger.below(forger.honest.answer.len());
        forger.honest.answer[..length].to_vec()
    }),
    bytes("appends", WIRE, |forger| {
        let more = 1 + forger.below(600);
        [forger.honest.answer.as_slice(), &vec![0; more]].concat()
    }),
    bytes("flips-bit-of-header", &["Wire", "WrongJob", "WrongPlan", "WrongCount"], |forger| {
        forger.flipped(0..HEADER_BYTES)
    }),
    bytes("flips-bit-of-ciphertext", &["Refused", "Damaged"], |forger| {
        forger.flipped(HEADER_BYTES..forger.honest.answer.len())
    }),
    bytes("moves-bytes-of-ciphertext", &["Refused", "Damaged"], |forger| {
        let mut bytes = forger.honest.answer.clone();
        let from = HEADER_BYTES + forger.below(bytes.len() - HEADER_BYTES - 64);
        bytes[from..from + 64].rotate_left(1);
        bytes
    }),
    bytes("partial-in-place-of-answer", WIRE, |forger| {
        let mut bytes = forger.honest.answer.clone();
        bytes[..4].copy_from_slice(b"VSPA");
        bytes
    }),
    bytes("row-group-in-place-of-answer", WIRE, |forger| {
        let group = forger.below(forger.world.dataset.row_groups.len());
        forger.world.dataset.row_groups[group].bytes.clone()
    }),
    bytes("newer-version", WIRE, |forger| {
        let mut bytes = forger.honest.answer.clone();
        bytes[4] = 2 + u8::try_from(forger.below(200)).expect("a byte");
        bytes
    }),
    bytes("nothing-at-all", WIRE, |_| Vec::new()),
    bytes("zero", DAMAGED, |forger| integer(forger, &0_u32.into())),
    bytes("one", DAMAGED, |forger| integer(forger, &1_u32.into())),
    bytes("n", DAMAGED, |forger| integer(forger, &forger.key.modulus().clone())),
    bytes("multiple-of-n", DAMAGED, |forger| {
        let multiple = forger.key.modulus() * forger.up_to(u64::MAX - 1);
        integer(forger, &multiple)
    }),
    plaintext("n-squared-minus-one", |forger| integer(forger, &(forger.key.square().value() - 1_u32))),
    bytes("n-squared-and-more", DAMAGED, |forger| {
        let more = forger.numbers.draw();
        integer(forger, &(forger.key.square().value() + more))
    }),
    bytes("answer-plus-n-squared", DAMAGED, |forger| {
        let at = forger.any();
        forger.with_integer(at, &(forger.honest(at).as_integer() + forger.key.square().value()))
    }),
    bytes("all-ones", DAMAGED, |forger| {
        let at = forger.any();
        forger.with_bytes(at, vec![0xff; forger.key.ciphertext_bytes()])
    }),
    bytes("multiple-of-a-factor-of-n", DAMAGED, |forger| {
        // The stored key holds a prime behind 20 bytes.
        let prime_bytes = forger.key.modulus_bits() as usize / 16;
        let prime = BigUint::from_bytes_le(&forger.secret.to_secret_bytes()[20..20 + prime_bytes]);
        assert_eq!(forger.key.modulus() % &prime, BigUint::ZERO, "this is no factor of n");
        let at = forger.any();
        forger.with_integer(at, &(prime * forger.honest(at).as_integer() % forger.key.square().value()))
    }),
];

/// Any aggregate, replaced by this integer.
fn integer(forger: &mut Forger<'_>, integer: &BigUint) -> Vec<u8> {
    let at = forger.any();
    forger.with_integer(at, integer)
}

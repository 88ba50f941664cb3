//! Answers made from nothing, or from other answers; and changes that are no lies.

use num_bigint::BigUint;
use veilsum_crypto::packing::Plaintext;
use veilsum_crypto::paillier::Ciphertext;

use super::{bytes, kind, number, plaintext};
use crate::answers::{Forger, Kind, Shows};
use crate::judge::RIGHT;

pub const KINDS: &[Kind] = &[
    number("forges-totals", |forger| {
        let (at, forged) = (forger.any(), encrypted_numbers(forger));
        forger.with(at, &forged)
    }),
    number("adds-encrypted-constant", |forger| {
        let (at, constant) = (forger.any(), encrypted_numbers(forger));
        forger.with(at, &forger.key.add(&forger.honest(at), &constant))
    }),
    plaintext("encrypts-zero", |forger| {
        let (at, mut rng) = (forger.any(), forger.rng());
        forger.with(at, &forger.key.encrypt(&Plaintext::from_integer(0.into()), &mut rng))
    }),
    plaintext("random-ciphertext", |forger| {
        let (at, random) = (forger.any(), forger.bytes(500));
        forger.with_integer(at, &BigUint::from_bytes_le(&random))
    }),
    number("swaps-answers", |forger| {
        let at = forger.value();
        let other = forger.other_than(at);
        forger.changed(|answer| answer.aggregates.ciphertexts.swap(at, other))
    }),
    number("rotates-answers", |forger| {
        let by = 1 + forger.below(forger.honest.columns().len() - 1);
        forger.changed(|answer| answer.aggregates.ciphertexts.rotate_left(by))
    }),
    number("repeats-an-answer", |forger| {
        let at = forger.value();
        let other = forger.other_than(at);
        forger.changed(|answer| {
            answer.aggregates.ciphertexts[at] = answer.aggregates.ciphertexts[other].clone();
        })
    }),
    bytes("replays-another-job", &["WrongJob"], |forger| forger.world.other_job.answer.clone()),
    bytes("replays-the-same-question", &["WrongJob"], |forger| {
        let mut jobs = forger.world.jobs.iter();
        let other = jobs.find(|other| other.job.id != forger.honest.job.id);
        other.expect("there are several jobs").answer.clone()
    }),
    bytes("replays-another-job-under-this-id", &["WrongPlan"], |forger| {
        let mut answer = forger.world.other_job.parsed();
        answer.aggregates.job = forger.honest.job.id;
        answer.to_bytes()
    }),
    number("replays-another-job-dressed-up", |forger| {
        forger.changed(|answer| {
            answer.aggregates.ciphertexts = forger.world.other_job.parsed().aggregates.ciphertexts;
        })
    }),
    // What is decrypted stays the same.
    kind("rerandomises", Shows::Same, &[RIGHT], |forger| {
        let (at, mut rng) = (forger.any(), forger.rng());
        forger.with(at, &forger.key.rerandomise(&forger.honest(at), &mut rng))
    }),
    kind("multiplies-by-minus-one-modulo-n-squared", Shows::Same, &[RIGHT], |forger| {
        let at = forger.any();
        forger.with_integer(at, &(forger.key.square().value() - forger.honest(at).as_integer()))
    }),
    kind("sums-rerandomised-blocks-backwards", Shows::Same, &[RIGHT], |forger| {
        let at = forger.any();
        forger.over(at, |forger, blocks| {
            blocks.reverse();
            blocks[0] = forger.key.rerandomise(&blocks[0], &mut forger.rng());
        })
    }),
];

/// Small numbers in as many slots as the small table uses, with a check value that is a guess.
fn encrypted_numbers(forger: &mut Forger<'_>) -> Ciphertext {
    let numbers: Vec<i64> = forger.bytes(23).into_iter().map(|byte| 1 + i64::from(byte)).collect();
    let guess = u128::from(forger.numbers.draw()) << 20;
    let plaintext = forger.key.layout().encode(&numbers, guess).expect("small numbers fit");
    forger.key.encrypt(&plaintext, &mut forger.rng())
}

//! Blocks, row groups or the whole answer are multiplied.

use num_bigint::BigInt;

use super::{DAMAGED, bytes, number, p, power_of_two};
use crate::answers::{Forger, Kind};

pub const KINDS: &[Kind] = &[
    number("scales-block", |forger| {
        let factor = 1 + forger.up_to(1_000);
        block_times(forger, &factor.into())
    }),
    number("negates-block", |forger| block_times(forger, &(-1).into())),
    number("shifts-block-up", |forger| {
        let factor = power_of_two(forger.up_to(64));
        block_times(forger, &factor)
    }),
    number("multiplies-block-by-one-more-than-p", |forger| block_times(forger, &(p() + 1))),
    number("scales-row-group", |forger| {
        let at = forger.value();
        let factor = BigInt::from(1 + forger.up_to(1_000));
        forger.over_groups(at, |forger, groups| {
            let group = forger.below(groups.len());
            for block in &mut groups[group] {
                *block = forger.key.multiply_integer(block, &factor);
            }
        })
    }),
    number("scales-answer", |forger| {
        let factor = 1 + forger.up_to(u64::from(u32::MAX));
        answer_times(forger, &factor.into())
    }),
    number("negates-answer", |forger| answer_times(forger, &(-1).into())),
    number("shifts-answer-up-by-slots", |forger| {
        let factor = power_of_two(64 * forger.up_to(29));
        answer_times(forger, &factor)
    }),
    number("shifts-answer-up-by-bits", |forger| {
        let factor = power_of_two(forger.up_to(63));
        answer_times(forger, &factor)
    }),
    number("shifts-answer-down-by-slots", |forger| {
        let n = BigInt::from(forger.key.modulus().clone());
        let factor = power_of_two(64 * forger.up_to(4)).modinv(&n).expect("n is odd");
        answer_times(forger, &factor)
    }),
    number("multiplies-answer-by-p", |forger| answer_times(forger, &p())),
    number("multiplies-answer-by-one-more-than-p", |forger| answer_times(forger, &(p() + 1))),
    bytes("multiplies-answer-by-nothing", DAMAGED, |forger| answer_times(forger, &0.into())),
];

/// The right sum, but for one block that counts `factor` times.
fn block_times(forger: &mut Forger<'_>, factor: &BigInt) -> Vec<u8> {
    let at = forger.value();
    forger.over(at, |forger, blocks| {
        let block = forger.below(blocks.len());
        blocks[block] = forger.key.multiply_integer(&blocks[block], factor);
    })
}

fn answer_times(forger: &mut Forger<'_>, factor: &BigInt) -> Vec<u8> {
    let at = forger.value();
    forger.with(at, &forger.key.multiply_integer(&forger.honest(at), factor))
}

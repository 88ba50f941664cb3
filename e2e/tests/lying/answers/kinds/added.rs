//! A constant is added to the plaintext of an answer: to slots, to the check slot, to slots without rows, above the top.

use num_bigint::{BigInt, BigUint};
use veilsum_crypto::packing::{CHECK_BITS, SLOT_BITS};

use super::{kind, number, one_in, p, plaintext, power_of_two, small};
use crate::answers::{Forger, Kind, Shows};
use crate::judge::RIGHT;
use crate::world::SMALL;

/// An amount that a person might believe.
const AMOUNT: u64 = 1 << 20;
const REFUSED_OR_RIGHT: &[&str] = &["Refused", RIGHT];

pub const KINDS: &[Kind] = &[
    number("adds-to-slot", |forger| {
        let (slot, amount) = (forger.slot(), forger.up_to(AMOUNT));
        plus(forger, one_in(slot) * amount)
    }),
    number("takes-from-slot", |forger| {
        let (slot, amount) = (forger.slot(), forger.up_to(AMOUNT));
        plus(forger, -one_in(slot) * amount)
    }),
    plaintext("moves-between-slots", |forger| {
        let (slot, amount) = (forger.slot_below_top(), forger.up_to(AMOUNT));
        plus(forger, (one_in(slot + 1) - one_in(slot)) * amount)
    }),
    number("adds-p", |forger| {
        let slot = forger.slot();
        plus(forger, one_in(slot) * p())
    }),
    number("adds-multiple-of-p", |forger| {
        let (slot, factor) = (forger.slot(), forger.up_to(1 << 30));
        plus(forger, one_in(slot) * p() * factor)
    }),
    number("adds-p-to-all-slots", |forger| {
        let slots: BigInt = (0..forger.key.layout().slot_count()).map(one_in).sum();
        plus(forger, slots * p())
    }),
    number("adds-p-times-block", |forger| {
        let at = forger.value();
        forger.over(at, |forger, blocks| {
            let block = forger.below(blocks.len());
            blocks.push(forger.key.multiply_integer(&blocks[block], &p()));
        })
    }),
    number("adds-2-to-the-61-minus-1", |forger| {
        let slot = forger.slot();
        plus(forger, one_in(slot) * ((1_i64 << 61) - 1))
    }),
    number("carries-at-62-bits", |forger| {
        let slot = forger.slot();
        plus(forger, one_in(slot) << (SLOT_BITS - 2))
    }),
    number("carries-at-63-bits", |forger| {
        let slot = forger.slot();
        plus(forger, one_in(slot) << (SLOT_BITS - 1))
    }),
    number("carries-at-64-bits", |forger| {
        let (slot, factor) = (forger.slot_below_top(), forger.up_to(AMOUNT));
        plus(forger, (one_in(slot) << SLOT_BITS) * factor)
    }),
    number("borrows-at-64-bits", |forger| {
        let slot = forger.slot_below_top();
        plus(forger, -(one_in(slot) << SLOT_BITS))
    }),
    small(number("adds-to-unused-slot", |forger| {
        let (slot, amount) = (unused_slot(forger), forger.up_to(AMOUNT));
        plus(forger, one_in(slot) * amount)
    })),
    small(number("adds-p-to-unused-slot", |forger| {
        let slot = unused_slot(forger);
        plus(forger, one_in(slot) * p())
    })),
    small(number("carries-into-unused-slot", |forger| {
        let slot = unused_slot(forger);
        plus(forger, one_in(slot - 1) << SLOT_BITS)
    })),
    small(plaintext("moves-into-unused-slot", |forger| {
        let (from, to) = (forger.below(SMALL.rows_per_group), unused_slot(forger));
        plus(forger, one_in(to) - one_in(u32::try_from(from).expect("a slot")))
    })),
    plaintext("adds-above-top-slot", |forger| {
        let top = top(forger);
        let bits = u64::from(forger.key.modulus_bits()) - top;
        let exponent = top + forger.numbers.below(bits);
        plus(forger, power_of_two(exponent))
    }),
    plaintext("takes-above-top-slot", |forger| {
        let top = top(forger);
        plus(forger, -power_of_two(top))
    }),
    number("adds-random-plaintext", |forger| {
        let random = forger.bytes(255);
        plus(forger, BigUint::from_bytes_le(&random).into())
    }),
    plaintext("adds-to-check-slot", |forger| {
        let amount = forger.up_to(1 << 60);
        plus(forger, amount.into())
    }),
    plaintext("takes-from-check-slot", |forger| {
        let amount = forger.up_to(1 << 60);
        plus(forger, -BigInt::from(amount))
    }),
    plaintext("adds-2-to-the-89-to-check-slot", |forger| {
        let factor = forger.up_to(7);
        plus(forger, power_of_two(89) * factor)
    }),
    plaintext("carries-at-64-bits-of-check-slot", |forger| {
        let factor = forger.up_to(AMOUNT);
        plus(forger, power_of_two(64) * factor)
    }),
    // The check value counts modulo P, so that the number is right in both cases.
    kind("adds-p-to-check-slot", Shows::Plaintext, REFUSED_OR_RIGHT, |forger| plus(forger, p())),
    kind("takes-p-from-check-slot", Shows::Plaintext, REFUSED_OR_RIGHT, |forger| plus(forger, -p())),
    plaintext("adds-many-p-to-check-slot", |forger| {
        let factor = 20 + forger.up_to(1 << 30);
        plus(forger, p() * factor)
    }),
    plaintext("overflows-check-slot", |forger| {
        let amount = forger.up_to(AMOUNT);
        plus(forger, power_of_two(125) + amount)
    }),
    number("carries-out-of-check-slot", |forger| {
        let factor = forger.up_to(AMOUNT);
        plus(forger, power_of_two(CHECK_BITS.into()) * factor)
    }),
];

/// Any aggregate, with `integer` added to its plaintext.
fn plus(forger: &mut Forger<'_>, integer: BigInt) -> Vec<u8> {
    let at = forger.any();
    forger.plus(at, integer)
}

/// A slot in which no block of the small table has a row.
fn unused_slot(forger: &mut Forger<'_>) -> u32 {
    let used = u32::try_from(SMALL.rows_per_group).expect("a slot");
    let unused = forger.key.layout().slot_count() - used;
    used + u32::try_from(forger.numbers.below(unused.into())).expect("a slot")
}

/// The first bit above the top slot.
fn top(forger: &Forger<'_>) -> u64 {
    u64::from(CHECK_BITS + SLOT_BITS * forger.key.layout().slot_count())
}

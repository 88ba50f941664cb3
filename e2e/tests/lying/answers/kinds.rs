//! The kinds of lies about answers, a file for each way to lie.

mod added;
mod blocks;
mod bytes;
mod forged;
mod multiplied;

use num_bigint::BigInt;
use veilsum_crypto::packing::{CHECK_BITS, CHECK_MODULUS, SLOT_BITS};

use crate::answers::{Forger, Kind, Shows};

const REFUSED: &[&str] = &["Refused"];
const DAMAGED: &[&str] = &["Damaged"];

/// All of them.
pub fn all() -> impl Iterator<Item = &'static Kind> {
    [blocks::KINDS, multiplied::KINDS, added::KINDS, forged::KINDS, bytes::KINDS].into_iter().flatten()
}

/// What the owner downloads.
type Forge = fn(&mut Forger<'_>) -> Vec<u8>;

const fn kind(name: &'static str, shows: Shows, ends: &'static [&'static str], lie: Forge) -> Kind {
    Kind { name, shows, ends, is_small: false, lie }
}

/// A lie that a careless owner would show as another number.
const fn number(name: &'static str, lie: Forge) -> Kind {
    kind(name, Shows::Number, REFUSED, lie)
}

/// A lie that changes what is decrypted, though not always the sum of it.
const fn plaintext(name: &'static str, lie: Forge) -> Kind {
    kind(name, Shows::Plaintext, REFUSED, lie)
}

/// Bytes that are refused for this reason before anything is decrypted.
const fn bytes(name: &'static str, ends: &'static [&'static str], lie: Forge) -> Kind {
    kind(name, Shows::Bytes, ends, lie)
}

/// The same about blocks with unused slots.
const fn small(kind: Kind) -> Kind {
    Kind { is_small: true, ..kind }
}

/// `2^(127 + 64·slot)`: a one in this slot.
fn one_in(slot: u32) -> BigInt {
    power_of_two(u64::from(CHECK_BITS + SLOT_BITS * slot))
}

fn power_of_two(exponent: u64) -> BigInt {
    BigInt::from(1) << exponent
}

/// P of the check slot.
fn p() -> BigInt {
    BigInt::from(CHECK_MODULUS)
}

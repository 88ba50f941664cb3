//! Packing: many signed 64-bit slots and one check slot in one plaintext.
//!
//! ```text
//! plaintext = check + Σⱼ slotⱼ · 2^(127 + 64·j)        as an integer, then modulo n
//!
//!  top                                                        bottom
//!  | slot s−1 | … | slot 1 | slot 0 | check slot |
//!  |  64 bits |   |   64   |   64   |  127 bits  |
//! ```
//!
//! Additions and multiplications by public integers act on every slot at once. Slots are signed, so a negative one
//! borrows from the slot above; [`Layout::decode`] takes the borrows back.

use core::fmt;

use num_bigint::{BigInt, BigUint, Sign};
use num_integer::Integer;

use crate::paillier::PublicKey;

/// Bits of a slot.
pub const SLOT_BITS: u32 = 64;
/// Bits of the check slot, at the bottom.
pub const CHECK_BITS: u32 = 127;
/// P of the check slot, the prime 2⁸⁹ − 1. Wider than a slot: else adding P to a slot would pass unseen.
pub const CHECK_MODULUS: u128 = (1 << 89) - 1;
/// A slot holds |value| < `2^SLOT_VALUE_BITS`: two bits below its width, for the sign and the borrow.
pub const SLOT_VALUE_BITS: u32 = 62;
/// The check slot holds |value| < `2^CHECK_VALUE_BITS`.
pub const CHECK_VALUE_BITS: u32 = 125;

const SLOT_BYTES: usize = (SLOT_BITS / 8) as usize;
/// Turns a signed slot into its unsigned biased digit.
const SLOT_BIAS: u64 = 1 << (SLOT_BITS - 1);
/// Turns a signed check value into its unsigned biased digit.
const CHECK_BIAS: i128 = 1 << (CHECK_BITS - 1);
const CHECK_DIGIT_MASK: u128 = (1 << CHECK_BITS) - 1;

/// How many slots a plaintext has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    slot_count: u32,
}

/// An encoded block of cleartexts, ready to be encrypted or just decrypted: an integer whose class modulo n counts.
///
/// Holds the owner's values, so `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Plaintext(BigInt);

/// What a plaintext held. Not shown by `Debug`: these are the owner's values.
#[derive(Clone, PartialEq, Eq)]
pub struct Decoded {
    /// The check slot, |check| < 2¹²⁵.
    pub check: i128,
    /// All slots of the layout, |slot| < 2⁶².
    pub slots: Vec<i64>,
}

/// Why values do not fit a plaintext. Names places, never values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// More values than slots.
    #[error("{actual} values do not fit a block of {maximum} slots")]
    TooManySlots {
        /// Values given.
        actual: usize,
        /// Slots of the layout.
        maximum: u32,
    },
    /// A value of 2⁶² or more in magnitude.
    #[error("the value for slot {slot} needs more than {SLOT_VALUE_BITS} bits")]
    SlotTooLarge {
        /// Position of the slot.
        slot: usize,
    },
    /// A check value that was not reduced modulo P.
    #[error("the check value is not reduced modulo 2^89 - 1")]
    CheckTooLarge,
}

/// Why an integer is not the encoding of a block. Names places, never values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The integer is larger than all slots together.
    #[error("the plaintext does not have the form of a block")]
    OutsideLayout,
    /// A slot of 2⁶² or more in magnitude.
    #[error("slot {slot} overflowed")]
    SlotTooLarge {
        /// Position of the slot.
        slot: usize,
    },
    /// A check slot of 2¹²⁵ or more in magnitude.
    #[error("the check slot overflowed")]
    CheckTooLarge,
}

impl Layout {
    /// The layout under a modulus of `modulus_bits`: `⌊(modulus_bits − 1 − 127) / 64⌋` slots; `None` if not even
    /// one fits.
    #[must_use]
    pub const fn for_modulus_bits(modulus_bits: u32) -> Option<Self> {
        match modulus_bits.saturating_sub(1 + CHECK_BITS) / SLOT_BITS {
            0 => None,
            slot_count => Some(Self { slot_count }),
        }
    }

    /// Slots for values, not counting the check slot.
    #[must_use]
    pub const fn slot_count(self) -> u32 {
        self.slot_count
    }

    /// Blocks that hold `row_count` values of one column, one value per slot.
    #[must_use]
    pub const fn block_count(self, row_count: u64) -> u64 {
        row_count.div_ceil(self.slot_count as u64)
    }

    /// Whether [`Self::encode`] takes these slots.
    ///
    /// # Errors
    /// [`EncodeError`] for more values than slots, or a value of 2⁶² or more in magnitude.
    pub fn check_slots(self, slots: &[i64]) -> Result<(), EncodeError> {
        if slots.len() > self.slot_count as usize {
            return Err(EncodeError::TooManySlots { actual: slots.len(), maximum: self.slot_count });
        }
        match slots.iter().position(|&value| !fits_slot(value)) {
            Some(slot) => Err(EncodeError::SlotTooLarge { slot }),
            None => Ok(()),
        }
    }

    /// Rows for which the blocks of `row_count` rows have room: all that the cloud is told about a number of rows.
    #[must_use]
    pub const fn rows_to_the_block(self, row_count: u32) -> u32 {
        row_count.div_ceil(self.slot_count).saturating_mul(self.slot_count)
    }

    /// Packs `slots`, from slot 0 on, and the check value; the slots that are left hold 0.
    ///
    /// # Errors
    /// [`EncodeError`] for more values than slots, a value of 2⁶² or more in magnitude, or a check value that is
    /// not below [`CHECK_MODULUS`].
    pub fn encode(self, slots: &[i64], check: u128) -> Result<Plaintext, EncodeError> {
        self.check_slots(slots)?;
        if check >= CHECK_MODULUS {
            return Err(EncodeError::CheckTooLarge);
        }
        // With the bias every digit is non-negative: no borrows until it is taken off the whole number.
        let digits =
            slots.iter().flat_map(|&value| value.cast_unsigned().wrapping_add(SLOT_BIAS).to_le_bytes());
        let biased = BigUint::from_bytes_le(&digits.collect::<Vec<u8>>());
        let signed = BigInt::from(biased) - BigInt::from(slot_biases(slots.len()));
        Ok(Plaintext((signed << CHECK_BITS) + BigInt::from(check)))
    }

    /// Unpacks a plaintext that was decrypted under `key`, after any number of additions and multiplications whose
    /// bounds were kept.
    ///
    /// # Errors
    /// [`DecodeError`] if the integer is not of the form that [`Self::encode`] makes, within the bounds of
    /// [`Decoded`].
    pub fn decode(self, key: &PublicKey, plaintext: &Plaintext) -> Result<Decoded, DecodeError> {
        let slot_count = self.slot_count as usize;
        let bias = BigInt::from(slot_biases(slot_count) << CHECK_BITS) + CHECK_BIAS;
        let biased = (plaintext.centred(key) + bias).to_biguint().ok_or(DecodeError::OutsideLayout)?;

        let mut words = biased.iter_u64_digits();
        let low_words = [words.next().unwrap_or(0), words.next().unwrap_or(0)];
        let low_bits = u128::from(low_words[0]) | u128::from(low_words[1]) << u64::BITS;
        let check = (low_bits & CHECK_DIGIT_MASK).cast_signed() - CHECK_BIAS;
        if check.unsigned_abs() >= 1 << CHECK_VALUE_BITS {
            return Err(DecodeError::CheckTooLarge);
        }

        let mut digits = (biased >> CHECK_BITS).to_bytes_le();
        if digits.len() > slot_count * SLOT_BYTES {
            return Err(DecodeError::OutsideLayout);
        }
        digits.resize(slot_count * SLOT_BYTES, 0);
        let mut slots = Vec::with_capacity(slot_count);
        for (slot, digit) in digits.as_chunks::<SLOT_BYTES>().0.iter().enumerate() {
            let value = u64::from_le_bytes(*digit).wrapping_sub(SLOT_BIAS).cast_signed();
            if !fits_slot(value) {
                return Err(DecodeError::SlotTooLarge { slot });
            }
            slots.push(value);
        }
        Ok(Decoded { check, slots })
    }
}

impl Plaintext {
    /// A plaintext from any integer; what is encrypted is its class modulo n.
    #[must_use]
    pub const fn from_integer(integer: BigInt) -> Self {
        Self(integer)
    }

    /// The representative in `[0, n)`.
    #[must_use]
    pub fn residue(&self, key: &PublicKey) -> BigUint {
        let modulus = BigInt::from_biguint(Sign::Plus, key.modulus().clone());
        self.0.mod_floor(&modulus).into_parts().1
    }

    /// The representative nearest to 0.
    #[must_use]
    pub fn centred(&self, key: &PublicKey) -> BigInt {
        let residue = self.residue(key);
        if &residue << 1u32 > *key.modulus() {
            BigInt::from(residue) - BigInt::from(key.modulus().clone())
        } else {
            BigInt::from(residue)
        }
    }
}

impl fmt::Debug for Plaintext {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Plaintext(hidden)")
    }
}

impl fmt::Debug for Decoded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Decoded({} slots, hidden)", self.slots.len())
    }
}

const fn fits_slot(value: i64) -> bool {
    value.unsigned_abs() < 1 << SLOT_VALUE_BITS
}

/// `Σⱼ SLOT_BIAS · 2^(64·j)` over `slot_count` slots.
fn slot_biases(slot_count: usize) -> BigUint {
    BigUint::from_bytes_le(&SLOT_BIAS.to_le_bytes().repeat(slot_count))
}

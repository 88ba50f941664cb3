//! Bounds: the largest |value| that a slot may hold, so that an overflow is an error before any work and never a
//! number.

use crate::packing::SLOT_VALUE_BITS;

/// A bound as the cloud sees it: every |value| of a column is below `2^bits`.
///
/// Classes are coarse, so that they say little about the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BoundClass(u8);

impl BoundClass {
    /// The classes that exist, in bits, ascending.
    pub const ALL_BITS: [u8; 7] = [8, 16, 24, 32, 40, 48, 56];

    /// The narrowest class whose values include `magnitude`; `None` from `2^56` on.
    #[must_use]
    pub fn for_magnitude(magnitude: u64) -> Option<Self> {
        Self::ALL_BITS.into_iter().find(|&bits| magnitude < 1 << bits).map(Self)
    }

    /// The class of exactly `bits`; `None` if there is no such class.
    #[must_use]
    pub fn from_bits(bits: u8) -> Option<Self> {
        Self::ALL_BITS.contains(&bits).then_some(Self(bits))
    }

    /// Every value of the class is below `2^bits` in magnitude.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether the slot-wise sum of `block_count` blocks stays within a slot: `2^bits · block_count ≤ 2^62`.
    #[must_use]
    pub const fn sum_fits(self, block_count: u64) -> bool {
        block_count <= self.largest_block_count()
    }

    /// The most blocks whose slot-wise sum stays within a slot.
    #[must_use]
    pub const fn largest_block_count(self) -> u64 {
        1 << (SLOT_VALUE_BITS - self.0 as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picks_the_narrowest_class() {
        for (magnitude, bits) in [
            (0, Some(8)),
            (255, Some(8)),
            (256, Some(16)),
            ((1 << 48) - 1, Some(48)),
            (1 << 48, Some(56)),
            ((1 << 56) - 1, Some(56)),
            (1 << 56, None),
            (u64::MAX, None),
        ] {
            assert_eq!(BoundClass::for_magnitude(magnitude).map(BoundClass::bits), bits, "{magnitude}");
        }
    }

    #[test]
    fn knows_only_its_classes() {
        let known: Vec<u8> = (0..=u8::MAX).filter(|&bits| BoundClass::from_bits(bits).is_some()).collect();
        assert_eq!(known, BoundClass::ALL_BITS);
    }

    #[test]
    fn refuses_the_first_sum_that_could_overflow() {
        for bits in BoundClass::ALL_BITS {
            let class = BoundClass::from_bits(bits).unwrap();
            let largest = class.largest_block_count();
            assert_eq!(u128::from(largest) << bits, 1 << 62);
            assert!(class.sum_fits(largest));
            assert!(!class.sum_fits(largest + 1));
            assert!(!class.sum_fits(u64::MAX));
        }
    }
}

//! Draws that are the same in every build: a crate's own may change with its next version, or differ where `usize` is
//! 32 bits wide.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Draws of a split.
pub(crate) const SPLIT: &[u8; 24] = b"veilsum-prepare split 01";
/// Draws of an isolation forest.
pub(crate) const FOREST: &[u8; 24] = b"veilsum-prepare forest01";
/// Draws of the numbers that describe a column.
pub(crate) const SAMPLE: &[u8; 24] = b"veilsum-prepare sample01";
/// Draws of SMOTE.
pub(crate) const SMOTE: &[u8; 24] = b"veilsum-prepare smote 01";

/// The generator of a purpose and a seed of the recipe: ChaCha20 under the key `seed ‖ purpose`.
pub(crate) fn generator(purpose: &[u8; 24], seed: u64) -> ChaCha20Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..].copy_from_slice(purpose);
    ChaCha20Rng::from_seed(key)
}

/// A number below `bound`, each equally likely; 0 if `bound` is 0 [Lem19].
pub(crate) fn below(rng: &mut impl Rng, bound: u64) -> u64 {
    let rejected_below = bound.wrapping_neg().checked_rem(bound).unwrap_or(0);
    loop {
        let product = u128::from(rng.next_u64()) * u128::from(bound);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the low half is what is meant, and the high half is below the bound"
        )]
        let (high, low) = ((product >> 64) as u64, product as u64);
        if low >= rejected_below {
            return high;
        }
    }
}

/// As [`below`], as a position.
pub(crate) fn index(rng: &mut impl Rng, length: usize) -> usize {
    usize::try_from(below(rng, length as u64)).unwrap_or(usize::MAX)
}

/// A multiple of 2⁻⁵³ in `[0, 1)`.
pub(crate) fn unit(rng: &mut impl Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn draws_are_the_same_in_every_build() {
        // Computed by the block function of RFC 8439, written in Python.
        let mut rng = generator(SPLIT, 7);
        let drawn: Vec<u64> = (0..8).map(|_| below(&mut rng, 100)).collect();
        assert_eq!(drawn, [60, 66, 86, 13, 54, 54, 51, 85]);
        assert_eq!(unit(&mut rng).to_bits(), 4_603_918_502_043_086_374);
    }

    #[test]
    fn each_position_is_equally_likely() {
        let mut rng = generator(SMOTE, 1);
        let mut counts = [0_u32; 5];
        (0..50_000).for_each(|_| counts[index(&mut rng, 5)] += 1);
        // 10,000 expected, standard deviation 89.
        assert!(counts.iter().all(|count| count.abs_diff(10_000) < 450), "{counts:?}");
        assert_eq!((below(&mut rng, 1), below(&mut rng, 0)), (0, 0));
    }
}

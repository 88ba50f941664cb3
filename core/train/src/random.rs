//! Draws from the caller's generator.
//!
//! A crate's draws may change with its next version, or differ where `usize` is 32 bits wide: the same seed must give
//! the same split and the same start in every build, in the page and on a server.

use rand_core::Rng;

/// A number in `0..length`, each equally likely; 0 if `length` is 0. [Lem19]: D. Lemire, *Fast random integer
/// generation in an interval*, 2019, with the rejection that makes it exact.
pub(crate) fn index(rng: &mut impl Rng, length: usize) -> usize {
    let length = length as u64;
    let rejected_below = length.wrapping_neg().checked_rem(length).unwrap_or(0);
    loop {
        let product = u128::from(rng.next_u64()) * u128::from(length);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the low half is what is meant, and the high half is < length"
        )]
        let (high, low) = ((product >> 64) as usize, product as u64);
        if low >= rejected_below {
            return high;
        }
    }
}

/// A multiple of 2⁻⁵³ in `[0, 1)`.
pub(crate) fn unit(rng: &mut impl Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// Every order equally likely (Fisher and Yates).
pub(crate) fn shuffle<T>(rng: &mut impl Rng, items: &mut [T]) {
    for last in (1..items.len()).rev() {
        items.swap(last, index(rng, last + 1));
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    #[test]
    fn draws_are_the_same_in_every_build() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let mut items: Vec<usize> = (0..10).collect();
        shuffle(&mut rng, &mut items);
        assert_eq!(items, [0, 4, 5, 3, 1, 9, 7, 8, 6, 2]);
        assert_eq!(unit(&mut rng).to_bits(), 4_605_479_001_120_375_305);
    }

    #[test]
    fn each_place_is_equally_likely() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut counts = [[0_u32; 4]; 4];
        for _ in 0..40_000 {
            let mut items = [0, 1, 2, 3];
            shuffle(&mut rng, &mut items);
            items.iter().enumerate().for_each(|(place, &item)| counts[item][place] += 1);
        }
        // 10,000 expected, standard deviation 87.
        assert!(counts.iter().flatten().all(|count| count.abs_diff(10_000) < 400), "{counts:?}");
        assert_eq!(index(&mut rng, 1), 0);
    }
}

//! A random sample of a stream of numbers: what describes a column need not be exact, and must cost next to nothing.

use rand_chacha::ChaCha20Rng;

use crate::quantile::interpolated;
use crate::random::{self, index, unit};

/// Draws so many numbers of a stream, each equally likely: algorithm L of [Li94], which draws only where a number of the
/// sample is replaced.
pub(crate) struct Sample {
    most: usize,
    seed: u64,
    drawn: Vec<f64>,
    count: u64,
    /// The number, counted from 1, that is drawn next.
    next: u64,
    weight: f64,
    rng: Option<ChaCha20Rng>,
}

/// A sample in order.
pub(crate) struct Drawn {
    sorted: Vec<f64>,
    count: u64,
}

impl Sample {
    /// The same for the same stream and seed.
    pub(crate) fn new(most: usize, seed: u64) -> Self {
        Self { most, seed, drawn: Vec::new(), count: 0, next: 0, weight: 1.0, rng: None }
    }

    pub(crate) fn push(&mut self, number: f64) {
        self.count += 1;
        if self.drawn.len() < self.most {
            self.drawn.push(number);
            if self.drawn.len() == self.most {
                self.skip();
            }
        } else if self.count == self.next
            && let Some(rng) = &mut self.rng
        {
            let at = index(rng, self.drawn.len());
            self.drawn[at] = number;
            self.skip();
        }
    }

    /// Draws which number is drawn next.
    fn skip(&mut self) {
        let rng = self.rng.get_or_insert_with(|| random::generator(random::SAMPLE, self.seed));
        // Above 0, as logarithms want them.
        let (first, second) = (1.0 - unit(rng), 1.0 - unit(rng));
        self.weight *= (first.ln() / self.most as f64).exp();
        let skipped = (second.ln() / (-self.weight).ln_1p()).floor();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
        let skipped = skipped as u64;
        self.next = self.count.saturating_add(skipped).saturating_add(1);
    }

    pub(crate) fn finish(mut self) -> Drawn {
        self.drawn.sort_by(f64::total_cmp);
        Drawn { sorted: self.drawn, count: self.count }
    }
}

impl Drawn {
    /// Type 7 of [HF96]; `None` if there is no number.
    pub(crate) fn quantile(&self, share: f64) -> Option<f64> {
        interpolated(&self.sorted, share)
    }

    /// How many numbers of the stream are below `edge`.
    pub(crate) fn below(&self, edge: f64) -> u64 {
        let below = self.sorted.partition_point(|number| *number < edge) as u64;
        let all = self.sorted.len().max(1) as u128;
        u64::try_from((u128::from(below) * u128::from(self.count) + all / 2) / all).unwrap_or(u64::MAX)
    }

    pub(crate) fn is_approximate(&self) -> bool {
        (self.sorted.len() as u64) < self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_numbers_are_all_there() {
        let mut sample = Sample::new(4, 0);
        [4.0, 1.0, 3.0, 2.0].into_iter().for_each(|number| sample.push(number));
        let drawn = sample.finish();
        assert_eq!((drawn.quantile(0.5), drawn.below(3.0), drawn.is_approximate()), (Some(2.5), 2, false));
        assert_eq!(Sample::new(4, 0).finish().quantile(0.5), None);
    }

    #[test]
    fn every_number_is_drawn_equally_often() {
        let mut counts = [0_u32; 400];
        for seed in 0..2_000 {
            let mut sample = Sample::new(40, seed);
            (0..400).for_each(|number| sample.push(f64::from(number)));
            let drawn = sample.finish();
            assert_eq!(drawn.sorted.len(), 40);
            for (number, count) in (0..400).zip(&mut counts) {
                let number = f64::from(number);
                *count += u32::from(drawn.sorted.binary_search_by(|one| one.total_cmp(&number)).is_ok());
            }
        }
        // 200 expected for each, standard deviation 13; 8,000 for 40 of them.
        assert!(counts.iter().all(|count| count.abs_diff(200) < 70), "{counts:?}");
        for part in counts.chunks(40) {
            assert!(part.iter().sum::<u32>().abs_diff(8_000) < 400, "{counts:?}");
        }
    }

    #[test]
    fn quartiles_of_many_are_close() {
        let mut sample = Sample::new(10_000, 0);
        (0..300_000_u32).for_each(|number| sample.push(f64::from(number.wrapping_mul(2_654_435_761) >> 8)));
        let drawn = sample.finish();
        assert!(drawn.is_approximate());
        for share in [0.25, 0.5, 0.75] {
            let rank = drawn.quantile(share).unwrap() / f64::from(1 << 24);
            // Standard deviation 0.005 at most.
            assert!((rank - share).abs() < 0.02, "{rank}");
        }
        assert!(drawn.below(f64::from(1 << 23)).abs_diff(150_000) < 6_000);
    }
}

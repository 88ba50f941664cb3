//! How many different cells a column has.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use serde::{Deserialize, Serialize};

/// 2¹² registers of a byte: the estimate is off by 1.6 % (`1.04 / √2¹²`) in one standard deviation.
const INDEX_BITS: u32 = 12;
const REGISTERS: usize = 1 << INDEX_BITS;
/// Two standard deviations.
const BOUND: f64 = 2.0 * 1.04 / 64.0;
/// Largest value of a register: the bits of a hash behind its index, and one.
const MOST_ZEROS: usize = (u64::BITS - INDEX_BITS + 1) as usize;

/// A map by hashes, which are not hashed again.
pub(super) type ByHash<V> = HashMap<u64, V, BuildHasherDefault<Identity>>;

#[derive(Default)]
pub(super) struct Identity(u64);

impl Hasher for Identity {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// A number of different cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distinct {
    /// Different cells.
    pub count: u64,
    /// Bounds that hold in 95 of 100 tables, if the count is approximate.
    pub approximate: Option<[u64; 2]>,
}

/// Counts different cells by their hashes: exactly while they are few, then by HyperLogLog.
pub(super) struct DistinctCounter {
    /// Hashes and the order in which they came; emptied once there are too many.
    codes: ByHash<u64>,
    exact_values: usize,
    sketch: Option<HyperLogLog>,
}

impl DistinctCounter {
    pub(super) fn new(exact_values: usize) -> Self {
        Self { codes: ByHash::default(), exact_values, sketch: None }
    }

    /// Takes note of a cell; which of the different ones it is, `u64::MAX` if that is no longer known.
    pub(super) fn push(&mut self, hash: u64) -> u64 {
        if let Some(sketch) = &mut self.sketch {
            sketch.add(hash);
            return u64::MAX;
        }
        let next = self.codes.len() as u64;
        let code = *self.codes.entry(hash).or_insert(next);
        if self.codes.len() > self.exact_values {
            let mut sketch = HyperLogLog::new();
            self.codes.drain().for_each(|(hash, _)| sketch.add(hash));
            self.codes = ByHash::default();
            self.sketch = Some(sketch);
        }
        code
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count, rounded")]
    pub(super) fn finish(&self) -> Distinct {
        let Some(sketch) = &self.sketch else {
            return Distinct { count: self.codes.len() as u64, approximate: None };
        };
        let estimate = sketch.estimate();
        let rounded = |value: f64| value.round() as u64;
        let bounds = [rounded(estimate / (1.0 + BOUND)), rounded(estimate / (1.0 - BOUND))];
        Distinct { count: rounded(estimate), approximate: Some(bounds) }
    }
}

/// HyperLogLog (P. Flajolet et al. 2007) with the improved raw estimator of O. Ertl, *New cardinality estimation
/// algorithms for HyperLogLog sketches* (2017), §4: it needs neither tables nor corrections. Of each register it keeps
/// the longest run of zeros, and one, at which a hash with its index goes on.
struct HyperLogLog(Box<[u8; REGISTERS]>);

impl HyperLogLog {
    fn new() -> Self {
        Self(Box::new([0; REGISTERS]))
    }

    #[expect(clippy::cast_possible_truncation, reason = "an index of twelve bits, and a run of at most 53")]
    fn add(&mut self, hash: u64) {
        let index = (hash >> (u64::BITS - INDEX_BITS)) as usize;
        // The bit that is set ends the run of a hash of zeros only.
        let rest = (hash << INDEX_BITS) | (1 << (INDEX_BITS - 1));
        let run = rest.leading_zeros() as u8 + 1;
        self.0[index] = self.0[index].max(run);
    }

    fn estimate(&self) -> f64 {
        let mut counts = [0_u32; MOST_ZEROS + 1];
        self.0.iter().for_each(|run| counts[usize::from(*run)] += 1);
        let registers = REGISTERS as f64;
        let share = |run: usize| f64::from(counts[run]) / registers;
        let mut sum = registers * tau(1.0 - share(MOST_ZEROS));
        for run in (1..MOST_ZEROS).rev() {
            sum = 0.5 * (sum + f64::from(counts[run]));
        }
        sum += registers * sigma(share(0));
        registers * registers / (2.0 * std::f64::consts::LN_2 * sum)
    }
}

/// `x + Σ x^(2^k) · 2^(k−1)`
fn sigma(mut x: f64) -> f64 {
    if x >= 1.0 {
        return f64::INFINITY;
    }
    let (mut weight, mut sum) = (1.0, x);
    loop {
        x *= x;
        let before = sum;
        sum += x * weight;
        weight += weight;
        if sum <= before {
            return sum;
        }
    }
}

/// `(1 − x − Σ (1 − x^(2^−k))² · 2^−k) / 3`
fn tau(mut x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return 0.0;
    }
    let (mut weight, mut sum) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = sum;
        weight *= 0.5;
        sum -= (1.0 - x) * (1.0 - x) * weight;
        if sum >= before {
            return sum / 3.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A permutation of 64 bits that mixes well: SplitMix64.
    fn hash(number: u64) -> u64 {
        let mut x = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    #[test]
    fn estimates_are_within_the_stated_error_at_every_size() {
        assert!(HyperLogLog::new().estimate() < 0.5);
        for size in [1_u64, 100, 3_000, 10_000, 30_000, 100_000] {
            let errors: Vec<f64> = (0..25)
                .map(|seed| {
                    let mut sketch = HyperLogLog::new();
                    (0..size).for_each(|number| sketch.add(hash(seed << 32 | number)));
                    sketch.estimate() / size as f64 - 1.0
                })
                .collect();
            let count = errors.len() as f64;
            let mean = errors.iter().sum::<f64>() / count;
            let spread = (errors.iter().map(|error| error * error).sum::<f64>() / count).sqrt();
            // Three deviations of the mean of 25, and of their spread.
            assert!(mean.abs() < 0.01 && spread < 0.024, "{size}: {mean} {spread}");
        }
    }

    #[test]
    fn a_hash_of_zeros_and_one_of_ones_have_their_place() {
        let mut sketch = HyperLogLog::new();
        sketch.add(0);
        sketch.add(u64::MAX);
        assert_eq!((usize::from(sketch.0[0]), sketch.0[REGISTERS - 1]), (MOST_ZEROS, 1));
    }
}

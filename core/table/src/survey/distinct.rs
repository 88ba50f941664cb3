//! How many different cells a column has.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use datasketches::common::NumStdDev;
use datasketches::hll::{HllSketch, HllType};
use serde::{Deserialize, Serialize};

/// 2¹² registers of a byte: the estimate is off by 1.6 % in one standard deviation.
const LOG_REGISTERS: u8 = 12;

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
    sketch: Option<HllSketch>,
}

impl DistinctCounter {
    pub(super) fn new(exact_values: usize) -> Self {
        Self { codes: ByHash::default(), exact_values, sketch: None }
    }

    /// Takes note of a cell; which of the different ones it is, `u64::MAX` if that is no longer known.
    pub(super) fn push(&mut self, hash: u64) -> u64 {
        if let Some(sketch) = &mut self.sketch {
            sketch.update(hash);
            return u64::MAX;
        }
        let next = self.codes.len() as u64;
        let code = *self.codes.entry(hash).or_insert(next);
        if self.codes.len() > self.exact_values {
            let mut sketch = HllSketch::new(LOG_REGISTERS, HllType::Hll8).expect("4 to 21 are allowed");
            self.codes.drain().for_each(|(hash, _)| sketch.update(hash));
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
        let rounded = |value: f64| value.round() as u64;
        let bounds =
            [rounded(sketch.lower_bound(NumStdDev::Two)), rounded(sketch.upper_bound(NumStdDev::Two))];
        Distinct { count: rounded(sketch.estimate()), approximate: Some(bounds) }
    }
}

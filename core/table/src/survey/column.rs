//! The survey of one column, as it grows.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::ColumnSurvey;
use super::distinct::DistinctCounter;
use super::frequent::FrequentCounter;
use super::identifying::{self, Evidence};
use super::numbers::NumberSketch;
use super::warn::Warning;
use crate::cell::Cell;

/// Most different cells of a column that is compared with others by what it tells apart.
pub(super) const MAX_CODES: u64 = 256;

pub(super) struct ColumnSurveyor {
    pub(super) name: String,
    pub(super) count: u64,
    pub(super) missing: u64,
    /// Cells that are no numbers.
    texts: u64,
    pub(super) distinct: DistinctCounter,
    pub(super) numbers: NumberSketch,
    frequent: FrequentCounter,
    pub(super) evidence: Evidence,
    /// A hash of all cells in their order.
    pub(super) content: u64,
    /// A hash of which cells are the same as which: equal in columns that are copies but for the names of values.
    pub(super) pattern: u64,
}

impl ColumnSurveyor {
    pub(super) fn new(name: &str, exact_values: usize) -> Self {
        Self {
            name: name.to_owned(),
            count: 0,
            missing: 0,
            texts: 0,
            distinct: DistinctCounter::new(exact_values),
            numbers: NumberSketch::new(exact_values),
            frequent: FrequentCounter::default(),
            evidence: Evidence::default(),
            content: 0,
            pattern: 0,
        }
    }

    /// Takes note of a cell without blanks around it, which reads as `read`.
    pub(super) fn push(&mut self, cell: &str, read: Cell) {
        if read == Cell::Missing {
            self.missing += 1;
            self.content = mixed(self.content, 0);
            self.pattern = mixed(self.pattern, u64::MAX);
            return;
        }
        self.count += 1;
        let hash = hash_of(cell);
        let code = self.distinct.push(hash);
        self.content = mixed(self.content, hash);
        self.pattern = mixed(self.pattern, code);
        self.frequent.push(hash, cell);
        identifying::note(&mut self.evidence, cell);
        match read {
            Cell::Number(number) => self.numbers.push(number),
            Cell::Refused(_) | Cell::Missing => self.texts += 1,
        }
    }

    pub(super) fn is_number(&self) -> bool {
        self.texts == 0 && self.count > 0
    }

    pub(super) fn finish(self, warnings: Vec<Warning>) -> ColumnSurvey {
        let is_number = self.is_number();
        ColumnSurvey {
            count: self.count,
            distinct: self.distinct.finish(),
            numbers: if is_number { self.numbers.finish() } else { None },
            most_frequent: self.frequent.finish(),
            warnings,
        }
    }
}

impl fmt::Debug for ColumnSurveyor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ColumnSurveyor").field("count", &self.count).finish_non_exhaustive()
    }
}

fn hash_of(cell: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    cell.hash(&mut hasher);
    hasher.finish()
}

fn mixed(before: u64, part: u64) -> u64 {
    (before.rotate_left(23) ^ part).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

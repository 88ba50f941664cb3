//! The most frequent cells of a column.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::distinct::ByHash;

/// Cells that are named.
const NAMED: usize = 10;
/// Cells that are counted at once.
const COUNTED: usize = 512;
/// Bytes of a cell that is counted; texts are rarely twice the same.
const MAX_CELL_BYTES: usize = 120;

/// The most frequent cells of a column, most frequent first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MostFrequent {
    /// At most ten.
    pub cells: Vec<Frequent>,
    /// By how much each count may be too small; 0 if all are exact. A cell that is not named is not more frequent than
    /// this, or than the last that is.
    pub error: u64,
}

/// A cell and how often it occurs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frequent {
    /// The cell.
    pub text: String,
    /// Times that it was seen, at least.
    pub count: u64,
}

/// Says how often; what is in the cell stays out of logs.
impl fmt::Debug for Frequent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frequent").field("count", &self.count).finish_non_exhaustive()
    }
}

/// Counts frequent cells in bounded memory, after J. Misra and D. Gries, *Finding repeated elements* (1982): where
/// there is no room for another cell, all counts are reduced by their median and those at zero go. Each such step takes
/// at least half of the cells away, so that no count is too small by more than `2n / 512` of `n` cells.
#[derive(Default)]
pub(super) struct FrequentCounter {
    /// By the hash of the cell.
    counts: ByHash<(u64, Box<str>)>,
    error: u64,
}

impl FrequentCounter {
    pub(super) fn push(&mut self, hash: u64, cell: &str) {
        if cell.len() > MAX_CELL_BYTES {
            return;
        }
        if let Some((count, _)) = self.counts.get_mut(&hash) {
            *count += 1;
            return;
        }
        if self.counts.len() == COUNTED {
            let mut counts: Vec<u64> = self.counts.values().map(|(count, _)| *count).collect();
            let (_, median, _) = counts.select_nth_unstable(COUNTED / 2);
            let median = *median;
            self.counts.retain(|_, (count, _)| {
                *count = count.saturating_sub(median);
                *count > 0
            });
            self.error += median;
        }
        self.counts.insert(hash, (1, cell.into()));
    }

    pub(super) fn finish(self) -> MostFrequent {
        let mut cells: Vec<Frequent> =
            self.counts.into_values().map(|(count, text)| Frequent { text: text.into(), count }).collect();
        cells.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.text.cmp(&b.text)));
        cells.truncate(NAMED);
        MostFrequent { cells, error: self.error }
    }
}

//! What a column is like at one place of a recipe.

use std::collections::HashMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use veilsum_table::survey::Histogram;
use veilsum_table::types::ColumnType;

use crate::number::trimmed;
use crate::number::{Cell, Reading};
use crate::sample::Sample;

/// Bars of a histogram.
const BARS: u32 = 20;
/// Values of a column up to which its quantiles are exact, at most.
pub const EXACT_VALUES: usize = 10_000;
/// Different cells up to which they are counted, at most.
pub const COUNTED_CELLS: usize = 1_000;
/// Most bytes of a cell that is counted.
const COUNTED_BYTES: usize = 120;
/// Values that all summaries of a recipe keep exactly together, and different cells that they count.
const ALL_EXACT_VALUES: usize = 4_000_000;
const ALL_COUNTED_CELLS: usize = 400_000;
/// Cells that are named.
const NAMED_CELLS: usize = 10;

/// What a column is like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnSummary {
    /// Cells that are not missing.
    pub count: u64,
    /// Cells that are.
    pub missing: u64,
    /// `None` if there is anything else than numbers, or nothing. Of dates and times they are days and seconds.
    pub numbers: Option<NumberSummary>,
    /// The type of a column of dates or times: [`crate::spelt`] says what its numbers are.
    #[serde(default)]
    pub moments: Option<ColumnType>,
    /// Different cells, as they are written; `None` for more than 1,000, or where one is longer than 120 bytes.
    pub distinct: Option<u64>,
    /// At most ten, the most frequent first; of equally frequent ones in alphabetical order. Empty where different ones
    /// are not counted.
    pub most_frequent: Vec<Frequency>,
}

/// What the numbers of a column are like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NumberSummary {
    /// Mean.
    pub mean: f64,
    /// Standard deviation of the sample, `√(Σ(x − x̄)² / (n − 1))`; 0 for a single number.
    pub deviation: f64,
    /// Smallest.
    pub min: f64,
    /// A quarter is below.
    pub first_quartile: f64,
    /// Half is below.
    pub median: f64,
    /// Three quarters are below.
    pub third_quartile: f64,
    /// Largest.
    pub max: f64,
    /// 20 bars from the smallest to the largest.
    pub histogram: Histogram,
    /// Whether quartiles and histogram are those of a random sample: of 10,000 values, or fewer where a recipe describes
    /// more than 400 columns in all. Ranks in it are off by 0.5 % (one standard deviation) or less.
    pub is_approximate: bool,
}

/// A cell and how often it occurs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frequency {
    /// The cell, without blanks at its ends.
    pub text: String,
    /// Times.
    pub count: u64,
}

/// Says how often; what is in the cell stays out of logs.
impl fmt::Debug for Frequency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frequency").field("count", &self.count).finish_non_exhaustive()
    }
}

/// Mean and spread of a stream of numbers [Wel62].
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Moments {
    count: u64,
    mean: f64,
    squares: f64,
    range: Option<(f64, f64)>,
}

impl Moments {
    pub(crate) fn push(&mut self, number: f64) {
        self.count += 1;
        let from_old = number - self.mean;
        self.mean += from_old / self.count as f64;
        self.squares += from_old * (number - self.mean);
        self.range = Some(match self.range {
            None => (number, number),
            Some((min, max)) => (min.min(number), max.max(number)),
        });
    }

    pub(crate) fn mean(&self) -> Option<f64> {
        (self.count > 0).then_some(self.mean)
    }

    /// `√(Σ(x − x̄)² / n)`
    pub(crate) fn population_deviation(&self) -> Option<f64> {
        (self.count > 0).then(|| (self.squares / self.count as f64).sqrt())
    }

    /// Smallest and largest; both 0 without numbers.
    pub(crate) fn range(&self) -> (f64, f64) {
        self.range.unwrap_or_default()
    }
}

/// How much a summary keeps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Detail {
    exact_values: usize,
    counted_cells: usize,
}

impl Detail {
    /// Of each, where so many summaries are made at once.
    pub(crate) fn of_each(summaries: usize) -> Self {
        let share = |all: usize, most: usize| (all / summaries.max(1)).clamp(100, most);
        Self {
            exact_values: share(ALL_EXACT_VALUES, EXACT_VALUES),
            counted_cells: share(ALL_COUNTED_CELLS, COUNTED_CELLS),
        }
    }
}

/// Takes the cells of a column one by one.
pub(crate) struct Summary {
    counted_cells: usize,
    reading: Reading,
    missing: u64,
    count: u64,
    /// `None` once a cell was no number.
    numbers: Option<(Moments, Sample)>,
    /// `None` once there were too many.
    cells: Option<HashMap<String, u64>>,
}

impl Summary {
    pub(crate) fn new(reading: Reading, detail: Detail) -> Self {
        let numbers = Some((Moments::default(), Sample::new(detail.exact_values, 0)));
        let counted_cells = detail.counted_cells;
        Self { counted_cells, reading, missing: 0, count: 0, numbers, cells: Some(HashMap::new()) }
    }

    pub(crate) fn push(&mut self, cell: &str) {
        let cell = trimmed(cell);
        if cell.is_empty() {
            self.missing += 1;
            return;
        }
        self.count += 1;
        if let Some((moments, sample)) = &mut self.numbers {
            match self.reading.read(cell) {
                Cell::Number(number) => {
                    moments.push(number);
                    sample.push(number);
                }
                Cell::Missing | Cell::Text => self.numbers = None,
            }
        }
        if let Some(cells) = &mut self.cells {
            if let Some(count) = cells.get_mut(cell) {
                *count += 1;
            } else if cells.len() < self.counted_cells && cell.len() <= COUNTED_BYTES {
                cells.insert(cell.to_owned(), 1);
            } else {
                self.cells = None;
            }
        }
    }

    pub(crate) fn finish(self) -> ColumnSummary {
        let numbers = self.numbers.and_then(|(moments, sample)| number_summary(moments, sample));
        let distinct = self.cells.as_ref().map(|cells| cells.len() as u64);
        let mut most_frequent: Vec<Frequency> = self
            .cells
            .unwrap_or_default()
            .into_iter()
            .map(|(text, count)| Frequency { text, count })
            .collect();
        most_frequent.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.text.cmp(&b.text)));
        most_frequent.truncate(NAMED_CELLS);
        let moments = match self.reading {
            Reading::Moment(kind) => Some(kind),
            Reading::Typed(_) | Reading::Plain | Reading::Text => None,
        };
        ColumnSummary { count: self.count, missing: self.missing, numbers, moments, distinct, most_frequent }
    }
}

fn number_summary(moments: Moments, sample: Sample) -> Option<NumberSummary> {
    let mean = moments.mean()?;
    let (min, max) = moments.range();
    let drawn = sample.finish();
    let [first_quartile, median, third_quartile] =
        [drawn.quantile(0.25)?, drawn.quantile(0.5)?, drawn.quantile(0.75)?];
    let (start, width, bars) = match (max - min) / f64::from(BARS) {
        width if width > 0.0 && width.is_finite() => (min, width, BARS),
        _ => (min - 0.5, 1.0, 1),
    };
    // Differences of cumulative counts, so that they add up to all.
    let mut below = 0;
    let mut counts = Vec::new();
    for bar in 1..=bars {
        let until = if bar == bars { moments.count } else { drawn.below(start + width * f64::from(bar)) };
        counts.push(until.saturating_sub(below));
        below = below.max(until);
    }
    let others = (moments.count - 1).max(1);
    Some(NumberSummary {
        mean,
        deviation: (moments.squares / others as f64).sqrt(),
        min,
        first_quartile,
        median,
        third_quartile,
        max,
        histogram: Histogram { start, width, counts },
        is_approximate: drawn.is_approximate(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(cells: &[&str]) -> ColumnSummary {
        let mut summary = Summary::new(Reading::Plain, Detail::of_each(1));
        cells.iter().for_each(|cell| summary.push(cell));
        summary.finish()
    }

    #[test]
    fn describes_numbers() {
        let found = summary(&["2", "4", "4", "4", "5", "5", "7", "9", "", " "]);
        assert_eq!((found.count, found.missing, found.distinct), (8, 2, Some(5)));
        let numbers = found.numbers.unwrap();
        assert_eq!((numbers.mean, numbers.min, numbers.max, numbers.median), (5.0, 2.0, 9.0, 4.5));
        assert!((numbers.deviation - (32.0_f64 / 7.0).sqrt()).abs() < 1e-12);
        assert_eq!(numbers.histogram.counts.iter().sum::<u64>(), 8);
        assert_eq!(numbers.histogram.counts.first(), Some(&1));
        assert_eq!(numbers.histogram.counts.last(), Some(&1));
    }

    #[test]
    fn describes_categories_and_constants() {
        let found = summary(&["b", "a", "b", "1"]);
        assert_eq!(found.numbers, None);
        let named: Vec<_> = found.most_frequent.iter().map(|cell| (cell.text.as_str(), cell.count)).collect();
        assert_eq!(named, [("b", 2), ("1", 1), ("a", 1)]);
        let constant = summary(&["3", "3"]).numbers.unwrap();
        assert_eq!((constant.deviation, constant.histogram.counts), (0.0, vec![2]));
        assert_eq!(summary(&["", ""]).numbers, None);
    }
}

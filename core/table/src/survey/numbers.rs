//! What the numbers of a column are like.

use datasketches::tdigest::TDigestMut;
use serde::{Deserialize, Serialize};

use crate::decimal::Decimal;

/// Quantiles that are told, in thousandths.
const QUANTILES: [u16; 9] = [10, 50, 100, 250, 500, 750, 900, 950, 990];
/// Bars of a histogram.
const BARS: u32 = 20;
/// Whole numbers of a range up to this have a bar each.
const MAX_UNIT_BARS: i128 = 40;
/// Compression of the t-digest (T. Dunning, O. Ertl 2019): ranks are off by about 0.5 % in the middle and by less
/// towards the ends.
const COMPRESSION: u16 = 200;

/// What the numbers of a column are like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Numbers {
    /// Smallest.
    pub min: Decimal,
    /// Largest.
    pub max: Decimal,
    /// 1 %, 5 %, 10 %, 25 %, 50 %, 75 %, 90 %, 95 % and 99 %, in this order.
    pub quantiles: Vec<Quantile>,
    /// How they are spread.
    pub histogram: Histogram,
    /// Whether quantiles and histogram are sketched: of columns with more numbers than are kept.
    pub is_approximate: bool,
}

/// A quantile, interpolated as R (type 7) and NumPy do by default.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Quantile {
    /// Which one, in thousandths.
    pub per_thousand: u16,
    /// Its value, in 64-bit floating point.
    pub value: f64,
}

/// Counts of numbers between equidistant edges; the last bar includes its upper edge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// Lower edge of the first bar.
    pub start: f64,
    /// Width of each.
    pub width: f64,
    /// Numbers in each.
    pub counts: Vec<u64>,
}

/// Numbers, kept while they are few and then sketched.
pub(super) struct NumberSketch {
    range: Option<(Decimal, Decimal)>,
    max_scale: u32,
    exact: Vec<f64>,
    exact_values: usize,
    sketch: Option<TDigestMut>,
    count: u64,
}

impl NumberSketch {
    pub(super) fn new(exact_values: usize) -> Self {
        Self { range: None, max_scale: 0, exact: Vec::new(), exact_values, sketch: None, count: 0 }
    }

    pub(super) fn push(&mut self, number: Decimal) {
        self.count += 1;
        self.max_scale = self.max_scale.max(number.scale());
        self.range = Some(match self.range {
            None => (number, number),
            Some((min, max)) => (min.min(number), max.max(number)),
        });
        let value = number.to_f64();
        match &mut self.sketch {
            Some(sketch) => sketch.update(value),
            None if self.exact.len() < self.exact_values => self.exact.push(value),
            None => {
                let mut sketch = TDigestMut::new(COMPRESSION).expect("10 and more are allowed");
                std::mem::take(&mut self.exact).into_iter().for_each(|value| sketch.update(value));
                sketch.update(value);
                self.sketch = Some(sketch);
            }
        }
    }

    pub(super) fn is_whole(&self) -> bool {
        self.max_scale == 0
    }

    /// How many whole numbers there are from the smallest to the largest.
    pub(super) fn whole_range(&self) -> Option<i128> {
        let (min, max) = self.range.filter(|_| self.is_whole())?;
        max.mantissa().checked_sub(min.mantissa())?.checked_add(1)
    }

    pub(super) fn finish(mut self) -> Option<Numbers> {
        let (min, max) = self.range?;
        let bars = Bars::of(min, max, self.whole_range());
        self.exact.sort_by(f64::total_cmp);
        let (quantiles, counts) = match &mut self.sketch {
            None => {
                let quantile = |per_thousand| Quantile {
                    per_thousand,
                    value: interpolated(&self.exact, f64::from(per_thousand) / 1_000.0),
                };
                (QUANTILES.map(quantile).to_vec(), bars.exact(&self.exact))
            }
            Some(sketch) => {
                let mut quantiles = Vec::new();
                for per_thousand in QUANTILES {
                    let value = sketch.quantile(f64::from(per_thousand) / 1_000.0).ok().flatten()?;
                    quantiles.push(Quantile { per_thousand, value });
                }
                (quantiles, bars.sketched(sketch, self.count)?)
            }
        };
        let histogram = Histogram { start: bars.start, width: bars.width, counts };
        Some(Numbers { min, max, quantiles, histogram, is_approximate: self.sketch.is_some() })
    }
}

/// Type 7 of R. J. Hyndman and Y. Fan (1996).
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a position in a list that fits memory"
)]
fn interpolated(sorted: &[f64], share: f64) -> f64 {
    let position = share * (sorted.len().saturating_sub(1)) as f64;
    let below = position.floor() as usize;
    let (low, high) = (sorted[below], sorted[(below + 1).min(sorted.len() - 1)]);
    low + (high - low) * (position - position.floor())
}

struct Bars {
    start: f64,
    width: f64,
    count: u32,
}

impl Bars {
    fn of(min: Decimal, max: Decimal, whole_range: Option<i128>) -> Self {
        let (low, high) = (min.to_f64(), max.to_f64());
        match whole_range.filter(|range| (1..=MAX_UNIT_BARS).contains(range)) {
            Some(range) => Self { start: low - 0.5, width: 1.0, count: u32::try_from(range).unwrap_or(1) },
            None if low < high => Self { start: low, width: (high - low) / f64::from(BARS), count: BARS },
            None => Self { start: low - 0.5, width: 1.0, count: 1 },
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the cast saturates and the position is capped"
    )]
    fn exact(&self, values: &[f64]) -> Vec<u64> {
        let mut counts = vec![0; self.count as usize];
        for value in values {
            let at = ((value - self.start) / self.width) as usize;
            counts[at.min(self.count as usize - 1)] += 1;
        }
        counts
    }

    /// Differences of rounded cumulative counts, so that they add up to all.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts, rounded")]
    fn sketched(&self, sketch: &mut TDigestMut, total: u64) -> Option<Vec<u64>> {
        let mut before = 0;
        let mut counts = Vec::new();
        for bar in 1..=self.count {
            let edge = self.start + self.width * f64::from(bar);
            let until = if bar == self.count {
                total
            } else {
                (sketch.rank(edge).ok().flatten()? * total as f64).round() as u64
            };
            counts.push(until.saturating_sub(before));
            before = before.max(until);
        }
        Some(counts)
    }
}

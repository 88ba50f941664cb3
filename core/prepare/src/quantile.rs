//! Quantiles of a stream of numbers: exact while they are few, sketched beyond.

use std::fmt;

use datasketches::tdigest::TDigestMut;

/// Compression of the t-digest [DE19]: ranks are off by about 0.5 % in the middle and by less towards the ends.
const COMPRESSION: u16 = 200;

/// Takes numbers one by one.
pub struct Quantiles {
    exact: Vec<f64>,
    most: usize,
    sketch: Option<TDigestMut>,
    count: u64,
}

/// The numbers, ready to be asked.
pub struct Ranked {
    sorted: Vec<f64>,
    sketch: Option<TDigestMut>,
    count: u64,
}

impl Quantiles {
    /// Keeps up to `most` numbers exactly.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { exact: Vec::new(), most, sketch: None, count: 0 }
    }

    /// Takes a finite number.
    #[expect(clippy::missing_panics_doc, reason = "the compression is allowed")]
    pub fn push(&mut self, number: f64) {
        self.count += 1;
        match &mut self.sketch {
            Some(sketch) => sketch.update(number),
            None if self.exact.len() < self.most => self.exact.push(number),
            None => {
                let mut sketch = TDigestMut::new(COMPRESSION).expect("10 and more are allowed");
                std::mem::take(&mut self.exact).into_iter().for_each(|number| sketch.update(number));
                sketch.update(number);
                self.sketch = Some(sketch);
            }
        }
    }

    /// Sorts what there is.
    #[must_use]
    pub fn finish(mut self) -> Ranked {
        self.exact.sort_by(f64::total_cmp);
        Ranked { sorted: self.exact, sketch: self.sketch, count: self.count }
    }
}

impl Ranked {
    /// The quantile of a share from 0 to 1, interpolated between the two nearest numbers (type 7 of [HF96], as NumPy
    /// and R do); `None` if there is no number.
    pub fn at(&mut self, share: f64) -> Option<f64> {
        match &mut self.sketch {
            Some(sketch) => sketch.quantile(share).ok().flatten(),
            None => interpolated(&self.sorted, share),
        }
    }

    /// How many numbers are below `edge`; rounded where sketched.
    pub fn below(&mut self, edge: f64) -> u64 {
        match &mut self.sketch {
            Some(sketch) => rounded(sketch.rank(edge).ok().flatten().unwrap_or(0.0) * self.count as f64),
            None => self.sorted.partition_point(|number| *number < edge) as u64,
        }
    }

    /// Whether there were more numbers than are kept exactly.
    #[must_use]
    pub fn is_approximate(&self) -> bool {
        self.sketch.is_some()
    }
}

/// Type 7 of [HF96].
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a position in a list that fits memory"
)]
pub(crate) fn interpolated(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let position = share * last as f64;
    let below = (position.floor() as usize).min(last);
    let (low, high) = (sorted[below], sorted[(below + 1).min(last)]);
    Some(low + (high - low) * (position - position.floor()))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count, rounded")]
fn rounded(count: f64) -> u64 {
    count.round() as u64
}

/// Says how many; numbers stay out of logs.
impl fmt::Debug for Quantiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Quantiles").field("count", &self.count).finish_non_exhaustive()
    }
}

/// Says how many; numbers stay out of logs.
impl fmt::Debug for Ranked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ranked").field("count", &self.count).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_exact_up_to_the_limit_and_close_beyond() {
        let mut exact = Quantiles::new(5);
        [4.0, 1.0, 3.0, 2.0].into_iter().for_each(|number| exact.push(number));
        let mut exact = exact.finish();
        assert_eq!((exact.at(0.0), exact.at(0.5), exact.at(1.0)), (Some(1.0), Some(2.5), Some(4.0)));
        assert_eq!((exact.below(3.0), exact.is_approximate()), (2, false));

        let mut sketched = Quantiles::new(100);
        (0..10_000).for_each(|number| sketched.push(f64::from(number * 7_919 % 10_000)));
        let mut sketched = sketched.finish();
        assert!(sketched.is_approximate());
        assert!((sketched.at(0.5).unwrap() - 5_000.0).abs() < 50.0);
        assert!(sketched.below(2_500.0).abs_diff(2_500) < 50);
        assert_eq!(Quantiles::new(3).finish().at(0.5), None);
    }
}

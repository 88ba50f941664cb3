//! Scores of two classes at every threshold: ROC, precision and recall, and what a threshold does.

use serde::{Deserialize, Serialize};

use super::{EvaluateError, check_finite, check_lengths, ratio};

/// Rows by falling score. A row counts as predicted positive where its score is at least the threshold, so that rows of
/// equal scores are never told apart.
///
/// Invariant: thresholds fall strictly, counts rise, and there are rows of both classes.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking {
    steps: Vec<Step>,
    positives: u64,
    negatives: u64,
}

/// Rows whose score is at least a threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Step {
    threshold: f64,
    true_positives: u64,
    false_positives: u64,
}

/// A point of the ROC curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RocPoint {
    /// Least score that counts as positive; `None` where no row does.
    pub threshold: Option<f64>,
    /// Share of the negative rows that count as positive.
    pub false_positive_rate: f64,
    /// Share of the positive rows that count as positive.
    pub true_positive_rate: f64,
}

/// A point of the precision–recall curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PrecisionRecallPoint {
    /// Least score that counts as positive; `None` where no row does, with precision 1 by agreement.
    pub threshold: Option<f64>,
    /// Of the rows that count as positive, the share that is.
    pub precision: f64,
    /// Of the positive rows, the share that counts as positive.
    pub recall: f64,
}

/// What a threshold makes of the scores.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AtThreshold {
    /// Positive rows that count as positive.
    pub true_positives: u64,
    /// Negative rows that count as positive.
    pub false_positives: u64,
    /// Negative rows that count as negative.
    pub true_negatives: u64,
    /// Positive rows that count as negative.
    pub false_negatives: u64,
    /// Share of rows on the right side.
    pub accuracy: f64,
    /// Of the rows that count as positive, the share that is; 0 if none does.
    pub precision: f64,
    /// Of the positive rows, the share that counts as positive.
    pub recall: f64,
    /// Of the negative rows, the share that counts as negative.
    pub specificity: f64,
    /// `2·P·R/(P + R)`
    pub f1: f64,
}

impl Ranking {
    /// Sorts the scores of rows that are known to be positive or not. Costs `n·log n`.
    ///
    /// # Errors
    /// [`EvaluateError`] if lengths differ, a score is not finite, or all rows are of one class.
    pub fn new(is_positive: &[bool], scores: &[f64]) -> Result<Self, EvaluateError> {
        check_lengths(is_positive.len(), scores.len())?;
        check_finite(scores)?;
        let mut rows: Vec<(f64, bool)> = scores.iter().copied().zip(is_positive.iter().copied()).collect();
        rows.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut steps: Vec<Step> = Vec::new();
        let (mut true_positives, mut false_positives) = (0, 0);
        for (threshold, positive) in rows {
            *(if positive { &mut true_positives } else { &mut false_positives }) += 1;
            let step = Step { threshold, true_positives, false_positives };
            // Zero has two signs, which compare as equal here.
            match steps.last_mut() {
                Some(last) if last.threshold == threshold => *last = step,
                _ => steps.push(step),
            }
        }
        if true_positives == 0 || false_positives == 0 {
            return Err(EvaluateError::OneClass);
        }
        Ok(Self { steps, positives: true_positives, negatives: false_positives })
    }

    /// The curve from (0, 0) to (1, 1), one point for each different score.
    #[must_use]
    pub fn roc(&self) -> Vec<RocPoint> {
        let start = RocPoint { threshold: None, false_positive_rate: 0.0, true_positive_rate: 0.0 };
        let point = |step: &Step| RocPoint {
            threshold: Some(step.threshold),
            false_positive_rate: ratio(step.false_positives, self.negatives),
            true_positive_rate: ratio(step.true_positives, self.positives),
        };
        std::iter::once(start).chain(self.steps.iter().map(point)).collect()
    }

    /// The area under the ROC curve: the probability that a positive row scores above a negative one, with half for
    /// equal scores. Exact up to its one rounding.
    #[must_use]
    pub fn auc(&self) -> f64 {
        let mut before = (0, 0);
        let mut doubled = 0_u128;
        for step in &self.steps {
            let width = u128::from(step.false_positives - before.0);
            doubled += width * u128::from(step.true_positives + before.1);
            before = (step.false_positives, step.true_positives);
        }
        doubled as f64 / (2 * u128::from(self.positives) * u128::from(self.negatives)) as f64
    }

    /// The curve from recall 0, one point for each different score.
    #[must_use]
    pub fn precision_recall(&self) -> Vec<PrecisionRecallPoint> {
        let start = PrecisionRecallPoint { threshold: None, precision: 1.0, recall: 0.0 };
        let point = |step: &Step| PrecisionRecallPoint {
            threshold: Some(step.threshold),
            precision: ratio(step.true_positives, step.true_positives + step.false_positives),
            recall: ratio(step.true_positives, self.positives),
        };
        std::iter::once(start).chain(self.steps.iter().map(point)).collect()
    }

    /// `Σ (Rₖ − Rₖ₋₁)·Pₖ` along the precision–recall curve, without interpolation.
    #[must_use]
    pub fn average_precision(&self) -> f64 {
        self.precision_recall()
            .windows(2)
            .map(|pair| (pair[1].recall - pair[0].recall) * pair[1].precision)
            .sum()
    }

    /// What becomes of the rows where scores of at least `threshold` count as positive.
    #[must_use]
    pub fn at(&self, threshold: f64) -> AtThreshold {
        let above = self.steps.partition_point(|step| step.threshold >= threshold);
        let (hits, false_alarms) = above
            .checked_sub(1)
            .map_or((0, 0), |last| (self.steps[last].true_positives, self.steps[last].false_positives));
        let (misses, rejected) = (self.positives - hits, self.negatives - false_alarms);
        AtThreshold {
            true_positives: hits,
            false_positives: false_alarms,
            true_negatives: rejected,
            false_negatives: misses,
            accuracy: ratio(hits + rejected, self.positives + self.negatives),
            precision: ratio(hits, hits + false_alarms),
            recall: ratio(hits, self.positives),
            specificity: ratio(rejected, self.negatives),
            f1: ratio(2 * hits, 2 * hits + false_alarms + misses),
        }
    }
}

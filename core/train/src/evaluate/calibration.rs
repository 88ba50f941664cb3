//! Whether probabilities mean what they say.

use serde::{Deserialize, Serialize};

use super::{EvaluateError, check_lengths, ratio};

/// Rows whose probability lies in `(low, high]`; the first bin holds 0 too.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// Lower edge.
    pub low: f64,
    /// Upper edge.
    pub high: f64,
    /// Rows in the bin; the two below are 0 if there is none.
    pub rows: u64,
    /// Mean of their probabilities.
    pub mean_predicted: f64,
    /// Share of them that is positive.
    pub observed: f64,
}

/// The rows in `count` bins of equal width.
///
/// # Errors
/// [`EvaluateError`] if lengths differ, a number is no probability, or `count` is not from 1 to 1,000.
pub fn bins(is_positive: &[bool], probabilities: &[f64], count: u16) -> Result<Vec<Bin>, EvaluateError> {
    check(is_positive, probabilities)?;
    if !(1..=1_000).contains(&count) {
        return Err(EvaluateError::Choice { what: "the number of bins", expected: "from 1 to 1,000" });
    }
    let edge = |at: u16| f64::from(at) / f64::from(count);
    let in_bin = |at: u16| {
        let inside = |probability: f64| (at == 0 || probability > edge(at)) && probability <= edge(at + 1);
        let (mut rows, mut positives, mut sum) = (0, 0, 0.0);
        for (&positive, &probability) in is_positive.iter().zip(probabilities).filter(|(_, p)| inside(**p)) {
            rows += 1;
            positives += u64::from(positive);
            sum += probability;
        }
        let mean_predicted = if rows == 0 { 0.0 } else { sum / rows as f64 };
        Bin { low: edge(at), high: edge(at + 1), rows, mean_predicted, observed: ratio(positives, rows) }
    };
    Ok((0..count).map(in_bin).collect())
}

/// `Σ (p − y)²/n`, with y = 1 for positive rows; 0 is perfect.
///
/// # Errors
/// [`EvaluateError`] if lengths differ or a number is no probability.
pub fn brier(is_positive: &[bool], probabilities: &[f64]) -> Result<f64, EvaluateError> {
    check(is_positive, probabilities)?;
    let squares = is_positive
        .iter()
        .zip(probabilities)
        .map(|(&positive, p)| (p - f64::from(u8::from(positive))).powi(2));
    Ok(squares.sum::<f64>() / is_positive.len() as f64)
}

/// `−Σ ln P(y)/n`, in nats; infinite where a certainty was wrong.
///
/// # Errors
/// [`EvaluateError`] if lengths differ or a number is no probability.
pub fn log_loss(is_positive: &[bool], probabilities: &[f64]) -> Result<f64, EvaluateError> {
    check(is_positive, probabilities)?;
    let loss = |(&positive, &p): (&bool, &f64)| if positive { -p.ln() } else { -(-p).ln_1p() };
    Ok(is_positive.iter().zip(probabilities).map(loss).sum::<f64>() / is_positive.len() as f64)
}

fn check(is_positive: &[bool], probabilities: &[f64]) -> Result<(), EvaluateError> {
    check_lengths(is_positive.len(), probabilities.len())?;
    match probabilities.iter().position(|p| !(0.0..=1.0).contains(p)) {
        Some(row) => Err(EvaluateError::NotAProbability { row }),
        None => Ok(()),
    }
}

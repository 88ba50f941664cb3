//! Predicted values against known ones.

use serde::{Deserialize, Serialize};

use super::{EvaluateError, check_finite, check_lengths};

/// How far predictions are from known values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// `√(Σ (y − ŷ)²/n)`, in units of the target.
    pub rmse: f64,
    /// `Σ |y − ŷ|/n`, in units of the target.
    pub mae: f64,
    /// `1 − Σ (y − ŷ)² / Σ (y − ȳ)²`; `None` where all known values are the same.
    pub r_squared: Option<f64>,
}

/// Errors of predictions.
///
/// # Errors
/// [`EvaluateError`] if lengths differ, there is no row, or a number is not finite.
pub fn report(actual: &[f64], predicted: &[f64]) -> Result<Report, EvaluateError> {
    let residuals = residuals(actual, predicted)?;
    let rows = actual.len() as f64;
    let squares: f64 = residuals.iter().map(|residual| residual * residual).sum();
    let mean = actual.iter().sum::<f64>() / rows;
    let spread: f64 = actual.iter().map(|value| (value - mean).powi(2)).sum();
    let constant = actual.iter().all(|value| *value == actual[0]);
    Ok(Report {
        rmse: (squares / rows).sqrt(),
        mae: residuals.iter().map(|residual| residual.abs()).sum::<f64>() / rows,
        r_squared: (!constant).then(|| 1.0 - squares / spread),
    })
}

/// `y − ŷ` of each row, to be drawn over ŷ.
///
/// # Errors
/// [`EvaluateError`] if lengths differ, there is no row, or a number is not finite.
pub fn residuals(actual: &[f64], predicted: &[f64]) -> Result<Vec<f64>, EvaluateError> {
    check_lengths(actual.len(), predicted.len())?;
    check_finite(actual)?;
    check_finite(predicted)?;
    Ok(actual.iter().zip(predicted).map(|(known, guess)| known - guess).collect())
}

//! Linear regression: least squares, and ridge.
//!
//! By an orthogonal decomposition of the centred columns (`nalgebra`), not by the normal equations: those square the
//! condition number, and on NIST's Longley table that is half of the digits.

use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

use crate::data::Features;
use crate::error::TrainError;
use crate::split::Split;
use crate::standardise::Standardisation;

/// What is left of a column of length 1 after the columns before it, below which it follows from them.
const DEPENDENT: f64 = 1e-10;

/// `ŷ = w·x + b`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinearModel {
    /// w, in units of the target per unit of the column.
    pub coefficients: Vec<f64>,
    /// b, in units of the target.
    pub intercept: f64,
}

impl LinearModel {
    /// ŷ for a row of as many numbers as there are coefficients.
    #[must_use]
    pub fn predict(&self, row: &[f64]) -> f64 {
        dot(&self.coefficients, row) + self.intercept
    }

    /// The same model for columns before this standardisation.
    #[must_use]
    pub fn unstandardised(&self, standardisation: &Standardisation) -> Self {
        let (coefficients, intercept) = standardisation.fold(&self.coefficients, self.intercept);
        Self { coefficients, intercept }
    }
}

/// The minimum of `Σᵢ (yᵢ − w·xᵢ − b)² + ridge·|w|²`; the intercept carries no penalty. `ridge` is 0 for least squares
/// and in squared units of the target where the columns are standardised.
///
/// Costs about `2·n·p²` products.
///
/// # Errors
/// [`TrainError`] if the target does not fit the features, there are too few rows (`p + 1` for least squares, 2 for
/// ridge), or, in least squares, a column is constant or follows from others: then it is named.
pub fn fit(features: &Features, target: &[f64], ridge: f64) -> Result<LinearModel, TrainError> {
    check(features, target, ridge)?;
    let (rows, columns) = (features.row_count(), features.column_count());
    let means: Vec<f64> = (0..columns).map(|column| features.mean(column)).collect();
    let first = target.iter().sum::<f64>() / rows as f64;
    let target_mean = first + target.iter().map(|value| value - first).sum::<f64>() / rows as f64;
    let norm = |column: usize| {
        let mean = means[column];
        features.column(column).map(|value| (value - mean).powi(2)).sum::<f64>().sqrt()
    };
    // Least squares does not change with the units of a column; a penalty does.
    let scales: Vec<f64> = (0..columns).map(|column| if ridge > 0.0 { 1.0 } else { norm(column) }).collect();
    let penalty_rows = if ridge > 0.0 { columns } else { 0 };
    let matrix = DMatrix::from_fn(rows + penalty_rows, columns, |row, column| {
        if row < rows {
            (features.row(row)[column] - means[column]) / scales[column]
        } else if row - rows == column {
            ridge.sqrt()
        } else {
            0.0
        }
    });
    let right = |row, _| if row < rows { target[row] - target_mean } else { 0.0 };
    let mut right = DVector::from_fn(rows + penalty_rows, right);
    let decomposition = matrix.qr();
    decomposition.q_tr_mul(&mut right);
    let triangle = decomposition.r();
    if ridge == 0.0 {
        refuse_dependent(features, &triangle)?;
    }
    let solution = triangle
        .solve_upper_triangular(&right.rows(0, columns).into_owned())
        .filter(|solution| solution.iter().all(|value| value.is_finite()))
        .ok_or(TrainError::NotConverged { iterations: 1 })?;
    let coefficients: Vec<f64> = solution.iter().zip(&scales).map(|(value, scale)| value / scale).collect();
    let intercept = target_mean - dot(&coefficients, &means);
    Ok(LinearModel { coefficients, intercept })
}

/// Predictions for rows that the model had not seen: for each split a model is fitted on the training part, with columns
/// standardised on it, and tells the test part. One entry for each split, with one value for each of its test rows.
///
/// # Errors
/// [`TrainError`] as [`fit`] and [`Standardisation::fit`], for any of the parts.
pub fn cross_validate(
    features: &Features,
    target: &[f64],
    ridge: f64,
    splits: &[Split],
) -> Result<Vec<Vec<f64>>, TrainError> {
    let (rows, targets) = (features.row_count(), target.len());
    if rows != targets {
        return Err(TrainError::LengthMismatch { rows, targets });
    }
    let judge = |split: &Split| {
        let train = features.select(&split.train)?;
        let standardisation = Standardisation::fit(&train)?;
        let target: Vec<f64> = split.train.iter().map(|&row| target[row]).collect();
        let model = fit(&standardisation.apply(&train)?, &target, ridge)?;
        let test = standardisation.apply(&features.select(&split.test)?)?;
        Ok(test.rows().map(|row| model.predict(row)).collect())
    };
    splits.iter().map(judge).collect()
}

fn check(features: &Features, target: &[f64], ridge: f64) -> Result<(), TrainError> {
    if target.len() != features.row_count() {
        return Err(TrainError::LengthMismatch { rows: features.row_count(), targets: target.len() });
    }
    if let Some(row) = target.iter().position(|value| !value.is_finite()) {
        return Err(TrainError::TargetNotFinite { row });
    }
    if !(ridge >= 0.0 && ridge.is_finite()) {
        return Err(TrainError::Choice { what: "the ridge penalty", expected: "0 or a positive number" });
    }
    let needed = if ridge > 0.0 { 2 } else { features.column_count() + 1 };
    if features.row_count() < needed {
        return Err(TrainError::TooFewRows { needed, actual: features.row_count() });
    }
    let columns = features.constant_columns();
    if ridge == 0.0 && !columns.is_empty() {
        return Err(TrainError::ConstantColumns { columns });
    }
    Ok(())
}

/// The diagonal of R is what is left of each column of length 1 after those before it.
fn refuse_dependent(features: &Features, triangle: &DMatrix<f64>) -> Result<(), TrainError> {
    let columns = features.column_count();
    let Some(dependent) = (0..columns).find(|&column| triangle[(column, column)].abs() < DEPENDENT) else {
        return Ok(());
    };
    let before = triangle.view((0, 0), (dependent, dependent)).into_owned();
    let combination =
        before.solve_upper_triangular(&triangle.view((0, dependent), (dependent, 1)).into_owned());
    let of = combination.map_or_else(Vec::new, |factors| {
        let takes_part = |&column: &usize| factors[column].abs() > 1e-8;
        (0..dependent).filter(takes_part).map(|column| features.names()[column].clone()).collect()
    });
    Err(TrainError::Collinear { column: features.names()[dependent].clone(), of })
}

pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

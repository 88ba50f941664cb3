//! Linear regression from second moments: one round after that of [`super::moments`].
//!
//! Features and target are standardised over all owners, the target as the last of m numbers z in a row. The slots are:
//!
//! | slots | sum over the owner's rows | bound | scale |
//! |---|---|---|---|
//! | 2 | n; owners | `most_rows`; `owners` | 1 |
//! | m·(m + 1)/2 | `zⱼ·z_k`, k ≤ j row by row | `most_rows·B²` | 2^`scale_bits(most_rows·B²)` |
//!
//! Whoever decrypts learns the correlation of each two columns over all rows. Solving `(R + ridge·1)·w = r` for sums R
//! between features and r with the target is the minimum over all rows; the standardisation keeps its digits, which normal
//! equations of columns as they are would lose.

use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

use super::fixed::{from_fixed, scale_bits, to_fixed};
use super::{Contribution, RoundError, Terms, check_owner};
use crate::data::Features;
use crate::linear::{LinearModel, dot};

/// Share of a column's variance that the columns before it must leave, or it follows from them.
const LEAST_LEFT: f64 = 1e-9;

/// What the total of the round gives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fit {
    /// Rows of all owners.
    pub rows: u64,
    /// A weight for each standardised feature, in deviations of the target.
    pub weights: Vec<f64>,
    /// Share of the target's variance that the fit explains over all rows.
    pub r_squared: f64,
}

/// One owner's sums. `columns` are the standardised features, then the standardised target. Costs `n·m²/2` products.
///
/// # Errors
/// [`RoundError`] if rows are too few or too many, there is no feature, or a number is above the bound.
pub fn contribution(columns: &Features, terms: &Terms) -> Result<Contribution, RoundError> {
    let bits = scale(terms)?;
    let size = columns.column_count();
    check_size(size)?;
    check_owner(columns, terms, &vec![terms.bound; size])?;
    let mut products = vec![0.0; size * (size + 1) / 2];
    for row in columns.rows() {
        let pairs = row.iter().enumerate().flat_map(|(at, x)| row[..=at].iter().map(move |other| x * other));
        products.iter_mut().zip(pairs).for_each(|(sum, product)| *sum += product);
    }
    let products = products.into_iter().map(|sum| to_fixed(sum, bits));
    Contribution::of_owner(columns.row_count(), products.collect::<Result<Vec<_>, _>>()?)
}

/// The minimum of `Σᵢ (yᵢ − w·xᵢ − b)² + ridge·|w|²` over all rows, of standardised columns; b is 0. `columns` counts the
/// features and the target.
///
/// # Errors
/// [`RoundError`] if the total does not fit the terms, the penalty is negative, or a feature follows from those before it
/// where there is no penalty.
pub fn solve(total: &Contribution, columns: usize, ridge: f64, terms: &Terms) -> Result<Fit, RoundError> {
    if !(ridge >= 0.0 && ridge.is_finite()) {
        return Err(RoundError::Choice { what: "the ridge penalty", expected: "0 or a positive number" });
    }
    check_size(columns)?;
    let bits = scale(terms)?;
    let (rows, sums) = total.open(terms, columns * (columns + 1) / 2)?;
    let entry = |row: usize, column: usize| from_fixed(sums[row * (row + 1) / 2 + column], bits);
    let features = columns - 1;
    let products =
        DMatrix::from_fn(features, features, |row, column| entry(row.max(column), row.min(column)));
    let with_target = DVector::from_fn(features, |row, _| entry(features, row));
    let penalised = &products + DMatrix::identity(features, features) * ridge;
    // Half a unit of each owner is what an entry may be off, and each of a row of entries what a pivot may be off.
    let rounding = f64::from(terms.owners) * from_fixed(1, bits) * columns as f64;
    let least = (LEAST_LEFT * rows as f64).max(rounding);
    let weights: Vec<f64> = match penalised.clone().cholesky() {
        Some(factor) if factor.l_dirty().diagonal().iter().all(|pivot| pivot * pivot > least) => {
            factor.solve(&with_target).iter().copied().collect()
        }
        Some(_) | None => return Err(RoundError::Collinear { column: first_dependent(&penalised, least) }),
    };
    let solution = DVector::from_column_slice(&weights);
    let explained = 2.0 * dot(&weights, with_target.as_slice()) - solution.dot(&(&products * &solution));
    Ok(Fit { rows, r_squared: explained / entry(features, features), weights })
}

impl Fit {
    /// The model of columns as they were. `centres` and `scales` are of the features, then of the target.
    ///
    /// # Errors
    /// [`RoundError::ColumnMismatch`] for a standardisation of another width.
    pub fn model(
        &self,
        standardisation: &crate::standardise::Standardisation,
    ) -> Result<LinearModel, RoundError> {
        let expected = self.weights.len() + 1;
        let [centres @ .., centre] = standardisation.centres.as_slice() else {
            return Err(RoundError::ColumnMismatch { expected, actual: 0 });
        };
        let [scales @ .., scale] = standardisation.scales.as_slice() else {
            return Err(RoundError::ColumnMismatch { expected, actual: 0 });
        };
        if centres.len() + 1 != expected || scales.len() + 1 != expected {
            return Err(RoundError::ColumnMismatch { expected, actual: centres.len() + 1 });
        }
        let coefficients: Vec<f64> =
            self.weights.iter().zip(scales).map(|(weight, of)| weight * scale / of).collect();
        let intercept = centre - dot(&coefficients, centres);
        Ok(LinearModel { coefficients, intercept })
    }
}

/// The first column of a matrix, all of whose columns have about the same length, that those before it leave too little of.
fn first_dependent(matrix: &DMatrix<f64>, least: f64) -> usize {
    let is_definite = |size: usize| {
        let block = matrix.view((0, 0), (size, size)).into_owned();
        block
            .cholesky()
            .is_some_and(|factor| factor.l_dirty().diagonal().iter().all(|pivot| pivot * pivot > least))
    };
    (1..matrix.nrows()).find(|&size| !is_definite(size)).unwrap_or(matrix.nrows()).saturating_sub(1)
}

fn check_size(columns: usize) -> Result<(), RoundError> {
    if columns >= 2 {
        return Ok(());
    }
    Err(RoundError::Choice { what: "the number of features", expected: "at least 1" })
}

/// Bits after the point.
fn scale(terms: &Terms) -> Result<u32, RoundError> {
    terms.check()?;
    scale_bits(terms.most_rows as f64 * terms.bound * terms.bound)
}

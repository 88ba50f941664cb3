//! Rows of many columns in a plane: the first two principal components.

use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};

use super::EvaluateError;
use crate::data::Features;
use crate::linear::dot;

/// The plane in which rows differ most.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Projection {
    /// Mean of each column, which becomes (0, 0).
    pub means: Vec<f64>,
    /// Two directions of length 1, at right angles, each with a number for each column; the one that is largest in
    /// absolute value is positive.
    pub components: [Vec<f64>; 2],
    /// Variance along each direction, with n − 1, in squared units of the columns.
    pub variances: [f64; 2],
    /// Share of the variance of all columns along each direction.
    pub shares: [f64; 2],
}

impl Projection {
    /// The plane of these rows, by the singular values of the centred table. Costs about `4·n·p²` products.
    ///
    /// # Errors
    /// [`EvaluateError`] if there are fewer than two columns, or than two rows that differ, or squares of the numbers leave
    /// the range.
    pub fn fit(features: &Features) -> Result<Self, EvaluateError> {
        let (rows, columns) = (features.row_count(), features.column_count());
        if columns < 2 {
            return Err(EvaluateError::TooFewColumns { needed: 2, actual: columns });
        }
        let means: Vec<f64> = (0..columns).map(|column| features.mean(column)).collect();
        let centred =
            DMatrix::from_fn(rows, columns, |row, column| features.row(row)[column] - means[column]);
        let total = centred.norm_squared();
        // The decomposition of what is no number would not end.
        if !total.is_finite() {
            return Err(EvaluateError::TooLarge);
        }
        if rows < 2 || total == 0.0 {
            return Err(EvaluateError::TooFewRows { needed: 2, actual: 1 });
        }
        // A table of two rows has one direction; the second is then any at right angles, of variance 0. Zero rows make
        // the decomposition give it.
        let centred = if rows < columns { centred.resize_vertically(columns, 0.0) } else { centred };
        let decomposition = centred.svd(false, true);
        let directions = decomposition.v_t.ok_or(EvaluateError::NoRows)?;
        let direction = |at: usize| {
            let direction: Vec<f64> = directions.row(at).iter().copied().collect();
            let largest = direction
                .iter()
                .fold(0.0_f64, |most, &value| if value.abs() > most.abs() { value } else { most });
            direction.into_iter().map(|value| value * largest.signum()).collect()
        };
        let squares = [0, 1].map(|at| decomposition.singular_values[at].powi(2));
        Ok(Self {
            means,
            components: [direction(0), direction(1)],
            variances: squares.map(|square| square / (rows - 1) as f64),
            shares: squares.map(|square| square / total),
        })
    }

    /// Where a row (or a centroid) of as many numbers as there are columns lies.
    #[must_use]
    pub fn place(&self, row: &[f64]) -> [f64; 2] {
        let centred: Vec<f64> = row.iter().zip(&self.means).map(|(value, mean)| value - mean).collect();
        [dot(&self.components[0], &centred), dot(&self.components[1], &centred)]
    }
}

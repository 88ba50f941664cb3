//! Columns of mean 0 and standard deviation 1, or between 0 and 1: fitted on the training part, applied to both.

use serde::{Deserialize, Serialize};

use crate::data::Features;
use crate::error::TrainError;

/// `z = (x − centre) / scale` in each column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Standardisation {
    /// What becomes 0.
    pub centres: Vec<f64>,
    /// What becomes 1 above the centre; positive.
    pub scales: Vec<f64>,
}

impl Standardisation {
    /// Mean and population standard deviation `√(Σ(x − x̄)²/n)` of each column of the training part.
    ///
    /// # Errors
    /// [`TrainError::ConstantColumns`] names columns without deviation.
    pub fn fit(train: &Features) -> Result<Self, TrainError> {
        let columns = train.constant_columns();
        if !columns.is_empty() {
            return Err(TrainError::ConstantColumns { columns });
        }
        let centres: Vec<f64> = (0..train.column_count()).map(|column| train.mean(column)).collect();
        let deviation = |(column, centre): (usize, &f64)| {
            let squares: f64 = train.column(column).map(|value| (value - centre).powi(2)).sum();
            (squares / train.row_count() as f64).sqrt()
        };
        let scales = centres.iter().enumerate().map(deviation).collect();
        Ok(Self { centres, scales })
    }

    /// Least value and range of each column of the training part, so that it lies between 0 and 1. A constant column
    /// becomes 0: pixels at the edge of every picture are no reason to refuse a network.
    #[must_use]
    pub fn fit_range(train: &Features) -> Self {
        let ranges = (0..train.column_count()).map(|column| train.range(column));
        let of_range = |(least, most): (f64, f64)| (least, if most > least { most - least } else { 1.0 });
        let (centres, scales) = ranges.map(of_range).unzip();
        Self { centres, scales }
    }

    /// The standardised features.
    ///
    /// # Errors
    /// [`TrainError::ColumnMismatch`] if they are of another width; [`TrainError::Data`] if a number leaves the range.
    pub fn apply(&self, features: &Features) -> Result<Features, TrainError> {
        if features.column_count() != self.centres.len() {
            let (expected, actual) = (self.centres.len(), features.column_count());
            return Err(TrainError::ColumnMismatch { expected, actual });
        }
        Ok(features.map(|column, value| (value - self.centres[column]) / self.scales[column])?)
    }

    /// `(v, c)` with `v·x + c = w·z + b` for a linear form of standardised columns: the same form of columns as they
    /// are. `weights` has one weight for each column.
    #[must_use]
    pub fn fold(&self, weights: &[f64], intercept: f64) -> (Vec<f64>, f64) {
        let raw: Vec<f64> = weights.iter().zip(&self.scales).map(|(weight, scale)| weight / scale).collect();
        let shift: f64 = raw.iter().zip(&self.centres).map(|(weight, centre)| weight * centre).sum();
        (raw, intercept - shift)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(values: &[f64]) -> Features {
        Features::new(vec!["a".to_owned(), "b".to_owned()], values.to_vec()).unwrap()
    }

    #[test]
    fn is_fitted_on_the_training_part_alone() {
        let train = features(&[1.0, 10.0, 3.0, 30.0]);
        let fitted = Standardisation::fit(&train).unwrap();
        assert_eq!(fitted, Standardisation { centres: vec![2.0, 20.0], scales: vec![1.0, 10.0] });
        let test = fitted.apply(&features(&[5.0, 20.0])).unwrap();
        assert_eq!(test.rows().next().unwrap(), [3.0, 0.0]);
        let (weights, intercept) = fitted.fold(&[2.0, -1.0], 0.5);
        assert_eq!(weights[0] * 5.0 + weights[1] * 20.0 + intercept, 2.0 * 3.0 - 0.0 + 0.5);
    }

    #[test]
    fn names_constant_columns() {
        let error = Standardisation::fit(&features(&[1.0, 2.0, 3.0, 2.0])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "column “b” is the same in every row, so that nothing can be learned from it: leave it out"
        );
        let range = Standardisation::fit_range(&features(&[1.0, 2.0, 3.0, 2.0]));
        assert_eq!(range, Standardisation { centres: vec![1.0, 2.0], scales: vec![2.0, 1.0] });
        let one_row = Standardisation::fit(&features(&[1.0, 2.0])).unwrap_err();
        assert!(one_row.to_string().starts_with("each of the columns “a” and “b” is the same"));
    }

    #[test]
    fn refuses_another_width() {
        let fitted = Standardisation { centres: vec![0.0], scales: vec![1.0] };
        let error = fitted.apply(&features(&[1.0, 2.0])).unwrap_err();
        assert_eq!(error, TrainError::ColumnMismatch { expected: 1, actual: 2 });
    }
}

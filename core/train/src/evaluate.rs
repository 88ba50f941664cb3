//! How good a model is where the truth is known.
//!
//! Counts are integers and each ratio is rounded once. Definitions are those of scikit-learn, which the tests compare
//! with.

pub mod calibration;
pub mod classification;
pub mod clustering;
pub mod projection;
pub mod ranking;
pub mod regression;

/// Why there is nothing to judge by.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluateError {
    /// Truth and prediction are of different lengths.
    #[error("there are {actual} known answers and {predicted} predictions: each row needs both")]
    LengthMismatch {
        /// Rows whose answer is known.
        actual: usize,
        /// Rows with a prediction.
        predicted: usize,
    },
    /// There is no row.
    #[error("there are no rows to judge by: choose some with known answers")]
    NoRows,
    /// Fewer rows than the measure is defined for.
    #[error("at least {needed} rows are needed here, and there are {actual}")]
    TooFewRows {
        /// Rows needed.
        needed: usize,
        /// Rows given.
        actual: usize,
    },
    /// Fewer columns than the measure is defined for.
    #[error("at least {needed} columns are needed here, and there are {actual}")]
    TooFewColumns {
        /// Columns needed.
        needed: usize,
        /// Columns given.
        actual: usize,
    },
    /// A number is infinite or none.
    #[error("row {row} is not a finite number: leave it out")]
    NotFinite {
        /// Position of the row, from 0.
        row: usize,
    },
    /// Squares leave the range of numbers.
    #[error("the numbers are too large to be squared and added: use larger units")]
    TooLarge,
    /// A probability is out of its range.
    #[error("row {row} is not a probability between 0 and 1: judge probabilities, not scores")]
    NotAProbability {
        /// Position of the row, from 0.
        row: usize,
    },
    /// A class is of no known number.
    #[error("row {row} has class number {class}, and there are {classes} classes")]
    NoSuchClass {
        /// Position of the row, from 0.
        row: usize,
        /// The class.
        class: usize,
        /// Classes.
        classes: usize,
    },
    /// Only one of the two classes occurs.
    #[error("the rows are of one class only: ranking needs rows of both")]
    OneClass,
    /// The number of clusters leaves the measure undefined.
    #[error(
        "the rows are in {clusters} clusters: a silhouette needs from 2 to one less than the {rows} rows"
    )]
    Clusters {
        /// Clusters with rows.
        clusters: usize,
        /// Rows.
        rows: usize,
    },
    /// Numbers of bins or columns that do not fit.
    #[error("{what} must be {expected}: correct it")]
    Choice {
        /// What was chosen.
        what: &'static str,
        /// What it may be.
        expected: &'static str,
    },
}

/// Same length, and at least one.
fn check_lengths(actual: usize, predicted: usize) -> Result<(), EvaluateError> {
    if actual != predicted {
        return Err(EvaluateError::LengthMismatch { actual, predicted });
    }
    if actual == 0 { Err(EvaluateError::NoRows) } else { Ok(()) }
}

fn check_finite(values: &[f64]) -> Result<(), EvaluateError> {
    match values.iter().position(|value| !value.is_finite()) {
        Some(row) => Err(EvaluateError::NotFinite { row }),
        None => Ok(()),
    }
}

/// `part / whole`, 0 of nothing.
fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

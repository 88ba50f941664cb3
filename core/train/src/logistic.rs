//! Logistic regression, of two classes and of several, by Newton's method.
//!
//! Written here because the optimum is what encrypted rounds and scikit-learn are compared with: `linfa-logistic` 0.8
//! stops L-BFGS at a tolerance of the gradient, and brings `argmin`, `ndarray` and `rand` 0.8 into the page. Matrices
//! are those of `nalgebra`.

use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

use crate::data::{Features, Labels};
use crate::error::TrainError;
use crate::linear::dot;
use crate::split::Split;
use crate::standardise::Standardisation;

mod newton;

/// Scores that are linear in the columns, and the classes' probabilities.
///
/// Two classes: one score `s = w·x + b`, and `1/(1 + e⁻ˢ)` for the second class. Several: a score for each, and
/// `e^(s_k) / Σⱼ e^(s_j)`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogisticModel {
    /// Names of the classes.
    pub classes: Vec<String>,
    /// One row of weights for each score.
    pub weights: Vec<Vec<f64>>,
    /// One for each score. Of several classes their sum is 0, as is that of the weights of each column.
    pub intercepts: Vec<f64>,
}

impl LogisticModel {
    /// The scores of a row of as many numbers as there are columns.
    #[must_use]
    pub fn scores(&self, row: &[f64]) -> Vec<f64> {
        self.weights
            .iter()
            .zip(&self.intercepts)
            .map(|(weights, intercept)| dot(weights, row) + intercept)
            .collect()
    }

    /// The probability of each class.
    #[must_use]
    pub fn probabilities(&self, row: &[f64]) -> Vec<f64> {
        match self.scores(row).as_slice() {
            [score] => vec![sigmoid(-score), sigmoid(*score)],
            scores => softmax(scores),
        }
    }

    /// The most likely class, as a position in [`Self::classes`].
    #[must_use]
    pub fn predict(&self, row: &[f64]) -> usize {
        match self.scores(row).as_slice() {
            [score] => usize::from(*score > 0.0),
            scores => largest(scores),
        }
    }

    /// The same model for columns before this standardisation.
    #[must_use]
    pub fn unstandardised(&self, standardisation: &Standardisation) -> Self {
        let folded = self.weights.iter().zip(&self.intercepts);
        let (weights, intercepts) =
            folded.map(|(weights, &intercept)| standardisation.fold(weights, intercept)).unzip();
        Self { classes: self.classes.clone(), weights, intercepts }
    }
}

/// The minimum of `C·Σᵢ −ln P(yᵢ | xᵢ) + ½·Σ w²`, scikit-learn's `LogisticRegression(C=c)`; intercepts carry no penalty.
///
/// Newton's method with halved steps where a whole one would not lower the sum; in the last iterations the number of
/// right digits doubles, and it ends when no digit changes. For K classes (1 score if K = 2) an iteration costs about
/// `n·(K·p)²/4` products.
///
/// # Errors
/// [`TrainError`] if labels do not fit the features, a class has no row or is the only one, a column is constant, C is
/// not positive, or the method does not settle.
pub fn fit(features: &Features, labels: &Labels, c: f64) -> Result<LogisticModel, TrainError> {
    check(features, labels, c)?;
    let scores = if labels.classes().len() == 2 { 1 } else { labels.classes().len() };
    let solution = newton::minimise(&newton::Problem { features, labels: labels.of_rows(), scores, c })?;
    let per_score = features.column_count() + 1;
    let (weights, intercepts) = solution
        .chunks_exact(per_score)
        .map(|score| (score[..per_score - 1].to_vec(), score[per_score - 1]))
        .unzip();
    Ok(LogisticModel { classes: labels.classes().to_vec(), weights, intercepts })
}

/// Probabilities of rows that the model had not seen: for each split a standardisation and a model are fitted on the
/// training part, and the test part is judged. One entry for each split, with one row of probabilities for each of its
/// test rows.
///
/// # Errors
/// [`TrainError`] as [`fit`] and [`Standardisation::fit`], for any of the parts.
pub fn cross_validate(
    features: &Features,
    labels: &Labels,
    c: f64,
    splits: &[Split],
) -> Result<Vec<Vec<Vec<f64>>>, TrainError> {
    let judge = |split: &Split| {
        let train = features.select(&split.train)?;
        let standardisation = Standardisation::fit(&train)?;
        let model = fit(&standardisation.apply(&train)?, &labels.select(&split.train)?, c)?;
        let test = standardisation.apply(&features.select(&split.test)?)?;
        Ok(test.rows().map(|row| model.probabilities(row)).collect())
    };
    splits.iter().map(judge).collect()
}

fn check(features: &Features, labels: &Labels, c: f64) -> Result<(), TrainError> {
    let (rows, targets) = (features.row_count(), labels.of_rows().len());
    if rows != targets {
        return Err(TrainError::LengthMismatch { rows, targets });
    }
    if !(c > 0.0 && c.is_finite()) {
        return Err(TrainError::Choice {
            what: "C, the inverse of the penalty,",
            expected: "a positive number",
        });
    }
    check_classes(labels)?;
    let columns = features.constant_columns();
    if columns.is_empty() { Ok(()) } else { Err(TrainError::ConstantColumns { columns }) }
}

/// At least two classes, each with a row.
pub(crate) fn check_classes(labels: &Labels) -> Result<(), TrainError> {
    let counts = labels.counts();
    let mut present = counts.iter().enumerate().filter(|&(_, &count)| count > 0).map(|(class, _)| class);
    if let (Some(only), None) = (present.next(), present.next()) {
        return Err(TrainError::OneClass { class: labels.classes()[only].clone() });
    }
    match counts.iter().position(|&count| count == 0) {
        Some(class) => Err(TrainError::ClassWithoutRows { class: labels.classes()[class].clone() }),
        None => Ok(()),
    }
}

/// `1/(1 + e⁻ˢ)`, exact at both ends.
#[must_use]
pub fn sigmoid(score: f64) -> f64 {
    if score >= 0.0 {
        1.0 / (1.0 + (-score).exp())
    } else {
        let power = score.exp();
        power / (1.0 + power)
    }
}

/// `e^(s_k) / Σⱼ e^(s_j)`
#[must_use]
pub fn softmax(scores: &[f64]) -> Vec<f64> {
    let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = scores.iter().map(|score| (score - most).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}

/// Position of the largest; the first of equals, 0 of none.
pub(crate) fn largest(scores: &[f64]) -> usize {
    (1..scores.len()).fold(0, |best, at| if scores[at] > scores[best] { at } else { best })
}

/// `ln(1 + eˢ)`
pub(crate) fn log_one_plus_exp(score: f64) -> f64 {
    score.max(0.0) + (-score.abs()).exp().ln_1p()
}

/// The solution of `matrix · x = right` for a symmetric positive definite matrix, of which the lower triangle is read,
/// row by row; `None` if it is not definite, or leaves the range of numbers.
pub(crate) fn solve_definite(matrix: &[f64], right: &[f64]) -> Option<Vec<f64>> {
    let size = right.len();
    if !matrix.iter().all(|value| value.is_finite()) {
        return None;
    }
    let matrix = DMatrix::from_row_slice(size, size, matrix);
    let solution = matrix.cholesky()?.solve(&DVector::from_column_slice(right));
    solution.iter().all(|value| value.is_finite()).then(|| solution.as_slice().to_vec())
}

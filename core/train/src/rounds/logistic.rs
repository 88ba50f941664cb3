//! Logistic regression of two classes by Newton's method, a round for each iteration.
//!
//! Rows are standardised over all owners ([`super::moments`]) and get a last number 1 for the intercept. With m numbers
//! in a row, x among them, y 0 or 1 and `p = 1/(1 + e^(−θ·x))`, the slots are:
//!
//! | slots | sum over the owner's rows | bound | scale |
//! |---|---|---|---|
//! | 2 | n; owners | `most_rows`; `owners` | 1 |
//! | m | `(p − y)·xⱼ`, the gradient | `most_rows·B` | 2^`scale_bits(most_rows·B)` |
//! | m·(m + 1)/2 | `p·(1 − p)·xⱼ·x_k`, k ≤ j row by row: the Hessian | `most_rows·B²/4` | 2^`scale_bits(most_rows·B²/4)` |
//!
//! For 30 columns that are 529 slots. θ is public in every round. Whoever decrypts learns the gradient and the Hessian
//! over all rows; from the first round, where θ = 0, these are the means and covariances of the columns and their
//! covariance with the class.

use serde::{Deserialize, Serialize};

use super::fixed::{from_fixed, scale_bits, to_fixed};
use super::{Contribution, RoundError, Terms, check_owner};
use crate::data::Features;
use crate::linear::dot;
use crate::logistic::{LogisticModel, sigmoid, solve_definite};

/// A step of Newton's method doubles the right digits: after one that moves no number by more, about 14 are right.
const SETTLED: f64 = 1e-7;
const MOST_ROUNDS: u32 = 50;

/// What everyone knows in a round.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Round {
    /// From 1.
    pub number: u32,
    /// θ: a weight for each standardised column, then the intercept.
    pub coefficients: Vec<f64>,
}

/// What a total led to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Rows of all owners.
    pub rows: u64,
    /// Length of the gradient, penalty included, at the coefficients of the round.
    pub gradient_length: f64,
    /// Most that a coefficient moves to the next round.
    pub largest_move: f64,
    /// Whether the coefficients are those of the model, and no round follows.
    pub is_settled: bool,
}

/// One owner's sums at the coefficients of a round. Costs `n·m²/2` products.
///
/// # Errors
/// [`RoundError`] if rows are too few or too many, columns or lengths do not match, or a number is above the bound.
pub fn contribution(
    features: &Features,
    is_positive: &[bool],
    round: &Round,
    terms: &Terms,
) -> Result<Contribution, RoundError> {
    let (gradient_bits, hessian_bits) = scales(terms)?;
    let size = round.coefficients.len();
    check_owner(features, terms, &vec![terms.bound; size.saturating_sub(1)])?;
    let (rows, targets) = (features.row_count(), is_positive.len());
    if rows != targets {
        return Err(RoundError::LengthMismatch { rows, targets });
    }
    if round.coefficients.iter().any(|coefficient| !coefficient.is_finite()) {
        return Err(RoundError::OutOfRange);
    }
    let (mut gradient, mut hessian) = (vec![0.0; size], vec![0.0; size * (size + 1) / 2]);
    let mut extended = vec![1.0; size];
    for (row, &positive) in features.rows().zip(is_positive) {
        extended[..row.len()].copy_from_slice(row);
        let probability = sigmoid(dot(&round.coefficients, &extended));
        let residual = probability - f64::from(u8::from(positive));
        let weight = probability * (1.0 - probability);
        gradient.iter_mut().zip(&extended).for_each(|(sum, x)| *sum += residual * x);
        let mut start = 0;
        for (at, x) in extended.iter().enumerate() {
            let factor = weight * x;
            let triangle = hessian[start..=start + at].iter_mut();
            triangle.zip(&extended).for_each(|(sum, other)| *sum += factor * other);
            start += at + 1;
        }
    }
    let mut fixed = Vec::with_capacity(gradient.len() + hessian.len());
    for (sums, bits) in [(gradient, gradient_bits), (hessian, hessian_bits)] {
        for sum in sums {
            fixed.push(to_fixed(sum, bits)?);
        }
    }
    Contribution::of_owner(rows, fixed)
}

/// The side that sees totals and leads from round to round to the minimum of `C·Σᵢ −ln P(yᵢ | xᵢ) + ½·|w|²`. Rounds of
/// several parties take days: it can be stored between them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fit {
    terms: Terms,
    c: f64,
    round: Round,
    rows: Option<u64>,
    /// The last coefficients with a shorter gradient than before: they, the length and the step that led on from them.
    base: Option<(Vec<f64>, f64, Vec<f64>)>,
    share: f64,
    is_settled: bool,
}

impl Fit {
    /// The first round, of coefficients 0.
    ///
    /// # Errors
    /// [`RoundError::Choice`] if there is no column, C is not positive or the terms are out of range.
    pub fn new(columns: usize, c: f64, terms: Terms) -> Result<Self, RoundError> {
        scales(&terms)?;
        if columns == 0 {
            return Err(RoundError::Choice { what: "the number of columns", expected: "at least 1" });
        }
        if !(c > 0.0 && c.is_finite()) {
            return Err(RoundError::Choice {
                what: "C, the inverse of the penalty,",
                expected: "a positive number",
            });
        }
        let round = Round { number: 1, coefficients: vec![0.0; columns + 1] };
        Ok(Self { terms, c, round, rows: None, base: None, share: 1.0, is_settled: false })
    }

    /// The round that contributions are wanted for; if it has settled, the result.
    #[must_use]
    pub const fn round(&self) -> &Round {
        &self.round
    }

    /// The coefficients of the next round from the total of this one: a step of Newton's method, or half of the last step
    /// if that made the gradient longer. (Newton's step shortens the gradient if it is short enough.)
    ///
    /// # Errors
    /// [`RoundError`] if the total does not fit the terms or is over other rows than the last, if there is only one
    /// class, or if the fit does not settle.
    pub fn update(&mut self, total: &Contribution) -> Result<Progress, RoundError> {
        if self.is_settled {
            return Err(RoundError::Settled);
        }
        let (gradient_bits, hessian_bits) = scales(&self.terms)?;
        let size = self.round.coefficients.len();
        let (rows, sums) = total.open(&self.terms, size + size * (size + 1) / 2)?;
        if let Some(before) = self.rows.filter(|&before| before != rows) {
            return Err(RoundError::RowsChanged { before, now: rows });
        }
        let (gradient, triangle) = sums.split_at(size);
        let mut gradient: Vec<f64> = gradient.iter().map(|&sum| from_fixed(sum, gradient_bits)).collect();
        // Without coefficients every residual is one half, and those of the intercept tell the classes' rows.
        if self.round.number == 1 && gradient[size - 1].abs() > rows as f64 / 2.0 - 0.25 {
            return Err(RoundError::OneClass);
        }
        self.add_penalty(&mut gradient);
        let gradient_length = dot(&gradient, &gradient).sqrt();
        let unsettled = RoundError::NotSettled { rounds: self.round.number };
        if self.round.number >= MOST_ROUNDS {
            return Err(unsettled);
        }
        let longer =
            self.base.as_ref().filter(|(_, length, _)| gradient_length > (1.0 - 1e-4 * self.share) * length);
        let next = if let Some((from, _, step)) = longer {
            self.share /= 2.0;
            moved(from, step, self.share)
        } else {
            let hessian = self.hessian(triangle, hessian_bits);
            let step = solve_definite(&hessian, &gradient).ok_or(unsettled)?;
            let next = moved(&self.round.coefficients, &step, 1.0);
            self.is_settled = step.iter().all(|step| step.abs() <= SETTLED);
            self.base = Some((self.round.coefficients.clone(), gradient_length, step));
            self.share = 1.0;
            next
        };
        let moves = next.iter().zip(&self.round.coefficients).map(|(next, now)| (next - now).abs());
        let largest_move = moves.fold(0.0, f64::max);
        self.rows = Some(rows);
        self.round = Round { number: self.round.number + 1, coefficients: next };
        Ok(Progress { rows, gradient_length, largest_move, is_settled: self.is_settled })
    }

    /// The model of standardised columns at the present coefficients; `classes` are the negative and the positive one.
    #[must_use]
    pub fn model(&self, classes: [String; 2]) -> LogisticModel {
        let mut weights = self.round.coefficients.clone();
        let intercepts = weights.pop().into_iter().collect();
        LogisticModel { classes: classes.into(), weights: vec![weights], intercepts }
    }

    fn add_penalty(&self, gradient: &mut [f64]) {
        let columns = gradient.len() - 1;
        let weights = gradient.iter_mut().zip(&self.round.coefficients).take(columns);
        weights.for_each(|(slope, weight)| *slope += weight / self.c);
    }

    /// The lower triangle in a full square, with the penalty on its diagonal.
    fn hessian(&self, triangle: &[i64], bits: u32) -> Vec<f64> {
        let size = self.round.coefficients.len();
        let mut square = vec![0.0; size * size];
        let mut sums = triangle.iter();
        for row in 0..size {
            for (entry, &sum) in square[row * size..=row * size + row].iter_mut().zip(&mut sums) {
                *entry = from_fixed(sum, bits);
            }
            if row + 1 < size {
                square[row * size + row] += 1.0 / self.c;
            }
        }
        square
    }
}

/// `from − share·step`
fn moved(from: &[f64], step: &[f64], share: f64) -> Vec<f64> {
    from.iter().zip(step).map(|(from, step)| from - share * step).collect()
}

/// Bits after the point of the gradient and of the Hessian.
fn scales(terms: &Terms) -> Result<(u32, u32), RoundError> {
    terms.check()?;
    let (rows, bound) = (terms.most_rows as f64, terms.bound);
    Ok((scale_bits(rows * bound)?, scale_bits(rows * bound * bound / 4.0)?))
}

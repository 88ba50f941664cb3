//! The round before all others: mean and deviation of each column over all owners' rows, for one standardisation.
//!
//! Slots: n; owners; `Σx` of each column; `Σx²` of each column. With `|x| ≤ b` in a column, `Σx` has the scale of the bound
//! `most_rows·b` and `Σx²` that of `most_rows·b²`. Whoever decrypts learns mean and deviation of each column.

use super::fixed::{from_fixed, scale_bits, to_fixed};
use super::{Contribution, RoundError, Terms, check_owner};
use crate::data::Features;
use crate::standardise::Standardisation;

/// Least share of its bound that the deviation of a column must be. Below, digits are lost that standardised numbers need.
const LEAST_DEVIATION: f64 = 1e-6;

/// One owner's sums. `bounds` are the largest absolute values of the columns, agreed on by all owners.
///
/// # Errors
/// [`RoundError`] if rows are too few or too many, columns are others, or a number is above its bound.
pub fn contribution(features: &Features, bounds: &[f64], terms: &Terms) -> Result<Contribution, RoundError> {
    let scales = scales(bounds, terms)?;
    check_owner(features, terms, bounds)?;
    let (mut sums, mut squares) = (Vec::new(), Vec::new());
    for (column, (of_sum, of_square)) in scales.into_iter().enumerate() {
        let count = features.row_count() as f64;
        sums.push(to_fixed(features.mean(column) * count, of_sum)?);
        squares.push(to_fixed(features.column(column).map(|value| value * value).sum(), of_square)?);
    }
    Contribution::of_owner(features.row_count(), sums.into_iter().chain(squares))
}

/// Mean and population standard deviation of each column, from the total of all owners.
///
/// # Errors
/// [`RoundError`] if the total does not fit the terms, or a column does not differ by at least a millionth of its bound.
pub fn standardisation(
    total: &Contribution,
    bounds: &[f64],
    terms: &Terms,
) -> Result<Standardisation, RoundError> {
    let scales = scales(bounds, terms)?;
    let (rows, sums) = total.open(terms, 2 * bounds.len())?;
    let (mut centres, mut deviations) = (Vec::new(), Vec::new());
    for (column, (of_sum, of_square)) in scales.into_iter().enumerate() {
        let mean = from_fixed(sums[column], of_sum) / rows as f64;
        let variance = from_fixed(sums[bounds.len() + column], of_square) / rows as f64 - mean * mean;
        let least = LEAST_DEVIATION * bounds[column];
        // A variance that is not above it, or no number.
        if variance.partial_cmp(&(least * least)) != Some(std::cmp::Ordering::Greater) {
            return Err(RoundError::ConstantColumn { column });
        }
        centres.push(mean);
        deviations.push(variance.sqrt());
    }
    Ok(Standardisation { centres, scales: deviations })
}

/// Bits after the point of the sum and of the sum of squares of each column.
fn scales(bounds: &[f64], terms: &Terms) -> Result<Vec<(u32, u32)>, RoundError> {
    terms.check()?;
    let most_rows = terms.most_rows as f64;
    let of = |bound: &f64| {
        if !(*bound > 0.0 && bound.is_finite()) {
            return Err(RoundError::Choice { what: "the bound of a column", expected: "a positive number" });
        }
        Ok((scale_bits(most_rows * bound)?, scale_bits(most_rows * bound * bound)?))
    };
    bounds.iter().map(of).collect()
}

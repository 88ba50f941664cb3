//! The first two moments of a column in some rows: count, mean and sum of squares about the mean.
//!
//! With deviations x = v·10^s − c and n rows, `v̄ = (c + Σx/n)·10^-s` and `Σ(v − v̄)² = (n·Σx² − (Σx)²)/n · 10^-2s`:
//! exact, whatever the centre.

use num_bigint::BigInt;
use num_traits::{Signed, Zero};
use veilsum_protocol::manifest::EncryptedNumber;
use veilsum_protocol::term::Term;

use crate::catalogue::count::present;
use crate::catalogue::value;
use crate::derive::describe;
use crate::error::FinishError;
use crate::rational::{Rational, ratio, unit, whole};
use crate::schema::Schema;
use crate::totals::Totals;

/// Totals of one column over the rows of a mask.
#[derive(Debug, Clone)]
pub(crate) struct Moments {
    /// Rows.
    pub count: u64,
    sum: BigInt,
    squares: BigInt,
    scale: u32,
    centre: i64,
}

/// The terms of [`Moments::read`].
pub(crate) fn terms(column: u32, mask: &Term) -> Vec<Term> {
    vec![
        mask.times(&present(column)),
        mask.times(&Term::power(column, 1)),
        mask.times(&Term::power(column, 2)),
    ]
}

impl Moments {
    /// The moments of `column` in the rows in which `mask`, an indicator, is 1.
    pub(crate) fn read(
        schema: Schema<'_>,
        totals: &Totals,
        column: u32,
        mask: &Term,
    ) -> Result<Self, FinishError> {
        let number = value::number(schema, column)?;
        let [one, first, second] = [0, 1, 2].map(|exponent| {
            if exponent == 0 {
                mask.times(&present(column))
            } else {
                mask.times(&Term::power(column, exponent))
            }
        });
        let count = value::count(schema, totals, &one)?;
        let sum = value::sum(schema, totals, &first)?;
        let squares = value::sum(schema, totals, &second)?;
        Self::new(count, sum, squares, number)
            .ok_or_else(|| FinishError { question: describe(schema, &second) })
    }

    /// `None` if there are no such numbers.
    pub(crate) fn new(count: u64, sum: BigInt, squares: BigInt, number: &EncryptedNumber) -> Option<Self> {
        let moments = Self { count, sum, squares, scale: number.scale, centre: number.centring().centre };
        let is_empty = moments.sum.is_zero() && moments.squares.is_zero();
        let is_possible = if count == 0 { is_empty } else { !moments.scatter().is_negative() };
        is_possible.then_some(moments)
    }

    /// `n·Σx² − (Σx)²`.
    fn scatter(&self) -> BigInt {
        &self.squares * self.count - &self.sum * &self.sum
    }

    /// `Σv`.
    pub(crate) fn total(&self) -> Rational {
        whole(&self.sum + BigInt::from(self.count) * self.centre) * unit(self.scale)
    }

    /// `Σv/n`; `None` without rows.
    pub(crate) fn mean(&self) -> Option<Rational> {
        ratio(1, self.count).map(|share| self.total() * share)
    }

    /// `Σ(v − v̄)²`; 0 without rows.
    pub(crate) fn squares_about_mean(&self) -> Rational {
        ratio(self.scatter(), self.count)
            .map_or_else(Rational::zero, |squares| squares * unit(2 * self.scale))
    }

    /// `Σ(v − v̄)²/(n − 1)`; `None` below two rows.
    pub(crate) fn variance(&self) -> Option<Rational> {
        let freedom = self.count.checked_sub(1)?;
        ratio(1, freedom).map(|share| self.squares_about_mean() * share)
    }

    /// `Σ(v − v̄)²/n`; `None` without rows.
    pub(crate) fn population_variance(&self) -> Option<Rational> {
        ratio(1, self.count).map(|share| self.squares_about_mean() * share)
    }
}

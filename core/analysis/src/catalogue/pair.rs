//! The moments of two columns over the rows in which both are there.
//!
//! With deviations x, y, scales s, t and n rows, `Σ(v − v̄)(w − w̄) = (n·Σxy − Σx·Σy)/n · 10^-(s+t)`: exact, whatever
//! the centres.

use num_bigint::BigInt;
use num_traits::Zero;
use veilsum_protocol::term::Term;

use crate::catalogue::value;
use crate::error::FinishError;
use crate::rational::{Rational, ratio, unit, whole};
use crate::schema::Schema;
use crate::totals::Totals;

/// Totals of two columns.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    /// Rows in which both are there.
    pub count: u64,
    sums: [BigInt; 2],
    product: BigInt,
    scales: [u32; 2],
    centres: [i64; 2],
}

/// Rows, both deviations and their product.
pub(crate) fn terms(schema: Schema<'_>, columns: [u32; 2]) -> Vec<Term> {
    let mask = schema.complete(&columns);
    let [a, b] = columns.map(|column| Term::power(column, 1));
    vec![mask.clone(), mask.times(&a), mask.times(&b), a.times(&b)]
}

impl Pair {
    /// From the totals of [`terms`].
    pub(crate) fn read(schema: Schema<'_>, totals: &Totals, columns: [u32; 2]) -> Result<Self, FinishError> {
        let mask = schema.complete(&columns);
        let numbers = [value::number(schema, columns[0])?, value::number(schema, columns[1])?];
        let [a, b] = columns.map(|column| Term::power(column, 1));
        let pair = Self {
            count: value::count(schema, totals, &mask)?,
            sums: [
                value::sum(schema, totals, &mask.times(&a))?,
                value::sum(schema, totals, &mask.times(&b))?,
            ],
            product: value::sum(schema, totals, &a.times(&b))?,
            scales: numbers.map(|number| number.scale),
            centres: numbers.map(|number| number.centring().centre),
        };
        let is_empty = pair.product.is_zero() && pair.sums.iter().all(BigInt::is_zero);
        if pair.count == 0 && !is_empty {
            return Err(value::impossible(crate::derive::describe(schema, &mask)));
        }
        Ok(pair)
    }

    /// `Σv` and `Σw`.
    pub(crate) fn totals(&self) -> [Rational; 2] {
        [0, 1].map(|at| {
            whole(&self.sums[at] + BigInt::from(self.count) * self.centres[at]) * unit(self.scales[at])
        })
    }

    /// `Σvw`.
    pub(crate) fn product(&self) -> Rational {
        let [c, d] = self.centres.map(BigInt::from);
        let product = &self.product + &c * &self.sums[1] + &d * &self.sums[0] + &c * &d * self.count;
        whole(product) * unit(self.scales[0] + self.scales[1])
    }

    /// `Σ(v − v̄)(w − w̄)`; 0 without rows.
    pub(crate) fn products_about_means(&self) -> Rational {
        let scatter = &self.product * self.count - &self.sums[0] * &self.sums[1];
        ratio(scatter, self.count)
            .map_or_else(Rational::zero, |products| products * unit(self.scales[0] + self.scales[1]))
    }
}

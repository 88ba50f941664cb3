//! The columns of a regression and the sums of their products.

use num_bigint::BigInt;
use num_traits::Zero;
use veilsum_protocol::term::{Indicator, Term};

use super::Regression;
use crate::catalogue::groups::{categories, check_different};
use crate::catalogue::value;
use crate::error::{FinishError, PlanError};
use crate::rational::{Rational, ratio, unit, whole};
use crate::schema::Schema;
use crate::totals::Totals;

/// Most columns, dummies counted: a product of two and the presence of all must fit a term.
const MAX_VARIABLES: usize = 60;

/// A column of the regression: a column of numbers, or the indicator of a category.
#[derive(Debug, Clone)]
pub(super) struct Variable {
    /// The column, or `column=category`.
    pub name: String,
    /// Of a category: the name of the one that it is compared with.
    pub reference: Option<String>,
    /// The deviation or indicator.
    term: Term,
    /// A value v is a deviation x = v·10^scale − centre.
    pub scale: u32,
    centre: i64,
}

/// All columns of a regression.
#[derive(Debug, Clone)]
pub(super) struct Design {
    /// The columns that explain, then the one that is explained.
    pub variables: Vec<Variable>,
    /// Columns whose only category is the reference, so that they explain nothing.
    pub single: Vec<String>,
    mask: Term,
}

/// Sums over complete cases.
#[derive(Debug, Clone)]
pub(super) struct Cross {
    /// Complete cases.
    pub count: u64,
    /// `Σx` per variable.
    sums: Vec<BigInt>,
    /// `S_ij = n·Σx_i·x_j − Σx_i·Σx_j`.
    pub scatter: Vec<Vec<BigInt>>,
}

impl Design {
    pub(super) fn new(asked: &Regression, schema: Schema<'_>) -> Result<Self, PlanError> {
        let columns = asked.columns();
        if columns.len() < 2 {
            return Err(PlanError::TooFewColumns {
                analysis: "a regression",
                needed: 2,
                actual: columns.len(),
            });
        }
        check_different(schema, &columns)?;
        let mut variables = asked.xs.iter().map(|&x| number(schema, x)).collect::<Result<Vec<_>, _>>()?;
        let mut single = Vec::new();
        for &column in &asked.categories {
            let before = variables.len();
            let column_name = schema.name(column);
            let named = |category: &str| format!("{column_name}={category}");
            let mut dummies = categories(schema, column)?;
            let reference = dummies.next().map(|(category, _)| named(category));
            variables.extend(dummies.map(|(category, term)| Variable {
                name: named(category),
                reference: reference.clone(),
                term,
                scale: 0,
                centre: 0,
            }));
            if variables.len() == before {
                single.push(column_name.to_owned());
            }
        }
        variables.push(number(schema, asked.y)?);
        if variables.len().max(columns.len()) > MAX_VARIABLES {
            return Err(PlanError::Choice {
                what: "the columns that explain",
                expected: "at most 59, with one per category",
            });
        }
        Ok(Self { variables, single, mask: schema.complete(&columns) })
    }

    /// The columns that explain.
    pub(super) fn xs(&self) -> &[Variable] {
        self.variables.split_last().map_or(&[], |(_, xs)| xs)
    }

    /// The product of two variables in complete cases; `None` if it is 0 in every row.
    fn product(&self, left: &Variable, right: &Variable) -> Option<Term> {
        let categories = |term: &Term| match term.indicators() {
            [Indicator::Category { column, category }] => Some((*column, *category)),
            _ => None,
        };
        if let (Some((a, first)), Some((b, second))) = (categories(&left.term), categories(&right.term))
            && a == b
            && first != second
        {
            return None;
        }
        Some(self.mask.times(&left.term).times(&right.term))
    }

    pub(super) fn terms(&self) -> Vec<Term> {
        let mut terms = vec![self.mask.clone()];
        for (at, left) in self.variables.iter().enumerate() {
            terms.push(self.mask.times(&left.term));
            terms.extend(self.variables[at..].iter().filter_map(|right| self.product(left, right)));
        }
        terms
    }

    pub(super) fn read(&self, schema: Schema<'_>, totals: &Totals) -> Result<Cross, FinishError> {
        let count = value::count(schema, totals, &self.mask)?;
        let sum = |variable: &Variable| value::sum(schema, totals, &self.mask.times(&variable.term));
        let sums = self.variables.iter().map(sum).collect::<Result<Vec<BigInt>, _>>()?;
        let size = self.variables.len();
        let mut scatter = vec![vec![BigInt::zero(); size]; size];
        for i in 0..size {
            for j in i..size {
                let product = self.product(&self.variables[i], &self.variables[j]);
                let product = product.map_or(Ok(BigInt::zero()), |term| value::sum(schema, totals, &term))?;
                let entry = product * count - &sums[i] * &sums[j];
                scatter[j][i].clone_from(&entry);
                scatter[i][j] = entry;
            }
        }
        Ok(Cross { count, sums, scatter })
    }

    /// The means of all variables in their own units; `None` without rows.
    pub(super) fn means(&self, cross: &Cross) -> Option<Vec<Rational>> {
        let share = ratio(1, cross.count)?;
        let mean = |(variable, sum): (&Variable, &BigInt)| {
            (whole(sum.clone()) * &share + whole(variable.centre)) * unit(variable.scale)
        };
        Some(self.variables.iter().zip(&cross.sums).map(mean).collect())
    }
}

fn number(schema: Schema<'_>, column: u32) -> Result<Variable, PlanError> {
    let number = schema.number(column)?;
    Ok(Variable {
        name: schema.name(column).to_owned(),
        reference: None,
        term: Term::power(column, 1),
        scale: number.scale,
        centre: number.centring().centre,
    })
}

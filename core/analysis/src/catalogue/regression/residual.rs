//! Residuals of a fit, which only whoever has the rows can compute: sums over encrypted columns do not tell them.

use super::Regression;
use crate::answer::Answer;
use crate::derive::Cell;
use crate::schema::Schema;

/// A fit that can be applied to rows, in double precision.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    y: (usize, f64),
    intercept: f64,
    /// Position, units of a stored integer, coefficient.
    numbers: Vec<(usize, f64, f64)>,
    /// Position, and the coefficient of each category.
    categories: Vec<(usize, Vec<f64>)>,
}

impl Fitted {
    /// From the answer to `asked`; `None` if nothing was fitted. A column that was left out has the coefficient 0.
    #[must_use]
    pub fn new(asked: &Regression, schema: Schema<'_>, answer: &Answer) -> Option<Self> {
        let estimate = |key: &str| {
            let figure = answer.figures.iter().find(|figure| figure.key == format!("{key}/estimate"))?;
            figure.value.as_ref().map(|value| value.float)
        };
        let unit = |column: u32| {
            let scale = i32::try_from(schema.number(column).ok()?.scale).ok()?;
            Some(10_f64.powi(-scale))
        };
        let numbers = asked.xs.iter().map(|&column| {
            let coefficient = estimate(&format!("coefficient/{}", schema.name(column))).unwrap_or(0.0);
            Some((column as usize, unit(column)?, coefficient))
        });
        let categories = asked.categories.iter().map(|&column| {
            let of = |category: &String| {
                estimate(&format!("coefficient/{}={category}", schema.name(column))).unwrap_or(0.0)
            };
            Some((column as usize, schema.categories(column).ok()?.iter().map(of).collect()))
        });
        Some(Self {
            y: (asked.y as usize, unit(asked.y)?),
            intercept: estimate("intercept")?,
            numbers: numbers.collect::<Option<_>>()?,
            categories: categories.collect::<Option<_>>()?,
        })
    }

    /// What the fit misses in a row: y less its prediction; `None` where a cell of it is blank.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "predictions are floats")]
    pub fn residual(&self, cells: &[Cell]) -> Option<f64> {
        let number = |at: usize, unit: f64| Some(cells.get(at)?.integer? as f64 * unit);
        let mut predicted = self.intercept;
        for &(at, unit, coefficient) in &self.numbers {
            predicted += number(at, unit)? * coefficient;
        }
        for (at, coefficients) in &self.categories {
            predicted += coefficients.get(cells.get(*at)?.category? as usize)?;
        }
        Some(number(self.y.0, self.y.1)? - predicted)
    }
}

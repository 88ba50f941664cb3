//! A function is applied to numbers.

use serde::{Deserialize, Serialize};

use crate::error::StepError;
use crate::number::{self, MAX_DECIMALS, decimals_for, rounding_error};
use crate::row::Row;
use crate::schema::{Column, Schema};
use crate::stage::{Notes, Stage, check_decimals};
use crate::summary::Moments;

/// Applies a function to columns of numbers. Blank cells stay blank.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Transform {
    /// Columns of numbers.
    pub columns: Vec<String>,
    /// Which function.
    pub function: Function,
    /// What becomes of a number of which there is no function value.
    #[serde(default)]
    pub undefined: Undefined,
    /// Decimals of the result, at most 15; without, as many as the numbers need, and at least 6.
    #[serde(default)]
    pub decimals: Option<u8>,
}

/// A function of a number.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Function {
    /// `ln x`, of positive numbers.
    Log,
    /// `log₁₀ x`, of positive numbers.
    Log10,
    /// `ln(1 + x)`, of numbers above −1.
    Log1p,
    /// `√x`, of numbers from 0.
    SquareRoot,
    /// `x²`
    Square,
    /// `1 / x`, of numbers other than 0.
    Reciprocal,
    /// `|x|`
    Absolute,
    /// `factor · x + offset`
    Linear {
        /// What numbers are multiplied by.
        factor: f64,
        /// What is added then.
        offset: f64,
    },
    /// Numbers below `low` become it, and those above `high` that.
    Clip {
        /// Lower bound.
        low: f64,
        /// Upper bound.
        high: f64,
    },
    /// Rounded to the decimals of the step, half to even; without, to 6.
    Round,
}

/// What becomes of a number of which there is no function value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Undefined {
    /// The step is refused, and the row named.
    #[default]
    Refuse,
    /// The cell becomes blank.
    Blank,
}

impl Transform {
    pub(crate) fn check(&self, schema: &mut Schema) -> Result<(), StepError> {
        check_decimals(self.decimals)?;
        schema.check_numbers(&self.columns)?;
        match self.function {
            Function::Clip { low, high } if !(low <= high && low.is_finite() && high.is_finite()) => {
                return Err(StepError::Bounds { low, high });
            }
            Function::Linear { factor, offset } if !(factor.is_finite() && offset.is_finite()) => {
                return Err(StepError::Parameter { name: "factor or offset", allowed: "finite numbers" });
            }
            Function::Log
            | Function::Log10
            | Function::Log1p
            | Function::SquareRoot
            | Function::Square
            | Function::Reciprocal
            | Function::Absolute
            | Function::Linear { .. }
            | Function::Clip { .. }
            | Function::Round => {}
        }
        self.columns.iter().for_each(|name| schema.plain(name));
        Ok(())
    }

    pub(crate) fn build(&self, schema: &Schema) -> Result<Box<dyn Stage>, StepError> {
        let columns = schema.columns(&self.columns)?;
        let results = vec![(Moments::default(), 0.0); columns.len()];
        Ok(Box::new(Transformer { step: self.clone(), columns, results, room: String::new() }))
    }
}

impl Function {
    /// The value of the function; `NaN` or infinite where there is none.
    #[must_use]
    pub fn of(self, x: f64) -> f64 {
        match self {
            Self::Log => x.ln(),
            Self::Log10 => x.log10(),
            Self::Log1p => x.ln_1p(),
            Self::SquareRoot => x.sqrt(),
            Self::Square => x * x,
            Self::Reciprocal => x.recip(),
            Self::Absolute => x.abs(),
            Self::Linear { factor, offset } => factor * x + offset,
            Self::Clip { low, high } => x.clamp(low, high),
            Self::Round => x,
        }
    }
}

impl Function {
    /// What the decimals of a value are judged by, so that small values keep their digits and what is left of a
    /// difference of larger ones gets none.
    fn size(self, x: f64, value: f64) -> f64 {
        match self {
            Self::Reciprocal | Self::Absolute | Self::Clip { .. } => value,
            Self::Linear { factor, offset } => (factor * x).abs().max(offset.abs()),
            Self::Log | Self::Log10 | Self::Log1p | Self::SquareRoot | Self::Square => {
                x.abs().max(value.abs())
            }
            Self::Round => 1.0,
        }
    }
}

struct Transformer {
    step: Transform,
    columns: Vec<Column>,
    /// Of each column: what the results are like, and how far rounding has moved one at most.
    results: Vec<(Moments, f64)>,
    room: String,
}

impl Stage for Transformer {
    fn restart(&mut self) {
        self.results.fill((Moments::default(), 0.0));
    }

    fn finish(&mut self, notes: &mut Notes) {
        if self.step.function == Function::Round {
            return;
        }
        for (column, (moments, moved)) in self.columns.iter().zip(&self.results) {
            let (min, max) = moments.range();
            let spread = if min < max { moments.population_deviation().unwrap_or(0.0) } else { max.abs() };
            let decimals = self.step.decimals.unwrap_or(MAX_DECIMALS);
            notes.warn_of_rounding(&column.name, decimals, *moved, spread);
        }
    }

    fn change(&mut self, rows: &mut Vec<Row>, notes: &mut Notes) -> Result<(), StepError> {
        for row in rows {
            for (column, (moments, moved)) in self.columns.iter().zip(&mut self.results) {
                let Some(number) = column.number(row)? else { continue };
                let value = self.step.function.of(number);
                if self.step.undefined == Undefined::Blank && !number::is_writable(value) {
                    notes.changed(row.set(column.at, ""));
                } else {
                    let size = self.step.function.size(number, value);
                    let decimals = self.step.decimals.unwrap_or_else(|| decimals_for(value, size.abs()));
                    moments.push(value);
                    *moved = moved.max(rounding_error(value, decimals));
                    column.write_number(row, value, decimals, &mut self.room, notes)?;
                }
            }
        }
        Ok(())
    }
}

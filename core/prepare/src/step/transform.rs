//! A function is applied to numbers.

use serde::{Deserialize, Serialize};

use crate::error::StepError;
use crate::number::{self, USUAL_DECIMALS};
use crate::row::Row;
use crate::schema::{Column, Schema};
use crate::stage::{Notes, Stage, check_decimals};

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
    /// Decimals of the result, at most 15.
    #[serde(default = "usual_decimals")]
    pub decimals: u8,
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
    /// Rounded to the decimals of the step, half to even.
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

fn usual_decimals() -> u8 {
    USUAL_DECIMALS
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
        Ok(Box::new(Transformer { step: self.clone(), columns, room: String::new() }))
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

struct Transformer {
    step: Transform,
    columns: Vec<Column>,
    room: String,
}

impl Stage for Transformer {
    fn change(&mut self, rows: &mut Vec<Row>, notes: &mut Notes) -> Result<(), StepError> {
        for row in rows {
            for column in &self.columns {
                let Some(number) = column.number(row)? else { continue };
                let value = self.step.function.of(number);
                if self.step.undefined == Undefined::Blank && !number::is_writable(value) {
                    notes.changed(row.set(column.at, ""));
                } else {
                    column.write_number(row, value, self.step.decimals, &mut self.room, notes)?;
                }
            }
        }
        Ok(())
    }
}

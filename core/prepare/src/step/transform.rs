//! A function is applied to numbers.

use serde::{Deserialize, Serialize};

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
    crate::number::USUAL_DECIMALS
}

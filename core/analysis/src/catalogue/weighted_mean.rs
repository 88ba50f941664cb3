//! `Σ w·v / Σ w`.

use serde::{Deserialize, Serialize};
use veilsum_protocol::term::Term;

use crate::answer::Answer;
use crate::catalogue::value;
use crate::error::{FinishError, PlanError};
use crate::request::Analysis;
use crate::schema::Schema;
use crate::totals::Totals;

/// `Σ w·v / Σ w`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct WeightedMean {
    /// A column of numbers.
    pub column: u32,
    /// A column of numbers that says how much each row counts.
    pub weight: u32,
}

impl Analysis for WeightedMean {
    fn terms(&self, schema: Schema<'_>) -> Result<Vec<Term>, PlanError> {
        schema.column(self.column)?;
        Ok(Vec::new())
    }

    fn finish(&self, schema: Schema<'_>, totals: &Totals) -> Result<Answer, FinishError> {
        Ok(value::answer(self.name(schema), totals.row_count()))
    }

    fn name(&self, schema: Schema<'_>) -> String {
        format!("the weighted mean of “{}”", schema.name(self.column))
    }
}

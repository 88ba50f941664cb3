//! Rows per bin or category.

use serde::{Deserialize, Serialize};
use veilsum_protocol::term::Term;

use crate::answer::Answer;
use crate::catalogue::value;
use crate::error::{FinishError, PlanError};
use crate::request::Analysis;
use crate::schema::Schema;
use crate::totals::Totals;

/// Rows per bin or category.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Histogram {
    /// A column with bins or with categories.
    pub column: u32,
    /// Whether its categories are counted instead of its bins.
    pub by_category: bool,
}

impl Analysis for Histogram {
    fn terms(&self, schema: Schema<'_>) -> Result<Vec<Term>, PlanError> {
        schema.column(self.column)?;
        Ok(Vec::new())
    }

    fn finish(&self, schema: Schema<'_>, totals: &Totals) -> Result<Answer, FinishError> {
        Ok(value::answer(self.name(schema), totals.row_count()))
    }

    fn name(&self, schema: Schema<'_>) -> String {
        format!("the histogram of “{}”", schema.name(self.column))
    }

    fn grouped(&self) -> Vec<u32> {
        if self.by_category { vec![self.column] } else { Vec::new() }
    }

    fn binned(&self) -> Vec<u32> {
        if self.by_category { Vec::new() } else { vec![self.column] }
    }
}

//! Count: cells of a column that are not blank.
//!
//! `n = Σ presence`. Where no cell is blank there is no presence column and n is the row count, which the signed
//! manifest has. Exact.

use serde::{Deserialize, Serialize};
use veilsum_protocol::term::{Indicator, Term};

use crate::answer::Answer;
use crate::catalogue::value;
use crate::error::{FinishError, PlanError};
use crate::request::Analysis;
use crate::schema::Schema;
use crate::totals::Totals;

/// Cells that are not blank.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Count {
    /// Any encrypted column.
    pub column: u32,
}

/// 1 in the rows in which the column is not blank.
pub(crate) fn present(column: u32) -> Term {
    Term::indicator(Indicator::Present { column })
}

impl Analysis for Count {
    fn terms(&self, schema: Schema<'_>) -> Result<Vec<Term>, PlanError> {
        schema.number(self.column)?;
        Ok(vec![present(self.column)])
    }

    fn finish(&self, schema: Schema<'_>, totals: &Totals) -> Result<Answer, FinishError> {
        let count = value::count(schema, totals, &present(self.column))?;
        let name = schema.name(self.column);
        let value = value::integer(count);
        let values = if count == 1 { "value that is" } else { "values that are" };
        Ok(Answer {
            sentences: vec![format!("“{name}” has {} {values} not blank.", value.text)],
            figures: vec![value::figure("count", "Count", Some(value))],
            ..value::answer(format!("Count of “{name}”"), count)
        })
    }

    fn name(&self, schema: Schema<'_>) -> String {
        format!("the count of “{}”", schema.name(self.column))
    }
}

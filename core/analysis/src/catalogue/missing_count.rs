//! Missing count: cells of a column that are blank.
//!
//! `rows − Σ presence`. Where no cell is blank the signed manifest says so, and nothing is computed. Exact.
//!
//! Figures: `missing`, `present`, `share` (of the rows that are blank).

use serde::{Deserialize, Serialize};
use veilsum_protocol::term::Term;

use crate::answer::Answer;
use crate::catalogue::count::present;
use crate::catalogue::{value, words};
use crate::error::{FinishError, PlanError};
use crate::rational::ratio;
use crate::request::Analysis;
use crate::schema::Schema;
use crate::totals::Totals;

/// Blank cells of a column.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MissingCount {
    /// Any encrypted column.
    pub column: u32,
}

impl Analysis for MissingCount {
    fn terms(&self, schema: Schema<'_>) -> Result<Vec<Term>, PlanError> {
        let column = schema.column(self.column)?;
        if column.has_blanks().is_none() {
            return Err(PlanError::NotANumber { column: column.name.clone() });
        }
        Ok(vec![present(self.column)])
    }

    fn finish(&self, schema: Schema<'_>, totals: &Totals) -> Result<Answer, FinishError> {
        let present = value::count(schema, totals, &present(self.column))?;
        let (rows, name) = (totals.row_count(), schema.name(self.column));
        let missing = rows - present;
        let share = ratio(missing, rows);
        let sentence = match (missing, &share) {
            (_, None) => format!("There is no row, so no cell of “{name}” is blank."),
            (0, _) => format!("No cell of “{name}” is blank ({}).", words::rows(rows)),
            (_, Some(share)) => {
                let percent = value::rational(&(share * value::hundred())).float;
                let (are, shown) = (if missing == 1 { "is" } else { "are" }, words::short(percent));
                format!("{missing} of {rows} cells of “{name}” {are} blank ({shown} %).")
            }
        };
        let figures = vec![
            value::figure("missing", "Blank", Some(value::integer(missing.into()))),
            value::figure("present", "Not blank", Some(value::integer(present.into()))),
            value::figure("share", "Share that is blank", share.as_ref().map(value::rational)),
        ];
        let title = format!("Missing values of “{name}”");
        Ok(Answer {
            sentences: vec![sentence],
            tables: vec![value::figures_table(title.clone(), &figures)],
            figures,
            ..value::answer(title, rows)
        })
    }

    fn name(&self, schema: Schema<'_>) -> String {
        format!("the missing values of “{}”", schema.name(self.column))
    }
}

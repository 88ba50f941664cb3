//! Sum: `Σ v` over the cells of a column that are not blank.
//!
//! Blanks are stored as 0 and add nothing. The decrypted integer is `Σ v·10^scale`, so the sum is exact, except that
//! cells may have been rounded to the scale when they were encrypted: then the error is at most `n·0.5·10^-scale`.

use num_bigint::BigInt;
use serde::{Deserialize, Serialize};
use veilsum_protocol::manifest::EncryptedNumber;
use veilsum_protocol::term::Term;

use crate::answer::Answer;
use crate::catalogue::count::present;
use crate::catalogue::value;
use crate::error::{FinishError, PlanError};
use crate::exact;
use crate::request::Analysis;
use crate::schema::Schema;
use crate::totals::Totals;

/// `Σ v`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Sum {
    /// A column of numbers.
    pub column: u32,
}

/// The terms of the sum of stored integers.
pub(crate) fn terms(column: u32) -> Vec<Term> {
    vec![Term::power(column, 1), present(column)]
}

/// `Σ v·10^scale` and n.
pub(crate) fn total(
    schema: Schema<'_>,
    totals: &Totals,
    column: u32,
    number: &EncryptedNumber,
) -> Result<(BigInt, u64), FinishError> {
    let count = value::count(schema, totals, &present(column))?;
    let deviations = value::sum(schema, totals, &Term::power(column, 1))?;
    Ok((deviations + BigInt::from(count) * number.centring().centre, count))
}

impl Analysis for Sum {
    fn terms(&self, schema: Schema<'_>) -> Result<Vec<Term>, PlanError> {
        schema.number(self.column)?;
        Ok(terms(self.column))
    }

    fn finish(&self, schema: Schema<'_>, totals: &Totals) -> Result<Answer, FinishError> {
        let (number, name) = (value::number(schema, self.column)?, schema.name(self.column));
        let (sum, count) = total(schema, totals, self.column, number)?;
        let mut value = value::decimal(&sum, number.scale);
        if number.rounded {
            let half = exact::decimal(&(BigInt::from(count) * 5_u32), number.scale + 1);
            value.error = format!("off by at most {half}, because cells were rounded");
        }
        Ok(Answer {
            sentences: vec![format!("The sum of “{name}” is {}.", value.text)],
            figures: vec![value::figure("sum", "Sum", Some(value))],
            ..value::answer(format!("Sum of “{name}”"), count)
        })
    }

    fn name(&self, schema: Schema<'_>) -> String {
        format!("the sum of “{}”", schema.name(self.column))
    }
}

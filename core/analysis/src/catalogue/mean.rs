//! Mean: `Σ v / n` over the cells of a column that are not blank.
//!
//! Sum and count are exact; the quotient is rounded once, to 17 significant digits in text and to the nearest float.
//! Where cells were rounded to the scale, the mean is off by at most `0.5·10^-scale` besides.

use num_bigint::{BigInt, BigUint};
use serde::{Deserialize, Serialize};
use veilsum_protocol::term::Term;

use crate::answer::Answer;
use crate::catalogue::{sum, value};
use crate::error::{FinishError, PlanError};
use crate::exact;
use crate::request::Analysis;
use crate::schema::Schema;
use crate::totals::Totals;

/// `Σ v / n`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Mean {
    /// A column of numbers.
    pub column: u32,
}

/// The mean of an exact decimal sum over `count` cells, in the form of [`crate::answer::Value::exact`]: for whoever shows a
/// plaintext twin beside an answer. Empty if there is no cell; `None` if `sum` is no plain decimal.
#[must_use]
pub fn mean_of_decimal(sum: &str, count: u64) -> Option<String> {
    let (whole, fraction) = sum.split_once('.').unwrap_or((sum, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let numerator: BigInt = format!("{whole}{fraction}").parse().ok()?;
    if count == 0 {
        return Some(String::new());
    }
    let scale = u32::try_from(fraction.len()).ok()?;
    let denominator = BigUint::from(count) * exact::power_of_ten(scale);
    Some(exact::quotient(&numerator, &denominator, value::SIGNIFICANT_DIGITS).0)
}

impl Analysis for Mean {
    fn terms(&self, schema: Schema<'_>) -> Result<Vec<Term>, PlanError> {
        schema.number(self.column)?;
        Ok(sum::terms(self.column))
    }

    fn finish(&self, schema: Schema<'_>, totals: &Totals) -> Result<Answer, FinishError> {
        let (number, name) = (value::number(schema, self.column)?, schema.name(self.column));
        let (sum, count) = sum::total(schema, totals, self.column, number)?;
        let title = format!("Mean of “{name}”");
        if count == 0 {
            return Ok(Answer {
                sentences: vec![format!("“{name}” has no mean: no cell has a value.")],
                figures: vec![value::figure("mean", "Mean", None)],
                ..value::answer(title, count)
            });
        }
        let denominator = BigUint::from(count) * exact::power_of_ten(number.scale);
        let mut value = value::quotient(&sum, &denominator);
        if number.rounded {
            value::add_error(&mut value, &value::cell_rounding(number.scale));
        }
        Ok(Answer {
            sentences: vec![format!("The mean of “{name}” is {}.", value.text)],
            figures: vec![value::figure("mean", "Mean", Some(value))],
            ..value::answer(title, count)
        })
    }

    fn name(&self, schema: Schema<'_>) -> String {
        format!("the mean of “{}”", schema.name(self.column))
    }
}

#[cfg(test)]
mod tests {
    use super::mean_of_decimal;

    #[test]
    fn twins_have_means_in_the_form_of_answers() {
        assert_eq!(mean_of_decimal("635000", 12).as_deref(), Some("52916.666666666667"));
        assert_eq!(mean_of_decimal("-0.5", 4).as_deref(), Some("-0.125"));
        assert_eq!(mean_of_decimal("0", 0).as_deref(), Some(""));
        assert_eq!(mean_of_decimal("1.5e3", 2), None);
    }
}

//! Mean: `Σ v / n` over the cells of a column that are not blank.
//!
//! Sum and count are exact; the quotient is rounded once, to 17 significant digits in text and to the nearest float.
//! Where cells were rounded to the scale, the mean is off by at most `0.5·10^-scale` besides.

use num_bigint::{BigInt, BigUint};
use veilsum_protocol::manifest::EncryptedNumber;
use veilsum_protocol::plan::Aggregate;

use crate::plan::{Totals, Worth};
use crate::{count, exact, sum};

/// As many digits as tell every float apart.
const SIGNIFICANT_DIGITS: u32 = 17;

/// The mean of an exact decimal sum over `count` cells, in the form of [`crate::Value::exact`]: for whoever shows a
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
    Some(exact::quotient(&numerator, &denominator, SIGNIFICANT_DIGITS).0)
}

/// What the cloud must add up.
pub(crate) fn aggregates(number: &EncryptedNumber) -> Vec<Aggregate> {
    [sum::aggregates(number), count::aggregates(number)].concat()
}

/// The answer; a column without a single value has no mean.
pub(crate) fn finish(number: &EncryptedNumber, totals: &Totals) -> Option<Worth> {
    let sum = BigInt::from(totals.sum(number.column)?);
    let count = count::count(number, totals)?;
    if count == 0 {
        return Some(Worth {
            exact: String::new(),
            float: f64::NAN,
            error: "no cell has a value".to_owned(),
        });
    }
    let denominator = BigUint::from(count) * exact::power_of_ten(number.scale);
    let (text, ends) = exact::quotient(&sum, &denominator, SIGNIFICANT_DIGITS);
    let mut errors = Vec::new();
    if !ends {
        errors.push(format!("rounded to {SIGNIFICANT_DIGITS} significant digits"));
    }
    if number.rounded {
        let half = exact::decimal(&BigInt::from(5), number.scale + 1);
        errors.push(format!("off by at most {half}, because cells were rounded"));
    }
    Some(Worth { exact: text, float: exact::float(&sum, &denominator), error: errors.join("; ") })
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

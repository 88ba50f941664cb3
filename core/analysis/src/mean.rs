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

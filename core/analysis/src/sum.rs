//! Sum: `Σ v` over the cells of a column that are not blank.
//!
//! Blanks are stored as 0 and add nothing. The decrypted integer is `Σ v·10^scale`, so the sum is exact, except that
//! cells may have been rounded to the scale when they were encrypted: then the error is at most `n·0.5·10^-scale`.

use num_bigint::{BigInt, BigUint};
use veilsum_protocol::manifest::EncryptedNumber;
use veilsum_protocol::plan::Aggregate;

use crate::exact;
use crate::plan::{Totals, Worth};

/// What the cloud must add up.
pub(crate) fn aggregates(number: &EncryptedNumber) -> Vec<Aggregate> {
    vec![Aggregate::Sum { column: number.column }]
}

/// The answer.
pub(crate) fn finish(number: &EncryptedNumber, totals: &Totals) -> Option<Worth> {
    let sum = BigInt::from(totals.sum(number.column)?);
    let error = if number.rounded {
        let cells = BigInt::from(totals.row_count.saturating_sub(number.missing_count)) * 5_u32;
        format!("off by at most {}, because cells were rounded", exact::decimal(&cells, number.scale + 1))
    } else {
        String::new()
    };
    Some(Worth {
        exact: exact::decimal(&sum, number.scale),
        float: exact::float(&sum, &BigUint::from(10_u32).pow(number.scale)),
        error,
    })
}

//! Count: cells of a column that are not blank.
//!
//! `n = Σ presence`. Where no cell is blank there is no presence column and n is the row count, which the signed
//! manifest has. Exact.

use num_bigint::BigInt;
use veilsum_protocol::manifest::EncryptedNumber;
use veilsum_protocol::plan::Aggregate;

use crate::plan::{Totals, Worth};

/// What the cloud must add up.
pub(crate) fn aggregates(number: &EncryptedNumber) -> Vec<Aggregate> {
    number.presence.map(|column| Aggregate::Sum { column }).into_iter().collect()
}

/// The count; `None` if the totals do not hold its aggregate or it cannot be a count.
pub(crate) fn count(number: &EncryptedNumber, totals: &Totals) -> Option<u64> {
    match number.presence {
        None => Some(totals.row_count),
        Some(column) => totals
            .sum(column)
            .and_then(|sum| u64::try_from(sum).ok())
            .filter(|&count| count <= totals.row_count),
    }
}

/// The answer.
pub(crate) fn finish(number: &EncryptedNumber, totals: &Totals) -> Option<Worth> {
    let count = count(number, totals)?;
    Some(Worth::integer(BigInt::from(count)))
}

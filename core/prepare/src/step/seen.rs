//! What steps that learn a few numbers of each column see of it.

use crate::error::StepError;
use crate::quantile::Quantiles;
use crate::row::Row;
use crate::schema::Column;
use crate::summary::Moments;

/// Moments of a column, and quantiles where they are wanted.
pub(in crate::step) type Seen = (Moments, Option<Quantiles>);

/// Takes note of the numbers in the rows that may be learnt from.
pub(in crate::step) fn see(columns: &[Column], seen: &mut [Seen], rows: &[Row]) -> Result<(), StepError> {
    for row in rows.iter().filter(|row| !row.is_test) {
        for (column, (moments, quantiles)) in columns.iter().zip(&mut *seen) {
            if let Some(number) = column.number(row)? {
                moments.push(number);
                if let Some(quantiles) = quantiles {
                    quantiles.push(number);
                }
            }
        }
    }
    Ok(())
}

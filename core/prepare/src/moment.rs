//! Dates and times that a step has computed, spelt like those of their column.

use veilsum_anonymise::date::DateFormat;
use veilsum_table::calendar::{SECONDS_PER_DAY, days_of, iso_date, iso_time};
use veilsum_table::types::{ColumnType, DateOrder};

/// Whether the numbers of a column stand for dates or times.
pub(crate) fn is_moment(kind: &ColumnType) -> bool {
    *kind == ColumnType::Time || form_of(kind).is_some()
}

/// How the dates of a column are written, as the crate of anonymisation says it; `None` if a column holds none.
pub(crate) fn form_of(kind: &ColumnType) -> Option<DateFormat> {
    let (ColumnType::Date { order } | ColumnType::DateTime { order }) = kind else { return None };
    Some(match order {
        DateOrder::YearMonthDay => DateFormat::YearMonthDay,
        DateOrder::DayMonthYear => DateFormat::DayMonthYear,
        DateOrder::MonthDayYear => DateFormat::MonthDayYear,
    })
}

/// The date or time that a number of the column stands for, in the column's order; days and seconds are rounded.
/// `None` for other columns, and outside of the years 1 to 9999.
///
/// Dates are days since 1970-01-01, dates with a time seconds since then, and times seconds since midnight.
#[must_use]
pub fn spelt(kind: &ColumnType, number: f64) -> Option<String> {
    match kind {
        ColumnType::Date { order } => date(*order, whole(number)?),
        ColumnType::DateTime { order } => {
            let seconds = whole(number)?;
            let day = date(*order, seconds.div_euclid(SECONDS_PER_DAY))?;
            let between = if *order == DateOrder::YearMonthDay { 'T' } else { ' ' };
            Some(format!("{day}{between}{}", iso_time(seconds.rem_euclid(SECONDS_PER_DAY), 0)))
        }
        ColumnType::Time => {
            let seconds = whole(number).filter(|seconds| (0..SECONDS_PER_DAY).contains(seconds))?;
            Some(iso_time(seconds, 0))
        }
        ColumnType::Plain
        | ColumnType::Identifier
        | ColumnType::Number { .. }
        | ColumnType::Money { .. }
        | ColumnType::Percent { .. }
        | ColumnType::Boolean { .. } => None,
        other => {
            debug_assert!(!is_moment(other), "a new type of moment needs a spelling");
            None
        }
    }
}

fn date(order: DateOrder, days: i64) -> Option<String> {
    let (first, last) = (days_of(1, 1, 1)?, days_of(9_999, 12, 31)?);
    if !(first..=last).contains(&days) {
        return None;
    }
    let iso = iso_date(days);
    let mut parts = iso.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    Some(match order {
        DateOrder::YearMonthDay => iso,
        DateOrder::DayMonthYear => format!("{day}.{month}.{year}"),
        DateOrder::MonthDayYear => format!("{month}/{day}/{year}"),
    })
}

#[expect(clippy::cast_possible_truncation, reason = "checked to be far within 64 bits")]
fn whole(number: f64) -> Option<i64> {
    let rounded = number.round();
    (rounded.abs() < 1e15).then_some(rounded as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_reads_as_the_moment_that_it_was() {
        let orders = DateOrder::ALL;
        for order in orders {
            for (kind, cell) in [
                (ColumnType::Date { order }, 19_782.0),
                (ColumnType::Date { order }, -30_000.0),
                (ColumnType::DateTime { order }, 1_709_211_900.0),
                (ColumnType::DateTime { order }, -1.0),
                (ColumnType::Time, 86_399.0),
            ] {
                let text = spelt(&kind, cell).unwrap();
                assert_eq!(
                    kind.number(&text).map(veilsum_table::decimal::Decimal::to_f64),
                    Some(cell),
                    "{text}"
                );
            }
        }
        assert_eq!(spelt(&ColumnType::Date { order: orders[1] }, 19_781.6).as_deref(), Some("29.02.2024"));
        for (kind, cell) in [
            (ColumnType::Plain, 1.0),
            (ColumnType::Time, -1.0),
            (ColumnType::Date { order: orders[0] }, 1e300),
            (ColumnType::Date { order: orders[0] }, -1e6),
        ] {
            assert_eq!(spelt(&kind, cell), None);
        }
    }
}

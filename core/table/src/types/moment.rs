//! Dates and times as people and programs write them.

use serde::{Deserialize, Serialize};

use crate::calendar::{SECONDS_PER_DAY, days_of};
use crate::decimal::Decimal;

/// Most decimals of a second.
const MAX_SECOND_DECIMALS: usize = 9;

/// The order in which a date is written. Years have four digits: of two, the century would be guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DateOrder {
    /// `2024-01-31`, also with points or slashes.
    YearMonthDay,
    /// `31.1.2024`, also with slashes or hyphens.
    DayMonthYear,
    /// `1/31/2024`, also with points or hyphens.
    MonthDayYear,
}

impl DateOrder {
    /// Every order.
    pub const ALL: [Self; 3] = [Self::YearMonthDay, Self::DayMonthYear, Self::MonthDayYear];

    pub(super) fn example(self) -> &'static str {
        match self {
            Self::YearMonthDay => "2024-01-31",
            Self::DayMonthYear => "31.1.2024",
            Self::MonthDayYear => "1/31/2024",
        }
    }
}

/// Days since 1970-01-01 of a cell that is a date.
pub(super) fn date_cell(cell: &str, order: DateOrder) -> Option<i64> {
    let separator = cell.chars().find(|letter| !letter.is_ascii_digit())?;
    if !matches!(separator, '-' | '.' | '/') {
        return None;
    }
    let mut parts = cell.split(separator);
    let [first, second, third] = [parts.next()?, parts.next()?, parts.next()?];
    if parts.next().is_some() {
        return None;
    }
    let [year, month, day] = match order {
        DateOrder::YearMonthDay => [first, second, third],
        DateOrder::DayMonthYear => [third, second, first],
        DateOrder::MonthDayYear => [third, first, second],
    };
    days_of(digits(year, 4..=4)?, digits(month, 1..=2)?, digits(day, 1..=2)?)
}

/// Seconds since midnight of a cell that is a time.
pub(super) fn time_cell(cell: &str) -> Option<Decimal> {
    let (clock, half) = split_half(cell);
    let mut parts = clock.split(':');
    let hour = digits(parts.next()?, 1..=2)?;
    let minute = digits(parts.next()?, 2..=2)?;
    let (second, fraction) = match parts.next() {
        None => (0, ""),
        Some(text) => {
            let (second, fraction) = text.split_once(['.', ',']).unwrap_or((text, ""));
            if second.len() != text.len() && fraction.is_empty() {
                return None;
            }
            (digits(second, 2..=2)?, fraction)
        }
    };
    let hour = match half {
        None => hour,
        Some(half) if (1..=12).contains(&hour) => hour % 12 + half,
        Some(_) => return None,
    };
    if parts.next().is_some()
        || hour > 23
        || minute > 59
        || second > 59
        || fraction.len() > MAX_SECOND_DECIMALS
    {
        return None;
    }
    let seconds = i128::from(hour * 3_600 + minute * 60 + second);
    if fraction.is_empty() {
        return Some(Decimal::new(seconds, 0));
    }
    let scale = u32::try_from(fraction.len()).ok()?;
    let decimals = digits(fraction, 1..=MAX_SECOND_DECIMALS)?;
    Some(Decimal::new(seconds * 10_i128.pow(scale) + i128::from(decimals), scale))
}

/// Seconds since 1970-01-01 00:00 of a cell that is a date with or without a time.
pub(super) fn date_time_cell(cell: &str, order: DateOrder) -> Option<Decimal> {
    let end = cell.find(['T', 't', ' ']).unwrap_or(cell.len());
    let days = date_cell(cell[..end].trim_end_matches(','), order)?;
    let time = cell.get(end + 1..).unwrap_or_default().trim_start();
    let (clock, offset) = split_offset(time)?;
    let clock = if time.is_empty() { Decimal::new(0, 0) } else { time_cell(clock)? };
    let power = 10_i128.pow(clock.scale());
    let whole = i128::from(days * SECONDS_PER_DAY - offset);
    Some(Decimal::new(whole * power + clock.mantissa(), clock.scale()))
}

/// A time and its offset from UTC in seconds.
fn split_offset(time: &str) -> Option<(&str, i64)> {
    if let Some(clock) = time.strip_suffix(['Z', 'z']) {
        return Some((clock.trim_end(), 0));
    }
    let Some(at) = time.rfind(['+', '-']) else { return Some((time, 0)) };
    let offset = &time[at + 1..];
    let (hours, minutes) = match offset.split_once(':') {
        Some(parts) => parts,
        None if offset.len() == 4 && offset.is_ascii() => offset.split_at(2),
        None => (offset, "00"),
    };
    let (hours, minutes) = (digits(hours, 2..=2)?, digits(minutes, 2..=2)?);
    if hours > 18 || minutes > 59 {
        return None;
    }
    let seconds = hours * 3_600 + minutes * 60;
    Some((time[..at].trim_end(), if time[at..].starts_with('-') { -seconds } else { seconds }))
}

/// A time without `AM` or `PM`, and the hours that these add.
fn split_half(cell: &str) -> (&str, Option<i64>) {
    let Some(at) = cell.len().checked_sub(2).filter(|at| cell.is_char_boundary(*at)) else {
        return (cell, None);
    };
    let (clock, half) = cell.split_at(at);
    if half.eq_ignore_ascii_case("am") {
        (clock.trim_end(), Some(0))
    } else if half.eq_ignore_ascii_case("pm") {
        (clock.trim_end(), Some(12))
    } else {
        (cell, None)
    }
}

fn digits(text: &str, lengths: std::ops::RangeInclusive<usize>) -> Option<i64> {
    let fits = lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_days() {
        let [ymd, dmy, mdy] = DateOrder::ALL;
        for (cell, order, expected) in [
            ("2024-02-29", ymd, Some(19_782)),
            ("2024/2/29", ymd, Some(19_782)),
            ("29.02.2024", dmy, Some(19_782)),
            ("29/2/2024", mdy, None),
            ("2/29/2024", mdy, Some(19_782)),
            ("29.2.24", dmy, None),
            ("2023-02-29", ymd, None),
            ("2024-02", ymd, None),
            ("2024-02-29-1", ymd, None),
            ("2024-02/29", ymd, None),
            ("+2024-02-29", ymd, None),
            ("", ymd, None),
        ] {
            assert_eq!(date_cell(cell, order), expected, "{cell}");
        }
    }

    #[test]
    fn times_are_seconds() {
        let [ymd, dmy, mdy] = DateOrder::ALL;
        for (cell, order, expected) in [
            ("1970-01-02T00:00:01Z", ymd, Some("86401")),
            ("1970-01-01 00:00:00.250", ymd, Some("0.25")),
            ("1970-01-01T02:00+02:00", ymd, Some("0")),
            ("1970-01-01T02:00:00-0130", ymd, Some("12600")),
            ("1970-01-01T02:00:00+02", ymd, Some("0")),
            ("1.1.1970 1:00", dmy, Some("3600")),
            ("1/1/1970, 12:30 AM", mdy, Some("1800")),
            ("1/1/1970 12:30 PM", mdy, Some("45000")),
            ("1/1/1970 13:30 PM", mdy, None),
            ("1969-12-31T23:59:59.5", ymd, Some("-0.5")),
            ("1970-01-01", ymd, Some("0")),
            ("1970-01-01 24:00", ymd, None),
            ("1970-01-01 1:5", ymd, None),
            ("1970-01-01T1:05:00.", ymd, None),
            ("1970-01-01T1:05+99:00", ymd, None),
        ] {
            let seconds = date_time_cell(cell, order).map(|seconds| seconds.to_string());
            assert_eq!(seconds.as_deref(), expected, "{cell}");
        }
        assert_eq!(time_cell("13:05").map(|seconds| seconds.to_string()).as_deref(), Some("47100"));
        assert_eq!(time_cell("é"), None);
    }
}

//! Days of the Gregorian calendar, also before it was in use: text to days since 1970-01-01, and back.

/// Seconds of a day; leap seconds are not counted, as in POSIX.
pub const SECONDS_PER_DAY: i64 = 86_400;

/// Days from 1970-01-01 to a date; `None` if there is no such date. Years are 1 to 9999.
///
/// The algorithm is H. Hinnant's `days_from_civil`: years start in March, so that a leap day is the last of its year.
#[must_use]
pub fn days_of(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=9_999).contains(&year)
        || !(1..=12).contains(&month)
        || !(1..=days_in(year, month)).contains(&day)
    {
        return None;
    }
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted - era * 400;
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

/// `2024-02-29`; years below 0 or above 9999 are written with a sign.
#[must_use]
pub fn iso_date(days: i64) -> String {
    let shifted = days.saturating_add(719_468);
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted - era * 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    if (0..=9_999).contains(&year) {
        format!("{year:04}-{month:02}-{day:02}")
    } else {
        format!("{year:+05}-{month:02}-{day:02}")
    }
}

/// `2024-02-29T13:05:00`, with as many decimals of `nanoseconds` as it takes.
#[must_use]
pub fn iso_timestamp(seconds: i64, nanoseconds: u32) -> String {
    let (days, second) = (seconds.div_euclid(SECONDS_PER_DAY), seconds.rem_euclid(SECONDS_PER_DAY));
    format!("{}T{}", iso_date(days), iso_time(second, nanoseconds))
}

/// `13:05:00`, with as many decimals of `nanoseconds` as it takes.
#[must_use]
pub fn iso_time(second_of_day: i64, nanoseconds: u32) -> String {
    let (hour, minute, second) = (second_of_day / 3_600, second_of_day / 60 % 60, second_of_day % 60);
    let mut text = format!("{hour:02}:{minute:02}:{second:02}");
    if nanoseconds > 0 {
        text.push_str(format!(".{nanoseconds:09}").trim_end_matches('0'));
    }
    text
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_days_that_others_publish() {
        assert_eq!(days_of(1970, 1, 1), Some(0));
        assert_eq!(days_of(2000, 3, 1), Some(11_017));
        assert_eq!(days_of(1969, 12, 31), Some(-1));
        assert_eq!(days_of(2024, 2, 29), Some(19_782));
        for (year, month, day) in
            [(1900, 2, 29), (2023, 2, 29), (2024, 4, 31), (2024, 13, 1), (0, 1, 1), (2024, 1, 0)]
        {
            assert_eq!(days_of(year, month, day), None);
        }
    }

    #[test]
    fn goes_there_and_back() {
        for days in (-719_162..2_932_896).step_by(97) {
            let text = iso_date(days);
            let part = |range: std::ops::Range<usize>| text[range].parse().unwrap();
            assert_eq!(days_of(part(0..4), part(5..7), part(8..10)), Some(days), "{text}");
        }
        assert_eq!(iso_timestamp(-1, 500_000_000), "1969-12-31T23:59:59.5");
        assert!(iso_date(i64::MAX).starts_with('+'));
    }
}

//! Calendar dates as text: read, counted in days, written again in the same form.

use serde::{Deserialize, Serialize};

use crate::hierarchy::is_blank;
use crate::table::Column;

/// How the dates of a column are written. A time of day behind the date (`T10:30`, ` 10:30:00`) is kept as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DateFormat {
    /// `2026-11-26` (ISO 8601).
    YearMonthDay,
    /// `26.11.2026`, `26/11/2026` or `26-11-2026`.
    DayMonthYear,
    /// `11/26/2026`, `11.26.2026` or `11-26-2026`.
    MonthDayYear,
}

/// A date, where it stood in its cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Date<'a> {
    /// Days since 1970-01-01 in the Gregorian calendar.
    pub days: i64,
    separator: char,
    padded: bool,
    format: DateFormat,
    /// Time of day or nothing.
    rest: &'a str,
}

/// Day, month and year of a day count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Civil {
    pub year: i64,
    pub month: u8,
    pub day: u8,
}

impl DateFormat {
    /// The form in which every one of these cells is a date, blank ones aside; `None` if there is none. Where cells
    /// can be read with either day or month first, the day is taken to be first.
    pub fn of<'a>(cells: impl IntoIterator<Item = &'a str> + Clone) -> Option<Self> {
        let mut present = cells.clone().into_iter().filter(|cell| !cell.trim().is_empty()).peekable();
        present.peek()?;
        [Self::YearMonthDay, Self::DayMonthYear, Self::MonthDayYear].into_iter().find(|format| {
            cells
                .clone()
                .into_iter()
                .filter(|cell| !cell.trim().is_empty())
                .all(|cell| format.read(cell).is_some())
        })
    }

    /// A form that was chosen, if every cell of the column is a date in it; without one the form that is found.
    pub(crate) fn chosen(choice: Option<Self>, column: &Column) -> Option<Self> {
        let cells = column.values().iter().map(String::as_str);
        match choice {
            None => Self::of(cells),
            Some(format) => {
                cells.clone().all(|cell| is_blank(cell) || format.read(cell).is_some()).then_some(format)
            }
        }
    }

    /// Days since 1970-01-01; `None` if the cell is no date in this form.
    #[must_use]
    pub fn days(self, cell: &str) -> Option<i64> {
        self.read(cell).map(|date| date.days)
    }

    /// The cell's date `days` later, in the same spelling; `None` if the cell is no date in this form or the year would
    /// not have four digits.
    #[must_use]
    pub fn shift(self, cell: &str, days: i64) -> Option<String> {
        let date = self.read(cell)?;
        let year = Civil::from_days(date.days.checked_add(days).filter(|days| days.abs() < 5_000_000)?).year;
        (0..=9_999).contains(&year).then(|| date.shifted(days))
    }

    pub(crate) fn read(self, cell: &str) -> Option<Date<'_>> {
        let cell = cell.trim();
        let end = cell.find(['T', ' ']).unwrap_or(cell.len());
        let (date, rest) = cell.split_at(end);
        if !rest.is_empty() && !is_time(rest) {
            return None;
        }
        let separator = date.chars().find(|c| !c.is_ascii_digit())?;
        let allowed: &[char] = match self {
            Self::YearMonthDay => &['-', '/', '.'],
            Self::DayMonthYear | Self::MonthDayYear => &['.', '/', '-'],
        };
        if !allowed.contains(&separator) {
            return None;
        }
        let mut parts = date.split(separator);
        let (first, second, third) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let (year, month, day) = match self {
            Self::YearMonthDay => (first, second, third),
            Self::DayMonthYear => (third, second, first),
            Self::MonthDayYear => (third, first, second),
        };
        let digits = |text: &str, lengths: &[usize]| {
            (lengths.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()))
                .then(|| text.parse::<u16>().ok())
                .flatten()
        };
        let year = digits(year, &[4])?;
        let civil = Civil {
            year: year.into(),
            month: u8::try_from(digits(month, &[1, 2])?).ok()?,
            day: u8::try_from(digits(day, &[1, 2])?).ok()?,
        };
        let padded = month.len() == 2 && day.len() == 2;
        civil.is_valid().then(|| Date { days: civil.to_days(), separator, padded, format: self, rest })
    }
}

impl Date<'_> {
    /// The date `days` later, written in the same form.
    fn shifted(&self, days: i64) -> String {
        let Civil { year, month, day } = Civil::from_days(self.days + days);
        let two = |number: u8| if self.padded { format!("{number:02}") } else { number.to_string() };
        let (year, month, day, mark) = (format!("{year:04}"), two(month), two(day), self.separator);
        let date = match self.format {
            DateFormat::YearMonthDay => format!("{year}{mark}{month}{mark}{day}"),
            DateFormat::DayMonthYear => format!("{day}{mark}{month}{mark}{year}"),
            DateFormat::MonthDayYear => format!("{month}{mark}{day}{mark}{year}"),
        };
        date + self.rest
    }
}

impl Civil {
    pub(crate) fn is_valid(self) -> bool {
        (1..=12).contains(&self.month) && self.day >= 1 && self.day <= days_in(self.year, self.month)
    }

    /// Days since 1970-01-01, by Hinnant's algorithm over 400-year eras that begin on 1 March.
    pub(crate) fn to_days(self) -> i64 {
        let year = if self.month <= 2 { self.year - 1 } else { self.year };
        let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let month = (i64::from(self.month) + 9) % 12;
        let of_year = (153 * month + 2) / 5 + i64::from(self.day) - 1;
        era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
    }

    pub(crate) fn from_days(days: i64) -> Self {
        let days = days + 719_468;
        let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * of_year + 2) / 153;
        let small = |number: i64| u8::try_from(number).expect("days and months are below 32");
        let day = small(of_year - (153 * shifted_month + 2) / 5 + 1);
        let month = small(if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 });
        Self { year: year_of_era + era * 400 + i64::from(month <= 2), month, day }
    }
}

fn days_in(year: i64, month: u8) -> u8 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Whether text behind a date looks like a time of day.
fn is_time(rest: &str) -> bool {
    rest.len() >= 5 && rest.chars().all(|c| c.is_ascii_digit() || "T :.+-Z".contains(c)) && rest.contains(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_agree_over_four_centuries() {
        let mut expected = Civil { year: 1800, month: 1, day: 1 };
        let start = expected.to_days();
        for days in start..start + 146_097 {
            assert_eq!(Civil::from_days(days), expected);
            assert_eq!(expected.to_days(), days);
            expected.day += 1;
            if !expected.is_valid() {
                expected = Civil { day: 1, month: expected.month + 1, ..expected };
            }
            if expected.month == 13 {
                expected = Civil { year: expected.year + 1, month: 1, day: 1 };
            }
        }
        assert_eq!(Civil { year: 1970, month: 1, day: 1 }.to_days(), 0);
    }

    #[test]
    fn keeps_the_form_when_shifted() {
        for (cell, format, shifted) in [
            ("2024-02-28", DateFormat::YearMonthDay, "2024-03-01"),
            ("28.2.2024", DateFormat::DayMonthYear, "1.3.2024"),
            ("02/28/2024 10:30", DateFormat::MonthDayYear, "03/01/2024 10:30"),
            ("2023-12-31T23:59:59Z", DateFormat::YearMonthDay, "2024-01-02T23:59:59Z"),
        ] {
            assert_eq!(format.shift(cell, 2).as_deref(), Some(shifted));
        }
        assert_eq!(DateFormat::YearMonthDay.shift("9999-12-31", 1), None);
        assert_eq!(DateFormat::YearMonthDay.shift("2020-01-01", i64::MAX), None);
    }

    #[test]
    fn refuses_what_is_no_date() {
        for cell in [
            "2023-02-29",
            "2023-13-01",
            "2023-00-10",
            "23-01-01",
            "2023-01",
            "2023-01-01-01",
            "x",
            "",
            "2023-01-01 x",
        ] {
            assert_eq!(DateFormat::YearMonthDay.days(cell), None, "{cell}");
        }
    }

    #[test]
    fn finds_the_one_form_that_fits_all() {
        assert_eq!(DateFormat::of(["01/02/2020", "", "13/02/2020"]), Some(DateFormat::DayMonthYear));
        assert_eq!(DateFormat::of(["01/02/2020", "01/13/2020"]), Some(DateFormat::MonthDayYear));
        assert_eq!(DateFormat::of(["13/02/2020", "01/13/2020"]), None);
        assert_eq!(DateFormat::of(["", " "]), None);
    }
}

//! Dates: day, month, quarter, year, decade.

use super::{Cover, Group, Hierarchy, HierarchyError, Level, without_idle};
use crate::date::{Civil, DateFormat};
use crate::table::Column;

impl Hierarchy {
    /// Day → `2026-11` → `2026-Q4` → `2026` → `2020s` → any. A blank cell stays blank until it becomes "any". A level
    /// that puts nothing together is left out. Without a form the one is taken that fits all cells.
    ///
    /// # Errors
    /// [`HierarchyError::NotDates`] if the cells are not all dates of one form.
    pub fn dates(column: &Column, format: Option<DateFormat>) -> Result<Self, HierarchyError> {
        let not_dates = || HierarchyError::NotDates { column: column.name().to_owned() };
        let format = DateFormat::chosen(format, column).ok_or_else(not_dates)?;
        let days: Vec<Option<i64>> = column.values().iter().map(|value| format.days(value)).collect();
        let (low, high) = (days.iter().flatten().min(), days.iter().flatten().max());
        let (Some(low), Some(high)) = (low, high) else { return Err(not_dates()) };
        let range = high - low;
        let mut levels = vec![Level::new(column.values(), |_, label, _| Group::exactly(label))];
        for step in [Step::Month, Step::Quarter, Step::Year, Step::Decade] {
            let labels: Vec<String> = days
                .iter()
                .map(|days| days.map_or_else(String::new, |days| step.label(Civil::from_days(days))))
                .collect();
            levels.push(Level::new(&labels, |first, label, members| {
                let Some(days) = days[first] else {
                    return Group::blank(members.iter().map(|at| column.value(*at)));
                };
                let (from, to) = step.bounds(Civil::from_days(days));
                let loss = if range > 0 { ((to - from) as f64 / range as f64).min(1.0) } else { 1.0 };
                Group { label: label.to_owned(), loss, cover: Cover::Days { low: from, high: to, format } }
            }));
        }
        Ok(Self::with_top(column.values().to_vec(), without_idle(levels)))
    }
}

#[derive(Clone, Copy)]
enum Step {
    Month,
    Quarter,
    Year,
    Decade,
}

impl Step {
    fn label(self, date: Civil) -> String {
        let Civil { year, month, .. } = date;
        match self {
            Self::Month => format!("{year:04}-{month:02}"),
            Self::Quarter => format!("{year:04}-Q{}", month.div_ceil(3)),
            Self::Year => format!("{year:04}"),
            Self::Decade => format!("{:04}s", year.div_euclid(10) * 10),
        }
    }

    /// First and last day.
    fn bounds(self, date: Civil) -> (i64, i64) {
        let Civil { year, month, .. } = date;
        let (first_year, first_month, months) = match self {
            Self::Month => (year, month, 1),
            Self::Quarter => (year, (month - 1) / 3 * 3 + 1, 3),
            Self::Year => (year, 1, 12),
            Self::Decade => (year.div_euclid(10) * 10, 1, 120),
        };
        let after = i64::from(first_month) - 1 + months;
        let next_month = u8::try_from(after % 12 + 1).expect("a month is below 13");
        let next = Civil { year: first_year + after / 12, month: next_month, day: 1 };
        (Civil { year: first_year, month: first_month, day: 1 }.to_days(), next.to_days() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Table;

    #[test]
    fn a_day_becomes_month_quarter_year_decade() {
        let table = Table::from_rows(
            &["d"],
            [
                ["31.12.1999"],
                ["1.1.2000"],
                ["15.11.2026"],
                ["16.11.2026"],
                ["1.10.2026"],
                ["2.2.2026"],
                ["3.3.2025"],
                [""],
            ],
        )
        .unwrap();
        let hierarchy = Hierarchy::dates(&table.columns()[0], None).unwrap();
        let path: Vec<_> =
            (0..hierarchy.level_count()).map(|at| hierarchy.label("15.11.2026", at).unwrap()).collect();
        assert_eq!(path, ["15.11.2026", "2026-11", "2026-Q4", "2026", "2020s", "*"]);
        assert_eq!(hierarchy.label("31.12.1999", 4), Some("1990s"));
        for (at, value) in hierarchy.values.iter().enumerate() {
            for level in &hierarchy.levels {
                assert!(level.groups[level.group_of[at] as usize].covers(value), "{value}");
            }
        }
    }

    #[test]
    fn refuses_cells_that_are_no_dates() {
        let table = Table::from_rows(&["d"], [["2020-01-01"], ["soon"]]).unwrap();
        let error = Hierarchy::dates(&table.columns()[0], None).unwrap_err();
        assert_eq!(error, HierarchyError::NotDates { column: "d".to_owned() });
    }
}

//! Numbers in nested intervals.

use serde::{Deserialize, Serialize};

use super::{Cover, Group, Hierarchy, HierarchyError, Level, MAX_LEVELS, is_blank, number, without_idle};
use crate::table::Column;

/// Intervals `[start + i·w, start + (i + 1)·w)` with `w = width · factor^level`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NumberLevels {
    /// An edge of intervals at every level.
    pub start: f64,
    /// Width at the first level.
    pub width: f64,
    /// How many intervals make one of the next level.
    pub factor: u32,
    /// Levels of intervals, between the number itself and "any".
    pub levels: u32,
}

impl NumberLevels {
    /// Round widths: about 32 intervals at the first level, each level twice as wide, as long as there are at least
    /// two; whole numbers in steps of at least 1.
    ///
    /// # Errors
    /// [`HierarchyError::NotANumber`], [`HierarchyError::Blank`].
    pub fn automatic(column: &Column) -> Result<Self, HierarchyError> {
        let (low, high) = range(column)?;
        let whole =
            column.values().iter().filter_map(|value| number(value)).all(|number| number.fract() == 0.0);
        let width = round_up((high - low) / 32.0).max(if whole { 1.0 } else { 0.0 });
        let mut proposal = Self { start: 0.0, width, factor: 2, levels: 1 };
        while proposal.levels < 30 && !proposal.is_one_interval(low, high, proposal.levels + 1) {
            proposal.levels += 1;
        }
        Ok(proposal)
    }

    fn is_one_interval(&self, low: f64, high: f64, levels: u32) -> bool {
        let of = |number| self.interval(number).div_euclid(self.step(levels - 1));
        of(low) == of(high)
    }

    /// First-level interval of a number: consistent with the edges as they are written.
    fn interval(&self, number: f64) -> i64 {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a float is cast to the nearest integer there is"
        )]
        let mut at = ((number - self.start) / self.width).floor() as i64;
        at = at.clamp(-(1 << 52), 1 << 52);
        while self.edge(at) > number && at > -(1 << 52) {
            at -= 1;
        }
        while self.edge(at + 1) <= number && at < 1 << 52 {
            at += 1;
        }
        at
    }

    /// Lower edge of a first-level interval, to 12 significant digits.
    fn edge(&self, at: i64) -> f64 {
        let edge = self.start + at as f64 * self.width;
        format!("{edge:.11e}").parse().unwrap_or(edge)
    }

    /// First-level intervals in one of level `level`, from 0.
    fn step(&self, level: u32) -> i64 {
        i64::from(self.factor).checked_pow(level).map_or(1 << 52, |step| step.min(1 << 52))
    }
}

impl Hierarchy {
    /// Numbers in intervals of growing width. A blank cell stays blank until it becomes "any". A level that puts nothing
    /// together is left out.
    ///
    /// # Errors
    /// [`HierarchyError::NotANumber`], [`HierarchyError::Blank`], [`HierarchyError::Intervals`].
    pub fn numbers(column: &Column, settings: &NumberLevels) -> Result<Self, HierarchyError> {
        let NumberLevels { start, width, factor, levels } = *settings;
        let sound = width > 0.0 && width.is_finite() && start.is_finite() && factor >= 2;
        if !sound || levels == 0 || levels as usize > MAX_LEVELS - 2 {
            return Err(HierarchyError::Intervals);
        }
        let (low, high) = range(column)?;
        let exact = Level::new(column.values(), |_, label, _| Group::exactly(label));
        let intervals: Vec<Option<i64>> = column
            .values()
            .iter()
            .map(|value| number(value).map(|number| settings.interval(number)))
            .collect();
        let mut made = vec![exact];
        for level in 0..levels {
            let step = settings.step(level);
            let edges = |at: i64| {
                let first = at.div_euclid(step);
                (settings.edge(first.saturating_mul(step)), settings.edge((first + 1).saturating_mul(step)))
            };
            let labels: Vec<String> = intervals
                .iter()
                .map(|at| at.map_or_else(String::new, |at| format!("[{}, {})", edges(at).0, edges(at).1)))
                .collect();
            made.push(Level::new(&labels, |first, label, members| {
                let Some(at) = intervals[first] else {
                    return Group::blank(members.iter().map(|at| column.value(*at)));
                };
                let (from, to) = edges(at);
                let loss = if high > low { ((to - from) / (high - low)).min(1.0) } else { 1.0 };
                let cover = Cover::Numbers { low: from, high: to, high_included: false };
                Group { label: label.to_owned(), loss, cover }
            }));
        }
        Ok(Self::with_top(column.values().to_vec(), without_idle(made)))
    }
}

/// Smallest and largest number of a column that holds nothing else.
pub(crate) fn range(column: &Column) -> Result<(f64, f64), HierarchyError> {
    let mut range: Option<(f64, f64)> = None;
    for (code, value) in (0_u32..).zip(column.values()) {
        if is_blank(value) {
            continue;
        }
        let number = number(value).ok_or_else(|| HierarchyError::NotANumber {
            column: column.name().to_owned(),
            row: column.first_row_of(code),
        })?;
        range = Some(range.map_or((number, number), |(low, high)| (low.min(number), high.max(number))));
    }
    range.ok_or_else(|| HierarchyError::Blank { column: column.name().to_owned() })
}

/// The smallest of 1, 2 or 5 · 10ᵏ that is not below a positive number; 1 for 0.
fn round_up(width: f64) -> f64 {
    if width <= 0.0 || !width.is_finite() {
        return 1.0;
    }
    let power = 10_f64.powf(width.log10().floor());
    let nice =
        [1.0, 2.0, 5.0, 10.0].into_iter().map(|step| step * power).find(|nice| *nice >= width * 0.999_999);
    let nice = nice.unwrap_or(width);
    format!("{nice:.3e}").parse().unwrap_or(nice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Table;

    fn column(cells: &[&str]) -> Column {
        Table::from_rows(&["x"], cells.iter().map(|cell| [*cell])).unwrap().columns()[0].clone()
    }

    #[test]
    fn ages_go_from_five_years_to_any() {
        let ages = column(&["17", "90", "34", "33", "35", "25", "45", ""]);
        let levels = NumberLevels::automatic(&ages).unwrap();
        assert_eq!((levels.start, levels.width, levels.factor), (0.0, 5.0, 2));
        let hierarchy = Hierarchy::numbers(&ages, &levels).unwrap();
        let path: Vec<_> =
            (0..hierarchy.level_count()).map(|at| hierarchy.label("34", at).unwrap()).collect();
        assert_eq!(path, ["34", "[30, 35)", "[30, 40)", "[20, 40)", "[0, 40)", "[0, 80)", "*"]);
        assert_eq!(hierarchy.label("35", 1), Some("[35, 40)"));
        assert_eq!(hierarchy.label("", 5), Some(""));
        assert_eq!(hierarchy.label("", 6), Some("*"));
    }

    #[test]
    fn an_edge_belongs_to_the_interval_that_starts_there() {
        let cells: Vec<String> = (0..40).map(|tenth| format!("0.{tenth:02}")).collect();
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        let column = column(&cells);
        let levels = NumberLevels { start: 0.0, width: 0.1, factor: 2, levels: 2 };
        let hierarchy = Hierarchy::numbers(&column, &levels).unwrap();
        assert_eq!(hierarchy.label("0.30", 1), Some("[0.3, 0.4)"));
        for (at, value) in hierarchy.values.iter().enumerate() {
            for level in &hierarchy.levels {
                assert!(level.groups[level.group_of[at] as usize].covers(value), "{value}");
            }
        }
    }

    #[test]
    fn refuses_text_and_senseless_widths() {
        let error = NumberLevels::automatic(&column(&["1", "", "x"])).unwrap_err();
        assert_eq!(error, HierarchyError::NotANumber { column: "x".to_owned(), row: 3 });
        for cells in [["1e309"], ["NaN"], ["inf"]] {
            assert!(NumberLevels::automatic(&column(&cells)).is_err());
        }
        let levels = NumberLevels { start: 0.0, width: 0.0, factor: 2, levels: 2 };
        assert_eq!(Hierarchy::numbers(&column(&["1"]), &levels), Err(HierarchyError::Intervals));
    }
}

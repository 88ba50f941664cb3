//! How the cells of a column become vaguer, level by level.
//!
//! Level 0 is the cell itself, the last level is `*` for every cell. Levels are nested: two cells that share a group
//! share one at every higher level. So a table only ever loses information on the way up, which is what the searches
//! rely on.

mod category;
mod csv;
mod date;
mod number;
mod postcode;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use thiserror::Error;

pub use self::csv::CsvFault;
pub use self::number::NumberLevels;

use crate::table::Column;

/// What stands for every value.
pub const ANY: &str = "*";
/// Most levels, that of the cells themselves included.
pub const MAX_LEVELS: usize = 32;

/// The generalisations of one column.
#[derive(Clone, PartialEq)]
pub struct Hierarchy {
    values: Vec<String>,
    /// At least two; each maps every value.
    levels: Vec<Level>,
}

/// One level: the groups of values that are not told apart.
#[derive(Clone, PartialEq)]
pub(crate) struct Level {
    /// Group of each value.
    pub group_of: Vec<u32>,
    /// The groups.
    pub groups: Vec<Arc<Group>>,
}

/// What is published in place of a cell.
#[derive(Clone, PartialEq)]
pub struct Group {
    /// The text that is published.
    pub label: String,
    /// Normalised certainty penalty: 0 for a cell that is unchanged, 1 for [`ANY`]. Width over range for intervals,
    /// values in the group over values of the column for categories [GKKM07].
    pub loss: f64,
    /// What the group stands for.
    pub(crate) cover: Cover,
}

/// What a group stands for.
#[derive(Clone, PartialEq)]
pub(crate) enum Cover {
    /// Everything.
    Any,
    /// These cells, sorted.
    Cells(Vec<String>),
    /// Numbers from `low` to `high`.
    Numbers { low: f64, high: f64, high_included: bool },
    /// Days from `low` to `high`, both included.
    Days { low: i64, high: i64, format: crate::date::DateFormat },
}

/// Why there is no hierarchy for a column.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HierarchyError {
    /// A cell that should be a number is none.
    #[error(
        "Column \"{column}\" cannot be put into intervals: row {row} holds no number. Choose categories, or correct it."
    )]
    NotANumber {
        /// Name of the column.
        column: String,
        /// Row, from 1.
        row: usize,
    },
    /// The cells are not all dates of one form.
    #[error(
        "Column \"{column}\" cannot be put into months and years: its cells are not all dates of one form."
    )]
    NotDates {
        /// Name of the column.
        column: String,
    },
    /// Every cell is blank.
    #[error("Column \"{column}\" is blank: leave it out.")]
    Blank {
        /// Name of the column.
        column: String,
    },
    /// The widths of intervals make no sense.
    #[error("Intervals need a positive width, a factor of at least 2 and 1 to 30 levels.")]
    Intervals,
    /// A value of the column is not in the hierarchy.
    #[error(
        "The hierarchy of column \"{column}\" lacks the value of row {row}. Add a line for it, or correct the cell."
    )]
    MissingValue {
        /// Name of the column.
        column: String,
        /// Row, from 1.
        row: usize,
    },
    /// The file of an own hierarchy is faulty.
    #[error("Line {line} of the hierarchy: {fault}")]
    File {
        /// Line, from 1.
        line: u64,
        /// What is wrong.
        fault: CsvFault,
    },
}

impl Hierarchy {
    /// Dates by month to decade, numbers in intervals, anything else by frequency. (What looks like a number may be a
    /// postcode: see [`Self::postcodes`].)
    #[must_use]
    pub fn automatic(column: &Column) -> Self {
        Self::dates(column, None)
            .or_else(|_| Self::numbers(column, &NumberLevels::automatic(column)?))
            .unwrap_or_else(|_| Self::categories(column))
    }

    /// Two levels: the cell, or [`ANY`].
    #[must_use]
    pub fn all_or_nothing(column: &Column) -> Self {
        Self::from_labels(column.values().to_vec(), &[])
    }

    /// Levels, that of the cells themselves included.
    #[must_use]
    pub fn level_count(&self) -> usize {
        self.levels.len()
    }

    /// Values that it knows.
    #[must_use]
    pub fn value_count(&self) -> usize {
        self.values.len()
    }

    /// What a value is published as at a level; `None` if either is not there.
    #[must_use]
    pub fn label(&self, value: &str, level: usize) -> Option<&str> {
        let at = self.values.iter().position(|known| known == value)?;
        let level = self.levels.get(level)?;
        Some(&level.groups[level.group_of[at] as usize].label)
    }

    /// The file that [`Self::from_csv`] reads, with this delimiter.
    #[must_use]
    pub fn to_csv(&self, delimiter: u8) -> String {
        let mut writer = ::csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
        for (at, value) in self.values.iter().enumerate() {
            let labels =
                self.levels[1..].iter().map(|level| &level.groups[level.group_of[at] as usize].label);
            // A vector takes all bytes, and every line has as many fields.
            let _ = writer.write_record(std::iter::once(value).chain(labels));
        }
        String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
    }

    pub(crate) fn levels(&self) -> &[Level] {
        &self.levels
    }

    /// For each value of the column its position in this hierarchy.
    pub(crate) fn bind(&self, column: &Column) -> Result<Vec<u32>, HierarchyError> {
        let known: HashMap<&str, u32> =
            (0_u32..).zip(&self.values).map(|(at, value)| (value.as_str(), at)).collect();
        let bind = |(code, value): (u32, &String)| {
            known.get(value.as_str()).copied().ok_or_else(|| HierarchyError::MissingValue {
                column: column.name().to_owned(),
                row: column.first_row_of(code),
            })
        };
        (0_u32..).zip(column.values()).map(bind).collect()
    }

    /// A hierarchy of categories. `labels[i]` holds the labels of level `i + 1`, one for each value; they are nested.
    /// A last level of [`ANY`] is added where it lacks.
    pub(crate) fn from_labels(values: Vec<String>, labels: &[Vec<String>]) -> Self {
        let value_count = values.len();
        let cells = |label: &str, members: &[u32]| {
            let mut cells: Vec<String> = members.iter().map(|at| values[*at as usize].clone()).collect();
            cells.sort_unstable();
            let loss = match members.len() {
                1 => 0.0,
                count => ratio(count, value_count),
            };
            Group { label: label.to_owned(), loss, cover: Cover::Cells(cells) }
        };
        let mut levels = vec![Level::new(&values, |_, label, members| cells(label, members))];
        levels.extend(
            labels.iter().map(|of_level| Level::new(of_level, |_, label, members| cells(label, members))),
        );
        Self::with_top(values, levels)
    }

    /// Ends the levels with one of [`ANY`].
    pub(crate) fn with_top(values: Vec<String>, mut levels: Vec<Level>) -> Self {
        while levels.len() > 1 && levels.last().is_some_and(|level| level.groups.len() <= 1) {
            levels.pop();
        }
        levels.push(Level { group_of: vec![0; values.len()], groups: vec![Arc::new(Group::any())] });
        Self { values, levels }
    }
}

impl Level {
    /// Groups values by label. `make` is given the first member's position, the label and all members.
    pub(crate) fn new(labels: &[String], make: impl Fn(usize, &str, &[u32]) -> Group) -> Self {
        let mut known: HashMap<&str, u32> = HashMap::new();
        let mut members: Vec<Vec<u32>> = Vec::new();
        let mut group_of = Vec::with_capacity(labels.len());
        for (at, label) in (0_u32..).zip(labels) {
            let next = u32::try_from(members.len()).expect("there are no more groups than values");
            let group = *known.entry(label).or_insert(next);
            if group == next {
                members.push(Vec::new());
            }
            members[group as usize].push(at);
            group_of.push(group);
        }
        let groups = members
            .iter()
            .map(|members| {
                let first = members[0] as usize;
                Arc::new(make(first, &labels[first], members))
            })
            .collect();
        Self { group_of, groups }
    }
}

impl Group {
    pub(crate) fn any() -> Self {
        Self { label: ANY.to_owned(), loss: 1.0, cover: Cover::Any }
    }

    /// One cell, unchanged.
    pub(crate) fn exactly(cell: &str) -> Self {
        Self { label: cell.to_owned(), loss: 0.0, cover: Cover::Cells(vec![cell.to_owned()]) }
    }

    /// Blank cells, in whatever spelling.
    pub(crate) fn blank<'a>(cells: impl Iterator<Item = &'a str>) -> Self {
        let mut cells: Vec<String> = cells.map(str::to_owned).collect();
        cells.sort_unstable();
        Self { label: String::new(), loss: 0.0, cover: Cover::Cells(cells) }
    }

    /// Whether a cell may stand behind this group.
    #[must_use]
    pub fn covers(&self, cell: &str) -> bool {
        match &self.cover {
            Cover::Any => true,
            Cover::Cells(cells) => cells.binary_search_by(|known| known.as_str().cmp(cell)).is_ok(),
            Cover::Numbers { low, high, high_included } => number(cell).is_some_and(|number| {
                *low <= number && (number < *high || *high_included && number == *high)
            }),
            Cover::Days { low, high, format } => {
                format.days(cell).is_some_and(|days| *low <= days && days <= *high)
            }
        }
    }
}

/// Leaves out levels that put nothing together: groups are nested, so that as many groups are the same groups.
pub(crate) fn without_idle(levels: Vec<Level>) -> Vec<Level> {
    let mut kept: Vec<Level> = Vec::with_capacity(levels.len());
    for level in levels {
        if kept.last().is_none_or(|before| level.groups.len() < before.groups.len()) {
            kept.push(level);
        }
    }
    kept
}

/// A finite number; `None` if the cell is none.
pub(crate) fn number(cell: &str) -> Option<f64> {
    cell.trim().parse::<f64>().ok().filter(|number| number.is_finite())
}

pub(crate) fn is_blank(cell: &str) -> bool {
    cell.trim().is_empty()
}

/// `part / whole`, both far below 2⁵³.
pub(crate) fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Says the shape; values stay out of logs.
impl fmt::Debug for Hierarchy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hierarchy")
            .field("values", &self.values.len())
            .field("levels", &self.levels.len())
            .finish_non_exhaustive()
    }
}

/// Says the loss; the label stays out of logs.
impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group").field("loss", &self.loss).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Table;

    #[test]
    fn the_kind_of_hierarchy_follows_the_cells() {
        let rows = [
            ["2024-01-01", "1", "a"],
            ["2024-01-02", "2", "a"],
            ["2024-02-01", "9", "2"],
            ["2025-01-01", "", "b"],
        ];
        let table = Table::from_rows(&["day", "number", "word"], rows).unwrap();
        let [day, number, word] = [0, 1, 2].map(|at| Hierarchy::automatic(&table.columns()[at]));
        assert_eq!(day.label("2024-01-02", 1), Some("2024-01"));
        assert_eq!(day.label("2024-01-02", 2), Some("2024-Q1"));
        assert_eq!(number.label("2", 1), Some("[0, 4)"), "intervals of one and of two put nothing together");
        assert_eq!(word.level_count(), 2);
        assert_eq!(word.label("b", 1), Some(ANY));
    }
}

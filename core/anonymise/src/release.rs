//! A generalised table: its classes, and the rows that are left out.

use std::fmt;
use std::sync::Arc;

use crate::hierarchy::Group;
use crate::model::{ModelError, column_of};
use crate::table::{Table, TableBuilder, TableError};

/// What an anonymised table publishes.
#[derive(Clone, PartialEq)]
pub struct Release {
    pub(crate) row_count: usize,
    pub(crate) quasi_identifiers: Vec<usize>,
    pub(crate) classes: Vec<Class>,
    pub(crate) suppressed: Vec<u32>,
}

/// Rows that are published with the same quasi-identifiers.
#[derive(Clone, PartialEq)]
pub struct Class {
    pub(crate) rows: Vec<u32>,
    pub(crate) groups: Vec<Arc<Group>>,
}

impl Release {
    /// The table as it is: what its measures are "before".
    ///
    /// # Errors
    /// [`ModelError::NoSuchColumn`].
    pub fn unchanged(table: &Table, quasi_identifiers: &[usize]) -> Result<Self, ModelError> {
        let mut grouping = Grouping::new(table.row_count());
        let mut groups = Vec::new();
        for column in quasi_identifiers {
            let column = column_of(table, *column)?;
            grouping.refine(column.codes().iter().copied(), column.values().len());
            groups.push(
                column.values().iter().map(|value| Arc::new(Group::exactly(value))).collect::<Vec<_>>(),
            );
        }
        let class = |rows: &[u32]| {
            let first = rows[0] as usize;
            let groups = groups.iter().zip(quasi_identifiers);
            let groups = groups
                .map(|(groups, column)| groups[table.columns()[*column].codes()[first] as usize].clone())
                .collect();
            Class { rows: rows.to_vec(), groups }
        };
        let classes = grouping.classes().iter().map(class).collect();
        let quasi_identifiers = quasi_identifiers.to_vec();
        Ok(Self { row_count: table.row_count(), quasi_identifiers, classes, suppressed: Vec::new() })
    }

    /// Rows of the original table.
    #[must_use]
    pub fn row_count(&self) -> usize {
        self.row_count
    }

    /// Positions of the generalised columns.
    #[must_use]
    pub fn quasi_identifiers(&self) -> &[usize] {
        &self.quasi_identifiers
    }

    /// The classes.
    #[must_use]
    pub fn classes(&self) -> &[Class] {
        &self.classes
    }

    /// Rows (from 0, ascending) that are left out.
    #[must_use]
    pub fn suppressed(&self) -> &[u32] {
        &self.suppressed
    }

    /// The table to publish: rows in their order without the suppressed ones, quasi-identifiers generalised, the
    /// columns of `left_out` (direct identifiers) gone, the others as they were.
    ///
    /// # Errors
    /// [`TableError::ColumnCount`] if no column is left.
    pub fn to_table(&self, table: &Table, left_out: &[usize]) -> Result<Table, TableError> {
        let kept: Vec<usize> = (0..table.columns().len()).filter(|at| !left_out.contains(at)).collect();
        let names: Vec<&str> = kept.iter().map(|at| table.columns()[*at].name()).collect();
        let mut builder = TableBuilder::new(&names)?;
        let mut class_of = vec![usize::MAX; table.row_count()];
        for (at, class) in self.classes.iter().enumerate() {
            for row in &class.rows {
                class_of[*row as usize] = at;
            }
        }
        let quasi_at: Vec<Option<usize>> =
            kept.iter().map(|at| self.quasi_identifiers.iter().position(|quasi| quasi == at)).collect();
        let mut cells: Vec<&str> = Vec::with_capacity(kept.len());
        for (row, class) in class_of.iter().enumerate() {
            let Some(class) = self.classes.get(*class) else { continue };
            cells.clear();
            cells.extend(kept.iter().zip(&quasi_at).map(|(column, quasi)| match quasi {
                Some(quasi) => class.groups[*quasi].label.as_str(),
                None => table.cell(row, *column).unwrap_or_default(),
            }));
            builder.push(&cells)?;
        }
        Ok(builder.finish())
    }
}

impl Class {
    /// Its rows, from 0, in their order.
    #[must_use]
    pub fn rows(&self) -> &[u32] {
        &self.rows
    }

    /// What is published for each quasi-identifier.
    pub fn groups(&self) -> impl ExactSizeIterator<Item = &Group> {
        self.groups.iter().map(AsRef::as_ref)
    }
}

/// Rows put together by their codes, one column after another.
pub(crate) struct Grouping {
    keys: Vec<(u64, u32)>,
    /// Every key is below.
    bound: u64,
}

impl Grouping {
    pub(crate) fn new(row_count: usize) -> Self {
        Self { keys: (0_u32..).take(row_count).map(|row| (0, row)).collect(), bound: 1 }
    }

    /// Tells rows apart by one more column, whose codes (in row order) are below `count`. Before [`Self::classes`].
    pub(crate) fn refine(&mut self, codes: impl Iterator<Item = u32>, count: usize) {
        let count = (count as u64).max(1);
        if self.bound.checked_mul(count).is_none() {
            self.renumber();
        }
        // At most MAX_ROWS different keys times MAX_ROWS codes: far below 2⁶⁴.
        self.bound *= count;
        for ((key, _), code) in self.keys.iter_mut().zip(codes) {
            *key = *key * count + u64::from(code);
        }
    }

    /// The classes, each with its rows in ascending order.
    pub(crate) fn classes(mut self) -> Grouped {
        self.keys.sort_unstable();
        let ends = self.keys.chunk_by(|a, b| a.0 == b.0).scan(0, |end, class| {
            *end += class.len();
            Some(*end)
        });
        Grouped { ends: ends.collect(), rows: self.keys.iter().map(|(_, row)| *row).collect() }
    }

    fn renumber(&mut self) {
        let mut different: Vec<u64> = self.keys.iter().map(|(key, _)| *key).collect();
        different.sort_unstable();
        different.dedup();
        for (key, _) in &mut self.keys {
            *key = different.partition_point(|known| known < key) as u64;
        }
        self.bound = (different.len() as u64).max(1);
    }
}

/// Rows in the order of their classes.
#[derive(Default)]
pub(crate) struct Grouped {
    rows: Vec<u32>,
    ends: Vec<usize>,
}

impl Grouped {
    pub(crate) fn class_count(&self) -> usize {
        self.ends.len()
    }

    /// Puts classes together: `of_classes` groups their positions.
    pub(crate) fn merged(&self, of_classes: &Self) -> Self {
        let mut merged = Self { rows: Vec::with_capacity(self.rows.len()), ends: Vec::new() };
        for classes in of_classes.iter() {
            for class in classes.iter().map(|class| *class as usize) {
                let start = class.checked_sub(1).map_or(0, |before| self.ends[before]);
                merged.rows.extend_from_slice(&self.rows[start..self.ends[class]]);
            }
            merged.ends.push(merged.rows.len());
        }
        merged
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u32]> {
        self.ends.iter().scan(0, |start, end| {
            let class = &self.rows[*start..*end];
            *start = *end;
            Some(class)
        })
    }
}

/// Says the shape; labels stay out of logs.
impl fmt::Debug for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Release")
            .field("rows", &self.row_count)
            .field("classes", &self.classes.len())
            .field("suppressed", &self.suppressed.len())
            .finish_non_exhaustive()
    }
}

/// Says the size; labels stay out of logs.
impl fmt::Debug for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Class").field("rows", &self.rows.len()).finish_non_exhaustive()
    }
}

//! Strict multidimensional partitioning, Mondrian style [LDR06]: cut the table in two at the median of its widest
//! column as long as both parts satisfy every model.
//!
//! Greedy: fast and mostly far less lossy than one level for a whole column, but not the best there is. No row is
//! suppressed. Parts do not overlap.

mod axis;

use std::sync::Arc;

use thiserror::Error;

use self::axis::Axis;
use crate::date::DateFormat;
use crate::hierarchy::{Hierarchy, HierarchyError};
use crate::model::{Judge, Model, ModelError, check_roles, column_of};
use crate::progress::{Cancelled, Watch, report};
use crate::release::{Class, Release};
use crate::table::Table;

/// A column to generalise.
#[derive(Debug, Clone, PartialEq)]
pub struct Dimension {
    /// Its position.
    pub column: usize,
    /// How its values are put together.
    pub recoding: Recoding,
}

/// How values of a column are put together.
#[derive(Debug, Clone, PartialEq)]
pub enum Recoding {
    /// Numbers: `[20, 29]`, from the smallest to the largest of the class.
    Numbers,
    /// Dates: `[2024-01-05, 2024-03-01]`. Without a form the one is taken that fits all cells.
    Dates(Option<DateFormat>),
    /// Categories without a hierarchy, in alphabetical order: `{a, b}`.
    Sets,
    /// The lowest group of a hierarchy that holds them all; cut into that group's subgroups.
    Hierarchy(Hierarchy),
}

/// Why a table is not partitioned.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum PartitionError {
    /// The models do not fit the table.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A column does not fit its recoding.
    #[error(transparent)]
    Hierarchy(#[from] HierarchyError),
    /// Even the whole table as one class violates the models.
    #[error(
        "Even with all {row_count} rows in one class the table does not satisfy the models. Ask for less, or take a \
         larger table."
    )]
    Unreachable {
        /// Rows.
        row_count: usize,
    },
    /// The caller stopped it.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// Cuts the table into classes that satisfy every model. Progress counts rows whose class is final.
///
/// Takes O(n · log(n/k) · d) steps for n rows and d columns, more for models with many sensitive values.
///
/// # Errors
/// [`PartitionError`]; nothing is released then.
pub fn partition(
    table: &Table,
    dimensions: &[Dimension],
    models: &[Model],
    watch: &mut Watch<'_>,
) -> Result<Release, PartitionError> {
    let mut judge = Judge::new(table, models)?;
    check_roles(table, dimensions.iter().map(|dimension| dimension.column), &judge)?;
    let axes = dimensions
        .iter()
        .map(|dimension| Ok(Axis::new(column_of(table, dimension.column)?, &dimension.recoding)?))
        .collect::<Result<Vec<_>, PartitionError>>()?;
    let row_count = table.row_count();
    let all: Vec<u32> = (0_u32..).take(row_count).collect();
    if !judge.accepts(&all) {
        return Err(PartitionError::Unreachable { row_count });
    }
    let (mut classes, mut done) = (Vec::new(), 0);
    let mut open = vec![all];
    let mut since_report = 0;
    while let Some(rows) = open.pop() {
        since_report += rows.len();
        if since_report > row_count / 16 {
            report(watch, done, row_count)?;
            since_report = 0;
        }
        match cut(&rows, &axes, &mut judge) {
            Some(parts) => open.extend(parts.into_iter().rev()),
            None => {
                done += rows.len();
                let groups = axes.iter().map(|axis| Arc::new(axis.group(&rows))).collect();
                classes.push(Class { rows, groups });
            }
        }
    }
    report(watch, row_count, row_count)?;
    let quasi_identifiers = dimensions.iter().map(|dimension| dimension.column).collect();
    Ok(Release { row_count, quasi_identifiers, classes, suppressed: Vec::new() })
}

/// The first allowed cut, trying the widest column first; `None` if there is none.
fn cut(rows: &[u32], axes: &[Axis<'_>], judge: &mut Judge) -> Option<Vec<Vec<u32>>> {
    let mut by_width: Vec<(f64, &Axis<'_>)> = axes.iter().map(|axis| (axis.width(rows), axis)).collect();
    by_width.retain(|(width, _)| *width > 0.0);
    // Stable: the first of equally wide columns is tried first.
    by_width.sort_by(|a, b| b.0.total_cmp(&a.0));
    by_width.into_iter().find_map(|(_, axis)| {
        let parts = axis.cut(rows);
        (parts.len() > 1 && parts.iter().all(|part| judge.accepts(part))).then_some(parts)
    })
}

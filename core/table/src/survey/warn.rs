//! What an owner should look at before encrypting a column.

use std::collections::HashMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::column::{ColumnSurveyor, MAX_CODES};
use super::identifying::{self, Identifying};

/// What an owner should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Warning {
    /// Every cell is the same: a regression cannot use it.
    Constant,
    /// Every cell is that of another column.
    DuplicateOf {
        /// Position of the other, from 0.
        column: usize,
        /// Its name.
        name: String,
    },
    /// Its cells tell the same rows apart as another column, under other names: the one says nothing that the other
    /// does not.
    RenamedCopyOf {
        /// Position of the other, from 0.
        column: usize,
        /// Its name.
        name: String,
    },
    /// It looks like something that points at a person.
    LooksLike {
        /// What.
        what: Identifying,
        /// Why, in words.
        reason: String,
    },
}

/// A sentence.
impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant => f.write_str("Every cell is the same."),
            Self::DuplicateOf { name, .. } => write!(f, "Every cell is that of column \"{name}\"."),
            Self::RenamedCopyOf { name, .. } => {
                write!(f, "It tells the same rows apart as column \"{name}\", under other names.")
            }
            Self::LooksLike { what, reason } => {
                write!(f, "It looks like {}: {reason}.", what.in_words())
            }
        }
    }
}

/// The warnings of each column.
pub(super) fn of(columns: &[ColumnSurveyor]) -> Vec<Vec<Warning>> {
    let mut contents: HashMap<u64, usize> = HashMap::new();
    let mut patterns: HashMap<u64, usize> = HashMap::new();
    columns
        .iter()
        .enumerate()
        .map(|(at, column)| {
            let mut warnings = Vec::new();
            let distinct = column.distinct.finish();
            if column.count == 0 {
                return warnings;
            }
            let is_constant = distinct.count == 1 && column.count > 1 && column.missing == 0;
            if is_constant {
                warnings.push(Warning::Constant);
            }
            let first = *contents.entry(column.content).or_insert(at);
            // Columns of names all tell all rows apart, and constant ones none.
            let is_grouping = distinct.count > 1
                && distinct.count <= MAX_CODES
                && distinct.count * 2 <= column.count
                && distinct.approximate.is_none();
            let similar = if is_grouping { *patterns.entry(column.pattern).or_insert(at) } else { at };
            if first != at {
                warnings.push(Warning::DuplicateOf { column: first, name: columns[first].name.clone() });
            } else if similar != at {
                warnings
                    .push(Warning::RenamedCopyOf { column: similar, name: columns[similar].name.clone() });
            }
            let found = identifying::find(column, distinct.count);
            warnings.extend(found.map(|(what, reason)| Warning::LooksLike { what, reason }));
            warnings
        })
        .collect()
}

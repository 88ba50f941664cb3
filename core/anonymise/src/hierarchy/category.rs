//! Categories by how often they occur.

use super::Hierarchy;
use crate::table::Column;

/// What rare categories become. A longer name is made where a category has this one.
const OTHER: &str = "(other)";

impl Hierarchy {
    /// Level i puts the categories that fewer than `least[i]` rows hold together as "other"; the last level is any.
    /// `least` grows; what does not grow adds no level.
    #[must_use]
    pub fn frequencies(column: &Column, least: &[u64]) -> Self {
        let counts = column.counts();
        let mut other = OTHER.to_owned();
        while column.values().contains(&other) {
            other.push('*');
        }
        let mut labels: Vec<Vec<String>> = Vec::new();
        let mut highest = 0;
        for least in least {
            highest = highest.max(*least);
            let level: Vec<String> = column
                .values()
                .iter()
                .zip(&counts)
                .map(|(value, count)| if *count < highest { other.clone() } else { value.clone() })
                .collect();
            let changes = level != *column.values() && labels.last() != Some(&level);
            if changes {
                labels.push(level);
            }
        }
        Self::from_labels(column.values().to_vec(), &labels)
    }

    /// [`Self::frequencies`] at 1 %, 5 % and 20 % of the rows.
    #[must_use]
    pub fn categories(column: &Column) -> Self {
        let rows = column.codes().len() as u64;
        Self::frequencies(column, &[rows.div_ceil(100), rows.div_ceil(20), rows.div_ceil(5)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Table;

    #[test]
    fn rare_ones_go_together() {
        let cells = [["a"], ["a"], ["a"], ["b"], ["b"], ["c"], ["d"]];
        let table = Table::from_rows(&["x"], cells).unwrap();
        let hierarchy = Hierarchy::frequencies(&table.columns()[0], &[1, 2, 2, 3]);
        assert_eq!(hierarchy.level_count(), 4);
        let at = |level| ["a", "b", "c", "d"].map(|value| hierarchy.label(value, level).unwrap());
        assert_eq!(at(1), ["a", "b", "(other)", "(other)"]);
        assert_eq!(at(2), ["a", "(other)", "(other)", "(other)"]);
        assert_eq!(at(3), ["*"; 4]);
    }
}

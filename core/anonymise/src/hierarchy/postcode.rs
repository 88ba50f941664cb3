//! Postcodes and other codes whose first characters say most.

use super::{Hierarchy, MAX_LEVELS};
use crate::table::Column;

impl Hierarchy {
    /// Level i writes `*` for the last i characters: `13053` → `1305*` → `130**` → … → any.
    #[must_use]
    pub fn postcodes(column: &Column) -> Self {
        let longest = column.values().iter().map(|value| value.chars().count()).max().unwrap_or(0);
        let labels: Vec<Vec<String>> = (1..longest.min(MAX_LEVELS - 1))
            .map(|masked| column.values().iter().map(|value| mask(value, masked)).collect())
            .collect();
        Self::from_labels(column.values().to_vec(), &labels)
    }
}

fn mask(value: &str, masked: usize) -> String {
    let length = value.chars().count();
    let kept = length.saturating_sub(masked);
    value.chars().take(kept).chain(std::iter::repeat_n('*', length - kept)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Table;

    #[test]
    fn masks_from_the_end() {
        let table = Table::from_rows(&["zip"], [["13053"], ["13068"], ["1485"], ["É1"]]).unwrap();
        let hierarchy = Hierarchy::postcodes(&table.columns()[0]);
        let path: Vec<_> =
            (0..hierarchy.level_count()).map(|at| hierarchy.label("13053", at).unwrap()).collect();
        assert_eq!(path, ["13053", "1305*", "130**", "13***", "1****", "*"]);
        assert_eq!(hierarchy.label("É1", 1), Some("É*"));
    }
}

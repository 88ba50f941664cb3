//! The different cells of a column, as long as there are few.

use std::collections::BTreeMap;
use std::fmt;

use crate::cell::Cell;
use crate::decimal::Decimal;

/// Most different cells that are kept of a column.
pub const MAX_CATEGORIES: usize = 256;
/// Most bytes of a cell of text that may be a category.
const MAX_CATEGORY_BYTES: usize = 200;

/// One of the different cells of a column.
#[derive(Clone, PartialEq, Eq)]
pub struct Category {
    /// The cell without blanks around it; a number in its shortest form.
    pub text: String,
    /// Cells with it.
    pub count: u64,
}

/// Says how many cells; what is in them stays out of logs.
impl fmt::Debug for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Category").field("count", &self.count).finish_non_exhaustive()
    }
}

/// The different cells so far, as numbers and as text: what the column is shows only at its end.
#[derive(Default)]
pub(super) struct Categories {
    numbers: Distinct<Decimal>,
    texts: Distinct<String>,
}

struct Distinct<T> {
    /// `None` once there were too many.
    counts: Option<BTreeMap<T, u64>>,
}

impl<T> Default for Distinct<T> {
    fn default() -> Self {
        Self { counts: Some(BTreeMap::new()) }
    }
}

impl<T: Ord> Distinct<T> {
    fn add<Q: Ord + ?Sized>(&mut self, key: &Q, owned: impl FnOnce() -> T)
    where
        T: std::borrow::Borrow<Q>,
    {
        let Some(counts) = &mut self.counts else { return };
        if let Some(count) = counts.get_mut(key) {
            *count += 1;
        } else if counts.len() < MAX_CATEGORIES {
            counts.insert(owned(), 1);
        } else {
            self.counts = None;
        }
    }
}

impl Categories {
    /// Takes note of a cell, which reads as `read`.
    pub(super) fn push(&mut self, trimmed: &str, read: Cell) {
        match read {
            Cell::Missing => return,
            Cell::Number(number) => self.numbers.add(&number, || number),
            Cell::Refused(_) => {}
        }
        if trimmed.len() > MAX_CATEGORY_BYTES {
            self.texts.counts = None;
        }
        self.texts.add(trimmed, || trimmed.to_owned());
    }

    /// The different cells of a column of numbers or of text.
    pub(super) fn finish(self, is_number: bool) -> Option<Vec<Category>> {
        let category = |text, count| Category { text, count };
        if is_number {
            let counts = self.numbers.counts?;
            Some(counts.into_iter().map(|(number, count)| category(number.to_string(), count)).collect())
        } else {
            let counts = self.texts.counts?;
            Some(counts.into_iter().map(|(text, count)| category(text, count)).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::MissingWords;
    use crate::decimal::DecimalMark;

    fn found(cells: &[&str], is_number: bool) -> Option<Vec<(String, u64)>> {
        let words = MissingWords::default();
        let mut categories = Categories::default();
        for cell in cells {
            categories.push(cell.trim(), words.read(cell, DecimalMark::Point));
        }
        let found = categories.finish(is_number)?;
        Some(found.into_iter().map(|category| (category.text, category.count)).collect())
    }

    #[test]
    fn numbers_are_told_apart_by_value_and_text_by_letter() {
        let expected = |pairs: &[(&str, u64)]| {
            Some(pairs.iter().map(|(text, count)| ((*text).to_owned(), *count)).collect())
        };
        assert_eq!(found(&["2", "1.0", " 1", "-3", ""], true), expected(&[("-3", 1), ("1", 2), ("2", 1)]));
        assert_eq!(
            found(&["b", "a", "A", " b ", "01"], false),
            expected(&[("01", 1), ("A", 1), ("a", 1), ("b", 2)])
        );
    }

    #[test]
    fn too_many_or_too_long_are_none() {
        let cells: Vec<String> = (0..=MAX_CATEGORIES).map(|number| number.to_string()).collect();
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        assert_eq!(found(&cells[1..], true).map(|found| found.len()), Some(MAX_CATEGORIES));
        assert_eq!(found(&cells, true), None);
        assert_eq!(found(&["x".repeat(MAX_CATEGORY_BYTES + 1).as_str()], false), None);
    }
}

//! The columns of a JSON table: paths of fields, in the order in which they were first seen.

use std::collections::HashMap;

/// Paths and their positions.
#[derive(Debug)]
pub(super) struct Columns {
    paths: Vec<String>,
    positions: HashMap<String, usize>,
    /// Cells of a record, where records are lists; `None` where they are objects. Unset before the first.
    list_width: Option<Option<usize>>,
    maximum: usize,
}

impl Columns {
    pub(super) fn new(maximum: usize) -> Self {
        Self { paths: Vec::new(), positions: HashMap::new(), list_width: None, maximum }
    }

    pub(super) fn len(&self) -> usize {
        self.paths.len()
    }

    pub(super) fn maximum(&self) -> usize {
        self.maximum
    }

    /// Cells of a record, where records are lists.
    pub(super) fn list_width(&self) -> Option<usize> {
        self.list_width.flatten()
    }

    /// Settles with the first record whether records are lists; `false` if this one is of the other kind.
    pub(super) fn settle(&mut self, list_width: Option<usize>) -> bool {
        self.list_width.get_or_insert(list_width).is_some() == list_width.is_some()
    }

    /// Position of a path; `likely` is where it is if the record has the fields of the last one in the same order.
    pub(super) fn position(&self, path: &str, likely: usize) -> Option<usize> {
        if self.paths.get(likely).is_some_and(|known| known == path) {
            return Some(likely);
        }
        self.positions.get(path).copied()
    }

    /// Appends a path; `None` if there are too many.
    pub(super) fn add(&mut self, path: &str) -> Option<usize> {
        let at = self.paths.len();
        if at == self.maximum {
            return None;
        }
        self.paths.push(path.to_owned());
        self.positions.insert(path.to_owned(), at);
        Some(at)
    }

    /// Names for people: paths of fields; where records are lists, `column 1` or the first record's cell instead of
    /// the number in the list.
    pub(super) fn names(&self, first_row: &[String]) -> Vec<String> {
        if self.list_width().is_none() {
            return self.paths.clone();
        }
        let name = |(at, path): (usize, &String)| match path.split_once('.') {
            None => first_row.get(at).cloned().unwrap_or_default(),
            Some((element, rest)) => {
                let number = element.parse::<usize>().map_or(0, |element| element + 1);
                format!("column {number}.{rest}")
            }
        };
        self.paths.iter().enumerate().map(name).collect()
    }
}

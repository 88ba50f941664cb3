//! An owner's own hierarchy as a file: `value;level 1;level 2;…`, one line for each value.

use std::collections::HashMap;

use thiserror::Error;

use super::{Hierarchy, HierarchyError, MAX_LEVELS};
use crate::table::MAX_ROWS;

/// What is wrong with a line of a hierarchy.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CsvFault {
    /// The file holds nothing.
    #[error("there is nothing in the file. Write one line for each value: the value, then what it becomes.")]
    Empty,
    /// The line cannot be read.
    #[error("it is no line of a CSV file in UTF-8.")]
    Unreadable,
    /// There is a value, but nothing that it becomes.
    #[error("the value has no level. Write behind it what it becomes.")]
    NoLevel,
    /// There are too many levels.
    #[error("it has more than {} levels. Leave some out.", MAX_LEVELS - 1)]
    TooManyLevels,
    /// There are too many lines.
    #[error("there are more than {MAX_ROWS} lines.")]
    TooManyLines,
    /// The line is longer or shorter than the first.
    #[error(
        "it has {actual} levels, and the first line has {expected}. Write the same number on every line."
    )]
    Unbalanced {
        /// Levels of the first line.
        expected: usize,
        /// Levels of this line.
        actual: usize,
    },
    /// A level is blank.
    #[error("level {level} is blank. Repeat the level before it where nothing changes.")]
    BlankLevel {
        /// Level, from 1.
        level: usize,
    },
    /// The value is there already.
    #[error("its value is on line {first} already. Remove one of the lines.")]
    Duplicate {
        /// The earlier line.
        first: u64,
    },
    /// Two values share a group at one level and not at the next.
    #[error(
        "it shares level {level} with line {other} but not level {}: what is put together must stay together.",
        level + 1
    )]
    NotNested {
        /// Level, from 1.
        level: usize,
        /// The earlier line.
        other: u64,
    },
}

impl Hierarchy {
    /// Reads `value;level 1;level 2;…`. The last level may be left out where it is "any".
    ///
    /// # Errors
    /// [`HierarchyError::File`] for the first line that is wrong.
    pub fn from_csv(file: &[u8], delimiter: u8) -> Result<Self, HierarchyError> {
        let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
        let mut reader = ::csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(file);
        let mut lines = Lines::default();
        let mut record = ::csv::StringRecord::new();
        loop {
            let line = line_of_next(file, reader.position());
            match reader.read_record(&mut record) {
                Ok(false) => break,
                Ok(true) => lines.add(&record, line)?,
                Err(_) => return Err(HierarchyError::File { line, fault: CsvFault::Unreadable }),
            }
        }
        if lines.values.is_empty() {
            return Err(HierarchyError::File { line: 1, fault: CsvFault::Empty });
        }
        Ok(Self::from_labels(lines.values, &lines.labels))
    }
}

/// Line of the record that is read next: the reader's own count leaves out the blank lines before it.
fn line_of_next(file: &[u8], position: &::csv::Position) -> u64 {
    let start = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let rest = file.get(start..).unwrap_or_default();
    let blank = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    position.line() + blank.filter(|byte| **byte == b'\n').count() as u64
}

#[derive(Default)]
struct Lines {
    values: Vec<String>,
    /// For each level the label of each value.
    labels: Vec<Vec<String>>,
    /// Line of each value.
    known: HashMap<String, u64>,
    /// For each level but the last what each label becomes, and the line that says so.
    parents: Vec<HashMap<String, (String, u64)>>,
}

impl Lines {
    fn add(&mut self, record: &::csv::StringRecord, line: u64) -> Result<(), HierarchyError> {
        let refuse = |fault| Err(HierarchyError::File { line, fault });
        let Some((value, labels)) = record.iter().next().map(|value| (value, record.iter().skip(1))) else {
            return refuse(CsvFault::Unreadable);
        };
        let labels: Vec<&str> = labels.map(str::trim).collect();
        if self.values.is_empty() {
            match labels.len() {
                0 => return refuse(CsvFault::NoLevel),
                count if count >= MAX_LEVELS => return refuse(CsvFault::TooManyLevels),
                count => {
                    self.labels = vec![Vec::new(); count];
                    self.parents = vec![HashMap::new(); count - 1];
                }
            }
        }
        let (expected, actual) = (self.labels.len(), labels.len());
        if expected != actual {
            return refuse(CsvFault::Unbalanced { expected, actual });
        }
        if self.values.len() == MAX_ROWS {
            return refuse(CsvFault::TooManyLines);
        }
        // A blank value says what becomes of missing cells; a blank level would be a slip.
        if let Some(at) = labels.iter().position(|label| label.is_empty()) {
            return refuse(CsvFault::BlankLevel { level: at + 1 });
        }
        if let Some(first) = self.known.get(value) {
            return refuse(CsvFault::Duplicate { first: *first });
        }
        for (at, parents) in self.parents.iter_mut().enumerate() {
            let (label, parent) = (labels[at], labels[at + 1]);
            match parents.get(label) {
                Some((known, other)) if known != parent => {
                    return refuse(CsvFault::NotNested { level: at + 1, other: *other });
                }
                Some(_) => {}
                None => {
                    parents.insert(label.to_owned(), (parent.to_owned(), line));
                }
            }
        }
        self.known.insert(value.to_owned(), line);
        self.values.push(value.to_owned());
        for (of_level, label) in self.labels.iter_mut().zip(labels) {
            of_level.push(label.to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(file: &str) -> (u64, CsvFault) {
        match Hierarchy::from_csv(file.as_bytes(), b';') {
            Err(HierarchyError::File { line, fault }) => (line, fault),
            other => panic!("expected a fault, not {other:?}"),
        }
    }

    #[test]
    fn reads_what_it_writes() {
        let file = "Never-married;Single;*\nDivorced;Single;*\n\"a;b\";Married;*\n";
        let hierarchy = Hierarchy::from_csv(file.as_bytes(), b';').unwrap();
        assert_eq!((hierarchy.level_count(), hierarchy.value_count()), (3, 3));
        assert_eq!(hierarchy.label("Divorced", 1), Some("Single"));
        assert_eq!(hierarchy.label("a;b", 2), Some("*"));
        assert_eq!(hierarchy.to_csv(b';'), file);
    }

    #[test]
    fn adds_the_last_level_where_it_lacks() {
        let hierarchy = Hierarchy::from_csv(b"\xef\xbb\xbfa,x\nb,y\n", b',').unwrap();
        assert_eq!(hierarchy.label("a", 1), Some("x"));
        assert_eq!(hierarchy.label("a", 2), Some("*"));
    }

    #[test]
    fn names_the_line_of_every_fault() {
        assert_eq!(fault(""), (1, CsvFault::Empty));
        assert_eq!(fault("a\n"), (1, CsvFault::NoLevel));
        assert_eq!(fault("a;x;*\nb;*\n"), (2, CsvFault::Unbalanced { expected: 2, actual: 1 }));
        assert_eq!(fault("a;x;*\n\nb; ;*\n"), (3, CsvFault::BlankLevel { level: 1 }));
        assert_eq!(fault("a;x\nb;x\na;y\n"), (3, CsvFault::Duplicate { first: 1 }));
        assert_eq!(fault("a;x;1\nb;x;2\n"), (2, CsvFault::NotNested { level: 1, other: 1 }));
        assert_eq!(fault(&format!("a{}\n", ";x".repeat(32))), (1, CsvFault::TooManyLevels));
        let error = Hierarchy::from_csv(b"a;x\n\xff;x\n", b';').unwrap_err();
        assert_eq!(error, HierarchyError::File { line: 2, fault: CsvFault::Unreadable });
    }
}

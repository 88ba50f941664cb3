//! Where something is in a file.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A row of a file, both as a person counts rows and as a text editor counts lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// Row, from 1 for the first row below the header; 0 is the header.
    pub row: u64,
    /// Line of the file on which the row starts, from 1; 0 in formats without lines.
    pub line: u64,
}

impl Place {
    /// Row `row`, which starts on line `line`.
    #[must_use]
    pub fn new(row: u64, line: u64) -> Self {
        Self { row, line }
    }
}

/// `row 7 (line 8)`, `the header (line 1)`, or `row 7` where there are no lines.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.row, self.line) {
            (0, 0) => f.write_str("the header"),
            (0, line) => write!(f, "the header (line {line})"),
            (row, 0) => write!(f, "row {row}"),
            (row, line) => write!(f, "row {row} (line {line})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_row_and_line() {
        assert_eq!(Place::new(7, 9).to_string(), "row 7 (line 9)");
        assert_eq!(Place::new(0, 2).to_string(), "the header (line 2)");
        assert_eq!(Place::new(7, 0).to_string(), "row 7");
    }
}

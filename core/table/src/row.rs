//! One row of cells, whatever format it was read from.

use std::fmt;
use std::sync::Arc;

use crate::cell::{Cell, MissingWords};
use crate::decimal::{DecimalMark, NumberError};
use crate::place::Place;

/// One row, reused from row to row.
#[derive(Clone, Default)]
pub struct Row {
    pub(crate) cells: ::csv::StringRecord,
    /// 0 until a row has been read.
    pub(crate) number: u64,
    pub(crate) line: u64,
    pub(crate) decimal_mark: DecimalMark,
    /// Columns whose cells are text even where they are digits; `None` if there are none.
    pub(crate) text_columns: Option<Arc<[bool]>>,
}

impl Row {
    /// An empty row to read into.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Empties the row for the cells of another: for readers of formats that this crate does not know.
    pub fn begin(&mut self, place: Place) {
        self.cells.clear();
        self.number = place.row;
        self.line = place.line;
        self.decimal_mark = DecimalMark::Point;
        self.text_columns = None;
    }

    /// Appends a cell.
    pub fn push(&mut self, cell: &str) {
        self.cells.push_field(cell);
    }

    /// The cell of column `column`, counted from 0.
    #[must_use]
    pub fn get(&self, column: usize) -> Option<&str> {
        self.cells.get(column)
    }

    /// The cells in file order.
    pub fn cells(&self) -> impl Iterator<Item = &str> {
        self.cells.iter()
    }

    /// Cells in the row.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether the row has no cells: before anything is read into it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Where the row is in the file. Rows that were passed over are counted too.
    #[must_use]
    pub fn place(&self) -> Place {
        Place::new(self.number, self.line)
    }

    /// How its numbers are written.
    #[must_use]
    pub fn decimal_mark(&self) -> DecimalMark {
        self.decimal_mark
    }

    /// Whether the cells of a column are text even where they are digits.
    #[must_use]
    pub fn is_text(&self, column: usize) -> bool {
        self.text_columns.as_ref().is_some_and(|columns| columns.get(column) == Some(&true))
    }

    /// What the cell of a column is; a cell that the row lacks is blank.
    pub(crate) fn read(&self, column: usize, missing_words: &MissingWords) -> Cell {
        let read = missing_words.read(self.get(column).unwrap_or_default(), self.decimal_mark);
        match read {
            Cell::Number(_) if self.is_text(column) => Cell::Refused(NumberError::NotANumber),
            Cell::Number(_) | Cell::Missing | Cell::Refused(_) => read,
        }
    }
}

/// Says where the row is; what it holds stays out of logs.
impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Row").field("place", &self.place()).field("len", &self.len()).finish_non_exhaustive()
    }
}

//! A small table in memory: the cells of each column as text, every different one stored once.

use std::collections::HashMap;
use std::fmt;

use thiserror::Error;

/// Most rows: anonymisation needs all of them at once, and this many fit the memory of a tab.
pub const MAX_ROWS: usize = 1_000_000;
/// Most columns.
pub const MAX_COLUMNS: usize = 2_000;

/// Cells of a rectangular table. A blank cell is a missing value.
#[derive(Clone, PartialEq, Eq)]
pub struct Table {
    columns: Vec<Column>,
    row_count: usize,
}

/// One column: its different cells in order of appearance, and which of them each row holds.
#[derive(Clone, PartialEq, Eq)]
pub struct Column {
    name: String,
    values: Vec<String>,
    /// Each below `values.len()`.
    codes: Vec<u32>,
}

/// Takes a table row by row.
pub struct TableBuilder {
    columns: Vec<Column>,
    known: Vec<HashMap<String, u32>>,
    row_count: usize,
}

/// Why rows do not make a table that can be anonymised.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TableError {
    /// No columns, or too many.
    #[error("The table has {actual} columns, and 1 to {MAX_COLUMNS} can be anonymised. Leave columns out.")]
    ColumnCount {
        /// Columns.
        actual: usize,
    },
    /// Two columns have one name.
    #[error("Two columns are named \"{name}\". Rename one of them.")]
    SameName {
        /// The name.
        name: String,
    },
    /// A row is longer or shorter than the header.
    #[error("Row {row} has {actual} cells, and the header has {expected}. Correct the row or leave it out.")]
    RowLength {
        /// Row, from 1.
        row: usize,
        /// Columns.
        expected: usize,
        /// Cells.
        actual: usize,
    },
    /// More rows than fit.
    #[error("The table has more than {MAX_ROWS} rows, the most that can be anonymised at once. Split it.")]
    TooManyRows,
}

impl Table {
    /// Rows.
    #[must_use]
    pub fn row_count(&self) -> usize {
        self.row_count
    }

    /// Columns, in their order.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Cell of row `row` (from 0) and column `column`; `None` outside the table.
    #[must_use]
    pub fn cell(&self, row: usize, column: usize) -> Option<&str> {
        self.columns.get(column)?.cell(row)
    }

    /// A table from a header and rows of cells.
    ///
    /// # Errors
    /// [`TableError`] for the first fault.
    pub fn from_rows<R, C>(
        names: &[impl AsRef<str>],
        rows: impl IntoIterator<Item = R>,
    ) -> Result<Self, TableError>
    where
        R: AsRef<[C]>,
        C: AsRef<str>,
    {
        let mut builder = TableBuilder::new(names)?;
        for row in rows {
            builder.push(row.as_ref())?;
        }
        Ok(builder.finish())
    }
}

impl Column {
    /// Name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Different cells, in order of appearance.
    #[must_use]
    pub fn values(&self) -> &[String] {
        &self.values
    }

    /// For each row the position of its cell in [`Self::values`].
    #[must_use]
    pub fn codes(&self) -> &[u32] {
        &self.codes
    }

    /// Cell of a row, from 0; `None` below the last.
    #[must_use]
    pub fn cell(&self, row: usize) -> Option<&str> {
        self.codes.get(row).map(|code| self.value(*code))
    }

    /// How many rows hold each of the values.
    #[must_use]
    pub fn counts(&self) -> Vec<u64> {
        let mut counts = vec![0; self.values.len()];
        for code in &self.codes {
            counts[*code as usize] += 1;
        }
        counts
    }

    /// The first row (from 1, as people count) that holds a value.
    pub(crate) fn first_row_of(&self, code: u32) -> usize {
        self.codes.iter().position(|at| *at == code).map_or(0, |row| row + 1)
    }

    pub(crate) fn value(&self, code: u32) -> &str {
        &self.values[code as usize]
    }
}

impl TableBuilder {
    /// An empty table with these columns.
    ///
    /// # Errors
    /// [`TableError::ColumnCount`], [`TableError::SameName`].
    pub fn new(names: &[impl AsRef<str>]) -> Result<Self, TableError> {
        if names.is_empty() || names.len() > MAX_COLUMNS {
            return Err(TableError::ColumnCount { actual: names.len() });
        }
        let mut columns: Vec<Column> = Vec::with_capacity(names.len());
        for name in names.iter().map(AsRef::as_ref) {
            if columns.iter().any(|column| column.name == name) {
                return Err(TableError::SameName { name: name.to_owned() });
            }
            columns.push(Column { name: name.to_owned(), values: Vec::new(), codes: Vec::new() });
        }
        let known = vec![HashMap::new(); columns.len()];
        Ok(Self { columns, known, row_count: 0 })
    }

    /// Adds a row.
    ///
    /// # Errors
    /// [`TableError::RowLength`], [`TableError::TooManyRows`]. The table is then as it was.
    pub fn push(&mut self, cells: &[impl AsRef<str>]) -> Result<(), TableError> {
        let (expected, actual) = (self.columns.len(), cells.len());
        if expected != actual {
            return Err(TableError::RowLength { row: self.row_count + 1, expected, actual });
        }
        if self.row_count == MAX_ROWS {
            return Err(TableError::TooManyRows);
        }
        for ((column, known), cell) in self.columns.iter_mut().zip(&mut self.known).zip(cells) {
            let cell = cell.as_ref();
            let code = match known.get(cell) {
                Some(code) => *code,
                None => {
                    let code = next_code(column);
                    known.insert(cell.to_owned(), code);
                    column.values.push(cell.to_owned());
                    code
                }
            };
            column.codes.push(code);
        }
        self.row_count += 1;
        Ok(())
    }

    /// The table of the rows so far.
    #[must_use]
    pub fn finish(self) -> Table {
        Table { columns: self.columns, row_count: self.row_count }
    }
}

fn next_code(column: &Column) -> u32 {
    u32::try_from(column.values.len()).expect("there are no more values than rows, and MAX_ROWS fits 32 bits")
}

/// Says the shape; cells stay out of logs.
impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("rows", &self.row_count)
            .field("columns", &self.columns.len())
            .finish_non_exhaustive()
    }
}

/// Says the shape; cells stay out of logs.
impl fmt::Debug for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Column")
            .field("rows", &self.codes.len())
            .field("values", &self.values.len())
            .finish_non_exhaustive()
    }
}

/// Says the shape; cells stay out of logs.
impl fmt::Debug for TableBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TableBuilder").field("rows", &self.row_count).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stores_each_different_cell_once() {
        let table = Table::from_rows(&["a", "b"], [["x", "1"], ["y", "1"], ["x", ""]]).unwrap();
        assert_eq!(table.columns()[0].values(), ["x", "y"]);
        assert_eq!(table.columns()[0].codes(), [0, 1, 0]);
        assert_eq!(table.columns()[1].counts(), [2, 1]);
        assert_eq!(table.cell(2, 1), Some(""));
        assert_eq!((table.cell(3, 0), table.cell(0, 2)), (None, None));
    }

    #[test]
    fn refuses_ragged_rows_and_doubled_names() {
        let mut builder = TableBuilder::new(&["a", "b"]).unwrap();
        builder.push(&["1", "2"]).unwrap();
        assert_eq!(builder.push(&["1"]), Err(TableError::RowLength { row: 2, expected: 2, actual: 1 }));
        assert_eq!(builder.finish().row_count(), 1);
        assert_eq!(TableBuilder::new(&["a", "a"]).err(), Some(TableError::SameName { name: "a".to_owned() }));
        assert_eq!(TableBuilder::new(&[""; 0]).err(), Some(TableError::ColumnCount { actual: 0 }));
    }
}

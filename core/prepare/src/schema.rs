//! The columns at one place of a recipe.

use veilsum_table::types::ColumnType;

use crate::error::StepError;
use crate::number::{self, Cell, Reading};
use crate::row::Row;
use crate::stage::Notes;

/// Most columns that a step may leave.
pub(crate) const MAX_COLUMNS: usize = 2_000;

/// The columns between two steps.
#[derive(Debug, Clone, Default)]
pub(crate) struct Schema {
    pub(crate) names: Vec<String>,
    pub(crate) types: Vec<ColumnType>,
    /// What the names of columns begin with that are known only when the data have been seen.
    pub(crate) open: Vec<String>,
    /// The column that says which part a row belongs to, once there was a split.
    pub(crate) part: Option<String>,
    /// Whether rows have been made up, which are nobody's.
    pub(crate) has_made_rows: bool,
    /// What a release has generalised, once there was one: it promises something of every row that is left.
    pub(crate) released: Option<Vec<String>>,
}

/// One column that a step works on.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) at: usize,
    pub(crate) name: String,
    pub(crate) reading: Reading,
}

impl Schema {
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }

    /// The column of this name.
    pub(crate) fn column(&self, name: &str) -> Result<Column, StepError> {
        let at = self.position(name).ok_or_else(|| StepError::NoSuchColumn { column: name.to_owned() })?;
        Ok(Column { at, name: name.to_owned(), reading: Reading::of(&self.types[at]) })
    }

    /// The columns of these names; none twice, and at least one.
    pub(crate) fn columns(&self, names: &[String]) -> Result<Vec<Column>, StepError> {
        names.iter().map(|name| self.column(name)).collect()
    }

    /// Refuses names that are not there, or twice. While the data have not been seen, a name may be one that a step
    /// before will make.
    pub(crate) fn check(&self, names: &[String]) -> Result<(), StepError> {
        if names.is_empty() {
            return Err(StepError::NoColumns);
        }
        if names.len() > MAX_COLUMNS {
            return Err(StepError::TooManyNamed { actual: names.len(), limit: MAX_COLUMNS });
        }
        for (at, name) in names.iter().enumerate() {
            if names[..at].contains(name) {
                return Err(StepError::NamedTwice { column: name.clone() });
            }
            self.check_one(name)?;
        }
        Ok(())
    }

    /// Refuses a name that is not there.
    pub(crate) fn check_one(&self, name: &str) -> Result<(), StepError> {
        let is_open = self.open.iter().any(|start| name.starts_with(start));
        if self.position(name).is_none() && !is_open {
            return Err(StepError::NoSuchColumn { column: name.to_owned() });
        }
        Ok(())
    }

    /// As [`Self::check`], and refuses columns of names made of digits.
    pub(crate) fn check_numbers(&self, names: &[String]) -> Result<(), StepError> {
        self.check(names)?;
        let is_text =
            |name: &&String| self.position(name).is_some_and(|at| self.types[at] == ColumnType::Identifier);
        match names.iter().find(is_text) {
            Some(column) => Err(StepError::Identifier { column: column.clone() }),
            None => Ok(()),
        }
    }

    /// Adds a column of numbers or text.
    pub(crate) fn add(&mut self, name: String) -> Result<(), StepError> {
        if self.position(&name).is_some() {
            return Err(StepError::NameTaken { column: name });
        }
        if self.names.len() >= MAX_COLUMNS {
            return Err(StepError::TooManyColumns { limit: MAX_COLUMNS });
        }
        self.names.push(name);
        self.types.push(ColumnType::Plain);
        Ok(())
    }

    /// What a column holds is from now on numbers or text as it stands.
    pub(crate) fn plain(&mut self, name: &str) {
        if let Some(at) = self.position(name) {
            self.types[at] = ColumnType::Plain;
        }
    }

    pub(crate) fn remove(&mut self, at: usize) {
        self.names.remove(at);
        self.types.remove(at);
    }
}

impl Column {
    /// Writes a value of the column into the cell: a date or time is spelt as one.
    pub(crate) fn write(
        &self,
        row: &mut Row,
        value: f64,
        decimals: u8,
        room: &mut String,
        notes: &mut Notes,
    ) -> Result<(), StepError> {
        self.check(row, value)?;
        self.reading.write(value, decimals, room);
        notes.changed(row.set(self.at, room));
        Ok(())
    }

    /// Writes a number into the cell.
    pub(crate) fn write_number(
        &self,
        row: &mut Row,
        number: f64,
        decimals: u8,
        room: &mut String,
        notes: &mut Notes,
    ) -> Result<(), StepError> {
        self.check(row, number)?;
        number::write(number, decimals, room);
        notes.changed(row.set(self.at, room));
        Ok(())
    }

    /// Refuses what is no number, or too large for any table.
    fn check(&self, row: &Row, number: f64) -> Result<(), StepError> {
        if number::is_writable(number) {
            return Ok(());
        }
        Err(StepError::Undefined { column: self.name.clone(), row: row.number })
    }

    /// The number in a cell; `None` if it is missing.
    pub(crate) fn number(&self, row: &Row) -> Result<Option<f64>, StepError> {
        match self.reading.read(&row.cells[self.at]) {
            Cell::Missing => Ok(None),
            Cell::Number(number) => Ok(Some(number)),
            Cell::Text => {
                let (column, row) = (self.name.clone(), row.number);
                Err(match self.reading {
                    Reading::Moment(_) => StepError::NotADate { column, row },
                    Reading::Plain | Reading::Text | Reading::Typed(_) => {
                        StepError::NotANumber { column, row }
                    }
                })
            }
        }
    }
}

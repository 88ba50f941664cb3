//! A step at work.

use std::fmt;

use crate::error::StepError;
use crate::fitted::Learnt;
use crate::number::MAX_DECIMALS;
use crate::report::{Classes, Flagged, FlaggedRow, MAX_FLAGGED, Parts, Privacy, Warning};
use crate::row::Row;
use crate::schema::Schema;

/// Values that the columns of a step keep exactly for quantiles, all together.
pub(crate) const EXACT_VALUES: usize = 1_000_000;
/// Different cells of a column that a step counts.
pub(crate) const MAX_DIFFERENT: usize = 100_000;
/// Bytes of all of them.
pub(crate) const MAX_DIFFERENT_BYTES: usize = 16 << 20;

/// A step at work on rows.
///
/// A stage that learns is shown all rows once, then settled; then all rows pass through it. A stage of a step with a row
/// limit is shown all rows at once, others in batches of any size.
pub(crate) trait Stage {
    /// Whether it must see all rows before it can change the first.
    fn learns(&self) -> bool {
        false
    }

    /// Takes note of rows.
    fn learn(&mut self, _rows: &[Row]) -> Result<(), StepError> {
        Ok(())
    }

    /// All rows have been seen.
    fn settle(&mut self, _notes: &mut Notes) -> Result<(), StepError> {
        Ok(())
    }

    /// What it goes by, once settled.
    fn learnt(&self) -> Learnt {
        Learnt::Nothing
    }

    /// The columns after it, once settled, where its parameters do not tell.
    fn output(&self, _input: &Schema) -> Result<Option<Schema>, StepError> {
        Ok(None)
    }

    /// All rows come once more, from the first.
    fn restart(&mut self) {}

    /// Changes rows: cells in place, rows left out or added.
    fn change(&mut self, rows: &mut Vec<Row>, notes: &mut Notes) -> Result<(), StepError>;

    /// All rows have been changed: tells what shows only now.
    fn finish(&mut self, _notes: &mut Notes) {}
}

/// Who is told how far the steps are that have all rows at once, and what part of their work is being done.
#[derive(Default)]
pub(crate) struct Progress {
    tell: Option<Box<dyn FnMut(f64)>>,
    part: usize,
    parts: usize,
}

impl Progress {
    pub(crate) fn new(tell: Box<dyn FnMut(f64)>) -> Self {
        Self { tell: Some(tell), part: 0, parts: 1 }
    }

    /// From now on it is this part, from 0, of so many.
    pub(crate) fn begin(&mut self, part: usize, parts: usize) {
        (self.part, self.parts) = (part, parts);
        self.tell(0, 1);
    }

    /// So much of the part is done.
    pub(crate) fn tell(&mut self, done: u64, total: u64) {
        if let Some(tell) = &mut self.tell {
            let of_part = (done as f64 / total.max(1) as f64).min(1.0);
            tell((self.part as f64 + of_part) / self.parts.max(1) as f64);
        }
    }
}

/// Says where it is.
impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress")
            .field("part", &self.part)
            .field("parts", &self.parts)
            .finish_non_exhaustive()
    }
}

/// What a stage tells of its work.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) cells_changed: u64,
    pub(crate) flagged: Flagged,
    pub(crate) classes: Option<Classes>,
    pub(crate) parts: Option<Parts>,
    pub(crate) privacy: Option<Privacy>,
    pub(crate) warnings: Vec<Warning>,
    /// Where all rows come at once.
    pub(crate) progress: Progress,
}

impl Notes {
    pub(crate) fn changed(&mut self, is_changed: bool) {
        self.cells_changed += u64::from(is_changed);
    }

    /// Says it once.
    pub(crate) fn warn(&mut self, warning: Warning) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// Warns if a number was moved by more than a twentieth of what such numbers spread, by rounding it to these decimals.
    pub(crate) fn warn_of_rounding(&mut self, column: &str, decimals: u8, error: f64, spread: f64) {
        if error > spread / 20.0 {
            self.warn(Warning::Rounded { column: column.to_owned(), decimals });
        }
    }

    /// Counts it, and lists it while there is room.
    pub(crate) fn flag(&mut self, flagged: impl FnOnce() -> FlaggedRow) {
        self.flagged.total += 1;
        if self.flagged.listed.len() < MAX_FLAGGED {
            self.flagged.listed.push(flagged());
        }
    }
}

pub(crate) fn check_decimals(decimals: Option<u8>) -> Result<(), StepError> {
    match decimals {
        None | Some(0..=MAX_DECIMALS) => Ok(()),
        Some(actual) => Err(StepError::Decimals { actual, limit: MAX_DECIMALS }),
    }
}

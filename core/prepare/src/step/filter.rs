//! Rows are kept or dropped by what their cells hold.

use serde::{Deserialize, Serialize};

use crate::error::StepError;
use crate::number::Cell;
use crate::row::Row;
use crate::schema::{Column, Schema};
use crate::stage::{Notes, Stage};

/// Most conditions, and most values of one.
pub const MAX_CONDITIONS: usize = 100;
/// Most values of a condition.
pub const MAX_VALUES: usize = 10_000;

/// Keeps or drops rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Filter {
    /// What becomes of rows that match.
    pub matching: Matching,
    /// When a row matches.
    pub conditions: Vec<Condition>,
    /// Whether one condition is enough.
    pub combine: Combine,
}

/// What becomes of rows that match; the others meet the opposite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Matching {
    /// They are kept.
    Keep,
    /// They are dropped.
    Drop,
}

/// How conditions go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Combine {
    /// A row matches if it meets all.
    All,
    /// A row matches if it meets at least one.
    Any,
}

/// A condition on one cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Condition {
    /// The column.
    pub column: String,
    /// What its cell must be like.
    pub test: Test,
}

/// What a cell must be like. Only [`Test::Missing`] is met by a blank cell. Bounds are numbers, or dates and times in
/// the spelling of their column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Test {
    /// Blank.
    Missing,
    /// Not blank.
    Present,
    /// One of these: as numbers where both are numbers, else letter by letter without blanks at the ends.
    OneOf {
        /// The values.
        values: Vec<String>,
    },
    /// None of these, and not blank.
    NoneOf {
        /// The values.
        values: Vec<String>,
    },
    /// A number of at least this.
    AtLeast {
        /// The bound.
        bound: String,
    },
    /// A number of at most this.
    AtMost {
        /// The bound.
        bound: String,
    },
    /// A number above this.
    Above {
        /// The bound.
        bound: String,
    },
    /// A number below this.
    Below {
        /// The bound.
        bound: String,
    },
}

impl Filter {
    pub(super) fn columns(&self) -> Vec<&String> {
        let mut names: Vec<&String> = self.conditions.iter().map(|condition| &condition.column).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    pub(crate) fn check(&self, schema: &mut Schema) -> Result<(), StepError> {
        if self.conditions.is_empty() || self.conditions.len() > MAX_CONDITIONS {
            return Err(StepError::ConditionCount { actual: self.conditions.len(), limit: MAX_CONDITIONS });
        }
        for condition in &self.conditions {
            schema.check_one(&condition.column)?;
            match &condition.test {
                Test::OneOf { values } | Test::NoneOf { values } => {
                    if values.is_empty() || values.len() > MAX_VALUES {
                        let column = condition.column.clone();
                        return Err(StepError::ValueCount {
                            column,
                            actual: values.len(),
                            limit: MAX_VALUES,
                        });
                    }
                }
                Test::AtLeast { .. } | Test::AtMost { .. } | Test::Above { .. } | Test::Below { .. } => {
                    schema.check_numbers(std::slice::from_ref(&condition.column))?;
                    if schema.position(&condition.column).is_some() {
                        Asked::of(condition, schema)?;
                    }
                }
                Test::Missing | Test::Present => {}
            }
        }
        Ok(())
    }

    pub(crate) fn build(&self, schema: &Schema) -> Result<Box<dyn Stage>, StepError> {
        let asked = self.conditions.iter().map(|condition| Asked::of(condition, schema));
        Ok(Box::new(Sieve { step: self.clone(), asked: asked.collect::<Result<_, _>>()? }))
    }
}

struct Sieve {
    step: Filter,
    asked: Vec<Asked>,
}

/// A condition whose values are read.
struct Asked {
    column: Column,
    question: Question,
}

enum Question {
    IsMissing(bool),
    IsAmong { numbers: Vec<f64>, texts: Vec<String>, wanted: bool },
    Compares { bound: f64, holds: fn(f64, f64) -> bool },
}

impl Asked {
    fn of(condition: &Condition, schema: &Schema) -> Result<Self, StepError> {
        let column = schema.column(&condition.column)?;
        let among = |values: &[String], wanted| {
            let read = |value: &String| match column.reading.read(value) {
                Cell::Number(number) => Some(number),
                Cell::Missing | Cell::Text => None,
            };
            let mut numbers: Vec<f64> = values.iter().filter_map(read).collect();
            numbers.sort_by(f64::total_cmp);
            let mut texts: Vec<String> = values.iter().map(|value| value.trim().to_owned()).collect();
            texts.sort_unstable();
            Question::IsAmong { numbers, texts, wanted }
        };
        let compares = |bound: &str, holds| match column.reading.read(bound) {
            Cell::Number(bound) => Ok(Question::Compares { bound, holds }),
            Cell::Missing | Cell::Text => {
                Err(StepError::BoundNotANumber { column: condition.column.clone() })
            }
        };
        let question = match &condition.test {
            Test::Missing => Question::IsMissing(true),
            Test::Present => Question::IsMissing(false),
            Test::OneOf { values } => among(values, true),
            Test::NoneOf { values } => among(values, false),
            Test::AtLeast { bound } => compares(bound, |number, bound| number >= bound)?,
            Test::AtMost { bound } => compares(bound, |number, bound| number <= bound)?,
            Test::Above { bound } => compares(bound, |number, bound| number > bound)?,
            Test::Below { bound } => compares(bound, |number, bound| number < bound)?,
        };
        Ok(Self { column, question })
    }

    fn holds(&self, row: &Row) -> Result<bool, StepError> {
        let cell = row.cells[self.column.at].trim();
        Ok(match &self.question {
            Question::IsMissing(wanted) => cell.is_empty() == *wanted,
            Question::IsAmong { .. } if cell.is_empty() => false,
            Question::IsAmong { numbers, texts, wanted } => {
                let is_among = match self.column.reading.read(cell) {
                    Cell::Number(number) => {
                        // Zero is sorted as two numbers.
                        let number = if number == 0.0 { 0.0 } else { number };
                        numbers.binary_search_by(|known| (known + 0.0).total_cmp(&number)).is_ok()
                    }
                    Cell::Missing | Cell::Text => {
                        texts.binary_search_by(|known| known.as_str().cmp(cell)).is_ok()
                    }
                };
                is_among == *wanted
            }
            Question::Compares { bound, holds } => {
                self.column.number(row)?.is_some_and(|number| holds(number, *bound))
            }
        })
    }
}

impl Stage for Sieve {
    fn change(&mut self, rows: &mut Vec<Row>, _notes: &mut Notes) -> Result<(), StepError> {
        let mut fault = None;
        rows.retain(|row| {
            if fault.is_some() {
                return true;
            }
            match self.matches(row) {
                Ok(matches) => matches == (self.step.matching == Matching::Keep),
                Err(error) => {
                    fault = Some(error);
                    true
                }
            }
        });
        fault.map_or(Ok(()), Err)
    }
}

impl Sieve {
    fn matches(&self, row: &Row) -> Result<bool, StepError> {
        let enough = self.step.combine == Combine::Any;
        for asked in &self.asked {
            if asked.holds(row)? == enough {
                return Ok(enough);
            }
        }
        Ok(!enough)
    }
}

//! A column of categories becomes columns of 1 and 0.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::error::StepError;
use crate::fitted::Learnt;
use crate::report::{FlaggedRow, Reason, Warning};
use crate::row::{Row, shortened};
use crate::schema::{Column, Schema};
use crate::stage::{Notes, Stage};

/// Most categories of a column.
pub const MAX_CATEGORIES: u32 = 1_000;
/// Most bytes of a category: it becomes part of the name of a column.
pub const MAX_CATEGORY_BYTES: usize = 200;

/// Makes a column `name=category` for each category, in alphabetical order, in place of the column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct OneHot {
    /// Columns of categories.
    pub columns: Vec<String>,
    /// Most categories of a column, 1 to 1,000: more are refused.
    pub most: u32,
    /// Whether the first category has no column, so that columns do not add up to 1 (for regressions). 0 in all columns
    /// is then this category, and nothing else may look like it: blank cells are not [`Missing::Zeros`].
    #[serde(default)]
    pub drop_first: bool,
    /// What becomes of blank cells.
    #[serde(default)]
    pub missing: Missing,
    /// What becomes of categories that were not there when the step was made.
    #[serde(default)]
    pub unknown: Unknown,
}

/// What becomes of blank cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// All columns are blank: whether it is this category is not known.
    #[default]
    Blank,
    /// All columns are 0.
    Zeros,
    /// Blank is a category of its own, the last, with the name `name=`.
    Category,
}

/// What becomes of an unknown category.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unknown {
    /// All columns are 0, or blank where 0 would be the first category; the rows are listed.
    #[default]
    Zeros,
    /// The batch is refused.
    Refuse,
}

impl OneHot {
    pub(crate) fn check(&self, schema: &mut Schema) -> Result<(), StepError> {
        schema.check(&self.columns)?;
        if !(1..=MAX_CATEGORIES).contains(&self.most) {
            return Err(StepError::Parameter { name: "number of categories", allowed: "1 to 1,000" });
        }
        if self.drop_first && self.missing == Missing::Zeros {
            return Err(StepError::BlankAsFirst);
        }
        for name in &self.columns {
            if let Some(at) = schema.position(name) {
                schema.remove(at);
            }
            schema.open.push(start_of_names(name));
        }
        Ok(())
    }

    pub(crate) fn build(
        &self,
        schema: &Schema,
        learnt: Option<&Learnt>,
    ) -> Result<Box<dyn Stage>, StepError> {
        let columns = schema.columns(&self.columns)?;
        let categories = match learnt {
            None => None,
            Some(Learnt::Categories { categories }) if categories.len() == columns.len() => {
                let is_sorted = |one: &Vec<String>| {
                    one.windows(2).all(|pair| in_order(&pair[0], &pair[1]) == Ordering::Less)
                };
                if !categories.iter().all(is_sorted) {
                    return Err(StepError::OtherLearnt);
                }
                Some(categories.clone())
            }
            Some(_) => return Err(StepError::OtherLearnt),
        };
        let seen = vec![BTreeSet::new(); columns.len()];
        let source = (0..schema.names.len())
            .map(|at| columns.iter().position(|column| column.at == at).map_or(Source::Kept, Source::Encoded))
            .collect();
        Ok(Box::new(Encoder { step: self.clone(), columns, seen, categories, source, room: Vec::new() }))
    }
}

/// What the names of the columns that come out of one begin with.
fn start_of_names(column: &str) -> String {
    format!("{column}=")
}

/// By letters, blank last.
fn in_order(a: &str, b: &str) -> Ordering {
    a.is_empty().cmp(&b.is_empty()).then_with(|| a.cmp(b))
}

struct Encoder {
    step: OneHot,
    columns: Vec<Column>,
    seen: Vec<BTreeSet<String>>,
    categories: Option<Vec<Vec<String>>>,
    /// For each column that comes in.
    source: Vec<Source>,
    room: Vec<String>,
}

#[derive(Debug, Clone, Copy)]
enum Source {
    Kept,
    /// Position among the columns of the step.
    Encoded(usize),
}

/// What a cell becomes in the columns of its categories.
enum Code {
    Blank,
    /// 1 in the column of this category, if there is one, and 0 in the others.
    Category(Option<usize>),
}

impl Encoder {
    fn code(&self, at: usize, row: &Row, notes: &mut Notes) -> Result<Code, StepError> {
        let column = &self.columns[at];
        let categories = self.categories.as_ref().map_or(&[][..], |categories| &categories[at]);
        let cell = row.cells[column.at].trim();
        if cell.is_empty() && self.step.missing != Missing::Category {
            return Ok(match self.step.missing {
                Missing::Blank => Code::Blank,
                Missing::Zeros | Missing::Category => Code::Category(None),
            });
        }
        let found = categories.binary_search_by(|known| in_order(known, cell)).ok();
        if found.is_none() {
            if self.step.unknown == Unknown::Refuse {
                return Err(StepError::UnknownCategory { column: column.name.clone(), row: row.number });
            }
            notes.flag(|| FlaggedRow {
                row: row.number,
                column: Some(column.name.clone()),
                value: Some(shortened(cell)),
                reason: Reason::UnknownCategory,
            });
            if self.step.drop_first {
                return Ok(Code::Blank);
            }
        }
        Ok(Code::Category(found))
    }

    /// Categories of a column that have a column of their own.
    fn shown(&self, at: usize) -> std::ops::Range<usize> {
        let all = self.categories.as_ref().map_or(0, |categories| categories[at].len());
        usize::from(self.step.drop_first).min(all)..all
    }
}

impl Stage for Encoder {
    fn learns(&self) -> bool {
        self.categories.is_none()
    }

    fn learn(&mut self, rows: &[Row]) -> Result<(), StepError> {
        for row in rows.iter().filter(|row| !row.is_test) {
            for (column, seen) in self.columns.iter().zip(&mut self.seen) {
                let cell = row.cells[column.at].trim();
                if seen.contains(cell) || cell.is_empty() && self.step.missing != Missing::Category {
                    continue;
                }
                if cell.len() > MAX_CATEGORY_BYTES {
                    let (column, row) = (column.name.clone(), row.number);
                    return Err(StepError::CategoryTooLong { column, row, limit: MAX_CATEGORY_BYTES });
                }
                if seen.len() == self.step.most as usize {
                    let column = column.name.clone();
                    return Err(StepError::TooManyDifferent { column, limit: self.step.most as usize });
                }
                seen.insert(cell.to_owned());
            }
        }
        Ok(())
    }

    fn settle(&mut self, notes: &mut Notes) -> Result<(), StepError> {
        let seen = std::mem::take(&mut self.seen);
        for (column, seen) in self.columns.iter().zip(&seen) {
            let column = || column.name.clone();
            match seen.len() {
                0 => notes.warn(Warning::NothingToLearnFrom { column: column() }),
                1 => notes.warn(Warning::Constant { column: column() }),
                _ => {}
            }
        }
        let sorted = |seen: BTreeSet<String>| {
            let mut categories: Vec<String> = seen.into_iter().collect();
            categories.sort_by(|a, b| in_order(a, b));
            categories
        };
        self.categories = Some(seen.into_iter().map(sorted).collect());
        Ok(())
    }

    fn learnt(&self) -> Learnt {
        Learnt::Categories { categories: self.categories.clone().unwrap_or_default() }
    }

    fn output(&self, input: &Schema) -> Result<Option<Schema>, StepError> {
        let mut output = Schema { names: Vec::new(), types: Vec::new(), ..input.clone() };
        for (at, source) in self.source.iter().enumerate() {
            match source {
                Source::Kept => {
                    output.add(input.names[at].clone())?;
                    output.types.pop();
                    output.types.push(input.types[at].clone());
                }
                Source::Encoded(of) => {
                    let start = start_of_names(&self.columns[*of].name);
                    let categories = self.categories.as_ref().map_or(&[][..], |categories| &categories[*of]);
                    for category in &categories[self.shown(*of)] {
                        output.add(format!("{start}{category}"))?;
                    }
                }
            }
        }
        if output.names.is_empty() {
            return Err(StepError::NoColumnLeft);
        }
        Ok(Some(output))
    }

    fn change(&mut self, rows: &mut Vec<Row>, notes: &mut Notes) -> Result<(), StepError> {
        let mut room = std::mem::take(&mut self.room);
        for row in rows {
            room.clear();
            for (at, source) in self.source.iter().enumerate() {
                match source {
                    Source::Kept => room.push(std::mem::take(&mut row.cells[at])),
                    Source::Encoded(of) => {
                        let code = self.code(*of, row, notes)?;
                        room.extend(self.shown(*of).map(|category| match code {
                            Code::Blank => String::new(),
                            Code::Category(found) if found == Some(category) => "1".to_owned(),
                            Code::Category(_) => "0".to_owned(),
                        }));
                    }
                }
            }
            std::mem::swap(&mut row.cells, &mut room);
        }
        self.room = room;
        Ok(())
    }
}

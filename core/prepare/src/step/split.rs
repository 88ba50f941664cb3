//! Every row is put into the training or the test part.

use std::collections::BTreeMap;

use rand_chacha::ChaCha20Rng;
use serde::{Deserialize, Serialize};

use crate::error::StepError;
use crate::random;
use crate::report::{ClassCount, Classes, Parts, Warning};
use crate::row::Row;
use crate::schema::{Column, Schema};
use crate::stage::{Notes, Stage};

/// What the column says of a training row.
pub const TRAIN: &str = "train";
/// What the column says of a test row.
pub const TEST: &str = "test";
/// Most classes that are split each in the same proportion.
pub const MAX_CLASSES: usize = 1_000;

/// Adds a column that says `train` or `test`. Later steps learn from training rows only, and change both.
///
/// `round(test_share · rows)` rows are drawn for the test part, at least one and not all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Split {
    /// Name of the column that is added.
    pub column: String,
    /// Share of rows for the test part, above 0 and below 1.
    pub test_share: f64,
    /// Of the draws.
    pub seed: u64,
    /// A column of classes, each of which is split in this proportion up to one row.
    #[serde(default)]
    pub by: Option<String>,
}

impl Split {
    pub(crate) fn check(&self, schema: &mut Schema) -> Result<(), StepError> {
        if !(self.test_share > 0.0 && self.test_share < 1.0) {
            return Err(StepError::Parameter { name: "share of test rows", allowed: "above 0 and below 1" });
        }
        if schema.part.is_some() {
            return Err(StepError::SecondSplit);
        }
        if let Some(by) = &self.by {
            schema.check_one(by)?;
        }
        if self.column.trim().is_empty() {
            return Err(StepError::Parameter { name: "name of the new column", allowed: "some text" });
        }
        schema.add(self.column.clone())?;
        schema.part = Some(self.column.clone());
        Ok(())
    }

    pub(crate) fn build(&self, schema: &Schema) -> Result<Box<dyn Stage>, StepError> {
        let by = self.by.as_deref().map(|by| schema.column(by)).transpose()?;
        let rng = random::generator(random::SPLIT, self.seed);
        Ok(Box::new(Splitter { step: self.clone(), by, sizes: BTreeMap::new(), left: None, rng }))
    }
}

/// Draws without knowing rows beforehand: of `rows` left `test` go to the test part, each equally likely (selection
/// sampling, algorithm S of [Knu97, §3.4.2]).
struct Splitter {
    step: Split,
    by: Option<Column>,
    sizes: BTreeMap<String, Drawn>,
    /// What is left of each class in this pass; `None` until all rows have been counted.
    left: Option<BTreeMap<String, Drawn>>,
    rng: ChaCha20Rng,
}

/// Rows of a class, and how many of them are for the test part.
#[derive(Debug, Clone, Copy, Default)]
struct Drawn {
    rows: u64,
    test: u64,
}

impl Splitter {
    fn class<'r>(&self, row: &'r Row) -> &'r str {
        self.by.as_ref().map_or("", |column| row.cells[column.at].trim())
    }
}

impl Stage for Splitter {
    fn learns(&self) -> bool {
        self.left.is_none()
    }

    fn learn(&mut self, rows: &[Row]) -> Result<(), StepError> {
        for row in rows {
            let class = self.class(row);
            if let Some(size) = self.sizes.get_mut(class) {
                size.rows += 1;
            } else {
                if self.sizes.len() == MAX_CLASSES {
                    let column = self.step.by.clone().unwrap_or_default();
                    return Err(StepError::TooManyDifferent { column, limit: MAX_CLASSES });
                }
                self.sizes.insert(class.to_owned(), Drawn { rows: 1, test: 0 });
            }
        }
        Ok(())
    }

    fn settle(&mut self, notes: &mut Notes) -> Result<(), StepError> {
        let total: u64 = self.sizes.values().map(|size| size.rows).sum();
        if total < 2 {
            return Err(StepError::TooFewRows { needed: 2, actual: total });
        }
        let wanted = whole((total as f64 * self.step.test_share).round()).clamp(1, total - 1);
        share_out(&mut self.sizes, wanted, self.step.test_share);
        if self.by.is_some() {
            let is_in_one = |size: &&Drawn| size.test == 0 || size.test == size.rows;
            let count = self.sizes.values().filter(is_in_one).count();
            if count > 0 {
                notes.warn(Warning::ClassesInOnePart { count });
            }
        }
        if let Some(column) = &self.step.by {
            let count = |(class, size): (&String, &Drawn)| ClassCount {
                class: class.clone(),
                before: size.rows,
                after: size.rows - size.test,
            };
            let counts = self.sizes.iter().map(count).collect();
            notes.classes = Some(Classes { column: column.clone(), counts });
        }
        notes.parts = Some(Parts { train: total - wanted, test: wanted });
        self.left = Some(self.sizes.clone());
        Ok(())
    }

    fn restart(&mut self) {
        if self.left.is_some() {
            self.left = Some(self.sizes.clone());
        }
        self.rng = random::generator(random::SPLIT, self.step.seed);
    }

    fn change(&mut self, rows: &mut Vec<Row>, _notes: &mut Notes) -> Result<(), StepError> {
        for row in rows {
            let class = self.class(row);
            let left = self.left.as_mut().and_then(|left| left.get_mut(class));
            // A row that was not there when rows were counted: the runner finds that the table has changed.
            let left = left.filter(|left| left.rows > 0).ok_or(StepError::RowsChanged)?;
            row.is_test = random::below(&mut self.rng, left.rows) < left.test;
            left.rows -= 1;
            left.test -= u64::from(row.is_test);
            row.cells.push(if row.is_test { TEST } else { TRAIN }.to_owned());
        }
        Ok(())
    }
}

/// Gives every class its share of `wanted` test rows: whole rows first, then one more where the largest parts of a row
/// are left.
fn share_out(sizes: &mut BTreeMap<String, Drawn>, wanted: u64, share: f64) {
    let mut given = 0;
    let mut parts: Vec<(f64, &mut Drawn)> = Vec::new();
    for size in sizes.values_mut() {
        let ideal = size.rows as f64 * share;
        size.test = whole(ideal.floor()).min(size.rows);
        given += size.test;
        parts.push((ideal - ideal.floor(), size));
    }
    // Stable: of equal parts the first class gets the row.
    parts.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (_, size) in parts {
        if given < wanted && size.test < size.rows {
            size.test += 1;
            given += 1;
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count, rounded before")]
fn whole(count: f64) -> u64 {
    count as u64
}

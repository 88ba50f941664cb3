//! Training rows of small classes are made up between those that there are: SMOTE [CBHK02], and SMOTE-NC where there are
//! categories.

use std::collections::BTreeMap;

use rand_chacha::ChaCha20Rng;
use serde::{Deserialize, Serialize};

use crate::error::StepError;
use crate::nearest::Points;
use crate::number::decimals_for;
use crate::random;
use crate::report::{ClassCount, Classes};
use crate::row::{Row, as_count};
use crate::schema::{Column, Schema};
use crate::stage::{Notes, Stage, check_decimals};
use crate::step::impute::MAX_NEIGHBOURS;
use crate::step::split::{MAX_CLASSES, TRAIN};
use crate::summary::Moments;
use crate::synthetic::{Class, Draw};

/// Most rows that the step takes.
pub const ROW_LIMIT: usize = 50_000;
/// Most rows that it makes.
pub const MADE_LIMIT: usize = 200_000;

/// Makes up rows until every class has its size. They stand after all others; columns that are neither the class nor a
/// feature nor a category are blank in them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Smote {
    /// The column of classes.
    pub class: String,
    /// Columns of numbers without blanks.
    pub features: Vec<String>,
    /// Columns of categories: with any, it is SMOTE-NC.
    #[serde(default)]
    pub categories: Vec<String>,
    /// Neighbours between which rows are made, 1 to 100; usually 5.
    pub k: u32,
    /// What size small classes are brought to, as a share of the largest: above 0 and at most 1.
    pub share_of_largest: f64,
    /// Of the draws.
    pub seed: u64,
    /// Decimals of made numbers, at most 15; without, as many as the numbers need, and at least 6.
    #[serde(default)]
    pub decimals: Option<u8>,
}

impl Smote {
    /// Class, features and categories.
    pub(super) fn columns(&self) -> Vec<&String> {
        std::iter::once(&self.class).chain(&self.features).chain(&self.categories).collect()
    }

    pub(crate) fn check(&self, schema: &mut Schema) -> Result<(), StepError> {
        check_decimals(self.decimals)?;
        schema.check_numbers(&self.features)?;
        let all: Vec<String> = self.columns().into_iter().cloned().collect();
        schema.check(&all)?;
        if schema.part.is_none() {
            return Err(StepError::NoSplit);
        }
        if !(1..=MAX_NEIGHBOURS).contains(&self.k) {
            return Err(StepError::Neighbours { actual: self.k, limit: MAX_NEIGHBOURS });
        }
        if !(self.share_of_largest > 0.0 && self.share_of_largest <= 1.0) {
            return Err(StepError::Parameter {
                name: "share of the largest class",
                allowed: "above 0 and at most 1",
            });
        }
        schema.has_made_rows = true;
        Ok(())
    }

    pub(crate) fn build(&self, schema: &Schema) -> Result<Box<dyn Stage>, StepError> {
        let maker = Maker {
            step: self.clone(),
            class: schema.column(&self.class)?,
            features: schema.columns(&self.features)?,
            categories: schema.columns(&self.categories)?,
            part: schema.part.as_ref().and_then(|part| schema.position(part)),
            width: schema.names.len(),
        };
        Ok(Box::new(maker))
    }
}

struct Maker {
    step: Smote,
    class: Column,
    features: Vec<Column>,
    categories: Vec<Column>,
    /// Where the part stands, if that column is still there.
    part: Option<usize>,
    width: usize,
}

impl Maker {
    /// Training rows of each class; rows without one stay as they are.
    fn classes(&self, rows: &[Row]) -> Result<BTreeMap<String, Vec<usize>>, StepError> {
        let mut classes: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, row) in rows.iter().enumerate().filter(|(_, row)| !row.is_test) {
            let class = row.cells[self.class.at].trim();
            if let Some(members) = classes.get_mut(class) {
                members.push(at);
            } else if !class.is_empty() {
                if classes.len() == MAX_CLASSES {
                    return Err(StepError::TooManyDifferent {
                        column: self.class.name.clone(),
                        limit: MAX_CLASSES,
                    });
                }
                classes.insert(class.to_owned(), vec![at]);
            }
        }
        Ok(classes)
    }

    /// The features of these rows, and what their category numbers stand for in each column.
    fn class(&self, rows: &[Row], members: &[usize]) -> Result<(Class, Vec<Vec<String>>), StepError> {
        let mut numbers = Points::new(self.features.len());
        for member in members {
            let row = &rows[*member];
            let number = |column: &Column| {
                let blank = || StepError::BlankFeature { column: column.name.clone(), row: row.number };
                column.number(row)?.ok_or_else(blank)
            };
            numbers.push(self.features.iter().map(number).collect::<Result<Vec<_>, _>>()?);
        }
        let cell = |member: &usize, column: &Column| rows[*member].cells[column.at].trim();
        let names: Vec<Vec<String>> = self
            .categories
            .iter()
            .map(|column| {
                let mut names: Vec<String> =
                    members.iter().map(|member| cell(member, column).to_owned()).collect();
                names.sort_unstable();
                names.dedup();
                names
            })
            .collect();
        let code = |member: &usize, (column, names): (&Column, &Vec<String>)| {
            let at = names.partition_point(|name| name.as_str() < cell(member, column));
            u32::try_from(at).expect("there are no more categories than rows")
        };
        let codes =
            |member: &usize| self.categories.iter().zip(&names).map(|pair| code(member, pair)).collect();
        let categories = members.iter().map(codes).collect();
        Ok((Class { numbers, categories }, names))
    }

    /// Decimals of what is made of a feature, by how the class spreads in it.
    fn decimals(&self, class: &Class, feature: usize) -> u8 {
        let mut moments = Moments::default();
        (0..class.len()).for_each(|at| moments.push(class.numbers.point(at)[feature]));
        let (min, max) = moments.range();
        self.step.decimals.unwrap_or_else(|| decimals_for(min.abs().max(max.abs()), max - min))
    }

    fn make(
        &self,
        rows: &mut Vec<Row>,
        (class, members): (&str, &[usize]),
        count: usize,
        rng: &mut ChaCha20Rng,
    ) -> Result<(), StepError> {
        let k = self.step.k as usize;
        if members.len() <= k {
            let (class, rows) = (class.to_owned(), members.len());
            return Err(StepError::ClassTooSmall { class, rows, needed: k + 1 });
        }
        let (points, names) = self.class(rows, members)?;
        let neighbours = points.neighbours(k);
        let decimals: Vec<u8> = (0..self.features.len()).map(|at| self.decimals(&points, at)).collect();
        for _ in 0..count {
            let draw = Draw::at_random(points.len(), k, rng);
            let mut row = Row { number: 0, is_test: false, cells: vec![String::new(); self.width] };
            let values = points.numbers_at(draw, &neighbours).into_iter().zip(&decimals);
            for (column, (value, decimals)) in self.features.iter().zip(values) {
                column.reading.write(value, *decimals, &mut row.cells[column.at]);
            }
            let codes = points.categories_at(draw.row, &neighbours, |equal| random::index(rng, equal));
            for ((column, names), code) in self.categories.iter().zip(&names).zip(codes) {
                names[code as usize].clone_into(&mut row.cells[column.at]);
            }
            class.clone_into(&mut row.cells[self.class.at]);
            if let Some(part) = self.part {
                TRAIN.clone_into(&mut row.cells[part]);
            }
            rows.push(row);
        }
        Ok(())
    }
}

impl Stage for Maker {
    fn change(&mut self, rows: &mut Vec<Row>, notes: &mut Notes) -> Result<(), StepError> {
        let classes = self.classes(rows)?;
        let largest = classes.values().map(Vec::len).max().unwrap_or(0);
        let wanted = share_of(largest, self.step.share_of_largest);
        let lacking = |members: &Vec<usize>| wanted.saturating_sub(members.len());
        if classes.values().map(lacking).sum::<usize>() > MADE_LIMIT {
            return Err(StepError::TooManyMade { limit: MADE_LIMIT });
        }
        let mut rng = random::generator(random::SMOTE, self.step.seed);
        let mut counts = Vec::new();
        for (class, members) in &classes {
            let made = lacking(members);
            if made > 0 {
                self.make(rows, (class, members), made, &mut rng)?;
            }
            let before = as_count(members.len());
            counts.push(ClassCount { class: class.clone(), before, after: before + as_count(made) });
        }
        notes.classes = Some(Classes { column: self.class.name.clone(), counts });
        Ok(())
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a count, rounded down"
)]
fn share_of(count: usize, share: f64) -> usize {
    (count as f64 * share).floor() as usize
}

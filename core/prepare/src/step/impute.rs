//! Blank cells are filled.

mod nearest;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::error::StepError;
use crate::fitted::Learnt;
use crate::number::{self, decimals_for, rounding_error};
use crate::quantile::Quantiles;
use crate::report::Warning;
use crate::row::{Row, is_missing};
use crate::schema::{Column, Schema};
use crate::stage::{EXACT_VALUES, MAX_DIFFERENT, MAX_DIFFERENT_BYTES, Notes, Stage, check_decimals};
use crate::summary::Moments;

/// Most rows in which nearest neighbours are looked for: each row with a blank is compared with every other.
pub const NEAREST_ROW_LIMIT: usize = 20_000;
/// Most neighbours.
pub const MAX_NEIGHBOURS: u32 = 100;

/// Fills blank cells of columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Impute {
    /// Columns to fill.
    pub columns: Vec<String>,
    /// With what.
    pub filling: Filling,
    /// Decimals of filled-in means and medians, at most 15; without, as many as the numbers need, and at least 6.
    #[serde(default)]
    pub decimals: Option<u8>,
}

/// What blank cells are filled with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Filling {
    /// The mean of the column.
    Mean,
    /// The median of the column: exact up to a million values in all columns of the step together, sketched beyond.
    Median,
    /// The most frequent cell, as it is written. Of equally frequent ones the smallest: by size if both are numbers, else
    /// by letters.
    MostFrequent,
    /// Always the same.
    Constant {
        /// The cell.
        value: String,
    },
    /// The mean over the k rows that are nearest in the columns of the step and those of `by`, among rows in which the
    /// cell is there. The distance of two rows is Euclidean over the columns that both have, scaled up to all:
    /// `√(d / present · Σ (x − y)²)`. Without such a row it is the mean of the column.
    Nearest {
        /// Neighbours, 1 to 100.
        k: u32,
        /// Columns that only say what is near.
        #[serde(default)]
        by: Vec<String>,
        /// What nearer rows weigh.
        #[serde(default)]
        weights: Weights,
    },
}

/// What a neighbour weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weights {
    /// All the same.
    #[default]
    Uniform,
    /// One over the distance; rows at distance 0 count alone.
    Distance,
}

impl Impute {
    pub(super) fn row_limit(&self) -> Option<usize> {
        matches!(self.filling, Filling::Nearest { .. }).then_some(NEAREST_ROW_LIMIT)
    }

    /// Those that are filled, and those that only say what is near.
    pub(super) fn columns(&self) -> Vec<&String> {
        let by: &[String] = match &self.filling {
            Filling::Nearest { by, .. } => by,
            Filling::Mean | Filling::Median | Filling::MostFrequent | Filling::Constant { .. } => &[],
        };
        self.columns.iter().chain(by).collect()
    }

    pub(super) fn learns(&self) -> bool {
        matches!(self.filling, Filling::Mean | Filling::Median | Filling::MostFrequent)
    }

    pub(crate) fn check(&self, schema: &mut Schema) -> Result<(), StepError> {
        check_decimals(self.decimals)?;
        match &self.filling {
            Filling::MostFrequent => schema.check(&self.columns)?,
            Filling::Constant { value } => {
                schema.check(&self.columns)?;
                if is_missing(value) {
                    return Err(StepError::BlankConstant);
                }
            }
            Filling::Mean | Filling::Median => schema.check_numbers(&self.columns)?,
            Filling::Nearest { k, by, .. } => {
                let all = [self.columns.as_slice(), by].concat();
                schema.check_numbers(&all)?;
                if !(1..=MAX_NEIGHBOURS).contains(k) {
                    return Err(StepError::Neighbours { actual: *k, limit: MAX_NEIGHBOURS });
                }
            }
        }
        Ok(())
    }

    pub(crate) fn build(
        &self,
        schema: &Schema,
        learnt: Option<&Learnt>,
    ) -> Result<Box<dyn Stage>, StepError> {
        if let Filling::Nearest { k, by, weights } = &self.filling {
            return nearest::build(self, schema, *k, by, *weights);
        }
        let columns = schema.columns(&self.columns)?;
        let filled = match (&self.filling, learnt) {
            (Filling::Constant { value }, _) => Some(vec![Some(value.clone()); columns.len()]),
            (_, Some(Learnt::Fillings { cells })) if cells.len() == columns.len() => Some(cells.clone()),
            (_, Some(_)) => return Err(StepError::OtherLearnt),
            (_, None) => None,
        };
        let exact = EXACT_VALUES / columns.len().max(1);
        let statistic = |_: &Column| match self.filling {
            Filling::Mean => Statistic::Mean(Moments::default()),
            Filling::Median => Statistic::Median(Quantiles::new(exact), Moments::default()),
            Filling::MostFrequent | Filling::Constant { .. } | Filling::Nearest { .. } => {
                Statistic::MostFrequent { counts: HashMap::new(), bytes: 0 }
            }
        };
        let statistics = columns.iter().map(statistic).collect();
        Ok(Box::new(Filler { columns, statistics, filled, decimals: self.decimals }))
    }
}

/// Fills cells of each column with one text.
struct Filler {
    columns: Vec<Column>,
    statistics: Vec<Statistic>,
    /// For each column; `None` for a column without any value.
    filled: Option<Vec<Option<String>>>,
    decimals: Option<u8>,
}

enum Statistic {
    Mean(Moments),
    Median(Quantiles, Moments),
    MostFrequent { counts: HashMap<String, u64>, bytes: usize },
}

impl Statistic {
    fn push(&mut self, column: &Column, row: &Row) -> Result<(), StepError> {
        match self {
            Self::Mean(moments) => {
                if let Some(number) = column.number(row)? {
                    moments.push(number);
                }
            }
            Self::Median(quantiles, moments) => {
                if let Some(number) = column.number(row)? {
                    quantiles.push(number);
                    moments.push(number);
                }
            }
            Self::MostFrequent { counts, bytes } => {
                let cell = row.cells[column.at].trim();
                if let Some(count) = counts.get_mut(cell) {
                    *count += 1;
                } else if !cell.is_empty() {
                    *bytes += cell.len();
                    if counts.len() == MAX_DIFFERENT || *bytes > MAX_DIFFERENT_BYTES {
                        let column = column.name.clone();
                        return Err(StepError::TooManyDifferent { column, limit: MAX_DIFFERENT });
                    }
                    counts.insert(cell.to_owned(), 1);
                }
            }
        }
        Ok(())
    }

    fn finish(self, column: &Column, decimals: Option<u8>, notes: &mut Notes) -> Option<String> {
        match self {
            Self::Mean(moments) => Some(written(column, moments.mean()?, moments, decimals, notes)),
            Self::Median(quantiles, moments) => {
                let mut ranked = quantiles.finish();
                if ranked.is_approximate() {
                    notes.warn(Warning::Approximate { column: column.name.clone() });
                }
                Some(written(column, ranked.at(0.5)?, moments, decimals, notes))
            }
            Self::MostFrequent { counts, .. } => most_frequent(counts),
        }
    }
}

/// A value of a column as its cells are.
fn written(column: &Column, value: f64, moments: Moments, decimals: Option<u8>, notes: &mut Notes) -> String {
    let spread = spread(moments, value);
    let decimals = decimals.unwrap_or_else(|| decimals_for(value, spread));
    notes.warn_of_rounding(&column.name, decimals, rounding_error(value, decimals), spread);
    let mut text = String::new();
    column.reading.write(value, decimals, &mut text);
    text
}

/// The standard deviation of a column, or the size of the value where all are the same.
fn spread(moments: Moments, value: f64) -> f64 {
    let (min, max) = moments.range();
    if min < max { moments.population_deviation().unwrap_or(0.0) } else { value.abs() }
}

/// The most frequent cell; of equally frequent ones the smallest.
fn most_frequent(counts: HashMap<String, u64>) -> Option<String> {
    let smaller = |a: &str, b: &str| match (number::plain(a), number::plain(b)) {
        (Some(x), Some(y)) => x.total_cmp(&y).then_with(|| a.cmp(b)),
        (Some(_), None) => std::cmp::Ordering::Less,
        (None, Some(_)) => std::cmp::Ordering::Greater,
        (None, None) => a.cmp(b),
    };
    counts.into_iter().max_by(|a, b| a.1.cmp(&b.1).then_with(|| smaller(&b.0, &a.0))).map(|(cell, _)| cell)
}

impl Stage for Filler {
    fn learns(&self) -> bool {
        self.filled.is_none()
    }

    fn learn(&mut self, rows: &[Row]) -> Result<(), StepError> {
        for row in rows.iter().filter(|row| !row.is_test) {
            for (column, statistic) in self.columns.iter().zip(&mut self.statistics) {
                statistic.push(column, row)?;
            }
        }
        Ok(())
    }

    fn settle(&mut self, notes: &mut Notes) -> Result<(), StepError> {
        let statistics = std::mem::take(&mut self.statistics);
        let columns = self.columns.iter().zip(statistics);
        let filled =
            columns.map(|(column, statistic)| statistic.finish(column, self.decimals, notes)).collect();
        self.filled = Some(filled);
        Ok(())
    }

    fn learnt(&self) -> Learnt {
        Learnt::Fillings { cells: self.filled.clone().unwrap_or_default() }
    }

    fn change(&mut self, rows: &mut Vec<Row>, notes: &mut Notes) -> Result<(), StepError> {
        let filled = self.filled.as_deref().unwrap_or_default();
        for row in rows {
            for (column, cell) in self.columns.iter().zip(filled) {
                if !is_missing(&row.cells[column.at]) {
                    continue;
                }
                match cell {
                    Some(cell) => notes.changed(row.set(column.at, cell)),
                    None => notes.warn(Warning::NothingToLearnFrom { column: column.name.clone() }),
                }
            }
        }
        Ok(())
    }
}

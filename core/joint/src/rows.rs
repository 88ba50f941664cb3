//! An owner's rows against the terms, and what they add to a round.

use veilsum_train::data::Features;
use veilsum_train::rounds::{Contribution, RoundError, kmeans, linear, logistic, moments};
use veilsum_train::{DataError, TrainError};

use crate::round::{Numbers, Round, kmeans_round, logistic_round};
use crate::terms::{Family, Terms};

/// The cells of a column of an owner's table; `None` where one is blank.
#[derive(Debug, Clone, Copy)]
pub enum Cells<'a> {
    /// Numbers.
    Numbers(&'a [Option<f64>]),
    /// Words.
    Words(&'a [Option<String>]),
}

/// Rows of one owner that fit the terms.
#[derive(Debug, Clone)]
pub struct OwnRows {
    features: Features,
    target: Target,
    dropped: u64,
}

/// What is known of each row.
#[derive(Debug, Clone)]
enum Target {
    Nothing,
    Value(Vec<f64>),
    IsPositive(Vec<bool>),
}

/// Why an owner's table does not fit the terms. Names places, never a cell's content.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RowsError {
    /// A column is missing.
    #[error(
        "the table has no column “{column}”, and this training needs {needed} columns: choose a table that has all of them"
    )]
    Missing {
        /// The column.
        column: String,
        /// Columns that are needed.
        needed: usize,
    },
    /// A column holds words.
    #[error("column “{column}” holds words where numbers are needed: correct the file, then choose it again")]
    NotNumbers {
        /// The column.
        column: String,
    },
    /// A number is larger than agreed on.
    #[error(
        "row {row} of column “{column}” is beyond ±{bound}, the bound that was agreed on: correct the cell, or ask the key \
         holder for a training with a larger bound"
    )]
    OutOfBounds {
        /// The row in the table, from 1.
        row: u64,
        /// The column.
        column: String,
        /// The bound.
        bound: f64,
    },
    /// A row is of another class.
    #[error(
        "row {row} of column “{column}” is neither “{negative}” nor “{positive}”: leave such rows out of the file"
    )]
    OtherClass {
        /// The row in the table, from 1.
        row: u64,
        /// The column of the classes.
        column: String,
        /// The negative class.
        negative: String,
        /// The positive class.
        positive: String,
    },
    /// Sums over so few rows would tell much of each.
    #[error(
        "the table has {actual} whole rows, and each owner takes part with at least {least}: sums over fewer tell too much \
         of each row. Choose a table with more rows"
    )]
    TooFewRows {
        /// Rows agreed on.
        least: u64,
        /// Whole rows there are.
        actual: u64,
    },
    /// More rows than all owners together may have.
    #[error(
        "the table has {actual} rows, and all owners together may have {most}: take part with fewer rows"
    )]
    TooManyRows {
        /// Rows agreed on.
        most: u64,
        /// Whole rows there are.
        actual: u64,
    },
    /// The rows do not make a table of numbers.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The round does not go with these rows.
    #[error(transparent)]
    Round(#[from] RoundError),
    /// The standardisation does not go with these rows.
    #[error(transparent)]
    Standardise(#[from] TrainError),
}

impl OwnRows {
    /// The whole rows of a table, whose columns are found by their names. Rows with a blank in a column that is needed are left
    /// out.
    ///
    /// # Errors
    /// [`RowsError`] if a column is missing or of words, a number is beyond its bound, a row is of another class, or rows are
    /// too few or too many.
    pub fn new<'a>(terms: &Terms, cells: impl Fn(&str) -> Option<Cells<'a>>) -> Result<Self, RowsError> {
        let needed = terms.columns().count() + usize::from(matches!(terms.family, Family::Logistic { .. }));
        let find =
            |name: &str| cells(name).ok_or_else(|| RowsError::Missing { column: name.to_owned(), needed });
        let numbers = terms.columns().map(|column| match find(&column.name)? {
            Cells::Numbers(numbers) => Ok(numbers),
            Cells::Words(_) => Err(RowsError::NotNumbers { column: column.name.clone() }),
        });
        let numbers = numbers.collect::<Result<Vec<_>, RowsError>>()?;
        let label = match &terms.family {
            Family::Logistic { label, classes, .. } => Some((label, classes, find(label)?)),
            Family::Linear { .. } | Family::KMeans { .. } => None,
        };
        let count = numbers.first().map_or(0, |column| column.len());
        let (mut values, mut targets, mut is_positive) = (Vec::new(), Vec::new(), Vec::new());
        let mut whole = 0_u64;
        for at in 0..count {
            let row = at as u64 + 1;
            let cells: Option<Vec<f64>> =
                numbers.iter().map(|column| column.get(at).copied().flatten()).collect();
            let word = label.as_ref().map(|(_, _, cells)| class(cells, at));
            let (Some(cells), None | Some(Some(_))) = (cells, &word) else { continue };
            for (column, value) in terms.columns().zip(&cells) {
                let bound = column.bound.get();
                if value.abs() > bound {
                    return Err(RowsError::OutOfBounds { row, column: column.name.clone(), bound });
                }
            }
            if let (Some((label, [negative, positive], _)), Some(Some(word))) = (&label, word) {
                if word != *negative && word != *positive {
                    return Err(RowsError::OtherClass {
                        row,
                        column: (*label).clone(),
                        negative: negative.clone(),
                        positive: positive.clone(),
                    });
                }
                is_positive.push(word == *positive);
            }
            let features = terms.features.len();
            values.extend_from_slice(&cells[..features]);
            targets.extend(cells.get(features).copied());
            whole += 1;
        }
        if whole < terms.least_rows {
            return Err(RowsError::TooFewRows { least: terms.least_rows, actual: whole });
        }
        if whole > terms.most_rows {
            return Err(RowsError::TooManyRows { most: terms.most_rows, actual: whole });
        }
        let names = terms.features.iter().map(|column| column.name.clone()).collect();
        let target = match &terms.family {
            Family::Linear { .. } => Target::Value(targets),
            Family::Logistic { .. } => Target::IsPositive(is_positive),
            Family::KMeans { .. } => Target::Nothing,
        };
        Ok(Self { features: Features::new(names, values)?, target, dropped: count as u64 - whole })
    }

    /// Whole rows.
    #[must_use]
    pub fn row_count(&self) -> u64 {
        self.features.row_count() as u64
    }

    /// Rows that were left out for a blank cell.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// The features.
    #[must_use]
    pub const fn features(&self) -> &Features {
        &self.features
    }

    /// The numbers of the target; empty where it is none of numbers.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        if let Target::Value(values) = &self.target { values } else { &[] }
    }

    /// Whether each row is of the positive class; empty where there are no classes.
    #[must_use]
    pub fn is_positive(&self) -> &[bool] {
        if let Target::IsPositive(is_positive) = &self.target { is_positive } else { &[] }
    }

    /// What these rows add to a round of these terms.
    ///
    /// # Errors
    /// [`RowsError::Round`] if the round does not go with the rows.
    pub fn contribution(&self, terms: &Terms, round: &Round) -> Result<Contribution, RowsError> {
        let agreed = terms.rounds();
        Ok(match &round.numbers {
            Numbers::Moments => {
                let bounds: Vec<f64> = terms.columns().map(|column| column.bound.get()).collect();
                moments::contribution(&self.with_target()?, &bounds, &agreed)?
            }
            Numbers::Products { standardisation } => {
                let columns = standardisation.standardisation().apply(&self.with_target()?)?;
                linear::contribution(&columns, &agreed)?
            }
            Numbers::Coefficients { standardisation, coefficients } => {
                let features = standardisation.standardisation().apply(&self.features)?;
                let round = logistic_round(round.number, coefficients);
                logistic::contribution(&features, self.is_positive(), &round, &agreed)?
            }
            Numbers::Centroids { standardisation, centroids, .. } => {
                let round = kmeans_round(round.number, centroids);
                if is_standardised(&terms.family) {
                    let features = standardisation.standardisation().apply(&self.features)?;
                    kmeans::contribution(&features, &round, &agreed)?
                } else {
                    kmeans::contribution(&self.features, &round, &agreed)?
                }
            }
        })
    }

    /// The features, and the target of a linear regression as their last column.
    fn with_target(&self) -> Result<Features, RowsError> {
        let Target::Value(target) = &self.target else { return Ok(self.features.clone()) };
        let names = self.features.names().iter().cloned().chain(["target".to_owned()]).collect();
        let rows = self.features.rows().zip(target);
        let values = rows.flat_map(|(row, target)| row.iter().copied().chain([*target])).collect();
        Ok(Features::new(names, values)?)
    }
}

/// Whether distances are measured in standardised columns.
pub(crate) const fn is_standardised(family: &Family) -> bool {
    match family {
        Family::Linear { .. } | Family::Logistic { .. } => true,
        Family::KMeans { standardised, .. } => *standardised,
    }
}

/// The class of a row as its cell says it; `None` where it is blank.
fn class(cells: &Cells<'_>, row: usize) -> Option<String> {
    match cells {
        Cells::Numbers(numbers) => Some(numbers.get(row).copied().flatten()?.to_string()),
        Cells::Words(words) => words.get(row).cloned().flatten(),
    }
}

//! Features: what a model is asked about, and how a record becomes integers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::scale::Scale;

/// A feature: its name, how its numbers become integers, and which of them the model was planned for.
///
/// The numbers are raw, as a person knows them: a model's standardisation is folded into its weights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feature {
    /// Name, unique within a model.
    pub name: String,
    /// How a number becomes an integer.
    pub scale: Scale,
    /// The smallest integer that the model takes.
    pub lowest: i64,
    /// The largest integer that the model takes, not below `lowest`.
    pub highest: i64,
}

/// What is encrypted for a record, beside each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Input {
    /// The integer of a feature, by its position.
    Value(usize),
    /// The product of the integers of two features: squares need it, and sums of ciphertexts cannot make it.
    Product(usize, usize),
}

/// Why a record cannot be scored. Names features and their declared bounds, never what a record holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// Another number of values than the model has features.
    #[error(
        "Record {record} has {actual} values, and this model takes {expected}: fill in exactly its features, in its order."
    )]
    WrongCount {
        /// Which record, from 1.
        record: usize,
        /// Features of the model.
        expected: usize,
        /// Values of the record.
        actual: usize,
    },
    /// The record does not have a feature of the model.
    #[error("Feature \"{feature}\" is missing from record {record}: this model cannot do without it.")]
    Missing {
        /// Which record, from 1.
        record: usize,
        /// Name of the feature.
        feature: String,
    },
    /// The record has a value that the model does not know.
    #[error("Record {record} has a value \"{name}\" that is no feature of this model: take it out.")]
    Unknown {
        /// Which record, from 1.
        record: usize,
        /// Name of the value.
        name: String,
    },
    /// The value is not a finite number.
    #[error("Feature \"{feature}\" of record {record} is not a finite number.")]
    NotFinite {
        /// Which record, from 1.
        record: usize,
        /// Name of the feature.
        feature: String,
    },
    /// The value is outside the bound that the model was planned for.
    #[error(
        "Feature \"{feature}\" of record {record} is outside what this model takes: {lowest} to {highest}. A score for \
         it could overflow, so none is computed."
    )]
    OutOfBounds {
        /// Which record, from 1.
        record: usize,
        /// Name of the feature.
        feature: String,
        /// The smallest number that the model takes.
        lowest: String,
        /// The largest number that the model takes.
        highest: String,
    },
    /// A column was encoded at another scale than the model takes.
    #[error(
        "Column \"{feature}\" is stored with {actual}, and this model takes it with {expected}: encrypt it again with \
         those."
    )]
    WrongScale {
        /// Name of the feature.
        feature: String,
        /// The scale that the model takes.
        expected: Scale,
        /// The scale of the column.
        actual: Scale,
    },
}

impl Feature {
    /// The largest magnitude of its integers.
    #[must_use]
    pub const fn magnitude(&self) -> u64 {
        let (low, high) = (self.lowest.unsigned_abs(), self.highest.unsigned_abs());
        if low > high { low } else { high }
    }

    /// Whether a stored column of that scale can be scored as it is.
    ///
    /// # Errors
    /// [`InputError::WrongScale`].
    pub fn check_scale(&self, actual: Scale) -> Result<(), InputError> {
        if actual == self.scale {
            return Ok(());
        }
        Err(InputError::WrongScale { feature: self.name.clone(), expected: self.scale, actual })
    }

    /// Whether an integer is within the declared bound; `record` counts from 1.
    ///
    /// # Errors
    /// [`InputError::OutOfBounds`].
    pub fn check(&self, record: usize, integer: i64) -> Result<i64, InputError> {
        if (self.lowest..=self.highest).contains(&integer) {
            return Ok(integer);
        }
        Err(self.out_of_bounds(record))
    }

    fn encode(&self, record: usize, number: f64) -> Result<i64, InputError> {
        if !number.is_finite() {
            return Err(InputError::NotFinite { record, feature: self.name.clone() });
        }
        let integer = self.scale.to_integer(number).ok_or_else(|| self.out_of_bounds(record))?;
        self.check(record, integer)
    }

    fn out_of_bounds(&self, record: usize) -> InputError {
        let text = |bound: i64| self.scale.to_number(bound.into()).to_string();
        InputError::OutOfBounds {
            record,
            feature: self.name.clone(),
            lowest: text(self.lowest),
            highest: text(self.highest),
        }
    }
}

/// The integers of one record, in the order of the features: each number rounded to the scale of its feature.
///
/// `record` counts from 1; it appears in errors only.
///
/// # Errors
/// [`InputError`] for another number of values, or one that is not finite or out of bounds.
pub fn encode(features: &[Feature], record: usize, numbers: &[f64]) -> Result<Vec<i64>, InputError> {
    if numbers.len() != features.len() {
        return Err(InputError::WrongCount { record, expected: features.len(), actual: numbers.len() });
    }
    features.iter().zip(numbers).map(|(feature, &number)| feature.encode(record, number)).collect()
}

/// As [`encode`], from a form: values by the names of features.
///
/// # Errors
/// [`InputError`] for a missing feature, a value that is no feature, or one that is not finite or out of bounds.
pub fn encode_named(
    features: &[Feature],
    record: usize,
    numbers: &BTreeMap<String, f64>,
) -> Result<Vec<i64>, InputError> {
    if let Some(name) = numbers.keys().find(|name| features.iter().all(|feature| feature.name != **name)) {
        return Err(InputError::Unknown { record, name: name.clone() });
    }
    let encode = |feature: &Feature| match numbers.get(&feature.name) {
        Some(&number) => feature.encode(record, number),
        None => Err(InputError::Missing { record, feature: feature.name.clone() }),
    };
    features.iter().map(encode).collect()
}

/// Checks integers that were encoded elsewhere, such as the cells of a stored column.
///
/// # Errors
/// [`InputError`] for another number of values, or one that is out of bounds.
pub fn check(features: &[Feature], record: usize, integers: &[i64]) -> Result<(), InputError> {
    if integers.len() != features.len() {
        return Err(InputError::WrongCount { record, expected: features.len(), actual: integers.len() });
    }
    features.iter().zip(integers).try_for_each(|(feature, &integer)| feature.check(record, integer).map(drop))
}

//! What a model's maker says about it. Published with the model.

use serde::{Deserialize, Serialize};

use crate::text::Real;

/// A model card.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Name of the model.
    pub name: String,
    /// What it was trained on, in a sentence.
    pub training_data: String,
    /// Rows that it was trained on.
    pub training_rows: u64,
    /// What made it, with version.
    pub source: String,
    /// What was measured of the model before it was quantised.
    pub metrics: Vec<Metric>,
    /// How far a score may be from that of the model before it was quantised, for records that the scales of the
    /// features hold exactly.
    pub quantisation_error: Option<Real>,
    /// What rounding a record to the scales of the features may add to that.
    pub rounding_error: Option<Real>,
}

/// A measured figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// What was measured, and on what: `accuracy, test`.
    pub name: String,
    /// The figure.
    pub value: Real,
}

/// All numbers are finite.
impl Eq for Card {}
impl Eq for Metric {}

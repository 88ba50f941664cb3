//! A quantised model: integers only, so that a score of ciphertexts and a score of cleartexts are the same integer.

mod card;
mod check;
mod forms;
mod stored;

pub use card::{Card, Metric};
pub use check::ModelError;
pub(crate) use check::check_interface;
pub use forms::{MAX_PRODUCT_FEATURES, Terms};
pub use stored::{FORMAT, FormatError, MAX_BYTES, VERSION};

use serde::{Deserialize, Serialize};

use crate::feature::Feature;
use crate::interval::Interval;
use crate::scale::Scale;
use crate::text::Wide;

/// Most features of a model.
pub const MAX_FEATURES: usize = 1_024;
/// Most scores of a record: classes, or clusters.
pub const MAX_SCORES: usize = 256;
/// Most dense layers of a network.
pub const MAX_LAYERS: usize = 8;
/// Most units of a layer.
pub const MAX_UNITS: usize = 1_024;
/// Every |score| and everything on the way to it is below `2^MAX_BITS`.
pub const MAX_BITS: u32 = 125;

/// A checked model: its parts fit each other, and no value on the way to a score needs more than [`MAX_BITS`] bits,
/// whatever the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    features: Vec<Feature>,
    family: Family,
    output_scale: Scale,
    card: Card,
    bounds: Bounds,
}

/// What a model computes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Family {
    /// `constant + Σ weightᵢ·xᵢ`: the predicted value.
    Linear {
        /// What is predicted.
        target: String,
        /// The form.
        form: Form,
    },
    /// Log-odds: of the second class alone for two classes, of each class for more.
    Logistic {
        /// Names of the classes, two at least.
        classes: Vec<String>,
        /// One form for two classes, else one for each.
        forms: Vec<Form>,
    },
    /// `Dₖ = Σ metricᵢ·(2^centroid_bits·xᵢ − centroidₖᵢ)²`: squared distances.
    KMeans {
        /// Binary places that centroids have beyond the scales of the features.
        centroid_bits: u8,
        /// What a squared unit of each feature counts, not negative.
        metric: Vec<i64>,
        /// The centroids, a number for each feature.
        centroids: Vec<Vec<i64>>,
    },
    /// Dense layers with squares between them; the last one gives logits.
    Network {
        /// Names of the classes: one for each logit, two for a single logit, or none for a single predicted value.
        classes: Vec<String>,
        /// The layers, from the features on.
        layers: Vec<Layer>,
    },
}

/// `constant + Σ weightᵢ·inputᵢ`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// A weight for each input.
    pub weights: Vec<i64>,
    /// What a record of zeros scores.
    pub constant: Wide,
}

/// A dense layer: a form over the outputs of the layer before for each unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// The units.
    pub units: Vec<Form>,
}

/// Worst cases of a model, exact for each value by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// For a network: each unit of each layer, before its square.
    pub layers: Vec<Vec<Interval>>,
    /// Each score.
    pub scores: Vec<Interval>,
}

/// The name of a family, on a card and in errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FamilyName {
    /// Linear regression.
    Linear,
    /// Logistic regression.
    Logistic,
    /// k-means.
    KMeans,
    /// A dense network.
    Network,
}

impl Model {
    /// The features, in the order in which records have them.
    #[must_use]
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// What the model computes.
    #[must_use]
    pub const fn family(&self) -> &Family {
        &self.family
    }

    /// What a unit of a score stands for.
    #[must_use]
    pub const fn output_scale(&self) -> Scale {
        self.output_scale
    }

    /// What its maker says about it.
    #[must_use]
    pub const fn card(&self) -> &Card {
        &self.card
    }

    /// The worst cases.
    #[must_use]
    pub const fn bounds(&self) -> &Bounds {
        &self.bounds
    }
}

impl Family {
    /// Its name.
    #[must_use]
    pub const fn name(&self) -> FamilyName {
        match self {
            Self::Linear { .. } => FamilyName::Linear,
            Self::Logistic { .. } => FamilyName::Logistic,
            Self::KMeans { .. } => FamilyName::KMeans,
            Self::Network { .. } => FamilyName::Network,
        }
    }

    /// Names of the classes, if it tells classes apart.
    #[must_use]
    pub fn classes(&self) -> &[String] {
        match self {
            Self::Logistic { classes, .. } | Self::Network { classes, .. } => classes,
            Self::Linear { .. } | Self::KMeans { .. } => &[],
        }
    }

    /// Scores of a record.
    #[must_use]
    pub fn score_count(&self) -> usize {
        match self {
            Self::Linear { .. } => 1,
            Self::Logistic { forms, .. } => forms.len(),
            Self::KMeans { centroids, .. } => centroids.len(),
            Self::Network { layers, .. } => layers.last().map_or(0, |layer| layer.units.len()),
        }
    }
}

impl core::fmt::Display for FamilyName {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str(match self {
            Self::Linear => "linear regression",
            Self::Logistic => "logistic regression",
            Self::KMeans => "k-means",
            Self::Network => "network",
        })
    }
}

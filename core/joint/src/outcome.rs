//! What came out of a training: public numbers, as every round's are.
//!
//! ```text
//! {"format":"veilsum-training-outcome","version":1,"content":{"training":…,"terms":…,"rounds":7,"rows":569,
//!  "numbers":{"kind":"logistic","standardisation":{"centres":[…],"scales":[…]},"coefficients":[…]}}}
//! ```

use serde::{Deserialize, Serialize};
use veilsum_model::float::{
    Declared, FloatFamily, FloatForm, FloatModel, Standardisation as FloatStandardisation,
};
use veilsum_model::scale::Scale;
use veilsum_model::text::Real;
use veilsum_protocol::{Digest, TrainingId};

use crate::document::{DocumentError, Format};
use crate::round::{Scales, floats};
use crate::terms::{Family, Terms};

/// Most bytes of an outcome.
pub const MAX_BYTES: usize = 256 << 10;

const WHAT: &str = "the outcome of a training";
const FORMAT: Format =
    Format { what: WHAT, name: "veilsum-training-outcome", version: 1, most_bytes: MAX_BYTES };
/// Most decimals that a published model keeps of a feature, and of one whose square is encrypted too.
const MOST_DECIMALS: u8 = 9;
const MOST_DECIMALS_OF_SQUARES: u8 = 6;

/// What came out of a training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// The training.
    pub training: TrainingId,
    /// Digest of its terms.
    pub terms: Digest,
    /// Rounds that were made, that of the moments among them.
    pub rounds: u32,
    /// Rows of all owners.
    pub rows: u64,
    /// The model.
    pub numbers: Learned,
}

/// A model's numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Learned {
    /// `ŷ = w·x + b` of columns as they are.
    Linear {
        /// Of features and target.
        standardisation: Scales,
        /// w, in units of the target per unit of the feature.
        coefficients: Vec<Real>,
        /// b, in units of the target.
        intercept: Real,
        /// Share of the target's variance that is explained over all rows.
        r_squared: Real,
    },
    /// Log-odds of the positive class, `w·z + b`.
    Logistic {
        /// Of the features.
        standardisation: Scales,
        /// A weight for each standardised feature, then the intercept.
        coefficients: Vec<Real>,
    },
    /// Centres of clusters.
    KMeans {
        /// Of the features.
        standardisation: Scales,
        /// Which start, from 1.
        start: u32,
        /// A number for each feature of each cluster, in the columns that distances are measured in.
        centroids: Vec<Vec<Real>>,
        /// Squared distances from the nearest centroid, over all rows.
        inertia: Real,
    },
}

impl Outcome {
    /// The bytes of the format above.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        FORMAT.write(self)
    }

    /// Reads exactly what [`Self::to_bytes`] writes, and checks that it is of this training with these terms.
    ///
    /// # Errors
    /// [`DocumentError`].
    pub fn from_bytes(training: TrainingId, terms: &Terms, bytes: &[u8]) -> Result<Self, DocumentError> {
        let outcome: Self = FORMAT.read(bytes)?;
        let features = terms.features.len();
        let is_of = |standardisation: &Scales, more: usize| standardisation.is_of(features + more);
        let is_right = match (&outcome.numbers, &terms.family) {
            (Learned::Linear { standardisation, coefficients, .. }, Family::Linear { .. }) => {
                is_of(standardisation, 1) && coefficients.len() == features
            }
            (Learned::Logistic { standardisation, coefficients }, Family::Logistic { .. }) => {
                is_of(standardisation, 0) && coefficients.len() == features + 1
            }
            (Learned::KMeans { standardisation, centroids, .. }, Family::KMeans { clusters, .. }) => {
                is_of(standardisation, 0)
                    && centroids.len() == *clusters as usize
                    && centroids.iter().all(|centroid| centroid.len() == features)
            }
            (Learned::Linear { .. } | Learned::Logistic { .. } | Learned::KMeans { .. }, _) => false,
        };
        let out_of_range = |field, allowed| Err(DocumentError::OutOfRange { what: WHAT, field, allowed });
        if outcome.training != training || outcome.terms != terms.digest() {
            return out_of_range("training", "the training that it is of, with the digest of its terms");
        }
        if is_right {
            Ok(outcome)
        } else {
            out_of_range("numbers", "those of the family and of all features")
        }
    }

    /// The model as training leaves it, to be quantised and published. Features may have any value within their bounds.
    #[must_use]
    pub fn float_model(&self, terms: &Terms) -> FloatModel {
        let most = match &terms.family {
            Family::KMeans { .. } => MOST_DECIMALS_OF_SQUARES,
            Family::Linear { .. } | Family::Logistic { .. } => MOST_DECIMALS,
        };
        let features = terms.features.iter().map(|column| Declared {
            name: column.name.clone(),
            scale: Scale::decimal(column.decimals.min(most)),
            lowest: -column.bound.get(),
            highest: column.bound.get(),
        });
        let standardised = |scales: &Scales| FloatStandardisation {
            means: floats(&scales.centres),
            deviations: floats(&scales.scales),
        };
        let (family, standardisation) = match (&self.numbers, &terms.family) {
            (Learned::Linear { coefficients, intercept, .. }, family) => {
                let form = FloatForm { weights: floats(coefficients), constant: intercept.get() };
                let target = match family {
                    Family::Linear { target, .. } => target.name.clone(),
                    Family::Logistic { .. } | Family::KMeans { .. } => String::new(),
                };
                (FloatFamily::Linear { target, form }, None)
            }
            (Learned::Logistic { standardisation, coefficients }, family) => {
                let mut weights = floats(coefficients);
                let constant = weights.pop().unwrap_or_default();
                let classes = match family {
                    Family::Logistic { classes, .. } => classes.to_vec(),
                    Family::Linear { .. } | Family::KMeans { .. } => Vec::new(),
                };
                let forms = vec![FloatForm { weights, constant }];
                (FloatFamily::Logistic { classes, forms }, Some(standardised(standardisation)))
            }
            (Learned::KMeans { standardisation, centroids, .. }, family) => {
                let centroids = centroids.iter().map(|centroid| floats(centroid)).collect();
                let standardisation =
                    crate::rows::is_standardised(family).then(|| standardised(standardisation));
                (FloatFamily::KMeans { centroids }, standardisation)
            }
        };
        FloatModel { features: features.collect(), standardisation, family }
    }
}

//! A round: what everybody knows before contributions are made.
//!
//! ```text
//! {"format":"veilsum-training-round","version":1,"content":{"training":…,"terms":…,"number":3,
//!  "numbers":{"kind":"coefficients","standardisation":{"centres":[…],"scales":[…]},"coefficients":[…]}}}
//! ```
//!
//! Floats are text, written with as few digits as give them back, so that all owners compute with the same bits.

use serde::{Deserialize, Serialize};
use veilsum_model::text::Real;
use veilsum_protocol::{Digest, TrainingId};
use veilsum_train::rounds::{kmeans, logistic};
use veilsum_train::standardise::Standardisation;

use crate::document::{DocumentError, Format};
use crate::terms::{Family, Terms};

/// Most bytes of a round.
pub const MAX_BYTES: usize = 256 << 10;

const WHAT: &str = "a round of a training";
const FORMAT: Format =
    Format { what: WHAT, name: "veilsum-training-round", version: 1, most_bytes: MAX_BYTES };

/// A round of a training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Round {
    /// The training.
    pub training: TrainingId,
    /// Digest of its terms.
    pub terms: Digest,
    /// From 0.
    pub number: u32,
    /// What contributions are made at.
    pub numbers: Numbers,
}

/// The public numbers of a round.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Numbers {
    /// Round 0: sums and sums of squares of the columns as they are.
    Moments,
    /// Round 1 of a linear regression: products of standardised columns.
    Products {
        /// Of features and target.
        standardisation: Scales,
    },
    /// A step of a logistic regression.
    Coefficients {
        /// Of the features.
        standardisation: Scales,
        /// A weight for each standardised feature, then the intercept.
        coefficients: Vec<Real>,
    },
    /// An iteration of k-means.
    Centroids {
        /// Of the features; distances are measured in standardised columns where the terms say so.
        standardisation: Scales,
        /// Which start, from 1.
        start: u32,
        /// Which round of this start, from 1.
        iteration: u32,
        /// A number for each feature of each cluster.
        centroids: Vec<Vec<Real>>,
    },
}

/// `z = (x − centre) / scale` of each column, as text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scales {
    /// Means over all owners' rows.
    pub centres: Vec<Real>,
    /// Deviations over all owners' rows; positive.
    pub scales: Vec<Real>,
}

impl Round {
    /// The bytes of the format above.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        FORMAT.write(self)
    }

    /// Reads exactly what [`Self::to_bytes`] writes, and checks that it is a round of this training with these terms.
    ///
    /// # Errors
    /// [`DocumentError`].
    pub fn from_bytes(training: TrainingId, terms: &Terms, bytes: &[u8]) -> Result<Self, DocumentError> {
        let round: Self = FORMAT.read(bytes)?;
        require(round.training == training, "training", "the training that it is of")?;
        require(round.terms == terms.digest(), "terms", "the digest of the training's terms")?;
        round.check(terms)?;
        Ok(round)
    }

    /// Whether it can come after `before`, as far as that shows without any total: the standardisation stays that of the first
    /// round that has one, a logistic regression begins with zeros, and starts of k-means are gone through one after the other.
    /// Whoever contributes asks this, because a key holder may choose numbers to single out rows.
    ///
    /// # Errors
    /// [`DocumentError::OutOfRange`] that says what does not follow.
    pub fn follows(&self, before: Option<&Self>) -> Result<(), DocumentError> {
        let expected = before.map_or(0, |before| before.number + 1);
        require(self.number == expected, "number", "one more than that of the round before")?;
        let known = before.and_then(|before| before.numbers.standardisation());
        if let (Some(known), Some(now)) = (known, self.numbers.standardisation()) {
            require(known == now, "standardisation", "that of the rounds before")?;
        }
        match (&self.numbers, before.map(|before| &before.numbers)) {
            (Numbers::Coefficients { coefficients, .. }, Some(Numbers::Moments)) => {
                let are_zeros = coefficients.iter().all(|coefficient| coefficient.get() == 0.0);
                require(are_zeros, "coefficients", "zeros in the first round")
            }
            (Numbers::Centroids { start, iteration, .. }, Some(Numbers::Moments)) => {
                require((*start, *iteration) == (1, 1), "start", "the first in the first round")
            }
            (
                Numbers::Centroids { start, iteration, .. },
                Some(Numbers::Centroids { start: start_before, iteration: iteration_before, .. }),
            ) => {
                let goes_on = (*start, *iteration) == (*start_before, iteration_before + 1);
                let begins_anew = (*start, *iteration) == (start_before + 1, 1);
                require(goes_on || begins_anew, "start", "the one before or the next one")
            }
            _ => Ok(()),
        }
    }

    fn check(&self, terms: &Terms) -> Result<(), DocumentError> {
        require(self.number < terms.most_rounds(), "number", "below the most rounds of the family")?;
        let features = terms.features.len();
        let is_right = match (&self.numbers, &terms.family, self.number) {
            (Numbers::Moments, _, 0) => true,
            (Numbers::Products { standardisation }, Family::Linear { .. }, 1) => {
                standardisation.is_of(features + 1)
            }
            (Numbers::Coefficients { standardisation, coefficients }, Family::Logistic { .. }, 1..) => {
                standardisation.is_of(features) && coefficients.len() == features + 1
            }
            (
                Numbers::Centroids { standardisation, start, iteration, centroids },
                Family::KMeans { clusters, starts, .. },
                1..,
            ) => {
                standardisation.is_of(features)
                    && (1..=*starts).contains(start)
                    && (1..=self.number).contains(iteration)
                    && centroids.len() == *clusters as usize
                    && centroids.iter().all(|centroid| centroid.len() == features)
            }
            (
                Numbers::Moments
                | Numbers::Products { .. }
                | Numbers::Coefficients { .. }
                | Numbers::Centroids { .. },
                _,
                _,
            ) => false,
        };
        require(is_right, "numbers", "those of this round of the family")
    }
}

impl Numbers {
    /// Means and deviations that columns are standardised by, in rounds that have them.
    fn standardisation(&self) -> Option<&Scales> {
        match self {
            Self::Moments => None,
            Self::Products { standardisation }
            | Self::Coefficients { standardisation, .. }
            | Self::Centroids { standardisation, .. } => Some(standardisation),
        }
    }
}

impl Scales {
    /// As text; `None` if a number is not finite.
    #[must_use]
    pub fn of(standardisation: &Standardisation) -> Option<Self> {
        Some(Self { centres: reals(&standardisation.centres)?, scales: reals(&standardisation.scales)? })
    }

    /// As numbers.
    #[must_use]
    pub fn standardisation(&self) -> Standardisation {
        Standardisation { centres: floats(&self.centres), scales: floats(&self.scales) }
    }

    /// Whether it is one of so many columns.
    pub(crate) fn is_of(&self, columns: usize) -> bool {
        self.centres.len() == columns
            && self.scales.len() == columns
            && self.scales.iter().all(|scale| scale.get() > 0.0)
    }
}

/// As text; `None` if a number is not finite.
pub(crate) fn reals(numbers: &[f64]) -> Option<Vec<Real>> {
    numbers.iter().map(|&number| Real::new(number)).collect()
}

/// As numbers.
pub(crate) fn floats(reals: &[Real]) -> Vec<f64> {
    reals.iter().map(|real| real.get()).collect()
}

/// A round of [`logistic`].
pub(crate) fn logistic_round(number: u32, coefficients: &[Real]) -> logistic::Round {
    logistic::Round { number, coefficients: floats(coefficients) }
}

/// A round of [`kmeans`].
pub(crate) fn kmeans_round(number: u32, centroids: &[Vec<Real>]) -> kmeans::Round {
    kmeans::Round { number, centroids: centroids.iter().map(|centroid| floats(centroid)).collect() }
}

fn require(holds: bool, field: &'static str, allowed: &'static str) -> Result<(), DocumentError> {
    if holds { Ok(()) } else { Err(DocumentError::OutOfRange { what: WHAT, field, allowed }) }
}

//! Which engine can score a model, decided from worst cases before anything is encrypted.

use serde::{Deserialize, Serialize};
use veilsum_crypto::bfv::noise::{self, SquaredForms};
use veilsum_crypto::bfv::{Ciphertext, ParameterSet};
use veilsum_crypto::packing::SLOT_VALUE_BITS;

use crate::model::{Family, FamilyName, Layer, MAX_BITS, MAX_PRODUCT_FEATURES, Model, Terms};

/// Every |score| on a packed slot is below `2^SCORE_BITS`: one bit less than a slot holds.
pub const SCORE_BITS: u32 = SLOT_VALUE_BITS - 1;

/// How scores are computed on ciphertext.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// Linear forms of packed Paillier ciphertexts, of squares and products where a family needs them: all families, networks
    /// up to two layers. The model stays hidden as in [`crate::packing`].
    Packed,
    /// A network layer by layer on Paillier: between layers the page decrypts, squares and encrypts again.
    ///
    /// **For teaching.** Whoever asks sees the sums of every layer, from which the weights of the layer follow.
    ByLayers,
    /// A network in one round on BFV: dense, square, dense.
    OneRound,
}

/// Why an engine does not score a model, and what is nearest to it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The family is not one that the engine computes.
    #[error("a {family} is not scored by {engine}: {instead}")]
    Family {
        /// The family.
        family: FamilyName,
        /// The engine.
        engine: &'static str,
        /// What does it.
        instead: &'static str,
    },
    /// A score is too wide for its slot.
    #[error(
        "score {score} can need {bits} bits and a slot holds {most}: quantise with {fewer} fewer bits of weights, or \
         narrow the bounds of feature \"{feature}\", which adds most to it"
    )]
    ScoreTooWide {
        /// Which score, from 1.
        score: usize,
        /// Bits that it can need.
        bits: u32,
        /// Bits that there are.
        most: u32,
        /// How many bits less are enough.
        fewer: u32,
        /// The feature that adds most to it.
        feature: String,
    },
    /// The square of a feature is too wide for its slot.
    #[error(
        "the square of feature \"{feature}\" can need {bits} bits and a slot holds {most}: keep {fewer_decimals} fewer \
         decimals of it"
    )]
    SquareTooWide {
        /// The feature.
        feature: String,
        /// Bits that its square can need.
        bits: u32,
        /// Bits that there are.
        most: u32,
        /// How many decimals less are enough.
        fewer_decimals: u32,
    },
    /// A unit of a layer, or its square, is too wide.
    #[error(
        "unit {unit} of layer {layer} can need {bits} bits and {most} fit: quantise with {fewer} fewer bits of weights"
    )]
    LayerTooWide {
        /// Which layer, from 1.
        layer: usize,
        /// Which unit of it, from 1.
        unit: usize,
        /// Bits that it can need.
        bits: u32,
        /// Bits that there are.
        most: u32,
        /// How many bits less of weights in every layer are enough.
        fewer: u32,
    },
    /// There are more products of features than are encrypted.
    #[error(
        "a network over {features} features is not scored by packed sums, one over {most} is: leave features out, or score \
         it in one round"
    )]
    TooManyProducts {
        /// Features that there are.
        features: usize,
        /// Most whose products are encrypted.
        most: usize,
    },
    /// There are more squares after each other than ciphertexts can bear.
    #[error(
        "a network with {actual} layers is not scored without an answer between them, one with 2 is: leave layers out, or \
         score it layer by layer"
    )]
    TooDeep {
        /// Dense layers that there are.
        actual: usize,
    },
    /// Noise could change a logit.
    #[error(
        "the weights of layer 1 add up to {inner_bits} bits and those of layer {layer} to {outer_bits}: together \
         {excess_bits} bits too many for the noise of one round. Quantise with fewer bits of weights"
    )]
    Noise {
        /// The last layer.
        layer: usize,
        /// Bits of the largest Σ|weight| of layer 1.
        inner_bits: u32,
        /// Bits of the largest Σ|weight| of the last layer.
        outer_bits: u32,
        /// Bits that are too many.
        excess_bits: u32,
    },
}

/// How a network is scored in one round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OneRound {
    /// The parameter set.
    pub set: ParameterSet,
    /// Plaintext primes that every feature is encrypted under.
    pub primes: u8,
    /// The level that logits are brought to.
    pub level: u8,
    /// The largest |logit|.
    pub bound: u128,
}

impl Engine {
    /// All engines, the one to take first where several can.
    pub const ALL: [Self; 3] = [Self::Packed, Self::OneRound, Self::ByLayers];

    /// Says that the engine scores the model without any overflow.
    ///
    /// # Errors
    /// [`PlanError`] naming what does not fit, and what would.
    pub fn check(self, model: &Model) -> Result<(), PlanError> {
        match self {
            Self::Packed => packed(model),
            Self::ByLayers => by_layers(model),
            Self::OneRound => one_round(model).map(drop),
        }
    }
}

/// The bound of scores as clients are told it, every |score| being below `2^bits`: a multiple of 8, so that it says little of the
/// weights, or the most that there can be.
pub(crate) fn score_bits(model: &Model) -> u32 {
    let bits = model.bounds().scores.iter().map(|score| score.bits()).max().unwrap_or(0);
    let most = if bits <= SCORE_BITS { SCORE_BITS } else { MAX_BITS };
    bits.next_multiple_of(8).min(most)
}

fn packed(model: &Model) -> Result<(), PlanError> {
    if let Family::Network { layers, .. } = model.family() {
        if layers.len() > 2 {
            return Err(PlanError::TooDeep { actual: layers.len() });
        }
        if layers.len() == 2 && model.features().len() > MAX_PRODUCT_FEATURES {
            return Err(PlanError::TooManyProducts {
                features: model.features().len(),
                most: MAX_PRODUCT_FEATURES,
            });
        }
    }
    if model.terms() != Terms::Values {
        for feature in model.features() {
            let bits = 2 * (u64::BITS - feature.magnitude().leading_zeros());
            if bits > SLOT_VALUE_BITS {
                return Err(PlanError::SquareTooWide {
                    feature: feature.name.clone(),
                    bits,
                    most: SLOT_VALUE_BITS,
                    fewer_decimals: decimals(bits / 2 - SLOT_VALUE_BITS / 2),
                });
            }
        }
    }
    let too_wide = |score: usize, bits: u32, most: u32| PlanError::ScoreTooWide {
        score: score + 1,
        bits,
        most,
        fewer: bits - most,
        feature: widest_feature(model, score),
    };
    for (index, score) in model.bounds().scores.iter().enumerate() {
        if score.bits() > SCORE_BITS {
            return Err(too_wide(index, score.bits(), SCORE_BITS));
        }
    }
    // Weights of products come from three layers' weights.
    if model.forms().is_none() {
        return Err(too_wide(0, u64::BITS, i64::BITS - 1));
    }
    Ok(())
}

fn by_layers(model: &Model) -> Result<(), PlanError> {
    network(model, "a round for each layer")?;
    let layers = &model.bounds().layers;
    for (layer, sums) in (1..).zip(layers) {
        for (unit, sum) in (1..).zip(sums) {
            let is_last = layer == layers.len();
            let bits = if is_last { sum.bits() } else { 2 * sum.bits() };
            if bits > SCORE_BITS {
                // Bits of weights count twice with every square before.
                let excess = bits - SCORE_BITS;
                let fewer = excess.div_ceil(if is_last { 3 } else { 2 });
                return Err(PlanError::LayerTooWide { layer, unit, bits, most: SCORE_BITS, fewer });
            }
        }
    }
    Ok(())
}

/// The parameter set, primes and level that score a network of two dense layers.
///
/// # Errors
/// [`PlanError`] naming what does not fit, and what would.
pub fn one_round(model: &Model) -> Result<OneRound, PlanError> {
    // Its primes are narrow, which leaves noise for the weights; more of them hold as much.
    let set = ParameterSet::N8192T30;
    let layers = network(model, "one round")?;
    let [inner, outer] = layers else {
        return Err(PlanError::TooDeep { actual: layers.len() });
    };
    // The class that clients are told, so that they encrypt under as many primes.
    let bits = score_bits(model);
    let bound = (1_u128 << bits) - 1;
    let primes = set.primes_for(bound).ok_or(PlanError::LayerTooWide {
        layer: layers.len(),
        unit: 1,
        bits,
        most: MAX_BITS,
        fewer: bits.saturating_sub(MAX_BITS).max(1),
    })?;
    let (inner, outer) = (largest_weight(&inner.units), largest_weight(&outer.units));
    let refused = |excess_bits| PlanError::Noise {
        layer: layers.len(),
        inner_bits: u64::BITS - inner.leading_zeros(),
        outer_bits: u64::BITS - outer.leading_zeros(),
        excess_bits,
    };
    let level = noise::plan_squared_forms(set, SquaredForms { inner, outer }).map_err(refused)?;
    debug_assert!(Ciphertext::answer_bytes(set, level, 3).is_some(), "a level of the set");
    Ok(OneRound { set, primes, level, bound })
}
fn largest_weight(units: &[crate::model::Form]) -> u64 {
    let sum = |unit: &crate::model::Form| {
        unit.weights.iter().fold(0_u64, |sum, weight| sum.saturating_add(weight.unsigned_abs()))
    };
    units.iter().map(sum).max().unwrap_or(0)
}

fn network<'a>(model: &'a Model, engine: &'static str) -> Result<&'a [Layer], PlanError> {
    match model.family() {
        Family::Network { layers, .. } => Ok(layers),
        family @ (Family::Linear { .. } | Family::Logistic { .. } | Family::KMeans { .. }) => {
            let instead = "it is a linear form. Score it by packed sums";
            Err(PlanError::Family { family: family.name(), engine, instead })
        }
    }
}

/// The feature that can add most to a score.
fn widest_feature(model: &Model, score: usize) -> String {
    let forms = model.forms().unwrap_or_default();
    let reach = |index: usize| {
        let weight = forms.get(score).and_then(|form| form.weights.get(index)).copied().unwrap_or(0);
        let magnitude = model.features().get(index).map_or(0, crate::feature::Feature::magnitude);
        u128::from(weight.unsigned_abs()) * u128::from(magnitude)
    };
    let widest = (0..model.features().len()).max_by_key(|&index| reach(index)).unwrap_or(0);
    model.features().get(widest).map(|feature| feature.name.clone()).unwrap_or_default()
}

/// The fewest decimals that are as much as `bits` bits: `2^bits ≤ 10^decimals`.
pub(crate) fn decimals(bits: u32) -> u32 {
    (0..)
        .find(|&decimals| 10_u128.checked_pow(decimals).is_none_or(|power| power >> bits.min(127) > 0))
        .unwrap_or(0)
}

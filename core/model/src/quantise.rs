//! From a trained model to a quantised one, with a bound on what that changes.
//!
//! Every weight is rounded to a multiple of `1/S` for one power of two S, the largest that keeps weights within the bits
//! asked for and scores within their slot. The bound on the card holds for **every** record within the declared bounds
//! that the scales of the features hold exactly:
//!
//! `|score_int / S − score_float| ≤ Σ |Δweightᵢ|·max|xᵢ| + |Δconstant| + float`
//!
//! with the actual rounding errors Δ, and `float` for the rounding of the float score itself (`(n + 16)·2⁻⁵²` of its terms'
//! magnitudes). Squares carry an error e of a sum of at most h to `e·(2h + e)`.

mod kmeans;
mod linear;
mod network;

use crate::feature::Feature;
use crate::float::{FloatFamily, FloatModel, Standardisation};
use crate::model::{Card, Family, Model, ModelError};
use crate::plan::{Engine, PlanError};
use crate::scale::{MAX_DECIMAL, Scale};
use crate::text::Real;

/// Bits of the largest weight, unless asked for otherwise.
pub const WEIGHT_BITS: u8 = 40;
/// Bits of the largest weight of each layer of a network, unless asked for otherwise.
pub const NETWORK_WEIGHT_BITS: u8 = 12;
/// Fewest bits of the largest weight: what is coarser is another model.
pub const MIN_WEIGHT_BITS: u8 = 4;
/// Most bits of the largest weight.
pub const MAX_WEIGHT_BITS: u8 = 48;
/// A score may be wrong by this part of the range that scores have, at most.
const COARSEST: f64 = 1.0 / 4_096.0;

/// An error of this part of the largest score is no error, even if scores hardly differ.
const NEGLIGIBLE: f64 = 1e-9;

/// What a model is quantised for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// What will score it.
    pub engine: Engine,
    /// Bits of the largest weight.
    pub weight_bits: u8,
}

/// Why a trained model has no quantised form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QuantiseError {
    /// A number of the model is not finite.
    #[error("{what} of the model is not a finite number: training did not converge")]
    NotFinite {
        /// The number.
        what: &'static str,
    },
    /// Two parts have different lengths.
    #[error("the model has {actual} {what} where {expected} are needed")]
    Shape {
        /// What there are too many or too few of.
        what: &'static str,
        /// As many as are needed.
        expected: usize,
        /// As many as there are.
        actual: usize,
    },
    /// A feature has no spread.
    #[error("feature \"{feature}\" has a deviation of 0 or less: it is constant, so leave it out")]
    Deviation {
        /// Name of the feature.
        feature: String,
    },
    /// A declared bound is not one.
    #[error("the bounds of feature \"{feature}\" are not two numbers in order that fit {scale}")]
    Bound {
        /// Name of the feature.
        feature: String,
        /// Its scale.
        scale: Scale,
    },
    /// Another number of bits than weights can have.
    #[error("weights of {actual} bits are not possible: {MIN_WEIGHT_BITS} to {MAX_WEIGHT_BITS} are")]
    WeightBits {
        /// Bits asked for.
        actual: u8,
    },
    /// The finest weights that fit are still too coarse.
    #[error(
        "scores would be off by a {part}th of their range, because feature \"{feature}\" is kept with so many places: \
         keep {fewer_decimals} fewer decimals of it, or declare narrower bounds"
    )]
    TooCoarse {
        /// The range over the error.
        part: u64,
        /// The feature whose rounded weight errs most.
        feature: String,
        /// How many decimals less would do.
        fewer_decimals: u32,
    },
    /// The parts are no model.
    #[error("{0}")]
    Model(#[from] ModelError),
    /// No engine scores it.
    #[error("{0}")]
    Plan(#[from] PlanError),
}

/// Parts that were rounded, and what that changes.
struct Rounded {
    family: Family,
    scale: Scale,
    /// The bound for records that the scales hold exactly.
    error: f64,
    /// What rounding the record may add.
    rounding: f64,
    /// The feature that adds most to the error.
    worst_feature: usize,
    /// What it could add with the least lucky weight.
    worst_case: f64,
}

/// Quantises a trained model. `card` is taken as it is, but for its errors.
///
/// # Errors
/// [`QuantiseError`] if the model is damaged, or nothing fine enough fits; it says what would.
pub fn quantise(model: &FloatModel, options: Options, card: Card) -> Result<Model, QuantiseError> {
    if !(MIN_WEIGHT_BITS..=MAX_WEIGHT_BITS).contains(&options.weight_bits) {
        return Err(QuantiseError::WeightBits { actual: options.weight_bits });
    }
    let features = features(model)?;
    let standardisation = check_standardisation(model)?;
    let finished = |rounded: Rounded| -> Result<(Model, Rounded), QuantiseError> {
        let card = Card {
            quantisation_error: Real::new(rounded.error),
            rounding_error: Real::new(rounded.rounding),
            ..card.clone()
        };
        let quantised = Model::new(features.clone(), rounded.family.clone(), rounded.scale, card)?;
        options.engine.check(&quantised)?;
        Ok((quantised, rounded))
    };
    let (quantised, rounded) = match &model.family {
        FloatFamily::Linear { .. } | FloatFamily::Logistic { .. } => {
            let folded = linear::fold(model, &standardisation)?;
            finest(options.weight_bits, |bits| finished(linear::round(model, &features, &folded, bits)?))?
        }
        FloatFamily::KMeans { centroids } => {
            let raw = kmeans::fold(model, &standardisation, centroids)?;
            kmeans::finest(|bits| finished(kmeans::round(&features, &raw, bits)?))?
        }
        FloatFamily::Network { classes, layers } => {
            let folded = network::fold(model, &standardisation, layers)?;
            return finest(options.weight_bits, |bits| {
                finished(network::round(&features, classes, &folded, bits)?)
            })
            .map(|(quantised, _)| quantised);
        }
    };
    // Weights that were all rounded to 0 leave no range; the float model's is within twice the error of it.
    let range = range(&quantised) + 2.0 * rounded.error;
    let ratio = rounded.error / (range * COARSEST);
    if ratio > 1.0 && rounded.error > NEGLIGIBLE * largest(&quantised) {
        let feature = quantised.features().get(rounded.worst_feature);
        let count = features.iter().fold(0.0, |count, _| count + 1.0);
        let excess = rounded.worst_case.max(rounded.error) * count / (range * COARSEST);
        return Err(QuantiseError::TooCoarse {
            part: whole(range / rounded.error),
            feature: feature.map(|feature| feature.name.clone()).unwrap_or_default(),
            fewer_decimals: (1..MAX_DECIMAL)
                .find(|&places| Scale::decimal(places).factor() >= excess)
                .unwrap_or(MAX_DECIMAL)
                .into(),
        });
    }
    Ok(quantised)
}

/// The first that fits, from `most` bits down; the last refusal if none does.
fn finest<T>(most: u8, mut attempt: impl FnMut(u8) -> Result<T, QuantiseError>) -> Result<T, QuantiseError> {
    let mut bits = most;
    loop {
        match attempt(bits) {
            Err(
                QuantiseError::Plan(
                    PlanError::ScoreTooWide { .. } | PlanError::LayerTooWide { .. } | PlanError::Noise { .. },
                )
                | QuantiseError::Model(ModelError::TooWide { .. }),
            ) if bits > MIN_WEIGHT_BITS => {
                bits -= 1;
            }
            outcome => return outcome,
        }
    }
}

fn features(model: &FloatModel) -> Result<Vec<Feature>, QuantiseError> {
    let feature = |declared: &crate::float::Declared| {
        let bound =
            |number: f64| declared.scale.is_known().then(|| declared.scale.to_integer(number)).flatten();
        match (bound(declared.lowest), bound(declared.highest)) {
            (Some(lowest), Some(highest)) if lowest <= highest => {
                Ok(Feature { name: declared.name.clone(), scale: declared.scale, lowest, highest })
            }
            _ => Err(QuantiseError::Bound { feature: declared.name.clone(), scale: declared.scale }),
        }
    };
    model.features.iter().map(feature).collect()
}

/// The standardisation, or one that changes nothing.
fn check_standardisation(model: &FloatModel) -> Result<Standardisation, QuantiseError> {
    let count = model.features.len();
    let Some(standardisation) = &model.standardisation else {
        return Ok(Standardisation { means: vec![0.0; count], deviations: vec![1.0; count] });
    };
    shape("means", count, standardisation.means.len())?;
    shape("deviations", count, standardisation.deviations.len())?;
    finite("a mean", &standardisation.means)?;
    finite("a deviation", &standardisation.deviations)?;
    let mut pairs = model.features.iter().zip(&standardisation.deviations);
    match pairs.find(|(_, deviation)| **deviation <= 0.0) {
        Some((feature, _)) => Err(QuantiseError::Deviation { feature: feature.name.clone() }),
        None => Ok(standardisation.clone()),
    }
}

/// The largest magnitude of a feature, as a number.
fn reach(feature: &Feature) -> f64 {
    feature.scale.to_number(feature.magnitude().into())
}

/// The largest span that a score has.
fn range(model: &Model) -> f64 {
    let span = |score: &crate::interval::Interval| model.output_scale().to_number(score.high - score.low);
    model.bounds().scores.iter().map(span).fold(0.0, f64::max)
}

/// The largest magnitude of a score.
fn largest(model: &Model) -> f64 {
    let scores = model.bounds().scores.iter();
    let magnitude = |score: &crate::interval::Interval| score.low.abs().max(score.high.abs());
    model.output_scale().to_number(scores.map(magnitude).max().unwrap_or(0))
}

/// A hair for the rounding of `count` float operations on terms of this magnitude.
fn float_error(count: usize, magnitude: f64) -> f64 {
    let operations = crate::scale::approximate(i128::try_from(count).unwrap_or(i128::MAX)) + 16.0;
    operations * f64::EPSILON * magnitude
}

/// Binary places that bring the largest of these magnitudes just below `2^bits`; 60 at most, 0 at least.
fn places(magnitudes: impl Iterator<Item = f64>, bits: u8) -> u8 {
    let limit = Scale::binary(bits).factor();
    let largest = magnitudes.fold(0.0, f64::max);
    (0..=60).rev().find(|&places| largest * Scale::binary(places).factor() < limit - 0.5).unwrap_or(0)
}

fn shape(what: &'static str, expected: usize, actual: usize) -> Result<(), QuantiseError> {
    if actual == expected { Ok(()) } else { Err(QuantiseError::Shape { what, expected, actual }) }
}

fn finite<'a>(what: &'static str, numbers: impl IntoIterator<Item = &'a f64>) -> Result<(), QuantiseError> {
    if numbers.into_iter().all(|number| number.is_finite()) {
        Ok(())
    } else {
        Err(QuantiseError::NotFinite { what })
    }
}

fn whole(number: f64) -> u64 {
    num_traits::ToPrimitive::to_u64(&number).unwrap_or(u64::MAX)
}

//! Networks: each layer rounded to its own scale. A square squares the scale: `S₂ = S₁²·2^k₂`.

use num_traits::ToPrimitive;

use super::linear::{self, Folded};
use super::{QuantiseError, Rounded, finite, float_error, places, shape};
use crate::feature::Feature;
use crate::float::{FloatForm, FloatModel, Standardisation};
use crate::interval::Interval;
use crate::model::{Family, Form, Layer, MAX_BITS, ModelError};
use crate::scale::{MAX_BINARY, Scale, approximate};
use crate::text::Wide;

/// The first layer over raw features, and the layers after it.
pub(super) struct FoldedLayers {
    first: Vec<Folded>,
    rest: Vec<Vec<FloatForm>>,
}

pub(super) fn fold(
    model: &FloatModel,
    by: &Standardisation,
    layers: &[Vec<FloatForm>],
) -> Result<FoldedLayers, QuantiseError> {
    let Some((first, rest)) = layers.split_first() else {
        return Err(QuantiseError::Shape { what: "layers", expected: 1, actual: 0 });
    };
    let mut width = first.len();
    for layer in rest {
        for form in layer {
            shape("weights of a unit", width, form.weights.len())?;
            finite("a weight", &form.weights)?;
            finite("a bias", [&form.constant])?;
        }
        width = layer.len();
    }
    Ok(FoldedLayers { first: linear::fold_forms(model, by, first)?, rest: rest.to_vec() })
}

pub(super) fn round(
    features: &[Feature],
    classes: &[String],
    folded: &FoldedLayers,
    weight_bits: u8,
) -> Result<Rounded, QuantiseError> {
    let mut scale = linear::scale(features, &folded.first, weight_bits);
    let first = folded
        .first
        .iter()
        .map(|folded| linear::round_form(features, folded, scale))
        .collect::<Result<Vec<_>, _>>()?;
    let inputs: Vec<_> = features
        .iter()
        .map(|feature| Interval { low: feature.lowest.into(), high: feature.highest.into() })
        .collect();
    let mut errors: Vec<f64> = first.iter().map(|unit| unit.error).collect();
    let mut moved: Vec<f64> = first.iter().map(|unit| unit.rounding).collect();
    let mut units: Vec<Form> = first.into_iter().map(|unit| unit.form).collect();
    let mut bounds = intervals(&units, &inputs)?;
    let mut layers = Vec::with_capacity(1 + folded.rest.len());
    for forms in &folded.rest {
        // What the squares of the units before are at most, and how wrong.
        let reach: Vec<f64> = bounds
            .iter()
            .zip(&errors)
            .map(|(bound, error)| {
                scale.to_number(i128::try_from(bound.magnitude()).unwrap_or(i128::MAX)) + error
            })
            .collect();
        let squares = bounds.iter().map(|bound| bound.square()).collect::<Option<Vec<_>>>();
        let squares = squares.ok_or_else(too_wide)?;
        let carried = |errors: &[f64]| -> Vec<f64> {
            errors.iter().zip(&reach).map(|(error, reach)| error * (2.0 * reach + error)).collect()
        };
        let (square_errors, square_moved) = (carried(&errors), carried(&moved));
        let magnitudes = forms.iter().flat_map(|form| form.weights.iter().map(|weight| weight.abs()));
        let places = places(magnitudes, weight_bits);
        let binary = scale.binary.checked_mul(2).and_then(|binary| binary.checked_add(places));
        let binary = binary.filter(|&binary| binary <= MAX_BINARY).ok_or_else(too_wide)?;
        layers.push(Layer { scale, units: core::mem::take(&mut units) });
        scale = Scale::binary(binary);
        let step = Scale::binary(places).factor();
        (errors, moved) = (Vec::new(), Vec::new());
        for form in forms {
            let constant = wide(form.constant * scale.factor()).ok_or_else(too_wide)?;
            let mut error = (scale.to_number(constant) - form.constant).abs();
            let (mut magnitude, mut shift) = (form.constant.abs(), 0.0);
            let mut weights = Vec::with_capacity(form.weights.len());
            for (index, weight) in form.weights.iter().enumerate() {
                let rounded = crate::scale::round(weight * step).ok_or_else(too_wide)?;
                let square = reach[index] * reach[index];
                let used = approximate(rounded.into()) / step;
                error += used.abs() * square_errors[index] + (used - weight).abs() * square;
                shift += used.abs() * square_moved[index];
                magnitude += weight.abs() * square;
                weights.push(rounded);
            }
            errors.push(error + float_error(form.weights.len(), magnitude));
            moved.push(shift);
            units.push(Form { weights, constant: Wide(constant) });
        }
        bounds = intervals(&units, &squares)?;
    }
    layers.push(Layer { scale, units });
    let largest = |numbers: &[f64]| numbers.iter().copied().fold(0.0, f64::max);
    let family = Family::Network { classes: classes.to_vec(), layers };
    Ok(Rounded {
        family,
        scale,
        error: largest(&errors),
        rounding: largest(&moved),
        worst_feature: 0,
        worst_case: 0.0,
    })
}

fn intervals(units: &[Form], inputs: &[Interval]) -> Result<Vec<Interval>, QuantiseError> {
    let bound = |unit: &Form| Interval::linear(&unit.weights, unit.constant.0, inputs).ok_or_else(too_wide);
    units.iter().map(bound).collect()
}

/// The nearest integer; `None` if it has more than [`MAX_BITS`] bits.
fn wide(number: f64) -> Option<i128> {
    let rounded = number.round_ties_even().to_i128()?;
    (rounded.unsigned_abs() < 1 << MAX_BITS).then_some(rounded)
}

fn too_wide() -> QuantiseError {
    QuantiseError::Model(ModelError::TooWide { what: "unit", index: 1 })
}

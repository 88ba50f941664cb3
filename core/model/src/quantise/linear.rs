//! Linear forms: standardisation folded into weights, then rounded.

use super::{QuantiseError, Rounded, finite, float_error, places, reach, shape};
use crate::feature::Feature;
use crate::float::{FloatFamily, FloatForm, FloatModel, Standardisation};
use crate::model::{Family, Form, ModelError};
use crate::scale::{Scale, round as round_number};
use crate::text::Wide;

/// A form over raw features, and the magnitude of the terms that the float score adds up.
pub(super) struct Folded {
    pub(super) form: FloatForm,
    pub(super) magnitude: f64,
}

/// A rounded form and what that changes.
pub(super) struct RoundedForm {
    pub(super) form: Form,
    pub(super) error: f64,
    /// What rounding the record may add.
    pub(super) rounding: f64,
    /// The input that adds most to the error.
    pub(super) worst: usize,
}

pub(super) fn fold(model: &FloatModel, by: &Standardisation) -> Result<Vec<Folded>, QuantiseError> {
    let forms = match &model.family {
        FloatFamily::Linear { form, .. } => core::slice::from_ref(form),
        FloatFamily::Logistic { forms, .. } => forms,
        FloatFamily::KMeans { .. } | FloatFamily::Network { .. } => &[],
    };
    fold_forms(model, by, forms)
}

/// `w·(x − μ)/σ + b = (w/σ)·x + (b − Σ w·μ/σ)`.
pub(super) fn fold_forms(
    model: &FloatModel,
    by: &Standardisation,
    forms: &[FloatForm],
) -> Result<Vec<Folded>, QuantiseError> {
    let fold = |form: &FloatForm| {
        shape("weights", model.features.len(), form.weights.len())?;
        finite("a weight", &form.weights)?;
        finite("an intercept", [&form.constant])?;
        let weights: Vec<f64> = form.weights.iter().zip(&by.deviations).map(|(w, sigma)| w / sigma).collect();
        let shift: f64 = weights.iter().zip(&by.means).map(|(weight, mean)| weight * mean).sum();
        let terms = weights.iter().zip(&by.means).zip(&model.features).map(|((weight, mean), feature)| {
            weight.abs() * (mean.abs() + feature.lowest.abs().max(feature.highest.abs()))
        });
        let magnitude = terms.sum::<f64>() + form.constant.abs();
        let form = FloatForm { weights, constant: form.constant - shift };
        finite("a weight over its deviation", form.weights.iter().chain([&form.constant, &magnitude]))?;
        Ok(Folded { form, magnitude })
    };
    forms.iter().map(fold).collect()
}

pub(super) fn round(
    model: &FloatModel,
    features: &[Feature],
    folded: &[Folded],
    weight_bits: u8,
) -> Result<Rounded, QuantiseError> {
    let scale = scale(features, folded, weight_bits);
    let rounded =
        folded.iter().map(|folded| round_form(features, folded, scale)).collect::<Result<Vec<_>, _>>()?;
    let largest = |pick: fn(&RoundedForm) -> f64| rounded.iter().map(pick).fold(0.0, f64::max);
    let (error, rounding) = (largest(|form| form.error), largest(|form| form.rounding));
    let worst = rounded.iter().max_by(|a, b| a.error.total_cmp(&b.error)).map_or(0, |form| form.worst);
    let worst_case = features
        .get(worst)
        .map_or(0.0, |feature| crate::scale::approximate(feature.magnitude().into()) * 0.5 / scale.factor());
    let mut forms = rounded.into_iter().map(|rounded| rounded.form);
    let family = match &model.family {
        FloatFamily::Logistic { classes, .. } => {
            Family::Logistic { classes: classes.clone(), forms: forms.collect() }
        }
        FloatFamily::Linear { target, .. } => {
            let form = forms.next().unwrap_or(Form { weights: Vec::new(), constant: Wide(0) });
            Family::Linear { target: target.clone(), form }
        }
        FloatFamily::KMeans { .. } | FloatFamily::Network { .. } => {
            return Err(QuantiseError::Shape { what: "forms", expected: 1, actual: 0 });
        }
    };
    Ok(Rounded { family, scale, error, rounding, worst_feature: worst, worst_case })
}

/// The finest scale of scores at which the largest weight has `weight_bits` bits.
pub(super) fn scale(features: &[Feature], folded: &[Folded], weight_bits: u8) -> Scale {
    let magnitudes = folded.iter().flat_map(|folded| {
        let weights = folded.form.weights.iter().zip(features);
        weights.map(|(weight, feature)| weight.abs() / feature.scale.factor())
    });
    Scale::binary(places(magnitudes, weight_bits))
}

/// `round(W·S/10^d)` and `round(B·S)`.
pub(super) fn round_form(
    features: &[Feature],
    folded: &Folded,
    scale: Scale,
) -> Result<RoundedForm, QuantiseError> {
    let too_wide = QuantiseError::Model(ModelError::TooWide { what: "weight", index: 1 });
    let constant = round_number(folded.form.constant * scale.factor()).ok_or(too_wide.clone())?;
    let mut error = (scale.to_number(constant.into()) - folded.form.constant).abs();
    let (mut rounding, mut largest, mut worst) = (0.0, 0.0, 0);
    let mut weights = Vec::with_capacity(features.len());
    for (index, (weight, feature)) in folded.form.weights.iter().zip(features).enumerate() {
        let step = scale.factor() / feature.scale.factor();
        let rounded = round_number(weight * step).ok_or(too_wide.clone())?;
        let change = (crate::scale::approximate(rounded.into()) / step - weight).abs() * reach(feature);
        if change > largest {
            (largest, worst) = (change, index);
        }
        error += change;
        rounding += crate::scale::approximate(rounded.into()).abs() * 0.5 / scale.factor();
        weights.push(rounded);
    }
    error += float_error(features.len(), folded.magnitude);
    Ok(RoundedForm { form: Form { weights, constant: Wide(constant.into()) }, error, rounding, worst })
}

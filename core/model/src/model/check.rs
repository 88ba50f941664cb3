//! What makes a model: parts that fit each other, and no value that could overflow.

use std::collections::BTreeSet;

use super::{
    Bounds, Card, Family, FamilyName, Form, Layer, MAX_BITS, MAX_FEATURES, MAX_LAYERS, MAX_PRODUCT_FEATURES,
    MAX_SCORES, MAX_UNITS, Model, Terms,
};
use crate::feature::Feature;
use crate::interface::Interface;
use crate::interval::Interval;
use crate::plan::Engine;
use crate::scale::Scale;

/// Most bytes of a name or of a text on a card.
const MAX_TEXT_BYTES: usize = 2_048;
/// Most figures on a card.
const MAX_METRICS: usize = 64;
/// Every |integer| of a feature is below `2^FEATURE_BITS`.
const FEATURE_BITS: u32 = 62;
/// Most binary places of a centroid.
const MAX_CENTROID_BITS: u8 = 30;

/// Why parts are no model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// There are more or fewer of something than a model has.
    #[error("a model has {lowest} to {highest} {what}; this one has {actual}")]
    Count {
        /// What is counted.
        what: &'static str,
        /// Fewest.
        lowest: usize,
        /// Most.
        highest: usize,
        /// As many as there are.
        actual: usize,
    },
    /// One part has another length than another part asks for.
    #[error("{what} number {index} has {actual} numbers, and {expected} are needed")]
    Shape {
        /// The part.
        what: &'static str,
        /// Which one, from 1.
        index: usize,
        /// Length that fits.
        expected: usize,
        /// Length it has.
        actual: usize,
    },
    /// A name is empty, twice there, or too long.
    #[error("{what} number {index} has a name that is empty, too long or already another's")]
    Name {
        /// What is named.
        what: &'static str,
        /// Which one, from 1.
        index: usize,
    },
    /// A text on the card is too long.
    #[error("a text on the model card is longer than {MAX_TEXT_BYTES} bytes")]
    Text,
    /// A scale has more places than scales have.
    #[error("the scale of {what} has more places than can be computed with")]
    Scale {
        /// Whose scale: a feature's name, or `the scores`.
        what: String,
    },
    /// A feature has no values, or values that no slot holds.
    #[error("feature \"{feature}\" has a bound that is empty or needs more than {FEATURE_BITS} bits")]
    FeatureBound {
        /// Name of the feature.
        feature: String,
    },
    /// A squared unit counts less than nothing.
    #[error("the metric of feature \"{feature}\" is negative, so that it measures no distance")]
    NegativeMetric {
        /// Name of the feature.
        feature: String,
    },
    /// Products of features are asked for that the family does not need.
    #[error("the model asks for products of features that it cannot need")]
    Terms,
    /// Something on the way to a score could need too many bits.
    #[error("{what} number {index} could need more than {MAX_BITS} bits: use smaller weights or bounds")]
    TooWide {
        /// What.
        what: &'static str,
        /// Which one, from 1.
        index: usize,
    },
}

impl Model {
    /// Puts a model together.
    ///
    /// # Errors
    /// [`ModelError`] if parts do not fit each other, are too many, or a value could overflow.
    pub fn new(
        features: Vec<Feature>,
        family: Family,
        output_scale: Scale,
        card: Card,
    ) -> Result<Self, ModelError> {
        check_card(&card)?;
        check_features(&features)?;
        if !output_scale.is_known() {
            return Err(ModelError::Scale { what: "the scores".to_owned() });
        }
        check_shape(&features, &family)?;
        let bounds = bounds(&features, &family)?;
        let model = Self { features, family, output_scale, card, bounds };
        if model.forms().is_none() && !matches!(model.family, Family::Network { .. }) {
            return Err(ModelError::TooWide { what: "centroid", index: 1 });
        }
        Ok(model)
    }

    /// The same model with another card.
    ///
    /// # Errors
    /// [`ModelError::Text`] or [`ModelError::Count`] for a card that is too long.
    pub fn with_card(self, card: Card) -> Result<Self, ModelError> {
        check_card(&card)?;
        Ok(Self { card, ..self })
    }
}

/// What holds of every interface that a model has.
pub(crate) fn check_interface(interface: &Interface) -> Result<(), ModelError> {
    check_card(&interface.card)?;
    check_features(&interface.features)?;
    check_classes(&interface.classes, 0)?;
    if !interface.output_scale.is_known() {
        return Err(ModelError::Scale { what: "the scores".to_owned() });
    }
    let bits = usize::from(interface.score_bits);
    count("bits of a score", 0, MAX_BITS as usize, bits)?;
    let scores = interface.score_count as usize;
    let classes = interface.classes.len();
    let terms_fit = match interface.terms {
        Terms::Values => true,
        Terms::Squares => interface.family == FamilyName::KMeans,
        Terms::Products => {
            interface.family == FamilyName::Network && interface.features.len() <= MAX_PRODUCT_FEATURES
        }
    };
    count("layers", 0, MAX_LAYERS, interface.layer_count as usize)?;
    count("engines", 0, Engine::ALL.len(), interface.engines.len())?;
    if !terms_fit {
        return Err(ModelError::Terms);
    }
    match (interface.family, classes) {
        (FamilyName::Linear, 0) => count("scores", 1, 1, scores),
        (FamilyName::KMeans, 0) => count("scores", 1, MAX_SCORES, scores),
        (FamilyName::Linear | FamilyName::KMeans, _) => count("classes", 0, 0, classes),
        (FamilyName::Logistic, _) => {
            count("classes", 2, MAX_SCORES, classes)?;
            let expected = if classes == 2 { 1 } else { classes };
            count("scores", expected, expected, scores)
        }
        (FamilyName::Network, 0) => count("scores", 1, 1, scores),
        (FamilyName::Network, 2) => count("scores", 1, 2, scores),
        (FamilyName::Network, _) => count("scores", classes.max(2), classes.max(2), scores),
    }
}

fn check_card(card: &Card) -> Result<(), ModelError> {
    let texts = [&card.name, &card.training_data, &card.source];
    let mut names = card.metrics.iter().map(|metric| &metric.name);
    if texts.into_iter().any(|text| text.len() > MAX_TEXT_BYTES)
        || names.any(|name| name.len() > MAX_TEXT_BYTES)
    {
        return Err(ModelError::Text);
    }
    count("figures", 0, MAX_METRICS, card.metrics.len())
}

fn check_features(features: &[Feature]) -> Result<(), ModelError> {
    count("features", 1, MAX_FEATURES, features.len())?;
    names("feature", features.iter().map(|feature| &feature.name))?;
    for feature in features {
        if !feature.scale.is_known() {
            return Err(ModelError::Scale { what: feature.name.clone() });
        }
        if feature.lowest > feature.highest || feature.magnitude() >= 1 << FEATURE_BITS {
            return Err(ModelError::FeatureBound { feature: feature.name.clone() });
        }
    }
    Ok(())
}

fn check_shape(features: &[Feature], family: &Family) -> Result<(), ModelError> {
    match family {
        Family::Linear { form, target } => {
            names("target", core::iter::once(target))?;
            forms("form", core::slice::from_ref(form), features.len())
        }
        Family::Logistic { classes, forms: rows } => {
            check_classes(classes, 2)?;
            let expected = if classes.len() == 2 { 1 } else { classes.len() };
            count("forms", expected, expected, rows.len())?;
            forms("form", rows, features.len())
        }
        Family::KMeans { centroid_bits, metric, centroids } => {
            count("clusters", 1, MAX_SCORES, centroids.len())?;
            count("binary places of centroids", 0, MAX_CENTROID_BITS.into(), (*centroid_bits).into())?;
            shape("metric", 1, features.len(), metric.len())?;
            if let Some((feature, _)) = features.iter().zip(metric).find(|(_, metric)| **metric < 0) {
                return Err(ModelError::NegativeMetric { feature: feature.name.clone() });
            }
            let mut rows = (1..).zip(centroids);
            rows.try_for_each(|(index, row)| shape("centroid", index, features.len(), row.len()))
        }
        Family::Network { classes, layers } => {
            count("layers", 1, MAX_LAYERS, layers.len())?;
            let mut width = features.len();
            for layer in layers {
                count("units of a layer", 1, MAX_UNITS, layer.units.len())?;
                forms("unit", &layer.units, width)?;
                width = layer.units.len();
            }
            count("scores", 1, MAX_SCORES, width)?;
            check_classes(classes, 0)?;
            match (width, classes.len()) {
                (1, 0 | 2) => Ok(()),
                (width, actual) => count("classes", width.max(2), width.max(2), actual),
            }
        }
    }
}

fn bounds(features: &[Feature], family: &Family) -> Result<Bounds, ModelError> {
    let inputs: Vec<_> = features
        .iter()
        .map(|feature| Interval { low: feature.lowest.into(), high: feature.highest.into() })
        .collect();
    let of_forms = |what, forms: &[Form], inputs: &[Interval]| {
        let bound = |(index, form): (usize, &Form)| {
            let interval = Interval::linear(&form.weights, form.constant.0, inputs);
            narrow(interval, what, index)
        };
        (1..).zip(forms).map(bound).collect::<Result<Vec<_>, _>>()
    };
    let mut layers = Vec::new();
    let scores = match family {
        Family::Linear { form, .. } => of_forms("score", core::slice::from_ref(form), &inputs)?,
        Family::Logistic { forms, .. } => of_forms("score", forms, &inputs)?,
        Family::KMeans { centroid_bits, metric, centroids } => {
            let distance = |(index, centroid): (usize, &Vec<i64>)| {
                let parts = inputs.iter().zip(metric).zip(centroid);
                let sum =
                    parts.into_iter().try_fold(Interval::point(0), |sum, ((input, &metric), &centre)| {
                        let unit = 1_i64.checked_shl(u32::from(*centroid_bits))?;
                        let difference = input.times(unit)?.plus(Interval::point(-i128::from(centre)))?;
                        sum.plus(difference.square()?.times(metric)?)
                    });
                narrow(sum, "distance", index)
            };
            (1..).zip(centroids).map(distance).collect::<Result<_, _>>()?
        }
        Family::Network { layers: dense, .. } => {
            let mut values = inputs;
            for Layer { units } in dense {
                let sums = of_forms("unit", units, &values)?;
                let squares = (1..).zip(&sums).map(|(index, sum)| narrow(sum.square(), "square", index));
                // The last layer's squares are not computed.
                values = if layers.len() + 1 < dense.len() {
                    squares.collect::<Result<_, _>>()?
                } else {
                    Vec::new()
                };
                layers.push(sums);
            }
            layers.last().cloned().unwrap_or_default()
        }
    };
    Ok(Bounds { layers, scores })
}

fn narrow(interval: Option<Interval>, what: &'static str, index: usize) -> Result<Interval, ModelError> {
    interval.filter(|interval| interval.bits() <= MAX_BITS).ok_or(ModelError::TooWide { what, index })
}

fn check_classes(classes: &[String], lowest: usize) -> Result<(), ModelError> {
    count("classes", lowest, MAX_SCORES, classes.len())?;
    names("class", classes.iter())
}

fn forms(what: &'static str, forms: &[Form], width: usize) -> Result<(), ModelError> {
    (1..).zip(forms).try_for_each(|(index, form)| shape(what, index, width, form.weights.len()))
}

fn shape(what: &'static str, index: usize, expected: usize, actual: usize) -> Result<(), ModelError> {
    if actual == expected { Ok(()) } else { Err(ModelError::Shape { what, index, expected, actual }) }
}

fn count(what: &'static str, lowest: usize, highest: usize, actual: usize) -> Result<(), ModelError> {
    if (lowest..=highest).contains(&actual) {
        return Ok(());
    }
    Err(ModelError::Count { what, lowest, highest, actual })
}

fn names<'a>(what: &'static str, names: impl Iterator<Item = &'a String>) -> Result<(), ModelError> {
    let mut seen = BTreeSet::new();
    for (index, name) in (1..).zip(names) {
        if name.is_empty() || name.len() > MAX_TEXT_BYTES || !seen.insert(name) {
            return Err(ModelError::Name { what, index });
        }
    }
    Ok(())
}

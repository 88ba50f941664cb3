//! Scores as linear forms over what is encrypted of a record.
//!
//! Sums of ciphertexts cannot multiply, and need not: a squared distance is linear in the features and their squares, and
//! a network of two dense layers with a square between them is linear in the features and their products, as
//! `Σₖ vₖ·(Σᵢ wₖᵢ·xᵢ + bₖ)² + b` has the terms `xᵢ·xⱼ`, `xᵢ` and 1. So whoever knows the record sends these, too.

use super::{Family, Form, Layer, Model};
use crate::feature::Input;
use crate::text::Wide;

/// Most features whose products are encrypted: 88 of them have 3,916.
pub const MAX_PRODUCT_FEATURES: usize = 88;

/// What is encrypted of a record, beside the values of its features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Terms {
    /// Nothing.
    Values,
    /// Their squares, behind them.
    Squares,
    /// All products of two of them, behind them: `x₀·x₀, x₀·x₁, …, x₁·x₁, …`
    Products,
}

impl Terms {
    /// The inputs of a record with that many features, in order.
    #[must_use]
    pub fn inputs(self, feature_count: usize) -> Vec<Input> {
        let values = (0..feature_count).map(Input::Value);
        let product = |left| (left..feature_count).map(move |right| Input::Product(left, right));
        match self {
            Self::Values => values.collect(),
            Self::Squares => {
                values.chain((0..feature_count).map(|index| Input::Product(index, index))).collect()
            }
            Self::Products => values.chain((0..feature_count).flat_map(product)).collect(),
        }
    }
}

impl Model {
    /// What packed sums need of a record.
    #[must_use]
    pub fn terms(&self) -> Terms {
        match &self.family {
            Family::Linear { .. } | Family::Logistic { .. } => Terms::Values,
            Family::KMeans { .. } => Terms::Squares,
            Family::Network { layers, .. }
                if layers.len() == 2 && self.features.len() <= MAX_PRODUCT_FEATURES =>
            {
                Terms::Products
            }
            Family::Network { .. } => Terms::Values,
        }
    }

    /// What is encrypted of a record for packed sums, in order.
    #[must_use]
    pub fn inputs(&self) -> Vec<Input> {
        self.terms().inputs(self.features.len())
    }

    /// Every score as a linear form over [`Self::inputs`]; `None` for a network of more than two layers or
    /// [`MAX_PRODUCT_FEATURES`] features, or if a weight is beyond 64 bits.
    ///
    /// A squared distance is `Σ mᵢ·4ᶠ·xᵢ² − Σ 2·mᵢ·2ᶠ·cₖᵢ·xᵢ + Σ mᵢ·cₖᵢ²`.
    #[must_use]
    pub fn forms(&self) -> Option<Vec<Form>> {
        match &self.family {
            Family::Linear { form, .. } => Some(vec![form.clone()]),
            Family::Logistic { forms, .. } => Some(forms.clone()),
            Family::KMeans { centroid_bits, metric, centroids } => {
                centroids.iter().map(|centroid| distance(*centroid_bits, metric, centroid)).collect()
            }
            Family::Network { layers, .. } => match layers.as_slice() {
                [only] => Some(only.units.clone()),
                [inner, outer] if self.features.len() <= MAX_PRODUCT_FEATURES => {
                    outer.units.iter().map(|unit| squares(self.features.len(), inner, unit)).collect()
                }
                _ => None,
            },
        }
    }
}

/// One squared distance.
fn distance(centroid_bits: u8, metric: &[i64], centroid: &[i64]) -> Option<Form> {
    let unit = 1_i64.checked_shl(centroid_bits.into())?;
    let mut weights = Vec::with_capacity(2 * metric.len());
    let mut constant = 0_i128;
    for (&metric, &centre) in metric.iter().zip(centroid) {
        let slope = i128::from(metric).checked_mul(i128::from(unit))?.checked_mul(i128::from(centre))?;
        weights.push(i64::try_from(slope.checked_mul(-2)?).ok()?);
        let square = i128::from(centre).checked_mul(centre.into())?;
        constant = constant.checked_add(square.checked_mul(metric.into())?)?;
    }
    for &metric in metric {
        weights.push(metric.checked_mul(unit)?.checked_mul(unit)?);
    }
    Some(Form { weights, constant: Wide(constant) })
}

/// One unit over the squares of a layer.
fn squares(feature_count: usize, inner: &Layer, outer: &Form) -> Option<Form> {
    let mut constant = outer.constant.0;
    let mut linear = vec![0_i128; feature_count];
    let mut products = vec![0_i128; feature_count * (feature_count + 1) / 2];
    for (unit, &weight) in inner.units.iter().zip(&outer.weights) {
        let (weight, bias) = (i128::from(weight), unit.constant.0);
        constant = constant.checked_add(weight.checked_mul(bias)?.checked_mul(bias)?)?;
        let mut rest = products.as_mut_slice();
        for (left, &left_weight) in unit.weights.iter().enumerate() {
            let scaled = weight.checked_mul(left_weight.into())?;
            let slope = linear.get_mut(left)?;
            *slope = slope.checked_add(scaled.checked_mul(bias)?.checked_mul(2)?)?;
            let (row, after) = rest.split_at_mut_checked(feature_count - left)?;
            rest = after;
            for (offset, (product, &right_weight)) in
                row.iter_mut().zip(unit.weights.get(left..)?).enumerate()
            {
                let both_ways = if offset == 0 { 1 } else { 2 };
                let term = scaled.checked_mul(right_weight.into())?.checked_mul(both_ways)?;
                *product = product.checked_add(term)?;
            }
        }
    }
    let weights = linear.into_iter().chain(products).map(|weight| i64::try_from(weight).ok());
    Some(Form { weights: weights.collect::<Option<_>>()?, constant: Wide(constant) })
}

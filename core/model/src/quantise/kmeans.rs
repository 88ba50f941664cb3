//! k-means: centroids and metric over raw features, then rounded.
//!
//! `Σ ((x − μ)/σ − c)² = Σ a·(x − C)²` with `a = 1/σ²` and `C = μ + σ·c`. Without standardisation a = 1, and the metric is exact.

use super::{QuantiseError, Rounded, finite, float_error, shape};
use crate::feature::Feature;
use crate::float::{FloatModel, Standardisation};
use crate::model::{Family, ModelError};
use crate::plan::PlanError;
use crate::scale::{MAX_BINARY, MAX_DECIMAL, Scale, approximate, round as round_number};

/// Most binary places of centroids beyond the scales of the features.
const MAX_CENTROID_BITS: u8 = 16;
/// Most binary places of the metric.
const MAX_METRIC_BITS: u8 = 40;

/// Centroids and metric over raw features.
pub(super) struct Raw {
    centroids: Vec<Vec<f64>>,
    metric: Vec<f64>,
    /// Whether the metric is 1 for every feature.
    is_plain: bool,
    /// Of the terms that the float score adds up.
    magnitude: f64,
}

/// Binary places of centroids and of the metric.
#[derive(Clone, Copy)]
pub(super) struct Bits {
    centroid: u8,
    metric: u8,
}

pub(super) fn fold(
    model: &FloatModel,
    by: &Standardisation,
    centroids: &[Vec<f64>],
) -> Result<Raw, QuantiseError> {
    let metric: Vec<f64> = by.deviations.iter().map(|deviation| 1.0 / (deviation * deviation)).collect();
    let mut magnitude = 0.0_f64;
    let mut raw = Vec::with_capacity(centroids.len());
    for centroid in centroids {
        shape("coordinates of a centroid", model.features.len(), centroid.len())?;
        finite("a centroid", centroid)?;
        let mut terms = 0.0;
        for (index, centre) in centroid.iter().enumerate() {
            let feature = &model.features[index];
            let largest = feature.lowest.abs().max(feature.highest.abs()) + by.means[index].abs();
            let term = largest / by.deviations[index] + centre.abs();
            terms += term * term;
        }
        magnitude = magnitude.max(terms);
        let centres = centroid.iter().zip(by.means.iter().zip(&by.deviations));
        raw.push(centres.map(|(centre, (mean, deviation))| mean + deviation * centre).collect::<Vec<_>>());
    }
    finite("a centroid", raw.iter().flatten())?;
    finite("the square of a deviation", metric.iter().chain([&magnitude]))?;
    Ok(Raw { centroids: raw, metric, is_plain: model.standardisation.is_none(), magnitude })
}

/// The finest that fits: for each number of places of the centroids the metric as fine as can be, of these the one that
/// errs least; the last refusal if nothing fits.
pub(super) fn finest<T>(
    mut attempt: impl FnMut(Bits) -> Result<(T, Rounded), QuantiseError>,
) -> Result<(T, Rounded), QuantiseError> {
    let mut best: Option<(T, Rounded)> = None;
    let mut refusal = None;
    for centroid in 0..=MAX_CENTROID_BITS {
        for metric in (0..=MAX_METRIC_BITS).rev() {
            match attempt(Bits { centroid, metric }) {
                Ok(fitting) => {
                    if best.as_ref().is_none_or(|best| fitting.1.error < best.1.error) {
                        best = Some(fitting);
                    }
                    break;
                }
                Err(
                    fault @ (QuantiseError::Plan(PlanError::ScoreTooWide { .. })
                    | QuantiseError::Model(ModelError::TooWide { .. } | ModelError::Scale { .. })),
                ) => refusal = Some(fault),
                Err(fault) => return Err(fault),
            }
        }
    }
    let nothing = QuantiseError::Model(ModelError::TooWide { what: "distance", index: 1 });
    best.ok_or(refusal.unwrap_or(nothing))
}

pub(super) fn round(features: &[Feature], raw: &Raw, bits: Bits) -> Result<Rounded, QuantiseError> {
    let too_wide = || QuantiseError::Model(ModelError::TooWide { what: "distance", index: 1 });
    let most = |pick: fn(&Feature) -> u8| features.iter().map(pick).max().unwrap_or(0);
    // A plain metric is exact without places of its own.
    let metric_bits = if raw.is_plain { 0 } else { bits.metric };
    let decimal =
        most(|feature| feature.scale.decimal).checked_mul(2).filter(|&places| places <= MAX_DECIMAL);
    let binary = most(|feature| feature.scale.binary).checked_add(bits.centroid);
    let binary = binary
        .and_then(|places| places.checked_mul(2)?.checked_add(metric_bits))
        .filter(|&places| places <= MAX_BINARY);
    let (Some(decimal), Some(binary)) = (decimal, binary) else {
        return Err(QuantiseError::Model(ModelError::Scale { what: "the squared distances".to_owned() }));
    };
    let scale = Scale { decimal, binary };
    let unit = Scale::binary(bits.centroid).factor();
    let mut metric = Vec::with_capacity(features.len());
    for (feature, a) in features.iter().zip(&raw.metric) {
        let step = feature.scale.factor() * unit;
        metric.push(round_number(a * (scale.factor() / (step * step))).ok_or_else(too_wide)?);
    }
    let (mut error, mut rounding, mut largest, mut worst_feature) = (0.0_f64, 0.0_f64, 0.0, 0);
    let mut centroids = Vec::with_capacity(raw.centroids.len());
    for centroid in &raw.centroids {
        let (mut total, mut moved) = (0.0, 0.0);
        let mut integers = Vec::with_capacity(features.len());
        for (index, (feature, centre)) in features.iter().zip(centroid).enumerate() {
            let step = feature.scale.factor() * unit;
            let integer = round_number(centre * step).ok_or_else(too_wide)?;
            let shift = (approximate(integer.into()) / step - centre).abs();
            let end = |bound: i64| (feature.scale.to_number(bound.into()) - centre).abs();
            let reach = end(feature.lowest).max(end(feature.highest)) + shift;
            let used = approximate(metric[index].into()) * step * step / scale.factor();
            let change = (used - raw.metric[index]).abs() * reach * reach
                + raw.metric[index] * shift * (2.0 * reach + shift);
            if change > largest {
                (largest, worst_feature) = (change, index);
            }
            total += change;
            let half = 0.5 / feature.scale.factor();
            moved += used * half * (2.0 * reach + half);
            integers.push(integer);
        }
        error = error.max(total);
        rounding = rounding.max(moved);
        centroids.push(integers);
    }
    error += 4.0 * float_error(features.len(), raw.magnitude);
    let family = Family::KMeans { centroid_bits: bits.centroid, metric, centroids };
    Ok(Rounded { family, scale, error, rounding, worst_feature, worst_case: largest })
}

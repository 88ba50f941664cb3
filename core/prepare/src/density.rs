//! The local outlier factor [BKNS00]: how much less densely a point lies than its neighbours.

use crate::nearest::{Neighbour, Points, nearest, squared_distance};

/// Keeps densities of points that coincide finite, as scikit-learn does.
const SLACK: f64 = 1e-10;

/// The local outlier factor of every point against those `among` them, itself aside; about 1 for what lies as densely as
/// its neighbours. All `NaN` where there are fewer than two to compare with.
///
/// With `lrd(p) = 1 / mean over neighbours o of max(k-distance(o), d(p, o))` it is `mean lrd(o) / lrd(p)`. Exactly k
/// neighbours are taken (all, if there are fewer), of equally near ones those that come first. Takes
/// O(points · among · width) steps.
#[must_use]
pub fn local_outlier_factors(points: &Points, among: &[usize], k: usize) -> Vec<f64> {
    let k = k.min(among.len().saturating_sub(1));
    if k == 0 {
        return vec![f64::NAN; points.len()];
    }
    let neighbours: Vec<Vec<Neighbour>> = (0..points.len())
        .map(|here| {
            let point = points.point(here);
            let others = among.iter().filter(|at| **at != here);
            nearest(others.map(|at| (*at, squared_distance(point, points.point(*at)))), k)
        })
        .collect();
    let k_distance = |at: usize| neighbours[at].last().map_or(0.0, |last| last.distance);
    let density = |near: &Vec<Neighbour>| {
        let reach: f64 = near.iter().map(|other| other.distance.max(k_distance(other.at))).sum();
        1.0 / (reach / near.len() as f64 + SLACK)
    };
    let densities: Vec<f64> = neighbours.iter().map(density).collect();
    let factor = |(near, own): (&Vec<Neighbour>, &f64)| {
        near.iter().map(|other| densities[other.at]).sum::<f64>() / near.len() as f64 / own
    };
    neighbours.iter().zip(&densities).map(factor).collect()
}

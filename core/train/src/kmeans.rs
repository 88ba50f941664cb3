//! k-means: Lloyd's iterations from several starts, each chosen by k-means++.
//!
//! Written here: `linfa-clustering` has both, but stops at a tolerance instead of at the fixed point, and its random
//! numbers are those of `rand` 0.8. Starts are those of D. Arthur, S. Vassilvitskii, *k-means++: the advantages of
//! careful seeding*, 2007, in the greedy form that scikit-learn has.

use rand_core::Rng;
use serde::{Deserialize, Serialize};

use crate::data::Features;
use crate::error::TrainError;
use crate::random::unit;

/// Centres of clusters, and how they came out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KMeansModel {
    /// One for each cluster, with a number for each column as it was in training: of standardised columns they are no
    /// centroids of the columns before, for distances are others.
    pub centroids: Vec<Vec<f64>>,
    /// `Σᵢ |xᵢ − c(xᵢ)|²`, in squared units of the columns.
    pub inertia: f64,
    /// The inertia before each iteration of the best start; falls.
    pub history: Vec<f64>,
}

impl KMeansModel {
    /// The nearest centroid's position; the first of equally near ones.
    #[must_use]
    pub fn predict(&self, row: &[f64]) -> usize {
        nearest(&self.centroids, row).0
    }

    /// The cluster of every row.
    #[must_use]
    pub fn assign(&self, features: &Features) -> Vec<usize> {
        features.rows().map(|row| self.predict(row)).collect()
    }
}

/// How to look for clusters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// k
    pub clusters: usize,
    /// Starts, of which the one with the least inertia is kept (`n_init`).
    pub starts: usize,
    /// Iterations after which a start is taken as it is.
    pub most_iterations: usize,
}

impl Options {
    /// k clusters from ten starts.
    #[must_use]
    pub const fn new(clusters: usize) -> Self {
        Self { clusters, starts: 10, most_iterations: 300 }
    }
}

/// The best of several starts, each followed until no row changes its cluster.
///
/// A cluster that loses all its rows gets the row that is farthest from its centroid. An iteration costs `n·k·p`
/// products.
///
/// # Errors
/// [`TrainError`] if an option is 0, or there are fewer different rows than clusters.
pub fn fit(features: &Features, options: Options, rng: &mut impl Rng) -> Result<KMeansModel, TrainError> {
    for (what, value) in [
        ("the number of clusters", options.clusters),
        ("the number of starts", options.starts),
        ("the number of iterations", options.most_iterations),
    ] {
        if value == 0 {
            return Err(TrainError::Choice { what, expected: "at least 1" });
        }
    }
    let mut best: Option<KMeansModel> = None;
    for _ in 0..options.starts {
        let start = plus_plus(features, options.clusters, rng)?;
        let found = iterate(features, start, options.most_iterations);
        if best.as_ref().is_none_or(|best| found.inertia < best.inertia) {
            best = Some(found);
        }
    }
    best.ok_or(TrainError::NotConverged { iterations: 0 })
}

/// Lloyd's iterations from these centroids, each of as many numbers as there are columns.
#[must_use]
pub fn iterate(features: &Features, mut centroids: Vec<Vec<f64>>, most_iterations: usize) -> KMeansModel {
    let mut history = Vec::new();
    let mut before: Vec<usize> = Vec::new();
    for _ in 0..most_iterations {
        let found: Vec<(usize, f64)> = features.rows().map(|row| nearest(&centroids, row)).collect();
        let clusters: Vec<usize> = found.iter().map(|&(cluster, _)| cluster).collect();
        if clusters == before {
            break;
        }
        history.push(found.iter().map(|(_, distance)| distance).sum());
        centroids = means(features, &found, centroids);
        before = clusters;
    }
    let inertia = features.rows().map(|row| nearest(&centroids, row).1).sum();
    KMeansModel { centroids, inertia, history }
}

/// The mean of each cluster's rows.
fn means(features: &Features, found: &[(usize, f64)], centroids: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let mut clusters: Vec<usize> = found.iter().map(|&(cluster, _)| cluster).collect();
    let mut counts = vec![0_usize; centroids.len()];
    clusters.iter().for_each(|&cluster| counts[cluster] += 1);
    let mut farthest: Vec<usize> = (0..found.len()).collect();
    farthest.sort_by(|&a, &b| found[a].1.total_cmp(&found[b].1));
    for empty in 0..counts.len() {
        while counts[empty] == 0 {
            let Some(row) = farthest.pop() else { break };
            if counts[clusters[row]] > 1 {
                counts[clusters[row]] -= 1;
                clusters[row] = empty;
                counts[empty] = 1;
            }
        }
    }
    let mut sums = vec![vec![0.0; features.column_count()]; counts.len()];
    for (row, &cluster) in features.rows().zip(&clusters) {
        sums[cluster].iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
    }
    let mean = |((sum, count), old): ((Vec<f64>, &usize), Vec<f64>)| match *count {
        0 => old,
        count => sum.into_iter().map(|sum| sum / count as f64).collect(),
    };
    sums.into_iter().zip(&counts).zip(centroids).map(mean).collect()
}

/// Rows as first centroids: each is drawn in proportion to its squared distance from those before it, and of a few such
/// draws the one that leaves the least inertia is taken.
fn plus_plus(features: &Features, clusters: usize, rng: &mut impl Rng) -> Result<Vec<Vec<f64>>, TrainError> {
    let first = features.row(crate::random::index(rng, features.row_count())).to_vec();
    let mut distances: Vec<f64> = features.rows().map(|row| squared_distance(row, &first)).collect();
    let mut centroids = vec![first];
    let trials = 2 + clusters.ilog2();
    while centroids.len() < clusters {
        let total: f64 = distances.iter().sum();
        if total <= 0.0 {
            return Err(TrainError::TooManyClusters { clusters, distinct: centroids.len() });
        }
        let candidates = (0..trials).map(|_| {
            let row = features.row(weighted(&distances, unit(rng) * total));
            let left: Vec<f64> = features
                .rows()
                .zip(&distances)
                .map(|(other, &old)| old.min(squared_distance(other, row)))
                .collect();
            (left.iter().sum::<f64>(), left, row)
        });
        let best = candidates.min_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((_, left, row)) = best {
            distances = left;
            centroids.push(row.to_vec());
        }
    }
    Ok(centroids)
}

/// The position at which the running sum passes `target`, never one of weight 0.
fn weighted(weights: &[f64], target: f64) -> usize {
    let mut sum = 0.0;
    let mut last = 0;
    for (at, &weight) in weights.iter().enumerate().filter(|&(_, &weight)| weight > 0.0) {
        sum += weight;
        last = at;
        if sum > target {
            break;
        }
    }
    last
}

/// Position of the nearest centroid and its squared distance.
pub(crate) fn nearest(centroids: &[Vec<f64>], row: &[f64]) -> (usize, f64) {
    let distances = centroids.iter().map(|centroid| squared_distance(centroid, row)).enumerate();
    distances.fold((0, f64::INFINITY), |best, found| if found.1 < best.1 { found } else { best })
}

/// `Σⱼ (aⱼ − bⱼ)²`
pub(crate) fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

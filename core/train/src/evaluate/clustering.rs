//! Clusters against distances, and against known classes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{EvaluateError, check_lengths};
use crate::data::Features;
use crate::kmeans::squared_distance;

/// How much nearer rows are to their own cluster than to the next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Silhouette {
    /// Mean over all rows, between −1 and 1.
    pub mean: f64,
    /// `(b − a)/max(a, b)` of each row: a is its mean distance to the others of its cluster, b the least mean distance to
    /// the rows of another; 0 for a row that is alone.
    pub of_rows: Vec<f64>,
}

/// The silhouettes of rows in clusters. Costs `n²·p` products.
///
/// # Errors
/// [`EvaluateError`] if lengths differ, or there are not from 2 to n − 1 clusters with rows.
pub fn silhouette(features: &Features, clusters: &[usize]) -> Result<Silhouette, EvaluateError> {
    check_lengths(features.row_count(), clusters.len())?;
    let mut places: BTreeMap<usize, usize> = clusters.iter().map(|&cluster| (cluster, 0)).collect();
    places.values_mut().enumerate().for_each(|(at, place)| *place = at);
    let rows = clusters.len();
    if places.len() < 2 || places.len() >= rows {
        return Err(EvaluateError::Clusters { clusters: places.len(), rows });
    }
    let of_rows: Vec<usize> = clusters.iter().map(|cluster| places[cluster]).collect();
    let mut counts = vec![0_u64; places.len()];
    of_rows.iter().for_each(|&cluster| counts[cluster] += 1);
    let of_row = |(row, &own): (&[f64], &usize)| {
        let mut sums = vec![0.0; counts.len()];
        for (other, &cluster) in features.rows().zip(&of_rows) {
            sums[cluster] += squared_distance(row, other).sqrt();
        }
        if counts[own] == 1 {
            return 0.0;
        }
        let inside = sums[own] / (counts[own] - 1) as f64;
        let means = sums.iter().zip(&counts).map(|(sum, &count)| sum / count as f64).enumerate();
        let outside = means
            .filter(|&(cluster, _)| cluster != own)
            .fold(f64::INFINITY, |least, (_, mean)| least.min(mean));
        let larger = inside.max(outside);
        if larger > 0.0 { (outside - inside) / larger } else { 0.0 }
    };
    let of_rows: Vec<f64> = features.rows().zip(&of_rows).map(of_row).collect();
    Ok(Silhouette { mean: of_rows.iter().sum::<f64>() / rows as f64, of_rows })
}

/// `Σᵢ |xᵢ − c(xᵢ)|²` of rows in these clusters, in squared units of the columns.
///
/// # Errors
/// [`EvaluateError`] if lengths differ, or a cluster has no centroid.
pub fn inertia(
    features: &Features,
    centroids: &[Vec<f64>],
    clusters: &[usize],
) -> Result<f64, EvaluateError> {
    check_lengths(features.row_count(), clusters.len())?;
    if let Some(row) = clusters.iter().position(|&cluster| cluster >= centroids.len()) {
        return Err(EvaluateError::NoSuchClass { row, class: clusters[row], classes: centroids.len() });
    }
    Ok(features.rows().zip(clusters).map(|(row, &cluster)| squared_distance(row, &centroids[cluster])).sum())
}

/// Agreement of two groupings of the same rows: 1 if they are the same, about 0 if by chance. Exact up to its one
/// rounding for fewer than 2³¹ rows.
///
/// # Errors
/// [`EvaluateError`] if lengths differ or there is no row.
pub fn adjusted_rand(a: &[usize], b: &[usize]) -> Result<f64, EvaluateError> {
    check_lengths(a.len(), b.len())?;
    let pairs = |keys: &mut dyn Iterator<Item = (usize, usize)>| {
        let mut counts = BTreeMap::<(usize, usize), i128>::new();
        keys.for_each(|key| *counts.entry(key).or_default() += 1);
        counts.values().map(|count| count * (count - 1)).sum::<i128>()
    };
    // Ordered pairs of rows: together in both, in a, in b, in all.
    let both = pairs(&mut a.iter().copied().zip(b.iter().copied()));
    let in_a = pairs(&mut a.iter().map(|&group| (group, 0)));
    let in_b = pairs(&mut b.iter().map(|&group| (group, 0)));
    let all = pairs(&mut a.iter().map(|_| (0, 0)));
    if in_a == both && in_b == both {
        return Ok(1.0);
    }
    let (only_a, only_b, neither) = (in_a - both, in_b - both, all - in_a - in_b + both);
    let agreement = 2 * (both * neither - only_a * only_b);
    let largest = (both + only_a) * (only_a + neither) + (both + only_b) * (only_b + neither);
    Ok(agreement as f64 / largest as f64)
}

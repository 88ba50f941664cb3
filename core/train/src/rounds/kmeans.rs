//! k-means, a round for each of Lloyd's iterations.
//!
//! Centroids are public in every round. With k clusters and p columns of numbers of at most B, the slots are:
//!
//! | slots | sum over the owner's rows | bound | scale |
//! |---|---|---|---|
//! | 2 | n; owners | `most_rows`; `owners` | 1 |
//! | k | rows that are nearest to each centroid | `most_rows` | 1 |
//! | k·p | their numbers, cluster by cluster | `most_rows·B` | 2^`scale_bits(most_rows·B)` |
//! | 1 | squared distances to the nearest centroid | `most_rows·p·4·B²` | 2^`scale_bits(most_rows·p·4·B²)` |
//!
//! Whoever decrypts learns size and mean of each cluster over all rows: a cluster of one row *is* that row.
//! [`Progress::smallest_cluster`] says how near it came to that. Everybody else is told no mean of fewer rows than each owner
//! has at least: such a cluster keeps its centroid.

use rand_core::Rng;
use serde::{Deserialize, Serialize};

use super::fixed::{from_fixed, scale_bits, to_fixed};
use super::{Contribution, RoundError, Terms, check_owner};
use crate::data::Features;
use crate::kmeans::{nearest, squared_distance};
use crate::random::unit;

/// What everyone knows in a round.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Round {
    /// From 1.
    pub number: u32,
    /// One for each cluster, with a number for each column.
    pub centroids: Vec<Vec<f64>>,
}

/// What a total led to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Rows of all owners.
    pub rows: u64,
    /// `Σᵢ |xᵢ − c(xᵢ)|²` at the centroids of the round; falls.
    pub inertia: f64,
    /// Rows of the smallest cluster that has any.
    pub smallest_cluster: u64,
    /// The longest way of a centroid to the next round.
    pub longest_move: f64,
    /// Whether no centroid moves, and no round follows.
    pub is_settled: bool,
}

/// One owner's sums at the centroids of a round.
///
/// # Errors
/// [`RoundError`] if rows are too few or too many, columns do not match, or a number is above the bound.
pub fn contribution(features: &Features, round: &Round, terms: &Terms) -> Result<Contribution, RoundError> {
    let columns = check_centroids(&round.centroids, terms)?;
    let (sum_bits, inertia_bits) = scales(terms, columns)?;
    check_owner(features, terms, &vec![terms.bound; columns])?;
    let clusters = round.centroids.len();
    let (mut fixed, mut sums, mut inertia) = (vec![0_i64; clusters], vec![0.0; clusters * columns], 0.0);
    for row in features.rows() {
        let (cluster, distance) = nearest(&round.centroids, row);
        fixed[cluster] += 1;
        sums[cluster * columns..].iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        inertia += distance;
    }
    for sum in sums {
        fixed.push(to_fixed(sum, sum_bits)?);
    }
    fixed.push(to_fixed(inertia, inertia_bits)?);
    Contribution::of_owner(features.row_count(), fixed)
}

/// The side that sees totals and leads from round to round until no centroid moves. It can be stored between rounds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fit {
    terms: Terms,
    columns: usize,
    round: Round,
    rows: Option<u64>,
    is_settled: bool,
}

impl Fit {
    /// The first round, from these centroids.
    ///
    /// # Errors
    /// [`RoundError`] if there is no centroid or column, one is above the bound, or the terms are out of range.
    pub fn new(centroids: Vec<Vec<f64>>, terms: Terms) -> Result<Self, RoundError> {
        let columns = check_centroids(&centroids, &terms)?;
        scales(&terms, columns)?;
        Ok(Self { terms, columns, round: Round { number: 1, centroids }, rows: None, is_settled: false })
    }

    /// The first round, from random centroids: nobody sees a row to start from. Columns should be standardised over all
    /// owners, for each number is drawn between −√3 and √3, with deviation 1. Of several starts the one with the least
    /// inertia is to be kept.
    ///
    /// # Errors
    /// [`RoundError`] as [`Self::new`]; the bound must be 2 at least.
    pub fn random(
        columns: usize,
        clusters: usize,
        terms: Terms,
        rng: &mut impl Rng,
    ) -> Result<Self, RoundError> {
        let mut number = || 3.0_f64.sqrt() * (2.0 * unit(rng) - 1.0);
        Self::new((0..clusters).map(|_| (0..columns).map(|_| number()).collect()).collect(), terms)
    }

    /// The round that contributions are wanted for; if it has settled, the result.
    #[must_use]
    pub const fn round(&self) -> &Round {
        &self.round
    }

    /// The centroids of the next round: the mean of each cluster. One with fewer than [`Terms::least_rows`] rows stays where it
    /// is: its mean would show them, a single one as it is.
    ///
    /// # Errors
    /// [`RoundError`] if the total does not fit the terms or is over other rows than the last.
    pub fn update(&mut self, total: &Contribution) -> Result<Progress, RoundError> {
        if self.is_settled {
            return Err(RoundError::Settled);
        }
        let (sum_bits, inertia_bits) = scales(&self.terms, self.columns)?;
        let clusters = self.round.centroids.len();
        let (rows, numbers) = total.open(&self.terms, 1 + clusters * (1 + self.columns))?;
        if let Some(before) = self.rows.filter(|&before| before != rows) {
            return Err(RoundError::RowsChanged { before, now: rows });
        }
        let (counts, numbers) = numbers.split_at(clusters);
        let (sums, inertia) = numbers.split_at(clusters * self.columns);
        let counts: Vec<u64> = counts.iter().filter_map(|&count| u64::try_from(count).ok()).collect();
        if counts.len() != clusters
            || counts.iter().try_fold(0_u64, |sum, &count| sum.checked_add(count)) != Some(rows)
        {
            return Err(RoundError::OutOfRange);
        }
        let mean = |((sums, &count), old): ((&[i64], &u64), &Vec<f64>)| match count {
            few if few < self.terms.least_rows.max(1) => old.clone(),
            _ => sums.iter().map(|&sum| from_fixed(sum, sum_bits) / count as f64).collect(),
        };
        let of_clusters = sums.chunks_exact(self.columns).zip(&counts).zip(&self.round.centroids);
        let next: Vec<Vec<f64>> = of_clusters.map(mean).collect();
        let ways =
            next.iter().zip(&self.round.centroids).map(|(next, now)| squared_distance(next, now).sqrt());
        let longest_move = ways.fold(0.0, f64::max);
        // The same clusters are the same integers, and give the same centroids to the last bit.
        self.is_settled = longest_move == 0.0;
        self.rows = Some(rows);
        self.round = Round { number: self.round.number + 1, centroids: next };
        Ok(Progress {
            rows,
            inertia: inertia.iter().map(|&sum| from_fixed(sum, inertia_bits)).sum(),
            smallest_cluster: counts.into_iter().filter(|&count| count > 0).min().unwrap_or(0),
            longest_move,
            is_settled: self.is_settled,
        })
    }
}

/// Columns of centroids that are of one width and within the bound.
fn check_centroids(centroids: &[Vec<f64>], terms: &Terms) -> Result<usize, RoundError> {
    let columns = centroids.first().map_or(0, Vec::len);
    if columns == 0 {
        return Err(RoundError::Choice {
            what: "the number of clusters and of columns",
            expected: "at least 1",
        });
    }
    if let Some(other) = centroids.iter().find(|centroid| centroid.len() != columns) {
        return Err(RoundError::ColumnMismatch { expected: columns, actual: other.len() });
    }
    // Means of numbers within the bound are within it, up to their rounding.
    let largest = terms.bound * (1.0 + 1e-9);
    if centroids.iter().flatten().all(|number| number.abs() <= largest) {
        Ok(columns)
    } else {
        Err(RoundError::OutOfRange)
    }
}

/// Bits after the point of the sums and of the inertia.
fn scales(terms: &Terms, columns: usize) -> Result<(u32, u32), RoundError> {
    terms.check()?;
    let (rows, bound) = (terms.most_rows as f64, terms.bound);
    Ok((scale_bits(rows * bound)?, scale_bits(rows * columns as f64 * 4.0 * bound * bound)?))
}

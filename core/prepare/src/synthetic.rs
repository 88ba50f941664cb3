//! Points that are made up between neighbours: SMOTE [CBHK02].

use rand_chacha::rand_core::Rng;

use crate::nearest::{Points, nearest, squared_distance};
use crate::random::{index, unit};

/// Rows of one class: numbers, and for each column of categories the number of the category.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Class {
    /// Without missing coordinates.
    pub numbers: Points,
    /// For each row one for each column of categories.
    pub categories: Vec<Vec<u32>>,
}

/// Where a row is made: on the way from a row to one of its neighbours.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Draw {
    /// Position of the row.
    pub row: usize,
    /// Which of its neighbours, from 0, the nearest.
    pub neighbour: usize,
    /// How far on the way, from 0 to below 1.
    pub step: f64,
}

impl Draw {
    /// One of `rows` and one of `k` neighbours, each pair equally likely.
    pub fn at_random(rows: usize, k: usize, rng: &mut impl Rng) -> Self {
        let pair = index(rng, rows * k);
        Self { row: pair / k, neighbour: pair % k, step: unit(rng) }
    }
}

impl Class {
    /// Rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// The positions of the k nearest other rows of each row, nearest first.
    ///
    /// The squared distance is `Σ (x − y)² + m² · (columns of categories that differ)`, where m is the median of the
    /// standard deviations of the columns of numbers in this class: SMOTE-NC.
    #[must_use]
    pub fn neighbours(&self, k: usize) -> Vec<Vec<usize>> {
        let penalty = self.median_deviation().powi(2);
        let distance = |a: usize, b: usize| {
            let numbers = squared_distance(self.numbers.point(a), self.numbers.point(b));
            let categories = self.categories.get(a).zip(self.categories.get(b));
            let differ = categories.map_or(0, |(a, b)| a.iter().zip(b).filter(|(a, b)| a != b).count());
            numbers + penalty * differ as f64
        };
        (0..self.len())
            .map(|here| {
                let others = (0..self.len()).filter(|at| *at != here);
                let near = nearest(others.map(|at| (at, distance(here, at))), k);
                near.into_iter().map(|other| other.at).collect()
            })
            .collect()
    }

    /// `x + step · (y − x)` in every column of numbers.
    ///
    /// # Panics
    /// If the draw is of a row or neighbour that is not there.
    #[must_use]
    pub fn numbers_at(&self, draw: Draw, neighbours: &[Vec<usize>]) -> Vec<f64> {
        let other = self.numbers.point(neighbours[draw.row][draw.neighbour]);
        let between = |(x, y): (&f64, &f64)| x + draw.step * (y - x);
        self.numbers.point(draw.row).iter().zip(other).map(between).collect()
    }

    /// In each column of categories the most frequent one among all neighbours of the row; of equally frequent ones, in
    /// ascending order, `choose` picks one by its position.
    ///
    /// # Panics
    /// If the row is not there.
    pub fn categories_at(
        &self,
        row: usize,
        neighbours: &[Vec<usize>],
        mut choose: impl FnMut(usize) -> usize,
    ) -> Vec<u32> {
        let near = &neighbours[row];
        let columns = self.categories.first().map_or(0, Vec::len);
        let most_frequent = |column: usize| {
            let mut held: Vec<u32> = near.iter().map(|at| self.categories[*at][column]).collect();
            held.sort_unstable();
            let runs: Vec<&[u32]> = held.chunk_by(|a, b| a == b).collect();
            let most = runs.iter().map(|run| run.len()).max().unwrap_or(0);
            let equal: Vec<u32> = runs.iter().filter(|run| run.len() == most).map(|run| run[0]).collect();
            match equal.as_slice() {
                [] => 0,
                [only] => *only,
                several => several[choose(several.len()).min(several.len() - 1)],
            }
        };
        (0..columns).map(most_frequent).collect()
    }

    /// The median of the standard deviations (of the population) of the columns of numbers.
    fn median_deviation(&self) -> f64 {
        let count = self.len().max(1) as f64;
        let deviation = |column: usize| {
            let values = || (0..self.len()).map(|at| self.numbers.point(at)[column]);
            let mean = values().sum::<f64>() / count;
            (values().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt()
        };
        let mut deviations: Vec<f64> = (0..self.numbers.width()).map(deviation).collect();
        deviations.sort_by(f64::total_cmp);
        crate::quantile::interpolated(&deviations, 0.5).unwrap_or(0.0)
    }
}

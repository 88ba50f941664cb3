//! What an anonymised table has lost, and what it gives away: the figures to compare before and after.
//!
//! All are computed over what is published. None of them is a guarantee: they say how much lower the risk is under
//! the assumption that the quasi-identifiers are all that somebody knows.

mod attained;
mod risk;

use serde::{Deserialize, Serialize};

pub use self::attained::{Attained, attained};
pub use self::risk::{Attack, MAX_COMPARISONS, Population, Risk, RiskError, population_sizes, risk};

use crate::release::Release;

/// Sizes of classes and loss of information.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Loss {
    /// Rows of the original table.
    pub row_count: u64,
    /// Rows that are left out.
    pub suppressed: u64,
    /// Classes.
    pub class_count: u64,
    /// Rows of the smallest class; 0 if there is none.
    pub smallest_class: u64,
    /// Rows of the largest class; 0 if there is none.
    pub largest_class: u64,
    /// Rows in a class on average; 0 if there is none.
    pub average_class: f64,
    /// Discernibility: `Σ |E|² + suppressed · rows` [BA05].
    pub discernibility: u128,
    /// Average class size over k: `C_AVG = (published rows / classes) / k` [LDR06]; 1 is the best there is.
    pub normalised_average_class: f64,
    /// For each quasi-identifier the mean normalised certainty penalty of a row, from 0 to 1; a suppressed row has
    /// 1 [GKKM07].
    pub certainty_penalties: Vec<f64>,
    /// Their mean: the generalised certainty penalty, GCP.
    pub generalised_certainty_penalty: f64,
}

/// Sizes and losses of a release. `k` is what was asked for and scales only [`Loss::normalised_average_class`].
#[must_use]
pub fn loss(release: &Release, k: u32) -> Loss {
    let sizes = release.classes.iter().map(|class| class.rows.len() as u64);
    let published: u64 = sizes.clone().sum();
    let (row_count, class_count) = (release.row_count as u64, release.classes.len() as u64);
    let suppressed = release.suppressed.len() as u64;
    let average_class = if class_count == 0 { 0.0 } else { published as f64 / class_count as f64 };
    let squares: u128 = sizes.clone().map(|size| u128::from(size) * u128::from(size)).sum();
    let certainty_penalties: Vec<f64> = (0..release.quasi_identifiers.len())
        .map(|at| {
            let kept: f64 =
                release.classes.iter().map(|class| class.groups[at].loss * class.rows.len() as f64).sum();
            (kept + suppressed as f64) / row_count.max(1) as f64
        })
        .collect();
    Loss {
        row_count,
        suppressed,
        class_count,
        smallest_class: sizes.clone().min().unwrap_or(0),
        largest_class: sizes.max().unwrap_or(0),
        average_class,
        discernibility: squares + u128::from(suppressed) * u128::from(row_count),
        normalised_average_class: average_class / f64::from(k.max(1)),
        generalised_certainty_penalty: certainty_penalties.iter().sum::<f64>()
            / certainty_penalties.len().max(1) as f64,
        certainty_penalties,
    }
}

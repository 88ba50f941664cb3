//! Values or rows far from the others are found, and kept, capped or dropped.

use serde::{Deserialize, Serialize};

/// Most rows of which all are compared with all.
pub const LOCAL_ROW_LIMIT: usize = 20_000;
/// Most rows that a forest isolates.
pub const FOREST_ROW_LIMIT: usize = 100_000;

/// Finds what is far from the rest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Outliers {
    /// Columns of numbers. The first two methods judge each for itself, the others rows by all of them.
    pub columns: Vec<String>,
    /// What is far.
    pub method: Method,
    /// What becomes of it.
    pub action: Action,
    /// Decimals of capped values, at most 15.
    #[serde(default = "usual_decimals")]
    pub decimals: u8,
}

/// What is far from the rest.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Method {
    /// More than `threshold` standard deviations (of the population) from the mean.
    ZScore {
        /// Usually 3.
        threshold: f64,
    },
    /// More than `factor` interquartile ranges below the first or above the third quartile.
    InterquartileRange {
        /// Usually 1.5.
        factor: f64,
    },
    /// Rows that random cuts isolate quickly [LTZ08].
    IsolationForest {
        /// Trees, 1 to 1,000; usually 100.
        trees: u32,
        /// Rows that a tree is grown on, 2 to 10,000; usually 256.
        sample: u32,
        /// Which scores are far. Scores lie between 0 and 1, and 0.5 is that of a row like any other.
        cut: Cut,
        /// Of the random cuts.
        seed: u64,
    },
    /// Rows that lie less densely than their neighbours [BKNS00].
    LocalOutlierFactor {
        /// Neighbours, 1 to 1,000; usually 20.
        k: u32,
        /// Which factors are far. 1 is as dense as the neighbours; usual is above 1.5.
        cut: Cut,
    },
}

/// From where on a score is far.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Cut {
    /// Above this score.
    Above {
        /// The score.
        score: f64,
    },
    /// This share of rows, those with the highest scores: above the quantile `1 − share`.
    Share {
        /// From 0 to 0.5.
        share: f64,
    },
}

/// What becomes of outliers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// They are listed and stay.
    Keep,
    /// They become the nearest value that is none. Only where single columns are judged.
    Cap,
    /// Their rows are dropped.
    Drop,
}

fn usual_decimals() -> u8 {
    crate::number::USUAL_DECIMALS
}

impl Outliers {
    pub(super) fn row_limit(&self) -> Option<usize> {
        match self.method {
            Method::ZScore { .. } | Method::InterquartileRange { .. } => None,
            Method::IsolationForest { .. } => Some(FOREST_ROW_LIMIT),
            Method::LocalOutlierFactor { .. } => Some(LOCAL_ROW_LIMIT),
        }
    }
}

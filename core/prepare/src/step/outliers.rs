//! Values or rows far from the others are found, and kept, capped or dropped.

mod range;
mod rows;

use serde::{Deserialize, Serialize};

use crate::error::StepError;
use crate::fitted::Learnt;
use crate::schema::Schema;
use crate::stage::{Stage, check_decimals};
use crate::step::impute::MAX_NEIGHBOURS;

/// Most rows of which all are compared with all.
pub const LOCAL_ROW_LIMIT: usize = 20_000;
/// Most rows that a forest isolates.
pub const FOREST_ROW_LIMIT: usize = 100_000;

/// Most trees.
pub const MAX_TREES: u32 = 1_000;
/// Most rows that a tree is grown on.
pub const MAX_SAMPLE: u32 = 10_000;

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
    /// Decimals of capped values, at most 15; without, as many as the numbers need, and at least 6.
    #[serde(default)]
    pub decimals: Option<u8>,
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
        /// Neighbours, 1 to 100; usually 20.
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

impl Outliers {
    pub(super) fn row_limit(&self) -> Option<usize> {
        match self.method {
            Method::ZScore { .. } | Method::InterquartileRange { .. } => None,
            Method::IsolationForest { .. } => Some(FOREST_ROW_LIMIT),
            Method::LocalOutlierFactor { .. } => Some(LOCAL_ROW_LIMIT),
        }
    }

    pub(super) fn learns(&self) -> bool {
        self.row_limit().is_none()
    }

    pub(crate) fn check(&self, schema: &mut Schema) -> Result<(), StepError> {
        check_decimals(self.decimals)?;
        schema.check_numbers(&self.columns)?;
        let parameter = |name, allowed| Err(StepError::Parameter { name, allowed });
        let is_positive = |number: f64| number > 0.0 && number.is_finite();
        match self.method {
            Method::ZScore { threshold } if !is_positive(threshold) => {
                return parameter("threshold", "a positive number");
            }
            Method::InterquartileRange { factor } if !is_positive(factor) => {
                return parameter("factor", "a positive number");
            }
            Method::ZScore { .. } | Method::InterquartileRange { .. } => return Ok(()),
            Method::IsolationForest { trees, .. } if !(1..=MAX_TREES).contains(&trees) => {
                return parameter("number of trees", "1 to 1,000");
            }
            Method::IsolationForest { sample, .. } if !(2..=MAX_SAMPLE).contains(&sample) => {
                return parameter("sample of a tree", "2 to 10,000");
            }
            Method::LocalOutlierFactor { k, .. } if !(1..=MAX_NEIGHBOURS).contains(&k) => {
                return Err(StepError::Neighbours { actual: k, limit: MAX_NEIGHBOURS });
            }
            Method::IsolationForest { cut, .. } | Method::LocalOutlierFactor { cut, .. } => match cut {
                Cut::Above { score } if !is_positive(score) => {
                    return parameter("score", "a positive number");
                }
                Cut::Share { share } if !(share > 0.0 && share <= 0.5) => {
                    return parameter("share of outliers", "above 0 and at most 0.5");
                }
                Cut::Above { .. } | Cut::Share { .. } => {}
            },
        }
        if self.action == Action::Cap {
            return Err(StepError::CapOfRows);
        }
        Ok(())
    }

    pub(crate) fn build(
        &self,
        schema: &Schema,
        learnt: Option<&Learnt>,
    ) -> Result<Box<dyn Stage>, StepError> {
        match self.row_limit() {
            None => range::build(self, schema, learnt),
            Some(_) => rows::build(self, schema),
        }
    }
}

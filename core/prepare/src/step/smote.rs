//! Training rows of small classes are made up between those that there are: SMOTE [CBHK02], and SMOTE-NC where there are
//! categories.

use serde::{Deserialize, Serialize};

/// Most rows that the step takes.
pub const ROW_LIMIT: usize = 50_000;
/// Most rows that it makes.
pub const MADE_LIMIT: usize = 200_000;

/// Makes up rows until every class has its size. They stand after all others; columns that are neither the class nor a
/// feature nor a category are blank in them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Smote {
    /// The column of classes.
    pub class: String,
    /// Columns of numbers without blanks.
    pub features: Vec<String>,
    /// Columns of categories: with any, it is SMOTE-NC.
    #[serde(default)]
    pub categories: Vec<String>,
    /// Neighbours between which rows are made, 1 to 1,000; usually 5.
    pub k: u32,
    /// What size small classes are brought to, as a share of the largest: above 0 and at most 1.
    pub share_of_largest: f64,
    /// Of the draws.
    pub seed: u64,
    /// Decimals of made numbers, at most 15.
    #[serde(default = "usual_decimals")]
    pub decimals: u8,
}

fn usual_decimals() -> u8 {
    crate::number::USUAL_DECIMALS
}

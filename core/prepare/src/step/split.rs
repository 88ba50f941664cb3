//! Every row is put into the training or the test part.

use serde::{Deserialize, Serialize};

/// What the column says of a training row.
pub const TRAIN: &str = "train";
/// What the column says of a test row.
pub const TEST: &str = "test";

/// Adds a column that says `train` or `test`. Later steps learn from training rows only, and change both.
///
/// `round(test_share · rows)` rows are drawn for the test part, at least one and not all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Split {
    /// Name of the column that is added.
    pub column: String,
    /// Share of rows for the test part, above 0 and below 1.
    pub test_share: f64,
    /// Of the draws.
    pub seed: u64,
    /// A column of classes, each of which is split in this proportion up to one row.
    #[serde(default)]
    pub by: Option<String>,
}

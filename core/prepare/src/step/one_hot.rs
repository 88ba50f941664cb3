//! A column of categories becomes columns of 1 and 0.

use serde::{Deserialize, Serialize};

/// Most categories of a column.
pub const MAX_CATEGORIES: u32 = 1_000;

/// Makes a column `name=category` for each category, in alphabetical order, in place of the column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct OneHot {
    /// Columns of categories.
    pub columns: Vec<String>,
    /// Most categories of a column, 1 to 1,000: more are refused.
    pub most: u32,
    /// Whether the first category has no column, so that columns do not add up to 1 (for regressions).
    #[serde(default)]
    pub drop_first: bool,
    /// What becomes of blank cells.
    #[serde(default)]
    pub missing: Missing,
    /// What becomes of categories that were not there when the step was made.
    #[serde(default)]
    pub unknown: Unknown,
}

/// What becomes of blank cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// All columns are blank: whether it is this category is not known.
    #[default]
    Blank,
    /// All columns are 0.
    Zeros,
    /// Blank is a category of its own, the last, with the name `name=`.
    Category,
}

/// What becomes of an unknown category.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unknown {
    /// All columns are 0, and the rows are listed.
    #[default]
    Zeros,
    /// The batch is refused.
    Refuse,
}

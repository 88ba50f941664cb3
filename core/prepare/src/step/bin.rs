//! Numbers are put into bins.

use serde::{Deserialize, Serialize};

/// Most bins.
pub const MAX_BINS: u32 = 1_000;

/// Puts the numbers of columns into bins: each includes its lower edge and the last both. Blank cells stay blank; what
/// lies outside goes to the first or last bin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Bin {
    /// Columns of numbers.
    pub columns: Vec<String>,
    /// Where the edges are.
    pub edges: Edges,
    /// What is written.
    pub label: Label,
}

/// Where the edges of bins are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Edges {
    /// Equally wide, from the smallest to the largest number.
    EqualWidth {
        /// Bins, 2 to 1,000.
        bins: u32,
    },
    /// With equally many rows: edges are quantiles, and equal ones are one edge. Exact up to a million values in all
    /// columns of the step together, sketched beyond.
    EqualCount {
        /// Bins, 2 to 1,000.
        bins: u32,
    },
    /// These, ascending: 2 to 1,001.
    Given {
        /// The edges.
        edges: Vec<f64>,
    },
}

/// What is written for a bin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Label {
    /// Its number, from 0.
    Number,
    /// Its edges: `[20, 30)`, and `[30, 40]` for the last.
    Interval,
}

//! What each step did, for people to judge.

use std::fmt;

use serde::{Deserialize, Serialize};
use veilsum_anonymise::measure::{Loss, Risk};

use crate::number;
use crate::summary::ColumnSummary;

/// Flagged cells or rows that are listed; more are only counted.
pub const MAX_FLAGGED: usize = 1_000;

/// What a step did.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct StepReport {
    /// Rows that came to it.
    pub rows_in: u64,
    /// Rows that it passed on.
    pub rows_out: u64,
    /// Cells whose text it changed.
    pub cells_changed: u64,
    /// The columns that it works on.
    pub columns: Vec<ColumnChange>,
    /// Outliers, unknown categories.
    pub flagged: Flagged,
    /// Classes, for steps that split or balance them.
    pub classes: Option<Classes>,
    /// Size of both parts, for a split.
    pub parts: Option<Parts>,
    /// Before and after, for a release.
    pub privacy: Option<Privacy>,
    /// What the owner should look at; each is said once.
    pub warnings: Vec<Warning>,
}

/// A column before and after a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnChange {
    /// Its name.
    pub name: String,
    /// Before; `None` if the step made it.
    pub before: Option<ColumnSummary>,
    /// After; `None` if the step left it out.
    pub after: Option<ColumnSummary>,
}

/// What was flagged.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Flagged {
    /// In all.
    pub total: u64,
    /// The first 1,000, in their order.
    pub listed: Vec<FlaggedRow>,
}

/// One that was flagged.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct FlaggedRow {
    /// The number that the caller gave the row; 0 for a row that a step has made.
    pub row: u64,
    /// The column, where a single cell is meant.
    pub column: Option<String>,
    /// The cell, where one is meant.
    pub value: Option<String>,
    /// Why.
    pub reason: Reason,
}

/// Why something was flagged.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Reason {
    /// Below the lower bound.
    Below {
        /// The bound.
        bound: f64,
    },
    /// Above the upper bound.
    Above {
        /// The bound.
        bound: f64,
    },
    /// Its score is above the cut.
    Score {
        /// The score.
        score: f64,
        /// The cut.
        cut: f64,
    },
    /// A category that was not there when the step was made.
    UnknownCategory,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Below { bound } => write!(f, "below {}", shown(*bound)),
            Self::Above { bound } => write!(f, "above {}", shown(*bound)),
            Self::Score { score, cut } => write!(f, "score {score:.3}, above {cut:.3}"),
            Self::UnknownCategory => write!(f, "not among the categories the step was made with"),
        }
    }
}

fn shown(bound: f64) -> String {
    number::written(bound, number::decimals_of(bound))
}

/// Says where; the value stays out of logs.
impl fmt::Debug for FlaggedRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("FlaggedRow");
        shown.field("row", &self.row).field("column", &self.column).field("reason", &self.reason);
        shown.finish_non_exhaustive()
    }
}

/// Sizes of classes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Classes {
    /// The column of classes.
    pub column: String,
    /// Each class, in alphabetical order. For a split: all rows, and those of the training part. For SMOTE: training
    /// rows before and after.
    pub counts: Vec<ClassCount>,
}

/// Size of one class.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassCount {
    /// The class.
    pub class: String,
    /// Rows before.
    pub before: u64,
    /// Rows after.
    pub after: u64,
}

/// Says how many; the class stays out of logs.
impl fmt::Debug for ClassCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ClassCount");
        shown.field("before", &self.before).field("after", &self.after).finish_non_exhaustive()
    }
}

/// Rows of the parts of a split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Parts {
    /// Training rows.
    pub train: u64,
    /// Test rows.
    pub test: u64,
}

/// What a release loses and what it gives away, against the table as it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Privacy {
    /// Classes and loss of the table as it was.
    pub loss_before: Loss,
    /// Classes and loss of the release.
    pub loss_after: Loss,
    /// Risk of the table as it was.
    pub risk_before: Risk,
    /// Risk of the release.
    pub risk_after: Risk,
}

/// What the owner should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Warning {
    /// Every value is the same.
    Constant {
        /// The column.
        column: String,
    },
    /// At least half of the values are the same, so that the spread is 0.
    NoSpread {
        /// The column.
        column: String,
    },
    /// A column is blank.
    NothingToLearnFrom {
        /// The column.
        column: String,
    },
    /// A quantile is sketched.
    Approximate {
        /// The column.
        column: String,
    },
    /// Quantiles coincide, so that there are fewer bins than asked for.
    FewerBins {
        /// The column.
        column: String,
        /// Bins that there are.
        bins: usize,
    },
    /// Rows with a blank are not judged as a whole.
    NotJudged {
        /// Rows.
        rows: u64,
    },
    /// Classes are so small that all of their rows are in one part.
    ClassesInOnePart {
        /// Classes.
        count: usize,
    },
    /// Steps before a split have learnt from rows that are test rows now.
    LearntFromTestRows {
        /// Their numbers, from 1.
        steps: Vec<usize>,
    },
    /// Some fakes stand for several different cells each.
    SharedFakes {
        /// The column.
        column: String,
        /// Different cells, as far as they were counted: up to 100,000.
        cells: usize,
        /// Different fakes, as far as they were counted.
        fakes: usize,
        /// Those among them that stand for several cells.
        shared: usize,
    },
    /// Numbers have so few decimals that rounding moved one by more than a twentieth of their spread.
    Rounded {
        /// The column.
        column: String,
        /// Decimals.
        decimals: u8,
    },
    /// Every date can be read with the day or the month first, and nothing says which.
    AmbiguousDates {
        /// The column.
        column: String,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant { column } => {
                write!(f, "Column “{column}” is the same in every row: it says nothing, and may be left out.")
            }
            Self::NoSpread { column } => {
                write!(
                    f,
                    "Half of column “{column}” is the same value, so that it has no spread to scale by."
                )
            }
            Self::NothingToLearnFrom { column } => {
                write!(
                    f,
                    "Column “{column}” is blank: there is nothing to learn from, and it stays as it is."
                )
            }
            Self::Approximate { column } => {
                write!(f, "Column “{column}” has too many values to sort: its quantiles are approximate.")
            }
            Self::FewerBins { column, bins } => {
                write!(
                    f,
                    "Column “{column}” has too few different values for so many bins: there are {bins}."
                )
            }
            Self::NotJudged { rows } => {
                write!(
                    f,
                    "Rows with a blank among these columns are not judged: {rows}. Impute before to have them judged."
                )
            }
            Self::ClassesInOnePart { count } => {
                write!(f, "Classes that are so small that all their rows are in one part: {count}.")
            }
            Self::LearntFromTestRows { steps } => {
                let numbers: Vec<String> = steps.iter().map(usize::to_string).collect();
                let (word, them) = if steps.len() == 1 { ("Step", "it") } else { ("Steps", "them") };
                write!(
                    f,
                    "{word} {} learnt from rows that are test rows now, so that a model looks better on these than it is. \
                     Move the split before {them}.",
                    numbers.join(", ")
                )
            }
            Self::SharedFakes { column, cells, fakes, shared } => {
                write!(
                    f,
                    "Column “{column}” had {cells} different cells and has {fakes} different fakes; {shared} of these stand \
                     for several cells. Have identifiers made of it to count, group or join by it."
                )
            }
            Self::Rounded { column, decimals } => {
                write!(
                    f,
                    "Column “{column}” has smaller differences than {decimals} decimals can show, and some were lost. Choose \
                     more decimals, or multiply the column before."
                )
            }
            Self::AmbiguousDates { column } => {
                write!(
                    f,
                    "All dates of column “{column}” can be read with the day or the month first, and were read with the day \
                     first. Choose the type of the column to say which it is."
                )
            }
        }
    }
}

//! Re-identification risk under three attackers [Dan08, EE13].

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::progress::{Cancelled, Watch, report};
use crate::release::Release;
use crate::table::Table;

/// Most comparisons of a class with a row of a population table.
pub const MAX_COMPARISONS: u64 = 2_000_000_000;

/// Whom the journalist's class sizes are taken from.
#[derive(Debug, Clone, PartialEq)]
pub enum Population {
    /// Nothing is known: everybody in the population may be in the table, and the journalist is the prosecutor.
    Unknown,
    /// The table is a random sample with this share of the population, above 0 and at most 1: a class of f rows is
    /// taken to stand for `f / share` people. A rough estimate: rare people are rarer than it says.
    SampledAt(f64),
    /// People of the population who fit each class, from [`population_sizes`].
    Counted(Vec<u64>),
}

/// One attacker.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Attack {
    /// Probability of the best guess for the row at most risk.
    pub highest: f64,
    /// Mean over the published rows.
    pub average: f64,
    /// Share of published rows whose probability is above the threshold.
    pub share_at_risk: f64,
}

/// The risk of being found, for three attackers, over published rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Risk {
    /// Knows that a certain person is in the table: `1 / f` for a class of f rows.
    pub prosecutor: Attack,
    /// Looks for anybody, and knows the population only: `1 / F` where F people fit the class.
    pub journalist: Attack,
    /// Whether the journalist's figures rest on an estimate or bound, not on a count.
    pub journalist_is_estimate: bool,
    /// Wants as many rows as possible: expected share of rows that are matched rightly, `Σ f/F / rows`.
    pub marketer: f64,
}

/// Why there is no risk to show.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum RiskError {
    /// The share is none.
    #[error("The sampled share is {actual}, and must be above 0 and at most 1.")]
    Share {
        /// What was given.
        actual: f64,
    },
    /// There is one count for each class.
    #[error("There are {actual} counts for {expected} classes. Count the population again.")]
    CountCount {
        /// Classes.
        expected: usize,
        /// Counts.
        actual: usize,
    },
    /// Fewer people fit a class than it has rows, so that this is not the population.
    #[error(
        "{population} people of the population fit a class of {rows} rows: the table cannot come from this population."
    )]
    NotThePopulation {
        /// Rows of the class.
        rows: u64,
        /// People who fit.
        population: u64,
    },
    /// The population table lacks a column.
    #[error("The population table has no column \"{name}\". Rename its columns like those of the table.")]
    ColumnMissing {
        /// Name of the column.
        name: String,
    },
    /// Too much work.
    #[error(
        "{classes} classes and {rows} people are too many to compare. Take a smaller sample of the population."
    )]
    TooLarge {
        /// Classes.
        classes: usize,
        /// Rows of the population.
        rows: usize,
    },
    /// The caller stopped it.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// The risk of a release. `threshold` is the probability from which a row counts as at risk. All 0 if nothing is
/// published.
///
/// # Errors
/// [`RiskError`] if the population does not fit the release.
pub fn risk(release: &Release, threshold: f64, population: &Population) -> Result<Risk, RiskError> {
    let sizes: Vec<u64> = release.classes.iter().map(|class| class.rows.len() as u64).collect();
    let behind: Vec<f64> = match population {
        Population::Unknown => sizes.iter().map(|size| *size as f64).collect(),
        Population::SampledAt(share) if *share > 0.0 && *share <= 1.0 => {
            sizes.iter().map(|size| *size as f64 / share).collect()
        }
        Population::SampledAt(share) => return Err(RiskError::Share { actual: *share }),
        Population::Counted(counts) => {
            let (expected, actual) = (sizes.len(), counts.len());
            if expected != actual {
                return Err(RiskError::CountCount { expected, actual });
            }
            if let Some((rows, population)) = sizes.iter().zip(counts).find(|(rows, people)| people < rows) {
                return Err(RiskError::NotThePopulation { rows: *rows, population: *population });
            }
            counts.iter().map(|count| *count as f64).collect()
        }
    };
    let own: Vec<f64> = sizes.iter().map(|size| *size as f64).collect();
    let rows: f64 = own.iter().sum::<f64>().max(1.0);
    Ok(Risk {
        prosecutor: attack(&own, &own, threshold),
        journalist: attack(&own, &behind, threshold),
        journalist_is_estimate: !matches!(population, Population::Counted(_)),
        marketer: own.iter().zip(&behind).map(|(own, behind)| own / behind).sum::<f64>() / rows,
    })
}

/// For each class the rows of a population table that fit it. The population's columns are found by name. Progress
/// counts classes.
///
/// # Errors
/// [`RiskError`] if a column is missing, there is too much to compare, or the caller stopped it.
pub fn population_sizes(
    table: &Table,
    release: &Release,
    population: &Table,
    watch: &mut Watch<'_>,
) -> Result<Vec<u64>, RiskError> {
    let (classes, rows) = (release.classes.len(), population.row_count());
    if (classes as u64).saturating_mul(rows as u64) > MAX_COMPARISONS {
        return Err(RiskError::TooLarge { classes, rows });
    }
    let mut columns = Vec::new();
    for quasi in &release.quasi_identifiers {
        let name = table.columns()[*quasi].name();
        let column = population.columns().iter().find(|column| column.name() == name);
        columns.push(column.ok_or_else(|| RiskError::ColumnMissing { name: name.to_owned() })?);
    }
    let mut sizes = Vec::with_capacity(classes);
    for (at, class) in release.classes.iter().enumerate() {
        if at % 64 == 0 {
            report(watch, at, classes)?;
        }
        let mut fitting: Vec<u32> = (0_u32..).take(rows).collect();
        for (group, column) in class.groups.iter().zip(&columns) {
            let fits: Vec<bool> = column.values().iter().map(|value| group.covers(value)).collect();
            fitting.retain(|row| fits[column.codes()[*row as usize] as usize]);
        }
        sizes.push(fitting.len() as u64);
    }
    report(watch, classes, classes)?;
    Ok(sizes)
}

/// `behind[i]` people stand behind each of the `rows[i]` rows of class i.
fn attack(rows: &[f64], behind: &[f64], threshold: f64) -> Attack {
    let total: f64 = rows.iter().sum::<f64>().max(1.0);
    let (mut highest, mut sum, mut at_risk) = (0.0_f64, 0.0, 0.0);
    for (rows, behind) in rows.iter().zip(behind) {
        let probability = 1.0 / behind;
        highest = highest.max(probability);
        sum += rows * probability;
        if probability > threshold {
            at_risk += rows;
        }
    }
    Attack { highest, average: sum / total, share_at_risk: at_risk / total }
}

//! The best full-domain generalisation: one level for each whole column, found in the lattice of all combinations.
//!
//! *Best* is the least generalised certainty penalty (GCP) with suppressed rows counted as lost entirely, and is exact:
//! no combination is better. The search walks up chains and halves them (Flash [KPEK12]); a combination that fails
//! makes all less general ones fail, and one whose loss without any suppression is not below the best so far need
//! not be tried [EDIJ09].

mod node;
mod search;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use self::node::Lattice;
use self::search::Search;
use crate::hierarchy::{Hierarchy, HierarchyError};
use crate::model::{Judge, Model, ModelError, check_roles, column_of};
use crate::progress::{Cancelled, Watch};
use crate::release::Release;
use crate::table::Table;

/// Most combinations of levels that are searched.
pub const MAX_NODES: usize = 100_000;

/// A column to generalise.
#[derive(Debug, Clone, PartialEq)]
pub struct Domain {
    /// Its position.
    pub column: usize,
    /// Its levels.
    pub hierarchy: Hierarchy,
}

/// What a search may do.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Suppression {
    /// Largest share of rows that may be left out, from 0 to 1.
    pub limit: f64,
}

/// The best combination.
#[derive(Debug, Clone, PartialEq)]
pub struct Optimum {
    /// What it publishes.
    pub release: Release,
    /// Level of each column, in the order asked for.
    pub levels: Vec<usize>,
    /// Generalised certainty penalty, from 0 to 1; a suppressed row counts as 1.
    pub loss: f64,
    /// Combinations there are.
    pub node_count: usize,
    /// Combinations that had to be applied to the table.
    pub checked_count: usize,
}

/// Why there is no best combination.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum SearchError {
    /// The models do not fit the table.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A hierarchy does not fit its column.
    #[error(transparent)]
    Hierarchy(#[from] HierarchyError),
    /// The suppression limit is no share.
    #[error("The suppression limit is {actual}, and must be between 0 and 1.")]
    Limit {
        /// What was asked for.
        actual: f64,
    },
    /// Too many combinations.
    #[error(
        "The levels of these columns make {} combinations, and {MAX_NODES} can be searched. Choose fewer columns or \
         levels, or partition instead.",
        .actual.map_or_else(|| "too many".to_owned(), |count| count.to_string())
    )]
    TooManyNodes {
        /// Combinations, where they can be counted at all.
        actual: Option<usize>,
    },
    /// No combination satisfies the models.
    #[error(
        "No combination of levels satisfies the models within the suppression limit. Ask for less, or allow more \
         rows to be left out."
    )]
    Unreachable,
    /// The caller stopped it.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// Finds the combination of levels with the least loss that satisfies every model once violating classes are
/// suppressed. Progress counts combinations that are decided.
///
/// Each combination that is checked sorts the rows once. With entropy or recursive diversity or closeness *and*
/// suppression a combination may fail although a less general one does not; the search then prunes by what stays true
/// (row counts and different values) and stays exact.
///
/// # Errors
/// [`SearchError`]; nothing is released then.
pub fn search(
    table: &Table,
    domains: &[Domain],
    models: &[Model],
    suppression: Suppression,
    watch: &mut Watch<'_>,
) -> Result<Optimum, SearchError> {
    let judge = Judge::new(table, models)?;
    check_roles(table, domains.iter().map(|domain| domain.column), &judge)?;
    if !(0.0..=1.0).contains(&suppression.limit) {
        return Err(SearchError::Limit { actual: suppression.limit });
    }
    let mut columns = Vec::new();
    for domain in domains {
        columns.push((domain, domain.hierarchy.bind(column_of(table, domain.column)?)?));
    }
    let lattice = Lattice::new(domains.iter().map(|domain| domain.hierarchy.level_count()))?;
    Search::new(table, &columns, lattice, judge, suppression).run(watch)
}

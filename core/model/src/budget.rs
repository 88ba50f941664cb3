//! How much of a hidden model scores give away, and how many a client may have.
//!
//! No encryption hides what scores say: a linear form over d features is known from d + 1 scores of records in general position,
//! and scores are sold one by one for that reason. So rows are counted, not requests, before they are scored; where the count is
//! kept (and that it is raised by compare-and-swap) is for the caller.

use serde::{Deserialize, Serialize};

use crate::interface::Interface;
use crate::model::{FamilyName, Terms};

/// Rows that one client has had scored by one model, and may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Rows that were counted so far.
    pub used: u64,
    /// Most that are ever counted.
    pub limit: u64,
}

/// A query asks for more rows than are left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "this query has {asked} records, and {left} of the {limit} that its model's owner allows you are left: ask for fewer, or \
     ask the owner for more"
)]
pub struct OverBudget {
    /// Rows that the query has.
    pub asked: u32,
    /// Rows that are left.
    pub left: u64,
    /// Rows that are allowed in all.
    pub limit: u64,
}

impl Budget {
    /// The budget after `rows` more; they count even if scoring them fails later.
    ///
    /// # Errors
    /// [`OverBudget`] if they are not left: then none is scored.
    pub fn spend(self, rows: u32) -> Result<Self, OverBudget> {
        let left = self.limit.saturating_sub(self.used);
        if u64::from(rows) > left {
            return Err(OverBudget { asked: rows, left, limit: self.limit });
        }
        Ok(Self { used: self.used + u64::from(rows), ..self })
    }
}

impl Interface {
    /// After how many records of a client's choice the scores are known for all records, for the page that says so.
    ///
    /// One more than packed sums have inputs, whatever the number of scores, as a client may choose squares and products apart
    /// from their factors: d + 1 for linear forms over d features, 2·d + 1 for k-means. `None` for a network that is not scored
    /// by packed sums, of which no such number is known.
    #[must_use]
    pub fn rows_that_reveal(&self) -> Option<u64> {
        match (self.family, self.terms) {
            (FamilyName::Network, Terms::Values | Terms::Squares) => None,
            (FamilyName::Linear | FamilyName::Logistic | FamilyName::KMeans, _) | (_, Terms::Products) => {
                Some(self.inputs().len() as u64 + 1)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_rows_and_never_more_than_are_left() {
        let budget = Budget { used: 0, limit: 10 };
        let after = budget.spend(10).unwrap();
        assert_eq!(after, Budget { used: 10, limit: 10 });
        assert_eq!(after.spend(1), Err(OverBudget { asked: 1, left: 0, limit: 10 }));
        assert_eq!(budget.spend(11), Err(OverBudget { asked: 11, left: 10, limit: 10 }));
        // A limit that was lowered later leaves nothing.
        assert_eq!(Budget { used: 9, limit: 5 }.spend(1), Err(OverBudget { asked: 1, left: 0, limit: 5 }));
        let full = Budget { used: u64::MAX, limit: u64::MAX };
        assert!(full.spend(1).is_err());
    }
}

//! Decrypted, verified totals: the sum of each term over all covered rows.

use std::collections::BTreeMap;

use num_bigint::BigInt;
use veilsum_protocol::term::Term;

/// Sums of terms over the covered rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Totals {
    row_count: u64,
    sums: BTreeMap<Term, BigInt>,
}

impl Totals {
    /// Totals over `row_count` rows.
    #[must_use]
    pub fn new(row_count: u64, sums: BTreeMap<Term, BigInt>) -> Self {
        Self { row_count, sums }
    }

    /// Rows covered.
    #[must_use]
    pub const fn row_count(&self) -> u64 {
        self.row_count
    }

    /// The sum of a term in the form that [`crate::schema::Schema::reduced`] gives; `None` if it is not there.
    #[must_use]
    pub fn sum(&self, term: &Term) -> Option<BigInt> {
        if term.is_one() { Some(self.row_count.into()) } else { self.sums.get(term).cloned() }
    }

    /// The sum of an indicator: rows in which it is 1. `None` if it is not there or cannot be a count.
    #[must_use]
    pub fn count(&self, term: &Term) -> Option<u64> {
        self.sum(term).and_then(|sum| u64::try_from(sum).ok()).filter(|&count| count <= self.row_count)
    }
}

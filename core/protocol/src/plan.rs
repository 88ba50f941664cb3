//! A plan: the aggregates that an analysis needs, over numbered columns and row groups. It is all that the cloud
//! is told about an analysis.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::id::{DatasetId, Digest, KeyFingerprint};
use crate::wire::{WireError, check_version, from_json, to_json};

const WHAT: &str = "plan";
/// Newest format version. Version 1 knew one column set.
pub const VERSION: u16 = 2;
/// Most aggregates in one plan.
pub const MAX_AGGREGATES: usize = 4_096;
/// Most row groups in one plan.
pub const MAX_ROW_GROUPS: usize = 100_000;

/// What to compute. Stored as JSON; its hash binds partials and answers to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Format version.
    pub version: u16,
    /// The dataset.
    pub dataset: DatasetId,
    /// Fingerprint of the public key under which the dataset is encrypted.
    pub key: KeyFingerprint,
    /// The modulus n of that key, big-endian lower-case hex without leading zeros.
    pub modulus: String,
    /// The aggregates, in the order of the answer.
    pub aggregates: Vec<Aggregate>,
    /// The row groups that are covered, by ascending index.
    pub row_groups: Vec<RowGroupRef>,
}

/// One aggregate over the rows of all row groups; its answer is one ciphertext.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Aggregate {
    /// `Σ v` over one column.
    Sum {
        /// Opaque number of the column.
        column: u32,
        /// The set that it is stored with.
        #[serde(default, skip_serializing_if = "is_first")]
        column_set: u32,
    },
}

impl Aggregate {
    /// The set of columns that it reads.
    #[must_use]
    pub const fn column_set(&self) -> u32 {
        let Self::Sum { column_set, .. } = self;
        *column_set
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_first(number: &u32) -> bool {
    *number == 0
}

/// A row group that a plan covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RowGroupRef {
    /// Position in the dataset.
    pub index: u32,
    /// Rows, rounded up to whole blocks.
    pub row_count: u32,
    /// Size of the stored object in bytes.
    pub size_bytes: u64,
    /// The set of columns that it holds.
    #[serde(default, skip_serializing_if = "is_first")]
    pub column_set: u32,
}

impl Plan {
    /// The stored form.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        to_json(self)
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// [`WireError`] for JSON of another form, an unknown version, an empty or oversized list, or row groups
    /// that are not in strictly ascending order.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, WireError> {
        /// Read first, so that a newer format is named as such.
        #[derive(Deserialize)]
        struct Versioned {
            version: u16,
        }
        let Versioned { version: actual } = from_json(WHAT, bytes)?;
        check_version(WHAT, actual, VERSION)?;
        let plan: Self = from_json(WHAT, bytes)?;
        plan.check()?;
        Ok(plan)
    }

    /// Checks everything that can be checked without the dataset; messages that carry a plan call it too.
    ///
    /// # Errors
    /// [`WireError::OutOfRange`] naming the field.
    pub fn check(&self) -> Result<(), WireError> {
        let out_of_range = |field| Err(WireError::OutOfRange { what: WHAT, field });
        check_version(WHAT, self.version, VERSION)?;
        if self.aggregates.is_empty() || self.aggregates.len() > MAX_AGGREGATES {
            return out_of_range("aggregates");
        }
        if self.row_groups.is_empty() || self.row_groups.len() > MAX_ROW_GROUPS {
            return out_of_range("row_groups");
        }
        if !self.row_groups.is_sorted_by(|a, b| a.index < b.index) {
            return out_of_range("row_groups");
        }
        // A row group that nothing is computed over, or an aggregate over nothing, is no plan's intention.
        let sets = |sets: &mut dyn Iterator<Item = u32>| sets.collect::<BTreeSet<u32>>();
        if sets(&mut self.aggregates.iter().map(Aggregate::column_set))
            != sets(&mut self.row_groups.iter().map(|group| group.column_set))
        {
            return out_of_range("column_set");
        }
        if self.modulus.is_empty()
            || self.modulus.len() > 4_096
            || self.modulus.starts_with('0')
            || !self.modulus.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        {
            return out_of_range("modulus");
        }
        Ok(())
    }

    /// The aggregates over the columns of one set, in the order of the plan.
    pub fn aggregates_of(&self, column_set: u32) -> impl Iterator<Item = &Aggregate> {
        self.aggregates.iter().filter(move |aggregate| aggregate.column_set() == column_set)
    }

    /// SHA-256 of the stored form.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.to_bytes())
    }
}

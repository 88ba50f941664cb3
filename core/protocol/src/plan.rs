//! A plan: the aggregates that an analysis needs, over numbered columns and row groups. It is all that the cloud
//! is told about an analysis.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::id::{DatasetId, Digest, KeyFingerprint};
use crate::manifest::FIRST_COLUMN_SET;
use crate::wire::{WireError, check_version, from_json, to_json};

const WHAT: &str = "plan";
/// Newest format version. Version 1 knew one column set, version 2 sums only.
pub const VERSION: u16 = 3;
/// Most aggregates in one plan.
pub const MAX_AGGREGATES: usize = 4_096;
/// Most products in one plan: a partial of 307 KB for each must fit the memory of a function.
pub const MAX_PRODUCTS: usize = 512;
/// Most bytes of all partials of a plan together: they are fetched or combined at once.
pub const MAX_PARTIALS_BYTES: u64 = 512 << 20;
/// Most factors of a product.
pub const MAX_FACTORS: usize = 3;
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
    /// Fingerprint of the key under which the dataset is encrypted.
    pub key: KeyFingerprint,
    /// The modulus n of a Paillier key, big-endian lower-case hex without leading zeros; else empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub modulus: String,
    /// The number of the parameter set under which a BFV dataset is encrypted; else `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter_set: Option<u8>,
    /// The aggregates, in the order of the answer.
    pub aggregates: Vec<Aggregate>,
    /// The row groups that are covered, by ascending index.
    pub row_groups: Vec<RowGroupRef>,
}

/// One aggregate over the rows of all row groups; its answer is one ciphertext, under BFV one for each row group.
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
    /// `Σ Π v` over the rows, of one to three columns of the first set that are encrypted under one plaintext prime.
    Product {
        /// Opaque numbers of the columns; the same one twice gives its squares.
        columns: Vec<u32>,
        /// Index of the plaintext prime.
        prime: u8,
        /// The level that the result is brought to: how many of the last moduli are dropped.
        level: u8,
    },
}

impl Aggregate {
    /// The set of columns that it reads.
    #[must_use]
    pub const fn column_set(&self) -> u32 {
        match self {
            Self::Sum { column_set, .. } => *column_set,
            Self::Product { .. } => FIRST_COLUMN_SET,
        }
    }

    /// The columns that it reads.
    #[must_use]
    pub fn columns(&self) -> &[u32] {
        match self {
            Self::Sum { column, .. } => core::slice::from_ref(column),
            Self::Product { columns, .. } => columns,
        }
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
        let fits = |aggregate: &Aggregate| match aggregate {
            Aggregate::Sum { .. } => self.parameter_set.is_none(),
            Aggregate::Product { columns, .. } => {
                self.parameter_set.is_some() && (1..=MAX_FACTORS).contains(&columns.len())
            }
        };
        let products =
            self.aggregates.iter().filter(|aggregate| matches!(aggregate, Aggregate::Product { .. }));
        if products.count() > MAX_PRODUCTS || !self.aggregates.iter().all(fits) {
            return out_of_range("aggregates");
        }
        if self.parameter_set.is_some() {
            return if self.modulus.is_empty() { Ok(()) } else { out_of_range("modulus") };
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

//! What the cloud does with a plan: pure functions of bytes, without any secret.

use std::collections::BTreeMap;

use veilsum_crypto::bound::BoundClass;
use veilsum_crypto::paillier::{Ciphertext, PublicKey};
use veilsum_protocol::JobId;
use veilsum_protocol::answer::{Answer, EncryptedAggregates, Partial};
use veilsum_protocol::plan::{Aggregate, Plan, RowGroupRef};
use veilsum_protocol::row_group::{Encryption, RowGroupHeader};

/// Why a row group cannot be evaluated. Trying again is useless.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluateError {
    /// The plan's public key is unusable or not the one it names.
    #[error("the plan's public key is not the one it names; start the analysis again from the page")]
    Key,
    /// The stored object is not the row group that the plan names.
    #[error(
        "row group {row_group} is not the one that the plan names ({field} differs); upload the dataset again"
    )]
    Mismatch {
        /// Index in the plan.
        row_group: u32,
        /// What differs.
        field: &'static str,
    },
    /// The plan does not cover this row group.
    #[error("the plan does not cover row group {row_group}")]
    NotCovered {
        /// Index of the row group.
        row_group: u32,
    },
    /// The row group has no such column.
    #[error("row group {row_group} has no column number {column}; upload the dataset again")]
    NoSuchColumn {
        /// Index of the row group.
        row_group: u32,
        /// Number of the column.
        column: u32,
    },
    /// A column's bytes are not ciphertexts under the plan's key.
    #[error(
        "column number {column} of row group {row_group} holds bytes that are not ciphertexts; upload the dataset again"
    )]
    Ciphertext {
        /// Index of the row group.
        row_group: u32,
        /// Number of the column.
        column: u32,
    },
    /// The plan asks for a product that does not exist under its parameter set.
    #[error(
        "the plan asks for a product that its parameter set does not have; start the analysis again from the page"
    )]
    Product,
    /// A sum could leave its slot.
    #[error(
        "a sum of column number {column} over {blocks} blocks could overflow; its bound class fits {largest} blocks"
    )]
    BoundTooLarge {
        /// Number of the column.
        column: u32,
        /// Blocks of the plan.
        blocks: u64,
        /// Most blocks that fit.
        largest: u64,
    },
}

/// Why partials cannot be combined.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CombineError {
    /// The plan's public key is unusable or not the one it names.
    #[error("the plan's public key is not the one it names; start the analysis again from the page")]
    Key,
    /// The partials are not exactly one per row group of the plan.
    #[error("{actual} partial answers for {expected} row groups; start the analysis again from the page")]
    Count {
        /// Row groups of the plan.
        expected: usize,
        /// Partials.
        actual: usize,
    },
    /// A partial belongs to another job, plan or row group, or has another shape.
    #[error(
        "the partial answer of row group {row_group} does not belong to this plan; start the analysis again"
    )]
    Mismatch {
        /// Index of the row group.
        row_group: u32,
    },
}

/// The distinct columns that a plan reads of the row groups of one column set, ascending.
#[must_use]
pub fn required_columns(plan: &Plan, column_set: u32) -> Vec<u32> {
    let mut columns: Vec<u32> =
        plan.aggregates_of(column_set).flat_map(Aggregate::columns).copied().collect();
    columns.sort_unstable();
    columns.dedup();
    columns
}

/// What a plan says of the row group of this header.
///
/// # Errors
/// [`EvaluateError::NotCovered`].
pub(crate) fn covered<'a>(plan: &'a Plan, header: &RowGroupHeader) -> Result<&'a RowGroupRef, EvaluateError> {
    let row_group = header.index;
    let covered = plan.row_groups.iter().find(|group| group.index == row_group);
    covered.ok_or(EvaluateError::NotCovered { row_group })
}

/// Checks that the header of a stored object of `size_bytes` says what the plan says. `encryption` is a check of
/// [`RowGroupHeader::encryption`] and what to call it when it fails; `block_count` follows from the rows and the engine.
///
/// # Errors
/// [`EvaluateError::Mismatch`] naming the first field that differs.
pub(crate) fn check_described(
    plan: &Plan,
    reference: &RowGroupRef,
    header: &RowGroupHeader,
    size_bytes: u64,
    encryption: (&'static str, bool),
    block_count: u64,
) -> Result<(), EvaluateError> {
    for (field, same) in [
        ("dataset", header.dataset == plan.dataset),
        ("key", header.key == plan.key),
        encryption,
        ("row count", header.row_count == reference.row_count),
        ("block count", u64::from(header.block_count) == block_count),
        ("size", header.object_bytes() == size_bytes && reference.size_bytes == size_bytes),
    ] {
        if !same {
            return Err(EvaluateError::Mismatch { row_group: header.index, field });
        }
    }
    Ok(())
}

/// Checks that a stored row group is the one that the plan names, before any of its ciphertexts is read, and gives the
/// plan's key and the column set. `size_bytes` is the size of the stored object.
fn check_row_group(
    plan: &Plan,
    header: &RowGroupHeader,
    size_bytes: u64,
) -> Result<(PublicKey, u32), EvaluateError> {
    let row_group = header.index;
    let reference = covered(plan, header)?;
    let key = public_key(plan).ok_or(EvaluateError::Key)?;
    let layout = key.layout();
    let encryption = header.encryption == Encryption::Paillier { modulus_bits: key.modulus_bits() };
    let block_count = layout.block_count(u64::from(header.row_count));
    check_described(plan, reference, header, size_bytes, ("size of the modulus", encryption), block_count)?;
    let column_set = reference.column_set;
    let of_set = plan.row_groups.iter().filter(|group| group.column_set == column_set);
    let blocks: u64 = of_set.map(|group| layout.block_count(u64::from(group.row_count))).sum();
    for column in required_columns(plan, column_set) {
        let entry = header.columns.iter().find(|entry| entry.column == column);
        let entry = entry.ok_or(EvaluateError::NoSuchColumn { row_group, column })?;
        let class = BoundClass::from_bits(entry.bound_bits)
            .ok_or(EvaluateError::Mismatch { row_group, field: "bound class" })?;
        if !class.sum_fits(blocks) {
            let largest = class.largest_block_count();
            return Err(EvaluateError::BoundTooLarge { column, blocks, largest });
        }
    }
    Ok((key, column_set))
}

/// The evaluation of a plan over one row group: begun when everything but the ciphertexts was checked, then fed the
/// ciphertexts of its columns, piece by piece.
#[derive(Debug)]
pub struct Evaluation<'a> {
    job: JobId,
    plan: &'a Plan,
    header: &'a RowGroupHeader,
    column_set: u32,
    key: PublicKey,
}

impl<'a> Evaluation<'a> {
    /// Checks that `header`, of a stored object of `size_bytes`, is the row group that the plan names.
    ///
    /// # Errors
    /// [`EvaluateError`] naming the row group and what differs.
    pub fn new(
        job: JobId,
        plan: &'a Plan,
        header: &'a RowGroupHeader,
        size_bytes: u64,
    ) -> Result<Self, EvaluateError> {
        let (key, column_set) = check_row_group(plan, header, size_bytes)?;
        Ok(Self { job, plan, header, column_set, key })
    }

    /// The columns that are read of this row group, ascending.
    #[must_use]
    pub fn columns(&self) -> Vec<u32> {
        required_columns(self.plan, self.column_set)
    }

    /// A sum over one of the [`Self::columns`], to be fed that column's ciphertexts.
    #[must_use]
    pub fn column(&self, column: u32) -> ColumnSum {
        ColumnSum {
            key: self.key.clone(),
            row_group: self.header.index,
            column,
            blocks_left: self.header.block_count,
            sum: None,
        }
    }

    /// The partial, from the finished sums of all [`Self::columns`].
    ///
    /// # Errors
    /// [`EvaluateError`] naming a column that is missing or that was not fed exactly its ciphertexts.
    pub fn finish(self, sums: impl IntoIterator<Item = ColumnSum>) -> Result<Partial, EvaluateError> {
        let row_group = self.header.index;
        let sums: BTreeMap<u32, ColumnSum> = sums.into_iter().map(|sum| (sum.column, sum)).collect();
        let mut ciphertexts = Vec::with_capacity(sums.len());
        for aggregate in self.plan.aggregates_of(self.column_set) {
            let &[column] = aggregate.columns() else { continue };
            let sum = sums.get(&column).ok_or(EvaluateError::NoSuchColumn { row_group, column })?;
            ciphertexts.push(sum.whole()?.to_bytes(&self.key));
        }
        Ok(Partial {
            row_group,
            aggregates: EncryptedAggregates {
                job: self.job,
                plan: self.plan.digest(),
                block_count: u64::from(self.header.block_count),
                ciphertext_bytes: self.header.ciphertext_bytes(),
                ciphertexts,
            },
        })
    }
}

/// The sum of a column's blocks so far. Its size does not depend on how many there are.
#[derive(Debug)]
pub struct ColumnSum {
    key: PublicKey,
    row_group: u32,
    column: u32,
    blocks_left: u32,
    sum: Option<Ciphertext>,
}

impl ColumnSum {
    /// Adds the ciphertexts of any number of blocks that have not been added yet.
    ///
    /// Costs one modular multiplication per block.
    ///
    /// # Errors
    /// [`EvaluateError::Ciphertext`] for bytes that are not a whole number of ciphertexts, or more than are left.
    pub fn add(&mut self, bytes: &[u8]) -> Result<(), EvaluateError> {
        let wrong = self.wrong();
        let blocks = u32::try_from(bytes.len() / self.key.ciphertext_bytes()).map_err(|_| wrong.clone())?;
        let blocks_left = self.blocks_left.checked_sub(blocks).ok_or(wrong.clone())?;
        let piece = self.key.sum_of_bytes(bytes).map_err(|_| wrong)?;
        // Only now: after an error the sum still lacks these blocks, and is never whole.
        self.blocks_left = blocks_left;
        self.sum = Some(match &self.sum {
            Some(sum) => self.key.add(sum, &piece),
            None => piece,
        });
        Ok(())
    }

    /// The sum, if all blocks were added.
    fn whole(&self) -> Result<&Ciphertext, EvaluateError> {
        self.sum.as_ref().filter(|_| self.blocks_left == 0).ok_or_else(|| self.wrong())
    }

    const fn wrong(&self) -> EvaluateError {
        EvaluateError::Ciphertext { row_group: self.row_group, column: self.column }
    }
}

/// Combines exactly one partial per row group of the plan into its answer.
///
/// Costs one modular multiplication per partial and aggregate.
///
/// # Errors
/// [`CombineError`] if a partial is missing, doubled or foreign; never an answer from a part of them.
pub fn combine(job: JobId, plan: &Plan, partials: &[Partial]) -> Result<Answer, CombineError> {
    let key = public_key(plan).ok_or(CombineError::Key)?;
    let (expected, actual) = (plan.row_groups.len(), partials.len());
    if expected != actual {
        return Err(CombineError::Count { expected, actual });
    }
    let by_group: BTreeMap<u32, &Partial> =
        partials.iter().map(|partial| (partial.row_group, partial)).collect();
    let layout = key.layout();
    let digest = plan.digest();
    let mut addends: Vec<Vec<Ciphertext>> = vec![Vec::new(); plan.aggregates.len()];
    let mut block_count = 0_u64;
    for group in &plan.row_groups {
        let mismatch = CombineError::Mismatch { row_group: group.index };
        let Some(partial) = by_group.get(&group.index) else { return Err(mismatch) };
        let found = &partial.aggregates;
        let blocks = layout.block_count(u64::from(group.row_count));
        if found.job != job
            || found.plan != digest
            || found.block_count != blocks
            || found.ciphertexts.len() != plan.aggregates_of(group.column_set).count()
        {
            return Err(mismatch);
        }
        let of_set = plan.aggregates.iter().zip(&mut addends);
        let of_set = of_set.filter(|(aggregate, _)| aggregate.column_set() == group.column_set);
        for ((_, addends), bytes) in of_set.zip(&found.ciphertexts) {
            addends.push(key.ciphertext_from_bytes(bytes).map_err(|_| mismatch.clone())?);
        }
        block_count += blocks;
    }
    Ok(Answer {
        row_group_count: u32::try_from(expected).map_err(|_| CombineError::Count { expected, actual })?,
        aggregates: EncryptedAggregates {
            job,
            plan: digest,
            block_count,
            ciphertext_bytes: key.modulus_bits() / 4,
            ciphertexts: addends.iter().map(|addends| key.sum(addends).to_bytes(&key)).collect(),
        },
    })
}

/// The key of a plan, if it is the one whose fingerprint the plan names.
fn public_key(plan: &Plan) -> Option<PublicKey> {
    let key = PublicKey::from_hex(&plan.modulus).ok()?;
    (key.fingerprint() == *plan.key.as_bytes()).then_some(key)
}

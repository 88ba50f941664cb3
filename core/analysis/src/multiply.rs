//! What the cloud does with a plan of products: pure functions of bytes, without any secret.
//!
//! Row groups are evaluated in *waves* of at most [`WAVE`] aggregates, so that the memory of one call does not grow with
//! the plan: a wave holds a sum of products in the making for each aggregate (up to 2 MB) and, block by block, each column
//! that it reads, lifted (0.9 MB, and twice that for a product of two that is a factor of others). Partials are not added up
//! here: their owner does that, after it has all of them.

use std::collections::BTreeMap;
use std::ops::Range;

use veilsum_crypto::bfv::evaluate::{self, EvaluateError as CryptoError, Lifted, ProductSum};
use veilsum_crypto::bfv::{Ciphertext, ParameterSet};
use veilsum_protocol::JobId;
use veilsum_protocol::answer::{Answer, EncryptedAggregates, Partial, PartialHead};
use veilsum_protocol::plan::{Aggregate, Plan};
use veilsum_protocol::row_group::{Encryption, RowGroupHeader};

use crate::evaluate::{CombineError, EvaluateError};

/// Most aggregates that are evaluated at a time.
pub const WAVE: usize = 96;

/// The evaluation of a plan of products over one row group: begun when everything but the ciphertexts was checked, then
/// fed with blocks, wave by wave.
#[derive(Debug)]
pub struct Evaluation<'a> {
    job: JobId,
    plan: &'a Plan,
    header: &'a RowGroupHeader,
    set: ParameterSet,
    ciphertexts: Vec<Vec<u8>>,
}

impl<'a> Evaluation<'a> {
    /// Checks that `header`, of a stored object of `size_bytes`, is the row group that the plan names, and that every
    /// product exists.
    ///
    /// # Errors
    /// [`EvaluateError`] naming the row group and what differs.
    pub fn new(
        job: JobId,
        plan: &'a Plan,
        header: &'a RowGroupHeader,
        size_bytes: u64,
    ) -> Result<Self, EvaluateError> {
        let row_group = header.index;
        let covered = plan.row_groups.iter().find(|group| group.index == row_group);
        let reference = covered.ok_or(EvaluateError::NotCovered { row_group })?;
        let set = parameter_set(plan).ok_or(EvaluateError::Product)?;
        let encryption = Encryption::Bfv {
            parameter_set: set.id().into(),
            ciphertext_bytes: u32::try_from(Ciphertext::fresh_bytes(set)).unwrap_or(u32::MAX),
        };
        for (field, same) in [
            ("dataset", header.dataset == plan.dataset),
            ("key", header.key == plan.key),
            ("parameter set", header.encryption == encryption),
            ("row count", header.row_count == reference.row_count),
            ("block count", u64::from(header.block_count) == block_count(set, header.row_count)),
            ("size", header.object_bytes() == size_bytes && reference.size_bytes == size_bytes),
        ] {
            if !same {
                return Err(EvaluateError::Mismatch { row_group, field });
            }
        }
        for aggregate in &plan.aggregates {
            let Aggregate::Product { columns, prime, level } = aggregate else {
                return Err(EvaluateError::Product);
            };
            let exists = columns.len() <= usize::from(set.max_factors())
                && usize::from(*prime) < set.plaintext_primes().len()
                && set.moduli_at(*level).is_some();
            if !exists {
                return Err(EvaluateError::Product);
            }
            let known = |column: &&u32| header.columns.iter().any(|entry| entry.column == **column);
            if let Some(&column) = columns.iter().find(|column| !known(column)) {
                return Err(EvaluateError::NoSuchColumn { row_group, column });
            }
        }
        Ok(Self { job, plan, header, set, ciphertexts: Vec::new() })
    }

    /// The aggregates of the next wave; `None` after the last.
    #[must_use]
    pub fn next_wave(&self) -> Option<Wave> {
        let start = self.ciphertexts.len();
        let rest = self.plan.aggregates.get(start..).filter(|rest| !rest.is_empty())?;
        let aggregates = &rest[..rest.len().min(WAVE)];
        Some(Wave {
            row_group: self.header.index,
            set: self.set,
            blocks_left: self.header.block_count,
            sums: aggregates.iter().map(|aggregate| Running::new(self.set, aggregate)).collect(),
            aggregates: aggregates.to_vec(),
        })
    }

    /// Takes over what the wave gave.
    pub fn end_wave(&mut self, ciphertexts: Vec<Vec<u8>>) {
        self.ciphertexts.extend(ciphertexts);
    }

    /// The partial, after the last wave.
    ///
    /// # Errors
    /// [`EvaluateError::Product`] if waves are missing.
    pub fn finish(self) -> Result<Partial, EvaluateError> {
        if self.ciphertexts.len() != self.plan.aggregates.len() {
            return Err(EvaluateError::Product);
        }
        Ok(Partial {
            row_group: self.header.index,
            aggregates: EncryptedAggregates {
                job: self.job,
                plan: self.plan.digest(),
                block_count: self.header.block_count.into(),
                ciphertext_bytes: 0,
                ciphertexts: self.ciphertexts,
            },
        })
    }
}

/// Some aggregates of a plan over one row group.
#[derive(Debug)]
pub struct Wave {
    row_group: u32,
    set: ParameterSet,
    aggregates: Vec<Aggregate>,
    blocks_left: u32,
    sums: Vec<Running>,
}

#[derive(Debug)]
enum Running {
    Sum(Option<Ciphertext>),
    Products(ProductSum),
}

impl Running {
    fn new(set: ParameterSet, aggregate: &Aggregate) -> Self {
        match aggregate {
            Aggregate::Product { columns, prime, .. } if columns.len() > 1 => {
                Self::Products(ProductSum::new(set, *prime))
            }
            Aggregate::Product { .. } | Aggregate::Sum { .. } => Self::Sum(None),
        }
    }
}

impl Wave {
    /// The columns that it reads, ascending.
    #[must_use]
    pub fn columns(&self) -> Vec<u32> {
        let mut columns: Vec<u32> = self.aggregates.iter().flat_map(Aggregate::columns).copied().collect();
        columns.sort_unstable();
        columns.dedup();
        columns
    }

    /// Adds a block that was not added yet: the ciphertext of each of the [`Self::columns`].
    ///
    /// Costs 13 ms for each column, 1 ms for each product of two, 14 ms more for a product of two that is itself a factor.
    ///
    /// # Errors
    /// [`EvaluateError::Ciphertext`] naming a column that has no ciphertext of the plan's kind.
    pub fn add_block(&mut self, columns: &BTreeMap<u32, Vec<u8>>) -> Result<(), EvaluateError> {
        let row_group = self.row_group;
        let wrong = |column| EvaluateError::Ciphertext { row_group, column };
        let mut block = Block { set: self.set, row_group, fresh: BTreeMap::new(), lifted: BTreeMap::new() };
        for column in self.columns() {
            let bytes = columns.get(&column).ok_or(wrong(column))?;
            let fresh = Ciphertext::from_bytes(bytes).map_err(|_| wrong(column))?;
            block.fresh.insert(column, fresh);
        }
        for (aggregate, sum) in self.aggregates.iter().zip(&mut self.sums) {
            let Aggregate::Product { columns, prime, .. } = aggregate else {
                return Err(EvaluateError::Product);
            };
            for &column in columns {
                let fits = block
                    .fresh
                    .get(&column)
                    .is_some_and(|found| found.set() == self.set && found.prime() == *prime);
                if !fits {
                    return Err(wrong(column));
                }
            }
            let first = columns.first().copied().unwrap_or_default();
            let failed = |_: CryptoError| wrong(first);
            match (sum, columns.split_last()) {
                (Running::Sum(sum), _) => match (sum, block.fresh.get(&first)) {
                    (Some(sum), Some(fresh)) => evaluate::add(sum, fresh).map_err(failed)?,
                    (sum @ None, Some(fresh)) => *sum = Some(fresh.clone()),
                    (_, None) => return Err(wrong(first)),
                },
                (Running::Products(sum), Some((last, others))) => {
                    block.lift(others)?;
                    block.lift(&[*last])?;
                    let (left, right) = (block.lifted.get(others), block.lifted.get([*last].as_slice()));
                    let (Some(left), Some(right)) = (left, right) else { return Err(wrong(first)) };
                    sum.add(left, right).map_err(failed)?;
                }
                (Running::Products(_), None) => return Err(EvaluateError::Product),
            }
        }
        self.blocks_left = self.blocks_left.checked_sub(1).ok_or(EvaluateError::Product)?;
        Ok(())
    }

    /// The ciphertexts of its aggregates, after every block.
    ///
    /// # Errors
    /// [`EvaluateError`] if it was not fed with every block.
    pub fn finish(self) -> Result<Vec<Vec<u8>>, EvaluateError> {
        let row_group = self.row_group;
        let lacking = |aggregate: &Aggregate| {
            let column = aggregate.columns().first().copied().unwrap_or_default();
            EvaluateError::Ciphertext { row_group, column }
        };
        let finished = self.aggregates.iter().zip(self.sums).map(|(aggregate, sum)| {
            let Aggregate::Product { level, .. } = aggregate else { return Err(EvaluateError::Product) };
            let sum = match sum {
                Running::Sum(sum) => sum.ok_or_else(|| lacking(aggregate))?,
                Running::Products(sum) => sum.finish().map_err(|_| lacking(aggregate))?,
            };
            let switched = evaluate::switch_down(&sum, *level).map_err(|_| lacking(aggregate))?;
            if self.blocks_left > 0 { Err(lacking(aggregate)) } else { Ok(switched.to_bytes()) }
        });
        finished.collect()
    }
}

/// One block of several columns.
struct Block {
    set: ParameterSet,
    row_group: u32,
    fresh: BTreeMap<u32, Ciphertext>,
    /// By the columns that were multiplied before: one or two.
    lifted: BTreeMap<Vec<u32>, Lifted>,
}

impl Block {
    /// Makes the product of `columns` ready to be multiplied, once.
    fn lift(&mut self, columns: &[u32]) -> Result<(), EvaluateError> {
        if self.lifted.contains_key(columns) {
            return Ok(());
        }
        let (row_group, column) = (self.row_group, columns.first().copied().unwrap_or_default());
        let wrong = |_: CryptoError| EvaluateError::Ciphertext { row_group, column };
        let lifted = match columns {
            [] => return Err(EvaluateError::Product),
            [only] => {
                let fresh = self.fresh.get(only);
                Lifted::new(fresh.ok_or(EvaluateError::Ciphertext { row_group, column: *only })?)
                    .map_err(wrong)?
            }
            [first @ .., last] => {
                self.lift(first)?;
                self.lift(&[*last])?;
                let (left, right) = (self.lifted.get(first), self.lifted.get([*last].as_slice()));
                let (Some(left), Some(right)) = (left, right) else { return Err(EvaluateError::Product) };
                let prime = self.fresh.get(last).map_or(0, Ciphertext::prime);
                let mut product = ProductSum::new(self.set, prime);
                product.add(left, right).map_err(wrong)?;
                Lifted::new(&product.finish().map_err(wrong)?).map_err(wrong)?
            }
        };
        self.lifted.insert(columns.to_vec(), lifted);
        Ok(())
    }
}

/// The place of one block of a column in its row group.
///
/// # Errors
/// [`EvaluateError::NoSuchColumn`].
pub fn block_range(header: &RowGroupHeader, column: u32, block: u32) -> Result<Range<u64>, EvaluateError> {
    let range =
        header.column_range(column).ok_or(EvaluateError::NoSuchColumn { row_group: header.index, column })?;
    let bytes = u64::from(header.ciphertext_bytes());
    let start = range.start + bytes * u64::from(block);
    Ok(start..start + bytes)
}

/// Ends a job over a plan of products: says that every partial is stored. `heads` are the partials' headers without their
/// ciphertexts, of which it says nothing.
///
/// # Errors
/// [`CombineError`] if a partial is missing, doubled or foreign.
pub fn combine(job: JobId, plan: &Plan, heads: &[PartialHead]) -> Result<Answer, CombineError> {
    let set = parameter_set(plan).ok_or(CombineError::Key)?;
    let (expected, actual) = (plan.row_groups.len(), heads.len());
    if expected != actual {
        return Err(CombineError::Count { expected, actual });
    }
    let digest = plan.digest();
    let mut total = 0;
    for (group, head) in plan.row_groups.iter().zip(heads) {
        let blocks = block_count(set, group.row_count);
        let is_of_plan = head.row_group == group.index
            && head.job == job
            && head.plan == digest
            && head.block_count == blocks
            && head.aggregate_count == plan.aggregates.len();
        if !is_of_plan {
            return Err(CombineError::Mismatch { row_group: group.index });
        }
        total += blocks;
    }
    Ok(Answer {
        row_group_count: u32::try_from(expected).map_err(|_| CombineError::Count { expected, actual })?,
        aggregates: EncryptedAggregates {
            job,
            plan: digest,
            block_count: total,
            ciphertext_bytes: 0,
            ciphertexts: Vec::new(),
        },
    })
}

/// The parameter set of a plan of products.
#[must_use]
pub fn parameter_set(plan: &Plan) -> Option<ParameterSet> {
    ParameterSet::from_id(plan.parameter_set?)
}

fn block_count(set: ParameterSet, row_count: u32) -> u64 {
    u64::from(row_count).div_ceil(set.degree() as u64)
}

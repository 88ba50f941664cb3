//! What the cloud does with a plan of products: pure functions of bytes, without any secret.
//!
//! Row groups are evaluated in *waves* of at most [`WAVE`] aggregates of one prime each, so that the memory of one call does
//! not grow with the plan. A wave holds, in the worst case (three different columns in every product): a sum of products in
//! the making for each aggregate (up to 2 MB), the ciphertexts of one block of its columns (0.17 MB each), and these lifted
//! (0.9 MB each, 1.4 MB for a product of two that is a factor of others): 64 · 2 + 192 · 1.1 + 64 · 1.4 = 430 MB. Beside it
//! stand the finished ciphertexts, at most 157 MB, once more while they are written. Partials are not added up here: their
//! owner does that, after it has all of them.

use std::collections::BTreeMap;
use std::ops::Range;

use veilsum_crypto::bfv::evaluate::{self, EvaluateError as CryptoError, Lifted, ProductSum};
use veilsum_crypto::bfv::{Ciphertext, ParameterSet};
use veilsum_protocol::JobId;
use veilsum_protocol::answer::{self, Answer, EncryptedAggregates, Partial, PartialHead};
use veilsum_protocol::plan::{Aggregate, Plan};
use veilsum_protocol::row_group::{Encryption, RowGroupHeader};

use crate::evaluate::{CombineError, EvaluateError, check_described, covered};

/// Most aggregates that are evaluated at a time.
pub const WAVE: usize = 64;

/// Aggregates that are evaluated at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WavePlan {
    /// Their positions in the plan.
    pub positions: Vec<usize>,
    /// The columns that they read, ascending.
    pub columns: Vec<u32>,
}

/// How a plan's aggregates fall into waves: prime by prime, so that columns of one prime alone are read at a time.
#[must_use]
pub fn waves(aggregates: &[Aggregate]) -> Vec<WavePlan> {
    let prime_of = |aggregate: &Aggregate| match aggregate {
        Aggregate::Product { prime, .. } => *prime,
        Aggregate::Sum { .. } => 0,
    };
    let mut by_prime: BTreeMap<u8, Vec<usize>> = BTreeMap::new();
    for (at, aggregate) in aggregates.iter().enumerate() {
        by_prime.entry(prime_of(aggregate)).or_default().push(at);
    }
    let wave = |positions: &[usize]| {
        let mut columns: Vec<u32> =
            positions.iter().flat_map(|&at| aggregates[at].columns()).copied().collect();
        columns.sort_unstable();
        columns.dedup();
        WavePlan { positions: positions.to_vec(), columns }
    };
    by_prime.values().flat_map(|positions| positions.chunks(WAVE)).map(wave).collect()
}

/// Bytes of the partial of a row group under a plan of products; `None` for a plan of another kind or an impossible product.
#[must_use]
pub fn partial_bytes(plan: &Plan) -> Option<u64> {
    let set = parameter_set(plan)?;
    let of = |aggregate: &Aggregate| {
        let Aggregate::Product { columns, level, .. } = aggregate else { return None };
        let polynomials = u8::try_from(columns.len() + 1).ok()?;
        Some((Ciphertext::answer_bytes(set, *level, polynomials)? + answer::LENGTH_BYTES) as u64)
    };
    let ciphertexts = plan.aggregates.iter().map(of).sum::<Option<u64>>()?;
    Some(answer::HEADER_BYTES as u64 + ciphertexts)
}

/// The evaluation of a plan of products over one row group: begun when everything but the ciphertexts was checked, then
/// fed with blocks, wave by wave.
#[derive(Debug)]
pub struct Evaluation<'a> {
    job: JobId,
    plan: &'a Plan,
    header: &'a RowGroupHeader,
    set: ParameterSet,
    waves: std::vec::IntoIter<WavePlan>,
    /// By the position of the aggregate; empty until it is there.
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
        let reference = covered(plan, header)?;
        let set = parameter_set(plan).ok_or(EvaluateError::Product)?;
        let encryption = Encryption::Bfv {
            parameter_set: set.id().into(),
            ciphertext_bytes: u32::try_from(Ciphertext::fresh_bytes(set)).unwrap_or(u32::MAX),
        };
        let encryption = header.encryption == encryption;
        let block_count = block_count(set, header.row_count);
        check_described(plan, reference, header, size_bytes, ("parameter set", encryption), block_count)?;
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
        let ciphertexts = vec![Vec::new(); plan.aggregates.len()];
        Ok(Self { job, plan, header, set, waves: waves(&plan.aggregates).into_iter(), ciphertexts })
    }

    /// The aggregates of the next wave; `None` after the last.
    pub fn next_wave(&mut self) -> Option<Wave> {
        let WavePlan { positions, columns } = self.waves.next()?;
        let aggregates: Vec<Aggregate> =
            positions.iter().map(|&at| self.plan.aggregates[at].clone()).collect();
        Some(Wave {
            row_group: self.header.index,
            set: self.set,
            blocks_left: self.header.block_count,
            sums: aggregates.iter().map(|aggregate| Running::new(self.set, aggregate)).collect(),
            columns,
            aggregates,
            positions,
        })
    }

    /// Takes over what a wave gave.
    pub fn end_wave(&mut self, finished: Finished) {
        for (at, ciphertext) in finished.0 {
            if let Some(place) = self.ciphertexts.get_mut(at) {
                *place = ciphertext;
            }
        }
    }

    /// The partial, after the last wave.
    ///
    /// # Errors
    /// [`EvaluateError::Product`] if waves are missing.
    pub fn finish(self) -> Result<Partial, EvaluateError> {
        if self.ciphertexts.iter().any(Vec::is_empty) {
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
    positions: Vec<usize>,
    columns: Vec<u32>,
    blocks_left: u32,
    sums: Vec<Running>,
}

/// The ciphertexts of a wave, each with the position of its aggregate.
#[derive(Debug)]
pub struct Finished(Vec<(usize, Vec<u8>)>);

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
    pub fn columns(&self) -> &[u32] {
        &self.columns
    }

    /// Adds a block that was not added yet: the ciphertext of each of the [`Self::columns`].
    ///
    /// Costs 6 ms for each column, 1 ms for each product of two, 14 ms more for a product of two that is itself a factor.
    ///
    /// # Errors
    /// [`EvaluateError::Ciphertext`] naming a column that has no ciphertext of the plan's kind.
    pub fn add_block(&mut self, columns: &BTreeMap<u32, Vec<u8>>) -> Result<(), EvaluateError> {
        let row_group = self.row_group;
        let mut block = Block { set: self.set, row_group, columns, lifted: BTreeMap::new() };
        for (aggregate, sum) in self.aggregates.iter().zip(&mut self.sums) {
            let Aggregate::Product { columns, prime, .. } = aggregate else {
                return Err(EvaluateError::Product);
            };
            let (Some((last, others)), Some(&first)) = (columns.split_last(), columns.first()) else {
                return Err(EvaluateError::Product);
            };
            let failed = |_: CryptoError| EvaluateError::Ciphertext { row_group, column: first };
            match sum {
                Running::Sum(sum) => {
                    let fresh = block.fresh(first, *prime)?;
                    match sum {
                        Some(sum) => evaluate::add(sum, &fresh).map_err(failed)?,
                        None => *sum = Some(fresh),
                    }
                }
                Running::Products(sum) => {
                    block.lift(others, *prime)?;
                    block.lift(&[*last], *prime)?;
                    let (left, right) = (block.lifted.get(others), block.lifted.get([*last].as_slice()));
                    let (Some(left), Some(right)) = (left, right) else { return Err(EvaluateError::Product) };
                    sum.add(left, right).map_err(failed)?;
                }
            }
        }
        self.blocks_left = self.blocks_left.checked_sub(1).ok_or(EvaluateError::Product)?;
        Ok(())
    }

    /// The ciphertexts of its aggregates, after every block.
    ///
    /// # Errors
    /// [`EvaluateError`] if it was not fed with every block.
    pub fn finish(self) -> Result<Finished, EvaluateError> {
        let row_group = self.row_group;
        let lacking = |aggregate: &Aggregate| {
            let column = aggregate.columns().first().copied().unwrap_or_default();
            EvaluateError::Ciphertext { row_group, column }
        };
        let sums = self.positions.into_iter().zip(self.sums);
        let finished = self.aggregates.iter().zip(sums).map(|(aggregate, (at, sum))| {
            let Aggregate::Product { level, .. } = aggregate else { return Err(EvaluateError::Product) };
            let sum = match sum {
                Running::Sum(sum) => sum.ok_or_else(|| lacking(aggregate))?,
                Running::Products(sum) => sum.finish().map_err(|_| lacking(aggregate))?,
            };
            let switched = evaluate::switch_down(&sum, *level).map_err(|_| lacking(aggregate))?;
            if self.blocks_left > 0 { Err(lacking(aggregate)) } else { Ok((at, switched.to_bytes())) }
        });
        finished.collect::<Result<_, _>>().map(Finished)
    }
}

/// One block of several columns.
struct Block<'a> {
    set: ParameterSet,
    row_group: u32,
    columns: &'a BTreeMap<u32, Vec<u8>>,
    /// By the columns that were multiplied before: one or two.
    lifted: BTreeMap<Vec<u32>, Lifted>,
}

impl Block<'_> {
    /// The ciphertext of a column.
    fn fresh(&self, column: u32, prime: u8) -> Result<Ciphertext, EvaluateError> {
        let wrong = EvaluateError::Ciphertext { row_group: self.row_group, column };
        let bytes = self.columns.get(&column).ok_or(wrong.clone())?;
        let fresh = Ciphertext::from_bytes(bytes).map_err(|_| wrong.clone())?;
        if fresh.set() == self.set && fresh.prime() == prime { Ok(fresh) } else { Err(wrong) }
    }

    /// Makes the product of `columns` ready to be multiplied, once.
    fn lift(&mut self, columns: &[u32], prime: u8) -> Result<(), EvaluateError> {
        if self.lifted.contains_key(columns) {
            return Ok(());
        }
        let (row_group, column) = (self.row_group, columns.first().copied().unwrap_or_default());
        let wrong = |_: CryptoError| EvaluateError::Ciphertext { row_group, column };
        let lifted = match columns {
            [] => return Err(EvaluateError::Product),
            [only] => Lifted::new(&self.fresh(*only, prime)?).map_err(wrong)?,
            [first @ .., last] => {
                self.lift(first, prime)?;
                self.lift(&[*last], prime)?;
                let (left, right) = (self.lifted.get(first), self.lifted.get([*last].as_slice()));
                let (Some(left), Some(right)) = (left, right) else { return Err(EvaluateError::Product) };
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

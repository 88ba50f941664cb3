//! The planner: from what is asked, over a signed manifest, to the plan that the cloud gets; and from decrypted
//! totals to the answer.

use std::collections::BTreeMap;

use num_bigint::{BigInt, BigUint};
use num_traits::One;
use serde::{Deserialize, Serialize};
use veilsum_crypto::bound::BoundClass;
use veilsum_crypto::packing::Layout;
use veilsum_protocol::answer;
use veilsum_protocol::manifest::{EncryptedNumber, Manifest, RowGroupEntry, Scheme, Treatment};
use veilsum_protocol::plan::{Aggregate, MAX_AGGREGATES, Plan, RowGroupRef, VERSION};

use crate::{count, exact, mean, sum};

/// One analysis of one column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// What to compute.
    pub kind: Kind,
    /// Name of the column in the manifest.
    pub column: String,
}

/// The catalogue of analyses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Cells that are not blank.
    Count,
    /// `Σ v`.
    Sum,
    /// `Σ v / n`.
    Mean,
}

/// Why an analysis cannot be run on a dataset. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// No analysis was asked for.
    #[error("nothing is chosen: choose at least one statistic and one column")]
    NothingAsked,
    /// The dataset has no such column.
    #[error("this dataset has no column “{column}”: choose one of its encrypted columns")]
    NoSuchColumn {
        /// The name that was asked for.
        column: String,
    },
    /// The column is there, but was not encrypted as a number.
    #[error(
        "column “{column}” was not encrypted as a number: upload the file again with that treatment to analyse it"
    )]
    NotANumber {
        /// The column.
        column: String,
    },
    /// A sum could leave its slot.
    #[error(
        "the sum of column “{column}” could overflow: values of its size fit {largest_rows} rows at most, the dataset \
         has {rows}; upload it again with fewer decimals"
    )]
    BoundTooLarge {
        /// The column.
        column: String,
        /// Rows of the dataset.
        rows: u64,
        /// Most rows for which the sum is sure to fit.
        largest_rows: u64,
    },
    /// Too many aggregates for one plan.
    #[error("this needs {needed} aggregates and a run holds {largest}: choose fewer columns")]
    TooMany {
        /// Aggregates needed.
        needed: usize,
        /// Aggregates that a plan holds.
        largest: usize,
    },
    /// The manifest describes something that this build cannot plan over.
    #[error(
        "the manifest of this dataset is not consistent ({field}); open it with the version of Veilsum that made it"
    )]
    Manifest {
        /// The field at fault.
        field: &'static str,
    },
}

/// A run that was checked and can be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// What the cloud gets; `None` if the signed manifest alone answers everything.
    pub plan: Option<Plan>,
    /// Bytes that the cloud will read.
    pub read_bytes: u64,
    /// Bytes of the encrypted answer.
    pub answer_bytes: u64,
    /// Rows covered.
    pub row_count: u64,
    questions: Vec<(Request, EncryptedNumber)>,
}

/// The answer to one request.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// What was asked.
    pub request: Request,
    /// Decimal digits; see `error` for what they leave out. Empty where there is no value (mean of nothing).
    pub exact: String,
    /// The same as a float, rounded once; NaN where there is no value.
    pub float: f64,
    /// Cells that are not blank.
    pub count: u64,
    /// Numeric error in words; empty when exact.
    pub error: String,
    /// Whether it was computed from ciphertext (and verified) or follows from the signed manifest alone.
    pub from_ciphertext: bool,
}

/// The decrypted totals do not answer the plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the decrypted answer does not fit the question about column “{column}”; run the analysis again")]
pub struct FinishError {
    /// The column whose answer is missing or impossible.
    pub column: String,
}

/// Decrypted, verified totals by column number.
#[derive(Debug)]
pub(crate) struct Totals {
    pub(crate) row_count: u64,
    sums: BTreeMap<u32, i128>,
}

impl Totals {
    pub(crate) fn sum(&self, column: u32) -> Option<i128> {
        self.sums.get(&column).copied()
    }
}

/// What an analysis makes of totals.
#[derive(Debug)]
pub(crate) struct Worth {
    pub(crate) exact: String,
    pub(crate) float: f64,
    pub(crate) error: String,
}

impl Worth {
    pub(crate) fn integer(value: BigInt) -> Self {
        Self { float: exact::float(&value, &BigUint::one()), exact: value.to_string(), error: String::new() }
    }
}

/// Plans `requests` over the dataset that `manifest` describes. Costs nothing but memory.
///
/// # Errors
/// [`PlanError`] if the dataset cannot answer; it names the column and the nearest thing that is possible.
pub fn plan(manifest: &Manifest, requests: &[Request]) -> Result<Planned, PlanError> {
    if requests.is_empty() {
        return Err(PlanError::NothingAsked);
    }
    let Scheme::Paillier { modulus_bits, key, modulus } = &manifest.scheme;
    let layout =
        Layout::for_modulus_bits(*modulus_bits).ok_or(PlanError::Manifest { field: "modulus_bits" })?;
    let block_count: u64 =
        manifest.row_groups.iter().map(|group| layout.block_count(u64::from(group.row_count))).sum();

    let mut questions = Vec::new();
    let mut aggregates = Vec::new();
    for request in requests {
        let number = find(manifest, &request.column)?;
        for aggregate in needed(request.kind, number) {
            let Aggregate::Sum { column } = &aggregate;
            check_bound(manifest, request, number, *column, block_count, layout)?;
            if !aggregates.contains(&aggregate) {
                aggregates.push(aggregate);
            }
        }
        questions.push((request.clone(), number.clone()));
    }
    if aggregates.len() > MAX_AGGREGATES {
        return Err(PlanError::TooMany { needed: aggregates.len(), largest: MAX_AGGREGATES });
    }

    let row_count = manifest.row_groups.iter().map(|group| u64::from(group.row_count)).sum();
    if aggregates.is_empty() {
        return Ok(Planned { plan: None, read_bytes: 0, answer_bytes: 0, row_count, questions });
    }
    let ciphertext_bytes = u64::from(modulus_bits / 4);
    let aggregate_count = aggregates.len() as u64;
    let column_bytes = block_count * ciphertext_bytes;
    let plan = Plan {
        version: VERSION,
        dataset: manifest.dataset,
        key: *key,
        modulus: modulus.clone(),
        aggregates,
        row_groups: manifest.row_groups.iter().map(|group| reference(group, layout)).collect(),
    };
    plan.check().map_err(|_| PlanError::Manifest { field: "row_groups" })?;
    Ok(Planned {
        plan: Some(plan),
        read_bytes: column_bytes * aggregate_count,
        answer_bytes: answer::HEADER_BYTES as u64 + ciphertext_bytes * aggregate_count,
        row_count,
        questions,
    })
}

impl Planned {
    /// Turns the verified totals, one per aggregate of the plan in its order, into values, one per request.
    ///
    /// # Errors
    /// [`FinishError`] if a total is missing or cannot be what it should be.
    pub fn finish(&self, totals: &[i128]) -> Result<Vec<Value>, FinishError> {
        let columns = self.plan.iter().flat_map(|plan| &plan.aggregates).map(|aggregate| {
            let Aggregate::Sum { column } = aggregate;
            *column
        });
        let totals =
            Totals { row_count: self.row_count, sums: columns.zip(totals.iter().copied()).collect() };
        self.questions
            .iter()
            .map(|(request, number)| {
                let impossible = || FinishError { column: request.column.clone() };
                // Where nobody asked for the count, the signed manifest has it.
                let count = count::count(number, &totals)
                    .unwrap_or(self.row_count.saturating_sub(number.missing_count));
                let worth = finish(request.kind, number, &totals).ok_or_else(impossible)?;
                Ok(Value {
                    request: request.clone(),
                    exact: worth.exact,
                    float: worth.float,
                    count,
                    error: worth.error,
                    from_ciphertext: !needed(request.kind, number).is_empty(),
                })
            })
            .collect()
    }
}

fn needed(kind: Kind, number: &EncryptedNumber) -> Vec<Aggregate> {
    match kind {
        Kind::Count => count::aggregates(number),
        Kind::Sum => sum::aggregates(number),
        Kind::Mean => mean::aggregates(number),
    }
}

fn finish(kind: Kind, number: &EncryptedNumber, totals: &Totals) -> Option<Worth> {
    match kind {
        Kind::Count => count::finish(number, totals),
        Kind::Sum => sum::finish(number, totals),
        Kind::Mean => mean::finish(number, totals),
    }
}

fn find<'a>(manifest: &'a Manifest, name: &str) -> Result<&'a EncryptedNumber, PlanError> {
    let column = manifest
        .columns
        .iter()
        .find(|column| column.name == name)
        .ok_or_else(|| PlanError::NoSuchColumn { column: name.to_owned() })?;
    match &column.treatment {
        Treatment::Number(number) => Ok(number),
        Treatment::SealedOriginalOnly | Treatment::Dropped => {
            Err(PlanError::NotANumber { column: name.to_owned() })
        }
    }
}

/// Refuses a sum whose bound does not fit a slot: every slot adds one value of every block.
fn check_bound(
    manifest: &Manifest,
    request: &Request,
    number: &EncryptedNumber,
    column: u32,
    block_count: u64,
    layout: Layout,
) -> Result<(), PlanError> {
    let bits = if column == number.column { number.bound_bits } else { PRESENCE_BOUND_BITS };
    let class = BoundClass::from_bits(bits).ok_or(PlanError::Manifest { field: "bound_bits" })?;
    if class.sum_fits(block_count) {
        return Ok(());
    }
    Err(PlanError::BoundTooLarge {
        column: request.column.clone(),
        rows: manifest.source.row_count,
        largest_rows: class.largest_block_count().saturating_mul(u64::from(layout.slot_count())),
    })
}

/// Bound class of presence columns, which hold 0 and 1.
pub const PRESENCE_BOUND_BITS: u8 = 8;

/// A row group as the cloud may know it: its rows to the block.
fn reference(group: &RowGroupEntry, layout: Layout) -> RowGroupRef {
    let row_count = layout.rows_to_the_block(group.row_count);
    RowGroupRef { index: group.index, row_count, size_bytes: group.size_bytes() }
}

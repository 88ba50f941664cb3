//! What the functions and the routes of a job or score share: its plan, its end, its measured steps.

use std::collections::BTreeMap;

use futures_util::future::try_join;
use serde::Serialize;
use veilsum_protocol::answer;
use veilsum_protocol::job::{Done, Failure};
use veilsum_protocol::plan::Plan;

use crate::error::sentence;
use crate::keys::{JobKeys, Key};
use crate::request::MAX_BODY_BYTES;
use crate::store::{Creation, Store, StoreError};

/// Most bytes of all partials of a job together, so that `combine` fits its memory.
pub(crate) const MAX_PARTIALS_BYTES: u64 = 512 << 20;
/// Calls to storage that one function makes at a time.
pub(crate) const CONCURRENT_READS: usize = 8;

/// Why a function stops before its result.
#[derive(Debug)]
pub(crate) enum Stop {
    /// There is no such job; nothing is stored.
    NoJob,
    /// The job cannot succeed.
    Failed(Failure),
    /// Storage failed; whoever invoked the function tries again.
    Storage(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Storage(error)
    }
}

impl Stop {
    /// The job fails because of `reason`, a sentence for people without its capital and its full stop.
    pub(crate) fn failed(code: &str, row_group: Option<u32>, reason: &dyn std::fmt::Display) -> Self {
        Self::Failed(Failure { code: code.to_owned(), message: sentence(reason), row_group })
    }
}

/// Turns the end of a function into its answer, storing the failure at `failure_key` where there is one.
pub(crate) async fn settle(
    store: &Store,
    failure_key: &Key,
    result: Result<Done, Stop>,
) -> Result<Done, StoreError> {
    match result {
        Ok(done) => Ok(done),
        Err(Stop::NoJob) => Ok(Done::Failed),
        Err(Stop::Storage(error)) => Err(error),
        Err(Stop::Failed(failure)) => {
            tracing::warn!(code = failure.code, row_group = failure.row_group, "job failed");
            let bytes = serde_json::to_vec(&failure).expect("a failure has string keys only");
            match store.create(failure_key, bytes).await? {
                Creation::Created | Creation::AlreadyThere => Ok(Done::Failed),
            }
        }
    }
}

/// Whether the job was cancelled or has failed; then nothing more is stored.
pub(crate) async fn ended(store: &Store, keys: &JobKeys) -> Result<Option<Done>, StoreError> {
    has_ended(store, &keys.cancelled(), &keys.failure()).await
}

/// Whether there is one of two ends without an answer.
pub(crate) async fn has_ended(
    store: &Store,
    cancelled: &Key,
    failure: &Key,
) -> Result<Option<Done>, StoreError> {
    let (cancelled, failed) = try_join(store.exists(cancelled), store.exists(failure)).await?;
    Ok(if cancelled { Some(Done::Cancelled) } else { failed.then_some(Done::Failed) })
}

/// The plan of a job.
pub(crate) async fn plan(store: &Store, keys: &JobKeys) -> Result<Plan, Stop> {
    let bytes = store.read(&keys.plan(), MAX_BODY_BYTES as u64).await?.ok_or(Stop::NoJob)?;
    Plan::from_bytes(&bytes).map_err(|error| Stop::failed("plan-invalid", None, &error))
}

/// Bytes of one partial over the row groups of a column set of a plan of sums. A ciphertext is a number modulo n², so it
/// has as many bytes as n has hex digits.
pub(crate) fn partial_bytes(plan: &Plan, column_set: u32) -> u64 {
    (answer::HEADER_BYTES + plan.aggregates_of(column_set).count() * plan.modulus.len()) as u64
}

/// Bytes of all partials of a plan.
pub(crate) fn all_partials_bytes(plan: &Plan) -> u64 {
    let mut sets = BTreeMap::new();
    for group in &plan.row_groups {
        *sets.entry(group.column_set).or_insert(0_u64) += 1;
    }
    sets.into_iter().map(|(column_set, groups)| partial_bytes(plan, column_set) * groups).sum()
}

/// Stores a result after its measured step, both once, so that every result has its step.
pub(crate) async fn store_result(
    store: &Store,
    (step_key, step): (Key, &impl Serialize),
    (result_key, result): (Key, Vec<u8>),
) -> Result<Done, StoreError> {
    let step = serde_json::to_vec(step).expect("a step has string keys only");
    for (key, bytes) in [(step_key, step), (result_key, result)] {
        match store.create(&key, bytes).await? {
            // A result is a function of what is stored, but for randomness that hides: whoever was first wrote as good a one.
            Creation::Created | Creation::AlreadyThere => {}
        }
    }
    Ok(Done::Stored)
}

#[cfg(test)]
mod tests {
    use veilsum_protocol::answer::{EncryptedAggregates, Partial};
    use veilsum_protocol::plan::{Aggregate, RowGroupRef};
    use veilsum_protocol::{DatasetId, JobId, KeyFingerprint};

    use super::*;

    fn plan() -> Plan {
        let row_group = |index| RowGroupRef { index, row_count: 10, size_bytes: 1_000, column_set: 0 };
        Plan {
            version: 1,
            dataset: DatasetId::from_bytes([1; 16]),
            key: KeyFingerprint::from_bytes([2; 32]),
            modulus: "c".repeat(512),
            parameter_set: None,
            aggregates: vec![Aggregate::Sum { column: 0, column_set: 0 }; 3],
            row_groups: (0..4).map(row_group).collect(),
        }
    }

    #[test]
    fn sizes_of_partials_are_exact() {
        let plan = plan();
        let partial = Partial {
            row_group: 0,
            aggregates: EncryptedAggregates {
                job: JobId::from_bytes([3; 16]),
                plan: plan.digest(),
                block_count: 1,
                ciphertext_bytes: 512,
                ciphertexts: vec![vec![0; 512]; 3],
            },
        };
        assert_eq!(partial_bytes(&plan, 0), partial.to_bytes().len() as u64);
        assert_eq!(all_partials_bytes(&plan), 4 * partial.to_bytes().len() as u64);
        let mut later = plan;
        later.aggregates.push(Aggregate::Sum { column: 9, column_set: 1 });
        later.row_groups.push(RowGroupRef { index: 4, row_count: 10, size_bytes: 1_000, column_set: 1 });
        let of_one = (answer::HEADER_BYTES + 512) as u64;
        assert_eq!(all_partials_bytes(&later), 4 * partial.to_bytes().len() as u64 + of_one);
    }

    #[test]
    fn failures_are_sentences() {
        let Stop::Failed(failure) = Stop::failed("code", Some(3), &"row group 3 is gone") else {
            panic!("failed() makes a failure");
        };
        assert_eq!(failure.message, "Row group 3 is gone.");
        assert_eq!((failure.code.as_str(), failure.row_group), ("code", Some(3)));
    }
}

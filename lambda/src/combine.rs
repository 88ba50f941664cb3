//! The function `combine`: ends a job with its whole answer, or with the reason why there is none.

use std::time::Instant;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use veilsum_analysis::evaluate::combine;
use veilsum_analysis::multiply;
use veilsum_protocol::answer::{self, Partial, PartialHead};
use veilsum_protocol::job::{CombineEvent, Done, Outcome, Step, StepFunction};
use veilsum_protocol::plan::{Plan, RowGroupRef};

use crate::error::chain;
use crate::evaluate::job_milliseconds;
use crate::job::{self, CONCURRENT_READS, MAX_PARTIALS_BYTES, Stop};
use crate::keys::JobKeys;
use crate::store::{Chunk, Store, StoreError};

/// Handles one delivery of `event`. Any number of deliveries has the effect of one.
///
/// # Errors
/// [`StoreError`] if storage fails; then it is worth trying again.
pub async fn handle(store: &Store, event: &CombineEvent) -> Result<Done, StoreError> {
    let started = Instant::now();
    let keys = JobKeys::new(&event.tenant, &event.job);
    // Boxed: futures of storage nest deeper than the compiler lays out at once.
    let result = Box::pin(run(store, &keys, event, started)).await;
    let done = job::settle(store, &keys.failure(), result)
        .await
        .inspect_err(|error| tracing::warn!(tenant = %event.tenant, job = %event.job, error = chain(error), "storage failed"))?;
    tracing::info!(
        tenant = %event.tenant,
        job = %event.job,
        done = ?done,
        milliseconds = job_milliseconds(started),
        "job combined"
    );
    Ok(done)
}

async fn run(store: &Store, keys: &JobKeys, event: &CombineEvent, started: Instant) -> Result<Done, Stop> {
    if let Some(done) = job::ended(store, keys).await? {
        return Ok(done);
    }
    if store.exists(&keys.answer()).await? {
        return Ok(Done::Stored);
    }
    let plan = job::plan(store, keys).await?;
    match event.outcome {
        Outcome::Evaluated => {}
        Outcome::GaveUp { row_group } => return Err(gave_up(row_group)),
    }
    let (answer, read_bytes) = if plan.parameter_set.is_some() {
        let heads = load_heads(store, keys, &plan).await?;
        let read_bytes = (heads.len() * answer::HEADER_BYTES) as u64;
        (multiply::combine(event.job, &plan, &heads), read_bytes)
    } else {
        let partials = load(store, keys, &plan).await?;
        (combine(event.job, &plan, &partials), job::all_partials_bytes(&plan))
    };
    let answer = answer.map_err(|error| unusable(None, &error))?.to_bytes();
    // A job that was cancelled while this ran gets no answer.
    if let Some(done) = job::ended(store, keys).await? {
        return Ok(done);
    }
    let step = Step {
        function: StepFunction::Combine,
        row_group: None,
        milliseconds: job_milliseconds(started),
        read_bytes,
        written_bytes: answer.len() as u64,
    };
    Ok(job::store_result(store, (keys.combine_event(), &step), (keys.answer(), answer)).await?)
}

/// The partials of all row groups, in the order of the plan.
async fn load(store: &Store, keys: &JobKeys, plan: &Plan) -> Result<Vec<Partial>, Stop> {
    if job::all_partials_bytes(plan) > MAX_PARTIALS_BYTES {
        let reason = "the partial answers of this analysis do not fit; analyse fewer columns at a time";
        return Err(Stop::failed("plan-too-large", None, &reason));
    }
    stream::iter(plan.row_groups.iter().copied())
        .map(|group| load_partial(store, keys, group, job::partial_bytes(plan, group.column_set)))
        .buffered(CONCURRENT_READS)
        .try_collect()
        .await
}

/// The headers of the partials of all row groups, in the order of the plan.
async fn load_heads(store: &Store, keys: &JobKeys, plan: &Plan) -> Result<Vec<PartialHead>, Stop> {
    stream::iter(plan.row_groups.iter().copied())
        .map(|group| async move {
            let read = store.read_range(&keys.part(group.index), 0..answer::HEADER_BYTES as u64).await?;
            let Chunk { bytes, .. } = read.ok_or_else(|| missing(group.index))?;
            PartialHead::from_bytes(&bytes).map_err(|error| unusable(Some(group.index), &error))
        })
        .buffered(CONCURRENT_READS)
        .try_collect()
        .await
}

async fn load_partial(
    store: &Store,
    keys: &JobKeys,
    group: RowGroupRef,
    maximum_bytes: u64,
) -> Result<Partial, Stop> {
    let row_group = group.index;
    let bytes = store.read(&keys.part(row_group), maximum_bytes).await?;
    let bytes = bytes.ok_or_else(|| missing(row_group))?;
    Partial::from_bytes(&bytes).map_err(|error| unusable(Some(row_group), &error))
}

fn missing(row_group: u32) -> Stop {
    let reason =
        format!("the partial answer of row group {row_group} is not stored; start the analysis again");
    Stop::failed("partial-missing", Some(row_group), &reason)
}

fn gave_up(row_group: u32) -> Stop {
    let reason = format!(
        "row group {row_group} could not be evaluated however often it was tried; start the analysis again"
    );
    Stop::failed("gave-up", Some(row_group), &reason)
}

fn unusable(row_group: Option<u32>, error: &dyn std::fmt::Display) -> Stop {
    Stop::failed("partial-unusable", row_group, error)
}

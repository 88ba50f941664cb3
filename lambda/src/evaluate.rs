//! The function `evaluate`: the encrypted aggregates of one row group, stored once.

use std::collections::BTreeMap;
use std::time::Instant;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use veilsum_analysis::evaluate::{EvaluateError, check_row_group, evaluate, required_columns};
use veilsum_protocol::api::Object;
use veilsum_protocol::job::{Done, EvaluateEvent, Step, StepFunction};
use veilsum_protocol::plan::Plan;
use veilsum_protocol::row_group::RowGroupHeader;

use crate::error::chain;
use crate::job::{self, CONCURRENT_READS, Stop};
use crate::keys::{DatasetKeys, JobKeys, Key};
use crate::store::{Chunk, Store, StoreError};

/// Bytes of a first read: the header of a row group with up to 166 columns.
const FIRST_READ_BYTES: u64 = 4_096;
/// Most bytes of columns that one call loads, so that it fits its memory.
const MAX_COLUMN_BYTES: u64 = 768 << 20;

/// Handles one delivery of `event`. Any number of deliveries has the effect of one.
///
/// # Errors
/// [`StoreError`] if storage fails; then it is worth trying again.
pub async fn handle(store: &Store, event: &EvaluateEvent) -> Result<Done, StoreError> {
    let started = Instant::now();
    let keys = JobKeys::new(&event.tenant, &event.job);
    let done = job::settle(store, &keys, run(store, &keys, event, started).await)
        .await
        .inspect_err(|error| tracing::warn!(tenant = %event.tenant, job = %event.job, row_group = event.row_group, error = chain(error), "storage failed"))?;
    tracing::info!(
        tenant = %event.tenant,
        job = %event.job,
        row_group = event.row_group,
        done = ?done,
        milliseconds = job_milliseconds(started),
        "row group evaluated"
    );
    Ok(done)
}

async fn run(store: &Store, keys: &JobKeys, event: &EvaluateEvent, started: Instant) -> Result<Done, Stop> {
    let part = keys.part(event.row_group);
    if let Some(done) = job::ended(store, keys).await? {
        return Ok(done);
    }
    if store.exists(&part).await? {
        return Ok(Done::Stored);
    }
    let plan = job::plan(store, keys).await?;
    let loaded = load(store, event, &plan).await?;
    let partial = evaluate(event.job, &plan, &loaded.header, &loaded.columns)
        .map_err(|error| unusable(event.row_group, &error))?
        .to_bytes();
    // A job that was cancelled while this ran gets no partial.
    if let Some(done) = job::ended(store, keys).await? {
        return Ok(done);
    }
    let step = Step {
        function: StepFunction::Evaluate,
        row_group: Some(event.row_group),
        milliseconds: job_milliseconds(started),
        read_bytes: loaded.read_bytes,
        written_bytes: partial.len() as u64,
    };
    let step = (keys.evaluate_event(event.row_group), &step);
    Ok(job::store_result(store, step, (part, partial)).await?)
}

/// Milliseconds since `started`.
pub(crate) fn job_milliseconds(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// What a plan needs of one row group.
struct Loaded {
    header: RowGroupHeader,
    columns: BTreeMap<u32, Vec<u8>>,
    read_bytes: u64,
}

async fn load(store: &Store, event: &EvaluateEvent, plan: &Plan) -> Result<Loaded, Stop> {
    let row_group = event.row_group;
    if !plan.row_groups.iter().any(|group| group.index == row_group) {
        return Err(unusable(row_group, &EvaluateError::NotCovered { row_group }));
    }
    let key = DatasetKeys::new(&event.tenant, &plan.dataset).object(&Object::RowGroup { index: row_group });
    let (header, object_bytes, header_bytes) = load_header(store, &key, row_group).await?;
    if header.index != row_group {
        return Err(unusable(row_group, &EvaluateError::Mismatch { row_group, field: "index" }));
    }
    check_row_group(plan, &header, object_bytes).map_err(|error| unusable(row_group, &error))?;
    let needed = required_columns(plan);
    let column_bytes = header.column_bytes() * needed.len() as u64;
    if column_bytes > MAX_COLUMN_BYTES {
        let reason = format!(
            "{} columns of row group {row_group} have {column_bytes} bytes and at most {MAX_COLUMN_BYTES} fit; \
             analyse fewer columns at a time",
            needed.len()
        );
        return Err(Stop::failed("row-group-too-large", Some(row_group), &reason));
    }
    let columns = stream::iter(needed)
        .map(|column| load_column(store, &key, &header, column))
        .buffered(CONCURRENT_READS)
        .try_collect()
        .await?;
    Ok(Loaded { header, columns, read_bytes: header_bytes + column_bytes })
}

/// The header with the size of its object, and the bytes that were read for it.
async fn load_header(store: &Store, key: &Key, row_group: u32) -> Result<(RowGroupHeader, u64, u64), Stop> {
    let first = store.read_range(key, 0..FIRST_READ_BYTES).await?;
    let Chunk { mut bytes, object_bytes } = first.ok_or_else(|| missing(row_group))?;
    let mut read_bytes = bytes.len() as u64;
    let length = RowGroupHeader::total_header_bytes(&bytes).map_err(|error| unusable(row_group, &error))?;
    if length as u64 > read_bytes
        && let Some(rest) = store.read_range(key, read_bytes..length as u64).await?
    {
        read_bytes += rest.bytes.len() as u64;
        bytes.extend(rest.bytes);
    }
    bytes.truncate(length);
    let header = RowGroupHeader::from_bytes(&bytes).map_err(|error| unusable(row_group, &error))?;
    Ok((header, object_bytes, read_bytes))
}

async fn load_column(
    store: &Store,
    key: &Key,
    header: &RowGroupHeader,
    column: u32,
) -> Result<(u32, Vec<u8>), Stop> {
    let row_group = header.index;
    let range = header
        .column_range(column)
        .ok_or_else(|| unusable(row_group, &EvaluateError::NoSuchColumn { row_group, column }))?;
    let chunk = store.read_range(key, range).await?.ok_or_else(|| missing(row_group))?;
    Ok((column, chunk.bytes))
}

fn missing(row_group: u32) -> Stop {
    let reason = format!("row group {row_group} is not stored; upload the dataset again");
    Stop::failed("row-group-missing", Some(row_group), &reason)
}

fn unusable(row_group: u32, error: &dyn std::fmt::Display) -> Stop {
    Stop::failed("row-group-unusable", Some(row_group), error)
}

//! The function `evaluate`: the encrypted aggregates of one row group, stored once.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Instant;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use tokio::sync::mpsc;
use veilsum_analysis::evaluate::{ColumnSum, EvaluateError, Evaluation};
use veilsum_analysis::multiply;
use veilsum_protocol::answer::Partial;
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
/// Most bytes of a column that are read at once.
const PIECE_BYTES: u64 = 4 << 20;
/// Pieces that are read while others are added.
const PIECES_AHEAD: usize = 4;

/// Handles one delivery of `event`. Any number of deliveries has the effect of one.
///
/// # Errors
/// [`StoreError`] if storage fails; then it is worth trying again.
pub async fn handle(store: &Store, event: &EvaluateEvent) -> Result<Done, StoreError> {
    let started = Instant::now();
    let keys = JobKeys::new(&event.tenant, &event.job);
    // Boxed: futures of storage nest deeper than the compiler lays out at once.
    let result = Box::pin(run(store, &keys, event, started)).await;
    let done = job::settle(store, &keys.failure(), result)
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
    let (partial, read_bytes) = evaluate(store, event, &plan).await?;
    let partial = partial.to_bytes();
    // A job that was cancelled while this ran gets no partial.
    if let Some(done) = job::ended(store, keys).await? {
        return Ok(done);
    }
    let step = Step {
        function: StepFunction::Evaluate,
        row_group: Some(event.row_group),
        milliseconds: job_milliseconds(started),
        read_bytes,
        written_bytes: partial.len() as u64,
    };
    let step = (keys.evaluate_event(event.row_group), &step);
    Ok(job::store_result(store, step, (part, partial)).await?)
}

/// Milliseconds since `started`.
pub(crate) fn job_milliseconds(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// Checks the row group and adds up what the plan asks for; the partial, and the bytes that were read for it.
async fn evaluate(store: &Store, event: &EvaluateEvent, plan: &Plan) -> Result<(Partial, u64), Stop> {
    let row_group = event.row_group;
    if !plan.row_groups.iter().any(|group| group.index == row_group) {
        return Err(unusable(row_group, &EvaluateError::NotCovered { row_group }));
    }
    let key = DatasetKeys::new(&event.tenant, &plan.dataset).object(&Object::RowGroup { index: row_group });
    let (header, object_bytes, header_bytes) = load_header(store, &key, row_group).await?;
    if header.index != row_group {
        return Err(unusable(row_group, &EvaluateError::Mismatch { row_group, field: "index" }));
    }
    let wrong = |error: EvaluateError| unusable(row_group, &error);
    if plan.parameter_set.is_some() {
        let evaluation = multiply::Evaluation::new(event.job, plan, &header, object_bytes).map_err(wrong)?;
        let (partial, read_bytes) = products(store, &key, &header, evaluation).await?;
        return Ok((partial, header_bytes + read_bytes));
    }
    let evaluation = Evaluation::new(event.job, plan, &header, object_bytes).map_err(wrong)?;
    let columns = evaluation.columns();
    let sums = columns.iter().map(|&column| (column, evaluation.column(column))).collect();
    let pieces = pieces(&header, &columns).map_err(wrong)?;
    let column_bytes: u64 = pieces.iter().map(|(_, range)| range.end - range.start).sum();
    let sums = add_up(store, &key, row_group, pieces, sums).await?;
    let partial = evaluation.finish(sums.into_values()).map_err(wrong)?;
    Ok((partial, header_bytes + column_bytes))
}

/// Multiplies and adds up, wave by wave and block by block; the partial, and the bytes that were read for it.
///
/// Holds one block of every column of a wave, at most 48 MB, and what [`multiply`] says.
async fn products(
    store: &Store,
    key: &Key,
    header: &RowGroupHeader,
    mut evaluation: multiply::Evaluation<'_>,
) -> Result<(Partial, u64), Stop> {
    let row_group = header.index;
    let wrong = |error: EvaluateError| unusable(row_group, &error);
    let mut read_bytes = 0;
    while let Some(mut wave) = evaluation.next_wave() {
        let columns = wave.columns();
        for block in 0..header.block_count {
            let mut ranges = Vec::with_capacity(columns.len());
            for &column in &columns {
                ranges.push((column, multiply::block_range(header, column, block).map_err(wrong)?));
            }
            let read = stream::iter(ranges)
                .map(|(column, range)| async move {
                    let chunk = store.read_range(key, range).await?.ok_or_else(|| missing(row_group))?;
                    Ok::<_, Stop>((column, chunk.bytes))
                })
                .buffered(CONCURRENT_READS)
                .try_collect::<BTreeMap<u32, Vec<u8>>>()
                .await?;
            read_bytes += read.values().map(|bytes| bytes.len() as u64).sum::<u64>();
            let (returned, added) = aside(move || {
                let added = wave.add_block(&read);
                (wave, added)
            })
            .await?;
            added.map_err(wrong)?;
            wave = returned;
        }
        let ciphertexts = aside(move || wave.finish()).await?.map_err(wrong)?;
        evaluation.end_wave(ciphertexts);
    }
    Ok((evaluation.finish().map_err(wrong)?, read_bytes))
}

/// Computes where nothing waits for it.
pub(crate) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Stop> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|error| StoreError::of_local("compute", error))?)
}

/// Columns in byte ranges of at most [`PIECE_BYTES`] that end between two ciphertexts.
fn pieces(header: &RowGroupHeader, columns: &[u32]) -> Result<Vec<(u32, Range<u64>)>, EvaluateError> {
    let ciphertext_bytes = u64::from(header.ciphertext_bytes());
    let step = PIECE_BYTES / ciphertext_bytes * ciphertext_bytes;
    let mut pieces = Vec::new();
    for &column in columns {
        let range = header
            .column_range(column)
            .ok_or(EvaluateError::NoSuchColumn { row_group: header.index, column })?;
        let starts = std::iter::successors(Some(range.start), |start| Some(start + step));
        let within = starts.take_while(|&start| start < range.end);
        pieces.extend(within.map(|start| (column, start..range.end.min(start + step))));
    }
    Ok(pieces)
}

/// Reads the pieces and adds each to its column's sum, while the next are on their way.
///
/// Holds at most [`PIECES_AHEAD`] + 4 pieces in memory, 32 MiB, however large the row group is: those that are read, one
/// of them twice for a moment, one that waits, and the one that is added, as bytes and as numbers.
async fn add_up(
    store: &Store,
    key: &Key,
    row_group: u32,
    pieces: Vec<(u32, Range<u64>)>,
    mut sums: BTreeMap<u32, ColumnSum>,
) -> Result<BTreeMap<u32, ColumnSum>, Stop> {
    let (sender, mut receiver) = mpsc::channel::<(u32, Vec<u8>)>(1);
    let adding = tokio::task::spawn_blocking(move || {
        while let Some((column, bytes)) = receiver.blocking_recv() {
            if let Some(sum) = sums.get_mut(&column) {
                sum.add(&bytes)?;
            }
        }
        Ok(sums)
    });
    let mut read = stream::iter(pieces)
        .map(|(column, range)| async move {
            let chunk = store.read_range(key, range).await?.ok_or_else(|| missing(row_group))?;
            Ok::<_, Stop>((column, chunk.bytes))
        })
        .buffered(PIECES_AHEAD);
    while let Some(piece) = read.try_next().await? {
        if sender.send(piece).await.is_err() {
            // Adding has stopped; its error says why.
            break;
        }
    }
    drop(sender);
    let sums = adding.await.map_err(|error| StoreError::of_local("add up a row group", error))?;
    sums.map_err(|error: EvaluateError| unusable(row_group, &error))
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

fn missing(row_group: u32) -> Stop {
    let reason = format!("row group {row_group} is not stored; upload the dataset again");
    Stop::failed("row-group-missing", Some(row_group), &reason)
}

fn unusable(row_group: u32, error: &dyn std::fmt::Display) -> Stop {
    Stop::failed("row-group-unusable", Some(row_group), error)
}

#[cfg(test)]
mod tests {
    use veilsum_protocol::row_group::{ColumnEntry, Encryption};
    use veilsum_protocol::{DatasetId, KeyFingerprint, UploadId};

    use super::*;

    #[test]
    fn pieces_cover_the_columns_and_end_between_ciphertexts() {
        let header = RowGroupHeader {
            key: KeyFingerprint::from_bytes([1; 32]),
            dataset: DatasetId::from_bytes([2; 16]),
            upload: UploadId::from_bytes([3; 16]),
            index: 0,
            row_count: 20_000,
            encryption: Encryption::Paillier { modulus_bits: 3_072 },
            block_count: 12_000,
            columns: [4, 7, 9].map(|column| ColumnEntry { column, bound_bits: 8 }).to_vec(),
        };
        let pieces = pieces(&header, &[4, 9]).unwrap();
        for column in [4, 9] {
            let mut next = header.column_range(column).unwrap().start;
            for (_, range) in pieces.iter().filter(|(of, _)| *of == column) {
                assert_eq!(range.start, next);
                assert!(range.end - range.start <= PIECE_BYTES);
                assert_eq!((range.end - range.start) % u64::from(header.ciphertext_bytes()), 0);
                next = range.end;
            }
            assert_eq!(next, header.column_range(column).unwrap().end);
        }
        assert!(pieces.len() >= 6);
        assert!(super::pieces(&header, &[5]).is_err());
    }
}

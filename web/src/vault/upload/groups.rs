//! Row groups: rows in, encrypted parts out. While one part is sent, the next is encrypted and the next rows are read.

use std::cell::OnceCell;

use futures_util::future::try_join;
use futures_util::stream::{FuturesOrdered, StreamExt as _};
use js_sys::Uint8Array;
use sha2::{Digest as _, Sha256};
use veilsum_owner::check::CheckLabel;
use veilsum_protocol::api::Object;
use veilsum_protocol::row_group::RowGroupHeader;
use veilsum_protocol::{Digest, UploadId};
use veilsum_table::encode::{EncodeError, EncodedRow, RowEncoder};

use crate::encrypt_worker::Batch;
use crate::messages::Fault;
use crate::vault::pool::{Pool, PoolError};
use crate::vault::random::upload_id;
use crate::vault::table::Rows;
use crate::vault::upload::run::{Run, Stop, file_changed};
use crate::vault::upload::send::{Outgoing, PartBuilder, Way, stored_otherwise, way};
use crate::vault::upload::shape::{BatchRange, Holds, Shape, StoredColumn, batch_blocks, batches};
use crate::vault::upload::speed;
use crate::vault::upload::state::{GroupState, Resume};

/// The columns that are uploaded together with the table; later ones get numbers of their own.
const COLUMN_SET: u32 = 0;

/// The integers of one row group, column after column.
struct GroupRows {
    columns: Vec<Vec<i64>>,
    row_count: u32,
}

/// One batch of a part: its blocks, and whether the part ends with it.
struct Step {
    part: u32,
    range: BatchRange,
    begins: bool,
    ends: bool,
}

impl Run<'_> {
    /// Encrypts and sends every row group that is not stored yet.
    pub(super) async fn send_groups(&self) -> Result<(), Stop> {
        let (way, far_end) = way();
        try_join(self.encrypt_groups(way), self.deliver(far_end)).await?;
        Ok(())
    }

    /// Reads the file from its start and makes the parts that are missing, in order.
    async fn encrypt_groups(&self, mut way: Way) -> Result<(), Stop> {
        let (file, encodings) = {
            let state = self.state.borrow();
            (state.file.clone(), state.encodings.clone())
        };
        let workers = OnceCell::new();
        let blocks_per_batch = batch_blocks(speed::of(&self.unlocked).await.worker_seconds_per_block);
        let mut rows = Rows::read(self.source, &file.options)?;
        if rows.header() != file.columns {
            return Err(file_changed(self.source).into());
        }
        let encoder = RowEncoder::new(&encodings, &file.options.missing_words);
        let mut group = self.read_group(0, &mut rows, &encoder).await?;
        for index in 0..self.shape.group_count() {
            let encrypt = async {
                let Some(upload) = self.begin_group(index, group.content()).await? else { return Ok(()) };
                let header =
                    self.shape.header(index, self.dataset, self.state.borrow().key, upload, &self.columns);
                self.encrypt_group(&header, &group, blocks_per_batch, &workers, &mut way).await?;
                way.send(Outgoing::Whole(Object::RowGroup { index })).await
            };
            if index + 1 == self.shape.group_count() {
                encrypt.await?;
                break;
            }
            // The workers have batches to go on with while the next rows are read here.
            let ((), next) = try_join(encrypt, self.read_group(index + 1, &mut rows, &encoder)).await?;
            group = next;
        }
        let is_end = !rows.next(self.abort).await?;
        if is_end && rows.digest() == file.sha256 { Ok(()) } else { Err(file_changed(self.source).into()) }
    }

    async fn read_group(&self, index: u32, rows: &mut Rows, encoder: &RowEncoder) -> Result<GroupRows, Stop> {
        let mut group = GroupRows::new(self.columns.len(), self.shape.rows_in(index));
        let mut encoded = EncodedRow::default();
        for _ in 0..group.row_count {
            if !rows.next(self.abort).await? {
                return Err(file_changed(self.source).into());
            }
            encoder.encode(rows.row(), &mut encoded).map_err(Fault::from)?;
            group.push(&encoded, &self.columns);
        }
        Ok(group)
    }

    /// The upload id under which what is missing of a row group is to be sent; `None` if nothing is.
    ///
    /// One upload id belongs to one content: if these rows are not those that it was used for, the file has changed.
    async fn begin_group(&self, index: u32, content: Digest) -> Result<Option<UploadId>, Stop> {
        let object = Object::RowGroup { index };
        let known = self.state.borrow().groups.get(index as usize).map(|group| (group.content, group.upload));
        let Some((known_content, upload)) = known else {
            let upload = upload_id();
            self.state.borrow_mut().groups.push(GroupState::begin(upload, content));
            return Ok(Some(upload));
        };
        if known_content != content {
            return Err(file_changed(self.source).into());
        }
        let header = self.shape.header(index, self.dataset, self.state.borrow().key, upload, &self.columns);
        match self.resume_object(object, Some(header.parts().len())).await? {
            Resume::Whole => {
                let values = u64::from(self.shape.rows_in(index)) * header.columns.len() as u64;
                self.meter.resumed(values, header.object_bytes());
                self.note_whole(object).await?;
                Ok(None)
            }
            Resume::GoOn => Ok(Some(upload)),
            Resume::StartOver => Err(Stop::StartOver(object)),
            Resume::Impossible => Err(stored_otherwise(object).into()),
        }
    }

    /// Encrypts the parts of one row group that are not stored yet, with every worker busy.
    async fn encrypt_group(
        &self,
        header: &RowGroupHeader,
        group: &GroupRows,
        blocks_per_batch: u32,
        workers: &OnceCell<Pool>,
        way: &mut Way,
    ) -> Result<(), Stop> {
        let object = Object::RowGroup { index: header.index };
        let mut steps = self.missing_steps(header, blocks_per_batch).into_iter();
        let mut under_way = FuturesOrdered::new();
        let mut part = PartBuilder::new();
        loop {
            while let Some(step) = next_if_room(&under_way, workers, &mut steps) {
                let batch = group.batch(header, step.range, self.shape.slot_count());
                let ciphertexts = self.workers(workers)?.encrypt(&batch);
                under_way.push_back(async move { (step, ciphertexts.await) });
            }
            let Some((step, ciphertexts)) = self.abort.or(under_way.next()).await? else { return Ok(()) };
            let ciphertexts = checked(header, step.range, ciphertexts).map_err(Fault::from)?;
            if step.begins {
                // Before anything of the part is kept: there is one part under way and one in the making.
                way.ready().await?;
                part = PartBuilder::new();
                if step.part == 1 {
                    part.push_clear(&header.to_bytes());
                }
            }
            part.push(ciphertexts);
            self.meter.encrypted(value_count(&self.shape, header.index, step.range));
            if step.ends {
                let finished = core::mem::replace(&mut part, PartBuilder::new());
                way.send(Outgoing::Part(finished.finish(object, step.part)?)).await?;
            }
        }
    }

    /// What there is to encrypt, in order; parts that are stored already are left out.
    fn missing_steps(&self, header: &RowGroupHeader, blocks_per_batch: u32) -> Vec<Step> {
        let object = Object::RowGroup { index: header.index };
        let stored = self.state.borrow().transfer(object).cloned().unwrap_or_default().parts;
        let mut steps = Vec::new();
        for (number, range) in (1..).zip(header.parts()) {
            let ranges = batches(header, &range, blocks_per_batch);
            if stored.contains_key(&number) {
                let values = ranges.iter().map(|range| value_count(&self.shape, header.index, *range)).sum();
                self.meter.resumed(values, range.end - range.start);
                continue;
            }
            let last = ranges.len().saturating_sub(1);
            steps.extend(ranges.into_iter().enumerate().map(|(at, range)| Step {
                part: number,
                range,
                begins: at == 0,
                ends: at == last,
            }));
        }
        steps
    }

    /// The pool, taken when it is first needed.
    fn workers<'b>(&self, workers: &'b OnceCell<Pool>) -> Result<&'b Pool, Fault> {
        if let Some(pool) = workers.get() {
            return Ok(pool);
        }
        let pool = speed::ready_pool(&self.unlocked)?;
        Ok(workers.get_or_init(|| pool))
    }
}

/// The next step, as long as it keeps some worker from waiting.
fn next_if_room<F: Future>(
    under_way: &FuturesOrdered<F>,
    workers: &OnceCell<Pool>,
    steps: &mut impl Iterator<Item = Step>,
) -> Option<Step> {
    let capacity = workers.get().map_or(1, Pool::capacity);
    if under_way.len() < capacity { steps.next() } else { None }
}

/// The ciphertexts of a batch, if there are as many bytes of them as there must be.
fn checked(
    header: &RowGroupHeader,
    range: BatchRange,
    ciphertexts: Result<Uint8Array, PoolError>,
) -> Result<Uint8Array, PoolError> {
    let ciphertexts = ciphertexts?;
    let expected = range.block_count * header.ciphertext_bytes();
    let actual = ciphertexts.length();
    if actual == expected {
        return Ok(ciphertexts);
    }
    Err(PoolError::Refused { reason: format!("a batch came back with {actual} bytes instead of {expected}") })
}

/// Values in a batch: only the last block of a column may hold fewer than it has slots.
fn value_count(shape: &Shape, index: u32, range: BatchRange) -> u64 {
    let (rows, slots) = (u64::from(shape.rows_in(index)), u64::from(shape.slot_count()));
    let rows_before = |block: u32| rows.min(u64::from(block) * slots);
    rows_before(range.first_block + range.block_count) - rows_before(range.first_block)
}

impl GroupRows {
    fn new(column_count: usize, row_count: u32) -> Self {
        let column = || Vec::with_capacity(row_count as usize);
        Self { columns: (0..column_count).map(|_| column()).collect(), row_count }
    }

    fn push(&mut self, encoded: &EncodedRow, columns: &[StoredColumn]) {
        for (values, column) in self.columns.iter_mut().zip(columns) {
            values.push(match column.holds {
                Holds::Values => encoded.values[column.encoding],
                Holds::Presence => i64::from(encoded.present[column.encoding]),
            });
        }
    }

    /// SHA-256 over all integers, column after column.
    fn content(&self) -> Digest {
        let mut hash = Sha256::new();
        hash.update(self.row_count.to_le_bytes());
        for column in &self.columns {
            for value in column {
                hash.update(value.to_le_bytes());
            }
        }
        Digest::from_bytes(hash.finalize().into())
    }

    fn batch(&self, header: &RowGroupHeader, range: BatchRange, slot_count: u32) -> Batch {
        let values = &self.columns[range.column];
        let slots = slot_count as usize;
        let start = range.first_block as usize * slots;
        let end = values.len().min(start + range.block_count as usize * slots);
        let first = CheckLabel {
            dataset: header.dataset,
            upload: header.upload,
            column_set: COLUMN_SET,
            column: header.columns[range.column].column,
            block: range.first_block,
        };
        Batch { first, values: values[start..end].to_vec() }
    }
}

impl From<EncodeError> for Fault {
    fn from(error: EncodeError) -> Self {
        Self::new("file-changed", &error.to_string())
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use veilsum_protocol::row_group::ColumnEntry;

    use super::*;

    fn columns() -> Vec<StoredColumn> {
        [(0, Holds::Values), (1, Holds::Presence)]
            .map(|(column, holds)| StoredColumn {
                entry: ColumnEntry { column, bound_bits: 8 },
                encoding: 0,
                holds,
            })
            .to_vec()
    }

    fn group(values: &[Option<i64>]) -> GroupRows {
        let mut group = GroupRows::new(2, u32::try_from(values.len()).unwrap());
        for value in values {
            let encoded = EncodedRow { values: vec![value.unwrap_or(0)], present: vec![value.is_some()] };
            group.push(&encoded, &columns());
        }
        group
    }

    #[test]
    fn blanks_are_zero_and_absent() {
        let group = group(&[Some(5), None, Some(-7)]);
        assert_eq!(group.columns, [vec![5, 0, -7], vec![1, 0, 1]]);
    }

    #[test]
    fn another_content_has_another_hash() {
        let content = |values: &[Option<i64>]| group(values).content();
        assert_eq!(content(&[Some(1), Some(2)]), content(&[Some(1), Some(2)]));
        assert_ne!(content(&[Some(1), Some(2)]), content(&[Some(2), Some(1)]));
        assert_ne!(content(&[Some(0)]), content(&[None]));
    }

    #[test]
    fn the_last_batch_of_a_column_is_short() {
        let group = group(&[Some(1), Some(2), Some(3), Some(4), Some(5)]);
        let header = RowGroupHeader {
            key: veilsum_protocol::KeyFingerprint::from_bytes([1; 32]),
            dataset: veilsum_protocol::DatasetId::from_bytes([2; 16]),
            upload: UploadId::from_bytes([3; 16]),
            index: 0,
            row_count: 5,
            modulus_bits: 2_048,
            block_count: 3,
            columns: columns().iter().map(|column| column.entry).collect(),
        };
        let batch = group.batch(&header, BatchRange { column: 0, first_block: 1, block_count: 2 }, 2);
        assert_eq!(batch.values, [3, 4, 5]);
        let shape = Shape::new(35, 35, 2_048).unwrap();
        assert_eq!(value_count(&shape, 0, BatchRange { column: 0, first_block: 1, block_count: 1 }), 5);
        assert_eq!((batch.first.block, batch.first.column), (1, 0));
    }
}

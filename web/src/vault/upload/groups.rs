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

use crate::encrypt_worker::Batch;
use crate::messages::Fault;
use crate::vault::pool::{Pool, PoolError};
use crate::vault::random::upload_id;
use crate::vault::rows::Rows;
use crate::vault::upload::content::{ContentRows, Holds, SetColumns};
use crate::vault::upload::run::{Run, Stop, file_changed};
use crate::vault::upload::send::{Outgoing, PartBuilder, Way, stored_otherwise, way};
use crate::vault::upload::shape::{BatchRange, Shape, batch_blocks, batches};
use crate::vault::upload::speed;
use crate::vault::upload::state::{GroupState, Resume};

/// The integers of the rows of one chunk: for each set of columns, column after column.
struct ChunkRows {
    sets: Vec<Vec<Vec<i64>>>,
    row_count: u32,
}

/// One row group: a set of columns over the rows of a chunk.
struct Group<'a> {
    chunk: u32,
    /// Position of the set among those that are stored.
    set: usize,
    columns: &'a SetColumns,
    rows: &'a [Vec<i64>],
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
        let file = self.state.borrow().file.clone();
        let workers = OnceCell::new();
        let blocks_per_batch =
            batch_blocks(speed::of(&self.unlocked, self.shape.encryption).await.worker_seconds_per_block);
        let mut rows = Rows::read(self.source, &file.options)?;
        if rows.header() != file.columns {
            return Err(file_changed(self.source).into());
        }
        let mut content =
            self.state.borrow().content.rows(self.source.missing_words(&file.options.missing_words))?;
        let mut chunk = self.read_chunk(0, &mut rows, &mut content).await?;
        for index in 0..self.shape.group_count() {
            let encrypt = self.encrypt_chunk(index, &chunk, blocks_per_batch, &workers, &mut way);
            if index + 1 == self.shape.group_count() {
                encrypt.await?;
                break;
            }
            // The workers have batches to go on with while the next rows are read here.
            let ((), next) = try_join(encrypt, self.read_chunk(index + 1, &mut rows, &mut content)).await?;
            chunk = next;
        }
        let is_end = !rows.next(self.abort).await?;
        if is_end && rows.digest() == file.sha256 { Ok(()) } else { Err(file_changed(self.source).into()) }
    }

    async fn read_chunk(
        &self,
        index: u32,
        rows: &mut Rows,
        content: &mut ContentRows,
    ) -> Result<ChunkRows, Stop> {
        let mut chunk = ChunkRows::new(&self.sets, self.shape.rows_in(index));
        for _ in 0..chunk.row_count {
            if !rows.next(self.abort).await? {
                return Err(file_changed(self.source).into());
            }
            content.read(rows.row())?;
            chunk.push(content, &self.sets);
        }
        Ok(chunk)
    }

    /// Encrypts what is missing of the row groups of one chunk.
    async fn encrypt_chunk(
        &self,
        index: u32,
        chunk: &ChunkRows,
        blocks_per_batch: u32,
        workers: &OnceCell<Pool>,
        way: &mut Way,
    ) -> Result<(), Stop> {
        for (set, (columns, rows)) in self.sets.iter().zip(&chunk.sets).enumerate() {
            let group = Group { chunk: index, set, columns, rows, row_count: chunk.row_count };
            let Some(upload) = self.begin_group(&group).await? else { continue };
            let header = self.header(&group, upload);
            self.encrypt_group(&header, &group, blocks_per_batch, workers, way).await?;
            way.send(Outgoing::Whole(Object::RowGroup { index: header.index })).await?;
        }
        Ok(())
    }

    /// Position of a row group among all that this upload stores.
    fn ordinal(&self, group: &Group<'_>) -> usize {
        group.chunk as usize * self.sets.len() + group.set
    }

    fn header(&self, group: &Group<'_>, upload: UploadId) -> RowGroupHeader {
        let state = self.state.borrow();
        let ordinal = u32::try_from(self.ordinal(group)).expect("fewer than a commit may list");
        let index = state.first_index + ordinal;
        let key = *state.scheme.key();
        self.shape.header(group.chunk, index, self.dataset, key, upload, &group.columns.columns)
    }

    /// The upload id under which what is missing of a row group is to be sent; `None` if nothing is.
    ///
    /// One upload id belongs to one content: if these rows are not those that it was used for, the file has changed.
    async fn begin_group(&self, group: &Group<'_>) -> Result<Option<UploadId>, Stop> {
        let content = group.content();
        let known =
            self.state.borrow().groups.get(self.ordinal(group)).map(|group| (group.content, group.upload));
        let Some((known_content, upload)) = known else {
            let upload = upload_id();
            self.state.borrow_mut().groups.push(GroupState::begin(upload, content));
            return Ok(Some(upload));
        };
        if known_content != content {
            return Err(file_changed(self.source).into());
        }
        let header = self.header(group, upload);
        let object = Object::RowGroup { index: header.index };
        match self.resume_object(object, Some(header.parts().len())).await? {
            Resume::Whole => {
                let values = u64::from(group.row_count) * header.columns.len() as u64;
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
        group: &Group<'_>,
        blocks_per_batch: u32,
        workers: &OnceCell<Pool>,
        way: &mut Way,
    ) -> Result<(), Stop> {
        let object = Object::RowGroup { index: header.index };
        let mut steps = self.missing_steps(header, group.chunk, blocks_per_batch).into_iter();
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
            self.meter.encrypted(value_count(&self.shape, group.chunk, step.range));
            if step.ends {
                let finished = core::mem::replace(&mut part, PartBuilder::new());
                way.send(Outgoing::Part(finished.finish(object, step.part)?)).await?;
            }
        }
    }

    /// What there is to encrypt, in order; parts that are stored already are left out.
    fn missing_steps(&self, header: &RowGroupHeader, chunk: u32, blocks_per_batch: u32) -> Vec<Step> {
        let object = Object::RowGroup { index: header.index };
        let stored = self.state.borrow().transfer(object).cloned().unwrap_or_default().parts;
        let mut steps = Vec::new();
        for (number, range) in (1..).zip(header.parts()) {
            let ranges = batches(header, &range, blocks_per_batch);
            if stored.contains_key(&number) {
                let values = ranges.iter().map(|range| value_count(&self.shape, chunk, *range)).sum();
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
        let pool = speed::ready_pool(&self.unlocked, self.shape.encryption)?;
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

impl ChunkRows {
    fn new(sets: &[SetColumns], row_count: u32) -> Self {
        let column = || Vec::with_capacity(row_count as usize);
        let of_set = |set: &SetColumns| set.columns.iter().map(|_| column()).collect();
        Self { sets: sets.iter().map(of_set).collect(), row_count }
    }

    /// Takes over the integers of the row that `content` has read.
    fn push(&mut self, content: &ContentRows, sets: &[SetColumns]) {
        for (columns, set) in self.sets.iter_mut().zip(sets) {
            for (values, column) in columns.iter_mut().zip(&set.columns) {
                values.push(content.integer(column.holds));
            }
        }
    }
}

impl Group<'_> {
    /// SHA-256 over all integers, column after column.
    fn content(&self) -> Digest {
        let mut hash = Sha256::new();
        hash.update(self.row_count.to_le_bytes());
        for column in self.rows {
            for value in column {
                hash.update(value.to_le_bytes());
            }
        }
        Digest::from_bytes(hash.finalize().into())
    }

    fn batch(&self, header: &RowGroupHeader, range: BatchRange, slot_count: u32) -> Batch {
        let values = &self.rows[range.column];
        let slots = slot_count as usize;
        let start = range.first_block as usize * slots;
        let end = values.len().min(start + range.block_count as usize * slots);
        let first = CheckLabel {
            dataset: header.dataset,
            upload: header.upload,
            column_set: self.columns.column_set,
            column: header.columns[range.column].column,
            block: range.first_block,
        };
        let prime = match self.columns.columns[range.column].holds {
            Holds::Factor { prime, .. } => prime,
            Holds::Values(_) | Holds::Presence(_) | Holds::Derived(_) => 0,
        };
        Batch { first, prime, values: values[start..end].to_vec() }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use veilsum_protocol::row_group::{ColumnEntry, Encryption};

    use super::*;
    use crate::vault::upload::content::StoredColumn;

    fn columns() -> SetColumns {
        let entry = |column| ColumnEntry { column, bound_bits: 8 };
        let column = |at, holds| StoredColumn { entry: entry(at), holds };
        SetColumns {
            column_set: 3,
            columns: vec![column(0, Holds::Values(0)), column(1, Holds::Presence(0))],
        }
    }

    fn group<'a>(columns: &'a SetColumns, rows: &'a [Vec<i64>]) -> Group<'a> {
        let row_count = u32::try_from(rows.first().map_or(0, Vec::len)).unwrap();
        Group { chunk: 0, set: 0, columns, rows, row_count }
    }

    #[test]
    fn another_content_has_another_hash() {
        let columns = columns();
        let content = |rows: &[Vec<i64>]| group(&columns, rows).content();
        assert_eq!(content(&[vec![1, 2], vec![1, 1]]), content(&[vec![1, 2], vec![1, 1]]));
        assert_ne!(content(&[vec![1, 2], vec![1, 1]]), content(&[vec![2, 1], vec![1, 1]]));
        assert_ne!(content(&[vec![0], vec![1]]), content(&[vec![0], vec![0]]));
    }

    #[test]
    fn the_last_batch_of_a_column_is_short() {
        let columns = columns();
        let rows = [vec![1, 2, 3, 4, 5], vec![1; 5]];
        let group = group(&columns, &rows);
        let header = RowGroupHeader {
            key: veilsum_protocol::KeyFingerprint::from_bytes([1; 32]),
            dataset: veilsum_protocol::DatasetId::from_bytes([2; 16]),
            upload: UploadId::from_bytes([3; 16]),
            index: 0,
            row_count: 5,
            encryption: Encryption::Paillier { modulus_bits: 2_048 },
            block_count: 3,
            columns: columns.columns.iter().map(|column| column.entry).collect(),
        };
        let batch = group.batch(&header, BatchRange { column: 0, first_block: 1, block_count: 2 }, 2);
        assert_eq!(batch.values, [3, 4, 5]);
        let shape = Shape::new(35, 35, Encryption::Paillier { modulus_bits: 2_048 }).unwrap();
        assert_eq!(value_count(&shape, 0, BatchRange { column: 0, first_block: 1, block_count: 1 }), 5);
        assert_eq!((batch.first.block, batch.first.column, batch.first.column_set), (1, 0, 3));
    }
}

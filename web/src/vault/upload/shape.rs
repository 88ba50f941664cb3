//! The shape of an upload: how rows fall into row groups, row groups into parts, and parts into batches.

use std::ops::Range;

use veilsum_crypto::bfv::{Ciphertext, ParameterSet};
use veilsum_crypto::packing::Layout;
use veilsum_protocol::row_group::{Encryption, RowGroupHeader};
use veilsum_protocol::{DatasetId, KeyFingerprint, UploadId};
use veilsum_table::treat::Room;

use crate::messages::Fault;
use crate::vault::upload::content::StoredColumn;

/// Fewest rows of a row group that the vault chooses.
pub const MIN_ROWS_PER_GROUP: u32 = 1_024;
/// Most rows of a row group.
pub const MAX_ROWS_PER_GROUP: u32 = 65_536;
/// Most blocks of a column that a row group has under the second engine.
pub const LARGEST_GROUP_BLOCKS: u64 = MAX_ROWS_PER_GROUP as u64 / 8_192;
/// A row group should be encrypted within this, so that a lost one costs little.
const GROUP_SECONDS: f64 = 6.0;
/// The values of a row group must fit this in memory, twice: one is read while the one before is encrypted.
const MAX_GROUP_BYTES: u64 = 16 << 20;
/// Most row groups of a dataset: as many as one commit lists beside the original.
const MAX_GROUPS: u64 = veilsum_protocol::api::MAX_COMMITTED_OBJECTS as u64 - 1;
/// A batch should keep a worker busy for about this long, so that progress is smooth.
const BATCH_SECONDS: f64 = 0.5;
const MAX_BATCH_BLOCKS: u32 = 64;

/// How the second engine encrypts under a parameter set.
#[must_use]
pub fn bfv_encryption(set: ParameterSet) -> Encryption {
    Encryption::Bfv {
        parameter_set: set.id().into(),
        ciphertext_bytes: u32::try_from(Ciphertext::fresh_bytes(set)).unwrap_or(u32::MAX),
    }
}

/// The parameter set of the second engine, where that encrypts.
#[must_use]
pub fn parameter_set(encryption: Encryption) -> Option<ParameterSet> {
    match encryption {
        Encryption::Paillier { .. } => None,
        Encryption::Bfv { parameter_set, .. } => {
            u8::try_from(parameter_set).ok().and_then(ParameterSet::from_id)
        }
    }
}

/// Values that a block holds; `None` for a modulus or a parameter set that does not exist.
#[must_use]
pub fn slot_count(encryption: Encryption) -> Option<u32> {
    match encryption {
        Encryption::Paillier { modulus_bits } => {
            Layout::for_modulus_bits(modulus_bits).map(|layout| layout.slot_count())
        }
        Encryption::Bfv { .. } => parameter_set(encryption).and_then(|set| u32::try_from(set.degree()).ok()),
    }
}

/// Rows per row group for a table of `row_count` rows and `column_count` encrypted columns, where all workers
/// together encrypt a block in `seconds_per_block`: as many as are encrypted within [`GROUP_SECONDS`].
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
pub fn choose_rows_per_group(
    row_count: u64,
    column_count: u64,
    slot_count: u32,
    seconds_per_block: f64,
) -> u32 {
    let columns = column_count.max(1);
    let fits = |rows: u32| {
        let block_count = u64::from(rows.div_ceil(slot_count)) * columns;
        block_count as f64 * seconds_per_block <= GROUP_SECONDS
            && u64::from(rows) * columns * 8 <= MAX_GROUP_BYTES
    };
    // Half a block would take as long as a whole one.
    let mut rows = MIN_ROWS_PER_GROUP.max(slot_count);
    while rows < MAX_ROWS_PER_GROUP && u64::from(rows) < row_count && fits(rows * 2) {
        rows *= 2;
    }
    while rows < MAX_ROWS_PER_GROUP && row_count.div_ceil(u64::from(rows)) > MAX_GROUPS {
        rows *= 2;
    }
    rows
}

/// Blocks per batch where one worker encrypts a block in `seconds_per_block`.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before it is cast")]
pub fn batch_blocks(seconds_per_block: f64) -> u32 {
    (BATCH_SECONDS / seconds_per_block.max(1e-6)).clamp(1.0, f64::from(MAX_BATCH_BLOCKS)) as u32
}

/// How a table falls into row groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Rows of the table, at least 1.
    pub row_count: u64,
    /// Rows of every row group but the last.
    pub rows_per_group: u32,
    /// What its ciphertexts are.
    pub encryption: Encryption,
    slot_count: u32,
}

impl Shape {
    /// # Errors
    /// A [`Fault`] for a modulus or a row group that nothing can be done with.
    pub fn new(row_count: u64, rows_per_group: u32, encryption: Encryption) -> Result<Self, Fault> {
        let slot_count = slot_count(encryption).ok_or_else(|| {
            Fault::new("modulus-bits", "This keyring has a modulus of a size that Veilsum does not use.")
        })?;
        if !(1..=MAX_ROWS_PER_GROUP).contains(&rows_per_group) {
            return Err(Fault::new(
                "rows-per-group",
                "A row group holds 1 to 65,536 rows. Choose a number in between, or leave it to Veilsum.",
            ));
        }
        if row_count.div_ceil(u64::from(rows_per_group)) > MAX_GROUPS {
            return Err(Fault::new(
                "rows-per-group",
                "That makes more than 100,000 row groups. Choose more rows per row group.",
            ));
        }
        Ok(Self { row_count, rows_per_group, encryption, slot_count })
    }

    /// Row groups of each set of columns.
    #[must_use]
    pub fn group_count(&self) -> u32 {
        let count = self.row_count.div_ceil(u64::from(self.rows_per_group));
        u32::try_from(count).expect("checked when the shape was made")
    }

    /// Rows of chunk `index`: each set of columns has a row group for each chunk.
    #[must_use]
    pub fn rows_in(&self, index: u32) -> u32 {
        let before = u64::from(index) * u64::from(self.rows_per_group);
        let rows = self.row_count.saturating_sub(before).min(u64::from(self.rows_per_group));
        u32::try_from(rows).expect("at most as many as a full row group has")
    }

    /// Blocks of one column in row group `index`.
    #[must_use]
    pub fn block_count_in(&self, index: u32) -> u32 {
        self.rows_in(index).div_ceil(self.slot_count)
    }

    /// Blocks of one column over all row groups.
    #[must_use]
    pub fn block_count(&self) -> u64 {
        let full = u64::from(self.group_count().saturating_sub(1));
        full * u64::from(self.block_count_in(0)) + u64::from(self.block_count_in(self.group_count() - 1))
    }

    /// Slots of a block.
    #[must_use]
    pub fn slot_count(&self) -> u32 {
        self.slot_count
    }

    /// How much room a column's numbers have.
    #[must_use]
    pub fn room(&self) -> Room {
        Room { block_count: self.block_count(), slot_count: self.slot_count() }
    }

    /// What stands in front of the row group `index` that holds the rows of chunk `chunk`.
    #[must_use]
    pub fn header(
        &self,
        chunk: u32,
        index: u32,
        dataset: DatasetId,
        key: KeyFingerprint,
        upload: UploadId,
        columns: &[StoredColumn],
    ) -> RowGroupHeader {
        RowGroupHeader {
            key,
            dataset,
            upload,
            index,
            row_count: self.block_count_in(chunk) * self.slot_count,
            encryption: self.encryption,
            block_count: self.block_count_in(chunk),
            columns: columns.iter().map(|column| column.entry).collect(),
        }
    }

    /// Bytes of all row groups of one set of columns.
    #[must_use]
    pub fn bytes(&self, columns: &[StoredColumn]) -> u64 {
        let nobody = (DatasetId::from_bytes([0; 16]), KeyFingerprint::from_bytes([0; 32]));
        let bytes_of = |index| {
            let upload = UploadId::from_bytes([0; 16]);
            self.header(index, index, nobody.0, nobody.1, upload, columns).object_bytes()
        };
        let last = self.group_count() - 1;
        u64::from(last) * bytes_of(0) + bytes_of(last)
    }
}

/// Consecutive blocks of one column that are encrypted at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchRange {
    /// Position of the column in the row group.
    pub column: usize,
    /// First block.
    pub first_block: u32,
    /// Blocks.
    pub block_count: u32,
}

/// Cuts `part`, a byte range of a row group that ends between two ciphertexts, into batches in storage order.
#[must_use]
pub fn batches(header: &RowGroupHeader, part: &Range<u64>, largest: u32) -> Vec<BatchRange> {
    let ciphertext_bytes = u64::from(header.ciphertext_bytes());
    let at = |offset: u64| offset.saturating_sub(header.header_bytes()) / ciphertext_bytes;
    let (mut next, end) = (at(part.start), at(part.end));
    let blocks = u64::from(header.block_count);
    let mut batches = Vec::new();
    while next < end {
        let in_column = next % blocks;
        let count = u64::from(largest.max(1)).min(blocks - in_column).min(end - next);
        batches.push(BatchRange {
            column: usize::try_from(next / blocks).expect("at most 4,096 columns"),
            first_block: u32::try_from(in_column).expect("below the block count"),
            block_count: u32::try_from(count).expect("at most `largest`"),
        });
        next += count;
    }
    batches
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use veilsum_table::treat::NumberEncoding;

    use super::*;
    use crate::vault::upload::content::value_columns;

    const SLOTS: u32 = 46;

    fn paillier(modulus_bits: u32) -> Encryption {
        Encryption::Paillier { modulus_bits }
    }

    fn encoding(column: usize, missing_count: u64) -> NumberEncoding {
        NumberEncoding {
            column,
            name: format!("c{column}"),
            scale: 2,
            rounded: false,
            largest_magnitude: 70_000,
            bound_bits: 24,
            missing_count,
        }
    }

    #[test]
    fn row_groups_take_about_six_seconds() {
        // 65,536 rows of 5 columns are 7,125 blocks.
        assert_eq!(choose_rows_per_group(1 << 20, 5, SLOTS, 0.000_8), 65_536);
        assert_eq!(choose_rows_per_group(1 << 20, 5, SLOTS, 0.000_9), 32_768);
        assert_eq!(choose_rows_per_group(1 << 20, 5, SLOTS, 0.01), 4_096);
    }

    #[test]
    fn row_groups_keep_to_their_limits_however_slow_or_wide() {
        assert_eq!(choose_rows_per_group(1 << 20, 500, SLOTS, 10.0), 1_024);
        assert_eq!(choose_rows_per_group(1 << 20, 4_000, SLOTS, 0.0), 1_024);
        assert_eq!(choose_rows_per_group(u64::MAX >> 20, 5, SLOTS, 10.0), 65_536);
    }

    #[test]
    fn small_tables_get_one_small_group() {
        assert_eq!(choose_rows_per_group(442, 11, SLOTS, 0.001), 1_024);
        assert_eq!(choose_rows_per_group(1_025, 11, SLOTS, 0.001), 2_048);
    }

    #[test]
    fn the_second_engine_fills_its_blocks() {
        assert_eq!(choose_rows_per_group(442, 11, 8_192, 0.001), 8_192);
        assert_eq!(choose_rows_per_group(1 << 20, 4_000, 8_192, 10.0), 8_192);
        assert_eq!(choose_rows_per_group(1 << 20, 5, 8_192, 0.01), 65_536);
        let shape = Shape::new(20_000, 65_536, bfv_encryption(ParameterSet::N8192T57)).unwrap();
        assert_eq!((shape.group_count(), shape.block_count()), (1, 3));
    }

    #[test]
    fn batches_take_half_a_second() {
        assert_eq!(batch_blocks(0.1), 5);
        assert_eq!(batch_blocks(3.0), 1);
        assert_eq!(batch_blocks(0.0), 64);
    }

    #[test]
    fn the_last_group_holds_the_rest() {
        let shape = Shape::new(2_500, 1_024, paillier(2_048)).unwrap();
        assert_eq!(shape.group_count(), 3);
        assert_eq!((0..3).map(|index| shape.rows_in(index)).sum::<u32>(), 2_500);
        assert_eq!(shape.rows_in(2), 452);
        let blocks: u64 = (0..3).map(|index| u64::from(shape.block_count_in(index))).sum();
        assert_eq!(shape.block_count(), blocks);
        let columns = value_columns(&[encoding(0, 0), encoding(1, 3)]);
        let dataset = DatasetId::from_bytes([1; 16]);
        let key = KeyFingerprint::from_bytes([2; 32]);
        let upload = UploadId::from_bytes([3; 16]);
        let bytes: u64 = (0..3)
            .map(|index| shape.header(index, index, dataset, key, upload, &columns).object_bytes())
            .sum();
        assert_eq!(shape.bytes(&columns), bytes);
    }

    #[test]
    fn a_full_last_group_is_counted_once() {
        let shape = Shape::new(2_048, 1_024, paillier(2_048)).unwrap();
        assert_eq!((shape.group_count(), shape.rows_in(1)), (2, 1_024));
        assert_eq!(shape.block_count(), 70);
    }

    #[test]
    fn impossible_row_groups_are_refused() {
        assert_eq!(Shape::new(10, 0, paillier(2_048)).unwrap_err().code, "rows-per-group");
        assert_eq!(Shape::new(10, 65_537, paillier(2_048)).unwrap_err().code, "rows-per-group");
        assert_eq!(Shape::new(200_000, 1, paillier(2_048)).unwrap_err().code, "rows-per-group");
    }

    #[test]
    fn batches_cover_every_part_once_and_never_cross_a_column() {
        let shape = Shape::new(60_000, 65_536, paillier(3_072)).unwrap();
        let columns = value_columns(&[encoding(0, 0), encoding(1, 2), encoding(2, 0)]);
        let header = shape.header(
            0,
            0,
            DatasetId::from_bytes([1; 16]),
            KeyFingerprint::from_bytes([2; 32]),
            UploadId::from_bytes([3; 16]),
            &columns,
        );
        let parts = header.parts();
        let mut next = (0, 0);
        let mut bytes = header.header_bytes();
        for part in &parts {
            for batch in batches(&header, part, 50) {
                assert_eq!((batch.column, batch.first_block), next);
                assert!(batch.first_block + batch.block_count <= header.block_count);
                next = match batch.first_block + batch.block_count {
                    end if end == header.block_count => (batch.column + 1, 0),
                    end => (batch.column, end),
                };
                bytes += u64::from(batch.block_count) * u64::from(header.ciphertext_bytes());
            }
            assert_eq!(bytes, part.end);
        }
        assert_eq!(next, (4, 0));
    }
}

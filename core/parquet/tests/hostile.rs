//! Damaged and hostile files cost a sentence, and never a panic.

#![expect(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

use proptest::prelude::*;
use veilsum_parquet::{Limits, Options, ParquetReader, RandomAccess, ReadError};
use veilsum_table::Row;

const KINDS: &[u8] = include_bytes!("fixtures/kinds.parquet");
const DELTA: &[u8] = include_bytes!("fixtures/delta.parquet");
const GZIP: &[u8] = include_bytes!("fixtures/pancreatitis.gzip.parquet");
const ZSTD: &[u8] = include_bytes!("fixtures/pancreatitis.zstd.parquet");
const LZ4: &[u8] = include_bytes!("fixtures/pancreatitis.lz4.parquet");
const SNAPPY: &[u8] = include_bytes!("fixtures/pancreatitis.snappy.parquet");
const FILES: [&[u8]; 6] = [KINDS, DELTA, GZIP, ZSTD, LZ4, SNAPPY];

/// Rows until the end or an error; a sentence in any case.
fn load_with(file: &[u8], limits: Limits) -> Result<u64, ReadError> {
    let mut reader = ParquetReader::new(file, &Options { limits, ..Options::default() })?;
    let mut row = Row::new();
    while reader.next_row(&mut row)? {}
    Ok(reader.row_number())
}

fn load(file: &[u8]) -> Result<u64, ReadError> {
    load_with(file, Limits::default())
}

/// A file with nothing but this footer.
fn with_footer(footer: &[u8]) -> Vec<u8> {
    let length = u32::try_from(footer.len()).unwrap().to_le_bytes();
    [b"PAR1", footer, &length, b"PAR1"].concat()
}

#[test]
fn other_files_are_told_apart() {
    assert!(matches!(load(b""), Err(ReadError::NotParquet)));
    assert!(matches!(load(b"a,b\n1,2\n"), Err(ReadError::NotParquet)));
    assert!(matches!(load(b"PAR1"), Err(ReadError::CutOff)));
    assert!(matches!(load(b"PAR1PAR1"), Err(ReadError::CutOff)));
    assert!(matches!(load(b"PARE\0\0\0\0PARE"), Err(ReadError::Encrypted)));
    assert!(matches!(load(b"PAR1\0\0\0\0\0\0\0\0PARE"), Err(ReadError::Encrypted)));
}

#[test]
fn every_truncation_is_said_to_be_cut_off() {
    for file in FILES {
        for length in (4..file.len()).step_by(7) {
            let error = load(&file[..length]).unwrap_err();
            assert!(matches!(error, ReadError::CutOff | ReadError::Footer), "{length}: {error}");
        }
    }
}

#[test]
fn a_footer_beyond_the_file_or_the_limit_takes_no_memory() {
    let mut file = KINDS.to_vec();
    let at = file.len() - 8;
    file[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(matches!(load(&file), Err(ReadError::Footer)));
    let limits = Limits { max_footer_bytes: 100, ..Limits::default() };
    assert!(matches!(load_with(KINDS, limits), Err(ReadError::TooMany { maximum: 100, .. })));
}

#[test]
fn ten_bytes_of_metadata_are_no_bomb() {
    // A list of 2³¹ structs, announced in ten bytes.
    for field in [0x29_u8, 0x49, 0x59] {
        let file = with_footer(&[field, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07, 0, 0, 0]);
        assert!(matches!(load(&file), Err(ReadError::Footer)));
    }
    // A million structs that are there, of a byte each.
    let mut footer = vec![0x49, 0xfc, 0xc1, 0x84, 0x3d];
    footer.extend(std::iter::repeat_n(0, 1_000_001));
    footer.push(0);
    assert!(matches!(load(&with_footer(&footer)), Err(ReadError::TooMany { .. })));
}

#[test]
fn a_schema_of_many_levels_does_not_overflow_the_stack() {
    // version, then 100,000 groups of one child each.
    let group = [0x48, 1, b'a', 0x15, 2, 0];
    let mut footer = vec![0x15, 2, 0x19, 0xfc, 0xa0, 0x8d, 0x06];
    for _ in 0..100_000 {
        footer.extend(group);
    }
    footer.push(0);
    let error = load(&with_footer(&footer)).unwrap_err();
    assert!(matches!(error, ReadError::TooMany { what: "levels of nesting", .. }), "{error}");
}

#[test]
fn pages_are_capped() {
    let limits = Limits { max_page_bytes: 20, ..Limits::default() };
    let error = load_with(DELTA, limits).unwrap_err();
    assert!(matches!(error, ReadError::PageTooLarge { maximum: 20, .. }), "{error}");
    let limits = Limits { max_held_bytes: 100, ..Limits::default() };
    let error = load_with(DELTA, limits).unwrap_err();
    assert!(matches!(error, ReadError::TooLarge { maximum: 100 }), "{error}");
    let limits = Limits { max_columns: 3, ..Limits::default() };
    let error = load_with(KINDS, limits).unwrap_err();
    assert!(matches!(error, ReadError::TooMany { what: "columns", actual: 18, maximum: 3 }), "{error}");
}

#[test]
fn a_flipped_bit_anywhere_is_no_panic_and_loses_no_row_in_silence() {
    // Panics inside of crate `parquet` are caught; what they print is noise here.
    std::panic::set_hook(Box::new(|_| {}));
    for (file, rows) in [(KINDS, 3), (GZIP, 10), (ZSTD, 10), (LZ4, 10), (SNAPPY, 10)] {
        for at in 0..file.len() {
            let mut file = file.to_vec();
            file[at] ^= 1 << (at % 8);
            if let Ok(found) = load(&file) {
                assert_eq!(found, rows, "byte {at}");
            }
        }
    }
}

/// A file that is removed after its first reads.
struct Removed(std::cell::Cell<u32>);

impl RandomAccess for Removed {
    fn length(&self) -> u64 {
        DELTA.length()
    }

    fn read(&self, range: std::ops::Range<u64>) -> std::io::Result<Vec<u8>> {
        let left = self.0.get().checked_sub(1).ok_or_else(|| std::io::Error::other("gone"))?;
        self.0.set(left);
        DELTA.read(range)
    }
}

#[test]
fn a_file_that_is_removed_while_it_is_read_is_said_to_be() {
    for reads in 0..6 {
        let load = || -> Result<(), ReadError> {
            let mut reader = ParquetReader::new(Removed(reads.into()), &Options::default())?;
            while reader.next_row(&mut Row::new())? {}
            Ok(())
        };
        let error = load().unwrap_err();
        assert!(matches!(error, ReadError::Io(_)), "{reads}: {error}");
    }
}

proptest! {
    #[test]
    fn changed_bytes_never_panic(
        which in 0..FILES.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
    ) {
        let mut file = FILES[which].to_vec();
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        let _ = load(&file);
    }

    #[test]
    fn any_footer_never_panics(footer in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(load(&with_footer(&footer)).is_err());
    }
}

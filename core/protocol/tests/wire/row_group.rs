use proptest::prelude::*;
use veilsum_protocol::row_group::{
    COLUMN_ENTRY_BYTES, ColumnEntry, Encryption, FIXED_HEADER_BYTES, MAX_COLUMNS, MIN_PART_BYTES,
    RowGroupHeader,
};
use veilsum_protocol::wire::WireError;
use veilsum_protocol::{DatasetId, KeyFingerprint, UploadId};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::{patched, rejects_every_prefix, unhex};

const WHAT: &str = "row group";

fn sample() -> RowGroupHeader {
    RowGroupHeader {
        key: KeyFingerprint::from_bytes([0x11; 32]),
        dataset: DatasetId::from_bytes([0x22; 16]),
        upload: UploadId::from_bytes([0x33; 16]),
        index: 2,
        row_count: 442,
        encryption: Encryption::Paillier { modulus_bits: 2_048 },
        block_count: 15,
        columns: vec![ColumnEntry { column: 7, bound_bits: 16 }, ColumnEntry { column: 1, bound_bits: 8 }],
    }
}

fn picture() -> Vec<u8> {
    unhex(concat!(
        "56535247",                                                         // magic "VSRG"
        "0100",                                                             // format version 1
        "0000",                                                             // reserved
        "1111111111111111111111111111111111111111111111111111111111111111", // key fingerprint
        "22222222222222222222222222222222",                                 // dataset
        "33333333333333333333333333333333",                                 // upload id
        "02000000",                                                         // index 2
        "ba010000",                                                         // 442 rows
        "00080000",                                                         // 2048 bits
        "00020000",                                                         // 512 bytes per ciphertext
        "0f000000",                                                         // 15 blocks per column
        "02000000",                                                         // 2 columns
        "07000000",                                                         // column 7
        "10",                                                               // values below 2^16
        "000000",                                                           // reserved
        "9000000000000000",                                                 // offset 144
        "001e000000000000",                                                 // length 15 · 512
        "01000000",                                                         // column 1
        "08",                                                               // values below 2^8
        "000000",                                                           // reserved
        "901e000000000000",                                                 // offset 144 + 15 · 512
        "001e000000000000",                                                 // length 15 · 512
    ))
}

#[test]
fn looks_like_its_picture() {
    assert_eq!(sample().to_bytes(), picture());
    assert_eq!(RowGroupHeader::from_bytes(&picture()).unwrap(), sample());
}

#[test]
fn frozen_bytes_are_still_written_and_read() {
    let frozen = unhex(include_str!("../frozen/row_group_header_v1.hex"));
    assert_eq!(RowGroupHeader::from_bytes(&frozen).unwrap(), sample());
    assert_eq!(sample().to_bytes(), frozen);
}

#[test]
fn tells_its_header_length_from_its_fixed_part() {
    let bytes = picture();
    let length = RowGroupHeader::total_header_bytes(&bytes[..FIXED_HEADER_BYTES]).unwrap();
    assert_eq!(length, bytes.len());
    rejects_every_prefix(&bytes[..FIXED_HEADER_BYTES], RowGroupHeader::total_header_bytes, |error| {
        matches!(error, WireError::Truncated { .. })
    });
    for column_count in [0, MAX_COLUMNS + 1, u32::MAX] {
        let hostile = patched(&bytes, 92, &column_count.to_le_bytes());
        assert_eq!(RowGroupHeader::total_header_bytes(&hostile), Err(out_of_range("columns")));
    }
}

#[test]
fn rejects_truncation_and_extension() {
    let bytes = picture();
    rejects_every_prefix(&bytes, RowGroupHeader::from_bytes, |error| {
        matches!(error, WireError::Truncated { .. })
    });
    let longer = [bytes, vec![0]].concat();
    assert_eq!(RowGroupHeader::from_bytes(&longer), Err(WireError::TrailingBytes { what: WHAT, extra: 1 }));
}

#[test]
fn rejects_each_altered_field_by_name() {
    let entry = FIXED_HEADER_BYTES;
    let second = FIXED_HEADER_BYTES + COLUMN_ENTRY_BYTES;
    let unknown = |actual| WireError::UnknownVersion { what: WHAT, actual, newest: 2 };
    let cases: [(usize, &[u8], WireError); 26] = [
        (0, b"VSRH", WireError::WrongMagic { what: WHAT }),
        (4, &[0, 0], out_of_range("version")),
        (4, &[2, 0], out_of_range("parameter set")),
        (4, &[3, 0], unknown(3)),
        (4, &[0xff, 0xff], unknown(0xffff)),
        (6, &[1], out_of_range("parameter set")),
        (7, &[0x80], out_of_range("parameter set")),
        (76, &[0, 0, 0, 0], out_of_range("rows")),
        (76, &14_u32.to_le_bytes(), out_of_range("blocks per column")),
        (80, &0_u32.to_le_bytes(), out_of_range("bits of the modulus")),
        (80, &1_016_u32.to_le_bytes(), out_of_range("bits of the modulus")),
        (80, &2_047_u32.to_le_bytes(), out_of_range("bits of the modulus")),
        (80, &16_392_u32.to_le_bytes(), out_of_range("bits of the modulus")),
        (80, &3_072_u32.to_le_bytes(), out_of_range("bytes per ciphertext")),
        (84, &513_u32.to_le_bytes(), out_of_range("bytes per ciphertext")),
        (88, &0_u32.to_le_bytes(), out_of_range("blocks per column")),
        (88, &443_u32.to_le_bytes(), out_of_range("blocks per column")),
        (92, &0_u32.to_le_bytes(), out_of_range("columns")),
        (92, &u32::MAX.to_le_bytes(), out_of_range("columns")),
        (entry + 4, &[0], out_of_range("bound class")),
        (entry + 4, &[64], out_of_range("bound class")),
        (entry + 5, &[1], out_of_range("reserved")),
        (entry + 8, &145_u64.to_le_bytes(), out_of_range("column offset")),
        (entry + 16, &u64::MAX.to_le_bytes(), out_of_range("column length")),
        (second, &7_u32.to_le_bytes(), out_of_range("column number")),
        (second + 8, &144_u64.to_le_bytes(), out_of_range("column offset")),
    ];
    for (offset, value, expected) in cases {
        let hostile = patched(&picture(), offset, value);
        assert_eq!(RowGroupHeader::from_bytes(&hostile), Err(expected), "at {offset}");
    }
}

#[test]
fn fewer_columns_than_told_is_truncation_and_more_is_trailing() {
    let one_more = patched(&picture(), 92, &3_u32.to_le_bytes());
    assert_eq!(RowGroupHeader::from_bytes(&one_more), Err(out_of_range("column offset")));
    let one_less = patched(&picture(), 92, &1_u32.to_le_bytes());
    assert_eq!(RowGroupHeader::from_bytes(&one_less), Err(out_of_range("column offset")));
}

#[test]
fn columns_lie_back_to_back_and_fill_the_object() {
    let header = sample();
    assert_eq!(header.column_range(7), Some(144..144 + 7_680));
    assert_eq!(header.column_range(1), Some(144 + 7_680..144 + 2 * 7_680));
    assert_eq!(header.column_range(2), None);
    assert_eq!(header.object_bytes(), 144 + 2 * 7_680);
}

#[test]
fn a_header_under_bfv_names_its_parameter_set_and_no_bounds() {
    let encryption = Encryption::Bfv { parameter_set: 1, ciphertext_bytes: 166_000 };
    let columns = vec![ColumnEntry { column: 7, bound_bits: 0 }];
    let header = RowGroupHeader { encryption, block_count: 1, columns, ..sample() };
    let bytes = header.to_bytes();
    assert_eq!(bytes[4..8], [2, 0, 1, 0]);
    assert_eq!(bytes[80..88], [0, 0, 0, 0, 0x70, 0x88, 2, 0]);
    assert_eq!(RowGroupHeader::from_bytes(&bytes), Ok(header));
    let refused = |place, with: &[u8], field| {
        assert_eq!(RowGroupHeader::from_bytes(&patched(&bytes, place, with)), Err(out_of_range(field)));
    };
    refused(6, &[0], "parameter set");
    refused(4, &[1], "parameter set");
    refused(81, &[8], "bits of the modulus");
    refused(87, &[1], "bytes per ciphertext");
    refused(100, &[8], "bound class");
    assert_eq!(RowGroupHeader::from_bytes(&patched(&picture(), 6, &[1])), Err(out_of_range("parameter set")));
}

fn out_of_range(field: &'static str) -> WireError {
    WireError::OutOfRange { what: WHAT, field }
}

fn any_header() -> impl Strategy<Value = RowGroupHeader> {
    let paillier = (128_u32..=2_048).prop_map(|bytes| Encryption::Paillier { modulus_bits: bytes * 8 });
    let bfv = (1_u16.., 1_u32..200_000)
        .prop_map(|(parameter_set, ciphertext_bytes)| Encryption::Bfv { parameter_set, ciphertext_bytes });
    let encryption = prop_oneof![paillier, bfv];
    let columns = prop::collection::btree_map(any::<u32>(), 1_u8..=7, 1..40);
    (any::<[u8; 32]>(), any::<u32>(), encryption, 1_u32..5_000, 0_u32..100_000, columns).prop_map(
        |(key, index, encryption, block_count, more_rows, columns)| RowGroupHeader {
            key: KeyFingerprint::from_bytes(key),
            dataset: DatasetId::from_bytes([1; 16]),
            upload: UploadId::from_bytes([2; 16]),
            index,
            row_count: block_count + more_rows,
            encryption,
            block_count,
            columns: columns
                .into_iter()
                .map(|(column, class)| {
                    let is_paillier = matches!(encryption, Encryption::Paillier { .. });
                    ColumnEntry { column, bound_bits: if is_paillier { class * 8 } else { 0 } }
                })
                .collect(),
        },
    )
}

proptest! {
    #[test]
    fn every_header_is_read_as_written(header in any_header()) {
        let bytes = header.to_bytes();
        prop_assert_eq!(bytes.len() as u64, header.header_bytes());
        prop_assert_eq!(RowGroupHeader::total_header_bytes(&bytes).unwrap(), bytes.len());
        prop_assert_eq!(RowGroupHeader::from_bytes(&bytes).unwrap(), header);
    }

    #[test]
    fn parts_cover_the_object_in_order(header in any_header()) {
        let parts = header.parts();
        let mut end = 0;
        for part in &parts {
            prop_assert_eq!(part.start, end);
            prop_assert!(part.end > part.start);
            end = part.end;
        }
        prop_assert_eq!(end, header.object_bytes());
    }

    #[test]
    fn parts_are_large_enough_and_cut_between_ciphertexts(header in any_header()) {
        let parts = header.parts();
        let (last, full) = parts.split_last().unwrap();
        for part in full {
            prop_assert!(part.end - part.start >= MIN_PART_BYTES);
            prop_assert!(part.end - part.start < 2 * MIN_PART_BYTES);
            prop_assert_eq!((part.end - header.header_bytes()) % u64::from(header.ciphertext_bytes()), 0);
        }
        prop_assert!(last.end - last.start < 2 * MIN_PART_BYTES);
    }
}

use proptest::prelude::*;
use veilsum_protocol::answer::{Answer, EncryptedAggregates, HEADER_BYTES, Partial};
use veilsum_protocol::wire::WireError;
use veilsum_protocol::{Digest, JobId};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::{patched, rejects_every_prefix, unhex};

fn aggregates() -> EncryptedAggregates {
    EncryptedAggregates {
        job: JobId::from_bytes([0x44; 16]),
        plan: Digest::from_bytes([0x55; 32]),
        block_count: 15,
        ciphertext_bytes: 4,
        ciphertexts: vec![vec![0xc1, 0xc2, 0xc3, 0xc4], vec![0xd1, 0xd2, 0xd3, 0xd4]],
    }
}

fn partial() -> Partial {
    Partial { row_group: 2, aggregates: aggregates() }
}

fn answer() -> Answer {
    Answer { row_group_count: 3, aggregates: aggregates() }
}

fn partial_picture() -> Vec<u8> {
    unhex(concat!(
        "56535041",                                                         // magic "VSPA"
        "0100",                                                             // format version 1
        "0000",                                                             // reserved
        "44444444444444444444444444444444",                                 // job
        "5555555555555555555555555555555555555555555555555555555555555555", // SHA-256 of the plan
        "02000000",                                                         // row group 2
        "0f00000000000000",                                                 // 15 blocks
        "04000000",                                                         // 4 bytes per ciphertext
        "02000000",                                                         // 2 aggregates
        "c1c2c3c4",                                                         // first ciphertext
        "d1d2d3d4",                                                         // second ciphertext
    ))
}

fn answer_picture() -> Vec<u8> {
    unhex(concat!(
        "5653414e",                                                         // magic "VSAN"
        "0100",                                                             // format version 1
        "0000",                                                             // reserved
        "44444444444444444444444444444444",                                 // job
        "5555555555555555555555555555555555555555555555555555555555555555", // SHA-256 of the plan
        "03000000",                                                         // 3 row groups
        "0f00000000000000",                                                 // 15 blocks
        "04000000",                                                         // 4 bytes per ciphertext
        "02000000",                                                         // 2 aggregates
        "c1c2c3c4",                                                         // first ciphertext
        "d1d2d3d4",                                                         // second ciphertext
    ))
}

#[test]
fn partial_looks_like_its_picture() {
    assert_eq!(partial().to_bytes(), partial_picture());
    assert_eq!(Partial::from_bytes(&partial_picture()).unwrap(), partial());
}

#[test]
fn answer_looks_like_its_picture() {
    assert_eq!(answer().to_bytes(), answer_picture());
    assert_eq!(Answer::from_bytes(&answer_picture()).unwrap(), answer());
}

fn of_two_sizes() -> Partial {
    let ciphertexts = vec![vec![0xc1, 0xc2], vec![0xd1, 0xd2, 0xd3]];
    let aggregates = EncryptedAggregates { ciphertext_bytes: 0, ciphertexts, ..aggregates() };
    Partial { row_group: 2, aggregates }
}

fn partial_picture_2() -> Vec<u8> {
    unhex(concat!(
        "56535041",                                                         // magic "VSPA"
        "0200",                                                             // format version 2
        "0000",                                                             // reserved
        "44444444444444444444444444444444",                                 // job
        "5555555555555555555555555555555555555555555555555555555555555555", // SHA-256 of the plan
        "02000000",                                                         // row group 2
        "0f00000000000000",                                                 // 15 blocks
        "00000000",                                                         // sizes differ
        "02000000",                                                         // 2 aggregates
        "02000000",                                                         // 2 bytes
        "c1c2",                                                             // first ciphertext
        "03000000",                                                         // 3 bytes
        "d1d2d3",                                                           // second ciphertext
    ))
}

#[test]
fn ciphertexts_of_different_sizes_come_with_their_lengths() {
    assert_eq!(of_two_sizes().to_bytes(), partial_picture_2());
    assert_eq!(Partial::from_bytes(&partial_picture_2()).unwrap(), of_two_sizes());
    rejects_every_prefix(&partial_picture_2(), Partial::from_bytes, |error| {
        matches!(error, WireError::Truncated { .. })
    });
}

#[test]
fn only_an_answer_under_bfv_is_empty() {
    let empty =
        |ciphertext_bytes| EncryptedAggregates { ciphertext_bytes, ciphertexts: Vec::new(), ..aggregates() };
    let answer = Answer { row_group_count: 3, aggregates: empty(0) };
    assert_eq!(Answer::from_bytes(&answer.to_bytes()).unwrap(), answer);
    let refused = |what| WireError::OutOfRange { what, field: "aggregates" };
    let full = Answer { row_group_count: 3, aggregates: of_two_sizes().aggregates };
    assert_eq!(Answer::from_bytes(&full.to_bytes()), Err(refused("answer")));
    let answer = Answer { row_group_count: 3, aggregates: empty(4) };
    assert_eq!(Answer::from_bytes(&answer.to_bytes()), Err(refused("answer")));
    let partial = Partial { row_group: 2, aggregates: empty(0) };
    assert_eq!(Partial::from_bytes(&partial.to_bytes()), Err(refused("partial")));
}

#[test]
fn frozen_bytes_are_still_written_and_read() {
    let frozen = unhex(include_str!("../frozen/partial_v1.hex"));
    assert_eq!(Partial::from_bytes(&frozen).unwrap(), partial());
    assert_eq!(partial().to_bytes(), frozen);
    let frozen = unhex(include_str!("../frozen/answer_v1.hex"));
    assert_eq!(Answer::from_bytes(&frozen).unwrap(), answer());
    assert_eq!(answer().to_bytes(), frozen);
}

#[test]
fn partial_and_answer_are_not_taken_for_each_other() {
    assert_eq!(Partial::from_bytes(&answer_picture()), Err(WireError::WrongMagic { what: "partial" }));
    assert_eq!(Answer::from_bytes(&partial_picture()), Err(WireError::WrongMagic { what: "answer" }));
}

#[test]
fn rejects_truncation_and_extension() {
    let truncated = |error: &WireError| matches!(error, WireError::Truncated { .. });
    rejects_every_prefix(&partial_picture(), Partial::from_bytes, truncated);
    rejects_every_prefix(&answer_picture(), Answer::from_bytes, truncated);
    let longer = [answer_picture(), vec![0; 3]].concat();
    assert_eq!(Answer::from_bytes(&longer), Err(WireError::TrailingBytes { what: "answer", extra: 3 }));
    let longer = [partial_picture(), vec![0; 4]].concat();
    assert_eq!(Partial::from_bytes(&longer), Err(WireError::TrailingBytes { what: "partial", extra: 4 }));
}

#[test]
fn rejects_each_altered_field_by_name() {
    let out_of_range = |field| WireError::OutOfRange { what: "answer", field };
    let too_long = |needed| WireError::Truncated { what: "answer", needed, actual: HEADER_BYTES + 8 };
    let cases: [(usize, &[u8], WireError); 12] = [
        (3, b"M", WireError::WrongMagic { what: "answer" }),
        (4, &[0, 0], out_of_range("version")),
        (4, &[2, 0], out_of_range("bytes per ciphertext")),
        (4, &[3, 0], WireError::UnknownVersion { what: "answer", actual: 3, newest: 2 }),
        (6, &[1, 0], out_of_range("reserved")),
        (6, &[0, 1], out_of_range("reserved")),
        (68, &0_u32.to_le_bytes(), out_of_range("bytes per ciphertext")),
        (68, &u32::MAX.to_le_bytes(), out_of_range("bytes per ciphertext")),
        (68, &8_u32.to_le_bytes(), too_long(HEADER_BYTES + 16)),
        (72, &0_u32.to_le_bytes(), out_of_range("aggregates")),
        (72, &u32::MAX.to_le_bytes(), out_of_range("aggregates")),
        (72, &3_u32.to_le_bytes(), too_long(HEADER_BYTES + 12)),
    ];
    for (offset, value, expected) in cases {
        let hostile = patched(&answer_picture(), offset, value);
        assert_eq!(Answer::from_bytes(&hostile), Err(expected), "at {offset}");
    }
}

fn any_aggregates() -> impl Strategy<Value = EncryptedAggregates> {
    (1_usize..600, 1_usize..12, any::<[u8; 16]>(), any::<[u8; 32]>(), any::<u64>()).prop_flat_map(
        |(width, count, job, plan, block_count)| {
            let ciphertext = prop::collection::vec(any::<u8>(), width);
            prop::collection::vec(ciphertext, count).prop_map(move |ciphertexts| EncryptedAggregates {
                job: JobId::from_bytes(job),
                plan: Digest::from_bytes(plan),
                block_count,
                ciphertext_bytes: u32::try_from(width).unwrap(),
                ciphertexts,
            })
        },
    )
}

proptest! {
    #[test]
    fn everything_is_read_as_written(aggregates in any_aggregates(), place in any::<u32>()) {
        let partial = Partial { row_group: place, aggregates: aggregates.clone() };
        prop_assert_eq!(Partial::from_bytes(&partial.to_bytes()).unwrap(), partial);
        let answer = Answer { row_group_count: place, aggregates };
        prop_assert_eq!(Answer::from_bytes(&answer.to_bytes()).unwrap(), answer);
    }
}

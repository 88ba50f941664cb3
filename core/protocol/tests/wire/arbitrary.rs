//! Bytes from anywhere are read or refused, never a panic; what is read is written back as the same bytes.

use proptest::prelude::*;
use veilsum_protocol::answer::{Answer, Partial};
use veilsum_protocol::manifest::Manifest;
use veilsum_protocol::plan::Plan;
use veilsum_protocol::row_group::RowGroupHeader;

use crate::unhex;

/// Random bytes, and frozen good bytes with a few bytes changed, which get much further into a reader.
fn hostile(good: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let length = good.len();
    let changes = prop::collection::vec((0..length, any::<u8>()), 1..6);
    let mutated = (changes, 0..=length).prop_map(move |(changes, keep)| {
        let mut bytes = good.clone();
        for (place, value) in changes {
            bytes[place] = value;
        }
        // Mostly whole, so that later fields are reached too.
        if keep % 4 == 0 {
            bytes.truncate(keep);
        }
        bytes
    });
    prop_oneof![prop::collection::vec(any::<u8>(), 0..300), mutated]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn row_group_header(bytes in hostile(unhex(include_str!("../frozen/row_group_header_v1.hex")))) {
        let _ = RowGroupHeader::total_header_bytes(&bytes);
        if let Ok(header) = RowGroupHeader::from_bytes(&bytes) {
            prop_assert_eq!(header.to_bytes(), bytes);
            prop_assert!(header.object_bytes() > header.header_bytes());
        }
    }

    #[test]
    fn partial(bytes in hostile(unhex(include_str!("../frozen/partial_v1.hex")))) {
        if let Ok(partial) = Partial::from_bytes(&bytes) {
            prop_assert_eq!(partial.to_bytes(), bytes);
        }
    }

    #[test]
    fn answer(bytes in hostile(unhex(include_str!("../frozen/answer_v1.hex")))) {
        if let Ok(answer) = Answer::from_bytes(&bytes) {
            prop_assert_eq!(answer.to_bytes(), bytes);
        }
    }

    #[test]
    fn plan(bytes in hostile(include_bytes!("../frozen/plan_v1.json").to_vec())) {
        if let Ok(plan) = Plan::from_bytes(&bytes) {
            prop_assert_eq!(Plan::from_bytes(&plan.to_bytes()).unwrap(), plan);
        }
    }

    #[test]
    fn manifest(bytes in hostile(include_bytes!("../frozen/manifest_v1.json").to_vec())) {
        if let Ok(manifest) = Manifest::from_bytes(&bytes) {
            prop_assert_eq!(Manifest::from_bytes(&manifest.to_bytes()).unwrap(), manifest);
        }
    }
}

use veilsum_protocol::manifest::{
    Binning, Centring, Column, DerivedColumn, EncryptedNumber, FactorColumn, IdentifyingColumn,
    IdentifyingDecision, Limb, Manifest, PartEntry, Preparation, RowGroupEntry, Scheme, SealedOriginal,
    Source, Treatment,
};
use veilsum_protocol::plan::{Aggregate, MAX_AGGREGATES, MAX_ROW_GROUPS, Plan, RowGroupRef};
use veilsum_protocol::term::{Factor, Indicator, Term};
use veilsum_protocol::wire::WireError;
use veilsum_protocol::{DatasetId, Digest, KeyFingerprint, UploadId};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::rejects_every_prefix;

const FROZEN_PLAN: &str = include_str!("../frozen/plan_v1.json");
const FROZEN_MANIFEST: &str = include_str!("../frozen/manifest_v1.json");
const FROZEN_PLAN_2: &str = include_str!("../frozen/plan_v2.json");
const FROZEN_MANIFEST_2: &str = include_str!("../frozen/manifest_v2.json");
const FROZEN_PLAN_3: &str = include_str!("../frozen/plan_v3.json");
const FROZEN_MANIFEST_3: &str = include_str!("../frozen/manifest_v3.json");
const FROZEN_MANIFEST_4: &str = include_str!("../frozen/manifest_v4.json");

fn plan() -> Plan {
    Plan {
        version: 1,
        dataset: DatasetId::from_bytes([0x22; 16]),
        key: KeyFingerprint::from_bytes([0x11; 32]),
        modulus: "c0ffee01".to_owned(),
        parameter_set: None,
        aggregates: vec![
            Aggregate::Sum { column: 7, column_set: 0 },
            Aggregate::Sum { column: 1, column_set: 0 },
        ],
        row_groups: vec![
            RowGroupRef { index: 0, row_count: 65_536, size_bytes: 2_237_584, column_set: 0 },
            RowGroupRef { index: 2, row_count: 442, size_bytes: 15_504, column_set: 0 },
        ],
    }
}

fn manifest() -> Manifest {
    let part = |byte, size_bytes| PartEntry { size_bytes, sha256: Digest::from_bytes([byte; 32]) };
    Manifest {
        version: 1,
        dataset: DatasetId::from_bytes([0x22; 16]),
        sequence: 2,
        previous: Some(Digest::from_bytes([0x66; 32])),
        created_at: 1_700_000_000,
        expires_at: 1_900_000_000,
        scheme: Scheme::Paillier {
            modulus_bits: 3_072,
            key: KeyFingerprint::from_bytes([0x11; 32]),
            modulus: "c0ffee01".to_owned(),
        },
        source: Source {
            file_name: "Größen \"2024\".csv".to_owned(),
            size_bytes: 18_446_744_073_709_551_615,
            sha256: Digest::from_bytes([0x77; 32]),
            row_count: 442,
            skipped_row_count: 1,
            missing_words: Vec::new(),
            first_row_is_data: false,
            decimal_comma: false,
            column_types: Vec::new(),
            preparation: None,
        },
        columns: vec![
            Column::new(
                "<img src=x onerror=alert(1)>".to_owned(),
                Treatment::Number(EncryptedNumber {
                    column: 7,
                    presence: Some(1),
                    scale: 2,
                    rounded: true,
                    largest_magnitude: 9_007_199_254_740_993,
                    bound_bits: 56,
                    missing_count: 3,
                    centring: None,
                }),
            ),
            Column::new("__proto__".to_owned(), Treatment::SealedOriginalOnly),
            Column::new(String::new(), Treatment::Dropped),
        ],
        row_groups: vec![RowGroupEntry {
            index: 0,
            row_count: 442,
            upload: UploadId::from_bytes([0x33; 16]),
            parts: vec![part(0x88, 5_242_880), part(0x99, 17)],
            batch: 0,
            column_set: 0,
        }],
        appended: Vec::new(),
        derived: Vec::new(),
        factors: Vec::new(),
        identifying: Vec::new(),
        original: Some(SealedOriginal {
            plaintext_bytes: 18_500,
            exact: false,
            parts: vec![part(0xaa, 18_588)],
        }),
    }
}

/// With two sets of columns.
fn plan_2() -> Plan {
    let mut plan = Plan { version: 2, ..plan() };
    plan.aggregates.push(Aggregate::Sum { column: 9, column_set: 1 });
    plan.row_groups.push(RowGroupRef { index: 3, row_count: 460, size_bytes: 7_752, column_set: 1 });
    plan
}

/// With a second batch, categories, bins, and derived columns of every kind.
fn manifest_2() -> Manifest {
    let mut manifest = Manifest { version: 2, sequence: 3, ..manifest() };
    let Treatment::Number(number) = &mut manifest.columns[0].treatment else { unreachable!() };
    number.centring = Some(Centring { centre: -12, largest_deviation: 9_007_199_254_741_005 });
    manifest.columns[0].binnings = vec![Binning { lower: -100, width: 25, count: 8 }];
    manifest.columns[1].treatment = Treatment::Category { missing_count: 2 };
    manifest.columns[1].categories = vec!["a".to_owned(), "<b>".to_owned()];
    manifest.appended = vec![Source { file_name: "2025.csv".to_owned(), ..manifest.source.clone() }];
    manifest.row_groups.push(RowGroupEntry {
        index: 3,
        batch: 1,
        column_set: 1,
        ..manifest.row_groups[0].clone()
    });
    let limb = |column, largest_magnitude, bound_bits| Limb { column, largest_magnitude, bound_bits };
    let square = Term::power(0, 2);
    let category = |category| Term::indicator(Indicator::Category { column: 1, category });
    let masked = Term::power(0, 1).times(&Term::indicator(Indicator::Present { column: 1 }));
    let bin = Term::indicator(Indicator::Bin { column: 0, binning: 0, bin: 7 });
    manifest.derived = vec![
        DerivedColumn {
            column_set: 1,
            terms: vec![square],
            digit_bits: 0,
            limbs: vec![limb(8, 4_294_967_295, 32), limb(9, 1 << 40, 48)],
        },
        DerivedColumn {
            column_set: 1,
            terms: vec![category(0), category(1), bin],
            digit_bits: 7,
            limbs: vec![limb(10, 16_513, 16)],
        },
        DerivedColumn {
            column_set: 1,
            terms: vec![masked],
            digit_bits: 0,
            limbs: vec![limb(11, 1 << 54, 56)],
        },
    ];
    manifest
}

/// Products of columns under BFV.
fn plan_3() -> Plan {
    let product =
        |columns: &[u32], prime, level| Aggregate::Product { columns: columns.to_vec(), prime, level };
    Plan {
        version: 3,
        modulus: String::new(),
        parameter_set: Some(1),
        aggregates: vec![product(&[7], 0, 2), product(&[7, 7], 0, 1), product(&[8, 8], 1, 1)],
        ..plan()
    }
}

/// Factors under BFV.
fn manifest_3() -> Manifest {
    let key = KeyFingerprint::from_bytes([0x11; 32]);
    let mut manifest = Manifest {
        version: 3,
        scheme: Scheme::Bfv { parameter_set: 1, primes: 2, key },
        derived: Vec::new(),
        ..manifest_2()
    };
    let factor = |factor, largest_magnitude, columns: &[u32]| FactorColumn {
        factor,
        largest_magnitude,
        columns: columns.to_vec(),
    };
    let indicator = Indicator::Category { column: 1, category: 1 };
    manifest.factors = vec![
        factor(Factor::Deviation { column: 0 }, 9_007_199_254_741_005, &[7, 8]),
        factor(Factor::Indicator { indicator: Indicator::Present { column: 0 } }, 1, &[1, 2]),
        factor(Factor::Indicator { indicator }, 1, &[3, 4]),
    ];
    manifest
}

#[test]
fn frozen_documents_of_version_3_are_still_written_and_read() {
    let frozen = FROZEN_PLAN_3.trim_end();
    assert_eq!(String::from_utf8(plan_3().to_bytes()).unwrap(), frozen);
    assert_eq!(Plan::from_bytes(frozen.as_bytes()).unwrap(), plan_3());
    let frozen = FROZEN_MANIFEST_3.trim_end();
    assert_eq!(String::from_utf8(manifest_3().to_bytes()).unwrap(), frozen);
    assert_eq!(Manifest::from_bytes(frozen.as_bytes()).unwrap(), manifest_3());
}

/// Prepared rows, and columns that the owner was asked about.
fn manifest_4() -> Manifest {
    let mut manifest = Manifest { version: 4, ..manifest_2() };
    let fitted = r#"{"version":1,"steps":[]}"#.to_owned();
    manifest.source.preparation = Some(Preparation { fitted, read_row_count: 450 });
    let identifying = |name: &str, decision| IdentifyingColumn {
        name: name.to_owned(),
        looks_like: "442 of 442 cells looked at could be e-mail addresses.".to_owned(),
        decision,
        in_original: None,
    };
    manifest.identifying = vec![
        identifying("e-mail", IdentifyingDecision::Pseudonymise),
        identifying("<b>", IdentifyingDecision::Keep),
        identifying("", IdentifyingDecision::LeaveOut),
    ];
    manifest
}

#[test]
fn a_frozen_manifest_of_version_4_is_still_written_and_read() {
    let frozen = FROZEN_MANIFEST_4.trim_end();
    assert_eq!(String::from_utf8(manifest_4().to_bytes()).unwrap(), frozen);
    assert_eq!(Manifest::from_bytes(frozen.as_bytes()).unwrap(), manifest_4());
}

#[test]
fn factors_are_found_and_nothing_is_there_to_be_added_up() {
    let manifest = manifest_3();
    assert_eq!(manifest.factor(Factor::Deviation { column: 0 }).unwrap().columns, [7, 8]);
    assert_eq!(manifest.factor(Factor::Deviation { column: 1 }), None);
    assert_eq!((manifest.stored_columns().count(), manifest.stored_column_count()), (0, 6));
    assert_eq!(manifest_2().stored_column_count(), 6);
}

#[test]
fn plans_of_two_engines_are_not_mixed() {
    let refused = |plan: &Plan, field| {
        let expected = WireError::OutOfRange { what: "plan", field };
        assert_eq!(Plan::from_bytes(&plan.to_bytes()), Err(expected));
    };
    let of = |columns: &[u32]| Aggregate::Product { columns: columns.to_vec(), prime: 0, level: 0 };
    refused(&Plan { parameter_set: None, ..plan_3() }, "aggregates");
    refused(&Plan { parameter_set: Some(1), ..plan() }, "aggregates");
    refused(&Plan { modulus: "c0ffee01".to_owned(), ..plan_3() }, "modulus");
    refused(&Plan { aggregates: vec![of(&[])], ..plan_3() }, "aggregates");
    refused(&Plan { aggregates: vec![of(&[1, 2, 3, 4])], ..plan_3() }, "aggregates");
}

#[test]
fn frozen_documents_of_version_2_are_still_written_and_read() {
    let frozen = FROZEN_PLAN_2.trim_end();
    assert_eq!(Plan::from_bytes(frozen.as_bytes()).unwrap(), plan_2());
    assert_eq!(String::from_utf8(plan_2().to_bytes()).unwrap(), frozen);
    let frozen = FROZEN_MANIFEST_2.trim_end();
    assert_eq!(Manifest::from_bytes(frozen.as_bytes()).unwrap(), manifest_2());
    assert_eq!(String::from_utf8(manifest_2().to_bytes()).unwrap(), frozen);
}

#[test]
fn every_stored_column_is_known_with_its_set_and_digits() {
    let manifest = manifest_2();
    let found: Vec<_> = manifest
        .stored_columns()
        .map(|stored| (stored.column, stored.column_set, stored.digits.count, stored.digits.bits))
        .collect();
    assert_eq!(found, [(7, 0, 1, 0), (1, 0, 1, 0), (8, 1, 1, 0), (9, 1, 1, 0), (10, 1, 3, 7), (11, 1, 1, 0)]);
    assert_eq!((manifest.batch_count(), manifest.row_count()), (2, 884));
    assert_eq!(manifest.batch(1).unwrap().file_name, "2025.csv");
    assert!(manifest.batch(2).is_none());
}

#[test]
fn bins_hold_what_lies_between_their_edges() {
    let binning = Binning { lower: -100, width: 25, count: 8 };
    assert_eq!(binning.bin_of(-101), None);
    assert_eq!(binning.bin_of(-100), Some(0));
    assert_eq!(binning.bin_of(-76), Some(0));
    assert_eq!(binning.bin_of(-75), Some(1));
    assert_eq!(binning.bin_of(99), Some(7));
    assert_eq!(binning.bin_of(100), None);
    assert_eq!(binning.edges(7), (75, 100));
    let widest = Binning { lower: i64::MIN, width: u64::MAX, count: 1 };
    assert_eq!((widest.bin_of(i64::MAX), widest.bin_of(i64::MIN)), (None, Some(0)));
    assert_eq!(Binning { width: 0, ..binning }.bin_of(0), None);
}

#[test]
fn frozen_plan_is_still_written_and_read() {
    let frozen = FROZEN_PLAN.trim_end();
    assert_eq!(Plan::from_bytes(frozen.as_bytes()).unwrap(), plan());
    assert_eq!(String::from_utf8(plan().to_bytes()).unwrap(), frozen);
}

#[test]
fn frozen_manifest_is_still_written_and_read() {
    let frozen = FROZEN_MANIFEST.trim_end();
    assert_eq!(Manifest::from_bytes(frozen.as_bytes()).unwrap(), manifest());
    assert_eq!(String::from_utf8(manifest().to_bytes()).unwrap(), frozen);
}

#[test]
fn a_manifest_says_how_a_file_is_read_only_where_that_is_unusual() {
    let usual = String::from_utf8(manifest().to_bytes()).unwrap();
    assert!(!usual.contains("first_row_is_data") && !usual.contains("decimal_comma"), "{usual}");
    assert!(!usual.contains("column_types"), "{usual}");
    let mut unusual = manifest();
    unusual.source.first_row_is_data = true;
    unusual.source.decimal_comma = true;
    unusual.source.column_types = vec![r#"{"type":"time"}"#.to_owned()];
    assert_eq!(Manifest::from_bytes(&unusual.to_bytes()).unwrap(), unusual);
}

#[test]
fn manifest_lists_its_numbers_and_checksums() {
    let manifest = manifest();
    let names: Vec<_> = manifest.numbers().map(|(name, number)| (name, number.column)).collect();
    assert_eq!(names, [("<img src=x onerror=alert(1)>", 7)]);
    let row_group = &manifest.row_groups[0];
    assert_eq!(row_group.size_bytes(), 5_242_897);
    assert_eq!(row_group.checksum(), Digest::of(&[[0x88; 32], [0x99; 32]].concat()));
}

#[test]
fn truncated_json_is_refused_with_its_place() {
    let json = |error: &WireError| matches!(error, WireError::Json { .. });
    rejects_every_prefix(FROZEN_PLAN.trim_end().as_bytes(), Plan::from_bytes, json);
    rejects_every_prefix(FROZEN_MANIFEST.trim_end().as_bytes(), Manifest::from_bytes, json);
}

#[test]
fn newer_versions_are_named_before_anything_else_is_read() {
    let newer = br#"{"version":5,"something":"this build has never heard of"}"#;
    assert_eq!(
        Plan::from_bytes(newer),
        Err(WireError::UnknownVersion { what: "plan", actual: 5, newest: 3 })
    );
    assert_eq!(
        Manifest::from_bytes(newer),
        Err(WireError::UnknownVersion { what: "manifest", actual: 5, newest: 4 })
    );
    let zero = br#"{"version":0}"#;
    assert_eq!(Plan::from_bytes(zero), Err(WireError::OutOfRange { what: "plan", field: "version" }));
    assert_eq!(Manifest::from_bytes(zero), Err(WireError::OutOfRange { what: "manifest", field: "version" }));
}

#[test]
fn deeply_nested_json_is_refused() {
    let nested = [br#"{"version":1,"x":"#.to_vec(), vec![b'['; 100_000]].concat();
    assert!(matches!(Plan::from_bytes(&nested), Err(WireError::Json { .. })));
    assert!(matches!(Manifest::from_bytes(&nested), Err(WireError::Json { .. })));
}

#[test]
fn plan_with_an_unknown_field_is_refused() {
    let extra = FROZEN_PLAN.replacen('{', r#"{"note":1,"#, 1);
    assert!(matches!(Plan::from_bytes(extra.as_bytes()), Err(WireError::Json { .. })));
}

#[test]
fn plan_with_a_field_out_of_range_is_refused_by_name() {
    let sum = Aggregate::Sum { column: 1, column_set: 0 };
    let group = |index| RowGroupRef { index, row_count: 1, size_bytes: 1, column_set: 0 };
    let later = RowGroupRef { column_set: 1, ..group(9) };
    let many_groups = || (0..=u32::try_from(MAX_ROW_GROUPS).unwrap()).map(group).collect();
    let cases: [(Plan, &str); 13] = [
        (Plan { version: 0, ..plan() }, "version"),
        (Plan { aggregates: vec![], ..plan() }, "aggregates"),
        (Plan { aggregates: vec![sum; MAX_AGGREGATES + 1], ..plan() }, "aggregates"),
        (Plan { row_groups: vec![], ..plan() }, "row_groups"),
        (Plan { row_groups: many_groups(), ..plan() }, "row_groups"),
        (Plan { row_groups: vec![group(1), group(0)], ..plan() }, "row_groups"),
        (Plan { row_groups: vec![group(1), group(1)], ..plan() }, "row_groups"),
        (Plan { row_groups: vec![group(0), later], ..plan() }, "column_set"),
        (Plan { row_groups: vec![later], ..plan() }, "column_set"),
        (Plan { modulus: String::new(), ..plan() }, "modulus"),
        (Plan { modulus: "0c".to_owned(), ..plan() }, "modulus"),
        (Plan { modulus: "C0FFEE".to_owned(), ..plan() }, "modulus"),
        (Plan { modulus: "f".repeat(4_097), ..plan() }, "modulus"),
    ];
    for (plan, field) in cases {
        let expected = WireError::OutOfRange { what: "plan", field };
        assert_eq!(plan.check(), Err(expected.clone()), "{field}");
        assert_eq!(Plan::from_bytes(&plan.to_bytes()), Err(expected), "{field}");
    }
}

#[test]
fn plan_digest_is_the_hash_of_its_stored_form() {
    assert_eq!(plan().digest(), Digest::of(FROZEN_PLAN.trim_end().as_bytes()));
}

#[test]
fn ids_are_lower_case_hex_of_their_exact_length() {
    let text = "22222222222222222222222222222222";
    assert_eq!(text.parse::<DatasetId>().unwrap(), DatasetId::from_bytes([0x22; 16]));
    assert_eq!(DatasetId::from_bytes([0x22; 16]).to_string(), text);
    for wrong in
        ["", "22", &text[1..], &format!("{text}22"), &text.replace('2', "A"), &text.replace('2', "g")]
    {
        assert!(wrong.parse::<DatasetId>().is_err(), "{wrong}");
    }
    let error = "2€".parse::<DatasetId>().unwrap_err();
    assert_eq!((error.expected, error.actual), (32, 2));
}

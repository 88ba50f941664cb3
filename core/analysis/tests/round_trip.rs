//! The whole way of an analysis, without network and storage: encrypt → plan → evaluate → combine → decrypt and
//! verify → finish, against the same statistics in exact integers.

#![expect(clippy::unwrap_used, reason = "a test stops where something fails")]

use std::collections::BTreeMap;

use num_bigint::BigUint;
use proptest::prelude::*;
use rand_chacha::ChaCha12Rng;
use rand_core::SeedableRng;
use veilsum_analysis::evaluate::{self, CombineError, EvaluateError, Evaluation};
use veilsum_analysis::plan::{self, Kind, PlanError, Request};
use veilsum_owner::answer::open_answer;
use veilsum_owner::block::encrypt_block;
use veilsum_owner::check::{CheckKey, CheckLabel};
use veilsum_owner::master::MasterSecret;
use veilsum_owner::paillier::SecretKey;
use veilsum_protocol::answer::{Answer, Partial};
use veilsum_protocol::manifest::{
    Column, EncryptedNumber, Manifest, PartEntry, RowGroupEntry, Scheme, Source, Treatment,
};
use veilsum_protocol::plan::Plan;
use veilsum_protocol::row_group::{ColumnEntry, RowGroupHeader};
use veilsum_protocol::{DatasetId, Digest, JobId, KeyFingerprint, UploadId};

/// Two primes of 512 bits: a key far too small for data, and fast.
const P: &[u8] = b"fe9192ad606f4283ae9970b5e6a9371474d4c84eace2fb646cd23e0fa11c716ac51efd5d6c52594dc7653ed52625f56a0b744cd3375bc5a5b19dbfeced4531d7";
const Q: &[u8] = b"ed4f626613e95504ba8bc806642328514113b3dfa758d29281700c838b5d609570e9777bff4265473a88c316dd56167b826b177334e5f33e4e884cd76246a54f";
const JOB: JobId = JobId::from_bytes([9; 16]);

/// A stored dataset of one column with blanks, and its keys.
struct Stored {
    key: SecretKey,
    check: CheckKey,
    manifest: Manifest,
    groups: Vec<(RowGroupHeader, BTreeMap<u32, Vec<u8>>)>,
}

fn store(cells: &[Option<i64>], rows_per_group: usize, scale: u32) -> Stored {
    let prime = |hex| BigUint::parse_bytes(hex, 16).unwrap();
    let key = SecretKey::from_primes(prime(P), prime(Q)).unwrap();
    let public = key.public_key().clone();
    let fingerprint = KeyFingerprint::from_bytes(public.fingerprint());
    let slots = public.layout().slot_count();
    let check = CheckKey::derive(&MasterSecret::from_bytes([5; 32]), &fingerprint, slots);
    let mut rng = ChaCha12Rng::seed_from_u64(1);
    let dataset = DatasetId::from_bytes([1; 16]);
    let largest_magnitude = cells.iter().flatten().map(|cell| cell.unsigned_abs()).max().unwrap_or(0);
    let bound_bits = veilsum_crypto::bound::BoundClass::for_magnitude(largest_magnitude).unwrap().bits();

    let mut groups = Vec::new();
    let mut entries = Vec::new();
    for (index, rows) in cells.chunks(rows_per_group).enumerate() {
        let index = u32::try_from(index).unwrap();
        let upload = UploadId::from_bytes([u8::try_from(index + 1).unwrap(); 16]);
        let row_count = u32::try_from(rows.len()).unwrap();
        let header = RowGroupHeader {
            key: fingerprint,
            dataset,
            upload,
            index,
            row_count: public.layout().rows_to_the_block(row_count),
            modulus_bits: public.modulus_bits(),
            block_count: u32::try_from(public.layout().block_count(u64::from(row_count))).unwrap(),
            columns: vec![
                ColumnEntry { column: 0, bound_bits },
                ColumnEntry { column: 1, bound_bits: plan::PRESENCE_BOUND_BITS },
            ],
        };
        let mut columns = BTreeMap::new();
        for column in [0, 1] {
            let mut bytes = Vec::new();
            for (block, rows) in rows.chunks(slots as usize).enumerate() {
                let values: Vec<i64> = rows
                    .iter()
                    .map(|cell| if column == 0 { cell.unwrap_or(0) } else { i64::from(cell.is_some()) })
                    .collect();
                let block = u32::try_from(block).unwrap();
                let label = CheckLabel { dataset, upload, column_set: 0, column, block };
                bytes.extend(encrypt_block(&key, &check, &label, &values, &mut rng).unwrap());
            }
            columns.insert(column, bytes);
        }
        let part = PartEntry { size_bytes: header.object_bytes(), sha256: Digest::of(&[]) };
        entries.push(RowGroupEntry { index, row_count, upload, parts: vec![part] });
        groups.push((header, columns));
    }
    let manifest = Manifest {
        version: 1,
        dataset,
        sequence: 1,
        previous: None,
        created_at: 0,
        expires_at: 0,
        scheme: Scheme::Paillier {
            modulus_bits: public.modulus_bits(),
            key: fingerprint,
            modulus: public.to_hex(),
        },
        source: Source {
            file_name: "cells.csv".to_owned(),
            size_bytes: 0,
            sha256: Digest::of(&[]),
            row_count: cells.len() as u64,
            skipped_row_count: 0,
            missing_words: Vec::new(),
            first_row_is_data: false,
            decimal_comma: false,
        },
        columns: vec![
            Column {
                name: "v".to_owned(),
                treatment: Treatment::Number(EncryptedNumber {
                    column: 0,
                    presence: Some(1),
                    scale,
                    rounded: false,
                    largest_magnitude,
                    bound_bits,
                    missing_count: cells.iter().filter(|cell| cell.is_none()).count() as u64,
                }),
            },
            Column { name: "note".to_owned(), treatment: Treatment::SealedOriginalOnly },
        ],
        row_groups: entries,
        original: None,
    };
    Stored { key, check, manifest, groups }
}

fn ask(kind: Kind) -> Request {
    Request { kind, column: "v".to_owned() }
}

/// Feeds every column block by block.
fn evaluate(
    job: JobId,
    plan: &Plan,
    header: &RowGroupHeader,
    columns: &BTreeMap<u32, Vec<u8>>,
) -> Result<Partial, EvaluateError> {
    let evaluation = Evaluation::new(job, plan, header, header.object_bytes())?;
    let mut sums = Vec::new();
    for column in evaluate::required_columns(plan) {
        let mut sum = evaluation.column(column);
        for block in columns[&column].chunks(header.ciphertext_bytes() as usize) {
            sum.add(block)?;
        }
        sums.push(sum);
    }
    evaluation.finish(sums)
}

fn evaluate_all(stored: &Stored, planned: &plan::Planned) -> Vec<Partial> {
    let plan = planned.plan.as_ref().unwrap();
    stored.groups.iter().map(|(header, columns)| evaluate(JOB, plan, header, columns).unwrap()).collect()
}

fn totals(stored: &Stored, planned: &plan::Planned, answer: &Answer) -> Vec<i128> {
    let plan = planned.plan.as_ref().unwrap();
    open_answer(&stored.key, &stored.check, &stored.manifest, plan, JOB, &answer.to_bytes())
        .unwrap()
        .into_iter()
        .map(|sum| sum.total)
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn decrypted_answers_equal_the_cleartext(
        cells in prop::collection::vec(prop::option::weighted(0.8, -(1_i64 << 40)..(1_i64 << 40)), 1..60),
        rows_per_group in 1_usize..40,
        scale in 0_u32..6,
    ) {
        let stored = store(&cells, rows_per_group, scale);
        let planned =
            plan::plan(&stored.manifest, &[ask(Kind::Mean), ask(Kind::Sum), ask(Kind::Count)]).unwrap();
        let partials = evaluate_all(&stored, &planned);
        let answer = evaluate::combine(JOB, planned.plan.as_ref().unwrap(), &partials).unwrap();
        let values = planned.finish(&totals(&stored, &planned, &answer)).unwrap();

        let count = cells.iter().flatten().count() as u64;
        let sum: i64 = cells.iter().flatten().sum();
        prop_assert_eq!(values[2].exact.parse::<u64>().unwrap(), count);
        prop_assert_eq!(values[1].count, count);
        // All of it is below 2^53, so floats compare exactly.
        let unit = 10_f64.powi(i32::try_from(scale).unwrap());
        prop_assert_eq!(values[1].exact.parse::<f64>().unwrap(), sum as f64 / unit);
        prop_assert_eq!(values[1].float, sum as f64 / unit);
        if count == 0 {
            prop_assert!(values[0].float.is_nan());
        } else {
            let mean = sum as f64 / (count as f64 * unit);
            prop_assert!((values[0].float - mean).abs() <= mean.abs() * 1e-15);
        }
    }
}

#[test]
fn a_column_without_blanks_is_counted_by_the_manifest_alone() {
    let mut stored = store(&[Some(1), Some(2)], 2, 0);
    let Treatment::Number(number) = &mut stored.manifest.columns[0].treatment else { unreachable!() };
    number.presence = None;
    let planned = plan::plan(&stored.manifest, &[ask(Kind::Count)]).unwrap();
    assert_eq!(planned.plan, None);
    let values = planned.finish(&[]).unwrap();
    assert_eq!((values[0].exact.as_str(), values[0].from_ciphertext), ("2", false));
}

#[test]
fn refuses_what_the_dataset_cannot_answer() {
    let stored = store(&[Some(1)], 1, 0);
    let refused = |column: &str| {
        let request = Request { kind: Kind::Sum, column: column.to_owned() };
        plan::plan(&stored.manifest, &[request]).unwrap_err()
    };
    assert_eq!(refused("w"), PlanError::NoSuchColumn { column: "w".to_owned() });
    assert_eq!(refused("note"), PlanError::NotANumber { column: "note".to_owned() });
    assert_eq!(plan::plan(&stored.manifest, &[]).unwrap_err(), PlanError::NothingAsked);
}

#[test]
fn refuses_a_sum_that_could_overflow_and_names_the_largest_that_fits() {
    let mut stored = store(&[Some(1)], 1, 0);
    let Treatment::Number(number) = &mut stored.manifest.columns[0].treatment else { unreachable!() };
    number.bound_bits = 56;
    // 64 blocks of 56-bit values fit a slot; slots of a 1024-bit key: 14.
    stored.manifest.row_groups[0].row_count = 14 * 64;
    assert!(plan::plan(&stored.manifest, &[ask(Kind::Sum)]).is_ok());
    stored.manifest.row_groups[0].row_count += 1;
    let refused = plan::plan(&stored.manifest, &[ask(Kind::Sum)]).unwrap_err();
    let PlanError::BoundTooLarge { largest_rows, .. } = refused else { panic!("{refused}") };
    assert_eq!(largest_rows, 14 * 64);
}

#[test]
fn the_cloud_refuses_a_row_group_that_is_not_the_plans() {
    let stored = store(&[Some(1), Some(2), Some(3)], 2, 0);
    let planned = plan::plan(&stored.manifest, &[ask(Kind::Sum)]).unwrap();
    let plan = planned.plan.unwrap();
    let (header, columns) = &stored.groups[0];
    let with = |change: fn(&mut RowGroupHeader)| {
        let mut header = header.clone();
        change(&mut header);
        evaluate(JOB, &plan, &header, columns).unwrap_err()
    };
    let mismatch = |field| EvaluateError::Mismatch { row_group: 0, field };
    assert_eq!(with(|header| header.dataset = DatasetId::from_bytes([2; 16])), mismatch("dataset"));
    assert_eq!(with(|header| header.key = KeyFingerprint::from_bytes([2; 32])), mismatch("key"));
    assert_eq!(with(|header| header.modulus_bits = 2_048), mismatch("size of the modulus"));
    assert_eq!(with(|header| header.row_count = 1), mismatch("row count"));
    assert_eq!(with(|header| header.block_count = 2), mismatch("block count"));
    assert_eq!(with(|header| header.index = 7), EvaluateError::NotCovered { row_group: 7 });
    assert_eq!(
        with(|header| header.columns[0].column = 5),
        EvaluateError::NoSuchColumn { row_group: 0, column: 0 }
    );
    assert_eq!(with(|header| header.columns[0].bound_bits = 9), mismatch("bound class"));
}

#[test]
fn the_cloud_refuses_bytes_that_are_not_ciphertexts() {
    let stored = store(&[Some(1)], 1, 0);
    let planned = plan::plan(&stored.manifest, &[ask(Kind::Sum)]).unwrap();
    let plan = planned.plan.unwrap();
    let (header, columns) = &stored.groups[0];
    let refused = EvaluateError::Ciphertext { row_group: 0, column: 0 };
    let length = columns[&0].len();
    for bytes in [vec![], vec![0; length], vec![0xff; length], vec![1; length - 1], columns[&0].repeat(2)] {
        let columns = BTreeMap::from([(0, bytes)]);
        assert_eq!(evaluate(JOB, &plan, header, &columns).unwrap_err(), refused);
    }
}

#[test]
fn combine_wants_each_partial_exactly_once() {
    let stored = store(&[Some(1), Some(2), Some(3)], 1, 0);
    let planned = plan::plan(&stored.manifest, &[ask(Kind::Sum)]).unwrap();
    let partials = evaluate_all(&stored, &planned);
    let plan = planned.plan.as_ref().unwrap();
    let combine = |partials: &[Partial]| evaluate::combine(JOB, plan, partials);

    assert_eq!(combine(&partials[..2]).unwrap_err(), CombineError::Count { expected: 3, actual: 2 });
    let doubled = [partials[0].clone(), partials[1].clone(), partials[1].clone()];
    assert_eq!(combine(&doubled).unwrap_err(), CombineError::Mismatch { row_group: 2 });
    let mut foreign = partials.clone();
    foreign[1].aggregates.job = JobId::from_bytes([8; 16]);
    assert_eq!(combine(&foreign).unwrap_err(), CombineError::Mismatch { row_group: 1 });
    let mut other_plan = partials.clone();
    other_plan[1].aggregates.plan = Digest::of(b"another");
    assert_eq!(combine(&other_plan).unwrap_err(), CombineError::Mismatch { row_group: 1 });

    let mut shuffled = partials.clone();
    shuffled.reverse();
    assert_eq!(combine(&shuffled).unwrap(), combine(&partials).unwrap());
}

#[test]
fn an_answer_over_other_blocks_is_refused_by_the_owner() {
    let stored = store(&[Some(1), Some(2), Some(3)], 1, 0);
    let planned = plan::plan(&stored.manifest, &[ask(Kind::Sum)]).unwrap();
    let plan = planned.plan.as_ref().unwrap();
    let honest = evaluate_all(&stored, &planned);
    // The second row group is added twice, the third not at all; the shape is that of an honest answer.
    let mut lying = honest.clone();
    lying[2].aggregates.ciphertexts = honest[1].aggregates.ciphertexts.clone();
    let answer = evaluate::combine(JOB, plan, &lying).unwrap();
    open_answer(&stored.key, &stored.check, &stored.manifest, plan, JOB, &answer.to_bytes()).unwrap_err();
}

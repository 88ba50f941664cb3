//! The whole way of an analysis, without network and storage: encrypt → plan → evaluate → combine → decrypt and
//! verify → finish, against the same statistics in exact integers.

#![expect(clippy::unwrap_used, reason = "a test stops where something fails")]

use std::collections::BTreeMap;

use num_bigint::{BigInt, BigUint};
use proptest::prelude::*;
use rand_chacha::ChaCha12Rng;
use rand_core::SeedableRng;
use veilsum_analysis::catalogue::{Count, Mean, Sum};
use veilsum_analysis::certificate::{Certificate, CertificateError, Signed, Verification};
use veilsum_analysis::derive::{self, Cell, Deriver, TermSums};
use veilsum_analysis::evaluate::{self, CombineError, EvaluateError, Evaluation};
use veilsum_analysis::plan::{self, ColumnTotal};
use veilsum_analysis::{PlanError, Request};
use veilsum_owner::answer::open_answer;
use veilsum_owner::block::encrypt_block;
use veilsum_owner::check::{CheckKey, CheckLabel};
use veilsum_owner::master::MasterSecret;
use veilsum_owner::paillier::SecretKey;
use veilsum_protocol::answer::{Answer, Partial};
use veilsum_protocol::manifest::{
    Binning, Centring, Column, DerivedColumn, EncryptedNumber, Manifest, PRESENCE_BOUND_BITS, PartEntry,
    RowGroupEntry, Scheme, Source, Treatment,
};
use veilsum_protocol::plan::Plan;
use veilsum_protocol::row_group::{ColumnEntry, Encryption, RowGroupHeader};
use veilsum_protocol::term::{Indicator, Term};
use veilsum_protocol::{DatasetId, Digest, JobId, KeyFingerprint, UploadId};

/// Two primes of 512 bits: a key far too small for data, and fast.
const P: &[u8] = b"fe9192ad606f4283ae9970b5e6a9371474d4c84eace2fb646cd23e0fa11c716ac51efd5d6c52594dc7653ed52625f56a0b744cd3375bc5a5b19dbfeced4531d7";
const Q: &[u8] = b"ed4f626613e95504ba8bc806642328514113b3dfa758d29281700c838b5d609570e9777bff4265473a88c316dd56167b826b177334e5f33e4e884cd76246a54f";
const JOB: JobId = JobId::from_bytes([9; 16]);

/// A stored dataset of one column with blanks and a column of text that is not encrypted, and its keys.
struct Stored {
    key: SecretKey,
    check: CheckKey,
    manifest: Manifest,
    groups: Vec<(RowGroupHeader, BTreeMap<u32, Vec<u8>>)>,
}

/// The columns of one set, as stored integers: number, bound class, values by row.
type Integers = Vec<(u32, u8, Vec<i64>)>;

impl Stored {
    /// Encrypts the columns of one set over all rows, as the rows of batch 0.
    fn add_set(&mut self, column_set: u32, columns: &Integers, rows_per_group: usize) {
        let public = self.key.public_key().clone();
        let slots = public.layout().slot_count() as usize;
        let mut rng = ChaCha12Rng::seed_from_u64(u64::from(column_set) + 1);
        let row_count = columns[0].2.len();
        for start in (0..row_count).step_by(rows_per_group) {
            let index = u32::try_from(self.groups.len()).unwrap();
            let upload = UploadId::from_bytes([u8::try_from(index + 1).unwrap(); 16]);
            let rows = start..row_count.min(start + rows_per_group);
            let count = u32::try_from(rows.len()).unwrap();
            let header = RowGroupHeader {
                key: KeyFingerprint::from_bytes(public.fingerprint()),
                dataset: self.manifest.dataset,
                upload,
                index,
                row_count: public.layout().rows_to_the_block(count),
                encryption: Encryption::Paillier { modulus_bits: public.modulus_bits() },
                block_count: u32::try_from(public.layout().block_count(u64::from(count))).unwrap(),
                columns: columns
                    .iter()
                    .map(|&(column, bound_bits, _)| ColumnEntry { column, bound_bits })
                    .collect(),
            };
            let mut stored = BTreeMap::new();
            for (column, _, values) in columns {
                let mut bytes = Vec::new();
                for (block, values) in (0..).zip(values[rows.clone()].chunks(slots)) {
                    let dataset = self.manifest.dataset;
                    let label = CheckLabel { dataset, upload, column_set, column: *column, block };
                    bytes.extend(encrypt_block(&self.key, &self.check, &label, values, &mut rng).unwrap());
                }
                stored.insert(*column, bytes);
            }
            let part = PartEntry { size_bytes: header.object_bytes(), sha256: Digest::of(&[]) };
            self.manifest.row_groups.push(RowGroupEntry {
                index,
                row_count: count,
                upload,
                parts: vec![part],
                batch: 0,
                column_set,
            });
            self.groups.push((header, stored));
        }
    }
}

fn store(cells: &[Option<i64>], rows_per_group: usize, scale: u32) -> Stored {
    let prime = |hex| BigUint::parse_bytes(hex, 16).unwrap();
    let key = SecretKey::from_primes(prime(P), prime(Q)).unwrap();
    let public = key.public_key().clone();
    let fingerprint = KeyFingerprint::from_bytes(public.fingerprint());
    let slots = public.layout().slot_count();
    let check = CheckKey::derive(&MasterSecret::from_bytes([5; 32]), &fingerprint, slots);
    let largest_magnitude = cells.iter().flatten().map(|cell| cell.unsigned_abs()).max().unwrap_or(0);
    let bound_bits = veilsum_crypto::bound::BoundClass::for_magnitude(largest_magnitude).unwrap().bits();
    let manifest = Manifest {
        version: 1,
        dataset: DatasetId::from_bytes([1; 16]),
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
            column_types: Vec::new(),
            preparation: None,
        },
        columns: vec![
            Column::new(
                "v".to_owned(),
                Treatment::Number(EncryptedNumber {
                    column: 0,
                    presence: Some(1),
                    scale,
                    rounded: false,
                    largest_magnitude,
                    bound_bits,
                    missing_count: cells.iter().filter(|cell| cell.is_none()).count() as u64,
                    centring: None,
                }),
            ),
            Column::new("note".to_owned(), Treatment::SealedOriginalOnly),
        ],
        row_groups: Vec::new(),
        original: None,
        appended: Vec::new(),
        derived: Vec::new(),
        factors: Vec::new(),
        identifying: Vec::new(),
    };
    let mut stored = Stored { key, check, manifest, groups: Vec::new() };
    let values = cells.iter().map(|cell| cell.unwrap_or(0)).collect();
    let presence = cells.iter().map(|cell| i64::from(cell.is_some())).collect();
    stored.add_set(0, &vec![(0, bound_bits, values), (1, PRESENCE_BOUND_BITS, presence)], rows_per_group);
    stored
}

const MEAN: Request = Request::Mean(Mean { column: 0 });
const SUM: Request = Request::Sum(Sum { column: 0 });
const COUNT: Request = Request::Count(Count { column: 0 });

/// Feeds every column block by block.
fn evaluate(
    job: JobId,
    plan: &Plan,
    header: &RowGroupHeader,
    columns: &BTreeMap<u32, Vec<u8>>,
) -> Result<Partial, EvaluateError> {
    let evaluation = Evaluation::new(job, plan, header, header.object_bytes())?;
    let mut sums = Vec::new();
    for column in evaluation.columns() {
        let mut sum = evaluation.column(column);
        for block in columns[&column].chunks(header.ciphertext_bytes() as usize) {
            sum.add(block)?;
        }
        sums.push(sum);
    }
    evaluation.finish(sums)
}

fn evaluate_all(stored: &Stored, plan: &Plan) -> Vec<Partial> {
    let covered =
        |(header, _): &&(RowGroupHeader, _)| plan.row_groups.iter().any(|group| group.index == header.index);
    let groups = stored.groups.iter().filter(covered);
    groups.map(|(header, columns)| evaluate(JOB, plan, header, columns).unwrap()).collect()
}

fn totals(stored: &Stored, plan: &Plan, answer: &Answer) -> Vec<ColumnTotal> {
    open_answer(&stored.key, &stored.check, &stored.manifest, plan, JOB, &answer.to_bytes())
        .unwrap()
        .into_iter()
        .map(|sum| ColumnTotal { column: sum.column, digits: sum.totals })
        .collect()
}

/// The exact digits of the only figure of each answer; empty where there is none.
fn exact(planned: &plan::Planned, totals: &[ColumnTotal]) -> Vec<(String, f64, u64)> {
    let answers = planned.finish(&planned.totals(totals).unwrap()).unwrap();
    answers
        .iter()
        .map(|answer| match &answer.figures[0].value {
            Some(value) => (value.exact.clone(), value.float, answer.row_count),
            None => (String::new(), 0.0, answer.row_count),
        })
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
        let planned = plan::plan(&stored.manifest, &[MEAN, SUM, COUNT], &[]).unwrap();
        let plan = planned.plan.as_ref().unwrap();
        let partials = evaluate_all(&stored, plan);
        let answer = evaluate::combine(JOB, plan, &partials).unwrap();
        let values = exact(&planned, &totals(&stored, plan, &answer));

        let count = cells.iter().flatten().count() as u64;
        let sum: i64 = cells.iter().flatten().sum();
        prop_assert_eq!(values[2].0.parse::<u64>().unwrap(), count);
        prop_assert_eq!(values[1].2, count);
        // All of it is below 2^53, so floats compare exactly.
        let unit = 10_f64.powi(i32::try_from(scale).unwrap());
        prop_assert_eq!(values[1].0.parse::<f64>().unwrap(), sum as f64 / unit);
        prop_assert_eq!(values[1].1, sum as f64 / unit);
        if count == 0 {
            prop_assert!(values[0].0.is_empty());
        } else {
            let mean = sum as f64 / (count as f64 * unit);
            prop_assert!((values[0].1 - mean).abs() <= mean.abs() * 1e-15);
        }
    }

    #[test]
    fn derived_columns_of_a_later_set_hold_their_terms(
        cells in prop::collection::vec(prop::option::weighted(0.8, -(1_i64 << 40)..(1_i64 << 40)), 1..60),
        rows_per_group in 1_usize..40,
        centre in -(1_i64 << 39)..(1_i64 << 39),
    ) {
        let mut stored = store(&cells, rows_per_group, 0);
        let farthest = cells.iter().flatten().map(|cell| cell.abs_diff(centre)).max().unwrap_or(0);
        let column = &mut stored.manifest.columns[0];
        let Treatment::Number(number) = &mut column.treatment else { unreachable!() };
        number.centring = Some(Centring { centre, largest_deviation: farthest });
        column.binnings = vec![Binning { lower: -(1 << 40), width: 1 << 37, count: 16 }];
        let bin = |bin| Term::indicator(Indicator::Bin { column: 0, binning: 0, bin });
        let terms: Vec<Term> = (2..=4)
            .map(|exponent| Term::power(0, exponent))
            .chain((0..16).map(bin))
            .chain([Term::power(0, 1).times(&bin(8)), Term::power(0, 2).times(&bin(3))])
            .collect();
        // The fourth power takes several limbs, bins share columns.
        let columns = stored.manifest.columns.clone();
        let derived = derive::derive(&columns, &[], terms.clone(), 1, 2, 64).unwrap();
        prop_assert!(derived.iter().any(|derived| derived.limbs.len() > 1) || farthest < 1 << 14);
        prop_assert!(derived.iter().any(|derived| derived.terms.len() > 1));
        stored.add_set(1, &integers(&columns, &derived, &cells), rows_per_group + 3);
        stored.manifest.derived = derived;

        let planned = plan::plan_terms(&stored.manifest, &terms, &[]).unwrap();
        let plan = planned.plan.as_ref().unwrap();
        let partials = evaluate_all(&stored, plan);
        let answer = evaluate::combine(JOB, plan, &partials).unwrap();
        let found = planned.totals(&totals(&stored, plan, &answer)).unwrap();

        let mut sums = TermSums::new(&columns, terms.clone()).unwrap();
        for &integer in &cells {
            sums.push(&[Cell { integer, category: None }, Cell::default()]).unwrap();
        }
        let expected = sums.totals();
        for term in &terms {
            prop_assert_eq!(found.sum(term), expected.sum(term), "{:?}", term);
        }
        // The definition, for one of them.
        let square: BigInt = cells.iter().flatten().map(|cell| BigInt::from(cell - centre).pow(2)).sum();
        prop_assert_eq!(found.sum(&Term::power(0, 2)), Some(square));
    }
}

/// The integers of derived columns, row by row through the deriver.
fn integers(columns: &[Column], derived: &[DerivedColumn], cells: &[Option<i64>]) -> Integers {
    let mut deriver = Deriver::new(columns, derived).unwrap();
    let limbs = derived.iter().flat_map(|derived| &derived.limbs);
    let mut integers: Integers = limbs.map(|limb| (limb.column, limb.bound_bits, Vec::new())).collect();
    for &integer in cells {
        let mut row = Vec::new();
        deriver.derive(&[Cell { integer, category: None }, Cell::default()], &mut row).unwrap();
        for ((_, _, values), value) in integers.iter_mut().zip(row) {
            values.push(value);
        }
    }
    integers
}

#[test]
fn a_column_without_blanks_is_counted_by_the_manifest_alone() {
    let mut stored = store(&[Some(1), Some(2)], 2, 0);
    let Treatment::Number(number) = &mut stored.manifest.columns[0].treatment else { unreachable!() };
    number.presence = None;
    let planned = plan::plan(&stored.manifest, &[COUNT], &[]).unwrap();
    assert_eq!(planned.plan, None);
    assert_eq!(exact(&planned, &[])[0].0, "2");
    assert!(!planned.is_from_ciphertext(&COUNT));
}

#[test]
fn refuses_what_the_dataset_cannot_answer() {
    let stored = store(&[Some(1)], 1, 0);
    let refused = |column| plan::plan(&stored.manifest, &[Request::Sum(Sum { column })], &[]).unwrap_err();
    assert_eq!(refused(2), PlanError::NoSuchColumn { position: 2 });
    assert_eq!(refused(1), PlanError::NotANumber { column: "note".to_owned() });
    assert_eq!(plan::plan(&stored.manifest, &[], &[]).unwrap_err(), PlanError::NothingAsked);
    let refused = plan::plan(&stored.manifest, &[SUM], &[1]).unwrap_err();
    assert_eq!(refused, PlanError::NoSuchBatch { batch: 1, batches: 1 });
}

#[test]
fn refuses_a_sum_that_could_overflow_and_names_the_largest_that_fits() {
    let mut stored = store(&[Some(1)], 1, 0);
    let Treatment::Number(number) = &mut stored.manifest.columns[0].treatment else { unreachable!() };
    number.bound_bits = 56;
    // 64 blocks of 56-bit values fit a slot; slots of a 1024-bit key: 14.
    stored.manifest.row_groups[0].row_count = 14 * 64;
    assert!(plan::plan(&stored.manifest, &[SUM], &[]).is_ok());
    stored.manifest.row_groups[0].row_count += 1;
    let refused = plan::plan(&stored.manifest, &[SUM], &[]).unwrap_err();
    let PlanError::BoundTooLarge { largest_rows, .. } = refused else { panic!("{refused}") };
    assert_eq!(largest_rows, 14 * 64);
}

#[test]
fn the_cloud_refuses_a_row_group_that_is_not_the_plans() {
    let stored = store(&[Some(1), Some(2), Some(3)], 2, 0);
    let planned = plan::plan(&stored.manifest, &[SUM], &[]).unwrap();
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
    assert_eq!(
        with(|header| header.encryption = Encryption::Paillier { modulus_bits: 2_048 }),
        mismatch("size of the modulus")
    );
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
    let planned = plan::plan(&stored.manifest, &[SUM], &[]).unwrap();
    let plan = planned.plan.unwrap();
    let (header, columns) = &stored.groups[0];
    let refused = EvaluateError::Ciphertext { row_group: 0, column: 0 };
    let length = columns[&0].len();
    for bytes in [vec![], vec![0; length], vec![0xff; length], vec![1; length - 1], columns[&0].repeat(2)] {
        let columns = BTreeMap::from([(0, bytes), (1, columns[&1].clone())]);
        assert_eq!(evaluate(JOB, &plan, header, &columns).unwrap_err(), refused);
    }
}

#[test]
fn combine_wants_each_partial_exactly_once() {
    let stored = store(&[Some(1), Some(2), Some(3)], 1, 0);
    let planned = plan::plan(&stored.manifest, &[SUM], &[]).unwrap();
    let plan = planned.plan.as_ref().unwrap();
    let partials = evaluate_all(&stored, plan);
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
    let planned = plan::plan(&stored.manifest, &[SUM], &[]).unwrap();
    let plan = planned.plan.as_ref().unwrap();
    let honest = evaluate_all(&stored, plan);
    // The second row group is added twice, the third not at all; the shape is that of an honest answer.
    let mut lying = honest.clone();
    lying[2].aggregates.ciphertexts = honest[1].aggregates.ciphertexts.clone();
    let answer = evaluate::combine(JOB, plan, &lying).unwrap();
    open_answer(&stored.key, &stored.check, &stored.manifest, plan, JOB, &answer.to_bytes()).unwrap_err();
}

#[test]
fn a_certificate_can_be_computed_again_and_does_not_survive_a_change() {
    let cells: Vec<Option<i64>> = (0..40).map(|row| (row % 7 != 0).then_some(row * row - 90)).collect();
    let stored = store(&cells, 25, 2);
    let planned = plan::plan(&stored.manifest, &[MEAN, SUM, COUNT], &[]).unwrap();
    let plan = planned.plan.as_ref().unwrap();
    let answer = evaluate::combine(JOB, plan, &evaluate_all(&stored, plan)).unwrap();
    let totals = planned.totals(&totals(&stored, plan, &answer)).unwrap();
    let answers = planned.finish(&totals).unwrap();
    let manifest_sha256 = Digest::of(b"stored manifest");
    let certificate = Certificate::new(
        &stored.manifest,
        manifest_sha256,
        &planned,
        Some(JOB),
        Verification::CheckValues,
        &totals,
        &answers,
    );
    let signed = Signed { certificate, signature: "00".repeat(64) };
    let json = signed.to_json();
    // Of the column that nothing was asked about there is nothing in it, nor any sum of a single slot.
    assert!(!json.contains("note") && json.contains("\"v\""));
    assert_eq!(signed.certificate.totals.len(), 2);

    let read = Signed::from_json(&json).unwrap();
    assert_eq!(read, signed);
    assert_eq!(read.certificate.to_bytes(), signed.certificate.to_bytes());
    assert_eq!(read.certificate.verification, Verification::CheckValues);
    assert_eq!(read.certificate.row_groups.len(), 2);
    let again = read.certificate.recompute().unwrap();
    assert_eq!(again, answers);
    assert!(read.certificate.claims(&again));

    let mut other = read.certificate.clone();
    let sum = other.totals.iter_mut().find(|total| total.term.degree() == 1).unwrap();
    sum.sum = "12345".to_owned();
    assert!(!other.claims(&other.recompute().unwrap()));
    assert_ne!(other.to_bytes(), read.certificate.to_bytes());
    let mut broken = read.certificate.clone();
    broken.totals[0].sum = "1.5".to_owned();
    assert_eq!(broken.recompute().unwrap_err(), CertificateError::Total);
    broken.totals.clear();
    assert!(matches!(broken.recompute().unwrap_err(), CertificateError::Finish(_)));
}

#[test]
fn files_that_are_no_certificates_are_refused() {
    let form = |text: &str| matches!(Signed::from_json(text), Err(CertificateError::Form { .. }));
    assert!(form("") && form("{}") && form("[1, 2]") && form(r#"{"certificate":{"version":1}}"#));
    assert!(form(&"[".repeat(100_000)));
    let newer = r#"{"certificate":{"version":3,"what":"ever"},"signature":""}"#;
    assert_eq!(Signed::from_json(newer), Err(CertificateError::Version { version: 3 }));
    assert_eq!(Signed::from_json(&" ".repeat(17 << 20)), Err(CertificateError::TooLarge));
}

/// What was signed must read and write byte for byte for ever: a signature is over the bytes that are written.
#[test]
fn frozen_certificates_are_still_read_and_written() {
    let frozen = [
        include_str!("frozen/certificate_v2_check_values.json"),
        include_str!("frozen/certificate_v2_spot_checked.json"),
        include_str!("frozen/certificate_v2_not_checked.json"),
    ];
    let verifications = [
        Verification::CheckValues,
        Verification::SpotChecked { picked: vec![0, 1] },
        Verification::NotChecked { why: "the file “v.csv” is not at hand".to_owned() },
    ];
    for (text, verification) in frozen.into_iter().zip(verifications) {
        let signed = Signed::from_json(text).unwrap();
        assert_eq!(signed.to_json(), text.trim_end());
        assert_eq!(signed.certificate.verification, verification);
        assert!(signed.certificate.claims(&signed.certificate.recompute().unwrap()));
    }
}

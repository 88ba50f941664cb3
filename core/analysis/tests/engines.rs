//! The same analyses through both engines: sums of prepared columns under Paillier, products made by the cloud under
//! BFV. Both must give the integers of the cleartext, and so the same answers.

#![expect(clippy::unwrap_used, reason = "a test stops where something fails")]

use std::collections::BTreeMap;

use num_bigint::{BigInt, BigUint};
use proptest::prelude::*;
use rand_chacha::ChaCha12Rng;
use rand_core::SeedableRng;
use veilsum_analysis::catalogue::{Correlation, Covariance, GroupBy, Mean, Variance};
use veilsum_analysis::derive::{self, Cell, Deriver, Facts, TermSums};
use veilsum_analysis::evaluate::{self, Evaluation};
use veilsum_analysis::multiply;
use veilsum_analysis::plan::{self, ColumnTotal, missing_terms};
use veilsum_analysis::products;
use veilsum_analysis::schema::Schema;
use veilsum_analysis::totals::Totals;
use veilsum_analysis::{PlanError, Request};
use veilsum_crypto::bfv::{Ciphertext, ParameterSet};
use veilsum_crypto::bound::BoundClass;
use veilsum_owner::answer::open_answer;
use veilsum_owner::bfv::SecretKey as BfvKey;
use veilsum_owner::bfv::answer::{Expected, open_partial};
use veilsum_owner::block::encrypt_blocks;
use veilsum_owner::check::{CheckKey, CheckLabel};
use veilsum_owner::master::MasterSecret;
use veilsum_owner::paillier::SecretKey;
use veilsum_protocol::answer::{HEADER_BYTES, PartialHead};
use veilsum_protocol::manifest::{
    Column, EncryptedNumber, FactorColumn, Manifest, PRESENCE_BOUND_BITS, PartEntry, RowGroupEntry, Scheme,
    Source, Treatment, VERSION,
};
use veilsum_protocol::plan::Aggregate;
use veilsum_protocol::row_group::{ColumnEntry, Encryption, RowGroupHeader};
use veilsum_protocol::{DatasetId, Digest, JobId, KeyFingerprint, UploadId};

/// Two primes of 512 bits: a key far too small for data, and fast.
const P: &[u8] = b"fe9192ad606f4283ae9970b5e6a9371474d4c84eace2fb646cd23e0fa11c716ac51efd5d6c52594dc7653ed52625f56a0b744cd3375bc5a5b19dbfeced4531d7";
const Q: &[u8] = b"ed4f626613e95504ba8bc806642328514113b3dfa758d29281700c838b5d609570e9777bff4265473a88c316dd56167b826b177334e5f33e4e884cd76246a54f";
const JOB: JobId = JobId::from_bytes([9; 16]);
const DATASET: DatasetId = DatasetId::from_bytes([1; 16]);
/// It bears products of three: a square masked by another column's presence, or in a group.
const SET: ParameterSet = ParameterSet::N8192T30;

/// A table in clear: two columns of numbers, one of them with blanks, and one of categories.
struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

fn table(cells: &[(i64, Option<i64>, u32)], requests: &[Request]) -> Table {
    let rows: Vec<Vec<Cell>> = cells
        .iter()
        .map(|&(first, second, category)| {
            let number = |integer| Cell { integer, category: None };
            vec![number(Some(first)), number(second), Cell { integer: None, category: Some(category) }]
        })
        .collect();
    let number = |at: usize, column, presence| {
        let magnitudes = rows.iter().filter_map(|row| row[at].integer).map(i64::unsigned_abs);
        let largest_magnitude = magnitudes.max().unwrap_or(0);
        Treatment::Number(EncryptedNumber {
            column,
            presence,
            scale: 1,
            rounded: false,
            largest_magnitude,
            bound_bits: BoundClass::for_magnitude(largest_magnitude).unwrap().bits(),
            missing_count: rows.iter().filter(|row| row[at].integer.is_none()).count() as u64,
            centring: None,
        })
    };
    let mut columns = vec![
        Column::new("first".to_owned(), number(0, 0, None)),
        Column::new("second".to_owned(), number(1, 1, Some(2))),
        Column::new("group".to_owned(), Treatment::Category { missing_count: 0 }),
    ];
    let range = |at: usize| {
        let integers = || rows.iter().filter_map(|row| row[at].integer);
        integers().min().zip(integers().max())
    };
    let categories = Some(["a", "b", "c"].map(str::to_owned).to_vec());
    let facts = [
        Facts { range: range(0), categories: None },
        Facts { range: range(1), categories: None },
        Facts { range: None, categories },
    ];
    derive::prepare(&mut columns, &facts, requests).unwrap();
    Table { columns, rows }
}

impl Table {
    fn totals(&self, requests: &[Request]) -> Totals {
        let schema = Schema::new(&self.columns);
        let terms = requests.iter().flat_map(|request| request.terms(schema).unwrap());
        let mut sums = TermSums::new(&self.columns, terms).unwrap();
        self.rows.iter().for_each(|row| sums.push(row).unwrap());
        sums.totals()
    }

    /// The totals by way of prepared columns and sums of ciphertexts.
    fn additive(&self, requests: &[Request], rows_per_group: usize) -> Totals {
        let prime = |hex| BigUint::parse_bytes(hex, 16).unwrap();
        let key = SecretKey::from_primes(prime(P), prime(Q)).unwrap();
        let public = key.public_key().clone();
        let fingerprint = KeyFingerprint::from_bytes(public.fingerprint());
        let check =
            CheckKey::derive(&MasterSecret::from_bytes([5; 32]), &fingerprint, public.layout().slot_count());
        let terms = missing_terms(&self.columns, &[], requests).unwrap();
        let derived = derive::derive(&self.columns, &[], terms, 0, 3, 64).unwrap();
        let stored = self.integers(&derived);
        let mut rng = ChaCha12Rng::seed_from_u64(2);
        let (mut groups, mut entries) = (Vec::new(), Vec::new());
        for (index, start) in (0..).zip((0..self.rows.len()).step_by(rows_per_group)) {
            let rows = start..self.rows.len().min(start + rows_per_group);
            let row_count = u32::try_from(rows.len()).unwrap();
            let upload = UploadId::from_bytes([u8::try_from(index + 1).unwrap(); 16]);
            let header = RowGroupHeader {
                key: fingerprint,
                dataset: DATASET,
                upload,
                index,
                row_count: public.layout().rows_to_the_block(row_count),
                encryption: Encryption::Paillier { modulus_bits: public.modulus_bits() },
                block_count: row_count.div_ceil(public.layout().slot_count()),
                columns: stored.iter().map(|(entry, _)| *entry).collect(),
            };
            let label = |column| CheckLabel { dataset: DATASET, upload, column_set: 0, column, block: 0 };
            let encrypted: BTreeMap<u32, Vec<u8>> = stored
                .iter()
                .map(|(entry, values)| {
                    let first = label(entry.column);
                    let bytes = encrypt_blocks(&key, &check, &first, &values[rows.clone()], &mut rng);
                    (entry.column, bytes.unwrap())
                })
                .collect();
            let parts = vec![PartEntry { size_bytes: header.object_bytes(), sha256: Digest::of(&[]) }];
            entries.push(RowGroupEntry { index, row_count, upload, parts, batch: 0, column_set: 0 });
            groups.push((header, encrypted));
        }
        let scheme = Scheme::Paillier {
            modulus_bits: public.modulus_bits(),
            key: fingerprint,
            modulus: public.to_hex(),
        };
        let manifest = Manifest { derived, ..self.manifest(scheme, entries) };
        let planned = plan::plan(&manifest, requests, &[]).unwrap();
        let plan = planned.plan.as_ref().unwrap();
        let partials: Vec<_> = groups
            .iter()
            .map(|(header, encrypted)| {
                let evaluation = Evaluation::new(JOB, plan, header, header.object_bytes()).unwrap();
                let sums: Vec<_> = evaluation
                    .columns()
                    .into_iter()
                    .map(|column| {
                        let mut sum = evaluation.column(column);
                        sum.add(&encrypted[&column]).unwrap();
                        sum
                    })
                    .collect();
                evaluation.finish(sums).unwrap()
            })
            .collect();
        let answer = evaluate::combine(JOB, plan, &partials).unwrap().to_bytes();
        let sums = open_answer(&key, &check, &manifest, plan, JOB, &answer).unwrap();
        let totals: Vec<ColumnTotal> =
            sums.into_iter().map(|sum| ColumnTotal { column: sum.column, digits: sum.totals }).collect();
        planned.totals(&totals).unwrap()
    }

    /// Every stored column with its integers.
    fn integers(
        &self,
        derived: &[veilsum_protocol::manifest::DerivedColumn],
    ) -> Vec<(ColumnEntry, Vec<i64>)> {
        let value = |at: usize| self.rows.iter().map(|row| row[at].integer.unwrap_or(0)).collect();
        let bits = |at: usize| self.columns[at].number().unwrap().bound_bits;
        let presence = self.rows.iter().map(|row| i64::from(row[1].integer.is_some())).collect();
        let entry = |column, bound_bits| ColumnEntry { column, bound_bits };
        let mut stored = vec![
            (entry(0, bits(0)), value(0)),
            (entry(1, bits(1)), value(1)),
            (entry(2, PRESENCE_BOUND_BITS), presence),
        ];
        let first = stored.len();
        let limbs = derived.iter().flat_map(|derived| &derived.limbs);
        stored.extend(limbs.map(|limb| (entry(limb.column, limb.bound_bits), Vec::new())));
        let mut deriver = Deriver::new(&self.columns, derived).unwrap();
        for row in &self.rows {
            let mut integers = Vec::new();
            deriver.derive(row, &mut integers).unwrap();
            for ((_, values), integer) in stored[first..].iter_mut().zip(integers) {
                values.push(integer);
            }
        }
        stored
    }

    /// The totals by way of products that the cloud makes of encrypted factors.
    fn multiplied(&self, requests: &[Request], rows_per_group: usize) -> Totals {
        let schema = Schema::new(&self.columns);
        let key = BfvKey::derive(&MasterSecret::from_bytes([7; 32]), SET);
        let factors = products::columns(schema, requests).unwrap();
        let primes = u8::try_from(SET.plaintext_primes().len()).unwrap();
        let mut numbers = 0..;
        let stored: Vec<FactorColumn> = factors
            .iter()
            .map(|&factor| FactorColumn {
                factor,
                largest_magnitude: products::largest_magnitude(schema, factor).unwrap(),
                columns: numbers.by_ref().take(primes.into()).collect(),
            })
            .collect();
        let mut rng = ChaCha12Rng::seed_from_u64(3);
        let (mut groups, mut entries) = (Vec::new(), Vec::new());
        for (index, rows) in (0..).zip(self.rows.chunks(rows_per_group)) {
            let row_count = u32::try_from(rows.len()).unwrap();
            let upload = UploadId::from_bytes([u8::try_from(index + 1).unwrap(); 16]);
            let columns = stored.iter().flat_map(|factor| &factor.columns);
            let header = RowGroupHeader {
                key: key.fingerprint(),
                dataset: DATASET,
                upload,
                index,
                row_count: row_count.next_multiple_of(8_192),
                encryption: Encryption::Bfv {
                    parameter_set: SET.id().into(),
                    ciphertext_bytes: u32::try_from(Ciphertext::fresh_bytes(SET)).unwrap(),
                },
                block_count: row_count.div_ceil(8_192),
                columns: columns.map(|&column| ColumnEntry { column, bound_bits: 0 }).collect(),
            };
            let mut blocks = vec![BTreeMap::new(); rows.len().div_ceil(8_192)];
            for factor in &stored {
                let integers: Vec<i64> =
                    rows.iter().map(|row| products::integer(factor.factor, &self.columns, row)).collect();
                for (block, integers) in blocks.iter_mut().zip(integers.chunks(8_192)) {
                    for (prime, &column) in (0..).zip(&factor.columns) {
                        let ciphertext = key.encrypt_block(prime, integers, &mut rng).unwrap();
                        block.insert(column, ciphertext.to_bytes());
                    }
                }
            }
            let parts = vec![PartEntry { size_bytes: header.object_bytes(), sha256: Digest::of(&[]) }];
            entries.push(RowGroupEntry { index, row_count, upload, parts, batch: 0, column_set: 0 });
            groups.push((header, blocks));
        }
        let scheme = Scheme::Bfv { parameter_set: SET.id(), primes, key: key.fingerprint() };
        let manifest = Manifest { factors: stored, ..self.manifest(scheme, entries) };
        let planned = plan::plan(&manifest, requests, &[]).unwrap();
        let plan = planned.plan.as_ref().unwrap();
        let expected: Vec<Expected> = planned
            .products()
            .iter()
            .map(|product| Expected {
                slot_bound: product.slot_bound,
                primes: product.primes,
                level: product.level,
                factors: product.factors.len(),
            })
            .collect();
        let (mut totals, mut heads) = (vec![BigInt::from(0); expected.len()], Vec::new());
        for ((header, blocks), entry) in groups.iter().zip(&manifest.row_groups) {
            let mut evaluation = multiply::Evaluation::new(JOB, plan, header, header.object_bytes()).unwrap();
            while let Some(mut wave) = evaluation.next_wave() {
                for block in blocks {
                    wave.add_block(block).unwrap();
                }
                evaluation.end_wave(wave.finish().unwrap());
            }
            let partial = evaluation.finish().unwrap().to_bytes();
            heads.push(PartialHead::from_bytes(&partial[..HEADER_BYTES]).unwrap());
            let rows = (entry.index, entry.row_count);
            let found = open_partial(&key, plan, JOB, rows, &expected, &partial).unwrap();
            for (total, found) in totals.iter_mut().zip(found) {
                *total += found;
            }
        }
        assert!(multiply::combine(JOB, plan, &heads).unwrap().aggregates.ciphertexts.is_empty());
        planned.totals_of_products(&totals).unwrap()
    }

    fn manifest(&self, scheme: Scheme, row_groups: Vec<RowGroupEntry>) -> Manifest {
        Manifest {
            version: VERSION,
            dataset: DATASET,
            sequence: 1,
            previous: None,
            created_at: 0,
            expires_at: 0,
            scheme,
            source: Source {
                file_name: "table.csv".to_owned(),
                size_bytes: 0,
                sha256: Digest::of(&[]),
                row_count: self.rows.len() as u64,
                skipped_row_count: 0,
                missing_words: Vec::new(),
                first_row_is_data: false,
                decimal_comma: false,
                column_types: Vec::new(),
                preparation: None,
            },
            columns: self.columns.clone(),
            row_groups,
            original: None,
            appended: Vec::new(),
            derived: Vec::new(),
            factors: Vec::new(),
            identifying: Vec::new(),
        }
    }
}

/// What both engines can be asked.
fn requests() -> Vec<Request> {
    vec![
        Request::Mean(Mean { column: 0 }),
        Request::Variance(Variance { column: 1, level: 950 }),
        Request::Covariance(Covariance { columns: [0, 1] }),
        Request::Correlation(Correlation { columns: vec![0, 1] }),
        Request::GroupBy(GroupBy { column: 0, by: vec![2] }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3))]

    #[test]
    fn both_engines_give_the_integers_of_the_cleartext(
        cells in prop::collection::vec(
            (-(1_i64 << 30)..(1 << 30), prop::option::weighted(0.8, -1_000_000_i64..1_000_000), 0_u32..3),
            2..40,
        ),
        rows_per_group in 15_usize..40,
    ) {
        let requests = &requests();
        let table = table(&cells, requests);
        let schema = Schema::new(&table.columns);
        let clear = table.totals(requests);
        let additive = table.additive(requests, rows_per_group);
        let multiplied = table.multiplied(requests, rows_per_group);
        for request in requests {
            for term in request.terms(schema).unwrap() {
                prop_assert_eq!(additive.sum(&term), clear.sum(&term), "{:?}", term);
                prop_assert_eq!(multiplied.sum(&term), clear.sum(&term), "{:?}", term);
            }
            let answer = request.finish(schema, &clear).unwrap();
            prop_assert_eq!(&request.finish(schema, &additive).unwrap(), &answer);
            prop_assert_eq!(&request.finish(schema, &multiplied).unwrap(), &answer);
        }
    }
}

/// A row beyond the first block, with extreme values in the slot that two rows share, and more products than a wave holds.
#[test]
fn rows_of_several_blocks_share_slots() {
    let mut cells: Vec<(i64, Option<i64>, u32)> = (0_u32..8_193)
        .map(|row| (i64::from(row) - 4_000, (row % 7 != 0).then(|| i64::from(row % 100) - 50), row % 3))
        .collect();
    cells[0] = (1 << 30, Some(1_000_000), 0);
    cells[8_192] = (1 << 30, Some(1_000_000), 0);
    let mut requests = requests();
    requests.push(Request::GroupBy(GroupBy { column: 1, by: vec![2] }));
    let table = table(&cells, &requests);
    let schema = Schema::new(&table.columns);
    let (clear, multiplied) = (table.totals(&requests), table.multiplied(&requests, 10_000));
    for request in &requests {
        for term in request.terms(schema).unwrap() {
            assert_eq!(multiplied.sum(&term), clear.sum(&term), "{term:?}");
        }
    }
}

#[test]
fn waves_hold_columns_of_one_prime() {
    let product =
        |column: u32, prime: u8| Aggregate::Product { columns: vec![column, column], prime, level: 0 };
    let aggregates: Vec<Aggregate> =
        (0..70).flat_map(|column| [product(2 * column, 0), product(2 * column + 1, 1)]).collect();
    let waves = multiply::waves(&aggregates);
    let sizes: Vec<usize> = waves.iter().map(|wave| wave.positions.len()).collect();
    assert_eq!(sizes, [64, 6, 64, 6]);
    assert!(waves[..2].iter().all(|wave| wave.columns.iter().all(|column| column % 2 == 0)));
    let mut positions: Vec<usize> = waves.iter().flat_map(|wave| wave.positions.clone()).collect();
    positions.sort_unstable();
    assert!(positions.into_iter().eq(0..140));
}

#[test]
fn more_factors_than_a_set_bears_are_refused_by_name() {
    let requests = requests();
    let table = table(&[(5, Some(3), 0), (7, None, 1)], &requests);
    let schema = Schema::new(&table.columns);
    let plan = |set, requests: &[Request]| {
        let terms = requests.iter().flat_map(|request| request.terms(schema).unwrap());
        let terms = terms.filter(|term| !term.is_one());
        terms.map(|term| products::plan(schema, set, term, 1)).collect::<Result<Vec<_>, _>>()
    };
    let refused = plan(ParameterSet::N8192T57, &requests[4..]).unwrap_err();
    let PlanError::TooManyFactors { what, largest } = refused else { panic!("{refused}") };
    assert_eq!((what.as_str(), largest), ("“first”^2 × (“group” = a)", 2));
    assert!(plan(ParameterSet::N8192T57, &requests[..2]).is_ok());
    assert!(plan(SET, &requests).unwrap().iter().any(|product| product.factors.len() == 3));
    assert_eq!(products::choose_set(schema, &requests), Ok(SET));
    assert_eq!(products::choose_set(schema, &requests[..1]), Ok(ParameterSet::N8192T57));
}

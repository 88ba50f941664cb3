//! Answers: the right one opens, every lie is refused, and no number comes with a refusal.

use std::sync::LazyLock;

use num_bigint::{BigInt, BigUint};
use rand_chacha::rand_core::Rng;
use veilsum_crypto::packing::Plaintext;
use veilsum_crypto::paillier::{Ciphertext, PublicKey};
use veilsum_owner::answer::{AnswerError, PlanMismatch, VerifiedSum, open_answer};
use veilsum_owner::block::encrypt_block;
use veilsum_owner::check::{CheckKey, CheckLabel};
use veilsum_owner::master::MasterSecret;
use veilsum_owner::paillier::key_fingerprint;
use veilsum_protocol::answer::{Answer, EncryptedAggregates};
use veilsum_protocol::manifest::{
    Column, EncryptedNumber, Manifest, RowGroupEntry, Scheme, Source, Treatment,
};
use veilsum_protocol::plan::{Aggregate, Plan, RowGroupRef};
use veilsum_protocol::{DatasetId, Digest, JobId, UploadId};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::fixtures::{rng, small_key};

const SLOTS: usize = 14;
const LARGEST: u64 = 1_000_000;
const VALUES: u32 = 7;
const PRESENCE: u32 = 3;
const JOB: JobId = JobId::from_bytes([8; 16]);
/// Rows of the three row groups: blocks of 14 + 14 + 2, 14, and 5 rows.
const ROW_COUNTS: [usize; 3] = [30, 14, 5];

/// A dataset of one column with blanks, encrypted, and the plan that sums it.
struct World {
    check: CheckKey,
    manifest: Manifest,
    plan: Plan,
    /// Blocks per column, in the order of row group and block.
    values: Vec<Ciphertext>,
    presence: Vec<Ciphertext>,
    expected: [VerifiedSum; 2],
}

fn public() -> &'static PublicKey {
    small_key().public_key()
}

fn dataset() -> DatasetId {
    DatasetId::from_bytes([1; 16])
}

fn world_of(row_counts: &[usize]) -> World {
    world_with(77, row_counts)
}

fn world_with(seed: u64, row_counts: &[usize]) -> World {
    let mut rng = rng(seed);
    let fingerprint = key_fingerprint(public());
    let check = CheckKey::derive(&MasterSecret::from_bytes([6; 32]), &fingerprint, 14);
    let mut row_groups = Vec::new();
    let (mut values, mut presence) = (Vec::new(), Vec::new());
    let mut expected = [VALUES, PRESENCE].map(|column| VerifiedSum { column, totals: vec![0] });
    for (index, &row_count) in (0u32..).zip(row_counts) {
        let upload = UploadId::from_bytes(core::array::from_fn(|_| rng.next_u32().to_le_bytes()[0]));
        let numbers: Vec<i64> =
            (0..row_count).map(|_| i64::from(rng.next_u32() % 2_000_001) - 1_000_000).collect();
        let present: Vec<i64> = (0..row_count).map(|_| i64::from(rng.next_u32() % 2)).collect();
        expected[0].totals[0] += numbers.iter().copied().map(i128::from).sum::<i128>();
        expected[1].totals[0] += present.iter().copied().map(i128::from).sum::<i128>();
        for (column, cells, blocks) in [(VALUES, &numbers, &mut values), (PRESENCE, &present, &mut presence)]
        {
            for (block, slots) in (0..).zip(cells.chunks(SLOTS)) {
                let label = CheckLabel { dataset: dataset(), upload, column_set: 0, column, block };
                let bytes = encrypt_block(small_key(), &check, &label, slots, &mut rng).unwrap();
                blocks.push(public().ciphertext_from_bytes(&bytes).unwrap());
            }
        }
        let row_count = u32::try_from(row_count).unwrap();
        row_groups.push(RowGroupEntry {
            index,
            row_count,
            upload,
            parts: Vec::new(),
            batch: 0,
            column_set: 0,
        });
    }
    let plan = Plan {
        version: 1,
        dataset: dataset(),
        key: fingerprint,
        modulus: public().to_hex(),
        parameter_set: None,
        aggregates: vec![
            Aggregate::Sum { column: VALUES, column_set: 0 },
            Aggregate::Sum { column: PRESENCE, column_set: 0 },
        ],
        row_groups: row_groups
            .iter()
            .map(|entry| RowGroupRef {
                index: entry.index,
                row_count: public().layout().rows_to_the_block(entry.row_count),
                size_bytes: 1,
                column_set: entry.column_set,
            })
            .collect(),
    };
    let number = EncryptedNumber {
        column: VALUES,
        presence: Some(PRESENCE),
        scale: 2,
        rounded: false,
        largest_magnitude: LARGEST,
        bound_bits: 24,
        missing_count: 0,
        centring: None,
    };
    let manifest = Manifest {
        version: 1,
        dataset: dataset(),
        sequence: 1,
        previous: None,
        created_at: 0,
        expires_at: 0,
        scheme: Scheme::Paillier { modulus_bits: 1_024, key: fingerprint, modulus: public().to_hex() },
        source: Source {
            file_name: "table.csv".to_owned(),
            size_bytes: 1,
            sha256: Digest::of(b""),
            row_count: row_counts.iter().sum::<usize>() as u64,
            skipped_row_count: 0,
            missing_words: Vec::new(),
            first_row_is_data: false,
            decimal_comma: false,
            column_types: Vec::new(),
            preparation: None,
        },
        columns: vec![
            Column::new("note".to_owned(), Treatment::Dropped),
            Column::new("amount".to_owned(), Treatment::Number(number)),
        ],
        row_groups,
        original: None,
        appended: Vec::new(),
        derived: Vec::new(),
        factors: Vec::new(),
        identifying: Vec::new(),
    };
    World { check, manifest, plan, values, presence, expected }
}

fn world() -> &'static World {
    static WORLD: LazyLock<World> = LazyLock::new(|| world_of(&ROW_COUNTS));
    &WORLD
}

impl World {
    /// An answer with honest counts around the given ciphertexts.
    fn answer(&self, ciphertexts: [&Ciphertext; 2]) -> Answer {
        Answer {
            row_group_count: u32::try_from(self.plan.row_groups.len()).unwrap(),
            aggregates: EncryptedAggregates {
                job: JOB,
                plan: self.plan.digest(),
                block_count: self.values.len() as u64,
                ciphertext_bytes: u32::try_from(public().ciphertext_bytes()).unwrap(),
                ciphertexts: ciphertexts.map(|ciphertext| ciphertext.to_bytes(public())).to_vec(),
            },
        }
    }

    fn honest_answer(&self) -> Answer {
        self.answer([&public().sum(&self.values), &public().sum(&self.presence)])
    }

    fn open(&self, answer: &Answer) -> Result<Vec<VerifiedSum>, AnswerError> {
        open_answer(small_key(), &self.check, &self.manifest, &self.plan, JOB, &answer.to_bytes())
    }

    /// What becomes of a lie about the sum of values.
    fn open_lie(&self, lie: &Ciphertext) -> Result<Vec<VerifiedSum>, AnswerError> {
        self.open(&self.answer([lie, &public().sum(&self.presence)]))
    }
}

#[test]
fn an_honest_answer_opens_to_exact_totals() {
    let world = world();
    assert_eq!(world.open(&world.honest_answer()).unwrap(), world.expected);
}

#[test]
fn part_of_the_row_groups_opens_to_its_own_total() {
    let whole = world();
    let mut part = world_of(&ROW_COUNTS);
    part.plan.row_groups.remove(0);
    part.values.drain(..3);
    part.presence.drain(..3);
    let totals = part.open(&part.honest_answer()).unwrap();
    assert_ne!(totals, whole.expected);
    // The whole answer is no answer to this plan, even with its counts forged.
    assert_eq!(part.open_lie(&public().sum(&whole.values)), Err(AnswerError::Refused { column: VALUES }));
}

#[test]
fn less_than_one_block_opens() {
    for rows in [1, 13, 14] {
        let world = world_of(&[rows]);
        assert_eq!(world.open(&world.honest_answer()).unwrap(), world.expected);
    }
}

#[test]
fn every_lie_about_the_sum_is_refused() {
    let world = world();
    let key = public();
    let honest = key.sum(&world.values);
    let blocks = &world.values;
    let times = |ciphertext: &Ciphertext, factor: BigInt| key.multiply_integer(ciphertext, &factor);
    let plus = |integer: BigInt| {
        let change = Plaintext::from_integer(integer);
        key.add(&honest, &key.encrypt_with_residue(&change, &BigUint::from(1u32)))
    };
    let slot = |slot: u32| BigInt::from(1) << (127 + 64 * slot);
    let p = BigInt::from(veilsum_crypto::packing::CHECK_MODULUS);
    let other = world_with(78, &ROW_COUNTS);
    let forged = key.layout().encode(&[123], 456).unwrap();

    let lies: Vec<(&str, Ciphertext)> = vec![
        ("first block dropped", key.sum(&blocks[1..])),
        ("last block dropped", key.sum(&blocks[..blocks.len() - 1])),
        ("all but one dropped", blocks[2].clone()),
        ("one block doubled", key.add(&honest, &blocks[1])),
        (
            "one block replaced by another",
            key.sum([&blocks[0], &blocks[0], &blocks[2], &blocks[3], &blocks[4]]),
        ),
        ("everything doubled", times(&honest, 2.into())),
        ("everything negated", times(&honest, (-1).into())),
        ("another column", key.sum(&world.presence)),
        ("one block of another column", key.sum(blocks[1..].iter().chain([&world.presence[0]]))),
        ("other rows", key.sum(&other.values)),
        ("one block of other rows", key.sum(blocks[1..].iter().chain([&other.values[0]]))),
        ("shifted up by a slot", times(&honest, slot(0) >> 63)),
        ("one added to slot 0", plus(slot(0))),
        ("one added to the last slot", plus(slot(13))),
        ("one taken from slot 3", plus(-slot(3))),
        ("one moved between slots", plus(slot(2) - slot(3))),
        ("P added to slot 0", plus(slot(0) * &p)),
        ("2^61 - 1 added to slot 0", plus(slot(0) * ((1i64 << 61) - 1))),
        ("a carry into slot 1", plus(slot(0) << 62)),
        ("one added to the check slot", plus(1.into())),
        ("2^89 added to the check slot", plus(BigInt::from(1) << 89)),
        ("many P added to the check slot", plus(&p * (1 << 20))),
        ("a carry out of the check slot", plus(BigInt::from(1) << 126)),
        ("a value above the top slot", plus(BigInt::from(1) << 1_022)),
        ("a forged total", key.encrypt(&forged, &mut rng(1))),
        ("an encryption of zero", key.encrypt(&Plaintext::from_integer(0.into()), &mut rng(2))),
        (
            "a random plaintext",
            key.encrypt_with_residue(
                &Plaintext::from_integer(BigInt::from(key.modulus() / 7u32)),
                &3u32.into(),
            ),
        ),
        ("a random number", key.ciphertext_from_integer(key.square().value() / 5u32).unwrap()),
    ];
    for (name, lie) in lies {
        assert_eq!(world.open_lie(&lie), Err(AnswerError::Refused { column: VALUES }), "{name}");
    }
}

#[test]
fn changes_that_leave_the_answer_right_are_no_lies() {
    let world = world();
    let rerandomised = public().rerandomise(&public().sum(&world.values), &mut rng(3));
    assert_eq!(world.open_lie(&rerandomised).unwrap(), world.expected);
    let backwards = public().sum(world.values.iter().rev());
    assert_eq!(world.open_lie(&backwards).unwrap(), world.expected);
}

#[test]
fn swapped_aggregates_are_refused() {
    let world = world();
    let mut answer = world.honest_answer();
    answer.aggregates.ciphertexts.swap(0, 1);
    assert_eq!(world.open(&answer), Err(AnswerError::Refused { column: VALUES }));
}

#[test]
fn one_refused_aggregate_takes_all_totals_with_it() {
    let world = world();
    let answer = world.answer([&public().sum(&world.values), &public().sum(&world.presence[1..])]);
    assert_eq!(world.open(&answer), Err(AnswerError::Refused { column: PRESENCE }));
}

#[test]
fn unused_slots_must_be_empty() {
    let world = world_of(&[5, 9]);
    assert_eq!(world.open(&world.honest_answer()).unwrap(), world.expected);
    let change = Plaintext::from_integer(BigInt::from(1) << (127 + 64 * 9));
    let lie = public().encrypt_with_residue(&change, &BigUint::from(1u32));
    let lie = public().add(&public().sum(&world.values), &lie);
    assert_eq!(world.open_lie(&lie), Err(AnswerError::Refused { column: VALUES }));
}

#[test]
fn damaged_ciphertexts_are_named() {
    let world = world();
    let n = public().modulus();
    for integer in [BigUint::from(0u32), BigUint::from(1u32), n.clone(), n * n, n * n + 1u32] {
        let mut answer = world.honest_answer();
        let mut bytes = integer.to_bytes_le();
        bytes.resize(public().ciphertext_bytes(), 0);
        answer.aggregates.ciphertexts[0] = bytes;
        assert!(
            matches!(world.open(&answer), Err(AnswerError::Damaged { column: VALUES, .. })),
            "{integer:x}"
        );
    }
}

#[test]
fn answers_to_something_else_are_named() {
    let world = world();
    let mut answer = world.honest_answer();
    answer.aggregates.job = JobId::from_bytes([9; 16]);
    assert_eq!(world.open(&answer), Err(AnswerError::WrongJob));

    let mut answer = world.honest_answer();
    answer.aggregates.plan = Digest::of(b"another plan");
    assert_eq!(world.open(&answer), Err(AnswerError::WrongPlan));

    let mut answer = world.honest_answer();
    answer.row_group_count = 2;
    let error = AnswerError::WrongCount { what: "row groups", expected: 3, actual: 2 };
    assert_eq!(world.open(&answer), Err(error));

    let mut answer = world.honest_answer();
    answer.aggregates.block_count += 1;
    let error = AnswerError::WrongCount { what: "blocks", expected: 5, actual: 6 };
    assert_eq!(world.open(&answer), Err(error));

    let mut answer = world.honest_answer();
    answer.aggregates.ciphertexts.pop();
    let error = AnswerError::WrongCount { what: "aggregates", expected: 2, actual: 1 };
    assert_eq!(world.open(&answer), Err(error));

    let mut answer = world.honest_answer();
    answer.aggregates.ciphertext_bytes = 128;
    answer.aggregates.ciphertexts.iter_mut().for_each(|ciphertext| ciphertext.truncate(128));
    let error = AnswerError::WrongCount { what: "bytes per ciphertext", expected: 256, actual: 128 };
    assert_eq!(world.open(&answer), Err(error));
}

#[test]
fn every_truncated_answer_is_refused() {
    let world = world();
    let bytes = world.honest_answer().to_bytes();
    for length in 0..bytes.len() {
        let result =
            open_answer(small_key(), &world.check, &world.manifest, &world.plan, JOB, &bytes[..length]);
        assert!(matches!(result, Err(AnswerError::Wire(_))), "{length} bytes");
    }
}

#[test]
fn flipped_bits_never_change_a_number() {
    let world = world();
    let bytes = world.honest_answer().to_bytes();
    let mut rng = rng(4);
    let header = (0..76).flat_map(|byte| (0..8).map(move |bit| (byte, bit)));
    let body = (0..64).map(|_| (76 + rng.next_u32() as usize % (bytes.len() - 76), rng.next_u32() % 8));
    for (byte, bit) in header.chain(body.collect::<Vec<_>>()) {
        let mut changed = bytes.clone();
        changed[byte] ^= 1 << bit;
        let result = open_answer(small_key(), &world.check, &world.manifest, &world.plan, JOB, &changed);
        assert!(result.is_err(), "byte {byte}, bit {bit}");
    }
}

#[test]
fn plans_that_do_not_fit_the_manifest_are_named() {
    let mismatch = |change: &dyn Fn(&mut World)| {
        let mut world = world_of(&[5]);
        change(&mut world);
        match world.open(&world.honest_answer()) {
            Err(AnswerError::Plan(mismatch)) => mismatch,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(mismatch(&|world| world.plan.dataset = DatasetId::from_bytes([2; 16])), PlanMismatch::Dataset);
    assert_eq!(mismatch(&|world| world.plan.modulus = "abcd".to_owned()), PlanMismatch::Key);
    assert_eq!(
        mismatch(&|world| world.plan.key = veilsum_protocol::KeyFingerprint::from_bytes([1; 32])),
        PlanMismatch::Key
    );
    assert_eq!(
        mismatch(&|world| world.plan.row_groups[0].index = 4),
        PlanMismatch::RowGroup { index: 4, row_count: 14 }
    );
    assert_eq!(
        mismatch(&|world| world.plan.row_groups[0].row_count = 6),
        PlanMismatch::RowGroup { index: 0, row_count: 6 }
    );
    assert_eq!(
        mismatch(&|world| world.plan.aggregates[0] = Aggregate::Sum { column: 99, column_set: 0 }),
        PlanMismatch::Column { column: 99 }
    );
    let overflow = PlanMismatch::Overflow { column: VALUES, block_count: 1 };
    assert_eq!(
        mismatch(&|world| {
            let Treatment::Number(number) = &mut world.manifest.columns[1].treatment else { panic!() };
            number.largest_magnitude = 1 << 62;
        }),
        overflow
    );
}

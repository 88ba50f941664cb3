//! Scores of ciphertexts are the integers of the twin, and a hostile client learns no more than them.

#![expect(clippy::unwrap_used, reason = "a test stops where something fails")]

mod client;
mod vectors;

use client::{KEY, PROVEN, ask, header, read, rng};
use num_bigint::{BigInt, BigUint};
use num_traits::One;
use proptest::prelude::*;
use vectors::Vector;
use veilsum_crypto::kernel::Exponents;
use veilsum_crypto::packing::Plaintext;
use veilsum_crypto::paillier::{Ciphertext, PublicKey};
use veilsum_model::answer::{Answer, AnswerError};
use veilsum_model::evaluate::{self, ScoreError};
use veilsum_model::feature::{self, Feature};
use veilsum_model::model::{Card, Family, Form, Model};
use veilsum_model::packing::{Packing, inputs, rows_per_block};
use veilsum_model::plan::SCORE_BITS;
use veilsum_model::predict::predict;
use veilsum_model::query::{Header, Query, QueryError};
use veilsum_model::scale::Scale;
use veilsum_model::text::Wide;
use veilsum_model::twin;
use veilsum_protocol::{Digest, KeyFingerprint};

/// From integers of records to integers of scores, through bytes in both directions.
fn score(model: &Model, packing: Packing, records: &[Vec<i64>], seed: u64) -> Vec<Vec<i128>> {
    let rows: Vec<_> = records.iter().map(|record| inputs(&model.inputs(), record).unwrap()).collect();
    let asked = header(model, packing, rows.len(), model.inputs().len());
    let bytes = ask(asked, &rows, seed);
    assert_eq!(Header::from_bytes(&bytes).unwrap(), asked);
    assert_eq!(bytes.len(), asked.query_bytes(KEY.public_key()));
    let query = Query::from_bytes(PROVEN.key(), &bytes).unwrap();
    let answer = evaluate::score(model, &PROVEN, &query, &mut rng(seed + 1)).unwrap();
    read(&asked, &answer.to_bytes(PROVEN.key()), model.interface().score_bound())
}

/// The integers of encrypted scoring are those of the twin, and so are predictions, on all records of scikit-learn.
fn agrees_with_the_twin(name: &str, step: usize) {
    let vector = Vector::read(name);
    let model = vector.model();
    let records: Vec<_> = vector
        .records
        .iter()
        .step_by(step)
        .map(|record| feature::encode(model.features(), 1, record).unwrap())
        .collect();
    let expected: Vec<_> = records.iter().map(|record| twin::score(&model, 1, record).unwrap()).collect();
    let decrypted = score(&model, Packing::Table, &records, 5);
    assert_eq!(decrypted, expected, "{name}");
    let interface = model.interface();
    for (decrypted, expected) in decrypted.iter().zip(&expected) {
        assert_eq!(predict(&interface, decrypted), predict(&interface, expected));
    }
    if interface.packs_records {
        for (record, expected) in records.iter().zip(&expected).take(2) {
            let scores = score(&model, Packing::Record, core::slice::from_ref(record), 6);
            assert_eq!(scores, core::slice::from_ref(expected));
        }
    }
}

#[test]
fn breast_cancer_logistic_is_the_twin_on_all_test_rows() {
    agrees_with_the_twin("breast_cancer", 1);
}

#[test]
fn diabetes_linear_is_the_twin_on_all_rows() {
    agrees_with_the_twin("diabetes", 1);
    agrees_with_the_twin("diabetes_ridge", 20);
}

#[test]
fn iris_kmeans_and_multinomial_are_the_twin_on_all_rows() {
    agrees_with_the_twin("iris", 1);
    agrees_with_the_twin("iris_standardised", 3);
    agrees_with_the_twin("iris_logistic", 3);
}

#[test]
fn iris_records_come_in_few_ciphertexts() {
    let iris = Vector::read("iris").model();
    assert!(iris.interface().packs_records);
    // Four features and their squares, three to a ciphertext under this small key.
    assert_eq!(Packing::Record.query_ciphertexts(PROVEN.key(), 8, 1), 3);
}

/// A network of two layers is linear in products of features: the hidden model's rules hold for it as for all.
#[test]
fn digits_are_scored_by_products() {
    agrees_with_the_twin("digits", 90);
}

#[test]
fn digits_are_scored_layer_by_layer() {
    let vector = Vector::read("digits");
    let model = vector.model();
    let records: Vec<_> = vector
        .records
        .iter()
        .take(15)
        .map(|record| feature::encode(model.features(), 1, record).unwrap())
        .collect();
    let mut rows = records.clone();
    for layer in 0..2_u16 {
        let asked = Header { layer, ..header(&model, Packing::Table, rows.len(), rows[0].len()) };
        let query = Query::from_bytes(PROVEN.key(), &ask(asked, &rows, 11)).unwrap();
        let answer = evaluate::score_layer(&model, &PROVEN, &query, &mut rng(12)).unwrap();
        let sums = read(&asked, &answer.to_bytes(PROVEN.key()), (1 << SCORE_BITS) - 1);
        for (sums, record) in sums.iter().zip(&records) {
            assert_eq!(*sums, twin::layers(&model, 1, record).unwrap()[usize::from(layer)]);
        }
        // The page squares, and encrypts again.
        rows = sums
            .iter()
            .map(|row| row.iter().map(|&sum| i64::try_from(sum * sum).unwrap_or(0)).collect())
            .collect();
    }
    let asked = Header { layer: 2, ..header(&model, Packing::Table, 1, 64) };
    let query = Query::from_bytes(PROVEN.key(), &ask(asked, &records[..1], 11)).unwrap();
    let refused = evaluate::score_layer(&model, &PROVEN, &query, &mut rng(12)).unwrap_err();
    assert_eq!(refused, ScoreError::NoSuchLayer { layers: 2, layer: 3 });
    let asked = header(&model, Packing::Table, 1, 64);
    let query = Query::from_bytes(PROVEN.key(), &ask(asked, &records[..1], 11)).unwrap();
    let refused = evaluate::score(&model, &PROVEN, &query, &mut rng(12)).unwrap_err();
    assert_eq!(refused, ScoreError::WrongInputs { expected: 2_144, actual: 64 });
}

fn linear(weights: &[i64], constant: i128, lowest: i64, highest: i64) -> Model {
    let features = (0..weights.len())
        .map(|index| Feature { name: format!("x{index}"), scale: Scale::ONE, lowest, highest })
        .collect();
    let form = Form { weights: weights.to_vec(), constant: Wide(constant) };
    Model::new(features, Family::Linear { target: "y".to_owned(), form }, Scale::ONE, Card::default())
        .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(12) })]

    #[test]
    fn scores_are_exact_at_their_extremes(
        weights in prop::collection::vec(prop_oneof![Just(0_i64), -(1_i64 << 36)..(1 << 36)], 1..7),
        constant in -(1_i128 << 58)..(1 << 58),
        record_count in prop_oneof![Just(1_usize), Just(13), Just(14), Just(27)],
        places in prop::collection::vec(prop_oneof![Just(-(1_i64 << 20)), Just(1 << 20), -(1_i64 << 20)..(1 << 20)], 40),
        seed in 0_u64..1_000,
    ) {
        let model = linear(&weights, constant, -(1 << 20), 1 << 20);
        let records: Vec<Vec<i64>> = (0..record_count)
            .map(|record| (0..weights.len()).map(|index| places[(record * 7 + index) % 40]).collect())
            .collect();
        let expected: Vec<_> = records.iter().map(|record| twin::score(&model, 1, record).unwrap()).collect();
        prop_assert_eq!(score(&model, Packing::Table, &records, seed), expected.clone());
        prop_assert!(model.packs_records());
        prop_assert_eq!(score(&model, Packing::Record, &records[..1], seed), expected[..1].to_vec());
    }
}

/// What a client reads that decrypts an answer and looks everywhere: bits `64·c` to `64·c + 63` of the plaintext over bit 127.
fn everything(ciphertext: &Ciphertext) -> Vec<u64> {
    let plaintext = KEY.decrypt(ciphertext).unwrap().residue(KEY.public_key());
    let mut words: Vec<u64> = (plaintext >> 127_u32).iter_u64_digits().collect();
    words.resize(14, 0);
    words
}

/// A query of one record in which feature c is 2^(64·c): what it would give is every weight in a slot of its own.
fn hostile_ciphertexts(count: u32) -> Vec<Ciphertext> {
    let plaintexts: Vec<_> =
        (0..count).map(|c| Plaintext::from_integer(BigInt::one() << (127 + 64 * c))).collect();
    KEY.encrypt_many(&plaintexts, &mut rng(31))
}

#[test]
fn a_query_that_hides_features_in_slots_gets_one_score() {
    let weights = [1_234_567, 7_654_321, 1_111_111, 3_333_333, 9_999_999];
    let model = linear(&weights, 42, 0, 1_000);
    let public = PROVEN.key();
    let ciphertexts = hostile_ciphertexts(5);

    // Without what hides the rest, the attack works: all weights from one query.
    let columns: Vec<&[Ciphertext]> = ciphertexts.chunks(1).collect();
    let bare = &public.weighted_sums(&Exponents::new(&weights), &columns)[0];
    assert_eq!(everything(bare)[..5], weights.map(i64::cast_unsigned));

    let asked = header(&model, Packing::Table, 1, 5);
    let query = Query::new(public, asked, ciphertexts).unwrap();
    let mut seen: Vec<Vec<u64>> = Vec::new();
    for seed in 0..64 {
        let answer = evaluate::score(&model, &PROVEN, &query, &mut rng(seed)).unwrap();
        let words = everything(&answer.ciphertexts()[0]);
        // The one score that was counted: weight 0 and the constant.
        assert_eq!(words[0], 1_234_567 + 42);
        for c in 1..5 {
            assert_ne!(words[c], weights[c].cast_unsigned());
        }
        seen.push(words);
    }
    // Every bit of the other slots is a coin. 64 tosses with 6 or less of a side: once in 10¹¹.
    for slot in 1..13 {
        for bit in 0..64 {
            let ones = seen.iter().filter(|words| words[slot] >> bit & 1 == 1).count();
            assert!((7..=57).contains(&ones), "slot {slot}, bit {bit}: {ones} of 64");
        }
    }
    // So are those of the bits below the window, where a dataset has its check value.
    let low = |seed| {
        let answer = evaluate::score(&model, &PROVEN, &query, &mut rng(seed)).unwrap();
        let plaintext = KEY.decrypt(&answer.ciphertexts()[0]).unwrap().residue(public);
        plaintext & ((BigUint::one() << 127_u32) - 1_u32)
    };
    let lows: Vec<_> = (0..64).map(low).collect();
    for bit in 0..127 {
        let ones = lows.iter().filter(|low| low.bit(bit)).count();
        assert!((7..=57).contains(&ones), "bit {bit}: {ones} of 64");
    }
}

#[test]
fn a_record_that_hides_features_elsewhere_gets_one_score() {
    let weights = [1_234_567, 7_654_321, 1_111_111];
    let model = linear(&weights, 0, 0, 1_000);
    let public = PROVEN.key();
    // A single 1: an honest record whose convolution has each weight in a term of its own, and one that shifts all of it.
    for shift in [0_u32, 64, 200, 400] {
        let plaintexts = [Plaintext::from_integer(BigInt::one() << shift)];
        let query = Query::new(
            public,
            header(&model, Packing::Record, 1, 3),
            KEY.encrypt_many(&plaintexts, &mut rng(1)),
        )
        .unwrap();
        let whole = |seed| {
            let answer = evaluate::score(&model, &PROVEN, &query, &mut rng(seed)).unwrap();
            KEY.decrypt(&answer.ciphertexts()[0]).unwrap().residue(public)
        };
        let answers: Vec<_> = (0..64).map(whole).collect();
        // The window is 64 bits from bit 320 on; bits 319 and 318 tell of a carry, and above 2³⁸⁴ everything is random.
        for bit in (0..318).chain(384..1_000) {
            let ones = answers.iter().filter(|answer| answer.bit(bit)).count();
            assert!((7..=57).contains(&ones), "shift {shift}, bit {bit}: {ones} of 64");
        }
    }
}

#[test]
fn answers_are_encrypted_afresh() {
    let model = linear(&[3], 4, 0, 10);
    let query =
        Query::from_bytes(PROVEN.key(), &ask(header(&model, Packing::Table, 1, 1), &[vec![5]], 1)).unwrap();
    let answer = |seed| evaluate::score(&model, &PROVEN, &query, &mut rng(seed)).unwrap();
    assert_ne!(answer(1).ciphertexts(), answer(2).ciphertexts());
    // Of an encryption of 0 without any randomness nothing is left in the answer, either.
    let trivial = PROVEN.key().encrypt_with_residue(&Plaintext::from_integer(0.into()), &BigUint::one());
    let query = Query::new(PROVEN.key(), header(&model, Packing::Table, 1, 1), vec![trivial]).unwrap();
    let answer = evaluate::score(&model, &PROVEN, &query, &mut rng(3)).unwrap();
    assert_eq!(read(query.header(), &answer.to_bytes(PROVEN.key()), 100), [[4]]);
}

#[test]
fn out_of_bounds_scores_are_refused_by_their_owner() {
    let model = linear(&[1 << 30], 0, 0, 1_000);
    let public = PROVEN.key();
    let asked = header(&model, Packing::Table, 2, 1);
    // The second record was never checked against the declared bound.
    let query = Query::from_bytes(public, &ask(asked, &[vec![7], vec![1 << 31]], 1)).unwrap();
    let answer = evaluate::score(&model, &PROVEN, &query, &mut rng(2)).unwrap();
    let plaintexts = KEY.decrypt_many(answer.ciphertexts()).unwrap();
    let bound = model.interface().score_bound();
    assert_eq!(answer.scores(public, &plaintexts, bound), Err(AnswerError::Refused { record: 2 }));
    assert_eq!(answer.scores(public, &[], bound), Err(AnswerError::Count { expected: 1, actual: 0 }));
}

#[test]
fn queries_that_do_not_fit_are_refused() {
    let model = linear(&[1, 2], 0, 0, 10);
    let public = PROVEN.key();
    let asked = header(&model, Packing::Table, 1, 2);
    let good = ask(asked, &[vec![1, 2]], 1);
    for length in (0..92).chain([good.len() - 1]) {
        assert!(Query::from_bytes(public, &good[..length]).is_err(), "{length}");
    }
    let with = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        Query::from_bytes(public, &bytes)
    };
    for (at, byte) in
        [(0, b'X'), (4, 2), (4, 0), (6, 0), (6, 3), (7, 1), (76, 0), (80, 0), (83, 1), (79, 1), (86, 1)]
    {
        assert!(matches!(with(at, byte), Err(QueryError::Wire(_))), "{at}");
    }
    assert_eq!(with(72, 1).unwrap_err(), QueryError::WrongKey);
    assert_eq!(with(40, !good[40]).unwrap_err(), QueryError::WrongKey);
    assert_eq!(with(80, 3).unwrap_err(), QueryError::Count { expected: 3, actual: 2 });
    assert_eq!(with(76, 14).unwrap_err(), QueryError::Count { expected: 4, actual: 2 });
    let mut zero = good.clone();
    zero[88..88 + public.ciphertext_bytes()].fill(0);
    assert!(matches!(Query::from_bytes(public, &zero), Err(QueryError::Ciphertext(_))));

    let refusal = |header: Header, rows: &[Vec<i64>]| {
        let query = Query::from_bytes(public, &ask(header, rows, 1)).unwrap();
        evaluate::score(&model, &PROVEN, &query, &mut rng(1)).unwrap_err()
    };
    let another = Header { model: Digest::from_bytes([1; 32]), ..asked };
    assert_eq!(refusal(another, &[vec![1, 2]]), ScoreError::WrongModel);
    let three = Header { input_count: 3, ..asked };
    assert_eq!(refusal(three, &[vec![1, 2, 3]]), ScoreError::WrongInputs { expected: 2, actual: 3 });
    let layer = Header { layer: 1, ..asked };
    assert_eq!(refusal(layer, &[vec![1, 2]]), ScoreError::NoSuchLayer { layers: 1, layer: 2 });
    let foreign = Header { key: KeyFingerprint::from_bytes([1; 32]), ..asked };
    assert_eq!(Query::new(public, foreign, Vec::new()).unwrap_err(), QueryError::WrongKey);
    // A query that goes with its key, and that key is not the one that was proven.
    let stranger = PublicKey::from_modulus(public.modulus() + 2_u32).unwrap();
    let foreign = Header { key: KeyFingerprint::from_bytes(stranger.fingerprint()), ..asked };
    let ciphertext = stranger.encrypt(&Plaintext::from_integer(1.into()), &mut rng(1));
    let query = Query::new(&stranger, foreign, vec![ciphertext; 2]).unwrap();
    let refused = evaluate::score(&model, &PROVEN, &query, &mut rng(1)).unwrap_err();
    assert_eq!(refused, ScoreError::WrongKey);
    // Products of wrong pairs would not stay apart.
    let features = [("narrow", 1 << 8), ("wide", 1 << 55)].map(|(name, highest)| Feature {
        name: name.to_owned(),
        scale: Scale::ONE,
        lowest: 0,
        highest,
    });
    let form = Form { weights: vec![1 << 50, 1], constant: Wide(0) };
    let family = Family::Linear { target: "y".to_owned(), form };
    let wide = Model::new(features.to_vec(), family, Scale::ONE, Card::default()).unwrap();
    assert!(!wide.packs_records());
    let query =
        Query::from_bytes(public, &ask(header(&wide, Packing::Record, 1, 2), &[vec![1, 2]], 1)).unwrap();
    assert_eq!(evaluate::score(&wide, &PROVEN, &query, &mut rng(1)).unwrap_err(), ScoreError::RecordTooWide);
}

#[test]
fn answers_to_other_queries_are_refused() {
    let model = linear(&[1, 2], 0, 0, 10);
    let public = PROVEN.key();
    let asked = header(&model, Packing::Table, 1, 2);
    let query = Query::from_bytes(public, &ask(asked, &[vec![1, 2]], 1)).unwrap();
    let good = evaluate::score(&model, &PROVEN, &query, &mut rng(1)).unwrap().to_bytes(public);
    assert!(Answer::from_bytes(public, &asked, &good).is_ok());
    let other = Header { model: Digest::from_bytes([1; 32]), ..asked };
    assert_eq!(Answer::from_bytes(public, &other, &good), Err(AnswerError::WrongQuery));
    for length in 0..good.len() {
        assert!(Answer::from_bytes(public, &asked, &good[..length]).is_err(), "{length}");
    }
    let mut two = good.clone();
    two[88] = 2;
    assert_eq!(Answer::from_bytes(public, &asked, &two), Err(AnswerError::Count { expected: 2, actual: 1 }));
    two[88] = 0;
    assert!(matches!(Answer::from_bytes(public, &asked, &two), Err(AnswerError::Wire(_))));
}

#[test]
fn one_slot_of_a_table_is_left_to_what_hides() {
    assert_eq!(rows_per_block(PROVEN.key()), 13);
    assert_eq!(Packing::Table.query_ciphertexts(PROVEN.key(), 3, 13), 3);
    assert_eq!(Packing::Table.query_ciphertexts(PROVEN.key(), 3, 14), 6);
}

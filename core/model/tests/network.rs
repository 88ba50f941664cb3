//! Networks in one round: logits of ciphertexts are the integers of the twin.

#![expect(clippy::unwrap_used, reason = "a test stops where something fails")]

mod vectors;

use std::sync::LazyLock;

use rand_chacha::ChaCha12Rng;
use rand_core::SeedableRng;
use vectors::Vector;
use veilsum_crypto::bfv::Ciphertext;
use veilsum_model::feature::{self, Feature};
use veilsum_model::model::{Card, Family, Form, Layer, Model};
use veilsum_model::network::{self, HEADER_BYTES, Header, NetworkError, SET};
use veilsum_model::plan::PlanError;
use veilsum_model::predict::{Prediction, predict};
use veilsum_model::scale::Scale;
use veilsum_model::text::Wide;
use veilsum_model::twin;
use veilsum_owner::bfv::{DecryptError, SecretKey};
use veilsum_protocol::Digest;

static KEY: LazyLock<SecretKey> = LazyLock::new(|| SecretKey::generate(SET, &mut rng(1)));

fn rng(seed: u64) -> ChaCha12Rng {
    ChaCha12Rng::seed_from_u64(seed)
}

fn header(model: &Model, rows: usize) -> Header {
    Header {
        model: Digest::from_bytes(model.digest()),
        key: KEY.fingerprint(),
        primes: model.interface().primes().unwrap(),
        row_count: u32::try_from(rows).unwrap(),
        width: u32::try_from(model.features().len()).unwrap(),
    }
}

/// `records` may be more than the header counts.
fn ask(header: &Header, records: &[Vec<i64>]) -> Vec<u8> {
    let mut ciphertexts = Vec::new();
    for prime in 0..header.primes {
        for index in 0..header.width as usize {
            let column: Vec<i64> = records.iter().map(|record| record[index]).collect();
            ciphertexts.push(KEY.encrypt_block(prime, &column, &mut rng(index as u64 + 7)).unwrap());
        }
    }
    header.query(&ciphertexts).unwrap()
}

/// The logits of each record.
fn read(model: &Model, asked: &Header, bytes: &[u8]) -> Vec<Vec<i128>> {
    let interface = model.interface();
    let rows = asked.row_count as usize;
    let mut records = vec![Vec::new(); rows];
    for parts in network::read_answer(&interface, asked, bytes).unwrap() {
        let decrypted = KEY.decrypt_covered(&parts, interface.score_bound(), rows).unwrap();
        for (record, &logit) in records.iter_mut().zip(decrypted.slots.iter()) {
            record.push(logit);
        }
    }
    records
}

fn small(weights: i64, bound: i64, classes: usize) -> Model {
    let feature =
        |name: &str| Feature { name: name.to_owned(), scale: Scale::ONE, lowest: -bound, highest: bound };
    let form =
        |sign: i64, constant| Form { weights: vec![sign * weights, weights], constant: Wide(constant) };
    let layers = vec![
        Layer { scale: Scale::ONE, units: vec![form(1, 5), form(-1, -6)] },
        Layer {
            scale: Scale::ONE,
            units: (0..classes).map(|class| form(1, i128::try_from(class).unwrap() - 1)).collect(),
        },
    ];
    let classes = (0..classes).map(|class| class.to_string()).collect();
    let family = Family::Network { classes, layers };
    Model::new(vec![feature("a"), feature("b")], family, Scale::ONE, Card::default()).unwrap()
}

#[test]
fn digits_are_the_twin_on_all_test_rows() {
    let vector = Vector::read("digits");
    let model = vector.model();
    let encode = |record: &Vec<f64>| feature::encode(model.features(), 1, record).unwrap();
    let records: Vec<_> = vector.records.iter().map(encode).collect();
    let asked = header(&model, records.len());
    let query = ask(&asked, &records);
    assert_eq!(Header::from_bytes(&query).unwrap(), asked);
    let answer = network::score(&model, &query, &mut rng(2)).unwrap();
    let logits = read(&model, &asked, &answer);
    let interface = model.interface();
    let mut agree = 0_u32;
    for ((record, logits), expected) in records.iter().zip(&logits).zip(&vector.predictions) {
        assert_eq!(*logits, twin::score(&model, 1, record).unwrap());
        let Prediction::Class { class, .. } = predict(&interface, logits).unwrap() else { panic!() };
        agree += u32::from(f64::from(u32::try_from(class).unwrap()) == *expected);
    }
    assert_eq!(agree, 360, "as scikit-learn's arrays decide");
}

#[test]
fn wide_logits_take_more_primes_and_stay_exact() {
    let model = small(1 << 13, 1 << 12, 3);
    // (2 · 2¹³ · 2¹²)² · 2 · 2¹³ = 2⁶⁶: past 64 bits.
    let asked = header(&model, 4);
    assert_eq!(asked.primes, 3);
    let edge = 1 << 12;
    let records = [vec![edge, edge], vec![-edge, edge], vec![0, 0], vec![-edge, -edge]];
    let answer = network::score(&model, &ask(&asked, &records), &mut rng(3)).unwrap();
    let expected: Vec<_> = records.iter().map(|record| twin::score(&model, 1, record).unwrap()).collect();
    assert_eq!(read(&model, &asked, &answer), expected);
    assert!(expected.iter().flatten().any(|logit| logit.unsigned_abs() > 1 << 64));
}

#[test]
fn slots_that_are_not_counted_are_covered() {
    let model = small(3, 100, 2);
    let records: Vec<_> = (0..50).map(|record| vec![record, 2 * record]).collect();
    // Fifty records are there, and one is counted.
    let asked = header(&model, 1);
    let query = ask(&asked, &records);
    let twins: Vec<_> = records.iter().map(|record| twin::score(&model, 1, record).unwrap()[0]).collect();
    let everything = |seed| {
        let answer = network::score(&model, &query, &mut rng(seed)).unwrap();
        let parts = network::read_answer(&model.interface(), &asked, &answer).unwrap();
        // As wide as the primes hold, so that nothing is refused.
        let bound = (u128::from(SET.plaintext_primes()[0]) - 1) / 2;
        assert!(matches!(KEY.decrypt(&parts[0], bound, 1), Err(DecryptError::Refused)));
        KEY.decrypt_covered(&parts[0], bound, SET.degree()).unwrap().slots.to_vec()
    };
    let (one, two) = (everything(1), everything(2));
    assert_eq!((one[0], two[0]), (twins[0], twins[0]));
    let same = one.iter().zip(&two).skip(1).filter(|(one, two)| one == two).count();
    assert!(same <= 2, "{same} of 8191 random residues of 30 bits are the same");
    assert!(one.iter().zip(&twins).skip(1).all(|(found, logit)| found != logit));
}

#[test]
fn refuses_what_does_not_fit() {
    let model = small(3, 100, 2);
    let asked = header(&model, 1);
    let good = ask(&asked, &[vec![1, 2]]);
    let score = |bytes: &[u8]| network::score(&model, bytes, &mut rng(1)).unwrap_err();
    for length in [0, 3, HEADER_BYTES - 1] {
        assert!(matches!(score(&good[..length]), NetworkError::Wire(_)), "{length}");
    }
    assert!(matches!(score(&good[..good.len() - 1]), NetworkError::Length { .. }));
    let with = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        score(&bytes)
    };
    for (at, byte) in [(0, b'X'), (4, 2), (6, 1), (7, 0), (7, 6), (72, 0), (74, 1), (76, 0), (78, 1)] {
        assert!(matches!(with(at, byte), NetworkError::Wire(_)), "{at}");
    }
    assert_eq!(with(8, !good[8]), NetworkError::WrongModel);
    assert_eq!(with(76, 3), NetworkError::WrongShape { what: "features", expected: 2, actual: 3 });
    assert_eq!(with(7, 2), NetworkError::WrongShape { what: "primes", expected: 1, actual: 2 });
    assert!(matches!(with(HEADER_BYTES, b'X'), NetworkError::Ciphertext { index: 0, .. }));
    assert_eq!(with(HEADER_BYTES + 7, 1), NetworkError::Place { index: 0 });

    let answer = network::score(&model, &good, &mut rng(1)).unwrap();
    let interface = model.interface();
    let read = |asked: &Header, bytes: &[u8]| network::read_answer(&interface, asked, bytes).unwrap_err();
    assert_eq!(read(&Header { row_count: 2, ..asked }, &answer), NetworkError::WrongQuery);
    assert!(matches!(read(&asked, &answer[..answer.len() - 1]), NetworkError::Length { .. }));
    assert!(matches!(read(&asked, &good), NetworkError::Wire(_)));
    let one = KEY.encrypt_block(0, &[1], &mut rng(1)).unwrap();
    assert!(matches!(asked.query(&[one]), Err(NetworkError::Length { .. })));
    assert_eq!(asked.query_bytes(), HEADER_BYTES + 2 * Ciphertext::fresh_bytes(SET));

    // Weights whose noise would drown the logits: the plan says by how many bits.
    let loud = small(1 << 36, 1, 2);
    let refused = network::score(&loud, &good, &mut rng(1)).unwrap_err();
    let NetworkError::Plan(PlanError::Noise { excess_bits, layer: 2, .. }) = refused else {
        panic!("{refused}")
    };
    let fewer = excess_bits.div_ceil(2);
    assert!(veilsum_model::plan::one_round(&small(1 << (36 - fewer), 1, 2)).is_ok());
}

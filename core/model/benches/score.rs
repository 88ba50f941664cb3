//! What scores cost, for a record and for 10,000: `cargo bench -p veilsum-model`.

#![expect(clippy::disallowed_methods, reason = "a benchmark has a clock")]
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::unwrap_used, reason = "a benchmark stops where something fails")]

use std::time::Instant;

use rand_chacha::ChaCha12Rng;
use rand_core::SeedableRng;
use veilsum_model::answer::Answer;
use veilsum_model::evaluate;
use veilsum_model::float::FloatFamily;
use veilsum_model::foreign_key::ProvenKey;
use veilsum_model::model::Model;
use veilsum_model::network::{self, SET};
use veilsum_model::packing::{self, Packing};
use veilsum_model::plan::Engine;
use veilsum_model::quantise::{NETWORK_WEIGHT_BITS, Options, WEIGHT_BITS, quantise};
use veilsum_model::query::{Header, Query};
use veilsum_model::{feature, import};
use veilsum_owner::bfv;
use veilsum_owner::paillier::{ModulusSize, SecretKey};
use veilsum_protocol::{Digest, KeyFingerprint};

const ROWS: usize = 10_000;

macro_rules! vector {
    ($name:literal) => {
        (
            $name,
            include_bytes!(concat!("../tests/vectors/", $name, ".json")).as_slice(),
            include_bytes!(concat!("../tests/vectors/", $name, ".scores.json")).as_slice(),
        )
    };
}

fn main() {
    let mut rng = ChaCha12Rng::seed_from_u64(1);
    let key = timed("make a key of 3072 bits", || {
        SecretKey::generate(ModulusSize::Bits3072, &mut rng, &mut |_| ()).unwrap()
    });
    key.prepare(&mut |_, _| ());
    let proof = timed("prove the key", || key.prove_order());
    let proven = timed("check the proof", || ProvenKey::new(key.public_key().clone(), &proof).unwrap());
    for vector in [vector!("diabetes"), vector!("breast_cancer"), vector!("iris"), vector!("digits")] {
        let (model, mut records) = read(vector);
        if model.inputs().len() > 1_000 {
            records.truncate(45);
        }
        println!("\n{}: {} inputs, {} scores", vector.0, model.inputs().len(), model.family().score_count());
        if model.packs_records() {
            packed(&model, &key, &proven, Packing::Record, &records[..1]);
        }
        packed(&model, &key, &proven, Packing::Table, &records[..1]);
        packed(&model, &key, &proven, Packing::Table, &records);
    }
    let (model, records) = read(vector!("digits"));
    println!("\ndigits, one round: {} inputs, {} scores", model.inputs().len(), model.family().score_count());
    one_round(&model, &records[..1]);
    one_round(&model, &records[..SET.degree()]);
}

fn read((_, export, scores): (&str, &[u8], &[u8])) -> (Model, Vec<Vec<i64>>) {
    let imported = import::sklearn(export).unwrap();
    let options = match imported.model.family {
        FloatFamily::Network { .. } => Options { engine: Engine::OneRound, weight_bits: NETWORK_WEIGHT_BITS },
        FloatFamily::Linear { .. } | FloatFamily::Logistic { .. } | FloatFamily::KMeans { .. } => {
            Options { engine: Engine::Packed, weight_bits: WEIGHT_BITS }
        }
    };
    let model = quantise(&imported.model, options, imported.card).unwrap();
    let scores: serde_json::Value = serde_json::from_slice(scores).unwrap();
    let record = |record: &serde_json::Value| {
        let numbers: Vec<f64> =
            record.as_array().unwrap().iter().map(|cell| cell.as_f64().unwrap()).collect();
        feature::encode(model.features(), 1, &numbers).unwrap()
    };
    let records: Vec<_> = scores["records"].as_array().unwrap().iter().map(record).collect();
    let records = records.iter().cycle().take(ROWS).cloned().collect();
    (model, records)
}

fn packed(model: &Model, key: &SecretKey, proven: &ProvenKey, packing: Packing, records: &[Vec<i64>]) {
    let mut rng = ChaCha12Rng::seed_from_u64(2);
    let public = key.public_key();
    println!("  {} records as a {packing:?}", records.len());
    let rows: Vec<_> =
        records.iter().map(|record| packing::inputs(&model.inputs(), record).unwrap()).collect();
    let header = Header {
        packing,
        model: Digest::from_bytes(model.digest()),
        key: KeyFingerprint::from_bytes(public.fingerprint()),
        modulus_bits: public.modulus_bits(),
        row_count: u32::try_from(rows.len()).unwrap(),
        input_count: u32::try_from(rows[0].len()).unwrap(),
        layer: 0,
    };
    let query = timed("encrypt", || {
        let plaintexts = match packing {
            Packing::Table => packing::pack_table(public, &rows).unwrap().concat(),
            Packing::Record => packing::pack_record(public, &rows[0]),
        };
        let ciphertexts = key.encrypt_many(&plaintexts, &mut rng);
        Query::new(public, header, ciphertexts).unwrap().to_bytes(public)
    });
    let answer = timed("score", || {
        let query = Query::from_bytes(public, &query).unwrap();
        evaluate::score(model, proven, &query, &mut rng).unwrap().to_bytes(public)
    });
    timed("decrypt", || {
        let answer = Answer::from_bytes(public, &header, &answer).unwrap();
        let plaintexts = key.decrypt_many(answer.ciphertexts()).unwrap();
        answer.scores(public, &plaintexts, model.interface().score_bound()).unwrap()
    });
    println!("    {:<24} {:>12} up, {} down", "bytes", query.len(), answer.len());
}

fn one_round(model: &Model, records: &[Vec<i64>]) {
    let mut rng = ChaCha12Rng::seed_from_u64(3);
    let interface = model.interface();
    let key = bfv::SecretKey::generate(SET, &mut rng);
    println!("  {} records", records.len());
    let header = network::Header {
        model: Digest::from_bytes(model.digest()),
        key: key.fingerprint(),
        primes: interface.primes().unwrap(),
        row_count: u32::try_from(records.len()).unwrap(),
        width: u32::try_from(model.features().len()).unwrap(),
    };
    let query = timed("encrypt", || {
        let columns = (0..model.features().len()).map(|index| records.iter().map(|row| row[index]).collect());
        let columns: Vec<Vec<i64>> = columns.collect();
        let blocks = (0..header.primes).flat_map(|prime| columns.iter().map(move |column| (prime, column)));
        let blocks: Vec<_> =
            blocks.map(|(prime, column)| key.encrypt_block(prime, column, &mut rng).unwrap()).collect();
        header.query(&blocks).unwrap()
    });
    let answer = timed("score", || network::score(model, &query, &mut rng).unwrap());
    timed("decrypt", || {
        for parts in network::read_answer(&interface, &header, &answer).unwrap() {
            key.decrypt_covered(&parts, interface.score_bound(), records.len()).unwrap();
        }
    });
    println!("    {:<24} {:>12} up, {} down", "bytes", query.len(), answer.len());
}

fn timed<T>(what: &str, run: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = run();
    println!("    {what:<24} {:>12.1} ms", start.elapsed().as_secs_f64() * 1e3);
    result
}

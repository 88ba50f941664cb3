//! Models, keys, queries and scores, as the page has them.

use std::fmt;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use bytes::Bytes;
use getrandom::SysRng;
use rand_core::UnwrapErr;
use veilsum_model::answer::Answer;
use veilsum_model::float::FloatFamily;
use veilsum_model::model::Model;
use veilsum_model::network;
use veilsum_model::packing::{self, Packing};
use veilsum_model::plan::Engine;
use veilsum_model::quantise::{NETWORK_WEIGHT_BITS, Options, WEIGHT_BITS, quantise};
use veilsum_model::query::{Header, Query};
use veilsum_model::{feature, import, twin};
use veilsum_owner::bfv;
use veilsum_owner::paillier::{ModulusSize, SecretKey};
use veilsum_protocol::api::scoring::{ProvenModulus, QueryObject, ScoreEngine, StartScore};
use veilsum_protocol::{Digest, KeyFingerprint, ModelId, ScoreId};

macro_rules! vector {
    ($name:literal) => {
        (
            $name,
            include_bytes!(concat!("../../../core/model/tests/vectors/", $name, ".json")).as_slice(),
            include_bytes!(concat!("../../../core/model/tests/vectors/", $name, ".scores.json")).as_slice(),
        )
    };
}

const VECTORS: [(&str, &[u8], &[u8]); 4] =
    [vector!("diabetes"), vector!("breast_cancer"), vector!("iris"), vector!("digits")];

fn rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

/// The client's keys, of full size.
pub struct Keys {
    paillier: SecretKey,
    proven: ProvenModulus,
    bfv: bfv::SecretKey,
}

impl Keys {
    pub fn generate() -> Self {
        let clock = Instant::now();
        let paillier = SecretKey::generate(ModulusSize::Bits3072, &mut rng(), &mut |_| {}).unwrap();
        println!("key of 3072 bits: {:.2} s", clock.elapsed().as_secs_f64());
        let clock = Instant::now();
        let proof = hex::encode(paillier.prove_order().to_bytes(paillier.public_key()));
        println!("its proof: {:.3} s, {} bytes", clock.elapsed().as_secs_f64(), proof.len() / 2);
        let clock = Instant::now();
        let bfv = bfv::SecretKey::generate(network::SET, &mut rng());
        println!("key of BFV: {:.3} s", clock.elapsed().as_secs_f64());
        let proven = ProvenModulus { modulus: paillier.public_key().to_hex(), proof };
        Self { paillier, proven, bfv }
    }
}

/// How records are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// One record, packed by inputs.
    Record,
    /// A table, packed by records.
    Table,
    /// A network in one round.
    OneRound,
}

impl fmt::Display for Way {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Record => "record",
            Self::Table => "table",
            Self::OneRound => "one round",
        })
    }
}

/// A model of scikit-learn with the records that it scored.
pub struct Published {
    pub name: &'static str,
    pub id: ModelId,
    pub model: Model,
    records: Vec<Vec<i64>>,
}

impl Published {
    pub fn read(name: &str, id: ModelId) -> Self {
        let (name, export, scores) = *VECTORS.iter().find(|(found, _, _)| *found == name).unwrap();
        let imported = import::sklearn(export).unwrap();
        let (engine, weight_bits) = match imported.model.family {
            FloatFamily::Network { .. } => (Engine::OneRound, NETWORK_WEIGHT_BITS),
            FloatFamily::Linear { .. } | FloatFamily::Logistic { .. } | FloatFamily::KMeans { .. } => {
                (Engine::Packed, WEIGHT_BITS)
            }
        };
        let model = quantise(&imported.model, Options { engine, weight_bits }, imported.card).unwrap();
        let scores: serde_json::Value = serde_json::from_slice(scores).unwrap();
        let record = |row: &serde_json::Value| {
            let numbers = row.as_array().unwrap().iter().map(|number| number.as_f64().unwrap());
            feature::encode(model.features(), 1, &numbers.collect::<Vec<_>>()).unwrap()
        };
        let records = scores["records"].as_array().unwrap().iter().map(record).collect();
        Self { name, id, model, records }
    }

    pub fn records(&self, start: usize, count: usize) -> Vec<Vec<i64>> {
        self.records.iter().cycle().skip(start % self.records.len()).take(count).cloned().collect()
    }

    pub fn twin(&self, records: &[Vec<i64>]) -> Vec<Vec<i128>> {
        records.iter().map(|record| twin::score(&self.model, 1, record).unwrap()).collect()
    }
}

/// An encrypted query and what is needed to read its answer.
pub struct Question {
    pub model: ModelId,
    pub start: StartScore,
    pub bytes: Bytes,
    asked: Asked,
    born: Instant,
}

#[derive(Clone, Copy)]
enum Asked {
    Packed(Header),
    OneRound(network::Header),
}

impl Question {
    pub fn encrypt(keys: &Keys, published: &Published, way: Way, records: &[Vec<i64>]) -> Self {
        let born = Instant::now();
        let model = &published.model;
        let row_count = u32::try_from(records.len()).unwrap();
        let (asked, bytes) = match way {
            Way::Record => packed(keys, model, Packing::Record, records),
            Way::Table => packed(keys, model, Packing::Table, records),
            Way::OneRound => one_round(keys, model, records),
        };
        let engine = if way == Way::OneRound { ScoreEngine::OneRound } else { ScoreEngine::Packed };
        let start = StartScore {
            score: new_score(),
            digest: Digest::from_bytes(model.digest()),
            engine,
            key: engine.needs_key().then(|| keys.proven.clone()),
            row_count,
            query: QueryObject { size_bytes: bytes.len() as u64, sha256: Digest::of(&bytes) },
        };
        Self { model: published.id, start, bytes: bytes.into(), asked, born }
    }

    /// The same query for another score, from now on.
    pub fn again(&self) -> Self {
        let start = StartScore { score: new_score(), ..self.start.clone() };
        let (model, bytes, asked) = (self.model, self.bytes.clone(), self.asked);
        Self { model, start, bytes, asked, born: Instant::now() }
    }

    /// A table of the same block again and again.
    pub fn repeated(&self, keys: &Keys, bytes: usize) -> Self {
        let Asked::Packed(header) = self.asked else { panic!("a table") };
        let public = keys.paillier.public_key();
        let block = Query::from_bytes(public, &self.bytes).unwrap();
        let inputs = block.ciphertexts();
        let blocks = bytes / public.ciphertext_bytes() / inputs.len();
        let row_count = u32::try_from(blocks).unwrap() * packing::rows_per_block(public);
        let header = Header { row_count, ..header };
        let columns = inputs.iter().flat_map(|input| vec![input.clone(); blocks]).collect();
        let bytes: Bytes = Query::new(public, header, columns).unwrap().to_bytes(public).into();
        let query = QueryObject { size_bytes: bytes.len() as u64, sha256: Digest::of(&bytes) };
        let start = StartScore { score: new_score(), row_count, query, ..self.start.clone() };
        Self { model: self.model, start, bytes, asked: Asked::Packed(header), born: Instant::now() }
    }

    pub fn age(&self) -> Duration {
        self.born.elapsed()
    }

    pub fn read(&self, keys: &Keys, published: &Published, answer: &[u8]) -> Vec<Vec<i128>> {
        let interface = published.model.interface();
        match &self.asked {
            Asked::Packed(header) => {
                let public = keys.paillier.public_key();
                let answer = Answer::from_bytes(public, header, answer).unwrap();
                let plaintexts = keys.paillier.decrypt_many(answer.ciphertexts()).unwrap();
                answer.scores(public, &plaintexts, interface.score_bound()).unwrap()
            }
            Asked::OneRound(header) => {
                let rows = header.row_count as usize;
                let mut scores = vec![Vec::new(); rows];
                for parts in network::read_answer(&interface, header, answer).unwrap() {
                    let logits = keys.bfv.decrypt_covered(&parts, interface.score_bound(), rows).unwrap();
                    for (score, &logit) in scores.iter_mut().zip(logits.slots.iter()) {
                        score.push(logit);
                    }
                }
                scores
            }
        }
    }
}

fn new_score() -> ScoreId {
    static LAST: Mutex<u128> = Mutex::new(0);
    let mut last = LAST.lock().unwrap();
    *last += 1;
    ScoreId::from_bytes(last.to_be_bytes())
}

fn packed(keys: &Keys, model: &Model, packing: Packing, records: &[Vec<i64>]) -> (Asked, Vec<u8>) {
    let public = keys.paillier.public_key();
    let inputs = model.inputs();
    let rows: Vec<_> = records.iter().map(|record| packing::inputs(&inputs, record).unwrap()).collect();
    let header = Header {
        packing,
        model: Digest::from_bytes(model.digest()),
        key: KeyFingerprint::from_bytes(public.fingerprint()),
        modulus_bits: public.modulus_bits(),
        row_count: u32::try_from(rows.len()).unwrap(),
        input_count: u32::try_from(inputs.len()).unwrap(),
        layer: 0,
    };
    let plaintexts = match packing {
        Packing::Table => packing::pack_table(public, &rows).unwrap().concat(),
        Packing::Record => packing::pack_record(public, &rows[0]),
    };
    let ciphertexts = keys.paillier.encrypt_many(&plaintexts, &mut rng());
    (Asked::Packed(header), Query::new(public, header, ciphertexts).unwrap().to_bytes(public))
}

fn one_round(keys: &Keys, model: &Model, records: &[Vec<i64>]) -> (Asked, Vec<u8>) {
    let header = network::Header {
        model: Digest::from_bytes(model.digest()),
        key: keys.bfv.fingerprint(),
        primes: model.interface().primes().unwrap(),
        row_count: u32::try_from(records.len()).unwrap(),
        width: u32::try_from(model.features().len()).unwrap(),
    };
    let mut ciphertexts = Vec::new();
    for prime in 0..header.primes {
        for index in 0..header.width as usize {
            let column: Vec<i64> = records.iter().map(|record| record[index]).collect();
            ciphertexts.push(keys.bfv.encrypt_block(prime, &column, &mut rng()).unwrap());
        }
    }
    (Asked::OneRound(header), header.query(&ciphertexts).unwrap())
}

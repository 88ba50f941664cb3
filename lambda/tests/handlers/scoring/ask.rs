//! A client with secret keys, as the browser is: encrypts records, sends them, decrypts scores.

use std::sync::LazyLock;

use getrandom::SysRng;
use num_bigint::BigUint;
use rand_core::UnwrapErr;
use veilsum_lambda::score;
use veilsum_lambda::store::{Store, StoreError};
use veilsum_model::answer::Answer;
use veilsum_model::float::FloatFamily;
use veilsum_model::interface::Interface;
use veilsum_model::model::Model;
use veilsum_model::network;
use veilsum_model::packing::{self, Packing};
use veilsum_model::plan::Engine;
use veilsum_model::quantise::{NETWORK_WEIGHT_BITS, Options, WEIGHT_BITS, quantise};
use veilsum_model::query::{Header, Query};
use veilsum_model::{feature, import};
use veilsum_owner::bfv;
use veilsum_owner::paillier::SecretKey;
use veilsum_protocol::api::scoring::{
    ModelDetail, ProvenModulus, PublishModel, QueryObject, ScoreEngine, ScoreState, ScoreStatus, StartScore,
    Terms,
};
use veilsum_protocol::job::{Done, ScoreEvent};
use veilsum_protocol::{Digest, KeyFingerprint, ModelId, ScoreId};

use crate::cloud::{Cloud, Reply, Tenant, get, storage};

/// Two primes of 512 bits: a key far too small for data, and fast.
const P: &[u8] = b"fe9192ad606f4283ae9970b5e6a9371474d4c84eace2fb646cd23e0fa11c716ac51efd5d6c52594dc7653ed52625f56a0b744cd3375bc5a5b19dbfeced4531d7";
const Q: &[u8] = b"ed4f626613e95504ba8bc806642328514113b3dfa758d29281700c838b5d609570e9777bff4265473a88c316dd56167b826b177334e5f33e4e884cd76246a54f";

pub static KEY: LazyLock<SecretKey> = LazyLock::new(|| {
    let prime = |hex| BigUint::parse_bytes(hex, 16).unwrap();
    SecretKey::from_primes(prime(P), prime(Q)).unwrap()
});

pub static BFV_KEY: LazyLock<bfv::SecretKey> =
    LazyLock::new(|| bfv::SecretKey::generate(network::SET, &mut rng()));

pub const MODEL: ModelId = ModelId::from_bytes([0x55; 16]);

pub fn rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

pub fn score_id(number: u8) -> ScoreId {
    ScoreId::from_bytes([number; 16])
}

macro_rules! vector {
    ($name:literal) => {
        (
            $name,
            include_bytes!(concat!("../../../../core/model/tests/vectors/", $name, ".json")).as_slice(),
            include_bytes!(concat!("../../../../core/model/tests/vectors/", $name, ".scores.json"))
                .as_slice(),
        )
    };
}

const VECTORS: [(&str, &[u8], &[u8]); 5] = [
    vector!("diabetes"),
    vector!("breast_cancer"),
    vector!("iris_logistic"),
    vector!("iris"),
    vector!("digits"),
];

/// A model of scikit-learn, quantised.
pub fn model(name: &str) -> Model {
    let (_, export, _) = VECTORS.iter().find(|(found, _, _)| *found == name).unwrap();
    let imported = import::sklearn(export).unwrap();
    let (engine, weight_bits) = match imported.model.family {
        FloatFamily::Network { .. } => (Engine::OneRound, NETWORK_WEIGHT_BITS),
        FloatFamily::Linear { .. } | FloatFamily::Logistic { .. } | FloatFamily::KMeans { .. } => {
            (Engine::Packed, WEIGHT_BITS)
        }
    };
    quantise(&imported.model, Options { engine, weight_bits }, imported.card).unwrap()
}

/// The integers of the first records that scikit-learn scored.
pub fn records(name: &str, count: usize) -> Vec<Vec<i64>> {
    let (_, _, scores) = VECTORS.iter().find(|(found, _, _)| *found == name).unwrap();
    let scores: serde_json::Value = serde_json::from_slice(scores).unwrap();
    let model = model(name);
    let rows = scores["records"].as_array().unwrap().iter().cycle().take(count);
    rows.map(|row| {
        let row: Vec<f64> = row.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect();
        feature::encode(model.features(), 1, &row).unwrap()
    })
    .collect()
}

/// What the twin says of a record.
pub fn twin(model: &Model, records: &[Vec<i64>]) -> Vec<Vec<i128>> {
    records.iter().map(|record| veilsum_model::twin::score(model, 1, record).unwrap()).collect()
}

/// A query, and what is needed to read its answer.
#[derive(Clone)]
pub struct Question {
    pub start: StartScore,
    pub bytes: Vec<u8>,
    asked: AskedFor,
}

#[derive(Clone, Copy)]
enum AskedFor {
    Packed(Header),
    OneRound(network::Header),
}

/// The client's key with its proof, as it is sent.
pub fn proven_modulus(key: &SecretKey) -> ProvenModulus {
    let public = key.public_key();
    let proof = hex::encode(key.prove_order().to_bytes(public));
    ProvenModulus { modulus: public.to_hex(), proof }
}

fn start(model: &Model, score: u8, engine: ScoreEngine, rows: u32, bytes: &[u8]) -> StartScore {
    StartScore {
        score: score_id(score),
        digest: Digest::from_bytes(model.digest()),
        engine,
        key: engine.needs_key().then(|| proven_modulus(&KEY)),
        row_count: rows,
        query: query_object(bytes),
    }
}

pub fn query_object(bytes: &[u8]) -> QueryObject {
    QueryObject { size_bytes: bytes.len() as u64, sha256: Digest::of(bytes) }
}

/// Encrypts records for packed sums.
pub fn packed(model: &Model, score: u8, packing: Packing, records: &[Vec<i64>]) -> Question {
    let inputs = model.inputs();
    let rows: Vec<_> = records.iter().map(|record| packing::inputs(&inputs, record).unwrap()).collect();
    question(model, score, ScoreEngine::Packed, header(model, packing, &rows, 0), &rows)
}

/// Encrypts what one layer takes.
pub fn by_layers(model: &Model, score: u8, layer: u16, rows: &[Vec<i64>]) -> Question {
    question(model, score, ScoreEngine::ByLayers, header(model, Packing::Table, rows, layer), rows)
}

pub fn header(model: &Model, packing: Packing, rows: &[Vec<i64>], layer: u16) -> Header {
    let public = KEY.public_key();
    Header {
        packing,
        model: Digest::from_bytes(model.digest()),
        key: KeyFingerprint::from_bytes(public.fingerprint()),
        modulus_bits: public.modulus_bits(),
        row_count: u32::try_from(rows.len()).unwrap(),
        input_count: u32::try_from(rows[0].len()).unwrap(),
        layer,
    }
}

/// A query with any header, about rows of inputs.
pub fn question(
    model: &Model,
    score: u8,
    engine: ScoreEngine,
    header: Header,
    rows: &[Vec<i64>],
) -> Question {
    let public = KEY.public_key();
    let plaintexts = match header.packing {
        Packing::Table => packing::pack_table(public, rows).unwrap().concat(),
        Packing::Record => packing::pack_record(public, &rows[0]),
    };
    let ciphertexts = KEY.encrypt_many(&plaintexts, &mut rng());
    let bytes = Query::new(public, header, ciphertexts).unwrap().to_bytes(public);
    let start = start(model, score, engine, header.row_count, &bytes);
    Question { start, bytes, asked: AskedFor::Packed(header) }
}

/// Encrypts records for one round.
pub fn one_round(model: &Model, score: u8, records: &[Vec<i64>]) -> Question {
    let header = network::Header {
        model: Digest::from_bytes(model.digest()),
        key: BFV_KEY.fingerprint(),
        primes: model.interface().primes().unwrap(),
        row_count: u32::try_from(records.len()).unwrap(),
        width: u32::try_from(model.features().len()).unwrap(),
    };
    let mut ciphertexts = Vec::new();
    for prime in 0..header.primes {
        for index in 0..header.width as usize {
            let column: Vec<i64> = records.iter().map(|record| record[index]).collect();
            ciphertexts.push(BFV_KEY.encrypt_block(prime, &column, &mut rng()).unwrap());
        }
    }
    let bytes = header.query(&ciphertexts).unwrap();
    let start = start(model, score, ScoreEngine::OneRound, header.row_count, &bytes);
    Question { start, bytes, asked: AskedFor::OneRound(header) }
}

impl Question {
    /// The same question under another id.
    pub fn again(&self, score: u8) -> Self {
        let mut again = self.clone();
        again.start.score = score_id(score);
        again
    }

    /// The scores in an answer.
    pub fn read(&self, interface: &Interface, answer: &[u8]) -> Vec<Vec<i128>> {
        self.read_within(interface, answer, interface.score_bound())
    }

    /// The scores in an answer, or the sums of a layer, below a bound.
    pub fn read_within(&self, interface: &Interface, answer: &[u8], bound: u128) -> Vec<Vec<i128>> {
        match &self.asked {
            AskedFor::Packed(header) => {
                let public = KEY.public_key();
                let answer = Answer::from_bytes(public, header, answer).unwrap();
                let plaintexts = KEY.decrypt_many(answer.ciphertexts()).unwrap();
                answer.scores(public, &plaintexts, bound).unwrap()
            }
            AskedFor::OneRound(header) => {
                let rows = header.row_count as usize;
                let mut scores = vec![Vec::new(); rows];
                for parts in network::read_answer(interface, header, answer).unwrap() {
                    let logits = BFV_KEY.decrypt_covered(&parts, bound, rows).unwrap();
                    for (score, &logit) in scores.iter_mut().zip(logits.slots.iter()) {
                        score.push(logit);
                    }
                }
                scores
            }
        }
    }
}

/// Publishes a model as version 1 of [`MODEL`].
pub async fn publish(cloud: &Cloud, company: &Tenant, model: &Model, terms: Option<Terms>) -> ModelDetail {
    let document = String::from_utf8(model.to_bytes()).unwrap();
    company.post(cloud, "/models", &PublishModel { model: MODEL, document, terms }).await.json()
}

/// A model with one of these limits, and layers where `by_layers`.
pub fn terms(rows_per_client: u64, by_layers: bool) -> Option<Terms> {
    Some(Terms { rows_per_client, by_layers })
}

/// Announces a query.
pub async fn announce(cloud: &Cloud, client: &Tenant, question: &Question) -> Reply {
    client.post(cloud, &format!("/models/{MODEL}/scores"), &question.start).await
}

/// Announces a query and sends it.
pub async fn send(cloud: &Cloud, client: &Tenant, question: &Question) -> ScoreStatus {
    let status: ScoreStatus = announce(cloud, client, question).await.json();
    if let ScoreState::Waiting { url, headers, .. } = &status.state {
        loop {
            let sent = storage(axum::http::Method::PUT, url, headers, question.bytes.clone()).await;
            if sent.status == 200 {
                break;
            }
            assert_eq!(sent.status, 503, "{sent:?}");
        }
    }
    status
}

/// What the function does with the event of a stored query.
pub async fn delivered(store: &Store, client: &Tenant, question: &Question) -> Result<Done, StoreError> {
    score::handle(store, &ScoreEvent { tenant: client.id, score: question.start.score }).await
}

pub async fn status(cloud: &Cloud, client: &Tenant, question: &Question) -> ScoreStatus {
    client.get(cloud, &format!("/scores/{}", question.start.score)).await.json()
}

/// The encrypted answer of a score that is done.
pub async fn answer(status: &ScoreStatus) -> Vec<u8> {
    let ScoreState::Done { answer_url } = &status.state else { panic!("{:?}", status.state) };
    loop {
        let reply = get(answer_url).await;
        if reply.status == 200 {
            return reply.body.to_vec();
        }
        assert_eq!(reply.status, 503);
    }
}

/// From a question to its scores.
pub async fn scored(cloud: &Cloud, client: &Tenant, model: &Model, question: &Question) -> Vec<Vec<i128>> {
    send(cloud, client, question).await;
    assert_eq!(delivered(&cloud.store, client, question).await.unwrap(), Done::Stored);
    let status = status(cloud, client, question).await;
    question.read(&model.interface(), &answer(&status).await)
}

/// Code and sentence of a score that failed.
pub fn failure(status: &ScoreStatus) -> (&str, &str) {
    let ScoreState::Failed(failure) = &status.state else { panic!("{:?}", status.state) };
    assert!(failure.message.ends_with('.') && failure.message.len() > 30, "{}", failure.message);
    (&failure.code, &failure.message)
}

/// Rows that were counted for a client.
pub async fn used(cloud: &Cloud, client: &Tenant) -> u64 {
    client.get(cloud, &format!("/models/{MODEL}")).await.json::<ModelDetail>().budget.used
}

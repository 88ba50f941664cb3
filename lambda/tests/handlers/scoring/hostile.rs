//! A client who wants the model instead of scores.

use axum::http::Method;
use num_bigint::BigUint;
use veilsum_model::answer::Answer;
use veilsum_model::packing::{Packing, rows_per_block};
use veilsum_model::query::{Header, Query};
use veilsum_owner::paillier::{ModulusSize, SecretKey};
use veilsum_protocol::Digest;
use veilsum_protocol::api::scoring::{ProvenModulus, PublishVersion, ScoreEngine, ScoreState, ScoreStatus};
use veilsum_protocol::job::Done;

use super::ask::{
    KEY, MODEL, Question, announce, answer, delivered, failure, header, model, one_round, packed,
    proven_modulus, publish, query_object, question, records, rng, scored, send, status, twin, used,
};
use crate::cloud::{Cloud, Tenant, storage};

async fn published(name: &str) -> (Cloud, Tenant, Tenant) {
    let cloud = Cloud::start().await;
    let (company, client) = (cloud.sign_in(1).await, cloud.sign_in(2).await);
    publish(&cloud, &company, &model(name), None).await;
    (cloud, company, client)
}

/// The sentence of a question that the function refuses. Nothing is counted.
async fn refused(question: &Question, name: &str) -> (String, String) {
    let (cloud, _, client) = published(name).await;
    send(&cloud, &client, question).await;
    assert_eq!(delivered(&cloud.store, &client, question).await.unwrap(), Done::Failed);
    assert_eq!(used(&cloud, &client).await, 0);
    assert!(!cloud.keys().iter().any(|key| key.ends_with("/answer")));
    let status = status(&cloud, &client, question).await;
    let (code, sentence) = failure(&status);
    (code.to_owned(), sentence.to_owned())
}

#[tokio::test]
async fn a_foreign_key_is_refused_without_its_own_proof() {
    let (cloud, _, client) = published("diabetes").await;
    let good = packed(&model("diabetes"), 1, Packing::Table, &records("diabetes", 2));
    let with = |key: Option<ProvenModulus>| {
        let mut question = good.clone();
        question.start.key = key;
        question
    };
    let proven = proven_modulus(&KEY);
    let other = SecretKey::generate(ModulusSize::Bits2048, &mut rng(), &mut |_| {}).unwrap();
    let other = proven_modulus(&other);
    let changed = |proof: &str| {
        let mut proof = proof.to_owned();
        let digit = if &proof[16..17] == "0" { "1" } else { "0" };
        proof.replace_range(16..17, digit);
        proof
    };
    // With the factor 3, for which nobody can prove that rⁿ hides.
    let with_three = ((KEY.public_key().modulus() / 3u32) | BigUint::from(1u32)) * 3u32;
    for key in [
        ProvenModulus { proof: String::new(), ..proven.clone() },
        ProvenModulus { proof: "no hex".to_owned(), ..proven.clone() },
        ProvenModulus { proof: other.proof.clone(), ..proven.clone() },
        ProvenModulus { modulus: other.modulus.clone(), proof: proven.proof.clone() },
        ProvenModulus { modulus: "2".to_owned(), proof: proven.proof.clone() },
        ProvenModulus { modulus: String::new(), proof: proven.proof.clone() },
    ] {
        announce(&cloud, &client, &with(Some(key))).await.is_problem(422, "key-refused");
    }
    announce(&cloud, &client, &with(None)).await.is_problem(422, "out-of-range");
    let huge = ProvenModulus { modulus: "f".repeat(4_000), proof: proven.proof.clone() };
    announce(&cloud, &client, &with(Some(huge))).await.is_problem(422, "out-of-range");
    assert!(!cloud.keys().iter().any(|key| key.contains("/s/")), "nothing was stored");
    // What only a computation shows is refused by the function, before rows are counted.
    for (score, key) in (2..).zip([
        ProvenModulus { proof: changed(&proven.proof), ..proven.clone() },
        ProvenModulus { modulus: with_three.to_str_radix(16), proof: proven.proof.clone() },
    ]) {
        let question = with(Some(key)).again(score);
        send(&cloud, &client, &question).await;
        assert_eq!(delivered(&cloud.store, &client, &question).await.unwrap(), Done::Failed);
        assert_eq!(failure(&status(&cloud, &client, &question).await).0, "key-refused");
    }
    // Proven, but not the key of the query: the function refuses.
    let question = with(Some(other));
    send(&cloud, &client, &question).await;
    assert_eq!(delivered(&cloud.store, &client, &question).await.unwrap(), Done::Failed);
    assert_eq!(failure(&status(&cloud, &client, &question).await).0, "query-unusable");
    assert_eq!(used(&cloud, &client).await, 0);
}

#[tokio::test]
async fn a_replayed_query_counts_again_and_its_answer_hides_anew() {
    let (cloud, _, client) = published("diabetes").await;
    let (model, records) = (model("diabetes"), records("diabetes", 2));
    let first = packed(&model, 1, Packing::Table, &records);
    let second = first.again(2);
    let mut answers = Vec::new();
    for question in [&first, &second] {
        assert_eq!(scored(&cloud, &client, &model, question).await, twin(&model, &records));
        answers.push(answer(&status(&cloud, &client, question).await).await);
    }
    assert_ne!(answers[0], answers[1]);
    assert_eq!(used(&cloud, &client).await, 4);
    // Another query under an id that was used is refused, whatever differs.
    let mut other = packed(&model, 1, Packing::Table, &records);
    announce(&cloud, &client, &other).await.is_problem(409, "score-id-taken");
    other = first.clone();
    other.start.row_count = 1;
    announce(&cloud, &client, &other).await.is_problem(409, "score-id-taken");
}

#[tokio::test]
async fn slots_that_are_not_counted_are_covered_anew_in_every_answer() {
    let (cloud, _, client) = published("diabetes").await;
    let model = model("diabetes");
    // A block with as many records as fit, of which the header names one: the others' scores would be free.
    let full = usize::try_from(rows_per_block(KEY.public_key())).unwrap();
    let rows = records("diabetes", full);
    let expected = twin(&model, &rows);
    let all = header(&model, Packing::Table, &rows, 0);
    let mut one = question(&model, 1, ScoreEngine::Packed, all, &rows);
    let public = KEY.public_key();
    let query = Query::from_bytes(public, &one.bytes).unwrap();
    let named = Header { row_count: 1, ..all };
    one.bytes = Query::new(public, named, query.ciphertexts().to_vec()).unwrap().to_bytes(public);
    one.start.query = query_object(&one.bytes);
    one.start.row_count = 1;
    let mut seen = Vec::new();
    for score in [1, 2] {
        let question = one.again(score);
        send(&cloud, &client, &question).await;
        assert_eq!(delivered(&cloud.store, &client, &question).await.unwrap(), Done::Stored);
        let bytes = answer(&status(&cloud, &client, &question).await).await;
        let answer = Answer::from_bytes(public, &named, &bytes).unwrap();
        let plaintexts = KEY.decrypt_many(answer.ciphertexts()).unwrap();
        assert_eq!(
            answer.scores(public, &plaintexts, model.interface().score_bound()).unwrap(),
            expected[..1]
        );
        // All slots of the block, as an answer about as many records would be read.
        let window = Packing::Table.window(public, rows[0].len(), u32::try_from(full).unwrap(), 0);
        seen.push(window.read(public, &plaintexts[0]));
    }
    for slot in 1..full {
        assert_ne!(seen[0][slot], seen[1][slot], "slot {slot} is covered anew");
        assert_ne!(i128::from(seen[0][slot]), expected[slot][0], "slot {slot} does not show its score");
    }
    assert_eq!(seen[0][0], seen[1][0]);
    assert_eq!(used(&cloud, &client).await, 2);
}

#[tokio::test]
async fn more_rows_than_were_announced_are_refused() {
    let records = records("diabetes", 5);
    let mut packed = packed(&model("diabetes"), 1, Packing::Table, &records);
    packed.start.row_count = 1;
    let (code, sentence) = refused(&packed, "diabetes").await;
    assert_eq!(code, "query-unusable");
    assert!(sentence.contains("5 records, and 1 were announced"), "{sentence}");
    let mut network = one_round(&model("digits"), 1, &super::ask::records("digits", 3));
    network.start.row_count = 2;
    assert!(refused(&network, "digits").await.1.contains("3 records, and 2 were announced"));
}

/// A change to the bytes of a query.
type Change<'a> = &'a dyn Fn(&mut Vec<u8>);

#[tokio::test]
async fn queries_of_another_shape_are_refused_and_not_counted() {
    let (model, rows) = (model("diabetes"), records("diabetes", 3));
    let cut: Vec<Vec<i64>> = rows.iter().map(|row| row[..9].to_vec()).collect();
    let fewer = header(&model, Packing::Table, &cut, 0);
    let (code, sentence) = refused(&question(&model, 1, ScoreEngine::Packed, fewer, &cut), "diabetes").await;
    assert_eq!(code, "query-unusable");
    assert!(sentence.contains("have 9 inputs, and the model takes 10"), "{sentence}");
    let layer = Header { layer: 1, ..header(&model, Packing::Table, &rows, 0) };
    let (_, sentence) = refused(&question(&model, 1, ScoreEngine::Packed, layer, &rows), "diabetes").await;
    assert!(sentence.contains("layer 2 was asked for"), "{sentence}");

    let with_bytes = |change: Change<'_>| {
        let mut question = packed(&model, 1, Packing::Table, &rows);
        change(&mut question.bytes);
        question.start.query = query_object(&question.bytes);
        question
    };
    let changes: [Change<'_>; 7] = [
        &|bytes| bytes[0] ^= 1,
        &|bytes| bytes[4] = 9,
        &|bytes| bytes[40] ^= 1,
        &|bytes| bytes.truncate(50),
        &|bytes| bytes.truncate(bytes.len() - 1),
        &|bytes| bytes.push(0),
        &|bytes| bytes[88..88 + 256].fill(0),
    ];
    for change in changes {
        assert_eq!(refused(&with_bytes(change), "diabetes").await.0, "query-unusable");
    }
    let mut network = one_round(&super::ask::model("digits"), 1, &records_of_digits());
    network.bytes.truncate(network.bytes.len() - 1);
    network.start.query = query_object(&network.bytes);
    assert_eq!(refused(&network, "digits").await.0, "query-unusable");
}

fn records_of_digits() -> Vec<Vec<i64>> {
    records("digits", 2)
}

#[tokio::test]
async fn a_query_for_another_version_is_refused() {
    let (cloud, company, client) = published("diabetes").await;
    let (old, new) = (model("diabetes"), model("iris"));
    // Announced before the new version is there: that version scores it.
    let before = packed(&old, 1, Packing::Table, &records("diabetes", 2));
    send(&cloud, &client, &before).await;
    let document = String::from_utf8(new.to_bytes()).unwrap();
    let path = format!("/models/{MODEL}/versions");
    let version = PublishVersion { version: 2, document };
    assert_eq!(company.post(&cloud, &path, &version).await.status, 201);
    assert_eq!(delivered(&cloud.store, &client, &before).await.unwrap(), Done::Stored);
    let done = status(&cloud, &client, &before).await;
    assert_eq!(done.version, 1);
    assert_eq!(before.read(&old.interface(), &answer(&done).await), twin(&old, &records("diabetes", 2)));
    // Afterwards it is refused, whatever the message says.
    let late = packed(&old, 2, Packing::Table, &records("diabetes", 2));
    announce(&cloud, &client, &late).await.is_problem(409, "model-version-differs");
    let mut lying = late.clone();
    lying.start.digest = Digest::from_bytes(new.digest());
    send(&cloud, &client, &lying).await;
    assert_eq!(delivered(&cloud.store, &client, &lying).await.unwrap(), Done::Failed);
    let refused = status(&cloud, &client, &lying).await;
    assert!(failure(&refused).1.contains("another version of this model"));
    assert_eq!(used(&cloud, &client).await, 2);
}

#[tokio::test]
async fn only_the_announced_bytes_can_be_stored() {
    let (cloud, _, client) = published("diabetes").await;
    let question = packed(&model("diabetes"), 1, Packing::Table, &records("diabetes", 2));
    let waiting: ScoreStatus = announce(&cloud, &client, &question).await.json();
    let ScoreState::Waiting { url, headers, .. } = &waiting.state else { panic!("{waiting:?}") };
    let mut other = question.bytes.clone();
    other[100] ^= 1;
    let longer = [question.bytes.clone(), vec![0]].concat();
    let own_hash = vec![(headers[0].0.clone(), Digest::of(&other).to_base64())];
    for (headers, body) in [
        (headers.clone(), other.clone()),
        (headers.clone(), longer),
        (headers.clone(), Vec::new()),
        (own_hash, other),
        (Vec::new(), question.bytes.clone()),
    ] {
        let sent = storage(Method::PUT, url, &headers, body).await;
        assert!((400..500).contains(&sent.status.as_u16()), "{sent:?}");
    }
    let elsewhere = url.replacen("/query", "/answer", 1);
    let sent = storage(Method::PUT, &elsewhere, headers, question.bytes.clone()).await;
    assert_eq!(sent.status, 403);
    assert!(matches!(status(&cloud, &client, &question).await.state, ScoreState::Waiting { .. }));
    // A delivery without a query leaves nothing behind.
    assert_eq!(delivered(&cloud.store, &client, &question).await.unwrap(), Done::Failed);
    assert!(matches!(status(&cloud, &client, &question).await.state, ScoreState::Waiting { .. }));
}

#[tokio::test]
async fn messages_out_of_range_are_refused_before_anything_is_loaded() {
    let (cloud, _, client) = published("digits").await;
    let packed = packed(&model("digits"), 1, Packing::Record, &records("digits", 1));
    let network = one_round(&model("digits"), 2, &records("digits", 1));
    let with = |question: &Question, change: &dyn Fn(&mut Question)| {
        let mut question = question.clone();
        change(&mut question);
        question
    };
    for (question, code) in [
        (with(&packed, &|question| question.start.row_count = 0), "out-of-range"),
        (with(&packed, &|question| question.start.row_count = (1 << 20) + 1), "out-of-range"),
        (with(&packed, &|question| question.start.query.size_bytes = 0), "out-of-range"),
        (with(&packed, &|question| question.start.query.size_bytes = (256 << 20) + 1), "out-of-range"),
        (with(&network, &|question| question.start.row_count = 8_193), "out-of-range"),
        (with(&network, &|question| question.start.key = Some(proven_modulus(&KEY))), "out-of-range"),
        (with(&packed, &|question| question.start.engine = ScoreEngine::ByLayers), "engine-not-offered"),
    ] {
        announce(&cloud, &client, &question).await.is_problem(422, code);
    }
    let absent = client.post(&cloud, &format!("/models/{}/scores", "77".repeat(16)), &packed.start).await;
    absent.is_problem(404, "not-found");
}

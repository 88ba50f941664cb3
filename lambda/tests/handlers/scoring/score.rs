//! Scores of every family, under deliveries and storage as they are.

use futures_util::future::join_all;
use veilsum_local::s3::Faults;
use veilsum_model::packing::Packing;
use veilsum_protocol::api::scoring::{ScoreEngine, ScorePhase, ScoreState, ScoreStatus};
use veilsum_protocol::job::Done;

use super::ask::{
    announce, answer, by_layers, delivered, failure, model, one_round, packed, publish, records, score_id,
    scored, send, status, terms, twin, used,
};
use crate::cloud::{Cloud, TRIES, Tenant};

/// A cloud with a published model, and a client of another tenant.
async fn published(name: &str) -> (Cloud, Tenant) {
    let cloud = Cloud::start().await;
    let (company, client) = (cloud.sign_in(1).await, cloud.sign_in(2).await);
    publish(&cloud, &company, &model(name), None).await;
    (cloud, client)
}

/// Tables and single records, one after the other; all integers equal the twin's.
async fn agrees_with_the_twin(name: &str, rows: usize) {
    let (cloud, client) = published(name).await;
    let (model, records) = (model(name), records(name, rows));
    let expected = twin(&model, &records);
    let table = packed(&model, 1, Packing::Table, &records);
    assert_eq!(scored(&cloud, &client, &model, &table).await, expected, "{name}");
    if model.packs_records() {
        let record = packed(&model, 2, Packing::Record, &records[..1]);
        assert_eq!(scored(&cloud, &client, &model, &record).await, expected[..1], "{name}");
    }
    assert_eq!(used(&cloud, &client).await, rows as u64 + u64::from(model.packs_records()));
}

#[tokio::test]
async fn linear_regression() {
    agrees_with_the_twin("diabetes", 40).await;
}

#[tokio::test]
async fn logistic_regression_of_two_classes_and_of_three() {
    agrees_with_the_twin("breast_cancer", 40).await;
    agrees_with_the_twin("iris_logistic", 40).await;
}

#[tokio::test]
async fn k_means() {
    agrees_with_the_twin("iris", 40).await;
}

#[tokio::test]
async fn a_network_in_one_round() {
    let (cloud, client) = published("digits").await;
    let (model, records) = (model("digits"), records("digits", 300));
    let question = one_round(&model, 1, &records);
    assert_eq!(scored(&cloud, &client, &model, &question).await, twin(&model, &records));
    assert_eq!(used(&cloud, &client).await, 300);
}

#[tokio::test]
async fn a_network_by_packed_sums_of_products() {
    let (cloud, client) = published("digits").await;
    let (model, records) = (model("digits"), records("digits", 1));
    let question = packed(&model, 1, Packing::Record, &records);
    assert_eq!(scored(&cloud, &client, &model, &question).await, twin(&model, &records));
}

#[tokio::test]
async fn a_network_layer_by_layer_only_where_its_publisher_allows_it() {
    let cloud = Cloud::start().await;
    let (company, client) = (cloud.sign_in(1).await, cloud.sign_in(2).await);
    let model = model("digits");
    publish(&cloud, &company, &model, terms(100, true)).await;
    let (interface, mut rows) = (model.interface(), records("digits", 5));
    let expected = veilsum_model::twin::layers(&model, 1, &rows[0]).unwrap();
    for layer in 0..2 {
        let question = by_layers(&model, layer + 1, layer.into(), &rows);
        send(&cloud, &client, &question).await;
        assert_eq!(delivered(&cloud.store, &client, &question).await.unwrap(), Done::Stored);
        let status = status(&cloud, &client, &question).await;
        let sums = question.read_within(&interface, &answer(&status).await, 1 << 61);
        assert_eq!(sums[0], expected[usize::from(layer)]);
        let squares = |sums: &Vec<i128>| sums.iter().map(|sum| i64::try_from(sum * sum).unwrap()).collect();
        if layer == 0 {
            rows = sums.iter().map(squares).collect();
        } else {
            assert_eq!(sums[0], twin(&model, &records("digits", 1))[0]);
        }
    }
    // Every layer's rows are counted.
    assert_eq!(used(&cloud, &client).await, 10);
    // On its way when they are forbidden.
    let late = by_layers(&model, 4, 0, &records("digits", 1));
    send(&cloud, &client, &late).await;
    let forbidden = serde_json::json!({ "rows_per_client": 100, "by_layers": false });
    let path = format!("/models/{}/terms", super::ask::MODEL);
    assert_eq!(cloud.call("PUT", &path, Some(&company.token), Some(&forbidden)).await.status, 200);
    assert_eq!(delivered(&cloud.store, &client, &late).await.unwrap(), Done::Failed);
    assert_eq!(failure(&status(&cloud, &client, &late).await).0, "engine-not-offered");
    assert_eq!(used(&cloud, &client).await, 10);
    let question = by_layers(&model, 3, 0, &records("digits", 1));
    announce(&cloud, &client, &question).await.is_problem(422, "engine-not-offered");
}

#[tokio::test]
async fn any_number_of_deliveries_counts_and_answers_once() {
    let (cloud, client) = published("breast_cancer").await;
    let (model, records) = (model("breast_cancer"), records("breast_cancer", 20));
    let question = packed(&model, 1, Packing::Table, &records);
    send(&cloud, &client, &question).await;
    let deliveries = (0..6).map(|_| delivered(&cloud.store, &client, &question));
    assert!(join_all(deliveries).await.into_iter().all(|done| done.unwrap() == Done::Stored));
    let first = answer(&status(&cloud, &client, &question).await).await;
    assert_eq!(used(&cloud, &client).await, 20);
    // Announced, sent and delivered again.
    send(&cloud, &client, &question).await;
    assert_eq!(delivered(&cloud.store, &client, &question).await.unwrap(), Done::Stored);
    let ended = status(&cloud, &client, &question).await;
    assert_eq!(answer(&ended).await, first);
    assert_eq!(question.read(&model.interface(), &first), twin(&model, &records));
    assert_eq!(used(&cloud, &client).await, 20);
}

#[tokio::test]
async fn a_score_tells_its_states_and_steps() {
    let (cloud, client) = published("diabetes").await;
    let model = model("diabetes");
    let question = packed(&model, 1, Packing::Table, &records("diabetes", 3));
    let waiting: ScoreStatus = announce(&cloud, &client, &question).await.json();
    assert!(matches!(waiting.state, ScoreState::Waiting { expires_in: 900, .. }));
    assert_eq!((waiting.version, waiting.engine, waiting.row_count), (1, ScoreEngine::Packed, 3));
    send(&cloud, &client, &question).await;
    assert_eq!(status(&cloud, &client, &question).await.state, ScoreState::Running);
    assert_eq!(delivered(&cloud.store, &client, &question).await.unwrap(), Done::Stored);
    let done = status(&cloud, &client, &question).await;
    let phases: Vec<_> = done.steps.iter().map(|step| step.phase).collect();
    assert_eq!(phases, [ScorePhase::Load, ScorePhase::Check, ScorePhase::Count, ScorePhase::Compute]);
    assert_eq!(done.steps[0].bytes, (model.to_bytes().len() + question.bytes.len()) as u64);
    assert_eq!(done.steps[3].bytes, answer(&done).await.len() as u64);
    assert!(done.objects.iter().all(|object| object.checksum.is_some()));
    assert_eq!(done.objects.len(), 5);
}

#[tokio::test]
async fn a_cancelled_score_shows_no_answer() {
    let (cloud, client) = published("diabetes").await;
    let model = model("diabetes");
    let question = packed(&model, 1, Packing::Table, &records("diabetes", 3));
    let path = format!("/scores/{}", score_id(1));
    client.delete(&cloud, &path).await.is_problem(404, "not-found");
    send(&cloud, &client, &question).await;
    for _ in 0..2 {
        let cancelled: ScoreStatus = client.delete(&cloud, &path).await.json();
        assert_eq!(cancelled.state, ScoreState::Cancelled);
    }
    assert_eq!(delivered(&cloud.store, &client, &question).await.unwrap(), Done::Cancelled);
    assert_eq!(status(&cloud, &client, &question).await.state, ScoreState::Cancelled);
    assert_eq!(used(&cloud, &client).await, 0);
    // Cancelled after its end it stays what it is.
    let second = question.again(2);
    send(&cloud, &client, &second).await;
    assert_eq!(delivered(&cloud.store, &client, &second).await.unwrap(), Done::Stored);
    let told: ScoreStatus = client.delete(&cloud, &format!("/scores/{}", score_id(2))).await.json();
    assert!(matches!(told.state, ScoreState::Done { .. }));
}

#[tokio::test]
async fn scores_are_right_and_counted_once_though_storage_fails_and_answers_get_lost() {
    let cloud = Cloud::with_faults(Faults { percent_503: 30, seed: 5 }).await;
    let (company, client) = (cloud.sign_in(1).await, cloud.sign_in(2).await);
    let (model, records) = (model("breast_cancer"), records("breast_cancer", 4));
    publish(&cloud, &company, &model, None).await;
    for number in 1..=5 {
        let question = packed(&model, number, Packing::Table, &records);
        send(&cloud, &client, &question).await;
        let mut tries = 0;
        while delivered(&cloud.store, &client, &question).await.ok() != Some(Done::Stored) {
            tries += 1;
            assert!(tries < TRIES, "storage fails too often");
        }
        let status = status(&cloud, &client, &question).await;
        assert_eq!(question.read(&model.interface(), &answer(&status).await), twin(&model, &records));
    }
    assert_eq!(used(&cloud, &client).await, 20);
}

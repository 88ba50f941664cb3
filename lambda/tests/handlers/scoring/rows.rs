//! Rows are counted, not requests, and never more than the publisher allows.

use futures_util::future::join_all;
use veilsum_model::packing::Packing;
use veilsum_protocol::api::scoring::ScoreStatus;
use veilsum_protocol::job::Done;

use super::ask::{
    MODEL, announce, delivered, failure, model, packed, publish, records, scored, send, status, terms, twin,
    used,
};
use crate::cloud::{BUCKET, Cloud, Tenant};

/// A cloud where ten rows are allowed.
async fn ten_rows() -> (Cloud, Tenant, Tenant) {
    let cloud = Cloud::start().await;
    let (company, client) = (cloud.sign_in(1).await, cloud.sign_in(2).await);
    publish(&cloud, &company, &model("diabetes"), terms(10, false)).await;
    (cloud, company, client)
}

#[tokio::test]
async fn more_rows_than_are_left_are_refused_before_anything_is_sent() {
    let (cloud, company, client) = ten_rows().await;
    let model = model("diabetes");
    let rows = |count, score| packed(&model, score, Packing::Table, &records("diabetes", count));
    announce(&cloud, &client, &rows(11, 1)).await.is_problem(409, "rows-spent");
    scored(&cloud, &client, &model, &rows(8, 2)).await;
    let refused = announce(&cloud, &client, &rows(3, 3)).await;
    refused.is_problem(409, "rows-spent");
    let sentence = String::from_utf8_lossy(&refused.body).into_owned();
    assert!(sentence.contains("3 records, and 2 of the 10"), "{sentence}");
    scored(&cloud, &client, &model, &rows(2, 4)).await;
    assert_eq!(used(&cloud, &client).await, 10);
    announce(&cloud, &client, &rows(1, 5)).await.is_problem(409, "rows-spent");
    // Each client has its own rows, and the publisher is not limited.
    let other = cloud.sign_in(3).await;
    scored(&cloud, &other, &model, &rows(10, 1)).await;
    let own = rows(20, 1);
    assert_eq!(scored(&cloud, &company, &model, &own).await, twin(&model, &records("diabetes", 20)));
    assert_eq!(used(&cloud, &company).await, 20);
    // More rows by new terms.
    let more = serde_json::json!({ "rows_per_client": 11, "by_layers": false });
    let path = format!("/models/{MODEL}/terms");
    assert_eq!(cloud.call("PUT", &path, Some(&company.token), Some(&more)).await.status, 200);
    scored(&cloud, &client, &model, &rows(1, 5)).await;
    assert_eq!(used(&cloud, &client).await, 11);
}

#[tokio::test]
async fn of_many_scores_at_the_same_time_no_more_are_answered_than_rows_are_left() {
    let (cloud, _, client) = ten_rows().await;
    let model = model("diabetes");
    // All are announced while every row is left.
    let questions: Vec<_> =
        (1..=6).map(|score| packed(&model, score, Packing::Table, &records("diabetes", 4))).collect();
    for question in &questions {
        send(&cloud, &client, question).await;
    }
    let deliveries =
        questions.iter().chain(&questions).map(|question| delivered(&cloud.store, &client, question));
    let mut done = [0, 0];
    for delivery in join_all(deliveries).await {
        match delivery.unwrap() {
            Done::Stored => done[0] += 1,
            Done::Failed => done[1] += 1,
            Done::Cancelled => panic!("nobody cancelled"),
        }
    }
    assert_eq!(done, [4, 8], "two of six, each delivered twice");
    assert_eq!(used(&cloud, &client).await, 8);
    let mut failed = 0;
    for question in &questions {
        let status = status(&cloud, &client, question).await;
        if let veilsum_protocol::api::scoring::ScoreState::Failed(_) = status.state {
            assert_eq!(failure(&status).0, "rows-spent");
            failed += 1;
        }
    }
    assert_eq!(failed, 4);
}

#[tokio::test]
async fn a_delivery_that_died_after_counting_is_not_counted_again() {
    let (cloud, company, client) = ten_rows().await;
    let model = model("diabetes");
    let question = packed(&model, 1, Packing::Table, &records("diabetes", 6));
    send(&cloud, &client, &question).await;
    // As if a function had died between the swap and the marker.
    let rows = format!("t/{}/m/{MODEL}/rows/{}", company.id, client.id);
    let counted = format!("{{\"used\":6,\"pending\":[\"{}\"]}}", question.start.score);
    let always = veilsum_local::s3::Condition::Always;
    cloud.backend.write(BUCKET, &rows, counted.into_bytes(), always).await.unwrap();
    assert_eq!(delivered(&cloud.store, &client, &question).await.unwrap(), Done::Stored);
    assert_eq!(used(&cloud, &client).await, 6);
    // Its id leaves with the next score.
    scored(&cloud, &client, &model, &packed(&model, 2, Packing::Table, &records("diabetes", 1))).await;
    let stored = String::from_utf8(cloud.backend.read(BUCKET, &rows).await.unwrap()).unwrap();
    assert!(stored.contains("\"used\":7") && !stored.contains(&question.start.score.to_string()), "{stored}");
}

#[tokio::test]
async fn versions_share_the_rows() {
    let (cloud, company, client) = ten_rows().await;
    let (first, second) = (model("diabetes"), model("iris"));
    scored(&cloud, &client, &first, &packed(&first, 1, Packing::Table, &records("diabetes", 7))).await;
    let document = String::from_utf8(second.to_bytes()).unwrap();
    let version = veilsum_protocol::api::scoring::PublishVersion { version: 2, document };
    assert_eq!(company.post(&cloud, &format!("/models/{MODEL}/versions"), &version).await.status, 201);
    let question = packed(&second, 2, Packing::Table, &records("iris", 4));
    announce(&cloud, &client, &question).await.is_problem(409, "rows-spent");
    let question = packed(&second, 3, Packing::Table, &records("iris", 3));
    let started: ScoreStatus = announce(&cloud, &client, &question).await.json();
    assert_eq!(started.version, 2);
    assert_eq!(scored(&cloud, &client, &second, &question).await, twin(&second, &records("iris", 3)));
    assert_eq!(used(&cloud, &client).await, 10);
}

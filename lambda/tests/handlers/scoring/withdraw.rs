//! Withdrawing a model: nothing is scored by it any more, whatever was on its way.

use veilsum_model::packing::Packing;
use veilsum_protocol::api::scoring::{ModelDetail, Models, PublishVersion, ScoreState};
use veilsum_protocol::job::Done;

use super::ask::{
    MODEL, announce, answer, delivered, failure, model, packed, publish, records, scored, send, status, twin,
    used,
};
use crate::cloud::{Cloud, Tenant};

async fn published() -> (Cloud, Tenant, Tenant) {
    let cloud = Cloud::start().await;
    let (company, client) = (cloud.sign_in(1).await, cloud.sign_in(2).await);
    publish(&cloud, &company, &model("diabetes"), None).await;
    (cloud, company, client)
}

fn path() -> String {
    format!("/models/{MODEL}")
}

#[tokio::test]
async fn a_withdrawn_model_scores_nothing_and_its_weights_are_gone() {
    let (cloud, company, client) = published().await;
    let model = model("diabetes");
    let done = packed(&model, 1, Packing::Table, &records("diabetes", 2));
    scored(&cloud, &client, &model, &done).await;
    for _ in 0..2 {
        let detail: ModelDetail = company.delete(&cloud, &path()).await.json();
        assert!(detail.entry.is_withdrawn);
    }
    assert!(cloud.keys().iter().all(|key| !key.contains("/document/")));
    let new = packed(&model, 2, Packing::Table, &records("diabetes", 2));
    announce(&cloud, &client, &new).await.is_problem(410, "model-withdrawn");
    announce(&cloud, &company, &new).await.is_problem(410, "model-withdrawn");
    // What was scored before stays readable, and its repeated announcement tells it.
    let told = announce(&cloud, &client, &done).await.json();
    assert_eq!(done.read(&model.interface(), &answer(&told).await), twin(&model, &records("diabetes", 2)));
    // Others see it no more in lists, its publisher does; nobody publishes under it again.
    assert_eq!(client.get(&cloud, "/models").await.json::<Models>().models, []);
    assert_eq!(company.get(&cloud, "/models").await.json::<Models>().models.len(), 1);
    assert!(client.get(&cloud, &path()).await.json::<ModelDetail>().entry.is_withdrawn);
    let document = String::from_utf8(model.to_bytes()).unwrap();
    let version = PublishVersion { version: 2, document };
    company.post(&cloud, &format!("{}/versions", path()), &version).await.is_problem(410, "model-withdrawn");
    assert!(cloud.keys().iter().all(|key| !key.contains("/document/")));
}

#[tokio::test]
async fn a_score_whose_model_is_withdrawn_before_the_function_ends_in_a_sentence() {
    let (cloud, company, client) = published().await;
    let question = packed(&model("diabetes"), 1, Packing::Table, &records("diabetes", 2));
    send(&cloud, &client, &question).await;
    company.delete(&cloud, &path()).await;
    for _ in 0..2 {
        assert_eq!(delivered(&cloud.store, &client, &question).await.unwrap(), Done::Failed);
    }
    let ended = status(&cloud, &client, &question).await;
    let (code, sentence) = failure(&ended);
    assert_eq!(code, "model-withdrawn");
    assert!(sentence.contains("withdrawn by its publisher"), "{sentence}");
    assert_eq!(used(&cloud, &client).await, 0);
}

#[tokio::test]
async fn a_model_that_is_withdrawn_in_the_middle_gives_a_whole_answer_or_a_sentence() {
    let mut ends = [0, 0];
    for round in 0..12_u64 {
        let (cloud, company, client) = published().await;
        let model = model("diabetes");
        let question = packed(&model, 1, Packing::Table, &records("diabetes", 20));
        send(&cloud, &client, &question).await;
        let withdraw = async {
            tokio::time::sleep(std::time::Duration::from_millis(8 * round)).await;
            company.delete(&cloud, &path()).await
        };
        let (done, withdrawn) = tokio::join!(delivered(&cloud.store, &client, &question), withdraw);
        assert!(withdrawn.status.is_success());
        let ended = status(&cloud, &client, &question).await;
        match done.unwrap() {
            Done::Stored => {
                let scores = question.read(&model.interface(), &answer(&ended).await);
                assert_eq!(scores, twin(&model, &records("diabetes", 20)));
                ends[0] += 1;
            }
            Done::Failed => {
                assert_eq!(failure(&ended).0, "model-withdrawn");
                assert!(!cloud.keys().iter().any(|key| key.ends_with("/answer")));
                ends[1] += 1;
            }
            Done::Cancelled => panic!("nobody cancelled"),
        }
        assert!(!matches!(ended.state, ScoreState::Running));
    }
    assert!(ends[1] > 0, "{ends:?}");
}

//! The story once more on a whole stack: a stored query starts the real function binary.

use std::time::Duration;

use veilsum_local::functions::Function;
use veilsum_local::{Config, Stack};
use veilsum_model::packing::Packing;
use veilsum_protocol::api::scoring::{ScoreState, ScoreStatus};

use super::ask::{
    BFV_KEY, Question, answer, model, one_round, packed, publish, records, send, status, twin, used,
};
use crate::cloud::{Cloud, Tenant, binaries};

async fn stack(data: &std::path::Path) -> Stack {
    let site = data.join("site");
    std::fs::create_dir_all(&site).unwrap();
    let config = Config::new(data.join("data"), site, binaries().to_owned());
    Stack::start(Config { port: 0, s3_port: 0, ..config }).await.unwrap()
}

async fn ended(cloud: &Cloud, client: &Tenant, question: &Question) -> ScoreStatus {
    for _ in 0..3_000 {
        let status = status(cloud, client, question).await;
        if !matches!(status.state, ScoreState::Waiting { .. } | ScoreState::Running) {
            return status;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the score does not end");
}

#[tokio::test]
async fn a_stored_query_is_scored_by_the_function_binary() {
    let folder = tempfile::tempdir().unwrap();
    let stack = stack(folder.path()).await;
    let cloud = Cloud::over(&stack).await;
    let (company, client) = (cloud.sign_in(1).await, cloud.sign_in(2).await);
    let (model, records) = (model("breast_cancer"), records("breast_cancer", 20));
    publish(&cloud, &company, &model, None).await;
    let questions: Vec<_> = (1..=4).map(|score| packed(&model, score, Packing::Table, &records)).collect();
    for question in &questions {
        send(&cloud, &client, question).await;
    }
    for question in &questions {
        let status = ended(&cloud, &client, question).await;
        assert_eq!(question.read(&model.interface(), &answer(&status).await), twin(&model, &records));
    }
    assert_eq!(used(&cloud, &client).await, 80);
    stack.stop().await;
    let log = std::fs::read_to_string(folder.path().join("data/logs/score.log")).unwrap();
    assert!(log.contains("query scored") && !log.contains("X-Amz-Signature"), "{log}");
}

#[tokio::test]
async fn a_killed_score_is_scored_again_and_counted_once() {
    let folder = tempfile::tempdir().unwrap();
    let stack = stack(folder.path()).await;
    let cloud = Cloud::over(&stack).await;
    let (company, client) = (cloud.sign_in(1).await, cloud.sign_in(2).await);
    let (model, records) = (model("digits"), records("digits", 3));
    publish(&cloud, &company, &model, None).await;
    std::sync::LazyLock::force(&BFV_KEY);
    let question = one_round(&model, 1, &records);
    send(&cloud, &client, &question).await;
    // After the rows are counted a network takes long enough to be met.
    let counted = format!("t/{}/s/{}/counted", client.id, question.start.score);
    let mut was_killed = false;
    for _ in 0..3_000 {
        if cloud.keys().contains(&counted) {
            let mut busy = stack.processes().into_iter();
            let busy = busy.find(|process| process.function == Function::Score && process.is_busy);
            if let Some(busy) = busy {
                let pid = busy.pid.to_string();
                was_killed =
                    std::process::Command::new("kill").args(["-KILL", &pid]).status().unwrap().success();
            }
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(was_killed);
    let status = ended(&cloud, &client, &question).await;
    assert_eq!(question.read(&model.interface(), &answer(&status).await), twin(&model, &records));
    assert_eq!(used(&cloud, &client).await, 3);
    stack.stop().await;
}

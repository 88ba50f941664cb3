//! Scores, with a function that fails in the ways that functions fail.

use veilsum_local::s3::{Backend, Condition};
use veilsum_local::{BUCKET, Config, Stack};
use veilsum_protocol::id::{ScoreId, TenantId};
use veilsum_protocol::job::Failure;

use crate::fixture::{Folders, signal, until};

fn key(score: u8, name: &str) -> String {
    format!("t/{}/s/{}/{name}", TenantId::from_bytes([1; 32]), ScoreId::from_bytes([score; 16]))
}

async fn ask(backend: &Backend, score: u8, query: &str) {
    let bytes = query.as_bytes().to_vec();
    backend.write(BUCKET, &key(score, "query"), bytes, Condition::Always).await.unwrap();
}

fn exists(backend: &Backend, score: u8, name: &str) -> bool {
    backend.info(BUCKET, &key(score, name)).is_some()
}

fn tries(backend: &Backend, score: u8) -> usize {
    backend.list(BUCKET, &key(score, "event/score-")).len()
}

async fn answered(stack: &Stack, score: u8) {
    until("the answer", || exists(stack.backend(), score, "answer")).await;
}

#[tokio::test]
async fn a_stored_query_is_scored_once() {
    let folders = Folders::new();
    let stack = folders.start().await;
    ask(stack.backend(), 1, "normal").await;
    answered(&stack, 1).await;
    assert_eq!(tries(stack.backend(), 1), 1);
    // Sent again after its end it starts nothing; one more query shows that the event was looked at.
    ask(stack.backend(), 1, "normal").await;
    ask(stack.backend(), 2, "normal").await;
    answered(&stack, 2).await;
    assert_eq!(tries(stack.backend(), 1), 1);
}

#[tokio::test]
async fn a_crashed_score_is_tried_again() {
    let folders = Folders::new();
    let stack = folders.start().await;
    ask(stack.backend(), 1, "crash once").await;
    answered(&stack, 1).await;
    assert_eq!(tries(stack.backend(), 1), 2);
}

#[tokio::test]
async fn a_killed_score_is_tried_again() {
    let folders = Folders::new();
    let stack = folders.start().await;
    ask(stack.backend(), 1, "be slow").await;
    until("the first try", || tries(stack.backend(), 1) == 1).await;
    let busy = stack.processes().into_iter().find(|process| process.is_busy).unwrap();
    signal(busy.pid, "KILL");
    answered(&stack, 1).await;
    assert_eq!(tries(stack.backend(), 1), 2);
}

#[tokio::test]
async fn a_score_that_always_fails_ends_with_a_sentence_after_three_tries() {
    let folders = Folders::new();
    let stack = folders.start().await;
    ask(stack.backend(), 1, "fail").await;
    until("the failure", || exists(stack.backend(), 1, "failure")).await;
    let failure = stack.backend().read(BUCKET, &key(1, "failure")).await.unwrap();
    let failure: Failure = serde_json::from_slice(&failure).unwrap();
    assert_eq!(failure.code, "gave-up");
    assert_eq!(tries(stack.backend(), 1), 3);
}

#[tokio::test]
async fn two_scores_run_at_a_time_and_the_others_wait() {
    let folders = Folders::new();
    let stack = folders.start().await;
    for score in 1..=6 {
        ask(stack.backend(), score, "be slow").await;
    }
    let mut most = 0;
    until("all answers", || {
        most = most.max(stack.processes().iter().filter(|process| process.is_busy).count());
        (1..=6).all(|score| exists(stack.backend(), score, "answer"))
    })
    .await;
    assert_eq!(most, 2);
}

#[tokio::test]
async fn a_restart_goes_on_with_queries_that_have_no_answer() {
    let folders = Folders::new();
    let stack = folders.start().await;
    ask(stack.backend(), 1, "be slow").await;
    until("the first try", || tries(stack.backend(), 1) == 1).await;
    stack.stop().await;
    let stack = folders.start().await;
    answered(&stack, 1).await;
    assert!(tries(stack.backend(), 1) <= 2);
}

#[tokio::test]
async fn delivered_twice_is_answered_once() {
    let folders = Folders::new();
    let stack = Stack::start(Config { deliver_twice: true, ..folders.config() }).await.unwrap();
    ask(stack.backend(), 1, "normal").await;
    answered(&stack, 1).await;
    until("both deliveries", || tries(stack.backend(), 1) == 2).await;
    assert_eq!(stack.backend().read(BUCKET, &key(1, "answer")).await.unwrap(), b"scored");
}

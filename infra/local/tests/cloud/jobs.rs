//! Jobs, with a function that fails in the ways that functions fail.

use veilsum_local::s3::{Backend, Condition, Faults};
use veilsum_local::{BUCKET, Config, Stack};
use veilsum_protocol::id::{DatasetId, JobId, KeyFingerprint, TenantId};
use veilsum_protocol::job::Failure;
use veilsum_protocol::plan::{Aggregate, Plan, RowGroupRef};

use crate::fixture::{Folders, signal, until};

const NORMAL: u32 = 0;
const CRASH_ONCE_ON_ROW_GROUP_1: u32 = 1;
const FAIL_ON_ROW_GROUP_1: u32 = 2;
const BE_SLOW: u32 = 3;
const FAIL_TO_COMBINE: u32 = 4;

fn key(name: &str) -> String {
    format!("t/{}/j/{}/{name}", TenantId::from_bytes([1; 32]), JobId::from_bytes([2; 16]))
}

fn plan(behaviour: u32, row_groups: u32) -> Vec<u8> {
    let reference = |index| RowGroupRef { index, row_count: 1, size_bytes: 1, column_set: 0 };
    let plan = Plan {
        version: 1,
        dataset: DatasetId::from_bytes([3; 16]),
        key: KeyFingerprint::from_bytes([4; 32]),
        modulus: "ab".to_owned(),
        parameter_set: None,
        aggregates: vec![Aggregate::Sum { column: behaviour, column_set: 0 }],
        row_groups: (0..row_groups).map(reference).collect(),
    };
    plan.to_bytes()
}

async fn store(backend: &Backend, name: &str, bytes: Vec<u8>) {
    backend.write(BUCKET, &key(name), bytes, Condition::Absent).await.unwrap();
}

fn exists(backend: &Backend, name: &str) -> bool {
    backend.info(BUCKET, &key(name)).is_some()
}

fn count(backend: &Backend, prefix: &str) -> usize {
    backend.list(BUCKET, &key(prefix)).len()
}

async fn read(backend: &Backend, name: &str) -> Vec<u8> {
    backend.read(BUCKET, &key(name)).await.unwrap()
}

async fn answered(stack: &Stack) {
    until("the answer", || exists(stack.backend(), "answer")).await;
}

async fn failure(stack: &Stack) -> Failure {
    until("the failure", || exists(stack.backend(), "failure")).await;
    serde_json::from_slice(&read(stack.backend(), "failure").await).unwrap()
}

#[tokio::test]
async fn a_stored_plan_is_evaluated_once_per_row_group_and_combined() {
    let folders = Folders::new();
    let stack = folders.start().await;
    store(stack.backend(), "plan", plan(NORMAL, 5)).await;
    answered(&stack).await;
    assert_eq!(read(stack.backend(), "answer").await, b"5");
    assert_eq!(count(stack.backend(), "event/evaluate-"), 5);
    assert_eq!(count(stack.backend(), "event/combine-"), 1);
}

#[tokio::test]
async fn a_crashed_evaluation_is_tried_again() {
    let folders = Folders::new();
    let stack = folders.start().await;
    store(stack.backend(), "plan", plan(CRASH_ONCE_ON_ROW_GROUP_1, 3)).await;
    answered(&stack).await;
    assert_eq!(count(stack.backend(), "event/evaluate-1-"), 2);
    assert_eq!(count(stack.backend(), "event/evaluate-"), 4);
}

#[tokio::test]
async fn a_row_group_that_always_fails_ends_the_job_after_three_tries() {
    let folders = Folders::new();
    let stack = folders.start().await;
    store(stack.backend(), "plan", plan(FAIL_ON_ROW_GROUP_1, 3)).await;
    assert_eq!(failure(&stack).await.row_group, Some(1));
    assert_eq!(count(stack.backend(), "event/evaluate-1-"), 3);
    assert!(!exists(stack.backend(), "answer"));
}

#[tokio::test]
async fn a_job_that_cannot_be_combined_fails_with_a_sentence() {
    let folders = Folders::new();
    let stack = folders.start().await;
    store(stack.backend(), "plan", plan(FAIL_TO_COMBINE, 1)).await;
    let failure = failure(&stack).await;
    assert_eq!(failure.code, "combine-failed");
    assert_eq!(count(stack.backend(), "event/combine-"), 3);
}

#[tokio::test]
async fn an_unreadable_plan_fails_with_a_sentence() {
    let folders = Folders::new();
    let stack = folders.start().await;
    store(stack.backend(), "plan", b"{}".to_vec()).await;
    assert_eq!(failure(&stack).await.code, "plan-unreadable");
}

#[tokio::test]
async fn a_cancelled_job_stops_between_row_groups() {
    let folders = Folders::new();
    let stack = folders.start().await;
    store(stack.backend(), "plan", plan(BE_SLOW, 50)).await;
    until("the first part", || count(stack.backend(), "part/") > 0).await;
    store(stack.backend(), "cancelled", Vec::new()).await;
    let before = count(stack.backend(), "part/");
    // Were the first job still running, it would get half of the processes while the second one runs.
    let second = |name: &str| key(name).replace(&JobId::from_bytes([2; 16]).to_string(), &"05".repeat(16));
    stack.backend().write(BUCKET, &second("plan"), plan(BE_SLOW, 12), Condition::Absent).await.unwrap();
    until("the second answer", || stack.backend().info(BUCKET, &second("answer")).is_some()).await;
    let parts = count(stack.backend(), "part/");
    assert!(parts <= before + 4, "{before} parts when it was cancelled, {parts} later");
    assert!(!exists(stack.backend(), "answer") && !exists(stack.backend(), "failure"));
}

#[tokio::test]
async fn a_killed_function_process_costs_one_more_try() {
    let folders = Folders::new();
    let stack = folders.start().await;
    store(stack.backend(), "plan", plan(BE_SLOW, 6)).await;
    until("the first part", || count(stack.backend(), "part/") > 0).await;
    until("a busy process", || stack.processes().iter().any(|process| process.is_busy)).await;
    let busy = stack.processes().into_iter().find(|process| process.is_busy);
    if let Some(busy) = busy {
        signal(busy.pid, "KILL");
    }
    answered(&stack).await;
    assert_eq!(read(stack.backend(), "answer").await, b"6");
}

#[tokio::test]
async fn a_restart_goes_on_with_the_row_groups_that_are_missing() {
    let folders = Folders::new();
    let stack = folders.start().await;
    store(stack.backend(), "plan", plan(BE_SLOW, 6)).await;
    until("two parts", || count(stack.backend(), "part/") >= 2).await;
    stack.stop().await;
    let stack = folders.start().await;
    answered(&stack).await;
    assert_eq!(read(stack.backend(), "answer").await, b"6");
    let tries = count(stack.backend(), "event/evaluate-");
    assert!((6..=8).contains(&tries), "only what was running is repeated: {tries} tries");
    stack.stop().await;
    let stack = folders.start().await;
    assert!(stack.processes().is_empty(), "an answered job is not started again");
}

#[tokio::test]
async fn delivered_twice_is_counted_once() {
    let folders = Folders::new();
    let stack = Stack::start(Config { deliver_twice: true, ..folders.config() }).await.unwrap();
    store(stack.backend(), "plan", plan(NORMAL, 3)).await;
    answered(&stack).await;
    assert_eq!(read(stack.backend(), "answer").await, b"3");
    until("both combinations", || count(stack.backend(), "event/combine-") == 2).await;
    assert_eq!(count(stack.backend(), "event/evaluate-"), 6);
}

#[tokio::test]
async fn a_storage_that_often_refuses_does_not_change_the_answer() {
    let folders = Folders::new();
    let faults = Faults { percent_503: 10, seed: 3 };
    let stack = Stack::start(Config { faults, ..folders.config() }).await.unwrap();
    store(stack.backend(), "plan", plan(NORMAL, 4)).await;
    answered(&stack).await;
    assert_eq!(read(stack.backend(), "answer").await, b"4");
}

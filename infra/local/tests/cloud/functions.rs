//! The function host: results, errors, limits, and what happens to processes.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use veilsum_local::functions::{
    Function, FunctionLimits, Host, InvokeError, Limits, PAYLOAD_LIMIT_BYTES, Setup,
};

use crate::fixture::{Folders, runs, signal, until};

/// Limits that a test can wait for.
fn limits() -> FunctionLimits {
    let all = Limits { memory_mib: 512, timeout: Duration::from_secs(60), concurrency: 2 };
    FunctionLimits {
        api: Limits { timeout: Duration::from_millis(1_500), ..all },
        evaluate: all,
        combine: all,
        score: all,
    }
}

async fn host(folders: &Folders) -> Host {
    let logs = folders.data();
    std::fs::create_dir_all(&logs).unwrap();
    let environment = vec![("VEILSUM_BUCKET".to_owned(), "veilsum".to_owned())];
    Host::start(Setup { binaries: folders.functions(), logs, environment, limits: limits() }).await.unwrap()
}

async fn invoke(host: &Host, function: Function, input: Value) -> Result<Value, InvokeError> {
    let result = host.invoke(function, Bytes::from(input.to_string())).await?;
    Ok(serde_json::from_slice(&result).unwrap())
}

async fn pid(host: &Host) -> u32 {
    let told = invoke(host, Function::Evaluate, json!({})).await.unwrap();
    u32::try_from(told["pid"].as_u64().unwrap()).unwrap()
}

#[tokio::test]
async fn hands_over_input_result_and_context() {
    let folders = Folders::new();
    let host = host(&folders).await;
    let before = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let first = invoke(&host, Function::Evaluate, json!({ "a": [1, "ü"] })).await.unwrap();
    let second = invoke(&host, Function::Evaluate, json!({})).await.unwrap();
    assert_eq!(first["input"], json!({ "a": [1, "ü"] }));
    assert_eq!(first["pid"], second["pid"], "an idle process is used again");
    assert_ne!(first["request_id"], second["request_id"]);
    assert_eq!(first["request_id"].as_str().unwrap().len(), 36);
    let left = u128::from(first["deadline"].as_u64().unwrap()) - before;
    assert!((60_000..120_000).contains(&left), "deadline in {left} ms");
}

#[tokio::test]
async fn processes_see_only_their_own_environment() {
    let folders = Folders::new();
    let host = host(&folders).await;
    let told = invoke(&host, Function::Evaluate, json!({})).await.unwrap();
    let environment = told["environment"].as_object().unwrap();
    assert_eq!(environment["VEILSUM_BUCKET"], "veilsum");
    assert_eq!(environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], "512");
    assert!(std::env::var("CARGO_MANIFEST_DIR").is_ok(), "this process has it");
    assert!(!environment.contains_key("CARGO_MANIFEST_DIR"));
}

#[tokio::test]
async fn runs_at_most_as_many_processes_as_allowed() {
    let folders = Folders::new();
    let host = host(&folders).await;
    let mut running = JoinSet::new();
    for _ in 0..6 {
        let host = host.clone();
        running.spawn(
            async move { invoke(&host, Function::Evaluate, json!({ "do": "sleep", "ms": 50 })).await },
        );
    }
    let results = running.join_all().await;
    let pids: BTreeSet<_> =
        results.into_iter().map(|result| result.unwrap()["pid"].as_u64().unwrap()).collect();
    assert!((1..=2).contains(&pids.len()), "{pids:?}");
    assert_eq!(host.processes().len(), pids.len());
}

#[tokio::test]
async fn a_crash_is_an_error_and_the_next_invocation_gets_a_fresh_process() {
    let folders = Folders::new();
    let host = host(&folders).await;
    let before = pid(&host).await;
    let crashed = invoke(&host, Function::Evaluate, json!({ "do": "crash" })).await;
    assert!(matches!(crashed, Err(InvokeError::Crashed { function: "evaluate", .. })), "{crashed:?}");
    let after = pid(&host).await;
    assert_ne!(before, after);
    assert!(!runs(before));
}

#[tokio::test]
async fn an_idle_process_that_was_killed_costs_nothing() {
    let folders = Folders::new();
    let host = host(&folders).await;
    for _ in 0..5 {
        let idle = pid(&host).await;
        signal(idle, "KILL");
        until("its end to be noticed", || host.processes().is_empty()).await;
        assert_ne!(pid(&host).await, idle);
    }
}

#[tokio::test]
async fn a_busy_process_that_was_killed_is_an_error() {
    let folders = Folders::new();
    let host = host(&folders).await;
    let waiting = tokio::spawn({
        let host = host.clone();
        async move { invoke(&host, Function::Evaluate, json!({ "do": "hang" })).await }
    });
    until("a busy process", || host.processes().iter().any(|process| process.is_busy)).await;
    signal(host.processes()[0].pid, "KILL");
    assert!(matches!(waiting.await.unwrap(), Err(InvokeError::Crashed { .. })));
    pid(&host).await;
}

#[tokio::test]
async fn an_error_of_the_function_leaves_its_process_in_use() {
    let folders = Folders::new();
    let host = host(&folders).await;
    let before = pid(&host).await;
    let failed = invoke(&host, Function::Evaluate, json!({ "do": "fail" })).await;
    assert!(matches!(failed, Err(InvokeError::Failed { .. })), "{failed:?}");
    assert_eq!(pid(&host).await, before);
}

#[tokio::test]
async fn what_takes_too_long_is_killed() {
    let folders = Folders::new();
    let host = host(&folders).await;
    let told = invoke(&host, Function::Api, json!({})).await.unwrap();
    let before = u32::try_from(told["pid"].as_u64().unwrap()).unwrap();
    let late = invoke(&host, Function::Api, json!({ "do": "hang" })).await;
    assert!(matches!(late, Err(InvokeError::TimedOut { function: "api", .. })), "{late:?}");
    until("the end of the process", || !runs(before)).await;
    invoke(&host, Function::Api, json!({})).await.unwrap();
}

#[tokio::test]
async fn payloads_end_at_six_mebibytes() {
    let folders = Folders::new();
    let host = host(&folders).await;
    let input = |bytes: usize| Bytes::from(format!("\"{}\"", "x".repeat(bytes - 2)));
    // The test function answers with its input inside, so the largest input has a result that is too large.
    let largest = host.invoke(Function::Evaluate, input(PAYLOAD_LIMIT_BYTES)).await;
    assert!(
        matches!(largest, Err(InvokeError::ResponseTooLarge { .. })),
        "it reached the function: {largest:?}"
    );
    let refused = host.invoke(Function::Evaluate, input(PAYLOAD_LIMIT_BYTES + 1)).await;
    assert!(matches!(refused, Err(InvokeError::PayloadTooLarge { .. })));
    let answer = |bytes: usize| json!({ "do": "answer", "bytes": bytes - 2 });
    let whole = invoke(&host, Function::Evaluate, answer(PAYLOAD_LIMIT_BYTES)).await.unwrap();
    assert_eq!(whole.as_str().unwrap().len(), PAYLOAD_LIMIT_BYTES - 2);
    let refused = invoke(&host, Function::Evaluate, answer(PAYLOAD_LIMIT_BYTES + 1)).await;
    assert!(matches!(refused, Err(InvokeError::ResponseTooLarge { .. })), "{refused:?}");
    pid(&host).await;
}

#[tokio::test]
async fn memory_ends_where_it_should() {
    let folders = Folders::new();
    let host = host(&folders).await;
    invoke(&host, Function::Evaluate, json!({ "do": "allocate", "mib": 200 })).await.unwrap();
    let greedy = invoke(&host, Function::Evaluate, json!({ "do": "allocate", "mib": 900 })).await;
    assert!(matches!(greedy, Err(InvokeError::Crashed { .. })), "{greedy:?}");
    pid(&host).await;
}

#[tokio::test]
async fn a_function_that_cannot_start_says_so() {
    let folders = Folders::new();
    folders.script(Function::Evaluate, "#!/bin/sh\nexit 3\n");
    let host = host(&folders).await;
    let failed = invoke(&host, Function::Evaluate, json!({})).await;
    let Err(InvokeError::NotReady { function: "evaluate", reason }) = failed else { panic!("{failed:?}") };
    assert_eq!(reason, "exit status: 3");
}

#[tokio::test]
async fn what_functions_print_is_in_their_log_line_by_line() {
    let folders = Folders::new();
    let host = host(&folders).await;
    for number in 0..3 {
        invoke(&host, Function::Combine, json!({ "do": "print", "text": format!("line {number}") }))
            .await
            .unwrap();
    }
    let log = folders.data().join("combine.log");
    until("three lines", || std::fs::read_to_string(&log).unwrap().ends_with("line 0\nline 1\nline 2\n"))
        .await;
}

#[tokio::test]
async fn an_invocation_goes_on_when_nobody_waits_any_more() {
    let folders = Folders::new();
    let host = host(&folders).await;
    let before = pid(&host).await;
    let waiting = tokio::spawn({
        let host = host.clone();
        async move { invoke(&host, Function::Evaluate, json!({ "do": "sleep", "ms": 200 })).await }
    });
    until("a busy process", || host.processes().iter().any(|process| process.is_busy)).await;
    waiting.abort();
    until("its end", || host.processes().iter().all(|process| !process.is_busy)).await;
    assert_eq!(pid(&host).await, before);
}

#[tokio::test]
async fn a_stop_ends_every_process_and_refuses_more() {
    let folders = Folders::new();
    let host = host(&folders).await;
    let idle = pid(&host).await;
    let waiting = tokio::spawn({
        let host = host.clone();
        async move { invoke(&host, Function::Combine, json!({ "do": "hang" })).await }
    });
    until("a busy process", || host.processes().iter().any(|process| process.is_busy)).await;
    let pids: Vec<_> = host.processes().iter().map(|process| process.pid).collect();
    assert!(pids.contains(&idle) && pids.len() == 2);
    host.stop().await;
    assert!(pids.iter().all(|pid| !runs(*pid)));
    assert!(waiting.await.unwrap().is_err());
    assert!(matches!(invoke(&host, Function::Evaluate, json!({})).await, Err(InvokeError::Stopping)));
}

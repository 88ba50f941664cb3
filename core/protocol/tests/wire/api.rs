//! The messages of the API, as JSON that may not change.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use veilsum_protocol::api::{JobState, Object, Problem, RequestUpload, Session, SignIn};
use veilsum_protocol::job::{CombineEvent, Done, EvaluateEvent, Failure, Outcome, Step, StepFunction};
use veilsum_protocol::{JobId, TenantId};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn is_written_and_read_as<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(
    message: T,
    form: Value,
) {
    assert_eq!(serde_json::to_value(&message).unwrap(), form);
    assert_eq!(serde_json::from_value::<T>(form).unwrap(), message);
}

#[test]
fn objects() {
    is_written_and_read_as(Object::RowGroup { index: 3 }, json!({ "kind": "row-group", "index": 3 }));
    is_written_and_read_as(Object::Original, json!({ "kind": "original" }));
    is_written_and_read_as(Object::Manifest { sequence: 1 }, json!({ "kind": "manifest", "sequence": 1 }));
    assert!(serde_json::from_value::<Object>(json!({ "kind": "row-group", "index": -1 })).is_err());
    assert!(serde_json::from_value::<Object>(json!({ "kind": "secret" })).is_err());
}

#[test]
fn job_states() {
    is_written_and_read_as(JobState::Running, json!({ "kind": "running" }));
    is_written_and_read_as(
        JobState::Done { answer_url: "u".to_owned() },
        json!({ "kind": "done", "answer_url": "u" }),
    );
    is_written_and_read_as(JobState::Cancelled, json!({ "kind": "cancelled" }));
    let failure = Failure { code: "c".to_owned(), message: "m".to_owned(), row_group: Some(4) };
    is_written_and_read_as(
        JobState::Failed(failure),
        json!({ "kind": "failed", "code": "c", "message": "m", "row_group": 4 }),
    );
}

#[test]
fn events() {
    let (tenant, job) = (TenantId::from_bytes([0xab; 32]), JobId::from_bytes([0x44; 16]));
    is_written_and_read_as(
        EvaluateEvent { tenant, job, row_group: 5 },
        json!({ "tenant": "ab".repeat(32), "job": "44".repeat(16), "row_group": 5 }),
    );
    is_written_and_read_as(
        CombineEvent { tenant, job, outcome: Outcome::GaveUp { row_group: 5 } },
        json!({
            "tenant": "ab".repeat(32), "job": "44".repeat(16), "outcome": { "kind": "gave-up", "row_group": 5 },
        }),
    );
    is_written_and_read_as(Outcome::Evaluated, json!({ "kind": "evaluated" }));
    is_written_and_read_as(Done::Stored, json!({ "kind": "stored" }));
    is_written_and_read_as(Done::Cancelled, json!({ "kind": "cancelled" }));
    is_written_and_read_as(Done::Failed, json!({ "kind": "failed" }));
    is_written_and_read_as(
        Step {
            function: StepFunction::Combine,
            row_group: None,
            milliseconds: 12,
            read_bytes: 34,
            written_bytes: 56,
        },
        json!({ "function": "combine", "milliseconds": 12, "read_bytes": 34, "written_bytes": 56 }),
    );
}

#[test]
fn problems_follow_rfc_9457() {
    is_written_and_read_as(
        Problem {
            kind: "urn:veilsum:problem:not-found".to_owned(),
            code: "not-found".to_owned(),
            status: 404,
            title: "t".to_owned(),
            detail: "d".to_owned(),
        },
        json!({
            "type": "urn:veilsum:problem:not-found", "code": "not-found", "status": 404, "title": "t", "detail": "d",
        }),
    );
}

#[test]
fn requests_with_unknown_fields_are_refused() {
    let sign_in = json!({ "identity_key": "", "challenge": "", "signature": "", "admin": true });
    assert!(serde_json::from_value::<SignIn>(sign_in).is_err());
    let upload = json!({ "object": { "kind": "original" }, "transfer": null, "parts": [], "key": "t/other" });
    assert!(serde_json::from_value::<RequestUpload>(upload).is_err());
}

#[test]
fn debug_of_a_session_hides_its_token() {
    let session = Session {
        token: "v4.local.secret".to_owned(),
        expires_in: 600,
        tenant: TenantId::from_bytes([1; 32]),
    };
    assert!(!format!("{session:?}").contains("secret"));
}

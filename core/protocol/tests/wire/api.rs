//! The messages of the API, as JSON that may not change.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use veilsum_protocol::api::scoring::{
    ProvenModulus, PublishModel, QueryObject, ScoreEngine, ScorePhase, ScoreState, ScoreStep, StartScore,
    Terms,
};
use veilsum_protocol::api::{JobState, Object, Problem, RequestUpload, Session, SignIn};
use veilsum_protocol::job::{
    CombineEvent, Done, EvaluateEvent, Failure, Outcome, ScoreEvent, Step, StepFunction,
};
use veilsum_protocol::{Digest, JobId, ModelId, ScoreId, TenantId};
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
fn models_and_scores() {
    let (model, score) = (ModelId::from_bytes([0x55; 16]), ScoreId::from_bytes([0x66; 16]));
    is_written_and_read_as(
        PublishModel { model, document: "{}".to_owned(), terms: None },
        json!({ "model": "55".repeat(16), "document": "{}" }),
    );
    is_written_and_read_as(
        PublishModel {
            model,
            document: "{}".to_owned(),
            terms: Some(Terms { rows_per_client: 9, by_layers: true }),
        },
        json!({
            "model": "55".repeat(16), "document": "{}", "terms": { "rows_per_client": 9, "by_layers": true },
        }),
    );
    let query = QueryObject { size_bytes: 7, sha256: Digest::from_bytes([0x77; 32]) };
    let digest = Digest::from_bytes([0x88; 32]);
    is_written_and_read_as(
        StartScore { score, digest, engine: ScoreEngine::OneRound, key: None, row_count: 3, query },
        json!({
            "score": "66".repeat(16), "digest": "88".repeat(32), "engine": "one-round", "row_count": 3,
            "query": { "size_bytes": 7, "sha256": "77".repeat(32) },
        }),
    );
    let key = Some(ProvenModulus { modulus: "c5".to_owned(), proof: "00".to_owned() });
    is_written_and_read_as(
        StartScore { score, digest, engine: ScoreEngine::Packed, key, row_count: 3, query },
        json!({
            "score": "66".repeat(16), "digest": "88".repeat(32), "engine": "packed",
            "key": { "modulus": "c5", "proof": "00" }, "row_count": 3,
            "query": { "size_bytes": 7, "sha256": "77".repeat(32) },
        }),
    );
    is_written_and_read_as(
        ScoreState::Waiting { url: "u".to_owned(), headers: vec![], expires_in: 900 },
        json!({ "kind": "waiting", "url": "u", "headers": [], "expires_in": 900 }),
    );
    is_written_and_read_as(
        ScoreState::Done { answer_url: "u".to_owned() },
        json!({ "kind": "done", "answer_url": "u" }),
    );
    is_written_and_read_as(
        ScoreStep { phase: ScorePhase::Compute, milliseconds: 1, bytes: 2 },
        json!({ "phase": "compute", "milliseconds": 1, "bytes": 2 }),
    );
    let tenant = TenantId::from_bytes([0xab; 32]);
    is_written_and_read_as(
        ScoreEvent { tenant, score },
        json!({ "tenant": "ab".repeat(32), "score": "66".repeat(16) }),
    );
    let unknown = json!({ "rows_per_client": 9, "by_layers": false, "tenant": "x" });
    assert!(serde_json::from_value::<Terms>(unknown).is_err());
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

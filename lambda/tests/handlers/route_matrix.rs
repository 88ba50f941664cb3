//! Every route × {no token, malformed, forged, expired, someone else's ids}. The rows come from the router itself,
//! through the document that it generates; a route without a line here fails.

use std::collections::BTreeMap;

use pasetors::claims::Claims;
use pasetors::keys::SymmetricKey;
use pasetors::version4::V4;
use serde_json::{Value, json};
use veilsum_joint::lead::{Next, lead};
use veilsum_lambda::ROUTES_WITHOUT_SESSION;
use veilsum_lambda::tokens::{SESSION_PURPOSE, Tokens};
use veilsum_model::packing::Packing;
use veilsum_protocol::JobId;
use veilsum_protocol::api::{Object, StartJob};

use crate::cloud::{BUCKET, Cloud, Reply, TOKEN_KEY, Tenant};
use crate::sample::{Sample, send_parts, staged_commit};
use crate::scoring::ask::{MODEL, announce, model, packed, publish, records, score_id};
use crate::training::act::{self, TRAINING, small_terms};

const JOB: JobId = JobId::from_bytes([0xee; 16]);
/// The owner's score.
const SCORE: u8 = 0x66;

/// A row of the matrix: method and path with placeholders.
type Route = (String, String);

/// What a stranger gets who names the owner's ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stranger {
    /// The one 404.
    NotFound,
    /// An answer about the stranger's own things, with this status.
    OwnThings(u16),
    /// What the owner has published, or invites to, with its publisher's name.
    Published,
    /// Whoever has the invitation may come, and there is no place left.
    Full,
}

/// The routes that need a session, with what a stranger gets and the message to send.
async fn expectations(cloud: &Cloud, owner: &Tenant, sample: &Sample) -> BTreeMap<Route, (Stranger, Value)> {
    use Stranger::{Full, NotFound, OwnThings, Published};
    let open = send_parts(cloud, owner, &sample.path(), Object::Original, b"in the middle").await;
    let commit = staged_commit(cloud, owner, &sample.path(), 2, b"manifest 2", vec![]).await;
    let commit = json!({
        "sequence": 2, "transfer": commit.transfer, "parts": commit.parts,
        "objects": [{ "object": Object::RowGroup { index: 0 }, "size_bytes": 1, "checksum": "00".repeat(32), "part_count": 1 }],
    });
    let request = json!({ "object": Object::Original, "transfer": open.transfer, "parts": open.parts });
    let start = json!(StartJob { job: JobId::from_bytes([0xef; 16]), plan: sample.plan(1) });
    let of_owner = packed(&model("diabetes"), SCORE, Packing::Table, &records("diabetes", 1));
    let document = String::from_utf8(model("diabetes").to_bytes()).unwrap();
    let terms = act::text(small_terms().to_bytes());
    let Next::Round(round) = lead(TRAINING, &small_terms(), &[]).unwrap().next else {
        panic!("a first round")
    };
    let round = act::text(round.to_bytes());
    let contribution = json!({ "size_bytes": 388, "sha256": "00".repeat(32) });
    let row = |method: &str, path: &str, stranger, message| {
        ((method.to_owned(), format!("/api/v1{path}")), (stranger, message))
    };
    BTreeMap::from([
        row("GET", "/session", OwnThings(200), Value::Null),
        // The same id in another tenant's folder is another dataset.
        row("POST", "/datasets", OwnThings(201), json!({ "dataset": "77".repeat(16) })),
        row("GET", "/datasets", OwnThings(200), Value::Null),
        row("GET", "/datasets/{dataset}", NotFound, Value::Null),
        // Deleting what is absent succeeds, so this one says nothing either.
        row("DELETE", "/datasets/{dataset}", OwnThings(204), Value::Null),
        row("POST", "/datasets/{dataset}/uploads", NotFound, request),
        row("POST", "/datasets/{dataset}/uploads/complete", NotFound, json!(open)),
        row("POST", "/datasets/{dataset}/commit", NotFound, commit),
        row("POST", "/datasets/{dataset}/jobs", NotFound, start),
        row("GET", "/jobs/{job}", NotFound, Value::Null),
        row("DELETE", "/jobs/{job}", NotFound, Value::Null),
        row("GET", "/models", Published, Value::Null),
        row("GET", "/models/{model}", Published, Value::Null),
        // A model of one's own, under an id that nobody has.
        row("POST", "/models", OwnThings(201), json!({ "model": "88".repeat(16), "document": document })),
        row("POST", "/models/{model}/versions", NotFound, json!({ "version": 2, "document": document })),
        row("PUT", "/models/{model}/terms", NotFound, json!({ "rows_per_client": 9, "by_layers": true })),
        row("DELETE", "/models/{model}", NotFound, Value::Null),
        // The same id in another tenant's folder is another score.
        row("GET", "/scores/{score}", NotFound, Value::Null),
        row("DELETE", "/scores/{score}", NotFound, Value::Null),
        row("POST", "/models/{model}/scores", OwnThings(202), json!(of_owner.start)),
        row("GET", "/trainings", OwnThings(200), Value::Null),
        row("GET", "/trainings/{training}", Published, Value::Null),
        row("DELETE", "/trainings/{training}", NotFound, Value::Null),
        // A training of one's own, under an id that nobody has.
        row("POST", "/trainings", OwnThings(201), json!({ "training": "99".repeat(16), "terms": terms })),
        row(
            "POST",
            "/trainings/{training}/owners",
            Full,
            json!({ "terms": small_terms().digest(), "name": "C" }),
        ),
        row("POST", "/trainings/{training}/rounds", NotFound, json!({ "number": 0, "document": round })),
        row("POST", "/trainings/{training}/rounds/{round}/uploads", NotFound, contribution.clone()),
        row("POST", "/trainings/{training}/rounds/{round}/contributions", NotFound, contribution),
        row("POST", "/trainings/{training}/rounds/{round}/total", NotFound, Value::Null),
        row("POST", "/trainings/{training}/outcome", NotFound, json!({ "document": "" })),
    ])
}

async fn document(cloud: &Cloud) -> Value {
    let reply = cloud.send("GET", "/api/v1/openapi.json", None, vec![]).await;
    assert_eq!(reply.headers["content-type"], "application/json");
    reply.json()
}

/// Every route of the router.
fn routes(document: &Value) -> Vec<(Route, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let rows = paths.iter().flat_map(|(path, item)| {
        let operations = item.as_object().unwrap().iter();
        operations.map(move |(method, operation)| ((method.to_uppercase(), path.clone()), operation))
    });
    rows.collect()
}

/// A path with the owner's ids.
fn filled(path: &str, sample: &Sample) -> String {
    path.replace("{dataset}", &sample.dataset.to_string())
        .replace("{job}", &JOB.to_string())
        .replace("{model}", &MODEL.to_string())
        .replace("{score}", &score_id(SCORE).to_string())
        .replace("{training}", &TRAINING.to_string())
        .replace("{round}", "0")
}

async fn send(
    cloud: &Cloud,
    (method, path): &Route,
    sample: &Sample,
    token: Option<&str>,
    body: &Value,
) -> Reply {
    let path = filled(path, sample);
    let body = if body.is_null() { vec![] } else { body.to_string().into_bytes() };
    cloud.send(method, &path, token, body).await
}

/// A cloud with an owner who has a dataset, a job, a model, a score and a training whose places are taken.
async fn owned() -> (Cloud, Tenant, Sample) {
    let (cloud, sample) = (Cloud::start().await, Sample::new(1, 1, 1));
    let owner = cloud.sign_in(1).await;
    sample.store(&cloud, &owner).await;
    sample.start(&cloud, &owner, JOB, 1).await;
    publish(&cloud, &owner, &model("diabetes"), None).await;
    let question = packed(&model("diabetes"), SCORE, Packing::Table, &records("diabetes", 1));
    assert_eq!(announce(&cloud, &owner, &question).await.status, 202);
    act::create(&cloud, &owner, &small_terms()).await;
    for (seed, name) in [(21, "A"), (22, "B")] {
        let takes_part = cloud.sign_in(seed).await;
        assert_eq!(act::join(&cloud, &takes_part, &small_terms(), name).await.status, 200);
    }
    act::open_next(&cloud, &owner, &small_terms(), &[]).await;
    (cloud, owner, sample)
}

#[tokio::test]
async fn the_matrix_has_every_route() {
    let (cloud, owner, sample) = owned().await;
    let document = document(&cloud).await;
    let routes: Vec<Route> = routes(&document).into_iter().map(|(route, _)| route).collect();
    let expectations = expectations(&cloud, &owner, &sample).await;
    let open = ROUTES_WITHOUT_SESSION.map(|(method, path)| (method.to_owned(), path.to_owned()));
    let mut known: Vec<Route> = expectations.into_keys().chain(open).collect();
    let mut found = routes;
    known.sort();
    found.sort();
    assert_eq!(found, known);
}

#[tokio::test]
async fn the_document_says_which_routes_need_a_session() {
    let cloud = Cloud::start().await;
    let document = document(&cloud).await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    assert_eq!(document["security"], json!([{ "session": [] }]));
    assert_eq!(document["components"]["securitySchemes"]["session"]["scheme"], "bearer");
    for ((method, path), operation) in routes(&document) {
        let open = ROUTES_WITHOUT_SESSION.contains(&(method.as_str(), path.as_str()));
        assert_eq!(operation["security"], if open { json!([{}]) } else { Value::Null }, "{method} {path}");
        assert!(operation["summary"].is_string(), "{method} {path}");
        assert!(operation["responses"]["default"].is_object() || open, "{method} {path}");
    }
    let failed = &document["paths"]["/api/v1/session"]["get"]["responses"]["default"]["content"];
    assert!(failed["application/problem+json"]["schema"].is_object(), "{failed}");
}

#[tokio::test]
async fn the_document_tells_operations_and_types_apart() {
    let cloud = Cloud::start().await;
    let document = document(&cloud).await;
    let mut ids: Vec<&Value> =
        routes(&document).into_iter().map(|(_, operation)| &operation["operationId"]).collect();
    let count = ids.len();
    ids.sort_by_key(|id| id.as_str().unwrap());
    ids.dedup();
    assert_eq!(ids.len(), count);
    // A type that the generator does not know becomes an object of any form.
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        for (property, schema) in schema["properties"].as_object().into_iter().flatten() {
            assert!(schema["type"] != "object", "{name}.{property}");
        }
    }
}

#[tokio::test]
async fn every_schema_that_the_document_names_is_in_it() {
    let cloud = Cloud::start().await;
    let document = document(&cloud).await;
    let text = document.to_string();
    let names: Vec<&str> =
        text.split("\"#/components/schemas/").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(names.len() > 20);
    for name in names {
        assert!(document["components"]["schemas"][name].is_object(), "{name}");
    }
}

#[tokio::test]
async fn without_a_good_token_every_route_answers_401_and_does_nothing() {
    let (cloud, owner, sample) = owned().await;
    let expectations = expectations(&cloud, &owner, &sample).await;
    let forged = Tokens::from_hex(&"0a".repeat(32)).unwrap();
    let forged = format!("Bearer {}", forged_session(&forged));
    let expired = format!("Bearer {}", expired_session(&owner));
    let bare = owner.token.clone();
    let basic = format!("Basic {}", owner.token);
    let cut = format!("Bearer {}", &owner.token[..owner.token.len() - 2]);
    let challenge = cloud.send("POST", "/api/v1/sessions/challenge", None, vec![]).await.json::<Value>();
    let challenge = format!("Bearer {}", challenge["challenge"].as_str().unwrap());
    let tokens: [(Option<&str>, &str); 9] = [
        (None, "no-session"),
        (Some(""), "no-session"),
        (Some(&bare), "no-session"),
        (Some(&basic), "no-session"),
        (Some("Bearer "), "session-invalid"),
        (Some(&cut), "session-invalid"),
        (Some(&forged), "session-invalid"),
        (Some(&challenge), "session-invalid"),
        (Some(&expired), "session-expired"),
    ];
    let before = snapshot(&cloud).await;
    let mut calls = 0;
    for (route, _) in routes(&document(&cloud).await) {
        if ROUTES_WITHOUT_SESSION.contains(&(route.0.as_str(), route.1.as_str())) {
            continue;
        }
        let (_, message) = &expectations[&route];
        for (token, code) in &tokens {
            // Not even whether the body is right is told.
            for body in [message, &Value::from("no message of any route")] {
                let reply = send(&cloud, &route, &sample, *token, body).await;
                assert_eq!(reply.problem(), (401, (*code).to_owned()), "{route:?} {token:?}");
                assert_eq!(reply.headers["www-authenticate"], "Bearer");
                calls += 1;
            }
        }
    }
    assert_eq!(calls, expectations.len() * tokens.len() * 2);
    assert_eq!(snapshot(&cloud).await, before);
}

#[tokio::test]
async fn a_stranger_gets_nothing_of_the_owners_from_any_route() {
    let (cloud, owner, sample) = owned().await;
    let expectations = expectations(&cloud, &owner, &sample).await;
    let stranger = cloud.sign_in(2).await;
    let token = format!("Bearer {}", stranger.token);
    let before = snapshot(&cloud).await;
    let absent = Sample::new(9, 1, 1);
    for (route, (expected, message)) in &expectations {
        let reply = send(&cloud, route, &sample, Some(&token), message).await;
        match expected {
            Stranger::NotFound => {
                reply.is_problem(404, "not-found");
                // Absent and not yours look the same, byte for byte.
                let of_nobody =
                    send(&cloud, route, &absent, Some(&token), &in_words_of(message, &sample, &absent)).await;
                if route.1.contains("{dataset}") {
                    assert_eq!(reply.body, of_nobody.body, "{route:?}");
                }
            }
            Stranger::OwnThings(status) => assert_eq!(reply.status.as_u16(), *status, "{route:?}"),
            Stranger::Full => reply.is_problem(409, "training-full"),
            Stranger::Published => {
                assert_eq!(reply.status, 200, "{route:?}");
                continue;
            }
        }
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        assert!(
            !text.contains(&owner.id.to_string()) && !text.contains(&sample.dataset.to_string()),
            "{route:?}"
        );
    }
    let of_owner = |(key, _): &(String, Vec<u8>)| key.contains(&owner.id.to_string());
    let after: Vec<_> = snapshot(&cloud).await.into_iter().filter(of_owner).collect();
    assert_eq!(after, before.into_iter().filter(of_owner).collect::<Vec<_>>());
    // And the owner's things work as before.
    assert_eq!(owner.get(&cloud, &sample.path()).await.status, 200);
    assert_eq!(owner.get(&cloud, &format!("/jobs/{JOB}")).await.status, 200);
}

#[tokio::test]
async fn ids_that_are_none_are_absent() {
    let (cloud, owner, sample) = owned().await;
    let expectations = expectations(&cloud, &owner, &sample).await;
    let token = format!("Bearer {}", owner.token);
    let other_form = sample.dataset.to_string().replace('0', "O");
    for id in ["x", "..", "%2e%2e%2f", "0101", &other_form, &"0".repeat(10_000), "\u{1f512}"] {
        for ((method, path), (_, message)) in expectations.iter().filter(|((_, path), _)| path.contains('{'))
        {
            let id: String = id.bytes().map(|byte| format!("%{byte:02x}")).collect();
            let path = ["{dataset}", "{job}", "{model}", "{score}", "{training}", "{round}"]
                .into_iter()
                .fold(path.clone(), |path, placeholder| path.replace(placeholder, &id));
            let reply = cloud.send(method, &path, Some(&token), message.to_string().into_bytes()).await;
            assert_eq!(reply.problem(), (404, "not-found".to_owned()), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn what_is_no_route_is_a_problem_document_too() {
    let cloud = Cloud::start().await;
    for path in ["/", "/api/v1", "/api/v1/", "/api/v1/datasets/", "/api/v2/datasets", "/api/v1/admin"] {
        cloud.send("GET", path, None, vec![]).await.is_problem(404, "not-found");
    }
    for (method, path) in
        [("PUT", "/api/v1/datasets"), ("POST", "/api/v1/session"), ("PATCH", "/api/v1/openapi.json")]
    {
        cloud.send(method, path, None, vec![]).await.is_problem(405, "method-not-allowed");
    }
}

#[tokio::test]
async fn bodies_that_are_no_message_are_named_so() {
    let (cloud, owner, sample) = owned().await;
    let expectations = expectations(&cloud, &owner, &sample).await;
    let token = format!("Bearer {}", owner.token);
    for (route, (_, message)) in expectations.iter().filter(|(_, (_, message))| !message.is_null()) {
        let mut with_more = message.clone();
        with_more["patient"] = Value::from("x");
        for body in [Value::from("text"), json!({}), json!([1, 2]), with_more] {
            let reply = send(&cloud, route, &sample, Some(&token), &body).await;
            assert_eq!(reply.problem(), (400, "body-malformed".to_owned()), "{route:?} {body}");
            assert!(!String::from_utf8_lossy(&reply.body).contains("patient"));
        }
        let reply =
            cloud.send(&route.0, &filled(&route.1, &sample), Some(&token), vec![b' '; (5 << 20) + 1]).await;
        reply.is_problem(413, "body-too-large");
    }
}

/// Every object with its bytes.
async fn snapshot(cloud: &Cloud) -> Vec<(String, Vec<u8>)> {
    let mut objects = Vec::new();
    for key in cloud.keys() {
        let bytes = cloud.backend.read(BUCKET, &key).await.unwrap();
        objects.push((key, bytes));
    }
    objects
}

/// The same message about another dataset.
fn in_words_of(message: &Value, sample: &Sample, other: &Sample) -> Value {
    let text = message.to_string().replace(&sample.dataset.to_string(), &other.dataset.to_string());
    serde_json::from_str(&text).unwrap()
}

fn session(key: &str, tenant: &str, expiration: Option<&str>) -> String {
    let mut claims = Claims::new().unwrap();
    claims.subject(tenant).unwrap();
    claims.add_additional("role", "owner").unwrap();
    if let Some(expiration) = expiration {
        claims.expiration(expiration).unwrap();
    }
    let key = SymmetricKey::<V4>::from(&hex::decode(key).unwrap()).unwrap();
    pasetors::local::encrypt(&key, &claims, None, Some(SESSION_PURPOSE)).unwrap()
}

/// Right in everything but its expiry; without that it would be accepted.
fn expired_session(owner: &Tenant) -> String {
    let accepted = session(TOKEN_KEY, &owner.id.to_string(), None);
    assert!(Tokens::from_hex(TOKEN_KEY).unwrap().open_session(&accepted).is_ok());
    session(TOKEN_KEY, &owner.id.to_string(), Some("2020-01-01T00:00:00Z"))
}

/// Right in everything but its key; with that it would be accepted.
fn forged_session(other: &Tokens) -> String {
    let forged = session(&"0a".repeat(32), &"ab".repeat(32), None);
    assert!(other.open_session(&forged).is_ok());
    forged
}

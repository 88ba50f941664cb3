//! The story once more with the real function binaries, run as Lambda runs them.

use bytes::Bytes;
use ed25519_dalek::SigningKey;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use veilsum_local::functions::{Function, FunctionLimits, Host, Setup};
use veilsum_protocol::api::{Challenge, CreateDataset, JobState, JobStatus, Problem, Session};
use veilsum_protocol::job::{CombineEvent, Done, EvaluateEvent, Outcome};
use veilsum_protocol::{DatasetId, JobId};

use crate::cloud::{BUCKET, Cloud, NOTHING, TOKEN_KEY, binaries, get, signed};
use crate::sample::{Sample, decrypted};

const JOB: JobId = JobId::from_bytes([0xee; 16]);

async fn host(cloud: &Cloud, logs: &std::path::Path) -> Host {
    let environment = [
        ("VEILSUM_BUCKET", BUCKET),
        ("VEILSUM_TOKEN_KEY", TOKEN_KEY),
        ("VEILSUM_LOG", "debug"),
        ("AWS_ENDPOINT_URL_S3", &cloud.endpoint),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", &cloud.credentials.access_key),
        ("AWS_SECRET_ACCESS_KEY", &cloud.credentials.secret_key),
    ];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let setup = Setup {
        binaries: binaries().to_owned(),
        logs: logs.to_owned(),
        environment,
        limits: FunctionLimits::default(),
    };
    Host::start(setup).await.unwrap()
}

async fn invoke<T: DeserializeOwned>(host: &Host, function: Function, event: &impl Serialize) -> T {
    let result = host.invoke(function, Bytes::from(serde_json::to_vec(event).unwrap())).await.unwrap();
    serde_json::from_slice(&result).unwrap()
}

/// The answer to an HTTP request, both as API Gateway hands them over (payload format 2.0).
async fn gateway(host: &Host, method: &str, path: &str, token: &str, message: &impl Serialize) -> Value {
    let event = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": format!("/api/v1{path}"), "rawQueryString": "",
        "headers": { "authorization": format!("Bearer {token}"), "content-type": "application/json", "host": "localhost" },
        "requestContext": {
            "accountId": "1", "apiId": "a", "domainName": "localhost", "domainPrefix": "localhost", "requestId": "r",
            "routeKey": "$default", "stage": "$default", "time": "01/Jan/2026:00:00:00 +0000", "timeEpoch": 1,
            "http": { "method": method, "path": format!("/api/v1{path}"), "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "t" },
        },
        "body": serde_json::to_string(message).unwrap(), "isBase64Encoded": false,
    });
    invoke(host, Function::Api, &event).await
}

/// The message of a success.
async fn http<T: DeserializeOwned>(
    host: &Host,
    method: &str,
    path: &str,
    token: &str,
    message: &impl Serialize,
) -> T {
    let response = gateway(host, method, path, token, message).await;
    assert!((200..300).contains(&response["statusCode"].as_u64().unwrap()), "{response}");
    serde_json::from_str(response["body"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn the_function_binaries_do_a_job_and_log_nothing_that_is_secret() {
    let (cloud, sample) = (Cloud::start().await, Sample::new(1, 2, 2));
    let logs = tempfile::tempdir().unwrap();
    let host = host(&cloud, logs.path()).await;

    let challenge: Challenge = http(&host, "POST", "/sessions/challenge", "", &NOTHING).await;
    let key = SigningKey::from_bytes(&[1; 32]);
    let sign_in = signed(&key, &challenge.challenge);
    let session: Session = http(&host, "POST", "/sessions", "", &sign_in).await;

    let refused = gateway(&host, "GET", "/session", "no token", &NOTHING).await;
    assert_eq!((&refused["statusCode"], &refused["isBase64Encoded"]), (&json!(401), &json!(false)));
    assert_eq!(refused["headers"]["content-type"], "application/problem+json");
    let problem: Problem = serde_json::from_str(refused["body"].as_str().unwrap()).unwrap();
    assert_eq!(problem.code, "session-invalid");
    let message = CreateDataset { dataset: DatasetId::from_bytes([9; 16]) };
    let created = gateway(&host, "POST", "/datasets", &session.token, &message).await;
    assert_eq!(created["statusCode"], 201);

    let owner = cloud.sign_in(1).await;
    assert_eq!(owner.id, session.tenant);
    sample.store(&cloud, &owner).await;
    sample.start(&cloud, &owner, JOB, 2).await;
    for row_group in [0, 1, 1] {
        let event = EvaluateEvent { tenant: owner.id, job: JOB, row_group };
        assert_eq!(invoke::<Done>(&host, Function::Evaluate, &event).await, Done::Stored);
    }
    let event = CombineEvent { tenant: owner.id, job: JOB, outcome: Outcome::Evaluated };
    assert_eq!(invoke::<Done>(&host, Function::Combine, &event).await, Done::Stored);

    let status: JobStatus = http(&host, "GET", &format!("/jobs/{JOB}"), &session.token, &NOTHING).await;
    let JobState::Done { answer_url } = &status.state else { panic!("{:?}", status.state) };
    assert_eq!(decrypted(&get(answer_url).await.body), [sample.sum(0), sample.sum(1)]);
    host.stop().await;

    let mut lines = 0;
    for file in std::fs::read_dir(logs.path()).unwrap() {
        let log = std::fs::read_to_string(file.unwrap().path()).unwrap();
        lines += log.lines().count();
        for secret in [
            session.token.as_str(),
            &challenge.challenge,
            &sign_in.signature,
            TOKEN_KEY,
            answer_url,
            &cloud.credentials.secret_key,
            "X-Amz-Signature",
        ] {
            assert!(!log.contains(secret), "{secret}\n{log}");
        }
    }
    assert!(lines >= 7, "the functions log what they do");
}

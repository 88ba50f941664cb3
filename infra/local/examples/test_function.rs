//! A function for the tests of this crate: it does what its input says, well or badly. Not part of the product.
//!
//! The tests put it in the place of all functions; its name in the environment tells which one it is.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};
use veilsum_protocol::job::{CombineEvent, Done, EvaluateEvent, Failure, Outcome, ScoreEvent};
use veilsum_protocol::plan::{Aggregate, Plan};

/// What a plan asks of this function, by the number of its first column.
const CRASH_ONCE_ON_ROW_GROUP_1: u32 = 1;
const FAIL_ON_ROW_GROUP_1: u32 = 2;
const BE_SLOW: u32 = 3;
const FAIL_TO_COMBINE: u32 = 4;

#[tokio::main]
async fn main() -> Result<(), Error> {
    lambda_runtime::run(service_fn(handle)).await
}

async fn handle(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let input = &event.payload;
    match std::env::var("AWS_LAMBDA_FUNCTION_NAME")?.as_str() {
        "veilsum-evaluate" if input.get("row_group").is_some() => {
            evaluate(serde_json::from_value(input.clone())?).await
        }
        "veilsum-combine" if input.get("outcome").is_some() => {
            combine(serde_json::from_value(input.clone())?).await
        }
        "veilsum-score" if input.get("score").is_some() => {
            score(serde_json::from_value(input.clone())?).await
        }
        _ if input.get("rawPath").is_some() => http(input).await,
        _ => act(&event).await,
    }
}

/// Direct invocations: `{"do": …}`.
async fn act(event: &LambdaEvent<Value>) -> Result<Value, Error> {
    let input = &event.payload;
    let number = |name: &str| input[name].as_u64().unwrap_or_default();
    match input["do"].as_str().unwrap_or_default() {
        "crash" => std::process::abort(),
        "fail" => Err("asked to fail".into()),
        "hang" => std::future::pending().await,
        "sleep" => {
            tokio::time::sleep(Duration::from_millis(number("ms"))).await;
            Ok(json!({ "pid": std::process::id() }))
        }
        "answer" => Ok(Value::String("x".repeat(usize::try_from(number("bytes"))?))),
        "allocate" => {
            let block = vec![1_u8; usize::try_from(number("mib") << 20)?];
            Ok(json!({ "sum": block.iter().step_by(4_096).map(|byte| u64::from(*byte)).sum::<u64>() }))
        }
        "print" => {
            use std::io::Write as _;
            writeln!(std::io::stdout(), "{}", input["text"].as_str().unwrap_or_default())?;
            Ok(Value::Null)
        }
        _ => {
            let environment: BTreeMap<String, String> = std::env::vars().collect();
            Ok(json!({
                "pid": std::process::id(),
                "input": input,
                "request_id": event.context.request_id,
                "deadline": event.context.deadline,
                "environment": environment,
            }))
        }
    }
}

/// HTTP: tells what arrived.
async fn http(event: &Value) -> Result<Value, Error> {
    let path = event["rawPath"].as_str().unwrap_or_default();
    match path {
        "/api/crash" => std::process::abort(),
        "/api/nonsense" => Ok(json!("nonsense")),
        _ => Ok(json!({
            "statusCode": 200,
            "headers": { "content-type": "application/json" },
            "body": json!({
                "method": event["requestContext"]["http"]["method"],
                "path": path,
                "query": event["rawQueryString"],
                "body": event["body"],
                "is_base64": event["isBase64Encoded"],
            }).to_string(),
            "isBase64Encoded": false,
        })),
    }
}

async fn evaluate(event: EvaluateEvent) -> Result<Value, Error> {
    let job = Job::new(&format!("t/{}/j/{}/", event.tenant, event.job))?;
    let index = event.row_group;
    job.count(&format!("evaluate-{index}")).await?;
    match job.behaviour().await? {
        CRASH_ONCE_ON_ROW_GROUP_1 if index == 1 && job.put("event/crashed", "").await? => {
            std::process::abort()
        }
        FAIL_ON_ROW_GROUP_1 if index == 1 => return Err("asked to fail".into()),
        BE_SLOW => tokio::time::sleep(Duration::from_millis(300)).await,
        _ => {}
    }
    job.put(&format!("part/{index:08}"), "partial").await?;
    Ok(serde_json::to_value(Done::Stored)?)
}

async fn combine(event: CombineEvent) -> Result<Value, Error> {
    let job = Job::new(&format!("t/{}/j/{}/", event.tenant, event.job))?;
    job.count("combine").await?;
    if job.behaviour().await? == FAIL_TO_COMBINE {
        return Err("asked to fail".into());
    }
    match event.outcome {
        Outcome::Evaluated => job.put("answer", &job.count_of("part/").await?.to_string()).await?,
        Outcome::GaveUp { row_group } => {
            let failure = Failure {
                code: "gave-up".to_owned(),
                message: "Gave up.".to_owned(),
                row_group: Some(row_group),
            };
            job.put("failure", &serde_json::to_string(&failure)?).await?
        }
    };
    Ok(serde_json::to_value(Done::Stored)?)
}

/// The query says what to do.
async fn score(event: ScoreEvent) -> Result<Value, Error> {
    let job = Job::new(&format!("t/{}/s/{}/", event.tenant, event.score))?;
    job.count("score").await?;
    match job.read("query").await?.as_slice() {
        b"crash once" if job.put("event/crashed", "").await? => std::process::abort(),
        b"fail" => return Err("asked to fail".into()),
        b"be slow" => tokio::time::sleep(Duration::from_millis(300)).await,
        _ => {}
    }
    job.put("answer", "scored").await?;
    Ok(serde_json::to_value(Done::Stored)?)
}

/// The objects of one job, or of one score.
struct Job {
    client: Client,
    bucket: String,
    prefix: String,
}

impl Job {
    fn new(prefix: &str) -> Result<Self, Error> {
        let http = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring));
        let (key, secret) = (std::env::var("AWS_ACCESS_KEY_ID")?, std::env::var("AWS_SECRET_ACCESS_KEY")?);
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(http.build_https())
            .region(Region::new(std::env::var("AWS_REGION")?))
            .endpoint_url(std::env::var("AWS_ENDPOINT_URL_S3")?)
            .force_path_style(true)
            .credentials_provider(Credentials::new(key, secret, None, None, "environment"))
            .build();
        let bucket = std::env::var("VEILSUM_BUCKET")?;
        Ok(Self { client: Client::from_conf(config), bucket, prefix: prefix.to_owned() })
    }

    async fn behaviour(&self) -> Result<u32, Error> {
        let plan = Plan::from_bytes(&self.read("plan").await?)?;
        let Some(Aggregate::Sum { column, .. }) = plan.aggregates.first() else {
            return Err("no aggregate".into());
        };
        Ok(*column)
    }

    async fn read(&self, name: &str) -> Result<Vec<u8>, Error> {
        let get = self.client.get_object().bucket(&self.bucket).key(format!("{}{name}", self.prefix));
        Ok(get.send().await?.body.collect().await?.to_vec())
    }

    /// Stores an object once; `false` if it was there.
    async fn put(&self, name: &str, text: &str) -> Result<bool, Error> {
        let put = self.client.put_object().bucket(&self.bucket).key(format!("{}{name}", self.prefix));
        match put.if_none_match("*").body(ByteStream::from(text.as_bytes().to_vec())).send().await {
            Ok(_) => Ok(true),
            Err(error) if error.raw_response().is_some_and(|response| response.status().as_u16() == 412) => {
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Leaves a trace of one invocation.
    async fn count(&self, what: &str) -> Result<(), Error> {
        let mut number = 0;
        while !self.put(&format!("event/{what}-{number:04}"), "").await? {
            number += 1;
        }
        Ok(())
    }

    async fn count_of(&self, prefix: &str) -> Result<usize, Error> {
        let list =
            self.client.list_objects_v2().bucket(&self.bucket).prefix(format!("{}{prefix}", self.prefix));
        Ok(list.send().await?.contents().len())
    }
}

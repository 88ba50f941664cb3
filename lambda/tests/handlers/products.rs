//! Plans of products from plan to partials, with every event delivered more than once.

use futures_util::future::join_all;
use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use num_bigint::BigInt;
use veilsum_crypto::bfv::{Ciphertext, ParameterSet};
use veilsum_lambda::store::{Store, StoreError};
use veilsum_lambda::{combine, evaluate};
use veilsum_local::s3::{Condition, Faults};
use veilsum_owner::bfv::SecretKey;
use veilsum_owner::bfv::answer::{Expected, open_partial};
use veilsum_protocol::answer::Answer;
use veilsum_protocol::api::{CreateDataset, JobState, JobStatus, Object, StartJob};
use veilsum_protocol::job::{CombineEvent, Done, EvaluateEvent, Outcome};
use veilsum_protocol::plan::{Aggregate, Plan, RowGroupRef, VERSION};
use veilsum_protocol::row_group::{ColumnEntry, Encryption, RowGroupHeader};
use veilsum_protocol::{DatasetId, JobId, UploadId};

use crate::cloud::{BUCKET, Cloud, TRIES, Tenant, get};
use crate::sample::{staged_commit, upload_whole};

const JOB: JobId = JobId::from_bytes([0xbf; 16]);
const DATASET: DatasetId = DatasetId::from_bytes([0xbf; 16]);
const SET: ParameterSet = ParameterSet::N8192T57;
/// Rows of each of the two row groups.
const ROWS: u32 = 100;
const NO_FAULTS: Faults = Faults { percent_503: 0, seed: 0 };

/// A dataset of two row groups with two columns, x = row and y = 3·row − 50.
struct Stored {
    cloud: Cloud,
    tenant: Tenant,
    key: SecretKey,
    plan: Plan,
}

fn cell(column: u32, row: i64) -> i64 {
    if column == 0 { row } else { 3 * row - 50 }
}

async fn stored(faults: Faults) -> Stored {
    let cloud = Cloud::with_faults(faults).await;
    let tenant = cloud.sign_in(1).await;
    let mut rng = UnwrapErr(SysRng);
    let key = SecretKey::generate(SET, &mut rng);
    let path = format!("/datasets/{DATASET}");
    let created = tenant.post(&cloud, "/datasets", &CreateDataset { dataset: DATASET }).await;
    assert_eq!(created.status, 201);
    let (mut objects, mut row_groups) = (Vec::new(), Vec::new());
    for index in 0..2 {
        let header = RowGroupHeader {
            key: key.fingerprint(),
            dataset: DATASET,
            upload: UploadId::from_bytes([7; 16]),
            index,
            row_count: 8_192,
            encryption: Encryption::Bfv {
                parameter_set: SET.id().into(),
                ciphertext_bytes: u32::try_from(Ciphertext::fresh_bytes(SET)).unwrap(),
            },
            block_count: 1,
            columns: vec![ColumnEntry { column: 0, bound_bits: 0 }, ColumnEntry { column: 1, bound_bits: 0 }],
        };
        let mut bytes = header.to_bytes();
        for column in 0..2 {
            let values: Vec<i64> = (0..i64::from(ROWS)).map(|row| cell(column, row)).collect();
            bytes.extend(key.encrypt_block(0, &values, &mut rng).unwrap().to_bytes());
        }
        row_groups.push(RowGroupRef {
            index,
            row_count: 8_192,
            size_bytes: header.object_bytes(),
            column_set: 0,
        });
        objects.push(upload_whole(&cloud, &tenant, &path, Object::RowGroup { index }, &bytes).await);
    }
    let commit = staged_commit(&cloud, &tenant, &path, 1, b"a sealed manifest", objects).await;
    assert_eq!(tenant.post(&cloud, &format!("{path}/commit"), &commit).await.status, 200);
    let product = |columns: &[u32], level| Aggregate::Product { columns: columns.to_vec(), prime: 0, level };
    let plan = Plan {
        version: VERSION,
        dataset: DATASET,
        key: key.fingerprint(),
        modulus: String::new(),
        parameter_set: Some(SET.id()),
        aggregates: vec![product(&[0], 1), product(&[0, 1], 1), product(&[1, 1], 1)],
        row_groups,
    };
    Stored { cloud, tenant, key, plan }
}

impl Stored {
    async fn start(&self) -> JobStatus {
        let start = StartJob { job: JOB, plan: self.plan.clone() };
        self.tenant.post(&self.cloud, &format!("/datasets/{DATASET}/jobs"), &start).await.json()
    }

    async fn evaluated(&self, row_group: u32) -> Result<Done, StoreError> {
        let store: &Store = &self.cloud.store;
        evaluate::handle(store, &EvaluateEvent { tenant: self.tenant.id, job: JOB, row_group }).await
    }

    async fn combined(&self) -> Result<Done, StoreError> {
        let event = CombineEvent { tenant: self.tenant.id, job: JOB, outcome: Outcome::Evaluated };
        combine::handle(&self.cloud.store, &event).await
    }

    async fn status(&self) -> JobStatus {
        self.tenant.get(&self.cloud, &format!("/jobs/{JOB}")).await.json()
    }

    /// The totals in a stored partial.
    async fn totals(&self, row_group: u32) -> Vec<BigInt> {
        let part = format!("t/{}/j/{JOB}/part/{row_group:08}", self.tenant.id);
        let bytes = self.cloud.backend.read(BUCKET, &part).await.unwrap();
        let products =
            [1, 2, 2].map(|factors| Expected { slot_bound: 1 << 50, primes: 1, level: 1, factors });
        open_partial(&self.key, &self.plan, JOB, (row_group, ROWS), &products, &bytes).unwrap()
    }

    fn folder(&self) -> String {
        format!("t/{}/d/{DATASET}/rg/", self.tenant.id)
    }
}

fn expected() -> [BigInt; 3] {
    let sum =
        |of: fn(i64, i64) -> i64| (0..i64::from(ROWS)).map(|row| of(cell(0, row), cell(1, row))).sum::<i64>();
    [sum(|x, _| x), sum(|x, y| x * y), sum(|_, y| y * y)].map(BigInt::from)
}

fn failure_code(status: &JobStatus) -> &str {
    let JobState::Failed(failure) = &status.state else { panic!("{:?}", status.state) };
    assert!(failure.message.ends_with('.'), "{}", failure.message);
    &failure.code
}

#[tokio::test]
async fn products_count_once_however_often_they_are_delivered() {
    let stored = stored(NO_FAULTS).await;
    stored.start().await;
    let deliveries = (0..6).map(|delivery| stored.evaluated(delivery % 2));
    assert!(join_all(deliveries).await.into_iter().all(|done| done.unwrap() == Done::Stored));
    let deliveries = (0..3).map(|_| stored.combined());
    assert!(join_all(deliveries).await.into_iter().all(|done| done.unwrap() == Done::Stored));
    for row_group in 0..2 {
        assert_eq!(stored.totals(row_group).await, expected());
    }
    let ended = stored.status().await;
    let JobState::Done { answer_url } = &ended.state else { panic!("{:?}", ended.state) };
    let answer = Answer::from_bytes(&get(answer_url).await.body).unwrap();
    assert_eq!((answer.row_group_count, answer.aggregates.block_count), (2, 2));
    assert!(answer.aggregates.ciphertexts.is_empty());
    // The functions said what they read: both columns once, and the header.
    let columns = 2 * Ciphertext::fresh_bytes(SET) as u64;
    let step = ended.steps.iter().find(|step| step.row_group == Some(1)).unwrap();
    assert!(step.read_bytes > columns && step.read_bytes <= columns + 4_096, "{}", step.read_bytes);
}

#[tokio::test]
async fn products_survive_storage_that_fails_now_and_then() {
    let stored = stored(Faults { percent_503: 30, seed: 5 }).await;
    stored.start().await;
    for row_group in 0..2 {
        let mut done = None;
        for _ in 0..TRIES {
            done = stored.evaluated(row_group).await.ok();
            if done.is_some() {
                break;
            }
        }
        assert_eq!(done, Some(Done::Stored));
    }
    assert_eq!(stored.totals(1).await, expected());
}

#[tokio::test]
async fn a_cancelled_job_multiplies_nothing_more() {
    let stored = stored(NO_FAULTS).await;
    stored.start().await;
    stored.tenant.delete(&stored.cloud, &format!("/jobs/{JOB}")).await;
    assert_eq!(stored.evaluated(0).await.unwrap(), Done::Cancelled);
    assert_eq!(stored.combined().await.unwrap(), Done::Cancelled);
    assert!(matches!(stored.status().await.state, JobState::Cancelled));
}

#[tokio::test]
async fn partials_that_are_missing_or_foreign_give_no_answer() {
    let stored = stored(NO_FAULTS).await;
    stored.start().await;
    assert_eq!(stored.evaluated(0).await.unwrap(), Done::Stored);
    assert_eq!(stored.combined().await.unwrap(), Done::Failed);
    assert_eq!(failure_code(&stored.status().await), "partial-missing");
}

#[tokio::test]
async fn stored_bytes_that_are_no_factors_fail_the_job() {
    let stored = stored(NO_FAULTS).await;
    stored.start().await;
    let object = format!("{}00000000", stored.folder());
    let mut bytes = stored.cloud.backend.read(BUCKET, &object).await.unwrap();
    // Another parameter set in the second ciphertext.
    let second = bytes.len() - Ciphertext::fresh_bytes(SET);
    bytes[second + 6] = ParameterSet::N8192T30.id();
    stored.cloud.backend.write(BUCKET, &object, bytes, Condition::Always).await.unwrap();
    assert_eq!(stored.evaluated(0).await.unwrap(), Done::Failed);
    assert_eq!(failure_code(&stored.status().await), "row-group-unusable");
}

//! Jobs from plan to answer, with every event delivered more than once.

use futures_util::future::join_all;
use veilsum_lambda::store::{Store, StoreError};
use veilsum_lambda::{combine, evaluate};
use veilsum_local::s3::{Condition, Faults};
use veilsum_protocol::JobId;
use veilsum_protocol::api::{JobState, JobStatus, StartJob};
use veilsum_protocol::job::{CombineEvent, Done, EvaluateEvent, Outcome, StepFunction};
use veilsum_protocol::plan::VERSION;

use crate::cloud::{BUCKET, Cloud, TRIES, Tenant, get};
use crate::sample::{Sample, decrypted};

const JOB: JobId = JobId::from_bytes([0xee; 16]);

/// A cloud with one stored dataset.
async fn stored(sample: &Sample) -> (Cloud, Tenant) {
    let cloud = Cloud::start().await;
    let tenant = cloud.sign_in(1).await;
    sample.store(&cloud, &tenant).await;
    (cloud, tenant)
}

async fn evaluated(store: &Store, tenant: &Tenant, row_group: u32) -> Result<Done, StoreError> {
    evaluate::handle(store, &EvaluateEvent { tenant: tenant.id, job: JOB, row_group }).await
}

async fn combined(store: &Store, tenant: &Tenant, outcome: Outcome) -> Result<Done, StoreError> {
    combine::handle(store, &CombineEvent { tenant: tenant.id, job: JOB, outcome }).await
}

async fn status(cloud: &Cloud, tenant: &Tenant) -> JobStatus {
    tenant.get(cloud, &format!("/jobs/{JOB}")).await.json()
}

async fn answer(status: &JobStatus) -> Vec<u8> {
    let JobState::Done { answer_url } = &status.state else { panic!("{:?}", status.state) };
    get(answer_url).await.body.to_vec()
}

fn failure(status: &JobStatus) -> (&str, Option<u32>) {
    let JobState::Failed(failure) = &status.state else { panic!("{:?}", status.state) };
    assert!(failure.message.ends_with('.'), "{}", failure.message);
    (&failure.code, failure.row_group)
}

/// What `call` yields when it succeeds; whoever invokes a function tries again what returns an error.
async fn tried_again<T>(call: impl AsyncFn() -> Option<T>) -> T {
    for _ in 0..TRIES {
        if let Some(done) = call().await {
            return done;
        }
    }
    panic!("storage fails too often");
}

fn names(cloud: &Cloud) -> Vec<String> {
    let of_job = format!("/j/{JOB}/");
    cloud.keys().iter().filter_map(|key| Some(key.split_once(&of_job)?.1.to_owned())).collect()
}

#[tokio::test]
async fn a_job_goes_from_plan_to_answer() {
    let sample = Sample::with_rows(1, 3, 4, 100);
    let (cloud, tenant) = stored(&sample).await;
    let started = sample.start(&cloud, &tenant, JOB, 3).await;
    assert_eq!((started.state, started.evaluated, started.row_groups), (JobState::Running, 0, 3));
    for row_group in 0..3 {
        assert_eq!(evaluated(&cloud.store, &tenant, row_group).await.unwrap(), Done::Stored);
        assert_eq!(status(&cloud, &tenant).await.evaluated, row_group + 1);
    }
    assert_eq!(combined(&cloud.store, &tenant, Outcome::Evaluated).await.unwrap(), Done::Stored);
    let ended = status(&cloud, &tenant).await;
    assert_eq!(decrypted(&answer(&ended).await), [0, 1, 2].map(|column| sample.sum(column)));
    assert_eq!(ended.steps.len(), 4);
    let evaluate_step = ended.steps.iter().find(|step| step.row_group == Some(2)).unwrap();
    // The first read fetches more than the header of a small row group, and never more than 4 KiB.
    let columns = 3 * sample.row_groups[2].column_bytes();
    assert!(evaluate_step.read_bytes > columns && evaluate_step.read_bytes <= columns + 4_096);
    let combine_step = ended.steps.iter().find(|step| step.function == StepFunction::Combine).unwrap();
    assert_eq!(combine_step.written_bytes, answer(&ended).await.len() as u64);
    assert!(ended.objects.iter().all(|object| object.checksum.is_some()));
    assert_eq!(ended.objects.len(), 3 + 3 + 1 + 1 + 1);
}

#[tokio::test]
async fn any_number_of_deliveries_counts_once() {
    let sample = Sample::new(1, 4, 2);
    let (cloud, tenant) = stored(&sample).await;
    sample.start(&cloud, &tenant, JOB, 2).await;
    let deliveries = (0..20).map(|delivery| evaluated(&cloud.store, &tenant, delivery % 4));
    assert!(join_all(deliveries).await.into_iter().all(|done| done.unwrap() == Done::Stored));
    let deliveries = (0..5).map(|_| combined(&cloud.store, &tenant, Outcome::Evaluated));
    assert!(join_all(deliveries).await.into_iter().all(|done| done.unwrap() == Done::Stored));
    let first = answer(&status(&cloud, &tenant).await).await;
    assert_eq!(decrypted(&first), [sample.sum(0), sample.sum(1)]);
    // Late ones change nothing.
    assert_eq!(evaluated(&cloud.store, &tenant, 0).await.unwrap(), Done::Stored);
    assert_eq!(combined(&cloud.store, &tenant, Outcome::Evaluated).await.unwrap(), Done::Stored);
    assert_eq!(
        combined(&cloud.store, &tenant, Outcome::GaveUp { row_group: 0 }).await.unwrap(),
        Done::Stored
    );
    let ended = status(&cloud, &tenant).await;
    assert_eq!(answer(&ended).await, first);
    assert_eq!((ended.steps.len(), ended.evaluated), (5, 4));
}

#[tokio::test]
async fn a_job_ends_right_though_storage_fails_and_answers_get_lost() {
    let cloud = Cloud::with_faults(Faults { percent_503: 30, seed: 3 }).await;
    let tenant = cloud.sign_in(1).await;
    let sample = Sample::new(1, 6, 2);
    sample.store(&cloud, &tenant).await;
    sample.start(&cloud, &tenant, JOB, 2).await;
    for row_group in 0..6 {
        let done = tried_again(async || evaluated(&cloud.store, &tenant, row_group).await.ok()).await;
        assert_eq!(done, Done::Stored);
    }
    let done = tried_again(async || combined(&cloud.store, &tenant, Outcome::Evaluated).await.ok()).await;
    assert_eq!(done, Done::Stored);
    let ended = status(&cloud, &tenant).await;
    let JobState::Done { answer_url } = &ended.state else { panic!("{:?}", ended.state) };
    let body = tried_again(async || {
        let reply = get(answer_url).await;
        (reply.status == 200).then_some(reply.body)
    })
    .await;
    assert_eq!(decrypted(&body), [sample.sum(0), sample.sum(1)]);
}

#[tokio::test]
async fn reads_headers_longer_than_the_first_read() {
    // 96 + 200·24 bytes of header are more than 4 KiB.
    let sample = Sample::new(1, 1, 200);
    let (cloud, tenant) = stored(&sample).await;
    sample.start(&cloud, &tenant, JOB, 200).await;
    assert_eq!(evaluated(&cloud.store, &tenant, 0).await.unwrap(), Done::Stored);
    assert_eq!(combined(&cloud.store, &tenant, Outcome::Evaluated).await.unwrap(), Done::Stored);
    let sums: Vec<_> = (0..200).map(|column| sample.sum(column)).collect();
    assert_eq!(decrypted(&answer(&status(&cloud, &tenant).await).await), sums);
}

#[tokio::test]
async fn starting_twice_starts_one_job() {
    let sample = Sample::new(1, 1, 2);
    let (cloud, tenant) = stored(&sample).await;
    for _ in 0..3 {
        let started = sample.start(&cloud, &tenant, JOB, 2).await;
        assert_eq!(started.state, JobState::Running);
    }
    assert_eq!(names(&cloud), ["plan"]);
    let other = StartJob { job: JOB, plan: sample.plan(1) };
    tenant.post(&cloud, &format!("{}/jobs", sample.path()), &other).await.is_problem(409, "job-id-taken");
}

#[tokio::test]
async fn refuses_plans_that_the_stored_dataset_does_not_fit() {
    let sample = Sample::new(1, 2, 1);
    let (cloud, tenant) = stored(&sample).await;
    let path = format!("{}/jobs", sample.path());
    let changed = |change: &dyn Fn(&mut StartJob)| {
        let mut start = StartJob { job: JOB, plan: sample.plan(1) };
        change(&mut start);
        start
    };
    for (start, status, code) in [
        (changed(&|start| start.plan.version = 9), 422, "plan-invalid"),
        (changed(&|start| start.plan.aggregates.clear()), 422, "plan-invalid"),
        (changed(&|start| start.plan.row_groups.reverse()), 422, "plan-invalid"),
        (changed(&|start| start.plan.dataset = Sample::new(2, 1, 1).dataset), 422, "plan-of-other-dataset"),
        (changed(&|start| start.plan.row_groups[1].index = 7), 409, "object-missing"),
        (changed(&|start| start.plan.row_groups[1].size_bytes += 1), 409, "object-differs"),
    ] {
        tenant.post(&cloud, &path, &start).await.is_problem(status, code);
    }
    assert_eq!(names(&cloud), [""; 0]);
    let open = Sample::new(3, 1, 1);
    open.upload(&cloud, &tenant).await;
    let start = StartJob { job: JOB, plan: open.plan(1) };
    tenant.post(&cloud, &format!("{}/jobs", open.path()), &start).await.is_problem(409, "not-committed");
}

#[tokio::test]
async fn a_cancelled_job_stores_nothing_more() {
    let sample = Sample::new(1, 2, 1);
    let (cloud, tenant) = stored(&sample).await;
    sample.start(&cloud, &tenant, JOB, 1).await;
    assert_eq!(evaluated(&cloud.store, &tenant, 0).await.unwrap(), Done::Stored);
    for _ in 0..2 {
        let cancelled: JobStatus = tenant.delete(&cloud, &format!("/jobs/{JOB}")).await.json();
        assert_eq!(cancelled.state, JobState::Cancelled);
    }
    let before = names(&cloud);
    assert_eq!(evaluated(&cloud.store, &tenant, 1).await.unwrap(), Done::Cancelled);
    // Not even a failure: nothing of this is looked at any more.
    assert_eq!(evaluated(&cloud.store, &tenant, 99).await.unwrap(), Done::Cancelled);
    assert_eq!(combined(&cloud.store, &tenant, Outcome::Evaluated).await.unwrap(), Done::Cancelled);
    let gave_up = Outcome::GaveUp { row_group: 1 };
    assert_eq!(combined(&cloud.store, &tenant, gave_up).await.unwrap(), Done::Cancelled);
    assert_eq!(names(&cloud), before);
    assert_eq!(status(&cloud, &tenant).await.state, JobState::Cancelled);
}

#[tokio::test]
async fn whoever_cancels_in_the_last_moment_sees_a_whole_answer_or_none() {
    for _ in 0..20 {
        let sample = Sample::new(1, 1, 1);
        let (cloud, tenant) = stored(&sample).await;
        sample.start(&cloud, &tenant, JOB, 1).await;
        evaluated(&cloud.store, &tenant, 0).await.unwrap();
        let path = format!("/jobs/{JOB}");
        let (done, cancelled) =
            tokio::join!(combined(&cloud.store, &tenant, Outcome::Evaluated), tenant.delete(&cloud, &path));
        let told: JobStatus = cancelled.json();
        let ended = status(&cloud, &tenant).await;
        assert_eq!(ended.state == JobState::Cancelled, told.state == JobState::Cancelled);
        match done.unwrap() {
            Done::Cancelled => assert_eq!(ended.state, JobState::Cancelled),
            Done::Stored if ended.state == JobState::Cancelled => {}
            Done::Stored => assert_eq!(decrypted(&answer(&ended).await), [sample.sum(0)]),
            Done::Failed => panic!("nothing is wrong with this job"),
        }
    }
}

#[tokio::test]
async fn cancelling_an_ended_job_changes_nothing() {
    let sample = Sample::new(1, 1, 1);
    let (cloud, tenant) = stored(&sample).await;
    sample.start(&cloud, &tenant, JOB, 1).await;
    evaluated(&cloud.store, &tenant, 0).await.unwrap();
    combined(&cloud.store, &tenant, Outcome::Evaluated).await.unwrap();
    let told: JobStatus = tenant.delete(&cloud, &format!("/jobs/{JOB}")).await.json();
    assert_eq!(decrypted(&answer(&told).await), [sample.sum(0)]);
}

#[tokio::test]
async fn a_row_group_that_was_given_up_fails_the_job() {
    let sample = Sample::new(1, 2, 1);
    let (cloud, tenant) = stored(&sample).await;
    sample.start(&cloud, &tenant, JOB, 1).await;
    evaluated(&cloud.store, &tenant, 0).await.unwrap();
    let gave_up = Outcome::GaveUp { row_group: 1 };
    assert_eq!(combined(&cloud.store, &tenant, gave_up).await.unwrap(), Done::Failed);
    assert_eq!(failure(&status(&cloud, &tenant).await), ("gave-up", Some(1)));
    // Even if all is evaluated later: what was shown as failed stays failed.
    assert_eq!(evaluated(&cloud.store, &tenant, 1).await.unwrap(), Done::Failed);
    assert_eq!(combined(&cloud.store, &tenant, Outcome::Evaluated).await.unwrap(), Done::Failed);
    assert!(!names(&cloud).contains(&"answer".to_owned()));
}

/// A change to the bytes of a row group.
type Tampering<'a> = &'a dyn Fn(&mut Vec<u8>);

/// Starts a job, then changes the bytes of row group 0 behind its back.
async fn tampered(change: impl FnOnce(&mut Vec<u8>)) -> (Cloud, Tenant) {
    let sample = Sample::new(1, 2, 2);
    let (cloud, tenant) = stored(&sample).await;
    sample.start(&cloud, &tenant, JOB, 2).await;
    let mut bytes = sample.bytes(0);
    change(&mut bytes);
    let key = format!("t/{}/d/{}/rg/00000000", tenant.id, sample.dataset);
    cloud.backend.write(BUCKET, &key, bytes, Condition::Always).await.unwrap();
    (cloud, tenant)
}

#[tokio::test]
async fn a_row_group_that_is_not_the_planned_one_fails_the_job() {
    let other_index = |bytes: &mut Vec<u8>| *bytes = Sample::new(1, 2, 2).bytes(1);
    let cases: [(&str, Tampering<'_>); 10] = [
        ("another row group", &other_index),
        ("another dataset", &|bytes| bytes[40] ^= 1),
        ("another key", &|bytes| bytes[8] ^= 1),
        ("another magic", &|bytes| bytes[0] ^= 1),
        ("a newer version", &|bytes| bytes[4] = 9),
        ("cut in a column", &|bytes| bytes.truncate(bytes.len() - 1)),
        ("longer than its table", &|bytes| bytes.push(0)),
        ("cut in the header", &|bytes| bytes.truncate(100)),
        ("empty", &|bytes| bytes.clear()),
        ("a block of zero", &|bytes| {
            let start = 96 + 2 * 24;
            bytes[start..start + 256].fill(0);
        }),
    ];
    for (what, change) in cases {
        let (cloud, tenant) = tampered(change).await;
        assert_eq!(evaluated(&cloud.store, &tenant, 0).await.unwrap(), Done::Failed, "{what}");
        let (code, row_group) = {
            let status = status(&cloud, &tenant).await;
            let (code, row_group) = failure(&status);
            (code.to_owned(), row_group)
        };
        assert_eq!(row_group, Some(0), "{what}");
        assert!(code.starts_with("row-group-"), "{what}: {code}");
        // The others stop early, and there is no answer.
        assert_eq!(evaluated(&cloud.store, &tenant, 1).await.unwrap(), Done::Failed, "{what}");
        assert_eq!(
            combined(&cloud.store, &tenant, Outcome::Evaluated).await.unwrap(),
            Done::Failed,
            "{what}"
        );
        assert!(!names(&cloud).contains(&"answer".to_owned()), "{what}");
    }
}

#[tokio::test]
async fn a_missing_row_group_fails_the_job() {
    let sample = Sample::new(1, 2, 1);
    let (cloud, tenant) = stored(&sample).await;
    sample.start(&cloud, &tenant, JOB, 1).await;
    assert_eq!(tenant.delete(&cloud, &sample.path()).await.status, 204);
    assert_eq!(evaluated(&cloud.store, &tenant, 1).await.unwrap(), Done::Failed);
    assert_eq!(failure(&status(&cloud, &tenant).await), ("row-group-missing", Some(1)));
}

#[tokio::test]
async fn a_row_group_outside_the_plan_fails_the_job() {
    let sample = Sample::new(1, 2, 1);
    let (cloud, tenant) = stored(&sample).await;
    sample.start(&cloud, &tenant, JOB, 1).await;
    assert_eq!(evaluated(&cloud.store, &tenant, 2).await.unwrap(), Done::Failed);
    assert_eq!(failure(&status(&cloud, &tenant).await), ("row-group-unusable", Some(2)));
}

#[tokio::test]
async fn a_missing_or_foreign_partial_fails_the_job_instead_of_giving_part_of_an_answer() {
    let sample = Sample::new(1, 2, 1);
    let (cloud, tenant) = stored(&sample).await;
    sample.start(&cloud, &tenant, JOB, 1).await;
    evaluated(&cloud.store, &tenant, 0).await.unwrap();
    assert_eq!(combined(&cloud.store, &tenant, Outcome::Evaluated).await.unwrap(), Done::Failed);
    assert_eq!(failure(&status(&cloud, &tenant).await), ("partial-missing", Some(1)));

    let (cloud, tenant) = stored(&sample).await;
    sample.start(&cloud, &tenant, JOB, 1).await;
    evaluated(&cloud.store, &tenant, 0).await.unwrap();
    let folder = format!("t/{}/j/{JOB}/part/", tenant.id);
    let partial = cloud.backend.read(BUCKET, &format!("{folder}00000000")).await.unwrap();
    cloud.backend.write(BUCKET, &format!("{folder}00000001"), partial, Condition::Always).await.unwrap();
    assert_eq!(combined(&cloud.store, &tenant, Outcome::Evaluated).await.unwrap(), Done::Failed);
    assert_eq!(failure(&status(&cloud, &tenant).await).0, "partial-unusable");
}

#[tokio::test]
async fn an_unreadable_plan_fails_the_job() {
    let sample = Sample::new(1, 1, 1);
    let (cloud, tenant) = stored(&sample).await;
    let folder = format!("t/{}/j/{JOB}/", tenant.id);
    let plan = format!("{{\"version\":{}}}", VERSION + 1).into_bytes();
    cloud.backend.write(BUCKET, &format!("{folder}plan"), plan, Condition::Always).await.unwrap();
    assert_eq!(evaluated(&cloud.store, &tenant, 0).await.unwrap(), Done::Failed);
    let failure = cloud.backend.read(BUCKET, &format!("{folder}failure")).await.unwrap();
    assert!(String::from_utf8(failure).unwrap().contains("newer version"));
}

#[tokio::test]
async fn an_event_of_no_job_leaves_nothing_behind() {
    let (cloud, tenant) = stored(&Sample::new(1, 1, 1)).await;
    let before = cloud.keys();
    assert_eq!(evaluated(&cloud.store, &tenant, 0).await.unwrap(), Done::Failed);
    assert_eq!(combined(&cloud.store, &tenant, Outcome::Evaluated).await.unwrap(), Done::Failed);
    assert_eq!(
        combined(&cloud.store, &tenant, Outcome::GaveUp { row_group: 0 }).await.unwrap(),
        Done::Failed
    );
    assert_eq!(cloud.keys(), before);
}

//! Uploads and commits: what is signed, what is stored once, what can be repeated.

use axum::http::{Method, StatusCode};
use veilsum_local::s3::Faults;
use veilsum_protocol::api::{
    Commit, CommittedObject, CompleteUpload, CreateDataset, DatasetEntry, Object, Part, PartUrl,
    RequestUpload, StoredObject, Upload,
};
use veilsum_protocol::row_group::MIN_PART_BYTES;
use veilsum_protocol::{DatasetId, Digest};

use crate::cloud::{BUCKET, Cloud, Tenant, get, put, storage};
use crate::sample::{Sample, part, send_parts, staged_commit, upload_whole};

const DATASET: &str = "/datasets/01010101010101010101010101010101";
const ROW_GROUP: Object = Object::RowGroup { index: 0 };

/// A cloud with one registered dataset.
async fn registered() -> (Cloud, Tenant) {
    let cloud = Cloud::start().await;
    let tenant = cloud.sign_in(1).await;
    let dataset = DatasetId::from_bytes([1; 16]);
    assert_eq!(tenant.post(&cloud, "/datasets", &CreateDataset { dataset }).await.status, 201);
    (cloud, tenant)
}

async fn request(cloud: &Cloud, tenant: &Tenant, transfer: Option<&str>, parts: &[Part]) -> Upload {
    let request =
        RequestUpload { object: ROW_GROUP, transfer: transfer.map(str::to_owned), parts: parts.to_vec() };
    tenant.post(cloud, &format!("{DATASET}/uploads"), &request).await.json()
}

async fn complete(cloud: &Cloud, tenant: &Tenant, complete: &CompleteUpload) -> crate::cloud::Reply {
    tenant.post(cloud, &format!("{DATASET}/uploads/complete"), complete).await
}

/// Bytes for two parts.
fn two_parts() -> Vec<u8> {
    (0..MIN_PART_BYTES + 1_000).map(|place| u8::try_from(place % 251).unwrap()).collect()
}

#[tokio::test]
async fn an_object_is_stored_as_it_was_sent() {
    let (cloud, tenant) = registered().await;
    let bytes = two_parts();
    let complete_upload = send_parts(&cloud, &tenant, DATASET, ROW_GROUP, &bytes).await;
    let stored: StoredObject = complete(&cloud, &tenant, &complete_upload).await.json();
    assert_eq!(stored.key, format!("t/{}/d/{}/rg/00000000", tenant.id, "01".repeat(16)));
    let composite = Digest::composite(complete_upload.parts.iter().map(|part| &part.sha256));
    assert_eq!(stored.checksum, Some(format!("{}-2", composite.to_base64())));
    assert_eq!(get(&stored.url).await.body, bytes);
}

#[tokio::test]
async fn a_url_takes_exactly_the_part_that_it_was_signed_for() {
    let (cloud, tenant) = registered().await;
    let bytes = b"the right bytes".to_vec();
    let upload = request(&cloud, &tenant, None, &[part(1, &bytes), part(2, b"another part")]).await;
    assert!(upload.expires_in <= 900);
    let url = &upload.urls[0];
    let refused = |status: StatusCode| assert!(status.is_client_error(), "{status}");
    refused(put(url, b"the wrong bytes".to_vec()).await);
    refused(put(url, b"the right bytes and more".to_vec()).await);
    refused(put(url, b"the right".to_vec()).await);
    refused(
        put(&PartUrl { url: url.url.replace("partNumber=1", "partNumber=3"), ..url.clone() }, bytes.clone())
            .await,
    );
    refused(put(&PartUrl { headers: vec![], ..url.clone() }, bytes.clone()).await);
    let other_checksum = vec![(url.headers[0].0.clone(), Digest::of(b"the wrong bytes").to_base64())];
    refused(put(&PartUrl { headers: other_checksum, ..url.clone() }, b"the wrong bytes".to_vec()).await);
    refused(
        put(&PartUrl { headers: upload.urls[1].headers.clone(), ..url.clone() }, b"another part".to_vec())
            .await,
    );
    refused(
        put(
            &PartUrl { url: url.url.replace("X-Amz-Expires=900", "X-Amz-Expires=9000"), ..url.clone() },
            bytes.clone(),
        )
        .await,
    );
    refused(
        put(&PartUrl { url: url.url.replace("/rg/00000000", "/original"), ..url.clone() }, bytes.clone())
            .await,
    );
    refused(storage(Method::GET, &url.url, &url.headers, vec![]).await.status);
    assert_eq!(request(&cloud, &tenant, upload.transfer.as_deref(), &[]).await.received, []);
    assert_eq!(put(url, bytes.clone()).await, 200);
    // The owner of a URL may send the same part again, and nothing else comes of it.
    assert_eq!(put(url, bytes.clone()).await, 200);
    assert_eq!(request(&cloud, &tenant, upload.transfer.as_deref(), &[]).await.received, [part(1, &bytes)]);
}

#[tokio::test]
async fn signs_number_length_and_hash_of_a_part() {
    let (cloud, tenant) = registered().await;
    let upload = request(&cloud, &tenant, None, &[part(1, b"bytes")]).await;
    let url = &upload.urls[0].url;
    assert!(url.contains("X-Amz-SignedHeaders=content-length%3Bhost%3Bx-amz-checksum-sha256"), "{url}");
    assert!(url.contains("partNumber=1") && url.contains("X-Amz-Expires=900"), "{url}");
    assert_eq!(
        upload.urls[0].headers,
        [("x-amz-checksum-sha256".to_owned(), Digest::of(b"bytes").to_base64())]
    );
}

#[tokio::test]
async fn goes_on_where_an_upload_stopped() {
    let (cloud, tenant) = registered().await;
    let bytes = two_parts();
    let (first, second) = bytes.split_at(usize::try_from(MIN_PART_BYTES).unwrap());
    let parts = [part(1, first), part(2, second)];
    let upload = request(&cloud, &tenant, None, &parts).await;
    assert_eq!(put(&upload.urls[0], first.to_vec()).await, 200);
    let transfer = upload.transfer.unwrap();
    let early = CompleteUpload { object: ROW_GROUP, transfer: transfer.clone(), parts: parts.to_vec() };
    complete(&cloud, &tenant, &early).await.is_problem(409, "part-missing");
    let again = request(&cloud, &tenant, Some(&transfer), &parts[1..]).await;
    assert_eq!((again.stored, again.received.as_slice(), again.urls.len()), (false, &parts[..1], 1));
    assert_eq!(put(&again.urls[0], second.to_vec()).await, 200);
    let stored: StoredObject = complete(&cloud, &tenant, &early).await.json();
    assert_eq!(get(&stored.url).await.body, bytes);
}

#[tokio::test]
async fn completing_again_changes_nothing() {
    let (cloud, tenant) = registered().await;
    let upload = send_parts(&cloud, &tenant, DATASET, ROW_GROUP, &two_parts()).await;
    let first: StoredObject = complete(&cloud, &tenant, &upload).await.json();
    for _ in 0..3 {
        let again: StoredObject = complete(&cloud, &tenant, &upload).await.json();
        assert_eq!((&again.key, &again.checksum), (&first.key, &first.checksum));
    }
    // The same content through another transfer is as good.
    let none = request(&cloud, &tenant, None, &[part(1, b"x")]).await;
    assert_eq!((none.stored, none.transfer, none.urls), (true, None, vec![]));
}

#[tokio::test]
async fn never_overwrites_an_object() {
    let (cloud, tenant) = registered().await;
    let mine = send_parts(&cloud, &tenant, DATASET, ROW_GROUP, b"first").await;
    let other = send_parts(&cloud, &tenant, DATASET, ROW_GROUP, b"second").await;
    let stored: StoredObject = complete(&cloud, &tenant, &mine).await.json();
    complete(&cloud, &tenant, &other).await.is_problem(409, "other-content");
    complete(&cloud, &tenant, &other).await.is_problem(409, "other-content");
    assert_eq!(get(&stored.url).await.body.as_ref(), b"first");
}

#[tokio::test]
async fn of_two_completions_at_the_same_time_one_wins() {
    for _ in 0..20 {
        let (cloud, tenant) = registered().await;
        let first = send_parts(&cloud, &tenant, DATASET, ROW_GROUP, b"first").await;
        let second = send_parts(&cloud, &tenant, DATASET, ROW_GROUP, b"second").await;
        let replies = tokio::join!(complete(&cloud, &tenant, &first), complete(&cloud, &tenant, &second));
        let (won, lost) = if replies.0.status.is_success() { replies } else { (replies.1, replies.0) };
        lost.is_problem(409, "other-content");
        let stored: StoredObject = won.json();
        let content = get(&stored.url).await.body;
        assert_eq!(stored.size_bytes, content.len() as u64);
    }
}

#[tokio::test]
async fn names_the_part_that_differs() {
    let (cloud, tenant) = registered().await;
    let mut upload = send_parts(&cloud, &tenant, DATASET, ROW_GROUP, b"bytes").await;
    upload.parts[0] = part(1, b"other");
    let reply = complete(&cloud, &tenant, &upload).await;
    reply.is_problem(409, "part-differs");
    assert!(String::from_utf8_lossy(&reply.body).contains("Part 1"));
}

#[tokio::test]
async fn a_transfer_works_only_for_the_object_that_it_was_begun_for() {
    let (cloud, tenant) = registered().await;
    let upload = send_parts(&cloud, &tenant, DATASET, ROW_GROUP, b"bytes").await;
    let original = CompleteUpload { object: Object::Original, ..upload.clone() };
    complete(&cloud, &tenant, &original).await.is_problem(409, "transfer-gone");
    let request =
        RequestUpload { object: Object::Original, transfer: Some(upload.transfer.clone()), parts: vec![] };
    tenant.post(&cloud, &format!("{DATASET}/uploads"), &request).await.is_problem(409, "transfer-gone");
    // A dataset with the same id belongs to whoever registered it.
    let stranger = cloud.sign_in(2).await;
    stranger.post(&cloud, "/datasets", &CreateDataset { dataset: DatasetId::from_bytes([1; 16]) }).await;
    complete(&cloud, &stranger, &upload).await.is_problem(409, "transfer-gone");
    let unknown = CompleteUpload { transfer: "nothing".into(), ..upload };
    complete(&cloud, &tenant, &unknown).await.is_problem(409, "transfer-gone");
}

#[tokio::test]
async fn rejects_requests_out_of_range() {
    let (cloud, tenant) = registered().await;
    let good = RequestUpload { object: ROW_GROUP, transfer: None, parts: vec![part(1, b"x")] };
    let bad = [
        RequestUpload { parts: vec![part(1, b"x"); 101], ..good.clone() },
        RequestUpload { parts: vec![part(0, b"x")], ..good.clone() },
        RequestUpload { parts: vec![part(10_001, b"x")], ..good.clone() },
        RequestUpload { parts: vec![part(1, b"")], ..good.clone() },
        RequestUpload { parts: vec![Part { size_bytes: (64 << 20) + 1, ..part(1, b"x") }], ..good.clone() },
        RequestUpload { object: Object::RowGroup { index: 100_000 }, ..good.clone() },
        RequestUpload { object: Object::Manifest { sequence: 0 }, ..good.clone() },
        RequestUpload { transfer: Some("../../other".repeat(200)), ..good.clone() },
    ];
    for request in &bad {
        tenant.post(&cloud, &format!("{DATASET}/uploads"), request).await.is_problem(422, "out-of-range");
    }
    let manifest = Object::Manifest { sequence: 1 };
    let by_upload = CompleteUpload { object: manifest, transfer: "x".into(), parts: vec![part(1, b"x")] };
    complete(&cloud, &tenant, &by_upload).await.is_problem(422, "out-of-range");
}

#[tokio::test]
async fn nothing_is_uploaded_to_a_dataset_that_is_not_registered() {
    let cloud = Cloud::start().await;
    let tenant = cloud.sign_in(1).await;
    let request = RequestUpload { object: ROW_GROUP, transfer: None, parts: vec![part(1, b"x")] };
    tenant.post(&cloud, &format!("{DATASET}/uploads"), &request).await.is_problem(404, "not-found");
}

async fn commit(cloud: &Cloud, tenant: &Tenant, commit: &Commit) -> crate::cloud::Reply {
    tenant.post(cloud, &format!("{DATASET}/commit"), commit).await
}

#[tokio::test]
async fn a_commit_makes_the_dataset_visible_once() {
    let (cloud, tenant) = registered().await;
    let objects = Sample::new(1, 2, 1).upload(&cloud, &tenant).await;
    let first = staged_commit(&cloud, &tenant, DATASET, 1, b"manifest 1", objects.clone()).await;
    let entry: DatasetEntry = commit(&cloud, &tenant, &first).await.json();
    assert_eq!(entry.sequence, 1);
    assert_eq!(get(&entry.manifest_url).await.body.as_ref(), b"manifest 1");
    let again: DatasetEntry = commit(&cloud, &tenant, &first).await.json();
    assert_eq!((again.sequence, again.size_bytes), (1, entry.size_bytes));
    let second = staged_commit(&cloud, &tenant, DATASET, 2, b"manifest 2", objects).await;
    let entry: DatasetEntry = commit(&cloud, &tenant, &second).await.json();
    assert_eq!(get(&entry.manifest_url).await.body.as_ref(), b"manifest 2");
    // The answer to an older commit is where the dataset stands now.
    let late: DatasetEntry = commit(&cloud, &tenant, &first).await.json();
    assert_eq!(late.sequence, 2);
}

#[tokio::test]
async fn a_commit_needs_every_object_as_named() {
    let (cloud, tenant) = registered().await;
    let objects = Sample::new(1, 2, 1).upload(&cloud, &tenant).await;
    let staged = staged_commit(&cloud, &tenant, DATASET, 1, b"manifest", objects.clone()).await;
    let with = |change: &dyn Fn(&mut CommittedObject)| {
        let mut commit = staged.clone();
        change(&mut commit.objects[1]);
        commit
    };
    let missing = with(&|named| named.object = Object::RowGroup { index: 9 });
    commit(&cloud, &tenant, &missing).await.is_problem(409, "object-missing");
    for differing in [
        with(&|named| named.size_bytes += 1),
        with(&|named| named.checksum = Digest::of(b"other")),
        with(&|named| named.part_count += 1),
    ] {
        commit(&cloud, &tenant, &differing).await.is_problem(409, "object-differs");
    }
    tenant.get(&cloud, DATASET).await.is_problem(409, "not-committed");
    let _: DatasetEntry = commit(&cloud, &tenant, &staged).await.json();
}

#[tokio::test]
async fn manifests_follow_one_another() {
    let (cloud, tenant) = registered().await;
    let objects = Sample::new(1, 1, 1).upload(&cloud, &tenant).await;
    let third = staged_commit(&cloud, &tenant, DATASET, 3, b"manifest 3", objects.clone()).await;
    commit(&cloud, &tenant, &third).await.is_problem(409, "out-of-sequence");
    let first = staged_commit(&cloud, &tenant, DATASET, 1, b"manifest 1", objects.clone()).await;
    let other = staged_commit(&cloud, &tenant, DATASET, 1, b"another 1", objects).await;
    let _: DatasetEntry = commit(&cloud, &tenant, &first).await.json();
    commit(&cloud, &tenant, &third).await.is_problem(409, "out-of-sequence");
    commit(&cloud, &tenant, &other).await.is_problem(409, "other-content");
}

#[tokio::test]
async fn of_two_commits_of_one_number_one_wins() {
    for _ in 0..20 {
        let (cloud, tenant) = registered().await;
        let objects = Sample::new(1, 1, 1).upload(&cloud, &tenant).await;
        let one = staged_commit(&cloud, &tenant, DATASET, 1, b"one", objects.clone()).await;
        let two = staged_commit(&cloud, &tenant, DATASET, 1, b"two", objects).await;
        let replies = tokio::join!(commit(&cloud, &tenant, &one), commit(&cloud, &tenant, &two));
        let (won, lost) = if replies.0.status.is_success() { replies } else { (replies.1, replies.0) };
        lost.is_problem(409, "other-content");
        assert!(won.status.is_success());
    }
}

#[tokio::test]
async fn an_upload_ends_whole_though_storage_fails_and_answers_get_lost() {
    let cloud = Cloud::with_faults(Faults { percent_503: 30, seed: 5 }).await;
    let tenant = cloud.sign_in(1).await;
    let sample = Sample::new(1, 4, 2);
    let entry = sample.store(&cloud, &tenant).await;
    assert_eq!(entry.sequence, 1);
    for (index, header) in sample.row_groups.iter().enumerate() {
        let key = format!("t/{}/d/{}/rg/{:08}", tenant.id, sample.dataset, header.index);
        assert_eq!(cloud.backend.read(BUCKET, &key).await.unwrap(), sample.bytes(index));
    }
}

#[tokio::test]
async fn the_original_is_an_object_like_others() {
    let (cloud, tenant) = registered().await;
    let named = upload_whole(&cloud, &tenant, DATASET, Object::Original, b"a sealed file").await;
    let staged = staged_commit(&cloud, &tenant, DATASET, 1, b"manifest", vec![named]).await;
    let entry: DatasetEntry = commit(&cloud, &tenant, &staged).await.json();
    assert!(entry.size_bytes >= 13);
}

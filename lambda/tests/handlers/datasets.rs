//! Listing, showing and deleting datasets.

use veilsum_protocol::api::{CreateDataset, DatasetDetail, Datasets, Object, RequestUpload};
use veilsum_protocol::{DatasetId, Digest};

use crate::cloud::{Cloud, get};
use crate::sample::{Sample, part, send_parts};

#[tokio::test]
async fn lists_committed_datasets_of_the_caller_only() {
    let cloud = Cloud::start().await;
    let (tenant, stranger) = (cloud.sign_in(1).await, cloud.sign_in(2).await);
    let empty: Datasets = tenant.get(&cloud, "/datasets").await.json();
    assert_eq!(empty.datasets, []);
    Sample::new(2, 1, 1).store(&cloud, &tenant).await;
    Sample::new(1, 2, 1).store(&cloud, &tenant).await;
    // Not committed: not listed.
    Sample::new(3, 1, 1).upload(&cloud, &tenant).await;
    let listed: Datasets = tenant.get(&cloud, "/datasets").await.json();
    let ids: Vec<DatasetId> = listed.datasets.iter().map(|entry| entry.dataset).collect();
    assert_eq!(ids, [1, 2].map(|byte| DatasetId::from_bytes([byte; 16])));
    assert_eq!(listed.next, None);
    assert!(listed.datasets.iter().all(|entry| entry.sequence == 1 && entry.stored_at > 1_700_000_000));
    let others: Datasets = stranger.get(&cloud, "/datasets").await.json();
    assert_eq!(others.datasets, []);
}

#[tokio::test]
async fn goes_on_behind_the_last_entry_of_a_page() {
    let cloud = Cloud::start().await;
    let tenant = cloud.sign_in(1).await;
    for dataset in 1..=3 {
        Sample::new(dataset, 1, 1).store(&cloud, &tenant).await;
    }
    let after = format!("/datasets?after={}", DatasetId::from_bytes([1; 16]));
    let rest: Datasets = tenant.get(&cloud, &after).await.json();
    let ids: Vec<DatasetId> = rest.datasets.iter().map(|entry| entry.dataset).collect();
    assert_eq!(ids, [2, 3].map(|byte| DatasetId::from_bytes([byte; 16])));
    tenant.get(&cloud, "/datasets?before=1").await.is_problem(422, "out-of-range");
}

#[tokio::test]
async fn shows_every_object_with_its_checksum_and_a_url() {
    let cloud = Cloud::start().await;
    let tenant = cloud.sign_in(1).await;
    let sample = Sample::new(1, 3, 2);
    let entry = sample.store(&cloud, &tenant).await;
    let detail: DatasetDetail = tenant.get(&cloud, &sample.path()).await.json();
    assert_eq!((detail.entry.sequence, detail.entry.size_bytes), (entry.sequence, entry.size_bytes));
    let folder = format!("t/{}/d/{}/", tenant.id, sample.dataset);
    let names: Vec<&str> =
        detail.objects.iter().map(|object| object.key.strip_prefix(&folder).unwrap()).collect();
    assert_eq!(names, ["created", "m/00000001", "rg/00000000", "rg/00000001", "rg/00000002"]);
    assert_eq!(detail.objects.iter().map(|object| object.size_bytes).sum::<u64>(), entry.size_bytes);
    for (index, object) in detail.objects[2..].iter().enumerate() {
        let bytes = sample.bytes(index);
        assert_eq!(
            object.checksum,
            Some(format!("{}-1", Digest::composite([&Digest::of(&bytes)]).to_base64()))
        );
        assert_eq!(get(&object.url).await.body, bytes);
    }
}

#[tokio::test]
async fn registering_twice_changes_nothing() {
    let cloud = Cloud::start().await;
    let tenant = cloud.sign_in(1).await;
    for _ in 0..2 {
        let request = CreateDataset { dataset: DatasetId::from_bytes([1; 16]) };
        assert_eq!(tenant.post(&cloud, "/datasets", &request).await.status, 201);
    }
    let of_tenant = format!("t/{}/", tenant.id);
    assert_eq!(cloud.keys().iter().filter(|key| key.starts_with(&of_tenant)).count(), 1);
}

#[tokio::test]
async fn deletes_everything_of_a_dataset_and_nothing_else() {
    let cloud = Cloud::start().await;
    let (tenant, stranger) = (cloud.sign_in(1).await, cloud.sign_in(2).await);
    let sample = Sample::new(1, 2, 1);
    sample.store(&cloud, &tenant).await;
    Sample::new(2, 1, 1).store(&cloud, &tenant).await;
    sample.store(&cloud, &stranger).await;
    let open = send_parts(&cloud, &tenant, &sample.path(), Object::Original, b"in the middle").await;
    let folder = format!("t/{}/d/{}/", tenant.id, sample.dataset);
    let others: Vec<String> = cloud.keys().into_iter().filter(|key| !key.starts_with(&folder)).collect();
    for _ in 0..2 {
        assert_eq!(tenant.delete(&cloud, &sample.path()).await.status, 204);
        assert_eq!(cloud.keys(), others);
    }
    tenant.get(&cloud, &sample.path()).await.is_problem(404, "not-found");
    let request =
        RequestUpload { object: Object::Original, transfer: Some(open.transfer), parts: vec![part(1, b"x")] };
    let uploads = format!("{}/uploads", sample.path());
    tenant.post(&cloud, &uploads, &request).await.is_problem(404, "not-found");
    // The transfer is gone as well, even for a dataset that is registered again.
    tenant.post(&cloud, "/datasets", &CreateDataset { dataset: sample.dataset }).await;
    tenant.post(&cloud, &uploads, &request).await.is_problem(409, "transfer-gone");
}

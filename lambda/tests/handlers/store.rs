//! What the store promises of storage, without a race to provoke it.

use veilsum_lambda::keys::{DatasetKeys, Key};
use veilsum_lambda::store::{Chunk, Completion, Creation, Store, TransferId};
use veilsum_local::s3::Condition;
use veilsum_protocol::api::{Object, Part};
use veilsum_protocol::{DatasetId, TenantId};

use crate::cloud::{BUCKET, Cloud, put};
use crate::sample::part;

fn keys() -> DatasetKeys {
    DatasetKeys::new(&TenantId::from_bytes([1; 32]), &DatasetId::from_bytes([2; 16]))
}

fn key(index: u32) -> Key {
    keys().object(&Object::RowGroup { index })
}

/// A transfer whose only part has arrived.
async fn sent(store: &Store, key: &Key, bytes: &[u8]) -> TransferId {
    let transfer = store.begin_transfer(key).await.unwrap();
    let only: Part = part(1, bytes);
    let url = store.presign_part(key, &transfer, only).await.unwrap();
    assert_eq!(put(&url, bytes.to_vec()).await, 200);
    transfer
}

#[tokio::test]
async fn creates_an_object_once() {
    let Cloud { store, .. } = &Cloud::start().await;
    assert_eq!(store.create(&key(0), b"first".to_vec()).await.unwrap(), Creation::Created);
    for again in [b"first".to_vec(), b"second".to_vec()] {
        assert_eq!(store.create(&key(0), again).await.unwrap(), Creation::AlreadyThere);
    }
    assert_eq!(store.read(&key(0), 5).await.unwrap().unwrap(), b"first");
}

#[tokio::test]
async fn completes_a_transfer_only_where_nothing_is_stored() {
    let Cloud { store, .. } = &Cloud::start().await;
    let [first, second] = [sent(store, &key(0), b"first").await, sent(store, &key(0), b"second").await];
    let parts = async |transfer| store.received_parts(&key(0), transfer).await.unwrap().unwrap();
    let (first_parts, second_parts) = (parts(&first).await, parts(&second).await);
    let complete = async |transfer, parts| store.complete_transfer(&key(0), transfer, parts).await.unwrap();
    assert_eq!(complete(&first, &first_parts).await, Completion::Completed);
    assert_eq!(complete(&second, &second_parts).await, Completion::AlreadyThere);
    assert_eq!(store.read(&key(0), 5).await.unwrap().unwrap(), b"first");
    store.abort_transfer(&key(0), &second).await.unwrap();
    assert_eq!(store.received_parts(&key(0), &second).await.unwrap(), None);
    assert_eq!(store.complete_transfer(&key(1), &second, &second_parts).await.unwrap(), Completion::Gone);
}

#[tokio::test]
async fn tells_absent_from_failed() {
    let Cloud { store, .. } = &Cloud::start().await;
    assert_eq!(store.read(&key(0), 10).await.unwrap(), None);
    assert_eq!(store.read_range(&key(0), 0..10).await.unwrap(), None);
    assert_eq!(store.stat(&key(0)).await.unwrap(), None);
    assert!(!store.exists(&key(0)).await.unwrap());
    let unknown = TransferId::from_text("unknown").unwrap();
    assert_eq!(store.received_parts(&key(0), &unknown).await.unwrap(), None);
    store.abort_transfer(&key(0), &unknown).await.unwrap();
    store.delete(&[key(0)]).await.unwrap();
}

#[tokio::test]
async fn reads_no_more_than_was_asked_for() {
    let Cloud { store, .. } = &Cloud::start().await;
    assert_eq!(store.create(&key(0), b"0123456789".to_vec()).await.unwrap(), Creation::Created);
    let chunk = |bytes: &[u8]| Some(Chunk { bytes: bytes.to_vec(), object_bytes: 10 });
    assert_eq!(store.read_range(&key(0), 2..5).await.unwrap(), chunk(b"234"));
    assert_eq!(store.read_range(&key(0), 8..100).await.unwrap(), chunk(b"89"));
    assert_eq!(store.read_range(&key(0), 10..20).await.unwrap(), None);
    assert!(store.read(&key(0), 10).await.is_ok());
    assert!(store.read(&key(0), 9).await.is_err());
}

#[tokio::test]
async fn lists_and_deletes_more_than_one_page() {
    let cloud = Cloud::start().await;
    let wanted: Vec<Key> = (0..1_203).map(key).collect();
    for key in &wanted {
        cloud.backend.write(BUCKET, key.as_str(), vec![1], Condition::Always).await.unwrap();
    }
    let listed = cloud.store.list(&keys().row_groups()).await.unwrap();
    assert_eq!(listed.iter().map(|found| found.key.clone()).collect::<Vec<_>>(), wanted);
    assert!(listed.iter().all(|found| found.size_bytes == 1));
    let folders = cloud.store.list_folders(&format!("t/{}/d/", TenantId::from_bytes([1; 32]))).await.unwrap();
    assert_eq!(folders, ["02".repeat(16)]);
    cloud.store.delete(&wanted).await.unwrap();
    assert_eq!(cloud.keys(), [""; 0]);
}

#[tokio::test]
async fn aborts_the_transfers_below_a_folder_only() {
    let Cloud { store, .. } = &Cloud::start().await;
    let other = DatasetKeys::new(&TenantId::from_bytes([1; 32]), &DatasetId::from_bytes([3; 16])).created();
    let (mine, theirs) = (sent(store, &key(0), b"mine").await, sent(store, &other, b"theirs").await);
    store.abort_transfers(keys().folder()).await.unwrap();
    assert_eq!(store.received_parts(&key(0), &mine).await.unwrap(), None);
    assert_eq!(store.received_parts(&other, &theirs).await.unwrap().unwrap().len(), 1);
}

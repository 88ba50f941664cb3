//! IndexedDB.

use std::collections::BTreeMap;

use veilsum_protocol::{DatasetId, TenantId};
use veilsum_web::vault::store::{Store, StoredKeyring};
use wasm_bindgen_test::wasm_bindgen_test;

const ALICE: TenantId = TenantId::from_bytes([1; 32]);
const BOB: TenantId = TenantId::from_bytes([2; 32]);
const FIRST: DatasetId = DatasetId::from_bytes([3; 16]);
const SECOND: DatasetId = DatasetId::from_bytes([0xff; 16]);

#[wasm_bindgen_test]
async fn keyrings_outlive_the_connection() {
    let stored = StoredKeyring { wrapped: vec![1, 2, 3], kept: false };
    let store = Store::open("keyrings").await.unwrap();
    assert_eq!(store.keyring().await.unwrap(), None);
    store.add_keyring(&stored).await.unwrap();
    drop(store);

    let store = Store::open("keyrings").await.unwrap();
    assert_eq!(store.keyring().await.unwrap(), Some(stored.clone()));
    let kept = StoredKeyring { kept: true, ..stored };
    store.put_keyring(&kept).await.unwrap();
    assert_eq!(store.keyring().await.unwrap(), Some(kept));
    store.remove_keyring().await.unwrap();
    assert_eq!(store.keyring().await.unwrap(), None);
}

#[wasm_bindgen_test]
async fn a_new_keyring_never_overwrites_one() {
    let store = Store::open("new-keyrings").await.unwrap();
    let first = StoredKeyring { wrapped: vec![1], kept: true };
    store.put_keyring(&first).await.unwrap();
    store.add_keyring(&StoredKeyring { wrapped: vec![2], kept: false }).await.unwrap_err();
    assert_eq!(store.keyring().await.unwrap(), Some(first));
}

#[wasm_bindgen_test]
async fn newest_manifest_numbers_belong_to_one_tenant() {
    let store = Store::open("newest").await.unwrap();
    let newest = BTreeMap::from([(FIRST, 3), (SECOND, u64::MAX)]);
    store.put_newest(ALICE, &newest).await.unwrap();
    assert_eq!(store.newest(ALICE).await.unwrap(), newest);
    assert_eq!(store.newest(BOB).await.unwrap(), BTreeMap::new());
}

#[wasm_bindgen_test]
async fn upload_states_are_listed_by_tenant() {
    let store = Store::open("uploads").await.unwrap();
    store.put_upload(ALICE, FIRST, b"one").await.unwrap();
    store.put_upload(ALICE, SECOND, b"two").await.unwrap();
    store.put_upload(BOB, FIRST, b"other").await.unwrap();
    store.put_upload(ALICE, FIRST, b"newer").await.unwrap();
    let uploads = store.uploads(ALICE).await.unwrap();
    assert_eq!(uploads, [(FIRST, b"newer".to_vec()), (SECOND, b"two".to_vec())]);

    store.remove_upload(ALICE, FIRST).await.unwrap();
    assert_eq!(store.uploads(ALICE).await.unwrap(), [(SECOND, b"two".to_vec())]);
    assert_eq!(store.uploads(BOB).await.unwrap(), [(FIRST, b"other".to_vec())]);
}

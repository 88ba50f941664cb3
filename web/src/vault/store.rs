//! What this browser keeps: IndexedDB, database `veilsum`.
//!
//! ```text
//! object store  key                   value
//! keyring       "wrapped"             wrapped keyring, bytes
//! keyring       "kept"                whether its key file was saved
//! newest        tenant                JSON: newest manifest number seen of each dataset
//! uploads       tenant "/" dataset    state of an unfinished upload, sealed under the keyring's local key
//! answers       tenant "/" dataset "/" id    an answer that was given, sealed likewise
//! ```
//!
//! Nothing in it is secret without the passphrase: the keyring is wrapped, upload states are sealed, and ids and
//! numbers of datasets are what the cloud knows too.

use std::collections::BTreeMap;

use idb::{
    Database, DatabaseEvent as _, Factory, KeyRange, ObjectStoreParams, Transaction, TransactionMode,
    TransactionResult,
};
use js_sys::Uint8Array;
use veilsum_protocol::{DatasetId, TenantId};
use wasm_bindgen::{JsCast, JsValue};

use crate::messages::Fault;

/// Name of the product's database.
pub const DATABASE: &str = "veilsum";
const VERSION: u32 = 2;
const KEYRING: &str = "keyring";
const NEWEST: &str = "newest";
const UPLOADS: &str = "uploads";
const ANSWERS: &str = "answers";
const WRAPPED: &str = "wrapped";
const KEPT: &str = "kept";

/// The open database.
pub struct Store {
    database: Database,
}

/// The keyring as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKeyring {
    /// Its wrapped form.
    pub wrapped: Vec<u8>,
    /// Whether its key file was saved, or it came from one.
    pub kept: bool,
}

/// The browser's storage did not do its work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation}: {reason}")]
pub struct StoreError {
    /// What was being done.
    pub operation: &'static str,
    /// What the browser says.
    pub reason: String,
}

impl Store {
    /// Opens (or makes) the database of this name.
    ///
    /// # Errors
    /// [`StoreError`], e.g. where the browser gives this page no storage.
    pub async fn open(name: &str) -> Result<Self, StoreError> {
        let operation = "open the database";
        let factory = Factory::new().map_err(|error| StoreError::new(operation, &error))?;
        let mut request =
            factory.open(name, Some(VERSION)).map_err(|error| StoreError::new(operation, &error))?;
        request.on_upgrade_needed(|event| {
            // A failure here fails the request.
            if let Ok(database) = event.database() {
                let known = database.store_names();
                for name in [KEYRING, NEWEST, UPLOADS, ANSWERS] {
                    if !known.iter().any(|known| known == name) {
                        let _ = database.create_object_store(name, ObjectStoreParams::new());
                    }
                }
            }
        });
        let mut database = request.await.map_err(|error| StoreError::new(operation, &error))?;
        // A newer version of this program in another tab must not wait for this one.
        database.on_version_change(|event| {
            if let Ok(database) = event.database() {
                database.close();
            }
        });
        Ok(Self { database })
    }

    /// The keyring, if there is one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn keyring(&self) -> Result<Option<StoredKeyring>, StoreError> {
        let wrapped = self.get(KEYRING, WRAPPED).await?;
        let kept = self.get(KEYRING, KEPT).await?;
        Ok(wrapped.map(|wrapped| StoredKeyring {
            wrapped: Uint8Array::new(&wrapped).to_vec(),
            kept: kept.is_some_and(|kept| kept.is_truthy()),
        }))
    }

    /// Stores a keyring where there is none.
    ///
    /// # Errors
    /// [`StoreError`], also if there is one.
    pub async fn add_keyring(&self, keyring: &StoredKeyring) -> Result<(), StoreError> {
        self.write("store the new keyring", KEYRING, async |store| {
            store.add(&Uint8Array::from(keyring.wrapped.as_slice()), Some(&WRAPPED.into()))?.await?;
            store.put(&keyring.kept.into(), Some(&KEPT.into()))?.await?;
            Ok(())
        })
        .await
    }

    /// Stores a keyring in place of any other.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put_keyring(&self, keyring: &StoredKeyring) -> Result<(), StoreError> {
        self.write("store the keyring", KEYRING, async |store| {
            store.put(&Uint8Array::from(keyring.wrapped.as_slice()), Some(&WRAPPED.into()))?.await?;
            store.put(&keyring.kept.into(), Some(&KEPT.into()))?.await?;
            Ok(())
        })
        .await
    }

    /// Removes the keyring.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn remove_keyring(&self) -> Result<(), StoreError> {
        self.write("remove the keyring", KEYRING, async |store| store.clear()?.await).await
    }

    /// The newest manifest number that this browser has seen of each dataset.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn newest(&self, tenant: TenantId) -> Result<BTreeMap<DatasetId, u64>, StoreError> {
        let operation = "read the newest manifest numbers";
        match self.get(NEWEST, &tenant.to_string()).await?.and_then(|value| value.as_string()) {
            None => Ok(BTreeMap::new()),
            Some(json) => serde_json::from_str(&json)
                .map_err(|error| StoreError { operation, reason: format!("unreadable ({error})") }),
        }
    }

    /// Replaces the newest manifest numbers.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put_newest(
        &self,
        tenant: TenantId,
        newest: &BTreeMap<DatasetId, u64>,
    ) -> Result<(), StoreError> {
        let operation = "store the newest manifest numbers";
        let json = serde_json::to_string(newest)
            .map_err(|error| StoreError { operation, reason: error.to_string() })?;
        self.write(operation, NEWEST, async |store| {
            store.put(&json.into(), Some(&tenant.to_string().into()))?.await.map(drop)
        })
        .await
    }

    /// All unfinished uploads of a tenant, sealed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn uploads(&self, tenant: TenantId) -> Result<Vec<(DatasetId, Vec<u8>)>, StoreError> {
        let found = self.with_prefix("list unfinished uploads", UPLOADS, &format!("{tenant}/")).await?;
        Ok(found.into_iter().filter_map(|(name, sealed)| Some((name.parse().ok()?, sealed))).collect())
    }

    /// The answers that are kept of a dataset: their ids, and what is sealed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn answers(
        &self,
        tenant: TenantId,
        dataset: DatasetId,
    ) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        self.with_prefix("list past answers", ANSWERS, &format!("{tenant}/{dataset}/")).await
    }

    /// Keeps a sealed answer.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put_answer(
        &self,
        tenant: TenantId,
        dataset: DatasetId,
        id: &str,
        sealed: &[u8],
    ) -> Result<(), StoreError> {
        self.write("keep the answer", ANSWERS, async |store| {
            let key = format!("{tenant}/{dataset}/{id}");
            store.put(&Uint8Array::from(sealed), Some(&key.into()))?.await.map(drop)
        })
        .await
    }

    /// Forgets an answer.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn remove_answer(
        &self,
        tenant: TenantId,
        dataset: DatasetId,
        id: &str,
    ) -> Result<(), StoreError> {
        self.write("forget the answer", ANSWERS, async |store| {
            store.delete(JsValue::from(format!("{tenant}/{dataset}/{id}")))?.await
        })
        .await
    }

    /// All bytes whose keys start with `prefix`, with the rest of their keys.
    async fn with_prefix(
        &self,
        operation: &'static str,
        store: &'static str,
        prefix: &str,
    ) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let failed = |error: idb::Error| StoreError::new(operation, &error);
        let transaction = self.database.transaction(&[store], TransactionMode::ReadOnly).map_err(failed)?;
        let store = transaction.object_store(store).map_err(failed)?;
        let range =
            KeyRange::bound(&prefix.into(), &format!("{prefix}\u{ffff}").into(), Some(false), Some(true))
                .map_err(failed)?;
        let query = || Some(idb::Query::from(range.clone()));
        let keys = store.get_all_keys(query(), None).map_err(failed)?.await.map_err(failed)?;
        let values = store.get_all(query(), None).map_err(failed)?.await.map_err(failed)?;
        Ok(keys
            .into_iter()
            .zip(values)
            .filter_map(|(key, value)| {
                let name = key.as_string()?.strip_prefix(prefix)?.to_owned();
                Some((name, Uint8Array::new(&value).to_vec()))
            })
            .collect())
    }

    /// Stores the sealed state of an unfinished upload.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put_upload(
        &self,
        tenant: TenantId,
        dataset: DatasetId,
        sealed: &[u8],
    ) -> Result<(), StoreError> {
        self.write("store the state of the upload", UPLOADS, async |store| {
            store.put(&Uint8Array::from(sealed), Some(&format!("{tenant}/{dataset}").into()))?.await.map(drop)
        })
        .await
    }

    /// Forgets an upload.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn remove_upload(&self, tenant: TenantId, dataset: DatasetId) -> Result<(), StoreError> {
        self.write("remove the state of the upload", UPLOADS, async |store| {
            store.delete(JsValue::from(format!("{tenant}/{dataset}")))?.await
        })
        .await
    }

    async fn get(&self, store: &'static str, key: &str) -> Result<Option<JsValue>, StoreError> {
        let failed = |error: idb::Error| StoreError::new("read", &error);
        let transaction = self.database.transaction(&[store], TransactionMode::ReadOnly).map_err(failed)?;
        let store = transaction.object_store(store).map_err(failed)?;
        store.get(JsValue::from(key)).map_err(failed)?.await.map_err(failed)
    }

    /// One transaction; done when the browser says that it is stored.
    async fn write(
        &self,
        operation: &'static str,
        store: &'static str,
        requests: impl AsyncFnOnce(&idb::ObjectStore) -> Result<(), idb::Error>,
    ) -> Result<(), StoreError> {
        let failed = |error: idb::Error| StoreError::new(operation, &error);
        let transaction: Transaction =
            self.database.transaction(&[store], TransactionMode::ReadWrite).map_err(failed)?;
        // A failed request ends here, and with it the transaction.
        requests(&transaction.object_store(store).map_err(failed)?).await.map_err(failed)?;
        match transaction.await.map_err(failed)? {
            TransactionResult::Committed => Ok(()),
            TransactionResult::Aborted => Err(StoreError {
                operation,
                reason: "the browser aborted it, maybe for lack of space".to_owned(),
            }),
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.database.close();
    }
}

impl core::fmt::Debug for Store {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.debug_struct("Store").field("name", &self.database.name()).finish_non_exhaustive()
    }
}

impl StoreError {
    fn new(operation: &'static str, error: &idb::Error) -> Self {
        Self { operation, reason: error.to_string() }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::new(
            "no-storage",
            "This browser did not store or give back what Veilsum keeps in it. Check that the page may store data \
             (private windows often may not) and that there is space left, then load the page again.",
        )
        .with_detail(error.to_string())
    }
}

/// Whether the browser promised not to evict what this site stores.
pub async fn is_persisted() -> bool {
    let storage = crate::time::scope().navigator().storage();
    // Absent outside secure contexts.
    if storage.is_undefined() {
        return false;
    }
    match storage.persisted() {
        Ok(answer) => wasm_bindgen_futures::JsFuture::from(answer.unchecked_into::<js_sys::Promise>())
            .await
            .is_ok_and(|persisted| persisted.is_truthy()),
        Err(_) => false,
    }
}

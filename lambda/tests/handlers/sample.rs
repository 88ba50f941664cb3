//! Small datasets whose sums can be read without a secret: each block is `1 + m·n mod n²`, the Paillier ciphertext of
//! m with the random number 1. Products of such blocks are such blocks again.

use num_bigint::BigUint;
use veilsum_crypto::paillier::PublicKey;
use veilsum_protocol::answer::Answer;
use veilsum_protocol::api::{
    Commit, CommittedObject, CompleteUpload, CreateDataset, DatasetEntry, JobStatus, Object, Part, PartUrl,
    RequestUpload, StartJob, StoredObject, Upload,
};
use veilsum_protocol::plan::{Aggregate, Plan, RowGroupRef};
use veilsum_protocol::row_group::{ColumnEntry, Encryption, MIN_PART_BYTES, RowGroupHeader};
use veilsum_protocol::{DatasetId, Digest, JobId, KeyFingerprint, UploadId};

use crate::cloud::{Cloud, TRIES, Tenant, put};

/// Any odd number serves as a modulus where nothing is secret.
pub fn public_key() -> PublicKey {
    PublicKey::from_hex(&format!("{}d", "c".repeat(255))).unwrap()
}

/// A dataset as its owner knows it.
#[derive(Clone)]
pub struct Sample {
    pub dataset: DatasetId,
    pub row_groups: Vec<RowGroupHeader>,
}

impl Sample {
    /// `row_group_count` row groups of `column_count` columns with one block each.
    pub fn new(dataset: u8, row_group_count: u32, column_count: u32) -> Self {
        Self::with_rows(dataset, row_group_count, column_count, 10)
    }

    pub fn with_rows(dataset: u8, row_group_count: u32, column_count: u32, row_count: u32) -> Self {
        let (dataset, key) = (DatasetId::from_bytes([dataset; 16]), public_key());
        let blocks = key.layout().block_count(u64::from(row_count));
        let row_group = |index| RowGroupHeader {
            key: KeyFingerprint::from_bytes(key.fingerprint()),
            dataset,
            upload: UploadId::from_bytes([7; 16]),
            index,
            row_count,
            encryption: Encryption::Paillier { modulus_bits: key.modulus_bits() },
            block_count: u32::try_from(blocks).unwrap(),
            columns: (0..column_count).map(|column| ColumnEntry { column, bound_bits: 24 }).collect(),
        };
        Self { dataset, row_groups: (0..row_group_count).map(row_group).collect() }
    }

    /// The number in one block; every one is different.
    fn cleartext(row_group: u32, column: u32, block: u32) -> u64 {
        1 + u64::from(row_group) * 1_000_003 + u64::from(column) * 10_007 + u64::from(block) * 13
    }

    /// What the sum of a column must be.
    pub fn sum(&self, column: u32) -> BigUint {
        let blocks =
            self.row_groups.iter().flat_map(|group| (0..group.block_count).map(|block| (group.index, block)));
        blocks.map(|(group, block)| BigUint::from(Self::cleartext(group, column, block))).sum()
    }

    /// The bytes of a row group.
    pub fn bytes(&self, index: usize) -> Vec<u8> {
        let header = &self.row_groups[index];
        let (key, mut bytes) = (public_key(), header.to_bytes());
        for entry in &header.columns {
            for block in 0..header.block_count {
                bytes.extend(encrypted(&key, Self::cleartext(header.index, entry.column, block)));
            }
        }
        bytes
    }

    pub fn path(&self) -> String {
        format!("/datasets/{}", self.dataset)
    }

    /// The sums of columns `0..column_count`.
    pub fn plan(&self, column_count: u32) -> Plan {
        let key = public_key();
        Plan {
            version: 1,
            dataset: self.dataset,
            key: KeyFingerprint::from_bytes(key.fingerprint()),
            modulus: key.to_hex(),
            parameter_set: None,
            aggregates: (0..column_count).map(|column| Aggregate::Sum { column, column_set: 0 }).collect(),
            row_groups: self
                .row_groups
                .iter()
                .map(|header| RowGroupRef {
                    index: header.index,
                    row_count: header.row_count,
                    size_bytes: header.object_bytes(),
                    column_set: 0,
                })
                .collect(),
        }
    }

    /// Registers the dataset and uploads its row groups.
    pub async fn upload(&self, cloud: &Cloud, tenant: &Tenant) -> Vec<CommittedObject> {
        let created = tenant.post(cloud, "/datasets", &CreateDataset { dataset: self.dataset }).await;
        assert_eq!(created.status, 201);
        let mut objects = Vec::new();
        for (index, header) in self.row_groups.iter().enumerate() {
            let object = Object::RowGroup { index: header.index };
            objects.push(upload_whole(cloud, tenant, &self.path(), object, &self.bytes(index)).await);
        }
        objects
    }

    /// Uploads everything and commits it with `manifest` as the first manifest.
    pub async fn store(&self, cloud: &Cloud, tenant: &Tenant) -> DatasetEntry {
        let objects = self.upload(cloud, tenant).await;
        let commit = staged_commit(cloud, tenant, &self.path(), 1, b"a sealed manifest", objects).await;
        tenant.post(cloud, &format!("{}/commit", self.path()), &commit).await.json()
    }

    /// Starts the job `job` over the sums of the first `column_count` columns.
    pub async fn start(&self, cloud: &Cloud, tenant: &Tenant, job: JobId, column_count: u32) -> JobStatus {
        let start = StartJob { job, plan: self.plan(column_count) };
        tenant.post(cloud, &format!("{}/jobs", self.path()), &start).await.json()
    }
}

fn encrypted(key: &PublicKey, cleartext: u64) -> Vec<u8> {
    let block = BigUint::from(1_u8) + BigUint::from(cleartext) * key.modulus();
    key.ciphertext_from_integer(block).unwrap().to_bytes(key)
}

/// The numbers in an answer.
pub fn decrypted(answer: &[u8]) -> Vec<BigUint> {
    let (key, answer) = (public_key(), Answer::from_bytes(answer).unwrap());
    let blocks = answer.aggregates.ciphertexts.iter().map(|bytes| key.ciphertext_from_bytes(bytes).unwrap());
    blocks.map(|block| (block.as_integer() - 1_u8) / key.modulus()).collect()
}

/// Cuts an object into parts of the least size.
pub fn cut(bytes: &[u8]) -> Vec<(Part, Vec<u8>)> {
    let size = usize::try_from(MIN_PART_BYTES).unwrap();
    let parts = bytes.chunks(size).zip(1..);
    parts.map(|(bytes, number)| (part(number, bytes), bytes.to_vec())).collect()
}

pub fn part(number: u32, bytes: &[u8]) -> Part {
    Part { number, size_bytes: bytes.len() as u64, sha256: Digest::of(bytes) }
}

/// Sends all parts of an object, and does not complete it.
pub async fn send_parts(
    cloud: &Cloud,
    tenant: &Tenant,
    dataset: &str,
    object: Object,
    bytes: &[u8],
) -> CompleteUpload {
    let parts = cut(bytes);
    let request =
        RequestUpload { object, transfer: None, parts: parts.iter().map(|(part, _)| *part).collect() };
    let upload: Upload = tenant.post(cloud, &format!("{dataset}/uploads"), &request).await.json();
    assert_eq!(upload.urls.len(), parts.len());
    for (url, (part, bytes)) in upload.urls.iter().zip(&parts) {
        assert_eq!(url.number, part.number);
        put_whole(url, bytes).await;
    }
    CompleteUpload { object, transfer: upload.transfer.unwrap(), parts: request.parts }
}

/// PUTs a part, again where storage is overloaded, as the page does.
async fn put_whole(url: &PartUrl, bytes: &[u8]) {
    for _ in 0..TRIES {
        match put(url, bytes.to_vec()).await.as_u16() {
            200 => return,
            status => assert_eq!(status, 503),
        }
    }
    panic!("storage fails too often");
}

/// Uploads one object.
pub async fn upload_whole(
    cloud: &Cloud,
    tenant: &Tenant,
    dataset: &str,
    object: Object,
    bytes: &[u8],
) -> CommittedObject {
    let complete = send_parts(cloud, tenant, dataset, object, bytes).await;
    let stored: StoredObject =
        tenant.post(cloud, &format!("{dataset}/uploads/complete"), &complete).await.json();
    assert_eq!(stored.size_bytes, bytes.len() as u64);
    CommittedObject {
        object,
        size_bytes: stored.size_bytes,
        checksum: Digest::composite(complete.parts.iter().map(|part| &part.sha256)),
        part_count: u32::try_from(complete.parts.len()).unwrap(),
    }
}

/// A commit whose manifest has been sent.
pub async fn staged_commit(
    cloud: &Cloud,
    tenant: &Tenant,
    dataset: &str,
    sequence: u64,
    manifest: &[u8],
    objects: Vec<CommittedObject>,
) -> Commit {
    let object = Object::Manifest { sequence };
    let CompleteUpload { transfer, parts, .. } = send_parts(cloud, tenant, dataset, object, manifest).await;
    Commit { sequence, transfer, parts, objects }
}

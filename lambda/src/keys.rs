//! Where objects lie in the bucket. Every key starts from the caller's tenant, never from what a request names.

mod scoring;
mod training;

use std::fmt;

use veilsum_protocol::api::Object;
use veilsum_protocol::{DatasetId, JobId, TenantId};

pub use self::scoring::{CATALOGUE, ModelKeys, ScoreKeys, catalogued, catalogued_model};
pub use self::training::{
    TrainingKeys, announced, held_trainings, joined, joined_training, joined_trainings,
};

/// Newest manifest number: keys have eight digits.
pub const MAX_SEQUENCE: u64 = 99_999_999;

/// The key of one object. Made here, or read back from a listing, and nowhere else.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(String);

impl Key {
    /// A key that the store found in a listing.
    pub(crate) fn listed(key: String) -> Self {
        Self(key)
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The object that marks a sign-in challenge as used.
#[must_use]
pub fn used_challenge(challenge: &[u8; 16]) -> Key {
    Key(format!("auth/used/{}", hex::encode(challenge)))
}

/// The folder of all datasets of a tenant.
#[must_use]
pub fn datasets_folder(tenant: &TenantId) -> String {
    format!("t/{tenant}/d/")
}

/// The keys of one dataset.
#[derive(Debug, Clone)]
pub struct DatasetKeys {
    folder: String,
}

impl DatasetKeys {
    /// The keys of dataset `dataset` of `tenant`.
    #[must_use]
    pub fn new(tenant: &TenantId, dataset: &DatasetId) -> Self {
        Self { folder: format!("t/{tenant}/d/{dataset}/") }
    }

    /// What every key of the dataset starts with.
    #[must_use]
    pub fn folder(&self) -> &str {
        &self.folder
    }

    /// What every manifest's key starts with.
    #[must_use]
    pub fn manifests(&self) -> String {
        format!("{}m/", self.folder)
    }

    /// What every row group's key starts with.
    #[must_use]
    pub fn row_groups(&self) -> String {
        format!("{}rg/", self.folder)
    }

    /// The marker that the dataset is registered.
    #[must_use]
    pub fn created(&self) -> Key {
        Key(format!("{}created", self.folder))
    }

    /// An object that a client uploads.
    #[must_use]
    pub fn object(&self, object: &Object) -> Key {
        match object {
            Object::RowGroup { index } => Key(format!("{}{index:08}", self.row_groups())),
            Object::Original => Key(format!("{}original", self.folder)),
            Object::Manifest { sequence } => Key(format!("{}{sequence:08}", self.manifests())),
        }
    }

    /// The number of the manifest that lies at `key`; `None` for another kind of object.
    #[must_use]
    pub fn manifest_sequence(&self, key: &Key) -> Option<u64> {
        key.0.strip_prefix(&self.manifests())?.parse().ok()
    }
}

/// The keys of one job.
#[derive(Debug, Clone)]
pub struct JobKeys {
    folder: String,
}

impl JobKeys {
    /// The keys of job `job` of `tenant`.
    #[must_use]
    pub fn new(tenant: &TenantId, job: &JobId) -> Self {
        Self { folder: format!("t/{tenant}/j/{job}/") }
    }

    /// What every key of the job starts with.
    #[must_use]
    pub fn folder(&self) -> &str {
        &self.folder
    }

    /// The plan; storing it starts the job.
    #[must_use]
    pub fn plan(&self) -> Key {
        self.named("plan")
    }

    /// The answer.
    #[must_use]
    pub fn answer(&self) -> Key {
        self.named("answer")
    }

    /// Why the job failed.
    #[must_use]
    pub fn failure(&self) -> Key {
        self.named("failure")
    }

    /// The marker that the caller cancelled the job.
    #[must_use]
    pub fn cancelled(&self) -> Key {
        self.named("cancelled")
    }

    /// The partial of a row group.
    #[must_use]
    pub fn part(&self, row_group: u32) -> Key {
        self.named(&format!("part/{row_group:08}"))
    }

    /// The measured step of evaluating a row group.
    #[must_use]
    pub fn evaluate_event(&self, row_group: u32) -> Key {
        self.named(&format!("event/evaluate-{row_group:08}"))
    }

    /// The measured step of combining.
    #[must_use]
    pub fn combine_event(&self) -> Key {
        self.named("event/combine")
    }

    /// Whether `key` is a partial of this job.
    #[must_use]
    pub fn is_part(&self, key: &Key) -> bool {
        key.0.strip_prefix(&self.folder).is_some_and(|name| name.starts_with("part/"))
    }

    /// Whether `key` is a measured step of this job.
    #[must_use]
    pub fn is_event(&self, key: &Key) -> bool {
        key.0.strip_prefix(&self.folder).is_some_and(|name| name.starts_with("event/"))
    }

    fn named(&self, name: &str) -> Key {
        Key(format!("{}{name}", self.folder))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: TenantId = TenantId::from_bytes([0xaa; 32]);
    const OTHER_TENANT: TenantId = TenantId::from_bytes([0xab; 32]);
    const DATASET: DatasetId = DatasetId::from_bytes([0xbb; 16]);
    const JOB: JobId = JobId::from_bytes([0xcc; 16]);

    fn every_dataset_key(tenant: &TenantId) -> Vec<String> {
        let keys = DatasetKeys::new(tenant, &DATASET);
        [
            keys.created(),
            keys.object(&Object::RowGroup { index: 3 }),
            keys.object(&Object::Original),
            keys.object(&Object::Manifest { sequence: 1 }),
        ]
        .iter()
        .map(ToString::to_string)
        .collect()
    }

    fn every_job_key(tenant: &TenantId) -> Vec<String> {
        let keys = JobKeys::new(tenant, &JOB);
        [
            keys.plan(),
            keys.answer(),
            keys.failure(),
            keys.cancelled(),
            keys.part(7),
            keys.evaluate_event(7),
            keys.combine_event(),
        ]
        .iter()
        .map(ToString::to_string)
        .collect()
    }

    #[test]
    fn keys_have_the_agreed_form() {
        let dataset = format!("t/{}/d/{}", "aa".repeat(32), "bb".repeat(16));
        let names = ["created", "rg/00000003", "original", "m/00000001"];
        assert_eq!(every_dataset_key(&TENANT), names.map(|name| format!("{dataset}/{name}")));
        let job = format!("t/{}/j/{}", "aa".repeat(32), "cc".repeat(16));
        let names = ["plan", "answer", "failure", "cancelled", "part/00000007"];
        assert_eq!(every_job_key(&TENANT)[..5], names.map(|name| format!("{job}/{name}")));
        assert_eq!(used_challenge(&[1; 16]).as_str(), format!("auth/used/{}", "01".repeat(16)));
    }

    #[test]
    fn tenants_share_no_key() {
        let mine = [every_dataset_key(&TENANT), every_job_key(&TENANT)].concat();
        let theirs = [every_dataset_key(&OTHER_TENANT), every_job_key(&OTHER_TENANT)].concat();
        assert!(mine.iter().all(|key| !theirs.contains(key)));
        assert!(mine.iter().all(|key| key.starts_with(&format!("t/{TENANT}/"))));
    }

    #[test]
    fn no_key_is_a_folder_of_another() {
        let keys = [every_dataset_key(&TENANT), every_job_key(&TENANT)].concat();
        for key in &keys {
            assert!(!keys.iter().any(|other| other.starts_with(&format!("{key}/"))), "{key}");
        }
    }

    #[test]
    fn manifest_numbers_are_read_back_from_their_keys() {
        let keys = DatasetKeys::new(&TENANT, &DATASET);
        for sequence in [1, 42, MAX_SEQUENCE] {
            let key = keys.object(&Object::Manifest { sequence });
            assert_eq!(keys.manifest_sequence(&key), Some(sequence));
        }
        assert_eq!(keys.manifest_sequence(&keys.object(&Object::Original)), None);
    }

    #[test]
    fn keys_of_manifests_sort_by_number() {
        let keys = DatasetKeys::new(&TENANT, &DATASET);
        let key = |sequence| keys.object(&Object::Manifest { sequence });
        assert!(key(9) < key(10) && key(10) < key(MAX_SEQUENCE));
    }
}

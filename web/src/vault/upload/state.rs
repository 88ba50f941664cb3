//! What is remembered of an unfinished upload, sealed in this browser, and what a resume makes of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use veilsum_crypto::bfv::ParameterSet;
use veilsum_owner::keyring::Keyring;
use veilsum_owner::labels::UPLOAD_STATE_CONTEXT;
use veilsum_owner::seal::{self, SALT_BYTES, Sealer};
use veilsum_protocol::api::{Object, Part, Upload};
use veilsum_protocol::manifest::{IdentifyingColumn, Manifest, PartEntry, Preparation, Scheme};
use veilsum_protocol::row_group::Encryption;
use veilsum_protocol::{DatasetId, Digest, UploadId};
use veilsum_table::treat::Choice;

use crate::messages::{Fault, ReadOptions, UnfinishedUpload};
use crate::vault::random::rng;
use crate::vault::upload::content::Content;
use crate::vault::upload::shape::{Shape, bfv_encryption};

/// Newest format version.
const VERSION: u16 = 3;

/// An upload that has begun and is not committed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadState {
    version: u16,
    /// The dataset.
    pub dataset: DatasetId,
    /// Seconds since 1970.
    pub started_at: u64,
    /// What it is encrypted under.
    pub scheme: Scheme,
    /// The file.
    pub file: FileState,
    /// One per column of the file.
    pub treatments: Vec<Choice>,
    /// What is encrypted of it.
    pub content: Content,
    /// The batch that its rows become, 0 for the first.
    pub batch: u32,
    /// Index of the first row group that is stored.
    pub first_index: u32,
    /// The manifest that this upload adds to; `None` where it makes a dataset.
    pub base: Option<Base>,
    /// Rows of every row group but the last.
    pub rows_per_group: u32,
    /// Whether the cloud knows the dataset.
    pub registered: bool,
    /// The row groups that were begun, by index.
    pub groups: Vec<GroupState>,
    /// The sealed original, where one is kept.
    pub original: Option<OriginalState>,
    /// What was decided about columns that look as if they said who people are.
    #[serde(default)]
    pub identifying: Vec<IdentifyingColumn>,
    /// The manifest is sealed anew whenever it is sent.
    #[serde(skip)]
    pub manifest: Transfer,
}

/// The newest manifest of a dataset that grows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// The manifest.
    pub manifest: Manifest,
    /// SHA-256 of its stored form.
    pub digest: Digest,
}

/// The file that is encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileState {
    /// Its name.
    pub name: String,
    /// Its size.
    pub size_bytes: u64,
    /// Its hash: what tells it from every other file.
    pub sha256: Digest,
    /// Whether it is a bundled sample.
    pub is_sample: bool,
    /// How it is read.
    pub options: ReadOptions,
    /// Names of its columns.
    pub columns: Vec<String>,
    /// Rows that are encrypted.
    pub row_count: u64,
    /// Rows that are passed over.
    pub skipped_row_count: u64,
    /// How its rows are prepared.
    #[serde(default)]
    pub preparation: Option<Preparation>,
}

/// A row group that was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupState {
    /// The encryption attempt; never used for other content.
    pub upload: UploadId,
    /// SHA-256 of the integers that are encrypted in it.
    pub content: Digest,
    /// How far it was sent.
    pub transfer: Transfer,
}

/// The sealed original.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginalState {
    /// Drawn once: the same file is sealed to the same bytes.
    pub salt: [u8; SALT_BYTES],
    /// Whether it is the file byte for byte.
    pub exact: bool,
    /// Bytes before sealing, once known.
    pub plaintext_bytes: u64,
    /// How far it was sent.
    pub transfer: Transfer,
}

/// How far an object was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// The multipart transfer, once begun.
    pub id: Option<String>,
    /// Parts that were stored, by number.
    pub parts: BTreeMap<u32, PartEntry>,
    /// Whether the object is whole.
    pub whole: bool,
}

/// What a resume does about an object that was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resume {
    /// Sends the parts that are not recorded yet.
    GoOn,
    /// Nothing is left to do: it is stored whole.
    Whole,
    /// Starts the object over.
    StartOver,
    /// What the cloud has cannot be ours.
    Impossible,
}

impl Transfer {
    /// Decides from what the cloud has.
    ///
    /// A recorded part that the cloud does not have just so cannot be trusted to belong to this content; `expected`
    /// is how many parts the object has, where that is known.
    #[must_use]
    pub fn resume(&self, cloud: &Upload, expected: Option<usize>) -> Resume {
        if cloud.stored {
            let all_recorded =
                !self.parts.is_empty() && expected.is_none_or(|count| self.parts.len() == count);
            return if all_recorded { Resume::Whole } else { Resume::Impossible };
        }
        let received: BTreeMap<u32, PartEntry> =
            cloud.received.iter().map(|part| (part.number, entry(part))).collect();
        let as_recorded = self.parts.iter().all(|(number, part)| received.get(number) == Some(part));
        if cloud.transfer == self.id && as_recorded { Resume::GoOn } else { Resume::StartOver }
    }

    /// The parts in order, as the API names them.
    #[must_use]
    pub fn as_parts(&self) -> Vec<Part> {
        self.parts
            .iter()
            .map(|(number, part)| Part { number: *number, size_bytes: part.size_bytes, sha256: part.sha256 })
            .collect()
    }

    /// The parts in order, as the manifest lists them.
    #[must_use]
    pub fn entries(&self) -> Vec<PartEntry> {
        self.parts.values().copied().collect()
    }
}

impl GroupState {
    /// A fresh encryption attempt.
    #[must_use]
    pub fn begin(upload: UploadId, content: Digest) -> Self {
        Self { upload, content, transfer: Transfer::default() }
    }
}

impl UploadState {
    /// A new upload.
    #[must_use]
    #[expect(clippy::too_many_arguments, reason = "it is a record: each argument is one of its fields")]
    pub fn begin(
        dataset: DatasetId,
        started_at: u64,
        scheme: Scheme,
        file: FileState,
        treatments: Vec<Choice>,
        content: Content,
        rows_per_group: u32,
        original: Option<OriginalState>,
    ) -> Self {
        Self {
            version: VERSION,
            dataset,
            started_at,
            scheme,
            file,
            treatments,
            content,
            batch: 0,
            first_index: 0,
            base: None,
            rows_per_group,
            registered: false,
            groups: Vec::new(),
            original,
            identifying: Vec::new(),
            manifest: Transfer::default(),
        }
    }

    /// Seals the state for this browser's storage.
    #[must_use]
    pub fn seal(&self, keyring: &Keyring) -> Vec<u8> {
        let json = serde_json::to_vec(self).expect("a state has string and number keys only");
        let salt = seal::random_salt(&mut rng());
        Sealer::new(&keyring.local_seal_key(), salt, &context(self.dataset)).seal(&json)
    }

    /// Opens a sealed state.
    ///
    /// # Errors
    /// A [`Fault`] if it is damaged, or of a newer version.
    pub fn open(keyring: &Keyring, dataset: DatasetId, sealed: &[u8]) -> Result<Self, Fault> {
        let damaged = || {
            Fault::new(
                "upload-damaged",
                "What this browser remembers of the unfinished upload is damaged or made by another version. Discard \
                 it and upload the file again.",
            )
        };
        let json = seal::open(&keyring.local_seal_key(), &context(dataset), sealed).map_err(|_| damaged())?;
        let state: Self = serde_json::from_slice(&json).map_err(|_| damaged())?;
        if state.version == VERSION && state.dataset == dataset { Ok(state) } else { Err(damaged()) }
    }

    /// How the rows fall into row groups.
    ///
    /// # Errors
    /// A [`Fault`] that a state of this version never causes.
    pub fn shape(&self) -> Result<Shape, Fault> {
        Shape::new(self.file.row_count, self.rows_per_group, self.encryption()?)
    }

    /// What the ciphertexts of its row groups are.
    ///
    /// # Errors
    /// A [`Fault`] that a state of this version never causes.
    pub fn encryption(&self) -> Result<Encryption, Fault> {
        encryption_of(&self.scheme)
    }

    /// The position among `groups` of the row group with an index.
    #[must_use]
    pub fn ordinal(&self, index: u32) -> Option<usize> {
        usize::try_from(index.checked_sub(self.first_index)?).ok()
    }

    /// How far an object was sent; `None` for one that was not begun.
    #[must_use]
    pub fn transfer(&self, object: Object) -> Option<&Transfer> {
        match object {
            Object::RowGroup { index } => {
                let group = self.groups.get(self.ordinal(index)?);
                group.map(|group| &group.transfer)
            }
            Object::Original => self.original.as_ref().map(|original| &original.transfer),
            Object::Manifest { .. } => Some(&self.manifest),
        }
    }

    /// The same, to note progress in.
    pub fn transfer_mut(&mut self, object: Object) -> Option<&mut Transfer> {
        match object {
            Object::RowGroup { index } => {
                let ordinal = self.ordinal(index)?;
                self.groups.get_mut(ordinal).map(|group| &mut group.transfer)
            }
            Object::Original => self.original.as_mut().map(|original| &mut original.transfer),
            Object::Manifest { .. } => Some(&mut self.manifest),
        }
    }

    /// What the page shows of it.
    #[must_use]
    pub fn summary(&self) -> UnfinishedUpload {
        let stored = self.groups.iter().filter(|group| group.transfer.whole).count();
        UnfinishedUpload {
            dataset: self.dataset,
            file_name: self.file.name.clone(),
            size_bytes: self.file.size_bytes,
            sample: self.file.is_sample,
            stored_groups: u32::try_from(stored).unwrap_or(u32::MAX),
            row_groups: self.shape().map_or(0, |shape| shape.group_count())
                * u32::try_from(self.content.sets.len()).unwrap_or(u32::MAX),
            extends: self.base.as_ref().map(|base| base.manifest.source.file_name.clone()),
            started_at: self.started_at,
        }
    }
}

/// What the ciphertexts of a dataset are.
///
/// # Errors
/// A [`Fault`] for a parameter set that a newer version has made.
pub fn encryption_of(scheme: &Scheme) -> Result<Encryption, Fault> {
    match scheme {
        Scheme::Paillier { modulus_bits, .. } => Ok(Encryption::Paillier { modulus_bits: *modulus_bits }),
        Scheme::Bfv { parameter_set, .. } => {
            ParameterSet::from_id(*parameter_set).map(bfv_encryption).ok_or_else(|| {
                Fault::new(
                    "parameter-set",
                    "This dataset is encrypted under parameters that this version of Veilsum does not know. Reload the \
                     page to get the newest version.",
                )
            })
        }
    }
}

fn entry(part: &Part) -> PartEntry {
    PartEntry { size_bytes: part.size_bytes, sha256: part.sha256 }
}

fn context(dataset: DatasetId) -> Vec<u8> {
    [UPLOAD_STATE_CONTEXT, dataset.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn part(number: u32, content: &[u8]) -> Part {
        Part { number, size_bytes: content.len() as u64, sha256: Digest::of(content) }
    }

    fn recorded() -> Transfer {
        let parts = [part(1, b"one"), part(2, b"two")];
        Transfer {
            id: Some("t".to_owned()),
            parts: parts.iter().map(|part| (part.number, entry(part))).collect(),
            whole: false,
        }
    }

    fn cloud(received: Vec<Part>) -> Upload {
        Upload { stored: false, transfer: Some("t".to_owned()), received, urls: Vec::new(), expires_in: 900 }
    }

    #[test]
    fn recorded_parts_that_arrived_are_not_sent_again() {
        let received = vec![part(2, b"two"), part(1, b"one")];
        assert_eq!(recorded().resume(&cloud(received), Some(3)), Resume::GoOn);
    }

    #[test]
    fn a_part_that_arrived_unrecorded_does_not_matter() {
        let received = vec![part(1, b"one"), part(2, b"two"), part(3, b"lost")];
        assert_eq!(recorded().resume(&cloud(received), Some(3)), Resume::GoOn);
    }

    #[test]
    fn a_missing_or_differing_part_starts_the_object_over() {
        assert_eq!(recorded().resume(&cloud(vec![part(1, b"one")]), Some(3)), Resume::StartOver);
        let other = vec![part(1, b"one"), part(2, b"TWO")];
        assert_eq!(recorded().resume(&cloud(other), Some(3)), Resume::StartOver);
    }

    #[test]
    fn another_transfer_starts_the_object_over() {
        let received = vec![part(1, b"one"), part(2, b"two")];
        let cloud = Upload { transfer: Some("u".to_owned()), ..cloud(received) };
        assert_eq!(recorded().resume(&cloud, Some(3)), Resume::StartOver);
    }

    #[test]
    fn an_object_that_is_stored_is_ours_only_if_all_parts_are_recorded() {
        let cloud = Upload { stored: true, transfer: None, ..cloud(Vec::new()) };
        assert_eq!(recorded().resume(&cloud, Some(2)), Resume::Whole);
        assert_eq!(recorded().resume(&cloud, Some(3)), Resume::Impossible);
        assert_eq!(Transfer::default().resume(&cloud, None), Resume::Impossible);
    }
}

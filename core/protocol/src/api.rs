//! Messages of the HTTP API under `/api/v1`. All are small JSON documents; ciphertext goes straight to storage.

pub mod scoring;
pub mod training;

use serde::{Deserialize, Serialize};

use crate::id::{DatasetId, Digest, JobId, TenantId};
use crate::job::{Failure, Step};
use crate::plan::Plan;

/// The name of [`Object`] in the OpenAPI document, whose generator takes `Object` for any object.
#[cfg(feature = "openapi")]
use Object as DatasetObject;

/// What stands before a challenge when an identity key signs it, so that no other signature can be mistaken for one.
pub const SIGN_IN_LABEL: &[u8] = b"veilsum sign-in v1\0";

/// `POST /sessions/challenge` → a challenge to sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Challenge {
    /// Opaque text; the client signs `SIGN_IN_LABEL ‖ challenge`.
    pub challenge: String,
    /// Seconds until it expires.
    pub expires_in: u64,
}

/// `POST /sessions`: the signed challenge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// Ed25519 public identity key, 32 bytes in hex.
    pub identity_key: String,
    /// The challenge as it was given.
    pub challenge: String,
    /// Ed25519 signature, 64 bytes in hex.
    pub signature: String,
}

/// Answer to [`SignIn`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    /// Bearer token for every other route.
    pub token: String,
    /// Seconds until it expires.
    pub expires_in: u64,
    /// The caller's tenant.
    pub tenant: TenantId,
}

impl core::fmt::Debug for Session {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.debug_struct("Session").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

/// `POST /datasets`: registers a dataset under an id that the client drew. Repeating it changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateDataset {
    /// The new dataset.
    pub dataset: DatasetId,
}

/// An object of a dataset that a client may upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = DatasetObject))]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Object {
    /// A row group.
    RowGroup {
        /// Position in the dataset.
        index: u32,
    },
    /// The sealed copy of the source.
    Original,
    /// A sealed manifest.
    Manifest {
        /// Its number, from 1.
        sequence: u64,
    },
}

/// `POST /datasets/{id}/uploads`: asks for presigned URLs for parts of one object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RequestUpload {
    /// The object.
    #[cfg_attr(feature = "openapi", schema(value_type = DatasetObject))]
    pub object: Object,
    /// The multipart transfer to go on with; `None` starts one.
    pub transfer: Option<String>,
    /// Parts to sign, at most [`MAX_PARTS_PER_REQUEST`]; may be empty to learn what has arrived.
    pub parts: Vec<Part>,
}

/// Most parts in one [`RequestUpload`].
pub const MAX_PARTS_PER_REQUEST: usize = 100;
/// Most parts of one object (S3's own limit).
pub const MAX_PARTS: u32 = 10_000;
/// Largest part in bytes that is signed.
pub const MAX_PART_BYTES: u64 = 64 << 20;

/// One part: its number, length and hash are all signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// From 1.
    pub number: u32,
    /// Bytes.
    pub size_bytes: u64,
    /// SHA-256 of the bytes.
    pub sha256: Digest,
}

/// Answer to [`RequestUpload`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Upload {
    /// Whether the object is already stored whole; then there is nothing to send.
    pub stored: bool,
    /// The multipart transfer; `None` if `stored`.
    pub transfer: Option<String>,
    /// Parts that storage already has.
    pub received: Vec<Part>,
    /// Where to PUT each part that was asked for.
    pub urls: Vec<PartUrl>,
    /// Seconds until the URLs expire, at most 900.
    pub expires_in: u64,
}

/// Where to PUT one part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PartUrl {
    /// Number of the part.
    pub number: u32,
    /// Presigned URL.
    pub url: String,
    /// Headers to send with it, exactly these (besides what the browser adds).
    pub headers: Vec<(String, String)>,
}

/// `POST /datasets/{id}/uploads/complete`: makes one object out of its parts, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CompleteUpload {
    /// The object; a manifest is completed by [`Commit`] instead.
    #[cfg_attr(feature = "openapi", schema(value_type = DatasetObject))]
    pub object: Object,
    /// The multipart transfer.
    pub transfer: String,
    /// All parts in order.
    pub parts: Vec<Part>,
}

/// `POST /datasets/{id}/commit`: checks that every object is stored as named, then stores the manifest, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Commit {
    /// Number of the manifest.
    pub sequence: u64,
    /// The multipart transfer of the manifest.
    pub transfer: String,
    /// The manifest's parts.
    pub parts: Vec<Part>,
    /// The objects that the manifest lists.
    pub objects: Vec<CommittedObject>,
}

/// Most objects in one [`Commit`]: more could not be looked at in the time that a request has.
pub const MAX_COMMITTED_OBJECTS: usize = 20_000;

/// An object that a manifest lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CommittedObject {
    /// The object.
    #[cfg_attr(feature = "openapi", schema(value_type = DatasetObject))]
    pub object: Object,
    /// Its size.
    pub size_bytes: u64,
    /// Its composite SHA-256 checksum (hash of the parts' hashes).
    pub checksum: Digest,
    /// Number of its parts.
    pub part_count: u32,
}

/// `GET /datasets` → every dataset of the caller that has a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Datasets {
    /// By ascending id.
    pub datasets: Vec<DatasetEntry>,
    /// Where the list goes on: send it as `?after=` for the rest. Absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// One entry of [`Datasets`]: all that the cloud can say about a dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DatasetEntry {
    /// The dataset.
    pub dataset: DatasetId,
    /// Number of its newest manifest.
    pub sequence: u64,
    /// Bytes of all its objects.
    pub size_bytes: u64,
    /// When the newest manifest was stored, seconds since 1970.
    pub stored_at: u64,
    /// Presigned URL of the newest manifest.
    pub manifest_url: String,
}

/// `GET /datasets/{id}` → one dataset with its objects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DatasetDetail {
    /// The dataset.
    pub entry: DatasetEntry,
    /// Its objects, as the cloud sees them.
    pub objects: Vec<StoredObject>,
    /// Where the list goes on: send it as `?after=` for the rest. Absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A stored object as the cloud sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StoredObject {
    /// Full key in the bucket.
    pub key: String,
    /// Bytes.
    pub size_bytes: u64,
    /// S3's checksum in base64, with `-N` for an object of N parts; `None` where storage has none.
    pub checksum: Option<String>,
    /// Presigned URL to read it.
    pub url: String,
}

/// `POST /datasets/{id}/jobs`: starts a job under an id that the client drew. Repeating it changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct StartJob {
    /// The new job.
    pub job: JobId,
    /// What to compute.
    pub plan: Plan,
}

/// `GET /jobs/{id}` → where a job stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobStatus {
    /// The job.
    pub job: JobId,
    /// Where it stands.
    pub state: JobState,
    /// Row groups that are evaluated.
    pub evaluated: u32,
    /// Row groups of the plan.
    pub row_groups: u32,
    /// Measured steps, of this page; told once the job has ended.
    pub steps: Vec<Step>,
    /// Objects of the job, as the cloud sees them; with checksums once the job has ended.
    pub objects: Vec<StoredObject>,
    /// Where the list goes on: send it as `?after=` for the rest. Absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Where a job stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum JobState {
    /// Started, not ended.
    Running,
    /// The answer is stored.
    Done {
        /// Presigned URL of the answer.
        answer_url: String,
    },
    /// It cannot succeed.
    Failed(Failure),
    /// The caller cancelled it.
    Cancelled,
}

/// An error of the API: an RFC 9457 problem document with media type `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// `urn:veilsum:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// Stable code, kebab-case.
    pub code: String,
    /// HTTP status.
    pub status: u16,
    /// Short name of the problem.
    pub title: String,
    /// A sentence for people: the thing, the place and the next step.
    pub detail: String,
}

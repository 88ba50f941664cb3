//! What the page and the vault worker say to each other. Plain data: no keys, no ciphertext but hex samples.
//!
//! The page sends [`Request`]s (a `File` may travel beside one); the vault answers each with one [`Reply`] and sends
//! [`Event`]s in between. All modules of the page hear all of it.
//!
//! On the wire every value is the bytes of [`to_bytes`]: the page posts `{ request: Uint8Array, file?: File }`, the
//! vault posts a `Uint8Array` with a [`FromVault`]. The format has no names in it, so nothing that is written here
//! may be internally tagged; it keeps the page small. The page spawns `/worker-boot.js` as a module worker; the vault
//! posts [`FromVault::Ready`] once, unasked. Where not even the wasm module runs, `/worker-boot.js` itself posts
//! `{ Unable: { code, message, detail } }`.

pub mod refine;
pub mod training;
pub mod workbench;

use core::marker::PhantomData;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use veilsum_analysis::answer::Answer;
use veilsum_protocol::manifest::{Manifest, Scheme, Treatment};
use veilsum_protocol::{DatasetId, JobId, TenantId};
use veilsum_table::treat::Choice;

/// A message as bytes.
///
/// # Errors
/// Never for the types of this module.
pub fn to_bytes<T: Serialize>(message: &T) -> Result<Vec<u8>, postcard::Error> {
    postcard::to_allocvec(message)
}

/// Reads a message.
///
/// # Errors
/// The bytes are not those of such a message.
pub fn from_bytes<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, postcard::Error> {
    postcard::from_bytes(bytes)
}

/// A value that is read only by the module of the page that asked for it: the others hear of it too, and need not know its
/// type.
#[derive(Clone, Serialize, Deserialize)]
pub struct Encoded<T> {
    bytes: Vec<u8>,
    value: PhantomData<fn() -> T>,
}

impl<T: Serialize> Encoded<T> {
    /// The bytes of a value.
    #[must_use]
    pub fn of(value: &T) -> Self {
        // Never fails for the types of this module; without bytes there is nothing to open.
        Self { bytes: to_bytes(value).unwrap_or_default(), value: PhantomData }
    }
}

impl<T: DeserializeOwned> Encoded<T> {
    /// The value; `None` if the bytes are those of another type.
    #[must_use]
    pub fn open(&self) -> Option<T> {
        from_bytes(&self.bytes).ok()
    }
}

impl<T> core::fmt::Debug for Encoded<T> {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "Encoded({} bytes)", self.bytes.len())
    }
}

/// A command with the number that its reply will carry.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Request {
    /// Chosen by a module of the page; unique within the page's life.
    pub id: u32,
    /// What to do.
    pub command: Command,
}

/// What the vault sends.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum FromVault {
    /// The worker runs and its store is open.
    Ready(KeyringStatus),
    /// Sent instead of `Ready`: the vault cannot work here, e.g. because the browser gives it no storage.
    Unable(Fault),
    /// The end of a request.
    Reply {
        /// Number of the request.
        id: u32,
        /// What came of it.
        result: Result<Reply, Fault>,
    },
    /// Something to show while a request runs.
    Event(Event),
}

/// A failure in words for people: the thing, the place and the next step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Stable code, kebab-case: `wrong-passphrase`, `not-a-table`, `answer-refused`, `cancelled`, `offline`, …
    pub code: String,
    /// A sentence: what happened, where, what to do next.
    pub message: String,
    /// Technical detail, shown folded.
    pub detail: Option<String>,
}

/// What the page asks of the vault.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Command {
    // Keyring
    /// → [`Reply::Keyring`].
    KeyringStatus,
    /// Makes a new keyring. Events: [`Event::Keygen`]. → [`Reply::Keyring`].
    CreateKeyring {
        /// At least 8 characters.
        passphrase: String,
        /// 3072 or 2048.
        modulus_bits: u32,
    },
    /// Stops making a keyring; nothing is kept. → [`Reply::Done`].
    CancelKeyring,
    /// → [`Reply::Keyring`].
    UnlockKeyring {
        /// As typed.
        passphrase: String,
    },
    /// Wipes the keys from memory. → [`Reply::Keyring`].
    LockKeyring,
    /// → [`Reply::KeyFile`]; marks the keyring as kept.
    ExportKeyFile,
    /// With a `File`: replaces this browser's keyring by the one in the key file. → [`Reply::Keyring`].
    ImportKeyFile {
        /// The passphrase of the key file.
        passphrase: String,
    },
    /// Removes the keyring from this browser (datasets stay in the cloud). → [`Reply::Keyring`].
    RemoveKeyring,

    // A table in this browser
    /// With a `File`: reads and profiles it. Events: [`Event::Reading`]. → [`Reply::Table`].
    OpenTable(ReadOptions),
    /// Reads and profiles a bundled sample, e.g. `pancreatitis.csv`. → [`Reply::Table`].
    OpenSample {
        /// File name under `samples/`.
        file_name: String,
    },
    /// The open table as it is now: as it was read, or as it was prepared since. → [`Reply::Table`].
    CurrentTable,
    /// Forgets the open table. → [`Reply::Done`].
    CloseTable,
    /// Checks treatments and estimates the upload. → [`Reply::Estimate`].
    Estimate(UploadChoices),

    // Encrypt and upload
    /// Encrypts the open table and uploads it. Events: [`Event::Upload`]. → [`Reply::Uploaded`].
    StartUpload(UploadChoices),
    /// → [`Reply::UnfinishedUploads`].
    UnfinishedUploads,
    /// With the same `File` (none for a sample): goes on with an upload. Events and reply as `StartUpload`.
    ResumeUpload {
        /// The dataset.
        dataset: DatasetId,
    },
    /// Stops the running upload after the part being sent; it can be resumed or discarded. → [`Reply::Done`].
    CancelUpload,
    /// Deletes an unfinished upload, here and in the cloud. → [`Reply::Done`].
    DiscardUpload {
        /// The dataset.
        dataset: DatasetId,
    },

    // Datasets
    /// → [`Reply::Datasets`].
    ListDatasets,
    /// → [`Reply::Dataset`].
    OpenDataset {
        /// The dataset.
        dataset: DatasetId,
    },
    /// → [`Reply::Done`].
    DeleteDataset {
        /// The dataset.
        dataset: DatasetId,
    },
    /// Downloads and opens the sealed original. Events: [`Event::Download`]. → [`Reply::Original`].
    OpenOriginal {
        /// The dataset.
        dataset: DatasetId,
    },
    /// Lists what the cloud stores of a dataset, with a hex sample of each object. → [`Reply::CloudObjects`].
    CloudObjects {
        /// The dataset.
        dataset: DatasetId,
    },

    // Analyses
    /// What a run would cost, or why it cannot be. → [`Reply::RunEstimate`].
    EstimateRun(Run),
    /// Runs analyses in the cloud and decrypts the answer. Events: [`Event::Job`]. → [`Reply::Answer`].
    RunAnalyses(Run),
    /// Cancels the running job. → [`Reply::Done`].
    CancelJob,
    /// With the source `File` of the only batch that is covered (none where it is at hand): the same analyses computed
    /// here on cleartext. → [`Reply::Twin`].
    Twin(Run),

    /// The answers that were given for a dataset in this browser, newest first. → [`Reply::PastAnswers`].
    PastAnswers {
        /// The dataset.
        dataset: DatasetId,
    },
    /// Forgets a past answer. → [`Reply::Done`].
    ForgetAnswer {
        /// The dataset.
        dataset: DatasetId,
        /// [`AnswerView::id`].
        id: String,
    },
    /// Checks a certificate; needs no keyring and no network. → [`Reply::Certificate`].
    VerifyCertificate {
        /// The file's text.
        text: String,
    },

    // A dataset that grows
    /// With the source `File` (none where it is at hand): encrypts and uploads the columns that analyses lack. Events:
    /// [`Event::Upload`]. → [`Reply::Uploaded`].
    AddColumns {
        /// What is to be computed.
        run: Run,
        /// The batch whose file this is.
        batch: u32,
        /// Finer bins per column position, as [`Answer::refinements`] proposes them.
        refinements: Vec<(u32, veilsum_protocol::manifest::Binning)>,
    },
    /// With a `File`: encrypts and uploads its rows as a new batch. Events: [`Event::Reading`], [`Event::Upload`]. →
    /// [`Reply::Uploaded`].
    AppendRows {
        /// The dataset.
        dataset: DatasetId,
    },

    /// See [`workbench::Ask`]. A `File` may travel beside it. → [`Reply::Workbench`].
    Workbench(Encoded<workbench::Ask>),
    /// See [`refine::Ask`]. → [`Reply::Refine`].
    Refine(Encoded<refine::Ask>),
}

/// Analyses over a dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The dataset.
    pub dataset: DatasetId,
    /// What to compute.
    pub requests: Vec<veilsum_analysis::Request>,
    /// The batches of rows that are covered; all of them if empty.
    pub batches: Vec<u32>,
}

/// How to read a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ReadOptions {
    /// Skip rows with a wrong number of cells or other faults (counted and listed) instead of refusing the file.
    pub skip_ragged_rows: bool,
    /// Words that mean "missing", e.g. `N/A`.
    pub missing_words: Vec<String>,
    /// Whether the first row is data and no names; `None` to find it in the file.
    #[serde(default = "usual")]
    pub first_row_is_data: Option<bool>,
    /// Whether a comma stands before decimals; `None` to find it in the file.
    #[serde(default = "usual")]
    pub decimal_comma: Option<bool>,
    /// What the cells of each column mean, each as [`veilsum_table::types::ColumnType`] is written in JSON: blank to find
    /// it in the file, and beyond the end of the list as they stand. `None` to find all in the file.
    #[serde(default = "as_they_stand")]
    pub types: Option<Vec<String>>,
}

/// How cells were read before they had types.
#[expect(clippy::unnecessary_wraps, reason = "the default of an optional field")]
fn as_they_stand() -> Option<Vec<String>> {
    Some(Vec::new())
}

/// How every file was read before this could be chosen: notes on an unfinished upload may be as old.
#[expect(clippy::unnecessary_wraps, reason = "the default of an optional field")]
fn usual() -> Option<bool> {
    Some(false)
}

/// What computes in the cloud; chosen when a table is uploaded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Engine {
    /// Paillier: the cloud adds prepared columns, and every answer is verified.
    #[default]
    Paillier,
    /// BFV: the cloud multiplies columns, and answers are checked by samples.
    Bfv,
}

/// How a dataset is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SchemeView {
    /// Paillier with a modulus of so many bits.
    Paillier {
        /// Bits of the modulus.
        modulus_bits: u32,
    },
    /// BFV under one of the named parameter sets.
    Bfv,
}

impl From<&Scheme> for SchemeView {
    fn from(scheme: &Scheme) -> Self {
        match scheme {
            Scheme::Paillier { modulus_bits, .. } => Self::Paillier { modulus_bits: *modulus_bits },
            Scheme::Bfv { .. } => Self::Bfv,
        }
    }
}

impl core::fmt::Display for SchemeView {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Paillier { modulus_bits } => write!(formatter, "{modulus_bits}-bit key"),
            Self::Bfv => formatter.write_str("the cloud multiplies"),
        }
    }
}

/// What the owner chose on the Prepare page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadChoices {
    /// One per column of the table.
    #[serde(with = "choices")]
    pub treatments: Vec<Choice>,
    /// Whether a sealed copy of the original is uploaded too.
    pub keep_original: bool,
    /// Rows per row group; `None` lets the vault choose from the measured speed.
    pub rows_per_group: Option<u32>,
    /// Analyses whose derived columns are encrypted, too. Columns are positions in the table.
    pub analyses: Vec<veilsum_analysis::Request>,
    /// What is to compute.
    pub engine: Engine,
    /// The columns that look as if they said who people are and may leave by their owner's word: [`Asking::at`] of each.
    pub identifying: Vec<u32>,
}

/// What the vault answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Reply {
    /// Nothing to tell.
    Done,
    /// See [`KeyringStatus`].
    Keyring(KeyringStatus),
    /// The key file to save.
    KeyFile {
        /// Suggested name.
        file_name: String,
        /// Contents (the keys in it are wrapped under the passphrase).
        bytes: Vec<u8>,
    },
    /// The open table.
    Table(Encoded<TableView>),
    /// See [`UploadEstimate`].
    Estimate(UploadEstimate),
    /// The upload is complete.
    Uploaded(UploadSummary),
    /// Uploads that were interrupted.
    UnfinishedUploads(Vec<UnfinishedUpload>),
    /// All datasets of this keyring.
    Datasets(Vec<DatasetSummary>),
    /// One dataset.
    Dataset(Encoded<DatasetView>),
    /// The opened original, as an object URL to save (made in the vault, revoked by the page).
    Original {
        /// Name to save it under.
        file_name: String,
        /// `blob:` URL.
        url: String,
        /// Whether it is the source byte for byte.
        exact: bool,
    },
    /// What the cloud stores.
    CloudObjects(Encoded<Vec<CloudObject>>),
    /// See [`RunEstimate`].
    RunEstimate(Encoded<RunEstimate>),
    /// Verified answers.
    Answer(Encoded<AnswerView>),
    /// The plaintext twin.
    Twin(Encoded<TwinView>),
    /// Answers that were given before.
    PastAnswers(Encoded<Vec<AnswerView>>),
    /// What a check of a certificate found.
    Certificate(Encoded<CertificateView>),
    /// See [`workbench::Told`].
    Workbench(Encoded<workbench::Told>),
    /// See [`refine::Told`].
    Refine(Encoded<refine::Told>),
}

/// Whether there is a keyring here, and whether it is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyringStatus {
    /// None in this browser.
    Absent,
    /// Wrapped; a passphrase opens it.
    Locked {
        /// Fingerprint of the identity key.
        tenant: TenantId,
    },
    /// In the vault's memory.
    Unlocked {
        /// Fingerprint of the identity key.
        tenant: TenantId,
        /// Bits of the Paillier modulus.
        modulus_bits: u32,
        /// Whether its key file was saved (or it came from one); required before the first upload.
        kept: bool,
        /// Whether the browser promised not to evict its storage.
        persisted: bool,
    },
}

/// What the vault tells while it works.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Event {
    /// Key generation.
    Keygen {
        /// What is being done, for people.
        stage: String,
        /// Candidates tried so far.
        tried: u32,
        /// Candidates that are tried on average; finding a prime is luck.
        expected: u32,
    },
    /// Reading and profiling a file.
    Reading(Progress),
    /// Encrypting and uploading.
    Upload(UploadProgress),
    /// Downloading and opening an original.
    Download(Progress),
    /// A job in the cloud.
    Job(JobProgress),
    /// Training or scoring in the workbench.
    Workbench(Encoded<workbench::Progress>),
    /// Rows of the open table are prepared or made ready to be looked at.
    Refining(Progress),
    /// The open table was prepared in another way: [`Command::CurrentTable`] tells it.
    TableChanged,
    /// Something retries in the background, e.g. after a lost connection; empty when it goes on.
    Waiting {
        /// A sentence, or empty.
        message: String,
    },
}

/// Progress of one measurable thing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Done so far.
    pub done: u64,
    /// In all.
    pub total: u64,
    /// Per second.
    pub rate: f64,
    /// Seconds that it will still take, where that can be told.
    pub seconds_left: Option<f64>,
}

/// Progress of an upload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UploadProgress {
    /// The dataset.
    pub dataset: DatasetId,
    /// What is going on.
    pub phase: UploadPhase,
    /// Rows encrypted.
    pub rows: Progress,
    /// Bytes sent, of the bytes that will leave the browser.
    pub bytes: Progress,
    /// Rows that an earlier attempt had already stored; told once after a resume.
    pub resumed_rows: u64,
    /// Hex sample of the newest ciphertext that left.
    pub sample: Option<String>,
}

/// Phase of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum UploadPhase {
    /// The file is read again to make sure that it is the same.
    Checking,
    /// Rows are encrypted and sent.
    Encrypting,
    /// The sealed original is sent.
    Original,
    /// The manifest is sealed, signed and stored.
    Committing,
}

/// Progress of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobProgress {
    /// The job.
    pub job: JobId,
    /// What is going on.
    pub phase: JobPhase,
    /// Row groups evaluated.
    pub evaluated: u32,
    /// Row groups in all.
    pub row_groups: u32,
}

/// Phase of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobPhase {
    /// The plan is checked and sent.
    Planning,
    /// The cloud computes.
    Computing,
    /// The encrypted answer is downloaded, decrypted and verified.
    Decrypting,
}

/// A column of a file that looks as if it said who people are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asking {
    /// Its position in the file.
    pub at: u32,
    /// Its name.
    pub name: String,
    /// Why, without cells.
    pub why: String,
    /// What steps made of it, in a sentence; blank where it is as it is.
    pub note: String,
    /// Whether the rows tell as much as it does: they hold it or an image of it, no pseudonyms and nothing vaguer. The
    /// sealed original has it as it is in the file in any case.
    pub in_rows: bool,
    /// The columns of the table that came of it, by position. The original goes without it where all of them are dropped.
    pub columns: Vec<u32>,
}

/// A table in this browser.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TableView {
    /// Name of the file.
    pub file_name: String,
    /// Size of the file.
    pub size_bytes: u64,
    /// How the file was read.
    pub reading: Reading,
    /// What is in it.
    pub profile: veilsum_table::profile::Profile,
    /// Proposed treatment per column, with the reason in words.
    pub proposals: Vec<Proposal>,
    /// A closer look at each column.
    pub details: Vec<ColumnDetails>,
    /// Every type that can be chosen for a column: as in [`ReadOptions::types`], and in words.
    pub type_choices: Vec<(String, String)>,
    /// What is known of this table.
    pub preset: Option<PresetView>,
    /// The rows that were passed over and why, as CSV to save.
    pub bad_rows: String,
    /// Columns of its file that look as if they said who people are: whoever encrypts or keeps one is asked first.
    pub identifying: Vec<Asking>,
    /// Steps that prepared its rows.
    pub step_count: u32,
    /// Whether these lower the risk that people are found in it, so that its original should not be kept beside it.
    pub is_anonymised: bool,
    /// The first rows as text.
    pub first_rows: Vec<Vec<String>>,
    /// Seconds that reading took.
    pub seconds: f64,
}

/// How a file was read, and why so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// Delimiter, encoding, first row and decimal mark, in sentences.
    pub words: String,
    /// What the owner should look at, in sentences.
    pub notes: Vec<String>,
    /// Whether the first row is data and no names.
    pub first_row_is_data: bool,
    /// Whether a comma stands before decimals.
    pub decimal_comma: bool,
    /// Whether what the first row holds can be chosen.
    pub asks_first_row: bool,
    /// Whether the decimal mark can be chosen.
    pub asks_decimal_mark: bool,
}

/// A closer look at a column, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnDetails {
    /// What its cells mean, as in [`ReadOptions::types`].
    pub column_type: String,
    /// The same in words.
    pub type_in_words: String,
    /// Why it is taken for that.
    pub type_reason: String,
    /// Whether the file may mean something else.
    pub is_doubtful: bool,
    /// What to look at before it is encrypted, in sentences.
    pub warnings: Vec<String>,
    /// Different cells, quantiles: label and value.
    pub facts: Vec<(String, String)>,
    /// Histogram and most frequent cells.
    pub charts: Vec<Bars>,
}

/// Bars with their numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bars {
    /// What they show.
    pub title: String,
    /// What each bar stands for, and how often it occurs.
    pub bars: Vec<(String, u64)>,
}

/// What is known of a public table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresetView {
    /// What it is called.
    pub name: String,
    /// What it holds.
    pub about: String,
    /// What does not look like it, in sentences.
    pub doubts: Vec<String>,
    /// What is best done with each column, in words where that is not plain.
    pub reasons: Vec<String>,
    /// One per column of the table.
    #[serde(with = "choices")]
    pub choices: Vec<Choice>,
}

/// A proposed treatment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// What to do.
    #[serde(with = "choice")]
    pub choice: Choice,
    /// Why, and any rounding error, in words.
    pub reason: String,
    /// Largest scale that fits; `None` for columns that are not numbers.
    pub largest_scale: Option<u32>,
    /// Different cells, where they are few enough to group by.
    pub category_count: Option<u32>,
}

/// What an upload would take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UploadEstimate {
    /// Bytes that would leave the browser.
    pub bytes: u64,
    /// Seconds of encryption at the speed measured on this device.
    pub seconds: f64,
    /// Values that would be encrypted.
    pub values: u64,
    /// Rows per row group.
    pub rows_per_group: u32,
    /// Row groups.
    pub row_groups: u32,
    /// Problems per column index, in words; the upload is refused while there is one.
    pub problems: Vec<(u32, String)>,
    /// Notes per column index, e.g. a rounding error.
    pub notes: Vec<(u32, String)>,
    /// What each analysis needs beside the values, in the order of the choices.
    pub needs: Vec<Need>,
}

/// What an analysis needs beside what is there already, or before it in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Need {
    /// What it is called: “the correlation of “a” and “b””.
    pub analysis: String,
    /// Why it cannot be prepared, if so.
    pub refused: Option<String>,
    /// The products and indicators, in words.
    pub terms: Vec<String>,
    /// Encrypted columns.
    pub columns: u64,
    /// Bytes that would leave the browser.
    pub bytes: u64,
    /// Seconds of encryption.
    pub seconds: f64,
}

/// A finished upload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UploadSummary {
    /// The dataset.
    pub dataset: DatasetId,
    /// Rows.
    pub rows: u64,
    /// Values.
    pub values: u64,
    /// Bytes that left the browser.
    pub bytes: u64,
    /// Seconds per phase.
    pub seconds: Vec<(String, f64)>,
}

/// An interrupted upload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnfinishedUpload {
    /// The dataset.
    pub dataset: DatasetId,
    /// The file.
    pub file_name: String,
    /// Its size.
    pub size_bytes: u64,
    /// Whether it is a bundled sample, so that nobody must choose the file again.
    pub sample: bool,
    /// Row groups stored.
    pub stored_groups: u32,
    /// Row groups in all.
    pub row_groups: u32,
    /// Seconds since 1970.
    pub started_at: u64,
    /// The dataset that it adds to; `None` where it makes one.
    pub extends: Option<String>,
}

/// A dataset in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetSummary {
    /// The dataset.
    pub dataset: DatasetId,
    /// What the manifest says, or why it cannot be opened.
    pub opened: Result<DatasetHead, Fault>,
    /// Bytes in the cloud.
    pub size_bytes: u64,
    /// Seconds since 1970.
    pub stored_at: u64,
}

/// What a list shows of an opened manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetHead {
    /// Name of the source file.
    pub file_name: String,
    /// Rows.
    pub row_count: u64,
    /// Encrypted columns.
    pub number_columns: u32,
    /// How it is encrypted.
    pub scheme: SchemeView,
}

/// A dataset, its manifest opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetView {
    /// The dataset.
    pub dataset: DatasetId,
    /// What the opened manifest says.
    pub manifest: ManifestView,
    /// Bytes in the cloud.
    pub size_bytes: u64,
    /// A sentence when this browser cannot rule out that an older version was served.
    pub rollback_note: Option<String>,
    /// Whether the source file is at hand in this browser (twin without choosing it again).
    pub source_at_hand: bool,
}

/// What the page shows of a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestView {
    /// Name of the source file.
    pub file_name: String,
    /// Rows that were encrypted.
    pub row_count: u64,
    /// Rows that were skipped because they could not be read.
    pub skipped_row_count: u64,
    /// Seconds since 1970.
    pub created_at: u64,
    /// How it is encrypted.
    pub scheme: SchemeView,
    /// Every column of the source, in file order.
    pub columns: Vec<ColumnView>,
    /// Whether a sealed copy of the source is kept.
    pub has_original: bool,
    /// Every batch of rows, the first one first.
    pub batches: Vec<BatchView>,
    /// Encrypted columns that hold products and indicators for analyses.
    pub derived_columns: u64,
    /// How rows were prepared, and what was decided about columns that looked as if they said who people are: in sentences.
    pub preparation: Vec<String>,
}

/// A batch of rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchView {
    /// Name of its file.
    pub file_name: String,
    /// Rows that were encrypted.
    pub row_count: u64,
    /// Rows that were skipped.
    pub skipped_row_count: u64,
}

/// A column of a dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnView {
    /// Its name.
    pub name: String,
    /// What was done to it.
    pub treatment: TreatmentView,
    /// Its categories, where analyses can group by them.
    pub categories: Vec<String>,
}

/// What was done to a column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TreatmentView {
    /// Encrypted as a number.
    Number(NumberView),
    /// Encrypted as categories.
    Category {
        /// Blank cells.
        missing_count: u64,
    },
    /// Only in the sealed original.
    SealedOriginalOnly,
    /// Did not leave the browser.
    Dropped,
}

/// How a column of numbers is stored; see [`veilsum_protocol::manifest::EncryptedNumber`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberView {
    /// Opaque number of the column with the values.
    pub column: u32,
    /// Opaque number of the column that says which cells are blank; `None` if no cell is.
    pub presence: Option<u32>,
    /// Decimals that were kept.
    pub scale: u32,
    /// Whether any value was rounded to fit the scale.
    pub rounded: bool,
    /// Bound class on the wire; 0 where there is none.
    pub bound_bits: u8,
    /// Blank cells.
    pub missing_count: u64,
}

impl ManifestView {
    /// The encrypted columns with their names, in file order.
    pub fn numbers(&self) -> impl Iterator<Item = (&str, &NumberView)> {
        self.columns.iter().filter_map(|column| match &column.treatment {
            TreatmentView::Number(number) => Some((column.name.as_str(), number)),
            TreatmentView::Category { .. } | TreatmentView::SealedOriginalOnly | TreatmentView::Dropped => {
                None
            }
        })
    }
}

impl From<&Manifest> for ManifestView {
    fn from(manifest: &Manifest) -> Self {
        let treatment = |treatment: &Treatment| match treatment {
            Treatment::Number(number) => TreatmentView::Number(NumberView {
                column: number.column,
                presence: number.presence,
                scale: number.scale,
                rounded: number.rounded,
                bound_bits: if manifest.scheme.multiplies() { 0 } else { number.bound_bits },
                missing_count: number.missing_count,
            }),
            Treatment::Category { missing_count } => {
                TreatmentView::Category { missing_count: *missing_count }
            }
            Treatment::SealedOriginalOnly => TreatmentView::SealedOriginalOnly,
            Treatment::Dropped => TreatmentView::Dropped,
        };
        let column = |column: &veilsum_protocol::manifest::Column| ColumnView {
            name: column.name.clone(),
            treatment: treatment(&column.treatment),
            categories: column.categories.clone(),
        };
        Self {
            file_name: manifest.source.file_name.clone(),
            row_count: manifest.row_count(),
            skipped_row_count: manifest.source.skipped_row_count,
            batches: (0..manifest.batch_count())
                .filter_map(|batch| manifest.batch(batch))
                .map(|source| BatchView {
                    file_name: source.file_name.clone(),
                    row_count: source.row_count,
                    skipped_row_count: source.skipped_row_count,
                })
                .collect(),
            preparation: Vec::new(),
            derived_columns: manifest.derived.iter().map(|derived| derived.limbs.len() as u64).sum(),
            created_at: manifest.created_at,
            scheme: SchemeView::from(&manifest.scheme),
            columns: manifest.columns.iter().map(column).collect(),
            has_original: manifest.original.is_some(),
        }
    }
}

/// An object that the cloud stores.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloudObject {
    /// Key in the bucket.
    pub key: String,
    /// What it is, in words.
    pub what: String,
    /// Bytes.
    pub size_bytes: u64,
    /// Checksum as the cloud knows it.
    pub checksum: Option<String>,
    /// Hex of some of its bytes (of ciphertext, where it holds any).
    pub sample: String,
}

/// What a run would take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunEstimate {
    /// Why it cannot be run, if so.
    pub refused: Option<Fault>,
    /// Row groups that are evaluated; 0 if nothing has to be asked of the cloud.
    pub row_groups: u32,
    /// Bytes that the cloud will read.
    pub read_bytes: u64,
    /// Bytes that will be downloaded.
    pub answer_bytes: u64,
    /// Seconds of work that the functions will need, at the speed of a usual machine.
    pub cloud_seconds: f64,
    /// Price of the functions and the storage in US dollars, by published prices.
    pub price: f64,
    /// What has to be encrypted first, if anything; then it is refused.
    pub needs: Vec<Need>,
}

/// Verified answers to a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnswerView {
    /// Tells it from others of the dataset.
    pub id: String,
    /// Seconds since 1970 at which it was decrypted.
    pub answered_at: u64,
    /// Number of the manifest that it was planned over.
    pub manifest: u64,
    /// Signed certificate to download, JSON.
    pub certificate: String,
    /// Why this browser does not keep it, if so.
    pub not_kept: Option<String>,
    /// The job; `None` if the signed manifest alone had the answer.
    pub job: Option<JobId>,
    /// Rows covered.
    pub row_count: u64,
    /// What was asked.
    pub run: Run,
    /// One per request, in order.
    pub answers: Vec<AnswerValue>,
    /// Seconds per phase: planning, cloud, download, decrypt.
    pub seconds: Vec<(String, f64)>,
    /// Milliseconds of work in the functions.
    pub cloud_milliseconds: u64,
    /// Bytes that the functions read.
    pub read_bytes: u64,
    /// Bytes of the encrypted answer.
    pub answer_bytes: u64,
    /// What the cloud stored of this job.
    pub objects: Vec<CloudObject>,
    /// The plan as sent, pretty-printed JSON.
    pub plan: Option<String>,
    /// The plaintext twin, where the source is at hand.
    pub twin: Option<TwinView>,
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnswerValue {
    /// Sentences, figures, tables and charts.
    pub answer: Answer,
    /// What it rests on.
    pub checked: Checked,
}

/// How an answer was checked before it was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Checked {
    /// Every sum carried a check value that fits exactly the planned rows.
    Verified,
    /// It follows from the signed manifest alone.
    Manifest,
    /// Some partial answers were computed again from the cleartext.
    Spot {
        /// Row groups that were picked, after all partial answers had arrived.
        picked: u32,
        /// Row groups that were covered.
        of: u32,
    },
    /// Nothing but bounds: the cleartext was not at hand.
    Bounds,
}

/// What the browser computes from the cleartext, beside the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TwinView {
    /// One per request, in order.
    pub answers: Vec<Answer>,
    /// What only the cleartext tells, because it is no function of sums: position of the request, what it is, and the
    /// number.
    pub only_here: Vec<(u32, String, f64)>,
    /// Seconds that the browser needed for reading and computing.
    pub seconds: f64,
}

/// What a check of a certificate found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CertificateView {
    /// Seconds since 1970 at which it was signed.
    pub made_at: u64,
    /// Each check in a sentence, and whether it passed.
    pub checks: Vec<(bool, String)>,
    /// What it is about: label and value.
    pub facts: Vec<(String, String)>,
    /// The answers, computed again from its totals.
    pub answers: Vec<Answer>,
}

/// [`Choice`] is internally tagged, which the wire form here has no room for.
mod choice {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use veilsum_table::treat::Choice;

    #[derive(Serialize, Deserialize)]
    pub(super) enum Wire {
        Number(u32),
        Category,
        SealedOriginalOnly,
        Drop,
    }

    impl From<Choice> for Wire {
        fn from(choice: Choice) -> Self {
            match choice {
                Choice::Number { scale } => Self::Number(scale),
                Choice::Category => Self::Category,
                Choice::SealedOriginalOnly => Self::SealedOriginalOnly,
                Choice::Drop => Self::Drop,
            }
        }
    }

    impl From<Wire> for Choice {
        fn from(wire: Wire) -> Self {
            match wire {
                Wire::Number(scale) => Self::Number { scale },
                Wire::Category => Self::Category,
                Wire::SealedOriginalOnly => Self::SealedOriginalOnly,
                Wire::Drop => Self::Drop,
            }
        }
    }

    pub(super) fn serialize<S: Serializer>(choice: &Choice, serializer: S) -> Result<S::Ok, S::Error> {
        Wire::from(*choice).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Choice, D::Error> {
        Wire::deserialize(deserializer).map(Choice::from)
    }
}

/// The same for a list.
mod choices {
    use serde::{Deserialize, Deserializer, Serializer};
    use veilsum_table::treat::Choice;

    use super::choice::Wire;

    pub(super) fn serialize<S: Serializer>(choices: &[Choice], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(choices.iter().map(|choice| Wire::from(*choice)))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Choice>, D::Error> {
        Ok(Vec::<Wire>::deserialize(deserializer)?.into_iter().map(Choice::from).collect())
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn messages_survive_the_crossing() {
        let choices = UploadChoices {
            treatments: vec![Choice::Number { scale: 4 }, Choice::SealedOriginalOnly, Choice::Drop],
            keep_original: true,
            rows_per_group: Some(1_000),
            analyses: Vec::new(),
            engine: Engine::Bfv,
            identifying: vec![1],
        };
        let request = Request { id: 7, command: Command::Estimate(choices.clone()) };
        let read: Request = from_bytes(&to_bytes(&request).unwrap()).unwrap();
        assert!(matches!(read, Request { id: 7, command: Command::Estimate(same) } if same == choices));

        let tenant = TenantId::from_bytes([9; 32]);
        let status = KeyringStatus::Unlocked { tenant, modulus_bits: 3072, kept: true, persisted: false };
        let ready: FromVault = from_bytes(&to_bytes(&FromVault::Ready(status.clone())).unwrap()).unwrap();
        assert!(matches!(ready, FromVault::Ready(same) if same == status));
    }

    #[test]
    fn an_encoded_value_is_opened_by_its_reader_only() {
        let need = Need {
            analysis: "the mean of “LOS”".into(),
            refused: None,
            terms: Vec::new(),
            columns: 1,
            bytes: 2,
            seconds: 0.5,
        };
        let estimate = RunEstimate {
            refused: None,
            row_groups: 1,
            read_bytes: 2,
            answer_bytes: 3,
            cloud_seconds: 0.5,
            price: 0.001,
            needs: vec![need],
        };
        let reply = Reply::RunEstimate(Encoded::of(&estimate));
        let Ok(Reply::RunEstimate(heard)) = from_bytes(&to_bytes(&reply).unwrap()) else {
            panic!("another reply")
        };
        assert_eq!(heard.open(), Some(estimate));
        assert!(!format!("{heard:?}").contains("LOS"));
    }

    #[test]
    fn older_notes_on_an_upload_mean_names_and_a_point() {
        let older = r#"{"skip_ragged_rows":true,"missing_words":[]}"#;
        let options: ReadOptions = serde_json::from_str(older).unwrap();
        assert_eq!((options.first_row_is_data, options.decimal_comma), (Some(false), Some(false)));
        assert_eq!(options.types, Some(Vec::new()));
        let default = ReadOptions::default();
        assert_eq!((default.first_row_is_data, default.types), (None, None));
    }

    #[test]
    fn truncated_messages_are_refused() {
        let bytes = to_bytes(&Request { id: 7, command: Command::ListDatasets }).unwrap();
        assert!(from_bytes::<Request>(&bytes[..bytes.len() - 1]).is_err());
    }
}

//! Certificates: what was computed over what, with the totals that the answers follow from, signed by the owner.
//!
//! ```text
//! { "certificate": { … }, "signature": "hex" }
//! ```
//!
//! Signed are the bytes that [`Certificate::to_bytes`] writes: JSON in one order of fields, without blanks, with
//! numbers as exact text. Whoever holds the file can check the signature and compute the answers again from the totals,
//! without network and keyring. It holds totals over all rows, never the sums of single slots, and of columns that no
//! question is about nothing at all. Of a column that it is about it holds the name, the decimals, the categories, the
//! bins and the centre of its deviations.

use std::collections::BTreeMap;

use num_bigint::BigInt;
use serde::{Deserialize, Serialize};
use veilsum_protocol::manifest::{Column, Manifest, Scheme, Treatment};
use veilsum_protocol::plan::Plan;
use veilsum_protocol::term::Term;
use veilsum_protocol::{DatasetId, Digest, JobId, UploadId};

use crate::answer::Answer;
use crate::error::FinishError;
use crate::plan::Planned;
use crate::request::Request;
use crate::schema::Schema;
use crate::totals::Totals;

/// Newest format version. Version 1 knew one engine.
pub const VERSION: u16 = 2;
/// Largest file that is read.
pub const MAX_BYTES: usize = 16 << 20;

/// What was computed over what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// Format version.
    pub version: u16,
    /// Version of the program that made it.
    pub program: String,
    /// Seconds since 1970-01-01 UTC.
    pub made_at: u64,
    /// The owner's public identity key, 32 bytes in hex.
    pub owner: String,
    /// The dataset.
    pub dataset: DatasetId,
    /// Number of its manifest.
    pub manifest: u64,
    /// SHA-256 of the stored manifest.
    pub manifest_sha256: Digest,
    /// Scheme and public parameters.
    pub scheme: Scheme,
    /// The row groups that were covered.
    pub row_groups: Vec<RowGroup>,
    /// The job, where the cloud computed something.
    pub job: Option<JobId>,
    /// What the cloud was asked to compute.
    pub plan: Option<Plan>,
    /// How the decrypted answer was checked.
    pub verification: Verification,
    /// The columns that the questions are about; others are blanked out, so that positions stay.
    pub columns: Vec<Column>,
    /// The questions.
    pub requests: Vec<Request>,
    /// Rows covered.
    pub row_count: u64,
    /// The total of each term over all rows, as exact integers.
    pub totals: Vec<Total>,
    /// What followed from them.
    pub answers: Vec<Claim>,
}

/// A row group that was covered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowGroup {
    /// Position in the dataset.
    pub index: u32,
    /// Rows.
    pub row_count: u32,
    /// The encryption attempt.
    pub upload: UploadId,
    /// Checksum of the stored object.
    pub checksum: Digest,
}

/// How an answer was checked before it was believed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verification {
    /// Every aggregate carried a check value that fits exactly the planned blocks.
    CheckValues,
    /// It follows from the signed manifest alone.
    Manifest,
    /// The partial answers of some row groups were computed again from the cleartext, after all had arrived. What was
    /// not picked was not checked.
    SpotChecked {
        /// Indices of the row groups that were picked.
        picked: Vec<u32>,
    },
    /// Bounds alone were checked: a dataset that the cloud can multiply has no check values, and the cleartext was not there.
    NotChecked {
        /// Why, in words.
        why: String,
    },
}

/// The total of a term.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Total {
    /// The term.
    pub term: Term,
    /// Its sum over all covered rows, in decimal digits.
    pub sum: String,
}

/// What an answer says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// What was asked, in words.
    pub title: String,
    /// Rows that it rests on.
    pub row_count: u64,
    /// Keys and exact digits; empty where there is no number.
    pub figures: Vec<(String, String)>,
}

/// A certificate with its signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// What is signed.
    pub certificate: Certificate,
    /// Ed25519 signature of [`Certificate::to_bytes`], 64 bytes in hex.
    pub signature: String,
}

/// A file is no certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// It is too large.
    #[error(
        "this file has more than {MAX_BYTES} bytes and is no certificate: choose the file that was downloaded"
    )]
    TooLarge,
    /// It is not JSON of the form.
    #[error(
        "this is no certificate, or one that was changed (line {line}, column {column}): choose the file that was \
         downloaded"
    )]
    Form {
        /// Line of the fault.
        line: usize,
        /// Column of the fault.
        column: usize,
    },
    /// A newer program made it.
    #[error(
        "this certificate has format version {version}, made by a newer version of Veilsum: open it with that"
    )]
    Version {
        /// Version found.
        version: u16,
    },
    /// A total is no integer.
    #[error("a total of this certificate is no integer: it was changed")]
    Total,
    /// The totals do not answer the questions.
    #[error(transparent)]
    Finish(#[from] FinishError),
}

impl Certificate {
    /// Certifies `answers` to what was `planned` over `manifest`, from `totals` that were decrypted and checked as
    /// `verification` says.
    ///
    /// `owner` and `signature` are the caller's to fill in.
    #[must_use]
    pub fn new(
        manifest: &Manifest,
        manifest_sha256: Digest,
        planned: &Planned,
        job: Option<JobId>,
        verification: Verification,
        totals: &Totals,
        answers: &[Answer],
    ) -> Self {
        let plan = planned.plan.clone();
        let is_covered = |index: u32| plan.iter().flat_map(|plan| &plan.row_groups).any(|g| g.index == index);
        let row_groups = manifest.row_groups.iter().filter(|group| is_covered(group.index));
        let sum =
            |term: &Term| Total { term: term.clone(), sum: totals.sum(term).unwrap_or_default().to_string() };
        let totals = planned.terms().into_iter().map(sum).collect();
        Self {
            version: VERSION,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            made_at: 0,
            owner: String::new(),
            dataset: manifest.dataset,
            manifest: manifest.sequence,
            manifest_sha256,
            scheme: manifest.scheme.clone(),
            row_groups: row_groups
                .map(|group| RowGroup {
                    index: group.index,
                    row_count: group.row_count,
                    upload: group.upload,
                    checksum: group.checksum(),
                })
                .collect(),
            job,
            verification,
            plan,
            columns: blanked(&manifest.columns, planned),
            requests: planned.requests().to_vec(),
            row_count: planned.row_count,
            totals,
            answers: answers.iter().map(claim).collect(),
        }
    }

    /// The bytes that are signed.
    ///
    /// # Panics
    /// Never: all keys are strings, and no number is a float.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("strings and integers always serialise")
    }

    /// Computes the answers again.
    ///
    /// # Errors
    /// [`CertificateError`] if the totals do not answer the questions.
    pub fn recompute(&self) -> Result<Vec<Answer>, CertificateError> {
        let mut sums = BTreeMap::new();
        for total in &self.totals {
            let sum: BigInt = total.sum.parse().map_err(|_| CertificateError::Total)?;
            sums.insert(total.term.clone(), sum);
        }
        let totals = Totals::new(self.row_count, sums);
        let schema = Schema::new(&self.columns);
        Ok(self.requests.iter().map(|request| request.finish(schema, &totals)).collect::<Result<_, _>>()?)
    }

    /// Whether answers say what the certificate claims.
    #[must_use]
    pub fn claims(&self, answers: &[Answer]) -> bool {
        answers.iter().map(claim).eq(self.answers.iter().cloned())
    }
}

impl Signed {
    /// The file.
    ///
    /// # Panics
    /// Never: all keys are strings, and no number is a float.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("strings and integers always serialise")
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn from_json(text: &str) -> Result<Self, CertificateError> {
        /// Read first, so that a newer format is named as such.
        #[derive(Deserialize)]
        struct Versioned {
            certificate: Version,
        }
        #[derive(Deserialize)]
        struct Version {
            version: u16,
        }
        if text.len() > MAX_BYTES {
            return Err(CertificateError::TooLarge);
        }
        let form =
            |error: serde_json::Error| CertificateError::Form { line: error.line(), column: error.column() };
        let Versioned { certificate: Version { version } } = serde_json::from_str(text).map_err(form)?;
        if version > VERSION {
            return Err(CertificateError::Version { version });
        }
        serde_json::from_str(text).map_err(form)
    }
}

fn claim(answer: &Answer) -> Claim {
    let figures = answer.figures.iter().map(|figure| {
        let exact = figure.value.as_ref().map_or_else(String::new, |value| value.exact.clone());
        (figure.key.clone(), exact)
    });
    Claim { title: answer.title.clone(), row_count: answer.row_count, figures: figures.collect() }
}

/// The columns with nothing left of those that no term is about.
fn blanked(columns: &[Column], planned: &Planned) -> Vec<Column> {
    let schema = Schema::new(columns);
    let used: Vec<u32> = planned.requests().iter().flat_map(|request| request.columns(schema)).collect();
    let blank = |(at, column): (u32, &Column)| {
        if used.contains(&at) { column.clone() } else { Column::new(String::new(), Treatment::Dropped) }
    };
    (0..).zip(columns).map(blank).collect()
}

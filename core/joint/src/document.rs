//! Canonical JSON documents: one thing has one text, so that it has one digest.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Why bytes are not the document that was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// There are more bytes than a document of this kind has.
    #[error("{what} has at most {most} bytes; these are {actual}")]
    TooLong {
        /// What was expected.
        what: &'static str,
        /// Bytes it may have.
        most: usize,
        /// Bytes there are.
        actual: usize,
    },
    /// The bytes are something else.
    #[error("these bytes are not {what}")]
    Other {
        /// What was expected.
        what: &'static str,
    },
    /// The version is one that this build does not know.
    #[error(
        "{what} has format version {actual}, made by a newer version of Veilsum; this one reads up to {newest}"
    )]
    UnknownVersion {
        /// What was expected.
        what: &'static str,
        /// Version found.
        actual: u32,
        /// Newest version known.
        newest: u32,
    },
    /// A part is missing or of another form.
    #[error("{what} has a part that cannot be read, at line {line}, column {column}")]
    Unreadable {
        /// What was expected.
        what: &'static str,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// The same document is written in other bytes.
    #[error("{what} is not written in the one way that it is written: load the page again")]
    NotCanonical {
        /// What was expected.
        what: &'static str,
    },
    /// A field holds what it may not.
    #[error("{what}: {field} must be {allowed}")]
    OutOfRange {
        /// What was expected.
        what: &'static str,
        /// The field.
        field: &'static str,
        /// What it may be.
        allowed: &'static str,
    },
}

/// What a kind of document calls itself.
pub(crate) struct Format {
    /// For people.
    pub(crate) what: &'static str,
    /// Its name in the document.
    pub(crate) name: &'static str,
    /// Newest version.
    pub(crate) version: u32,
    /// Most bytes.
    pub(crate) most_bytes: usize,
}

/// Read first, so that a newer format is named as such.
#[derive(Deserialize)]
struct Head {
    format: String,
    version: u32,
}

#[derive(Serialize)]
struct Written<'a, T> {
    format: &'a str,
    version: u32,
    content: &'a T,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read<T> {
    #[serde(rename = "format")]
    _format: String,
    #[serde(rename = "version")]
    _version: u32,
    content: T,
}

impl Format {
    /// The bytes of a document with this content, whose maps have text as keys.
    pub(crate) fn write(&self, content: &impl Serialize) -> Vec<u8> {
        let written = Written { format: self.name, version: self.version, content };
        serde_json::to_vec(&written).expect("all keys are text")
    }

    /// The content of a document, which [`Self::write`] would write in the same bytes.
    pub(crate) fn read<T: Serialize + DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, DocumentError> {
        let what = self.what;
        if bytes.len() > self.most_bytes {
            return Err(DocumentError::TooLong { what, most: self.most_bytes, actual: bytes.len() });
        }
        let head: Head = serde_json::from_slice(bytes).map_err(|_| DocumentError::Other { what })?;
        if head.format != self.name {
            return Err(DocumentError::Other { what });
        }
        if head.version == 0 || head.version > self.version {
            return Err(DocumentError::UnknownVersion { what, actual: head.version, newest: self.version });
        }
        let Read::<T> { content, .. } = serde_json::from_slice(bytes).map_err(|fault| {
            DocumentError::Unreadable { what, line: fault.line(), column: fault.column() }
        })?;
        if self.write(&content) == bytes { Ok(content) } else { Err(DocumentError::NotCanonical { what }) }
    }
}

//! A model as bytes: canonical JSON, so that one model has one digest.
//!
//! ```text
//! {"format":"veilsum-model","version":1,"features":[…],"family":{"kind":"linear",…},
//!  "output_scale":{"decimal":0,"binary":40},"card":{…}}
//! ```
//!
//! Fields stand in the order of the types, without white space. Weights are integers of 64 bits; wider integers and the
//! floats of the card are text.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Card, Family, Model, ModelError};
use crate::feature::Feature;
use crate::scale::Scale;

/// What the format calls itself.
pub const FORMAT: &str = "veilsum-model";
/// Newest version of the format.
pub const VERSION: u32 = 1;
/// Most bytes of a model.
pub const MAX_BYTES: usize = 8 << 20;

/// Why bytes are no model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// There are more bytes than a model has.
    #[error("a model has at most {MAX_BYTES} bytes; these are {actual}")]
    TooLong {
        /// Bytes there are.
        actual: usize,
    },
    /// The bytes are something else.
    #[error("these bytes are not a Veilsum model")]
    NotAModel,
    /// The version is one that this build does not know.
    #[error(
        "this model has format version {actual}, made by a newer version of Veilsum; this one reads up to {VERSION}"
    )]
    UnknownVersion {
        /// Version found.
        actual: u32,
    },
    /// The bytes are a model of this version with a part that does not exist or is missing.
    #[error("the model has a part that cannot be read, at line {line}, column {column}")]
    Unreadable {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// The same model is written in other bytes.
    #[error("the model is not written in the one way that models are written: export it again")]
    NotCanonical,
    /// The parts are no model.
    #[error("the model is not sound: {0}")]
    Model(#[from] ModelError),
}

#[derive(Deserialize)]
struct Head {
    format: String,
    version: u32,
}

#[derive(Serialize)]
struct Written<'a> {
    format: &'a str,
    version: u32,
    features: &'a [Feature],
    family: &'a Family,
    output_scale: Scale,
    card: &'a Card,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    #[serde(rename = "format")]
    _format: String,
    #[serde(rename = "version")]
    _version: u32,
    features: Vec<Feature>,
    family: Family,
    output_scale: Scale,
    card: Card,
}

impl Model {
    /// The bytes of the format above.
    ///
    /// # Panics
    /// Never: all maps have text as keys.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let written = Written {
            format: FORMAT,
            version: VERSION,
            features: &self.features,
            family: &self.family,
            output_scale: self.output_scale,
            card: &self.card,
        };
        serde_json::to_vec(&written).expect("all keys are text")
    }

    /// Reads exactly what [`Self::to_bytes`] writes, and checks it as [`Self::new`] does.
    ///
    /// # Errors
    /// [`FormatError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FormatError> {
        if bytes.len() > MAX_BYTES {
            return Err(FormatError::TooLong { actual: bytes.len() });
        }
        let head: Head = serde_json::from_slice(bytes).map_err(|_| FormatError::NotAModel)?;
        if head.format != FORMAT {
            return Err(FormatError::NotAModel);
        }
        if head.version == 0 || head.version > VERSION {
            return Err(FormatError::UnknownVersion { actual: head.version });
        }
        let read: Read = serde_json::from_slice(bytes)
            .map_err(|fault| FormatError::Unreadable { line: fault.line(), column: fault.column() })?;
        let model = Self::new(read.features, read.family, read.output_scale, read.card)?;
        if model.to_bytes() == bytes { Ok(model) } else { Err(FormatError::NotCanonical) }
    }

    /// SHA-256 of [`Self::to_bytes`]: the model's name in queries.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.to_bytes()).into()
    }
}

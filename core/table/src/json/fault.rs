//! What can be wrong with a JSON record, in words.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::place::Place;
use crate::words::{as_count, grouped};

/// Characters of a field's name in a message.
const NAMED_CHARACTERS: usize = 80;

/// Why a JSON record cannot be used. It names fields, never values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum JsonFault {
    /// It is not JSON.
    Syntax {
        /// Byte of the record, from 1, at which that shows.
        byte: usize,
    },
    /// It is neither an object nor a list, but a number, a text or the like.
    NotARecord,
    /// Some records are objects and some lists.
    MixedRecords,
    /// A field occurs twice.
    RepeatedField {
        /// Its path.
        name: String,
    },
    /// None of the first records had this field.
    UnknownField {
        /// Its path.
        name: String,
    },
    /// A list has too many elements.
    TooManyElements {
        /// Path of the list.
        name: String,
        /// Most elements.
        maximum: usize,
    },
    /// The first records have too many fields.
    TooManyColumns {
        /// Fields so far.
        actual: usize,
        /// Most columns.
        maximum: usize,
    },
    /// Too many objects and lists are inside each other.
    TooDeep {
        /// Most of them.
        maximum: usize,
    },
    /// It is too long.
    TooLong {
        /// Most bytes.
        maximum: usize,
    },
    /// The file ends inside it.
    CutOff,
    /// Something else than a comma or the end of the list is between two records.
    NoComma,
    /// The list of records ends, and the file goes on.
    TextAfterList,
}

impl JsonFault {
    pub(super) fn repeated(name: &str) -> Self {
        Self::RepeatedField { name: shown(name) }
    }

    pub(super) fn unknown(name: &str) -> Self {
        Self::UnknownField { name: shown(name) }
    }

    pub(super) fn too_many_elements(name: &str, maximum: usize) -> Self {
        Self::TooManyElements { name: shown(name), maximum }
    }

    /// The sentence of an error, with what to do.
    pub(crate) fn sentence(&self, place: Place) -> String {
        let step = match self {
            Self::Syntax { .. } | Self::RepeatedField { .. } | Self::NotARecord | Self::MixedRecords => {
                "Correct the record, or choose to skip such rows."
            }
            Self::UnknownField { .. } | Self::TooManyElements { .. } => {
                "Remove it or put such a record first, or choose to skip such rows."
            }
            Self::TooManyColumns { .. } => "Remove fields that are not needed.",
            Self::TooDeep { .. } => "Flatten the records and choose the file again.",
            Self::TooLong { .. } => {
                "If the rows are in a list inside of a larger object, save that list alone and choose it."
            }
            Self::CutOff => "Copy or download the file again.",
            Self::NoComma | Self::TextAfterList => "Correct the file and choose it again.",
        };
        format!("The JSON record of {place} cannot be read: {self}. {step}")
    }
}

/// `it is not JSON from its byte 7 on`.
impl fmt::Display for JsonFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |maximum: usize| grouped(as_count(maximum));
        match self {
            Self::Syntax { byte } => write!(f, "it is not JSON from its byte {} on", count(*byte)),
            Self::NotARecord => f.write_str("it is neither an object nor a list"),
            Self::MixedRecords => f.write_str("some records are objects and some are lists"),
            Self::RepeatedField { name } => write!(f, "the field \"{name}\" occurs twice"),
            Self::UnknownField { name } => {
                write!(f, "it has a field \"{name}\", which none of the first records has")
            }
            Self::TooManyElements { name, maximum } => {
                write!(f, "the list \"{name}\" has more than {} elements", count(*maximum))
            }
            Self::TooManyColumns { actual, maximum } => {
                write!(f, "it has {} fields and at most {} can be read", count(*actual), count(*maximum))
            }
            Self::TooDeep { maximum } => {
                write!(f, "more than {} objects and lists are inside each other", count(*maximum))
            }
            Self::TooLong { maximum } => write!(f, "it is longer than {} bytes", count(*maximum)),
            Self::CutOff => f.write_str("the file ends in the middle of it"),
            Self::NoComma => f.write_str("there is no comma before it"),
            Self::TextAfterList => f.write_str("the list of records has ended before it"),
        }
    }
}

fn shown(name: &str) -> String {
    match name.char_indices().nth(NAMED_CHARACTERS) {
        None => name.to_owned(),
        Some((end, _)) => format!("{}…", &name[..end]),
    }
}

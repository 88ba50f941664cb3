//! What was found in a file, or chosen by its owner, and why.

use serde::{Deserialize, Serialize};

/// What was found in a file, or chosen by its owner, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found<T> {
    /// What was found.
    pub value: T,
    /// Why, in words.
    pub reason: String,
    /// Whether the owner should look at it, because the file may mean something else.
    pub is_doubtful: bool,
}

impl<T> Found<T> {
    pub(crate) fn surely(value: T, reason: &str) -> Self {
        Self { value, reason: reason.to_owned(), is_doubtful: false }
    }

    pub(crate) fn perhaps(value: T, reason: String) -> Self {
        Self { value, reason, is_doubtful: true }
    }

    /// What the owner chose.
    pub(crate) fn chosen(value: T) -> Self {
        Self::surely(value, "chosen by you")
    }
}

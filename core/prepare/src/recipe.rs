//! Ordered steps as a file.

use serde::{Deserialize, Serialize};

use crate::error::RecipeError;
use crate::step::Step;

/// Most steps.
pub const MAX_STEPS: usize = 100;
/// Most bytes of a recipe file.
pub const MAX_RECIPE_BYTES: usize = 1 << 20;
/// What a recipe file says that it is.
const FORMAT: &str = "veilsum-recipe";
/// Newest version that is read, and the one that is written.
const VERSION: u32 = 1;

/// Ordered steps: parameters, and nothing that was learnt from rows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Recipe {
    /// In the order in which they are applied.
    pub steps: Vec<Step>,
}

impl Recipe {
    /// As a file: JSON with format and version.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "keys are strings, and no part fails")]
    pub fn to_json(&self) -> String {
        let file = File { format: FORMAT.to_owned(), version: VERSION, content: self };
        serde_json::to_string_pretty(&file).expect("keys are strings, and no part fails")
    }

    /// Reads a file. Whether the steps fit a table is checked by [`crate::Runner::new`].
    ///
    /// # Errors
    /// [`RecipeError`] for anything but a recipe.
    pub fn from_json(bytes: &[u8]) -> Result<Self, RecipeError> {
        let recipe: Self = read(bytes, MAX_RECIPE_BYTES, FORMAT, "recipe", VERSION)?;
        match recipe.steps.len() {
            0..=MAX_STEPS => Ok(recipe),
            actual => Err(RecipeError::TooManySteps { actual, limit: MAX_STEPS }),
        }
    }
}

/// A file of this crate.
#[derive(Serialize, Deserialize)]
pub(crate) struct File<T> {
    pub(crate) format: String,
    pub(crate) version: u32,
    #[serde(flatten)]
    pub(crate) content: T,
}

#[derive(Deserialize)]
struct Head {
    format: String,
    version: u32,
}

/// Reads a file of this format, at most as new as `known`.
pub(crate) fn read<T: for<'a> Deserialize<'a>>(
    bytes: &[u8],
    limit: usize,
    format: &str,
    expected: &'static str,
    known: u32,
) -> Result<T, RecipeError> {
    if bytes.len() > limit {
        return Err(RecipeError::TooLong { actual: bytes.len(), limit });
    }
    let malformed =
        |error: serde_json::Error| RecipeError::Malformed { line: error.line(), column: error.column() };
    let head: Head = serde_json::from_slice(bytes).map_err(|error| {
        if error.is_data() { RecipeError::OtherFormat { expected } } else { malformed(error) }
    })?;
    if head.format != format {
        return Err(RecipeError::OtherFormat { expected });
    }
    if head.version > known {
        return Err(RecipeError::NewerVersion { actual: head.version, known });
    }
    serde_json::from_slice(bytes).map_err(malformed)
}

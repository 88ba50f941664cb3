//! A recipe with what its steps have learnt, so that the next batch is prepared with the same numbers.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::RecipeError;
use crate::recipe::{File, MAX_STEPS, Recipe, read};
use crate::step::scale::Line;

/// Most bytes of a file.
pub const MAX_FITTED_BYTES: usize = 16 << 20;
const FORMAT: &str = "veilsum-fitted-recipe";
const VERSION: u32 = 1;

/// A recipe and what each of its steps has learnt.
///
/// It holds statistics (means, quantiles, bounds, categories) and no rows: steps that compare rows with each other do so
/// anew within each batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fitted {
    recipe: Recipe,
    learnt: Vec<Learnt>,
}

/// What a step has learnt from the rows that it was made on.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Learnt {
    /// The step goes by its parameters alone, or learns anew from each batch.
    Nothing,
    /// What blank cells of each column are filled with; `None` for a column that was blank.
    Fillings {
        /// For each column of the step.
        cells: Vec<Option<String>>,
    },
    /// What becomes of the numbers of each column.
    Lines {
        /// For each column of the step.
        lines: Vec<Line>,
    },
    /// From where to where the numbers of each column are no outliers.
    Ranges {
        /// For each column of the step; `None` for a column that was blank.
        ranges: Vec<Option<(Exact, Exact)>>,
    },
    /// The edges of the bins of each column, ascending.
    Edges {
        /// For each column of the step; empty for a column that was blank.
        edges: Vec<Vec<Exact>>,
    },
    /// The categories of each column, in alphabetical order, blank last.
    Categories {
        /// For each column of the step.
        categories: Vec<Vec<String>>,
    },
    /// The forms of dates of each column; `None` where it is not one of dates.
    DateForms {
        /// For each column of the step.
        forms: Vec<Option<veilsum_anonymise::date::DateFormat>>,
    },
}

/// A finite number that survives a file to the last bit: as the shortest text that reads as it.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Exact(pub f64);

impl From<Exact> for String {
    fn from(number: Exact) -> Self {
        number.0.to_string()
    }
}

/// The text is no finite number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a finite number")]
pub struct NotFinite;

impl TryFrom<String> for Exact {
    type Error = NotFinite;

    fn try_from(text: String) -> Result<Self, NotFinite> {
        text.parse().ok().filter(|number: &f64| number.is_finite()).map(Self).ok_or(NotFinite)
    }
}

impl Fitted {
    pub(crate) fn new(recipe: Recipe, learnt: Vec<Learnt>) -> Self {
        Self { recipe, learnt }
    }

    /// The recipe.
    #[must_use]
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// What each step has learnt, in their order.
    #[must_use]
    pub fn learnt(&self) -> &[Learnt] {
        &self.learnt
    }

    /// As a file: JSON with format and version.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "keys are strings, and no part fails")]
    pub fn to_json(&self) -> String {
        let file = File { format: FORMAT.to_owned(), version: VERSION, content: self };
        serde_json::to_string_pretty(&file).expect("keys are strings, and no part fails")
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`RecipeError`] for anything but a recipe with what its steps have learnt.
    pub fn from_json(bytes: &[u8]) -> Result<Self, RecipeError> {
        let fitted: Self = read(bytes, MAX_FITTED_BYTES, FORMAT, "fitted recipe", VERSION)?;
        let actual = fitted.recipe.steps.len();
        if actual > MAX_STEPS {
            return Err(RecipeError::TooManySteps { actual, limit: MAX_STEPS });
        }
        if actual != fitted.learnt.len() {
            return Err(RecipeError::LearntMismatch);
        }
        Ok(fitted)
    }
}

/// Says of how many columns; what was learnt stays out of logs.
impl fmt::Debug for Learnt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, columns) = match self {
            Self::Nothing => ("Nothing", 0),
            Self::Fillings { cells } => ("Fillings", cells.len()),
            Self::Lines { lines } => ("Lines", lines.len()),
            Self::Ranges { ranges } => ("Ranges", ranges.len()),
            Self::Edges { edges } => ("Edges", edges.len()),
            Self::Categories { categories } => ("Categories", categories.len()),
            Self::DateForms { forms } => ("DateForms", forms.len()),
        };
        f.debug_struct(name).field("columns", &columns).finish_non_exhaustive()
    }
}

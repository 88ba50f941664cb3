//! What identifies directly is replaced by consistent fakes.

use serde::{Deserialize, Serialize};
use veilsum_anonymise::pseudonym::{Locale, Treatment};

/// Replaces cells of columns by pseudonyms under the key of a study. The secret is not part of the recipe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Pseudonymise {
    /// The study: another study has other fakes.
    pub study: String,
    /// Columns, and what becomes of them; the others stay.
    pub columns: Vec<Treated>,
    /// Columns that together say who it is, such as a patient number.
    #[serde(default)]
    pub person: Vec<String>,
    /// Dates are shifted by at most so many days.
    #[serde(default = "usual_shift")]
    pub shift_days: u16,
    /// Where names come from.
    #[serde(default)]
    pub locale: Locale,
}

/// A column and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Treated {
    /// Its name.
    pub column: String,
    /// What its cells become.
    pub treatment: Treatment,
}

fn usual_shift() -> u16 {
    30
}

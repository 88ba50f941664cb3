//! Names of people.

use serde::{Deserialize, Serialize};

use super::{Person, Pseudonymiser, is_blank, labels, normalised, words};

/// Where fake names and streets come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Locale {
    /// English.
    #[default]
    English,
    /// French.
    French,
    /// German.
    German,
    /// Italian.
    Italian,
}

impl Locale {
    pub(crate) fn given_names(self) -> &'static str {
        match self {
            Self::English => words::GIVEN_EN,
            Self::French => words::GIVEN_FR,
            Self::German => words::GIVEN_DE,
            Self::Italian => words::GIVEN_IT,
        }
    }

    pub(crate) fn family_names(self) -> &'static str {
        match self {
            Self::English => words::FAMILY_EN,
            Self::French => words::FAMILY_FR,
            Self::German => words::FAMILY_DE,
            Self::Italian => words::FAMILY_IT,
        }
    }
}

impl Pseudonymiser {
    /// The person's fake given name, in the case of the cell. Blank stays blank.
    #[must_use]
    pub fn given_name(&self, person: &Person, cell: &str) -> String {
        in_case_of(cell, person.draw(labels::GIVEN).pick(&self.given_names))
    }

    /// The person's fake family name, in the case of the cell. Blank stays blank.
    #[must_use]
    pub fn family_name(&self, person: &Person, cell: &str) -> String {
        in_case_of(cell, person.draw(labels::FAMILY).pick(&self.family_names))
    }

    /// Given and family name, in the order of the cell (`Lovelace, Ada` stays family name first), with a second given
    /// name where the cell has at least three words.
    #[must_use]
    pub fn full_name(&self, person: &Person, cell: &str) -> String {
        let given = self.given_name(person, cell);
        let family = self.family_name(person, cell);
        let given = if normalised(cell).split(' ').count() > 2 {
            let middle = person.draw(labels::MIDDLE).pick(&self.given_names);
            format!("{given} {}", in_case_of(cell, middle))
        } else {
            given
        };
        match (is_blank(cell), cell.contains(',')) {
            (true, _) => String::new(),
            (false, true) => format!("{family}, {given}"),
            (false, false) => format!("{given} {family}"),
        }
    }
}

fn in_case_of(cell: &str, name: &str) -> String {
    let letters: Vec<char> = cell.chars().filter(|c| c.is_alphabetic()).collect();
    if is_blank(cell) {
        String::new()
    } else if !letters.is_empty() && letters.iter().all(|c| c.is_uppercase()) {
        name.to_uppercase()
    } else if !letters.is_empty() && letters.iter().all(|c| c.is_lowercase()) {
        name.to_lowercase()
    } else {
        name.to_owned()
    }
}

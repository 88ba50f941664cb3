//! What is known of a public table by the names of its columns: what they mean, and what is best done with them.

use serde::Deserialize;

use crate::decimal::Decimal;
use crate::profile::{ColumnProfile, Profile};
use crate::treat::{Choice, Room, propose};
use crate::types::ColumnType;

const TABLES: [&str; 1] = [include_str!("preset/vha-pancreatitis.json")];

/// A table that is known.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Preset {
    /// What it is called.
    pub name: String,
    /// What it holds, in a sentence or two.
    pub about: String,
    /// Its columns.
    pub columns: Vec<PresetColumn>,
}

/// A column of a table that is known.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PresetColumn {
    /// Its name.
    pub name: String,
    /// What it holds, in words.
    pub meaning: String,
    /// What its cells mean.
    #[serde(rename = "type", deserialize_with = "column_type")]
    pub column_type: ColumnType,
    /// What is best done with it.
    pub treatment: Treatment,
    /// Why, where that is not plain.
    pub why: Option<String>,
    /// The smallest and the largest number that it should hold.
    pub range: Option<[i64; 2]>,
}

/// What is best done with a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Treatment {
    /// Encrypt it as a number.
    Number,
    /// Leave it out.
    Drop,
}

/// The preset of which `header` has every column, in capitals or not and in any order.
#[must_use]
pub fn find(header: &[String]) -> Option<Preset> {
    TABLES
        .iter()
        .filter_map(|table| serde_json::from_str::<Preset>(table).ok())
        .find(|preset| preset.columns.iter().all(|column| header.iter().any(|name| is_called(column, name))))
}

fn is_called(column: &PresetColumn, name: &str) -> bool {
    column.name.eq_ignore_ascii_case(name.trim())
}

impl Preset {
    /// What is known of a column of that name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&PresetColumn> {
        self.columns.iter().find(|column| is_called(column, name))
    }

    /// The types of all columns of `header`; of a column that is not known, as it stands.
    #[must_use]
    pub fn types(&self, header: &[String]) -> Vec<ColumnType> {
        let known = |name: &String| self.column(name).map(|column| column.column_type.clone());
        header.iter().map(|name| known(name).unwrap_or(ColumnType::Plain)).collect()
    }

    /// What is best done with each column of `profile`; with one that is not known, what [`propose`] says.
    #[must_use]
    pub fn choices(&self, profile: &Profile, room: Room) -> Vec<Choice> {
        let choice = |column: &ColumnProfile| match self.column(&column.name).map(|known| known.treatment) {
            Some(Treatment::Drop) => Choice::Drop,
            Some(Treatment::Number) | None => propose(column, room).choice,
        };
        profile.columns.iter().map(choice).collect()
    }

    /// Sentences on columns that hold what they should not: the file may be another one of the same names.
    #[must_use]
    pub fn doubts(&self, profile: &Profile) -> Vec<String> {
        profile.columns.iter().filter_map(|column| self.doubt(column)).collect()
    }

    fn doubt(&self, column: &ColumnProfile) -> Option<String> {
        let known = self.column(&column.name)?;
        let [low, high] = known.range?;
        let whole = |bound: i64| Decimal::new(bound.into(), 0);
        match (column.min, column.max) {
            (Some(min), Some(max)) if min >= whole(low) && max <= whole(high) => None,
            (Some(min), Some(max)) => Some(format!(
                "Column \"{}\" ({}) holds numbers from {min} to {max}, and {low} to {high} are expected.",
                column.name, known.meaning
            )),
            (_, _) => Some(format!(
                "Column \"{}\" ({}) holds something else than numbers.",
                column.name, known.meaning
            )),
        }
    }
}

/// A type by its name alone.
fn column_type<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<ColumnType, D::Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Name {
        Plain,
        Identifier,
    }
    Ok(match Name::deserialize(deserializer)? {
        Name::Plain => ColumnType::Plain,
        Name::Identifier => ColumnType::Identifier,
    })
}

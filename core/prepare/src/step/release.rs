//! What identifies together is generalised until every class satisfies the models.

mod run;

use serde::{Deserialize, Serialize};
use veilsum_anonymise::date::DateFormat;
use veilsum_anonymise::hierarchy::NumberLevels;

use crate::error::StepError;
use crate::schema::Schema;
use crate::stage::Stage;

/// Most rows that the step takes.
pub const ROW_LIMIT: usize = 200_000;

/// Generalises quasi-identifiers. It comes last: only columns may be left out or replaced by pseudonyms after it, and no rows
/// may be made up before, as they would count as people. Each batch is released for itself: whoever sees two releases of the same people may
/// learn more than either tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Release {
    /// Columns that somebody could know from elsewhere.
    pub quasi_identifiers: Vec<QuasiIdentifier>,
    /// What every class must be like; at least one.
    pub models: Vec<Model>,
    /// How.
    pub method: Method,
    /// Probability of being found from which a row counts as at risk, above 0 and at most 1; usually 0.2.
    pub risk_threshold: f64,
}

/// A column that is generalised.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct QuasiIdentifier {
    /// Its name.
    pub column: String,
    /// How its cells become vaguer.
    pub generalise: Generalise,
}

/// How cells become vaguer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Generalise {
    /// By what the cells are: dates, numbers or categories.
    Automatic,
    /// Numbers in intervals; without levels, such as fit the column.
    Numbers {
        /// Widths of the intervals.
        #[serde(default)]
        levels: Option<NumberLevels>,
    },
    /// Days become months, quarters, years, decades.
    Dates {
        /// How they are written; without, as fits all cells.
        #[serde(default)]
        format: Option<DateFormat>,
    },
    /// Postcodes, masked from the end.
    Postcodes,
    /// Rare categories together.
    Categories,
    /// An own hierarchy: a CSV file with the cell first, then ever vaguer groups.
    Hierarchy {
        /// The file.
        csv: String,
        /// What separates its cells: one ASCII letter.
        delimiter: char,
    },
}

/// A demand on every class of rows that are published alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Model {
    /// At least k rows.
    KAnonymity {
        /// Rows, from 1.
        k: u32,
    },
    /// At least l different sensitive values.
    DistinctDiversity {
        /// The sensitive column.
        column: String,
        /// Values.
        l: u32,
    },
    /// An entropy of at least ln l.
    EntropyDiversity {
        /// The sensitive column.
        column: String,
        /// From 1.
        l: f64,
    },
    /// The most frequent value less than c times as frequent as those from the l-th together.
    RecursiveDiversity {
        /// The sensitive column.
        column: String,
        /// Times.
        c: f64,
        /// From which value on.
        l: u32,
    },
    /// Shares of sensitive values at most t away from those of the whole table.
    Closeness {
        /// The sensitive column.
        column: String,
        /// From 0 to 1.
        t: f64,
        /// Whether values are numbers whose order counts.
        ordered: bool,
    },
}

/// How a generalisation is found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Method {
    /// Cuts the table in two as long as both parts satisfy the models: little loss, no row is left out.
    Partition,
    /// The best combination of one level for each whole column.
    Search {
        /// Largest share of rows that may be left out, from 0 to 1.
        suppression: f64,
    },
}

impl Release {
    /// Quasi-identifiers, then sensitive columns; each once.
    pub(super) fn columns(&self) -> Vec<&String> {
        let mut names: Vec<&String> = self.quasi_identifiers.iter().map(|quasi| &quasi.column).collect();
        for name in self.models.iter().filter_map(Model::sensitive) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    pub(crate) fn check(&self, schema: &mut Schema) -> Result<(), StepError> {
        let quasi: Vec<String> = self.quasi_identifiers.iter().map(|quasi| quasi.column.clone()).collect();
        schema.check(&quasi)?;
        for name in self.models.iter().filter_map(Model::sensitive) {
            schema.check_one(name)?;
        }
        if !(self.risk_threshold > 0.0 && self.risk_threshold <= 1.0) {
            return Err(StepError::Parameter { name: "risk threshold", allowed: "above 0 and at most 1" });
        }
        let is_delimiter = |quasi: &QuasiIdentifier| match &quasi.generalise {
            Generalise::Hierarchy { delimiter, .. } => delimiter.is_ascii(),
            Generalise::Automatic
            | Generalise::Numbers { .. }
            | Generalise::Dates { .. }
            | Generalise::Postcodes
            | Generalise::Categories => true,
        };
        if !self.quasi_identifiers.iter().all(is_delimiter) {
            return Err(StepError::Parameter {
                name: "delimiter of a hierarchy",
                allowed: "one ASCII letter",
            });
        }
        if schema.has_made_rows {
            return Err(StepError::ReleaseOfMadeRows);
        }
        quasi.iter().for_each(|name| schema.plain(name));
        schema.released = Some(quasi);
        Ok(())
    }

    pub(crate) fn build(&self, schema: &Schema) -> Result<Box<dyn Stage>, StepError> {
        run::build(self, schema)
    }
}

impl Model {
    fn sensitive(&self) -> Option<&String> {
        match self {
            Self::KAnonymity { .. } => None,
            Self::DistinctDiversity { column, .. }
            | Self::EntropyDiversity { column, .. }
            | Self::RecursiveDiversity { column, .. }
            | Self::Closeness { column, .. } => Some(column),
        }
    }
}

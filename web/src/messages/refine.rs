//! What the screens that prepare a table and the vault say to each other. All of it travels as
//! [`Encoded`](super::Encoded): the first module of the page need not know it.

use serde::{Deserialize, Serialize};

use super::TableView;

/// What is asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Ask {
    /// → [`Told::State`].
    State,
    /// Prepares the rows of the open table, as they are in its file, by a recipe; one without steps leaves them so. Events:
    /// [`Event::Refining`](super::Event::Refining), [`Event::TableChanged`](super::Event::TableChanged). →
    /// [`Told::State`].
    Apply {
        /// As `veilsum_prepare::Recipe` is written in JSON.
        recipe: String,
    },
    /// Tells what a recipe would do; nothing changes. Events: [`Event::Refining`](super::Event::Refining). →
    /// [`Told::Reports`].
    Preview {
        /// As `veilsum_prepare::Recipe` is written in JSON.
        recipe: String,
    },
    /// Makes rows ready to be looked at. Events: [`Event::Refining`](super::Event::Refining). → [`Told::RowsHead`].
    OpenRows(Which),
    /// Some rows, once they are ready; fewer at the end. → [`Told::Rows`].
    Rows {
        /// Of the file, or as they were prepared.
        which: Which,
        /// The first of them, from 0.
        first: u64,
        /// How many, at most 1,000.
        count: u32,
    },
    /// The prepared rows as a file to save. → [`Told::File`].
    SaveRows,
    /// What columns of the file look like, where that says who people are. → [`Told::Findings`].
    Findings,
    /// Stops what runs. → [`Told::Done`].
    Cancel,
}

/// Which rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Which {
    /// As they stand in the file.
    File,
    /// As they were prepared.
    Prepared,
}

/// What is answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Told {
    /// Nothing to tell.
    Done,
    /// Where preparing stands.
    State(Box<State>),
    /// What a recipe would do.
    Reports(Reports),
    /// What is known of rows before any is shown.
    RowsHead(RowsHead),
    /// Rows.
    Rows(Vec<ShownRow>),
    /// A file to save, as an object URL that whoever saves it revokes.
    File {
        /// Suggested name.
        file_name: String,
        /// `blob:` URL.
        url: String,
    },
    /// One entry per column of the file.
    Findings(Vec<ColumnFindings>),
}

/// Where preparing stands.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct State {
    /// The table as it is in its file.
    pub file: TableView,
    /// As it was prepared; `None` without steps.
    pub prepared: Option<TableView>,
    /// As `veilsum_prepare::Recipe` is written in JSON.
    pub recipe: String,
    /// What it did.
    pub reports: Reports,
}

/// What a recipe does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reports {
    /// A list of `veilsum_prepare::StepReport`s in JSON, one per step; blank without steps.
    pub steps: String,
    /// Where the last step is a release: sizes of classes of rows that are alike, ascending, and how many there are of each.
    pub class_sizes: Vec<(u64, u64)>,
}

impl State {
    /// The table that would be encrypted.
    #[must_use]
    pub fn current(&self) -> &TableView {
        self.prepared.as_ref().unwrap_or(&self.file)
    }
}

/// What is known of rows before any is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowsHead {
    /// Names of the columns.
    pub header: Vec<String>,
    /// Rows.
    pub row_count: u64,
    /// Bytes that the browser keeps of them outside of this page's memory.
    pub kept_bytes: u64,
    /// Bytes of memory that finding any of them takes.
    pub index_bytes: u64,
}

/// A row to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownRow {
    /// Its number in the file, from 1; `None` for a row that is not in it.
    pub number: Option<u64>,
    /// Its cells; long ones are cut.
    pub cells: Vec<String>,
}

/// What a column looks like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnFindings {
    /// Its name.
    pub name: String,
    /// Most confident first.
    pub findings: Vec<Finding>,
    /// Whether encrypting or keeping it asks first.
    pub asks: bool,
}

/// Something that a column looks like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What, in words: “e-mail addresses”.
    pub what: String,
    /// From 0 to 1.
    pub confidence: f64,
    /// Why, and what to do. Holds no cell.
    pub sentence: String,
    /// Whether one cell alone is enough to find a person.
    pub is_direct: bool,
    /// How pseudonyms of it are made, as `veilsum_anonymise::pseudonym::Treatment` is written in JSON, where they make sense.
    pub treatment: Option<String>,
}

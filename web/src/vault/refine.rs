//! Preparing the open table: a recipe is applied to its rows as they are in the file, what it did is told, and any row is
//! shown. The file itself is never changed: taking a step back applies a shorter recipe.

pub(crate) mod findings;
mod gate;
mod window;
mod words;

use std::cell::RefCell;
use std::rc::Rc;

use veilsum_prepare::{Recipe, Step};
use veilsum_protocol::Digest;
use web_sys::Url;

use self::window::Window;
pub(crate) use self::words::in_words;
use crate::fault::sentence;
use crate::messages::refine::{Ask, Reports, RowsHead, ShownRow, State, Told, Which};
use crate::messages::{Encoded, Event, Fault, Reply, TableView};
use crate::prepare_worker::What;
use crate::vault::Vault;
use crate::vault::prepare::{self, RowBlobs};
use crate::vault::processes::Work;
use crate::vault::source::Source;
use crate::vault::table::{self, Look, OpenTable, Profiled};

/// Most rows that are shown at once.
const MAX_SHOWN_ROWS: u32 = 1_000;
/// Most bytes of what a recipe has learnt that a manifest records.
const MAX_FITTED_BYTES: usize = 1 << 20;

/// The table that is prepared.
pub struct Refining {
    /// As it is in its file.
    file: Rc<OpenTable>,
    file_view: Rc<TableView>,
    /// As it would be encrypted, where steps have prepared it.
    prepared_view: Option<Rc<TableView>>,
    recipe: Recipe,
    reports: Reports,
    file_rows: RefCell<Option<Rc<Window>>>,
    prepared_rows: RefCell<Option<Rc<Window>>>,
}

impl Refining {
    /// A table that was just read.
    pub(crate) fn of(table: &Rc<OpenTable>, view: &Rc<TableView>) -> Self {
        Self {
            file: Rc::clone(table),
            file_view: Rc::clone(view),
            prepared_view: None,
            recipe: Recipe::default(),
            reports: Reports::default(),
            file_rows: RefCell::default(),
            prepared_rows: RefCell::default(),
        }
    }

    /// The table that would be encrypted.
    pub(crate) fn current(&self) -> &Rc<TableView> {
        self.prepared_view.as_ref().unwrap_or(&self.file_view)
    }

    /// SHA-256 of the file.
    pub(crate) fn sha256(&self) -> Digest {
        self.file.sha256
    }

    fn rows(&self, which: Which) -> &RefCell<Option<Rc<Window>>> {
        match which {
            Which::File => &self.file_rows,
            Which::Prepared => &self.prepared_rows,
        }
    }
}

/// Carries out one request.
///
/// # Errors
/// A [`Fault`] in words; the table is as it was then.
pub async fn perform(vault: &Rc<Vault>, ask: Ask) -> Result<Told, Fault> {
    match ask {
        Ask::State => Ok(state(&*open(vault)?)),
        Ask::Apply { recipe } => apply(vault, &recipe).await,
        Ask::Preview { recipe } => preview(vault, recipe).await,
        Ask::OpenRows(which) => open_rows(vault, which).await.map(Told::RowsHead),
        Ask::Rows { which, first, count } => rows(vault, which, first, count).map(Told::Rows),
        Ask::SaveRows => save(vault),
        Ask::Findings => Ok(Told::Findings(open(vault)?.file.findings.clone())),
        Ask::Cancel => {
            vault.processes.stop(Work::Refining).await;
            Ok(Told::Done)
        }
    }
}

/// The open table as it is now.
///
/// # Errors
/// A [`Fault`] if none is open.
pub fn current(vault: &Vault) -> Result<Reply, Fault> {
    Ok(Reply::Table(Encoded::of(&**open(vault)?.current())))
}

fn open(vault: &Vault) -> Result<Rc<Refining>, Fault> {
    vault.refining.borrow().clone().ok_or_else(|| {
        Fault::new("no-table", "No table is open. Choose the file on the start page, then try again.")
    })
}

fn state(refining: &Refining) -> Told {
    Told::State(Box::new(State {
        file: (*refining.file_view).clone(),
        prepared: refining.prepared_view.as_deref().cloned(),
        recipe: refining.recipe.to_json(),
        reports: refining.reports.clone(),
    }))
}

/// Prepares the table; it is as it was until all of it is done.
async fn apply(vault: &Rc<Vault>, recipe: &str) -> Result<Told, Fault> {
    let before = open(vault)?;
    vault.processes.stop(Work::Refining).await;
    let process = vault.processes.begin(Work::Refining);
    let recipe = parse(recipe)?;
    let refining = if recipe.steps.is_empty() {
        vault.table.replace(Some(Rc::clone(&before.file)));
        Refining::of(&before.file, &before.file_view)
    } else {
        let tell = Rc::clone(&vault.tell);
        let told = move |progress| tell(Event::Refining(progress));
        let file = &before.file;
        let what = What::Prepare { recipe: recipe.to_json(), keeps_rows: true };
        let outcome = prepare::run(vault, &file.source, &file.options, what, &process, told.clone()).await?;
        if outcome.made.sha256 != file.sha256 {
            return Err(changed(&file.source));
        }
        if outcome.made.row_count == 0 {
            return Err(Fault::new(
                "no-rows-left",
                "These steps leave no row, so that nothing could be encrypted. Change or remove a step; the table is as it \
                 was.",
            ));
        }
        if outcome.made.fitted.len() > MAX_FITTED_BYTES {
            return Err(Fault::new(
                "recipe-too-large",
                "What these steps have learnt takes more than 1 MiB, more than is kept with a dataset. Use fewer columns or \
                 a smaller hierarchy; the table is as it was.",
            ));
        }
        let reports = outcome.made.reports();
        let window = outcome.rows.clone().map(|rows| Rc::new(Window::new(rows, &outcome.made)));
        let source = outcome.into_source(file.source.clone());
        let profiled = table::profile(source, file.options.clone(), Look::Close, &process, told).await?;
        let (table, view) = shown(profiled, &recipe, &before);
        vault.twins.remember(&table);
        vault.table.replace(Some(table));
        Refining {
            file: Rc::clone(file),
            file_view: Rc::clone(&before.file_view),
            prepared_view: Some(view),
            recipe,
            reports,
            file_rows: RefCell::new(before.file_rows.borrow().clone()),
            prepared_rows: RefCell::new(window),
        }
    };
    let refining = Rc::new(refining);
    vault.refining.replace(Some(Rc::clone(&refining)));
    vault.tell(Event::TableChanged);
    Ok(state(&refining))
}

/// A table that was prepared, with what the file's own view says of how it was read.
fn shown(profiled: Profiled, recipe: &Recipe, before: &Refining) -> (Rc<OpenTable>, Rc<TableView>) {
    let (table, mut view) = table::opened(profiled);
    let mut reading = before.file_view.reading.clone();
    let count = recipe.steps.len();
    let steps = if count == 1 { "1 step".to_owned() } else { format!("{count} steps") };
    reading.words.push_str(&format!(" Its rows were prepared in {steps}."));
    view.reading = reading;
    view.preset = None;
    view.step_count = u32::try_from(count).unwrap_or(u32::MAX);
    view.is_anonymised =
        recipe.steps.iter().any(|step| matches!(step, Step::Pseudonymise(_) | Step::Release(_)));
    // Pseudonyms look like what they stand for.
    view.identifying.retain(|(at, _)| {
        let name = &table.profile.columns[*at as usize].name;
        !pseudonymised(recipe).any(|column| column == name)
    });
    (table, Rc::new(view))
}

/// The columns that hold pseudonyms.
pub(crate) fn pseudonymised(recipe: &Recipe) -> impl Iterator<Item = &str> {
    let columns = recipe.steps.iter().filter_map(|step| {
        let Step::Pseudonymise(step) = step else { return None };
        Some(&step.columns)
    });
    columns.flatten().map(|treated| treated.column.as_str())
}

/// Takes the steps of the same file in another reading over; where they do not fit any more, `view` says so.
pub(crate) async fn take_over(vault: &Rc<Vault>, before: &Refining, mut view: TableView) -> TableView {
    if before.recipe.steps.is_empty() {
        return view;
    }
    match apply(vault, &before.recipe.to_json()).await {
        Ok(_) => vault.refining.borrow().as_ref().map_or(view, |refining| (**refining.current()).clone()),
        Err(fault) => {
            let note = format!(
                "The steps that prepared its rows were taken off, as they do not fit any more. {}",
                fault.message
            );
            view.reading.notes.push(note);
            view
        }
    }
}

async fn preview(vault: &Rc<Vault>, recipe: String) -> Result<Told, Fault> {
    let refining = open(vault)?;
    vault.processes.stop(Work::Refining).await;
    let process = vault.processes.begin(Work::Refining);
    let file = &refining.file;
    let tell = Rc::clone(&vault.tell);
    let told = move |progress| tell(Event::Refining(progress));
    parse(&recipe)?;
    let what = What::Prepare { recipe, keeps_rows: false };
    let outcome = prepare::run(vault, &file.source, &file.options, what, &process, told).await?;
    Ok(Told::Reports(outcome.made.reports()))
}

fn parse(recipe: &str) -> Result<Recipe, Fault> {
    Recipe::from_json(recipe.as_bytes()).map_err(|error| Fault::new("no-recipe", &sentence(&error)))
}

/// Makes rows ready to be looked at: they are written down once, since a file may be packed, or no CSV at all.
async fn open_rows(vault: &Rc<Vault>, which: Which) -> Result<RowsHead, Fault> {
    let refining = open(vault)?;
    let known = refining.rows(which).borrow().clone();
    if let Some(window) = known {
        return Ok(window.head());
    }
    if which == Which::Prepared {
        return Err(Fault::new("not-prepared", "The table has no steps yet. Add one on the page “Clean”."));
    }
    // Steps that are on their way go on beside it.
    let process = vault.processes.begin(Work::Reading);
    let file = &refining.file;
    let tell = Rc::clone(&vault.tell);
    let told = move |progress| tell(Event::Refining(progress));
    let outcome = prepare::run(vault, &file.source, &file.options, What::Copy, &process, told).await?;
    let Some(rows) = outcome.rows else { return Err(changed(&file.source)) };
    let window = Window::new(rows, &outcome.made);
    let head = window.head();
    refining.file_rows.replace(Some(Rc::new(window)));
    Ok(head)
}

fn rows(vault: &Vault, which: Which, first: u64, count: u32) -> Result<Vec<ShownRow>, Fault> {
    let refining = open(vault)?;
    let window = refining.rows(which).borrow().clone();
    let window =
        window.ok_or_else(|| Fault::new("rows-not-ready", "The rows are not ready. Open the page again."))?;
    window.rows(first, count.min(MAX_SHOWN_ROWS))
}

/// The prepared rows under a name that says so.
fn save(vault: &Vault) -> Result<Told, Fault> {
    let refining = open(vault)?;
    let window = refining.prepared_rows.borrow().clone();
    let window =
        window.ok_or_else(|| Fault::new("not-prepared", "The table has no steps yet. Add one first."))?;
    let RowBlobs { cells, .. } = window.blobs();
    let url = Url::create_object_url_with_blob(cells).map_err(|_| {
        Fault::new(
            "out-of-memory",
            "The browser has no space left for this. Close other tabs, then try again.",
        )
    })?;
    let name = refining.file.source.name();
    let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
    Ok(Told::File { file_name: format!("{stem}.prepared.csv"), url })
}

fn changed(source: &Source) -> Fault {
    Fault::new(
        "file-changed",
        &format!("The file “{}” has changed since it was opened. Choose it again.", source.name()),
    )
}

impl core::fmt::Debug for Refining {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "Refining({} steps)", self.recipe.steps.len())
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn columns_with_pseudonyms_are_known() {
        let recipe = r#"{"format":"veilsum-recipe","version":1,"steps":[
            {"step":"drop-columns","columns":["a"]},
            {"step":"pseudonymise","study":"s","columns":[{"column":"b","treatment":"email"}]}]}"#;
        let recipe = parse(recipe).unwrap();
        assert_eq!(pseudonymised(&recipe).collect::<Vec<_>>(), ["b"]);
        assert_eq!(parse("{}").unwrap_err().code, "no-recipe");
    }
}

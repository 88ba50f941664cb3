//! What a person has on the desk: the open table with its choices, and the upload that runs. It outlives single screens,
//! so that nothing entered is lost by looking at another one.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use veilsum_analysis::Request;
use veilsum_protocol::DatasetId;
use veilsum_table::treat::Choice;
use web_sys::File;

use crate::messages::{Engine, Fault, ReadOptions, TableView, UploadChoices, UploadSummary};
use crate::page::presets::Presets;
use crate::ui::vault_client::Vault;

/// Everything on the desk.
#[derive(Clone, Copy)]
pub(super) struct Desk {
    vault: Vault,
    source: StoredValue<Option<Source>, LocalStorage>,
    /// The table as it was read last, with the choices that were made for it: a reading that fails in between loses none.
    last: StoredValue<Option<Arc<TableView>>>,
    /// The table in hand.
    pub(super) table: RwSignal<TableProcess>,
    /// How the file is read.
    pub(super) read_options: RwSignal<ReadOptions>,
    /// One choice per column of the open table.
    pub(super) choices: RwSignal<Vec<Choice>>,
    /// Whether a sealed original is uploaded too.
    pub(super) keep_original: RwSignal<bool>,
    /// Analyses that are prepared, too.
    pub(super) presets: RwSignal<Presets>,
    /// Those of them that cannot be.
    pub(super) left_out: RwSignal<Vec<Request>>,
    /// Rows per row group, where the owner insists.
    pub(super) rows_per_group: RwSignal<Option<u32>>,
    /// What is to compute in the cloud.
    pub(super) engine: RwSignal<Engine>,
    /// Columns of the file that say who people are and may leave the browser, by their owner's word: `Asking::at` of each.
    pub(super) kept: RwSignal<Vec<u32>>,
    /// The upload.
    pub(super) upload: RwSignal<UploadProcess>,
}

/// Where the open table came from.
#[derive(Clone)]
enum Source {
    Sample(String),
    File(File),
}

/// The table in hand.
#[derive(Clone)]
pub(super) enum TableProcess {
    /// None.
    None,
    /// Being read and profiled.
    Reading { file_name: String },
    /// It cannot be used as it is.
    Failed { file_name: String, fault: Fault },
    /// Read.
    Open(Arc<TableView>),
}

/// The upload.
#[derive(Clone)]
pub(super) enum UploadProcess {
    /// None was asked for.
    Idle,
    /// Asked for on the Prepare page, not started yet.
    Chosen { file_name: String },
    /// Runs.
    Running { file_name: String },
    /// Stored.
    Done(UploadSummary),
    /// Stopped; where the dataset is known it can go on.
    Failed { file_name: String, fault: Fault, dataset: Option<DatasetId> },
}

impl Desk {
    pub(super) fn new(vault: Vault) -> Self {
        let desk = Self {
            vault,
            source: StoredValue::new_local(None),
            last: StoredValue::new(None),
            table: RwSignal::new(TableProcess::None),
            read_options: RwSignal::new(ReadOptions::default()),
            choices: RwSignal::new(Vec::new()),
            keep_original: RwSignal::new(true),
            presets: RwSignal::new(Presets::default()),
            left_out: RwSignal::new(Vec::new()),
            rows_per_group: RwSignal::new(None),
            engine: RwSignal::new(Engine::default()),
            kept: RwSignal::new(Vec::new()),
            upload: RwSignal::new(UploadProcess::Idle),
        };
        Effect::new(move |_| {
            if vault.activity.table_changes.get() > 0 {
                desk.take_prepared();
            }
        });
        desk
    }

    /// Takes over the table after its rows were prepared in another way.
    fn take_prepared(self) {
        spawn_local(async move {
            let Ok(view) = self.vault.current_table().await else { return };
            let Some(before) = self.open_table() else { return };
            self.keep_choices(&before, &view);
            if view.is_anonymised != before.is_anonymised {
                // The original has what is taken out of the rows; once that is undone, it is kept as before.
                self.keep_original.set(!view.is_anonymised);
            }
            self.table.set(TableProcess::Open(Arc::new(view)));
        });
    }

    /// The table in hand, once it is read.
    fn open_table(self) -> Option<Arc<TableView>> {
        self.table.with_untracked(|table| match table {
            TableProcess::Open(view) => Some(Arc::clone(view)),
            TableProcess::None | TableProcess::Reading { .. } | TableProcess::Failed { .. } => None,
        })
    }

    /// Keeps what was chosen for columns of the table `before` for which `view` proposes the same.
    fn keep_choices(self, before: &TableView, view: &TableView) {
        let names =
            |table: &TableView, at: usize| table.profile.columns.get(at).map(|column| column.name.clone());
        let place = |at: usize| {
            let name = names(view, at)?;
            let place = before.profile.columns.iter().position(|column| column.name == name)?;
            (before.proposals[place] == view.proposals[at]).then_some(place)
        };
        self.choices.update(|choices| {
            let chosen = |at: usize| choices.get(place(at)?).copied();
            let proposed = view.proposals.iter().enumerate();
            *choices = proposed.map(|(at, proposal)| chosen(at).unwrap_or(proposal.choice)).collect();
        });
        // An answer holds while the question is the same.
        self.kept.update(|kept| {
            let asked = |table: &TableView, at: u32| {
                let asking = table.identifying.iter().find(|asking| asking.at == at)?;
                Some((asking.name.clone(), asking.in_rows))
            };
            kept.retain(|at| asked(before, *at).is_some() && asked(before, *at) == asked(view, *at));
        });
    }

    /// Reads a bundled sample.
    pub(super) fn open_sample(self, file_name: &str) {
        self.read_options.set(ReadOptions::default());
        self.last.set_value(None);
        self.open(Source::Sample(file_name.to_owned()), None);
    }

    /// Reads a file.
    pub(super) fn open_file(self, file: File) {
        self.read_options.set(ReadOptions::default());
        self.last.set_value(None);
        self.open(Source::File(file), None);
    }

    /// Reads the same file again, with the current options.
    pub(super) fn read_again(self) {
        if let Some(source) = self.source.get_value() {
            if let Some(open) = self.open_table() {
                self.last.set_value(Some(open));
            }
            self.open(source, self.last.get_value());
        }
    }

    /// Reads the same file again with another type of a column.
    pub(super) fn choose_type(self, index: usize, code: String) {
        self.read_options.update(|options| {
            let types = options.types.get_or_insert_default();
            // What is blank is found in the file.
            let columns = self.table.with_untracked(|table| match table {
                TableProcess::Open(view) => view.proposals.len(),
                TableProcess::None | TableProcess::Reading { .. } | TableProcess::Failed { .. } => 0,
            });
            types.resize(columns, String::new());
            if let Some(chosen) = types.get_mut(index) {
                *chosen = code;
            }
        });
        self.read_again();
    }

    /// Whether the table in hand is a file of the owner, so that reading options make sense.
    pub(super) fn holds_file(self) -> bool {
        self.source.with_value(|source| matches!(source, Some(Source::File(_))))
    }

    /// Opens a table; what was chosen for it `before` is kept where the same is proposed again.
    fn open(self, source: Source, before: Option<Arc<TableView>>) {
        let file_name = match &source {
            Source::Sample(name) => name.clone(),
            Source::File(file) => file.name(),
        };
        self.source.set_value(Some(source.clone()));
        self.table.set(TableProcess::Reading { file_name: file_name.clone() });
        let options = self.read_options.get_untracked();
        spawn_local(async move {
            let read = match source {
                Source::Sample(name) => self.vault.open_sample(name).await,
                Source::File(file) => self.vault.open_table(file, options).await,
            };
            self.table.set(match read {
                Ok(view) => {
                    if let Some(before) = before {
                        self.keep_choices(&before, &view);
                    } else {
                        self.choices.set(view.proposals.iter().map(|proposal| proposal.choice).collect());
                        self.kept.set(Vec::new());
                        // The same file keeps its steps.
                        self.keep_original.set(!view.is_anonymised);
                        self.presets.set(Presets::default());
                        self.rows_per_group.set(None);
                        self.engine.set(Engine::default());
                    }
                    TableProcess::Open(Arc::new(view))
                }
                Err(fault) => TableProcess::Failed { file_name, fault },
            });
        });
    }

    /// What the owner chose on the Prepare page.
    pub(super) fn upload_choices(self) -> UploadChoices {
        UploadChoices {
            treatments: self.choices.get(),
            keep_original: self.keep_original.get(),
            rows_per_group: self.rows_per_group.get(),
            engine: self.engine.get(),
            identifying: self.kept.get(),
            analyses: self.choices.with(|choices| self.presets.with(|presets| presets.requests(choices))),
        }
    }

    /// Encrypts and uploads the open table.
    pub(super) fn start_upload(self, file_name: String) {
        let mut choices = untrack(|| self.upload_choices());
        self.left_out.with_untracked(|left_out| choices.analyses.retain(|asked| !left_out.contains(asked)));
        self.upload.set(UploadProcess::Running { file_name: file_name.clone() });
        spawn_local(async move {
            let result = self.vault.start_upload(choices).await;
            self.end_upload(file_name, result, None);
        });
    }

    /// Goes on with an upload; a bundled sample needs no file.
    pub(super) fn resume_upload(self, dataset: DatasetId, file_name: String, file: Option<File>) {
        let file = file.or_else(|| match self.source.get_value() {
            Some(Source::File(file)) if file.name() == file_name => Some(file),
            Some(Source::File(_) | Source::Sample(_)) | None => None,
        });
        self.upload.set(UploadProcess::Running { file_name: file_name.clone() });
        spawn_local(async move {
            let result = self.vault.resume_upload(dataset, file).await;
            self.end_upload(file_name, result, Some(dataset));
        });
    }

    /// What the upload of this dataset took, if that is what ended last.
    pub(super) fn uploaded(self, dataset: DatasetId) -> Option<UploadSummary> {
        self.upload.with_untracked(|upload| match upload {
            UploadProcess::Done(summary) if summary.dataset == dataset => Some(summary.clone()),
            UploadProcess::Done(_)
            | UploadProcess::Idle
            | UploadProcess::Chosen { .. }
            | UploadProcess::Running { .. }
            | UploadProcess::Failed { .. } => None,
        })
    }

    /// Leaves the screen of an upload that stopped, for the one that is asked for next.
    pub(super) fn forget_stopped_upload(self) {
        if self.upload.with_untracked(|process| matches!(process, UploadProcess::Failed { .. })) {
            self.upload.set(UploadProcess::Idle);
        }
    }

    fn end_upload(self, file_name: String, result: Result<UploadSummary, Fault>, dataset: Option<DatasetId>) {
        self.upload.set(match result {
            Ok(summary) => UploadProcess::Done(summary),
            Err(fault) => {
                let begun = self
                    .vault
                    .activity
                    .upload
                    .with_untracked(|progress| progress.as_ref().map(|progress| progress.dataset));
                UploadProcess::Failed { file_name, fault, dataset: dataset.or(begun) }
            }
        });
    }
}

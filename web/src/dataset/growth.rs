//! A dataset that grows: columns that analyses need, finer bins until an answer is exact, and new rows.

use leptos::prelude::*;
use leptos::task::spawn_local;
use veilsum_protocol::DatasetId;
use veilsum_protocol::manifest::Binning;
use web_sys::File;

use super::desk::{AnalysisProcess, Desk};
use crate::messages::{Command, Fault, Run, UploadSummary};

/// Every round has bins at most half as wide as before, and there are 64 bits.
const MOST_ROUNDS: u32 = 64;

/// What is added.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Task {
    /// What is to be computed in the end; of rows only its dataset.
    pub(super) run: Run,
    /// The batches that are still to get the columns.
    pub(super) batches: Vec<u32>,
    /// Why.
    pub(super) aim: Aim,
}

/// Why a dataset grows.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Aim {
    /// So that the run is possible.
    Columns,
    /// So that an answer of it is exact.
    Exact {
        /// Its place in the run.
        answer: usize,
        /// Rounds done.
        rounds: u32,
        /// Bins of the next round.
        refinements: Vec<(u32, Binning)>,
    },
    /// So that it has more rows.
    Rows,
}

/// The newest growth.
#[derive(Debug, Clone)]
pub(super) enum Growth {
    /// None was asked for.
    Idle,
    /// Runs.
    Running(Task),
    /// A file must be chosen before it goes on.
    FileNeeded(Task, Fault),
    /// It stopped.
    Stopped(Task, Fault),
    /// It is there.
    Done(Task, Option<UploadSummary>),
}

impl Growth {
    /// What is added, if anything.
    pub(super) const fn task(&self) -> Option<&Task> {
        match self {
            Self::Idle => None,
            Self::Running(task)
            | Self::FileNeeded(task, _)
            | Self::Stopped(task, _)
            | Self::Done(task, _) => Some(task),
        }
    }
}

impl Desk {
    /// Adds what a task says, or goes on with it.
    pub(super) fn grow(self, task: Task) {
        self.growth.set(Growth::Running(task.clone()));
        spawn_local(async move {
            let ended = self.grown(task).await;
            self.growth.set(ended);
            self.changed();
        });
    }

    /// As [`Self::grow`], with the file of the next batch.
    pub(super) fn grow_with(self, task: Task, file: File) {
        if let Some(batch) = task.batches.first() {
            self.files.update_value(|files| {
                files.insert((task.run.dataset, *batch), file);
            });
        }
        self.grow(task);
    }

    /// Adds the rows of a file.
    pub(super) fn append(self, dataset: DatasetId, file: File) {
        let run = Run { dataset, requests: Vec::new(), batches: Vec::new() };
        let task = Task { run, batches: Vec::new(), aim: Aim::Rows };
        self.growth.set(Growth::Running(task.clone()));
        spawn_local(async move {
            let ended = self.vault.upload(Command::AppendRows { dataset }, Some(file)).await;
            self.vault.activity.reading.set(None);
            self.growth.set(match ended {
                Ok(summary) => Growth::Done(task, Some(summary)),
                Err(fault) => Growth::Stopped(task, fault),
            });
            self.changed();
        });
    }

    /// Goes on with an upload to this dataset that was interrupted, then with the task.
    pub(super) fn resume_growth(self, task: Task, file: Option<File>) {
        let dataset = task.run.dataset;
        self.growth.set(Growth::Running(task.clone()));
        spawn_local(async move {
            let known = task.batches.first().and_then(|batch| self.file_of(dataset, *batch));
            match self.vault.resume_upload(dataset, file.or(known)).await {
                Err(fault) => self.growth.set(Growth::Stopped(task, fault)),
                Ok(summary) if task.aim == Aim::Rows => self.growth.set(Growth::Done(task, Some(summary))),
                Ok(_) => {
                    let ended = self.grown(task).await;
                    self.growth.set(ended);
                }
            }
            self.changed();
        });
    }

    /// Discards an upload to this dataset that was interrupted.
    pub(super) fn discard_growth(self, task: Task) {
        spawn_local(async move {
            let discarded = self.vault.discard_upload(task.run.dataset).await;
            self.growth.set(match discarded {
                Ok(()) => Growth::Idle,
                Err(fault) => Growth::Stopped(task, fault),
            });
            self.changed();
        });
    }

    fn file_of(self, dataset: DatasetId, batch: u32) -> Option<File> {
        self.files.with_value(|files| files.get(&(dataset, batch)).cloned())
    }

    async fn grown(self, mut task: Task) -> Growth {
        let covered = task.batches.clone();
        let mut last = None;
        loop {
            while let Some(&batch) = task.batches.first() {
                self.growth.set(Growth::Running(task.clone()));
                match self.columns_added(&task, batch).await {
                    Ok(summary) => last = Some(summary),
                    // Another batch may lack them.
                    Err(fault) if fault.code == "nothing-missing" => {}
                    Err(fault) if is_about_the_file(&fault) => {
                        self.files.update_value(|files| {
                            files.remove(&(task.run.dataset, batch));
                        });
                        return Growth::FileNeeded(task, fault);
                    }
                    Err(fault) => return Growth::Stopped(task, fault),
                }
                task.batches.remove(0);
            }
            let Aim::Exact { answer, rounds, refinements } = &mut task.aim else {
                return Growth::Done(task, last);
            };
            *rounds += 1;
            let Some(view) = self.ran(task.run.clone()).await else {
                let fault = self.analysis.with_untracked(|analysis| match analysis {
                    AnalysisProcess::Failed { fault, .. } => fault.clone(),
                    AnalysisProcess::Idle
                    | AnalysisProcess::Running { .. }
                    | AnalysisProcess::Done { .. } => Fault::new("cancelled", "Stopped."),
                });
                return Growth::Stopped(task, fault);
            };
            let next = view.answers.get(*answer).map(|value| value.answer.refinements.clone());
            *refinements = next.unwrap_or_default();
            if refinements.is_empty() || *rounds >= MOST_ROUNDS {
                return Growth::Done(task, last);
            }
            task.batches.clone_from(&covered);
        }
    }

    async fn columns_added(self, task: &Task, batch: u32) -> Result<UploadSummary, Fault> {
        let refinements = match &task.aim {
            Aim::Exact { refinements, .. } => refinements.clone(),
            Aim::Columns | Aim::Rows => Vec::new(),
        };
        let command = Command::AddColumns { run: task.run.clone(), batch, refinements };
        let added = self.vault.upload(command, self.file_of(task.run.dataset, batch)).await;
        self.vault.activity.reading.set(None);
        added
    }
}

fn is_about_the_file(fault: &Fault) -> bool {
    matches!(fault.code.as_str(), "no-file" | "other-file" | "file-unreadable")
}

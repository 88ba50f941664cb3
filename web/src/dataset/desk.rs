//! What outlives the screen of a dataset: the analysis that runs or was answered, and the upload by which a dataset
//! grows. Nothing of it is lost by looking at another screen.

use std::collections::HashMap;

use leptos::prelude::*;
use leptos::task::spawn_local;
use veilsum_protocol::DatasetId;
use web_sys::File;

use super::growth::Growth;
use crate::messages::{AnswerView, Fault, Run, TwinView};
use crate::ui::vault_client::Vault;

/// A batch of rows of a dataset.
pub(super) type Batch = (DatasetId, u32);

/// The newest analysis and the newest growth.
#[derive(Clone, Copy)]
pub(super) struct Desk {
    /// Who is asked.
    pub(super) vault: Vault,
    /// The analysis.
    pub(super) analysis: RwSignal<AnalysisProcess>,
    /// Columns or rows that are added.
    pub(super) growth: RwSignal<Growth>,
    /// Counts changes of datasets: what depends on them is asked for again.
    pub(super) changes: RwSignal<u32>,
    /// Counts answers. Only what this browser keeps by itself may depend on it: the cloud must not see whether an answer
    /// passed its check.
    pub(super) answered: RwSignal<u32>,
    /// Files that were chosen again, so that nobody must choose them twice.
    pub(super) files: StoredValue<HashMap<Batch, File>, LocalStorage>,
}

/// The analysis.
#[derive(Clone)]
pub(super) enum AnalysisProcess {
    /// None was asked for.
    Idle,
    /// Runs.
    Running { dataset: DatasetId },
    /// Answered.
    Done { dataset: DatasetId, answer: Box<AnswerView>, twin: TwinProcess },
    /// Ended without an answer.
    Failed { dataset: DatasetId, fault: Fault },
}

/// The plaintext twin of an answer.
#[derive(Clone)]
pub(super) enum TwinProcess {
    /// The source file must be chosen again.
    FileNeeded,
    /// Being computed.
    Computing,
    /// At hand.
    Done(TwinView),
    /// It could not be computed, e.g. because another file was chosen.
    Failed(Fault),
}

impl Desk {
    pub(super) fn new(vault: Vault) -> Self {
        let desk = Self {
            vault,
            analysis: RwSignal::new(AnalysisProcess::Idle),
            growth: RwSignal::new(Growth::Idle),
            changes: RwSignal::new(0),
            answered: RwSignal::new(0),
            files: StoredValue::new_local(HashMap::new()),
        };
        // Decrypted answers do not outlive the unlocked keyring.
        Effect::new(move |_| {
            if !vault.is_unlocked() {
                desk.analysis.set(AnalysisProcess::Idle);
                desk.growth.set(Growth::Idle);
                desk.files.update_value(HashMap::clear);
            }
        });
        desk
    }

    /// Something of a dataset changed.
    pub(super) fn changed(self) {
        self.changes.update(|changes| *changes = changes.wrapping_add(1));
    }

    /// Runs analyses.
    pub(super) fn run(self, run: Run) {
        spawn_local(async move {
            self.ran(run).await;
        });
    }

    /// Runs analyses and waits for the answer, which is shown, too.
    pub(super) async fn ran(self, run: Run) -> Option<AnswerView> {
        let dataset = run.dataset;
        // That it can run needs no saying any more.
        if self.growth.with_untracked(|growth| matches!(growth, Growth::Done(..))) {
            self.growth.set(Growth::Idle);
        }
        self.analysis.set(AnalysisProcess::Running { dataset });
        match self.vault.run_analyses(run).await {
            Ok(answer) => {
                self.show(answer.clone());
                self.answered.update(|answered| *answered = answered.wrapping_add(1));
                Some(answer)
            }
            Err(fault) => {
                self.analysis.set(AnalysisProcess::Failed { dataset, fault });
                None
            }
        }
    }

    /// Shows an answer: a new one, or one that was given before.
    pub(super) fn show(self, mut answer: AnswerView) {
        let dataset = answer.run.dataset;
        let twin = answer.twin.take().map_or(TwinProcess::FileNeeded, TwinProcess::Done);
        self.analysis.set(AnalysisProcess::Done { dataset, answer: Box::new(answer), twin });
    }

    /// Computes the plaintext twin of the newest answer from the chosen source file.
    pub(super) fn compare(self, run: Run, file: Option<File>) {
        let dataset = run.dataset;
        self.set_twin(dataset, TwinProcess::Computing);
        spawn_local(async move {
            let twin = match self.vault.twin(run, file).await {
                Ok(twin) => TwinProcess::Done(twin),
                Err(fault) => TwinProcess::Failed(fault),
            };
            self.set_twin(dataset, twin);
        });
    }

    fn set_twin(self, of: DatasetId, process: TwinProcess) {
        self.analysis.update(|analysis| {
            if let AnalysisProcess::Done { dataset, twin, .. } = analysis
                && *dataset == of
            {
                *twin = process;
            }
        });
    }
}

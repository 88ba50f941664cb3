//! What outlives the screen of a dataset: the analysis that runs or was answered. Nothing of it is lost by looking at
//! another screen.

use leptos::prelude::*;
use leptos::task::spawn_local;
use veilsum_protocol::DatasetId;
use web_sys::File;

use crate::messages::{AnswerView, Fault, Run, TwinView};
use crate::ui::vault_client::Vault;

/// The newest analysis.
#[derive(Clone, Copy)]
pub(super) struct Desk {
    /// Who is asked.
    pub(super) vault: Vault,
    /// The analysis.
    pub(super) analysis: RwSignal<AnalysisProcess>,
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
        let analysis = RwSignal::new(AnalysisProcess::Idle);
        // Decrypted answers do not outlive the unlocked keyring.
        Effect::new(move |_| {
            if !vault.is_unlocked() {
                analysis.set(AnalysisProcess::Idle);
            }
        });
        Self { vault, analysis }
    }

    /// Runs analyses.
    pub(super) fn run(self, run: Run) {
        let dataset = run.dataset;
        self.analysis.set(AnalysisProcess::Running { dataset });
        spawn_local(async move {
            let result = self.vault.run_analyses(run).await;
            self.analysis.set(match result {
                Ok(mut answer) => {
                    let twin = answer.twin.take().map_or(TwinProcess::FileNeeded, TwinProcess::Done);
                    AnalysisProcess::Done { dataset, answer: Box::new(answer), twin }
                }
                Err(fault) => AnalysisProcess::Failed { dataset, fault },
            });
        });
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

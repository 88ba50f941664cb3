//! What outlives the screens of this module: the table, the model, the scores. Nothing of it is lost by looking at another
//! screen.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use veilsum_train::network::Epoch;
use web_sys::File;

use super::joint::desk::JointDesk;
use super::steps::Step;
use crate::messages::Fault;
use crate::messages::workbench::{
    Family, Imported, ModelEntry, Progress, Publishing, Records, Scored, Scoring, ScoringProgress,
    Step as ScoringStep, TableHead, TableSource, Trained, Training, TrainingProgress,
};
use crate::ui::vault_client::Vault;

/// Everything on the bench.
#[derive(Clone, Copy)]
pub(super) struct Desk {
    /// Who is asked.
    pub(super) vault: Vault,
    /// The step that is looked at.
    pub(super) step: RwSignal<Step>,
    /// Whether a family was chosen.
    pub(super) has_family: RwSignal<bool>,
    /// The table.
    pub(super) table: RwSignal<TableProcess>,
    /// How to train.
    pub(super) training: RwSignal<Training>,
    /// The training.
    pub(super) trained: RwSignal<TrainingProcess>,
    /// A model from a file, instead of a training.
    pub(super) imported: RwSignal<ImportProcess>,
    /// How far a training is.
    pub(super) training_progress: RwSignal<Option<TrainingProgress>>,
    /// Its epochs so far.
    pub(super) epochs: RwSignal<Vec<Epoch>>,
    /// The publishing.
    pub(super) publishing: RwSignal<PublishProcess>,
    /// The published model that records are encrypted for.
    pub(super) model: RwSignal<Option<ModelEntry>>,
    /// What is typed in the form: a text for each feature of the model.
    pub(super) fields: RwSignal<Vec<RwSignal<String>>>,
    /// What is typed as one line.
    pub(super) line: RwSignal<String>,
    /// Whether a network is scored layer by layer, where that is offered.
    pub(super) by_layers: RwSignal<bool>,
    /// The scoring.
    pub(super) scoring: RwSignal<ScoringProcess>,
    /// How far it is.
    pub(super) scoring_progress: RwSignal<Option<ScoringProgress>>,
    /// Counts tables that were asked for: only the newest counts.
    opened: StoredValue<u32>,
    /// What was scored last, to do it again.
    pub(super) asked: StoredValue<Option<(Scoring, Option<File>)>, LocalStorage>,
    /// What key generation takes.
    pub(super) keygen: RwSignal<KeygenProcess>,
    /// The training of several owners that is followed.
    pub(super) joint: JointDesk,
}

/// The table to learn from.
#[derive(Clone)]
pub(super) enum TableProcess {
    None,
    Reading,
    Open(Arc<TableHead>),
    Failed(Fault),
}

/// The training.
#[derive(Clone)]
pub(super) enum TrainingProcess {
    None,
    Running,
    Done(Arc<Trained>),
    Failed(Fault),
}

/// A model from a file.
#[derive(Clone)]
pub(super) enum ImportProcess {
    None,
    Running,
    Done(Arc<Imported>),
    Failed(Fault),
}

/// The publishing of the model.
#[derive(Clone)]
pub(super) enum PublishProcess {
    None,
    Running,
    Done,
    Failed(Fault),
}

/// The scoring.
#[derive(Clone)]
pub(super) enum ScoringProcess {
    None,
    Running,
    Done(Arc<Scored>),
    Failed(Fault),
}

/// What key generation takes.
#[derive(Clone)]
pub(super) enum KeygenProcess {
    None,
    Running,
    Done { seconds: f64, modulus_bits: u32 },
    Failed(Fault),
}

impl Desk {
    pub(super) fn new(vault: Vault) -> Self {
        let desk = Self {
            vault,
            step: RwSignal::new(Step::Input),
            has_family: RwSignal::new(false),
            table: RwSignal::new(TableProcess::None),
            training: RwSignal::new(usual(Family::Logistic)),
            trained: RwSignal::new(TrainingProcess::None),
            imported: RwSignal::new(ImportProcess::None),
            training_progress: RwSignal::new(None),
            epochs: RwSignal::new(Vec::new()),
            publishing: RwSignal::new(PublishProcess::None),
            model: RwSignal::new(None),
            fields: RwSignal::new(Vec::new()),
            line: RwSignal::new(String::new()),
            by_layers: RwSignal::new(false),
            scoring: RwSignal::new(ScoringProcess::None),
            scoring_progress: RwSignal::new(None),
            opened: StoredValue::new(0),
            asked: StoredValue::new_local(None),
            keygen: RwSignal::new(KeygenProcess::None),
            joint: JointDesk::new(vault),
        };
        // Decrypted scores do not outlive the unlocked keyring.
        Effect::new(move |_| {
            if !vault.is_unlocked() {
                desk.scoring.set(ScoringProcess::None);
                desk.model.set(None);
                desk.publishing.set(PublishProcess::None);
                desk.asked.set_value(None);
                desk.step.set(Step::Input);
            }
        });
        Effect::new(move |_| match vault.activity.workbench.get().and_then(|progress| progress.open()) {
            Some(Progress::Training(progress)) => {
                if let Some(epoch) = progress.epoch {
                    desk.epochs.update(|epochs| epochs.push(epoch));
                }
                desk.training_progress.set(Some(progress));
            }
            Some(Progress::Scoring(progress)) => desk.follow(progress),
            Some(Progress::Joint(progress)) => desk.joint.progress.set(Some(progress)),
            None => {}
        });
        desk
    }

    /// Shows the screen of what is being done.
    fn follow(self, progress: ScoringProgress) {
        let is_running = self.scoring.with_untracked(|scoring| matches!(scoring, ScoringProcess::Running));
        let is_new = self
            .scoring_progress
            .with_untracked(|before| before.as_ref().is_none_or(|before| before.step != progress.step));
        // The performance screen shows many runs, and stays.
        if is_running && is_new && progress.runs == 1 {
            // Layer after layer goes on in the cloud's screen.
            let is_later = progress.layer.is_some_and(|(layer, _)| layer > 1);
            self.step.set(match progress.step {
                _ if is_later => Step::Cloud,
                ScoringStep::Decrypt if progress.layer.is_some() => Step::Cloud,
                ScoringStep::Encode | ScoringStep::Encrypt | ScoringStep::Upload => Step::Encryption,
                ScoringStep::Cloud | ScoringStep::Download => Step::Cloud,
                ScoringStep::Decrypt => Step::Decryption,
            });
        }
        self.scoring_progress.set(Some(progress));
    }

    /// Reads a table.
    pub(super) fn open(self, source: TableSource, file: Option<File>) {
        self.table.set(TableProcess::Reading);
        self.trained.set(TrainingProcess::None);
        self.publishing.set(PublishProcess::None);
        let number = self.opened.get_value().wrapping_add(1);
        self.opened.set_value(number);
        spawn_local(async move {
            let opened = self.vault.open_learn_table(source, file).await;
            if self.opened.get_value() != number {
                return;
            }
            match opened {
                Ok(head) => {
                    self.training.update(|training| suit(training, &head));
                    self.table.set(TableProcess::Open(Arc::new(head)));
                }
                Err(fault) => self.table.set(TableProcess::Failed(fault)),
            }
        });
    }

    /// Chooses a family, and what usually suits it.
    pub(super) fn choose(self, family: Family) {
        self.has_family.set(true);
        self.training.update(|training| {
            let (target, seed) = (training.target, training.seed);
            *training = Training { target, seed, ..usual(family) };
        });
        self.table.with_untracked(|table| {
            if let TableProcess::Open(head) = table {
                self.training.update(|training| suit(training, head));
            }
        });
        self.trained.set(TrainingProcess::None);
        self.publishing.set(PublishProcess::None);
    }

    /// Trains.
    pub(super) fn train(self) {
        let training = self.training.get_untracked();
        self.trained.set(TrainingProcess::Running);
        self.imported.set(ImportProcess::None);
        self.publishing.set(PublishProcess::None);
        self.training_progress.set(None);
        self.epochs.set(Vec::new());
        spawn_local(async move {
            let trained = self.vault.train(training).await;
            self.trained.set(match trained {
                Ok(trained) => TrainingProcess::Done(Arc::new(trained)),
                Err(fault) => TrainingProcess::Failed(fault),
            });
        });
    }

    /// Takes a model that was trained elsewhere.
    pub(super) fn import(self, file: File) {
        self.trained.set(TrainingProcess::None);
        self.publishing.set(PublishProcess::None);
        self.imported.set(ImportProcess::Running);
        spawn_local(async move {
            let imported = self.vault.import_model(file).await;
            self.imported.set(match imported {
                Ok(imported) => ImportProcess::Done(Arc::new(imported)),
                Err(fault) => ImportProcess::Failed(fault),
            });
        });
    }

    /// Takes a model that several owners trained; the vault has it ready to be published.
    pub(super) fn bring(self, imported: Imported) {
        self.trained.set(TrainingProcess::None);
        self.publishing.set(PublishProcess::None);
        self.imported.set(ImportProcess::Done(Arc::new(imported)));
    }

    /// Publishes the model.
    pub(super) fn publish(self, publishing: Publishing) {
        self.publishing.set(PublishProcess::Running);
        spawn_local(async move {
            match self.vault.publish(publishing).await {
                Ok(entry) => {
                    self.publishing.set(PublishProcess::Done);
                    self.take(entry);
                }
                Err(fault) => self.publishing.set(PublishProcess::Failed(fault)),
            }
        });
    }

    /// Takes a published model, whose records are encrypted next.
    pub(super) fn take(self, entry: ModelEntry) {
        let count = entry.interface.features.len();
        self.fields.set((0..count).map(|_| RwSignal::new(String::new())).collect());
        self.scoring.set(ScoringProcess::None);
        self.scoring_progress.set(None);
        self.asked.set_value(None);
        self.by_layers.set(false);
        self.model.set(Some(entry));
        self.fill(0);
    }

    /// Fills the form with a row of the test part, if that is here.
    pub(super) fn fill(self, row: usize) {
        let Some(trained) = self.trained_model() else { return };
        let Some(row) = trained.test_rows.get(row) else { return };
        self.fields.with_untracked(|fields| {
            for (field, number) in fields.iter().zip(&row.numbers) {
                field.set(number.to_string());
            }
        });
    }

    /// The training of the model that was taken, if it was here.
    pub(super) fn trained_model(self) -> Option<Arc<Trained>> {
        let digest = self.model.with(|model| model.as_ref().map(|model| model.interface.model.clone()))?;
        self.trained.with(|trained| match trained {
            TrainingProcess::Done(trained) if trained.interface.model == digest => Some(Arc::clone(trained)),
            TrainingProcess::Done(_)
            | TrainingProcess::None
            | TrainingProcess::Running
            | TrainingProcess::Failed(_) => None,
        })
    }

    /// Encrypts records and has them scored.
    pub(super) fn score(self, records: Records, file: Option<File>) {
        let Some(model) = self.model.with_untracked(|model| model.as_ref().map(|model| model.model.clone()))
        else {
            return;
        };
        let scoring = Scoring { model, records, runs: 1, by_layers: self.by_layers.get_untracked() };
        self.asked.set_value(Some((scoring.clone(), file.clone())));
        self.run(scoring, file);
    }

    /// Does the last scoring again, several times.
    pub(super) fn score_again(self, runs: u32) {
        let asked = self.asked.get_value();
        if let Some((scoring, file)) = asked {
            self.run(Scoring { runs, ..scoring }, file);
        }
    }

    fn run(self, scoring: Scoring, file: Option<File>) {
        self.scoring.set(ScoringProcess::Running);
        self.scoring_progress.set(None);
        let is_repeated = scoring.runs > 1;
        spawn_local(async move {
            match self.vault.score(scoring, file).await {
                Ok(scored) => {
                    self.model.update(|model| {
                        if let Some(model) = model {
                            (model.used, model.limit) = scored.budget;
                        }
                    });
                    self.scoring.set(ScoringProcess::Done(Arc::new(scored)));
                    self.step.set(if is_repeated { Step::Performance } else { Step::Decryption });
                }
                Err(fault) => {
                    self.scoring.set(ScoringProcess::Failed(fault));
                    self.step.set(if is_repeated { Step::Performance } else { Step::Encryption });
                }
            }
        });
    }

    /// Stops what runs. What is stopped ends with the fault `cancelled`, which says what happened.
    pub(super) fn cancel(self) {
        spawn_local(async move {
            let _ = self.vault.cancel_bench().await;
        });
    }

    /// Makes two primes, to see what a key takes.
    pub(super) fn measure_keygen(self) {
        self.keygen.set(KeygenProcess::Running);
        spawn_local(async move {
            let measured = self.vault.measure_keygen().await;
            self.keygen.set(match measured {
                Ok((seconds, modulus_bits)) => KeygenProcess::Done { seconds, modulus_bits },
                Err(fault) => KeygenProcess::Failed(fault),
            });
        });
    }

    /// The newest scores.
    pub(super) fn scored(self) -> Option<Arc<Scored>> {
        self.scoring.with(|scoring| match scoring {
            ScoringProcess::Done(scored) => Some(Arc::clone(scored)),
            ScoringProcess::None | ScoringProcess::Running | ScoringProcess::Failed(_) => None,
        })
    }
}

/// What usually suits a family.
fn usual(family: Family) -> Training {
    Training {
        family,
        target: None,
        left_out: Vec::new(),
        seed: 0,
        test_percent: 20,
        standardise: matches!(family, Family::Linear | Family::Logistic),
        penalty: if family == Family::Logistic { 1.0 } else { 0.0 },
        clusters: 3,
        hidden: 32,
        epochs: 100,
        patience: 20,
        weight_bits: match family {
            Family::Linear | Family::Logistic | Family::KMeans => veilsum_model::quantise::WEIGHT_BITS,
            Family::Network => veilsum_model::quantise::NETWORK_WEIGHT_BITS,
        },
    }
}

/// Most different values of a column that is taken for one of classes.
const MOST_CLASSES: u32 = 20;

/// The target that a table most likely has: its last column that can be one.
fn suit(training: &mut Training, head: &TableHead) {
    training.left_out.clear();
    let can_be = |column: &&(u32, &crate::messages::workbench::ColumnHead)| match training.family {
        Family::Linear => column.1.is_number && column.1.distinct > 2,
        Family::Logistic | Family::Network => (2..=MOST_CLASSES).contains(&column.1.distinct),
        Family::KMeans => !column.1.is_number,
    };
    let columns: Vec<_> = (0_u32..).zip(&head.columns).collect();
    training.target = columns.iter().rev().find(can_be).map(|(at, _)| *at);
}

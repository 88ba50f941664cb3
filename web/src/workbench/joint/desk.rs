//! What outlives the screens of trainings: the one that is followed, and what runs for it.
//!
//! While a training is followed the cloud is asked about once a second where it stands; owners contribute to each new round, and
//! the key holder opens the next, by themselves if they said so.

use std::sync::Arc;
use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::messages::Fault;
use crate::messages::training::{Comparison, JointAsk, JointProgress, JointView};
use crate::ui::vault_client::Vault;

/// How often the cloud is asked.
const PAUSE: Duration = Duration::from_millis(900);

/// The training that is followed.
#[derive(Clone, Copy)]
pub(in crate::workbench) struct JointDesk {
    vault: Vault,
    /// Its id.
    current: RwSignal<Option<String>>,
    /// Where it stands, as last seen.
    pub(super) view: RwSignal<Option<Result<Arc<JointView>, Fault>>>,
    /// Why the cloud could not be asked the last time, where it was known before how the training stands.
    pub(super) look_fault: RwSignal<Option<Fault>>,
    /// Whether a step of it runs.
    pub(super) is_busy: RwSignal<bool>,
    /// How far the step is.
    pub(in crate::workbench) progress: RwSignal<Option<JointProgress>>,
    /// Why the last step failed; nothing goes on by itself until that was seen.
    pub(super) fault: RwSignal<Option<Fault>>,
    /// Whether steps follow by themselves.
    pub(super) is_automatic: RwSignal<bool>,
    /// Beside the own rows alone.
    pub(super) comparison: RwSignal<Option<Arc<Comparison>>>,
    is_asking: StoredValue<bool>,
}

impl JointDesk {
    pub(in crate::workbench) fn new(vault: Vault) -> Self {
        let desk = Self {
            vault,
            current: RwSignal::new(None),
            view: RwSignal::new(None),
            look_fault: RwSignal::new(None),
            is_busy: RwSignal::new(false),
            progress: RwSignal::new(None),
            fault: RwSignal::new(None),
            is_automatic: RwSignal::new(true),
            comparison: RwSignal::new(None),
            is_asking: StoredValue::new(false),
        };
        Effect::new(move |_| {
            if !vault.is_unlocked() {
                desk.current.set(None);
                desk.view.set(None);
                desk.comparison.set(None);
            }
        });
        // As long as the page lives: it does nothing while no training is followed.
        set_interval(move || desk.ask_again(), PAUSE);
        desk
    }

    /// Follows a training from now on.
    pub(super) fn follow(self, training: String) {
        if self.current.with_untracked(|current| current.as_ref() != Some(&training)) {
            self.view.set(None);
            self.look_fault.set(None);
            self.fault.set(None);
            self.progress.set(None);
            self.comparison.set(None);
            self.current.set(Some(training));
        }
        self.look();
    }

    /// Where it stands, once that is known.
    pub(super) fn known(self) -> Option<Arc<JointView>> {
        self.view.with(|view| view.as_ref().and_then(|view| view.as_ref().ok().cloned()))
    }

    /// Asks the cloud now.
    pub(super) fn look(self) {
        let Some(training) = self.current.get_untracked() else { return };
        if self.is_asking.get_value() {
            return;
        }
        self.is_asking.set_value(true);
        spawn_local(async move {
            let looked = self.vault.joint_view(JointAsk::Look { training: training.clone() }).await;
            self.is_asking.set_value(false);
            if self.is_of(&training) && !self.is_busy.get_untracked() && self.show(looked) {
                self.go_on();
            }
        });
    }

    fn ask_again(self) {
        let has_ended = self.view.with_untracked(|view| match view {
            Some(Ok(view)) => view.end.is_some(),
            Some(Err(_)) => true,
            None => false,
        });
        if !has_ended && !self.is_busy.get_untracked() && self.vault.is_unlocked_untracked() {
            self.look();
        }
    }

    /// What follows by itself.
    fn go_on(self) {
        let is_free = self.is_automatic.get_untracked() && self.fault.with_untracked(Option::is_none);
        let Some(Ok(view)) = self.view.get_untracked() else { return };
        if !is_free || view.fault.is_some() || self.is_busy.get_untracked() {
            return;
        }
        let training = view.training.clone();
        if view.waits_for_me() && view.own_rows.is_some() {
            self.run(JointAsk::Contribute { training });
        } else if view.waits_for_key_holder() && !view.rounds.is_empty() {
            // The first round is opened by a person, who sees who takes part.
            self.run(JointAsk::Lead { training });
        }
    }

    /// Carries out a step.
    pub(super) fn run(self, ask: JointAsk) {
        let Some(training) = self.current.get_untracked() else { return };
        self.is_busy.set(true);
        self.fault.set(None);
        self.progress.set(None);
        spawn_local(async move {
            let done = self.vault.joint_view(ask).await;
            self.is_busy.set(false);
            self.progress.set(None);
            if !self.is_of(&training) {
                return;
            }
            match done {
                Ok(view) => {
                    if self.show(Ok(view)) {
                        self.go_on();
                    }
                }
                Err(fault) => self.fault.set(Some(fault)),
            }
        });
    }

    /// Compares the model with one of the own rows alone.
    pub(super) fn compare(self) {
        let Some(training) = self.current.get_untracked() else { return };
        self.is_busy.set(true);
        self.fault.set(None);
        spawn_local(async move {
            let compared = self.vault.joint_comparison(training.clone()).await;
            self.is_busy.set(false);
            if self.is_of(&training) {
                match compared {
                    Ok(comparison) => self.comparison.set(Some(Arc::new(comparison))),
                    Err(fault) => self.fault.set(Some(fault)),
                }
            }
        });
    }

    /// The step that follows, if a person wants it now.
    pub(super) fn step(self) {
        let Some(view) = self.known_untracked() else { return };
        let training = view.training.clone();
        if view.waits_for_me() && view.own_rows.is_some() {
            self.run(JointAsk::Contribute { training });
        } else {
            self.run(JointAsk::Lead { training });
        }
    }

    /// Stops what runs; it ends with the fault `cancelled`.
    pub(super) fn cancel(self) {
        spawn_local(async move {
            let _ = self.vault.cancel_bench().await;
        });
    }

    /// Shows what the cloud said; a failure takes nothing away that is known. Whether it said something.
    fn show(self, looked: Result<JointView, Fault>) -> bool {
        match looked {
            Ok(view) => {
                self.look_fault.set(None);
                if self.known_untracked().is_none_or(|known| *known != view) {
                    self.view.set(Some(Ok(Arc::new(view))));
                }
                true
            }
            Err(fault) if self.known_untracked().is_some() => {
                self.look_fault.set(Some(fault));
                false
            }
            Err(fault) => {
                self.view.set(Some(Err(fault)));
                false
            }
        }
    }

    /// As [`Self::known`], for code that is not run again when it changes.
    pub(super) fn known_untracked(self) -> Option<Arc<JointView>> {
        self.view.with_untracked(|view| view.as_ref().and_then(|view| view.as_ref().ok().cloned()))
    }

    fn is_of(self, training: &str) -> bool {
        self.current.with_untracked(|current| current.as_deref() == Some(training))
    }
}

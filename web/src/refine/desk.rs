//! What outlives the screens of this module: the table and its recipe as the vault knows them, and what was entered.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use veilsum_prepare::{Recipe, Step, StepReport};

use super::anonymise::Settings;
use super::kind::Draft;
use crate::messages::refine::{Reports, State};
use crate::messages::{Fault, TableView};
use crate::ui::save::{save_bytes, save_url};
use crate::ui::vault_client::Vault;

/// Everything on the desk.
#[derive(Clone, Copy)]
pub(super) struct Desk {
    /// Who is asked.
    pub(super) vault: Vault,
    /// What is made under it outlives the screen that makes it.
    owner: StoredValue<Option<Owner>>,
    /// The table; `None` before the first answer.
    pub(super) open: RwSignal<Option<Result<Arc<Open>, Fault>>>,
    /// What runs.
    pub(super) work: RwSignal<Work>,
    /// Whether the person asked to stop it.
    stopping: StoredValue<bool>,
    /// Why what was asked for last was not done.
    pub(super) fault: RwSignal<Option<Fault>>,
    /// The step that is being made.
    pub(super) draft: RwSignal<Option<Draft>>,
    /// What a step would do that is not added yet.
    pub(super) preview: RwSignal<Option<Arc<Previewed>>>,
    /// Roles and models of the page “Anonymise”.
    pub(super) settings: RwSignal<Option<Settings>>,
}

/// The table and its recipe.
pub(super) struct Open {
    pub(super) state: State,
    pub(super) recipe: Recipe,
    pub(super) reports: Vec<StepReport>,
}

/// What a step would do.
pub(super) struct Previewed {
    pub(super) step: Step,
    pub(super) report: StepReport,
    pub(super) class_sizes: Vec<(u64, u64)>,
}

/// What runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    None,
    Applying,
    Previewing,
}

impl Open {
    fn of(state: State) -> Self {
        Self {
            recipe: Recipe::from_json(state.recipe.as_bytes()).unwrap_or_default(),
            reports: steps_of(&state.reports),
            state,
        }
    }

    /// The table as the next step would get it.
    pub(super) fn table(&self) -> &TableView {
        self.state.current()
    }
}

fn steps_of(reports: &Reports) -> Vec<StepReport> {
    serde_json::from_str(&reports.steps).unwrap_or_default()
}

impl Desk {
    pub(super) fn new(vault: Vault) -> Self {
        Self {
            vault,
            owner: StoredValue::new(Owner::current()),
            open: RwSignal::new(None),
            work: RwSignal::new(Work::None),
            stopping: StoredValue::new(false),
            fault: RwSignal::new(None),
            draft: RwSignal::new(None),
            preview: RwSignal::new(None),
            settings: RwSignal::new(None),
        }
    }

    /// Asks what is open; another file makes what was entered for the last one void.
    pub(super) fn load(self) {
        spawn_local(async move {
            let state = self.vault.refine_state().await;
            let name = |open: &Option<Result<Arc<Open>, Fault>>| {
                let open = open.as_ref()?.as_ref().ok()?;
                Some((open.state.file.file_name.clone(), open.state.file.size_bytes))
            };
            let before = self.open.with_untracked(name);
            self.open.set(Some(state.map(|state| Arc::new(Open::of(state)))));
            if before != self.open.with_untracked(name) {
                self.draft.set(None);
                self.preview.set(None);
                self.settings.set(None);
                self.fault.set(None);
            }
        });
    }

    /// The table; only where a screen of it is shown.
    pub(super) fn table(self) -> Option<Arc<Open>> {
        self.open.with(|open| open.as_ref()?.as_ref().ok().cloned())
    }

    /// Makes signals that outlive the screen.
    pub(super) fn keep<T>(self, make: impl FnOnce() -> T) -> T {
        match self.owner.get_value() {
            Some(owner) => owner.with(make),
            None => make(),
        }
    }

    /// The steps so far.
    pub(super) fn steps(self) -> Vec<Step> {
        self.open.with_untracked(|open| match open {
            Some(Ok(open)) => open.recipe.steps.clone(),
            Some(Err(_)) | None => Vec::new(),
        })
    }

    /// The steps so far that come before a release.
    pub(super) fn steps_before_release(self) -> Vec<Step> {
        self.steps().into_iter().take_while(|step| !is_release(step)).collect()
    }

    /// Prepares the table in these steps; `done` hears of it.
    pub(super) fn apply(self, steps: Vec<Step>, done: impl Fn() + 'static) {
        if self.work.get_untracked() != Work::None {
            return;
        }
        self.stopping.set_value(false);
        self.work.set(Work::Applying);
        self.fault.set(None);
        spawn_local(async move {
            match self.vault.apply_recipe(Recipe { steps }.to_json()).await {
                Ok(state) => {
                    self.open.set(Some(Ok(Arc::new(Open::of(state)))));
                    self.preview.set(None);
                    done();
                }
                Err(fault) => self.fail(fault),
            }
            self.work.set(Work::None);
        });
    }

    /// Adds a step: before a release, which has to judge the rows that come out in the end.
    pub(super) fn add(self, step: Step) {
        let mut steps = self.steps();
        let place = steps.iter().position(is_release).unwrap_or(steps.len());
        steps.insert(place, step);
        self.apply(steps, move || self.draft.set(None));
    }

    /// Tells what a step would do after `steps`.
    pub(super) fn look_ahead(self, mut steps: Vec<Step>, step: Step) {
        if self.work.get_untracked() != Work::None {
            return;
        }
        self.stopping.set_value(false);
        self.work.set(Work::Previewing);
        self.fault.set(None);
        steps.push(step.clone());
        spawn_local(async move {
            match self.vault.preview_recipe(Recipe { steps }.to_json()).await {
                Ok(reports) => {
                    let report = steps_of(&reports).pop();
                    let previewed =
                        |report| Arc::new(Previewed { step, report, class_sizes: reports.class_sizes });
                    self.preview.set(report.map(previewed));
                }
                Err(fault) => self.fail(fault),
            }
            self.work.set(Work::None);
        });
    }

    /// Stops what runs.
    pub(super) fn cancel(self) {
        self.stopping.set_value(true);
        spawn_local(async move {
            // What is cancelled says so itself.
            let _ = self.vault.cancel_refining().await;
        });
    }

    fn fail(self, fault: Fault) {
        let is_cancelled = fault.code == "cancelled";
        self.fault.set(if !is_cancelled {
            Some(fault)
        } else if self.stopping.get_value() {
            None
        } else {
            Some(Fault::new(
                "interrupted",
                "This was not finished: the file was read again meanwhile, or other work took its place. Ask for it again.",
            ))
        });
    }

    /// Saves the steps as a file.
    pub(super) fn save_recipe(self) {
        let Some(open) = untrack(|| self.table()) else { return };
        let name = format!("{}.recipe.json", stem(&open.state.file.file_name));
        if save_bytes(&name, "application/json", open.recipe.to_json().as_bytes()).is_err() {
            self.fault.set(Some(not_saved()));
        }
    }

    /// Saves the rows as they were prepared.
    pub(super) fn save_rows(self) {
        spawn_local(async move {
            match self.vault.save_rows().await {
                Ok((name, url)) if save_url(&name, &url).is_ok() => {}
                Ok(_) => self.fault.set(Some(not_saved())),
                Err(fault) => self.fault.set(Some(fault)),
            }
        });
    }
}

/// Whether a step generalises the table: no step that changes cells or rows may come after it.
pub(super) fn is_release(step: &Step) -> bool {
    matches!(step, Step::Release(_))
}

/// The name of a file without its endings.
pub(super) fn stem(name: &str) -> &str {
    name.split_once('.').map_or(name, |(stem, _)| stem)
}

fn not_saved() -> Fault {
    Fault::new(
        "not-saved",
        "The browser did not save the file. Allow downloads for this site, then try again.",
    )
}

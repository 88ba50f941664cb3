//! Anonymise: what columns say about people, pseudonyms for what identifies directly, generalisation for what identifies
//! together, and what that costs and lowers.

mod dashboard;
mod models;
mod pseudonyms;
mod roles;

use std::collections::BTreeMap;

use leptos::prelude::*;
use veilsum_anonymise::pseudonym::Treatment;
use veilsum_prepare::Step;

use self::dashboard::Dashboard;
use self::models::{ModelForm, model_defaults};
use self::pseudonyms::{Pseudonyms, pseudonym_defaults};
use self::roles::Roles;
use super::desk::Desk;
use super::form::Values;
use super::kind::names;
use super::words;
use super::working::Working;
use crate::messages::refine::ColumnFindings;
use crate::ui::fault::FaultNote;
use crate::ui::icon::{Icon, Symbol};
use crate::ui::loaded::Loaded;
use crate::ui::progress::Skeleton;

/// What was entered on this page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    /// What each column says about people.
    roles: RwSignal<BTreeMap<String, Role>>,
    pseudonyms: RwSignal<Values>,
    models: RwSignal<Values>,
}

/// What a column says about people.
#[derive(Debug, Clone, PartialEq)]
enum Role {
    /// One cell is enough to find somebody; how it is replaced, as `Treatment` is written in JSON.
    Direct { treatment: String },
    /// Together with others it finds somebody; how it becomes vaguer.
    Quasi(Vaguer),
    /// What nobody should learn of somebody.
    Sensitive,
}

/// How cells become vaguer.
#[derive(Debug, Clone, Default, PartialEq)]
enum Vaguer {
    #[default]
    Automatic,
    Numbers,
    Dates,
    Postcodes,
    Categories,
    /// An own hierarchy: the name of its file, its text and what separates its cells.
    File {
        name: String,
        csv: String,
        delimiter: char,
    },
}

impl Settings {
    /// What the findings suggest.
    fn of(findings: &[ColumnFindings]) -> Self {
        let role = |column: &ColumnFindings| {
            let first = column.findings.first()?;
            let role = match &first.treatment {
                Some(treatment) if column.asks => Role::Direct { treatment: treatment.clone() },
                None if column.asks => Role::Direct { treatment: "\"drop\"".to_owned() },
                Some(_) | None if first.is_direct => return None,
                Some(_) | None => Role::Quasi(Vaguer::Automatic),
            };
            Some((column.name.clone(), role))
        };
        Self {
            roles: RwSignal::new(findings.iter().filter_map(role).collect()),
            pseudonyms: RwSignal::new(pseudonym_defaults()),
            models: RwSignal::new(model_defaults()),
        }
    }

    /// The columns of a role, in the order of their names.
    fn columns<T>(self, pick: impl Fn(&Role) -> Option<T>) -> Vec<(String, T)> {
        self.roles
            .with(|roles| roles.iter().filter_map(|(name, role)| Some((name.clone(), pick(role)?))).collect())
    }
}

/// The columns that identify directly and that the steps so far have neither taken out nor replaced, and how each would be.
fn open_direct(desk: Desk, settings: Settings) -> Vec<(String, String)> {
    let Some(open) = desk.table() else { return Vec::new() };
    let present = names(open.table(), |_| true);
    let replaced = |name: &String| {
        open.recipe.steps.iter().any(|step| {
            matches!(step, Step::Pseudonymise(step) if step.columns.iter()
                .any(|treated| treated.column == *name && treated.treatment != Treatment::Keep))
        })
    };
    let direct = settings.columns(|role| match role {
        Role::Direct { treatment } => Some(treatment.clone()),
        Role::Quasi(_) | Role::Sensitive => None,
    });
    direct.into_iter().filter(|(name, _)| present.contains(name) && !replaced(name)).collect()
}

/// What a release does not count, in a sentence; `None` where it counts all that is marked.
fn uncounted(direct: &[(String, String)]) -> Option<String> {
    let names: Vec<String> = direct.iter().map(|(name, _)| name.clone()).collect();
    let still = if names.len() == 1 { "identifies" } else { "identify" };
    (!names.is_empty()).then(|| {
        format!(
            "{} still {still} every row, and the figures of a release do not count that. Replace or leave out first what \
             identifies directly.",
            words::columns(&names)
        )
    })
}

/// The screen.
#[component]
pub(super) fn AnonymiseScreen() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let findings = Loaded::new(move || Box::pin(desk.vault.findings()));
    view! {
        <p class="lead">
            "Lower the risk that people are found in what you encrypt or give away. None of this is a guarantee: the figures assume "
            "that the columns you mark are all that somebody knows from elsewhere."
        </p>
        <Working/>
        {move || match findings.get() {
            None => view! { <Skeleton label="Looking at the columns…" lines=4/> }.into_any(),
            Some(Err(fault)) => view! { <FaultNote fault/> }.into_any(),
            Some(Ok(findings)) => {
                let settings = untrack(|| desk.settings.get()).unwrap_or_else(|| {
                    let settings = desk.keep(|| Settings::of(&findings));
                    desk.settings.set(Some(settings));
                    settings
                });
                view! {
                    <Roles findings settings/>
                    <Pseudonyms settings/>
                    <ModelForm settings/>
                    <Outcome/>
                }.into_any()
            }
        }}
    }
}

/// What a preview found, else what the recipe has done.
#[component]
fn Outcome() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let shown = move || {
        let previewed = desk.preview.get().filter(|previewed| matches!(previewed.step, Step::Release(_)));
        if let Some(previewed) = previewed {
            let (report, sizes) = (previewed.report.clone(), previewed.class_sizes.clone());
            return Some((words::of_step(&previewed.step), report, sizes, false));
        }
        let open = desk.table()?;
        let last =
            open.recipe.steps.iter().zip(&open.reports).rfind(|(step, _)| matches!(step, Step::Release(_)));
        let (step, report) = last?;
        Some((words::of_step(step), report.clone(), open.state.reports.class_sizes.clone(), true))
    };
    view! {
        {move || shown().and_then(|(step, report, class_sizes, is_applied)| {
            let privacy = report.privacy.clone()?;
            Some(view! {
                <section class="panel browser-side" aria-labelledby="outcome-title" data-testid="privacy">
                    <h2 id="outcome-title">
                        <Icon symbol=Symbol::Browser/>
                        {if is_applied { "What the release loses, and what it gives away" } else { "What it would lose, and what it would give away" }}
                    </h2>
                    <p class="hint wrap">{step}</p>
                    {desk.settings.get().and_then(|settings| uncounted(&open_direct(desk, settings))).map(|sentence| view! {
                        <p class="problem" data-testid="uncounted">{sentence}</p>
                    })}
                    <Dashboard privacy class_sizes/>
                    {is_applied.then(|| view! {
                        <p class="actions">
                            <button type="button" class="button" data-testid="save-release" on:click=move |_| desk.save_rows()>
                                <Icon symbol=Symbol::Save/>"Save the released table as CSV"
                            </button>
                            <a class="button quiet" href="/prepare/clean">"See the steps"</a>
                            <a class="button quiet" href="/prepare">"Go on to the columns"</a>
                        </p>
                    })}
                </section>
            })
        })}
    }
}

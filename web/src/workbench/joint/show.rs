//! One training: where it stands, the one next step, who takes part, its rounds and what came out.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use veilsum_protocol::TrainingId;
use wasm_bindgen_futures::JsFuture;

use super::desk::JointDesk;
use super::outcome::Outcome;
use super::owners::{Owners, TakePart};
use super::rounds::Rounds;
use super::words as joint_words;
use crate::messages::training::{JointAsk, JointEnd, JointFamily, JointView};
use crate::ui::fault::FaultNote;
use crate::ui::icon::{Icon, Symbol};
use crate::ui::progress::{Bar, ProgressBar, Skeleton};
use crate::ui::stage::Heading;
use crate::ui::words;
use crate::workbench::desk::Desk;

/// Everything under the heading.
#[component]
pub(in crate::workbench) fn TrainingPage(training: TrainingId) -> impl IntoView {
    let joint = expect_context::<Desk>().joint;
    let heading = expect_context::<Heading>();
    joint.follow(training.to_string());
    let name = Memo::new(move |_| joint.known().map(|view| view.terms.name.clone()));
    Effect::new(move |_| {
        if let Some(name) = name.get() {
            heading.set(&name);
        }
    });
    let is_known = Memo::new(move |_| joint.known().is_some());
    let fault = move || {
        let of_view = joint.view.with(|view| view.as_ref().and_then(|view| view.as_ref().err().cloned()));
        of_view.or_else(|| joint.look_fault.get())
    };
    view! {
        {move || fault().map(|fault| view! {
            <FaultNote fault testid="training-fault"/>
            <p class="actions">
                <button type="button" class="button" data-testid="training-retry" on:click=move |_| joint.look()>"Try again"</button>
            </p>
        })}
        {move || if is_known.get() {
            view! { <Known joint/> }.into_any()
        } else {
            fault().is_none().then(|| view! { <Skeleton label="Asking where the training stands…" lines=5/> }).into_any()
        }}
    }
}

#[component]
fn Known(joint: JointDesk) -> impl IntoView {
    let part =
        move |look: fn(&JointView) -> bool| Memo::new(move |_| joint.known().is_some_and(|view| look(&view)));
    let is_inviting = part(|view| view.is_key_holder && view.end.is_none() && view.round_count == 0);
    let may_take_part = part(|view| {
        view.end.is_none()
            && view.own_rows.is_none()
            && (view.is_owner || (view.owners.len() as u64) < u64::from(view.terms.owners))
    });
    let has_rounds = part(|view| !view.rounds.is_empty());
    let has_outcome = part(|view| matches!(view.end, Some(JointEnd::Finished(Some(_)))));
    let takes_part = part(|view| view.end.is_none() && (view.is_key_holder || view.is_owner));
    view! {
        <NextStep joint/>
        {move || joint.known().and_then(|view| view.fault.clone()).map(|fault| view! {
            <FaultNote fault testid="training-stuck"/>
            <p>"This training does not go on by itself. Its owners are told nothing until you end it below; then create another one."</p>
        })}
        {move || has_outcome.get().then(|| view! { <Outcome joint/> })}
        {move || is_inviting.get().then(|| view! { <Invitation joint/> })}
        {move || may_take_part.get().then(|| view! { <TakePart joint/> })}
        <Owners joint/>
        {move || has_rounds.get().then(|| view! { <Rounds joint/> })}
        <Terms joint/>
        <Reveals joint/>
        {move || takes_part.get().then(|| view! { <End joint/> })}
    }
}

/// Where it stands, what runs, and the button that goes on.
#[component]
fn NextStep(joint: JointDesk) -> impl IntoView {
    let state = Memo::new(move |_| joint.known().map(|view| joint_words::state(&view)).unwrap_or_default());
    let round_count = Memo::new(move |_| joint.known().map_or(0, |view| view.round_count));
    let end = Memo::new(move |_| {
        joint.known().map_or("", |view| match &view.end {
            None => "",
            Some(JointEnd::Finished(_)) => "finished",
            Some(JointEnd::Stopped { .. }) => "stopped",
        })
    });
    let step = Memo::new(move |_| {
        let view = joint.known()?;
        if view.waits_for_me() && view.own_rows.is_some() {
            Some("Contribute to this round")
        } else if view.waits_for_key_holder() {
            Some(if view.rounds.is_empty() { "Start the first round" } else { "Go on with the total" })
        } else {
            None
        }
    });
    let runs_by_itself = move || joint.is_automatic.get() && round_count.get() > 0;
    let is_mine = Memo::new(move |_| {
        joint
            .known()
            .is_some_and(|view| view.end.is_none() && (view.is_key_holder || view.own_rows.is_some()))
    });
    let bar = Signal::derive(move || match joint.progress.get() {
        Some(progress) => Bar { label: progress.stage, share: progress.share, facts: Vec::new() },
        None => Bar { label: "Asking the cloud".to_owned(), share: None, facts: Vec::new() },
    });
    let is_shown = Memo::new(move |_| joint.is_busy.get() && joint.progress.with(Option::is_some));
    view! {
        <section class="panel" aria-labelledby="joint-state-title">
            <h2 id="joint-state-title" class="visually-hidden">"Where it stands"</h2>
            <p
                class="finding" role="status" data-testid="joint-state"
                data-rounds=move || round_count.get().to_string() data-end=move || end.get()
            >{move || state.get()}</p>
            {move || is_shown.get().then(|| view! {
                <ProgressBar bar testid="joint-progress"/>
                <div class="actions">
                    <button type="button" class="button" data-testid="joint-cancel" on:click=move |_| {
                        joint.is_automatic.set(false);
                        joint.cancel();
                    }>"Cancel"</button>
                </div>
            })}
            {move || joint.fault.get().map(|fault| view! { <FaultNote fault testid="joint-fault"/> })}
            {move || (is_mine.get() && !is_shown.get()).then(|| view! {
                <div class="actions">
                    {move || step.get().filter(|_| !runs_by_itself() || joint.fault.with(Option::is_some)).map(|label| view! {
                        <button
                            type="button" class="button primary" data-testid="joint-step" disabled=move || joint.is_busy.get()
                            on:click=move |_| joint.step()
                        >{label}</button>
                    })}
                    <label class="choice">
                        <input
                            type="checkbox" data-testid="joint-automatic" prop:checked=joint.is_automatic
                            on:change:target=move |event| joint.is_automatic.set(event.target().checked())
                        />
                        "Go on by itself from round to round, while this tab is open"
                    </label>
                </div>
            })}
        </section>
    }
}

#[component]
fn Invitation(joint: JointDesk) -> impl IntoView {
    let said = RwSignal::new("");
    let link = Memo::new(move |_| {
        let origin = window().location().origin().unwrap_or_default();
        joint.known().map(|view| format!("{origin}/trainings/{}", view.training)).unwrap_or_default()
    });
    let copy = move |_| {
        let link = link.get_untracked();
        spawn_local(async move {
            let copied = JsFuture::from(window().navigator().clipboard().write_text(&link)).await;
            said.try_set(if copied.is_ok() {
                "Copied."
            } else {
                "The browser did not copy it. Select the link and copy it."
            });
        });
    };
    view! {
        <section class="panel crossing-side" aria-labelledby="invitation-title">
            <h2 id="invitation-title"><Icon symbol=Symbol::Right/>"Send this invitation to the owners"</h2>
            <p class="mono wrap" data-testid="invitation">{link}</p>
            <div class="actions">
                <button type="button" class="button" data-testid="copy-invitation" on:click=copy>"Copy the link"</button>
                <span class="hint" role="status">{said}</span>
            </div>
            <p class="hint">"Whoever has the link may take one of the places. Names below are what people call themselves: start the first round once you know that they are who they say."</p>
        </section>
    }
}

#[component]
fn Terms(joint: JointDesk) -> impl IntoView {
    let terms = Memo::new(move |_| joint.known().map(|view| Shown::of(&view)));
    view! {
        <section class="panel" aria-labelledby="joint-terms-title">
            <h2 id="joint-terms-title">"Terms"</h2>
            {move || terms.get().map(|shown| {
                let columns = shown.columns.into_iter().map(|(name, bound)| view! {
                    <tr><th scope="row" class="wrap">{name}</th><td class="number">{format!("±{}", joint_words::number(bound))}</td></tr>
                }).collect_view();
                view! {
                    <dl class="pairs" data-testid="joint-terms">
                        {shown.pairs.into_iter().map(|(name, text, class)| view! {
                            <div><dt>{name}</dt><dd class=class>{text}</dd></div>
                        }).collect_view()}
                    </dl>
                    <details>
                        <summary>{format!("{} with their bounds", words::capitalised(&shown.column_count))}</summary>
                        <div class="table-scroll fitted" tabindex="0" role="region" aria-label="Columns and bounds">
                            <table>
                                <thead><tr><th scope="col">"Column"</th><th scope="col" class="number">"Bound"</th></tr></thead>
                                <tbody>{columns}</tbody>
                            </table>
                        </div>
                    </details>
                }
            })}
        </section>
    }
}

/// Terms as they are shown.
#[derive(Clone, PartialEq)]
struct Shown {
    pairs: Vec<(&'static str, String, &'static str)>,
    columns: Vec<(String, f64)>,
    column_count: String,
}

impl Shown {
    fn of(view: &Arc<JointView>) -> Self {
        let terms = &view.terms;
        let model = match &terms.family {
            JointFamily::Linear { target, ridge } if *ridge == 0.0 => {
                format!("Linear regression of {}, least squares", target.name)
            }
            JointFamily::Linear { target, ridge } => {
                format!("Linear regression of {}, ridge penalty {ridge} on standardised columns", target.name)
            }
            JointFamily::Logistic { label, classes: [negative, positive], c } => format!(
                "Logistic regression of {label}, “{positive}” against “{negative}”, L2 penalty with C = {c} on standardised columns"
            ),
            JointFamily::KMeans { clusters, starts, seed, standardised } => format!(
                "k-means with {clusters} clusters, {} from seed {seed}, in columns {}",
                words::counted(u64::from(*starts), "start"),
                if *standardised { "standardised over all owners" } else { "as they are" }
            ),
        };
        let target = match &terms.family {
            JointFamily::Linear { target, .. } => Some(target),
            JointFamily::Logistic { .. } | JointFamily::KMeans { .. } => None,
        };
        let columns = terms.features.iter().chain(target).map(|column| (column.name.clone(), column.bound));
        Self {
            pairs: vec![
                ("Model", model, ""),
                ("Owners", words::count(u64::from(terms.owners)), ""),
                ("Fewest rows of each", words::count(terms.least_rows), ""),
                ("Most rows of all", words::count(terms.most_rows), ""),
                ("Key holder", format!("{}, as they call themselves", terms.key_holder), "wrap"),
                ("Their identity", view.key_holder.clone(), "mono wrap"),
                (
                    "Key",
                    format!("{} ({} bits; its proof was checked here)", view.key, view.modulus_bits),
                    "mono wrap",
                ),
                ("Hash of the terms", view.digest.clone(), "mono wrap"),
            ],
            column_count: words::counted(terms.features.len() as u64 + u64::from(target.is_some()), "column"),
            columns: columns.collect(),
        }
    }
}

#[component]
fn Reveals(joint: JointDesk) -> impl IntoView {
    let family = Memo::new(move |_| joint.known().map(|view| view.terms.family.clone()));
    view! {
        <section class="panel" aria-labelledby="reveals-title" data-testid="reveals">
            <h2 id="reveals-title"><Icon symbol=Symbol::Eye/>"What each round reveals, and to whom"</h2>
            <dl class="pairs">
                {move || family.get().map(|family| joint_words::reveals(&family).into_iter().map(|(name, text)| view! {
                    <div><dt>{name}</dt><dd>{text}</dd></div>
                }).collect_view())}
            </dl>
        </section>
    }
}

#[component]
fn End(joint: JointDesk) -> impl IntoView {
    let asking = RwSignal::new(false);
    let is_key_holder = Memo::new(move |_| joint.known().is_some_and(|view| view.is_key_holder));
    let frees_place =
        Memo::new(move |_| joint.known().is_some_and(|view| !view.is_key_holder && view.round_count == 0));
    let label = move || if is_key_holder.get() { "End the training…" } else { "Leave the training…" };
    let end = move |_| {
        asking.set(false);
        if let Some(view) = joint.known_untracked() {
            joint.run(JointAsk::End { training: view.training.clone() });
        }
    };
    view! {
        <div class="actions">
            <button
                type="button" class="button quiet" data-testid="joint-end" aria-expanded=move || asking.get().to_string()
                on:click=move |_| asking.set(true)
            >{label}</button>
        </div>
        {move || asking.get().then(|| view! {
            <div class="note warning" role="group" aria-label="End the training">
                <Icon symbol=Symbol::Warning/>
                <div>
                    <p>{move || if frees_place.get() {
                        "Your place becomes free for somebody else. No round was made yet."
                    } else {
                        "It ends for everybody, without a model, and cannot be taken up again. Contributions that are not added up are deleted. What earlier rounds made public stays known."
                    }}</p>
                    <p class="actions">
                        <button type="button" class="button danger" data-testid="joint-end-confirm" on:click=end>
                            {move || if is_key_holder.get() { "End it" } else { "Leave it" }}
                        </button>
                        <button type="button" class="button quiet" on:click=move |_| asking.set(false)>"Go on"</button>
                    </p>
                </div>
            </div>
        })}
    }
}

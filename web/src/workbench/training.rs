//! How to train: what is predicted, with what, and the choices of the family; then how far it is.

use leptos::prelude::*;

use super::desk::{Desk, TableProcess, TrainingProcess};
use super::evaluation::EpochCharts;
use crate::messages::workbench::{Family, TableHead, Training};
use crate::ui::fault::FaultNote;
use crate::ui::icon::{Icon, Symbol};
use crate::ui::progress::{Bar, ProgressBar};

/// The form and the progress.
#[component]
pub(super) fn TrainingForm() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let is_running =
        Memo::new(move |_| desk.trained.with(|trained| matches!(trained, TrainingProcess::Running)));
    let family = Memo::new(move |_| desk.training.with(|training| training.family));
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        desk.train();
    };
    let bar = Signal::derive(move || match desk.training_progress.get() {
        Some(progress) => Bar {
            label: progress.stage,
            share: progress.share,
            facts: progress.epoch.map_or_else(Vec::new, |epoch| {
                vec![
                    format!("epoch {}", epoch.epoch),
                    format!("validation loss {:.4}", epoch.validation.loss),
                ]
            }),
        },
        None => Bar { label: "Starting the worker that trains".into(), share: None, facts: Vec::new() },
    });
    view! {
        <section class="panel browser-side" aria-labelledby="train-title">
            <h2 id="train-title"><Icon symbol=Symbol::Browser/>"3. Train"</h2>
            <form class="run-form" on:submit=submit>
                <fieldset disabled=move || is_running.get()>
                    <div class="ask-fields">
                        {move || match desk.table.get() {
                            TableProcess::Open(head) => view! { <TargetChoice head=(*head).clone()/> }.into_any(),
                            TableProcess::None | TableProcess::Reading | TableProcess::Failed(_) => ().into_any(),
                        }}
                        {move || (family.get() != Family::KMeans).then(|| view! {
                            <Number
                                id="train-test-percent" label="Test part, %" low=0.0 high=90.0 step="1"
                                get=|training| f64::from(training.test_percent)
                                set=|training, value| training.test_percent = whole(value)
                                hint="0 learns from all rows and is judged by them, too."
                            />
                        })}
                        <Number
                            id="train-seed" label="Seed" low=0.0 high=4_294_967_295.0 step="1"
                            get=|training| training.seed as f64
                            set=|training, value| training.seed = u64::from(whole(value))
                            hint="The same seed gives the same split and the same model."
                        />
                        {move || (family.get() == Family::KMeans).then(|| view! {
                            <Number
                                id="train-clusters" label="Clusters" low=1.0 high=64.0 step="1"
                                get=|training| f64::from(training.clusters)
                                set=|training, value| training.clusters = whole(value).max(1)
                            />
                        })}
                        {move || (family.get() == Family::Network).then(|| view! {
                            <Number
                                id="train-hidden" label="Hidden units" low=1.0 high=256.0 step="1"
                                get=|training| f64::from(training.hidden)
                                set=|training, value| training.hidden = whole(value).max(1)
                            />
                            <Number
                                id="train-epochs" label="Epochs, at most" low=1.0 high=2000.0 step="1"
                                get=|training| f64::from(training.epochs)
                                set=|training, value| training.epochs = whole(value).max(1)
                            />
                        })}
                    </div>
                    <details>
                        <summary>"More choices"</summary>
                        <div class="ask-fields">
                            {move || (family.get() == Family::Network).then(|| view! {
                                <Number
                                    id="train-patience" label="Patience, epochs" low=1.0 high=1000.0 step="1"
                                    get=|training| f64::from(training.patience)
                                    set=|training, value| training.patience = whole(value).max(1)
                                    hint="It stops early after so many epochs without a lower validation loss."
                                />
                            })}
                            {move || match family.get() {
                                Family::Linear => view! {
                                    <Number
                                        id="train-penalty" label="Ridge penalty" low=0.0 high=1e9 step="any"
                                        get=|training| training.penalty
                                        set=|training, value| training.penalty = value
                                        hint="0 is least squares."
                                    />
                                }.into_any(),
                                Family::Logistic => view! {
                                    <Number
                                        id="train-penalty" label="C, inverse of the penalty" low=0.0 high=1e9 step="any"
                                        get=|training| training.penalty
                                        set=|training, value| training.penalty = value
                                        hint="As scikit-learn's; 1 is usual."
                                    />
                                }.into_any(),
                                Family::KMeans | Family::Network => ().into_any(),
                            }}
                            <Number
                                id="train-weight-bits" label="Bits of the largest weight" low=4.0 high=48.0 step="1"
                                get=|training| f64::from(training.weight_bits)
                                set=|training, value| {
                                    training.weight_bits = u8::try_from(whole(value)).unwrap_or(u8::MAX);
                                }
                                hint="Of the quantised model; fewer where more do not fit."
                            />
                            {move || (family.get() != Family::Network).then(|| view! {
                                <label class="choice">
                                    <input
                                        type="checkbox" data-testid="train-standardise"
                                        prop:checked=move || desk.training.with(|training| training.standardise)
                                        on:change:target=move |event| {
                                            let wanted = event.target().checked();
                                            desk.training.update(|training| training.standardise = wanted);
                                        }
                                    />
                                    "Standardise the columns"
                                </label>
                            })}
                        </div>
                        {move || match desk.table.get() {
                            TableProcess::Open(head) => view! { <FeatureChoice head=(*head).clone()/> }.into_any(),
                            TableProcess::None | TableProcess::Reading | TableProcess::Failed(_) => ().into_any(),
                        }}
                    </details>
                    <div class="actions">
                        <button type="submit" class="button primary" data-testid="train">
                            {move || if is_running.get() { "Training…" } else { "Train in this browser" }}
                        </button>
                    </div>
                </fieldset>
            </form>
            {move || is_running.get().then(|| view! {
                <ProgressBar bar testid="train-progress"/>
                <EpochCharts epochs=desk.epochs/>
                <div class="actions">
                    <button
                        type="button" class="button" data-testid="train-cancel" on:click=move |_| desk.cancel()
                    >"Cancel"</button>
                </div>
            })}
            {move || desk.trained.with(|trained| match trained {
                TrainingProcess::Failed(fault) => Some(fault.clone()),
                TrainingProcess::None | TrainingProcess::Running | TrainingProcess::Done(_) => None,
            }).map(|fault| view! { <FaultNote fault testid="train-fault"/> })}
        </section>
    }
}

#[component]
fn TargetChoice(head: TableHead) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let label = move || match desk.training.with(|training| training.family) {
        Family::KMeans => "Known classes, to compare with",
        Family::Linear | Family::Logistic | Family::Network => "Predict",
    };
    let chosen = move || {
        desk.training.with(|training| training.target.map_or_else(String::new, |target| target.to_string()))
    };
    let options = head
        .columns
        .iter()
        .enumerate()
        .map(|(at, column)| {
            let value = at.to_string();
            let is_chosen = chosen() == value;
            view! { <option value=value selected=is_chosen>{column.name.clone()}</option> }
        })
        .collect_view();
    view! {
        <div class="field">
            <label for="train-target">{label}</label>
            <select
                id="train-target" data-testid="train-target" prop:value=chosen
                on:change:target=move |event| {
                    let target = event.target().value().parse().ok();
                    desk.training.update(|training| training.target = target);
                }
            >
                <option value="">"None"</option>
                {options}
            </select>
        </div>
    }
}

/// Which columns are learned from.
#[component]
fn FeatureChoice(head: TableHead) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let item = move |(at, name): (u32, String)| {
        let is_used = move || desk.training.with(|training| !training.left_out.contains(&at));
        let is_target = move || desk.training.with(|training| training.target == Some(at));
        view! {
            <label class="choice">
                <input
                    type="checkbox" prop:checked=move || is_used() && !is_target() disabled=is_target
                    on:change:target=move |event| {
                        let used = event.target().checked();
                        desk.training.update(|training| {
                            training.left_out.retain(|&left| left != at);
                            if !used {
                                training.left_out.push(at);
                            }
                        });
                    }
                />
                <span class="wrap">{name}</span>
            </label>
        }
    };
    let columns = (0..).zip(head.columns).filter(|(_, column)| column.is_number);
    view! {
        <fieldset>
            <legend>"Learn from these columns"</legend>
            <div class="choices scroll">
                {columns.map(|(at, column)| item((at, column.name))).collect_view()}
            </div>
        </fieldset>
    }
}

/// A number of the choices.
#[component]
fn Number(
    id: &'static str,
    label: &'static str,
    low: f64,
    high: f64,
    step: &'static str,
    get: fn(&Training) -> f64,
    set: fn(&mut Training, f64),
    #[prop(default = "")] hint: &'static str,
) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let hint_id = format!("{id}-hint");
    let described_by = hint_id.clone();
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <input
                type="number" id=id data-testid=id min=low.to_string() max=high.to_string() step=step
                aria-describedby=described_by
                prop:value=move || desk.training.with(|training| get(training).to_string())
                on:change:target=move |event| {
                    if let Ok(value) = event.target().value().parse::<f64>() {
                        desk.training.update(|training| set(training, value.clamp(low, high)));
                    }
                }
            />
            <p class="hint" id=hint_id>{hint}</p>
        </div>
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the field's range")]
fn whole(value: f64) -> u32 {
    value.round().max(0.0) as u32
}

//! The trained model: how good it is, what quantisation changed, its card, and publishing it.

use std::sync::Arc;

use leptos::prelude::*;
use veilsum_model::interface::Interface;
use veilsum_model::plan::Engine;
use veilsum_model::text::Real;

use super::desk::{Desk, PublishProcess, TrainingProcess};
use super::evaluation::{EpochCharts, EvaluationView, InertiaChart, headline, three};
use super::screen::GoTo;
use super::steps::Step;
use crate::messages::workbench::{Family, ModelEntry, Publishing, Trained};
use crate::ui::chart::scale::short;
use crate::ui::fault::FaultNote;
use crate::ui::icon::{Icon, Symbol};
use crate::ui::words;

/// Everything about the model.
#[component]
pub(super) fn TrainedModel() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let trained = move || {
        desk.trained.with(|trained| match trained {
            TrainingProcess::Done(trained) => Some(Arc::clone(trained)),
            TrainingProcess::None | TrainingProcess::Running | TrainingProcess::Failed(_) => None,
        })
    };
    move || {
        trained().map(|trained| {
            view! {
                <Judged trained=Arc::clone(&trained)/>
                <Quantised
                    interface=trained.interface.clone() model_bytes=trained.model_bytes agreement=Some(trained.agreement)
                />
            }
        })
    }
}

#[component]
fn Judged(trained: Arc<Trained>) -> impl IntoView {
    let [learned, validation, test] = trained.parts;
    let is_clusters = trained.family == Family::KMeans;
    let mut facts = vec![if is_clusters {
        format!("Found in {} and judged by the same rows.", words::counted(learned, "row"))
    } else if learned + validation == test {
        format!(
            "Learned from {} and judged by the same rows, which flatters it.",
            words::counted(learned, "row")
        )
    } else {
        format!(
            "Learned from {}, judged by {} that it had not seen.",
            words::counted(learned, "row"),
            words::count(test)
        )
    }];
    if validation > 0 {
        let early = if trained.stopped_early { ", and stopped it early" } else { "" };
        facts.push(format!("{} decided which epoch is kept{early}.", words::counted(validation, "more row")));
    }
    if trained.dropped_rows > 0 {
        facts.push(format!("{} with a blank cell left out.", words::counted(trained.dropped_rows, "row")));
    }
    if !trained.constant.is_empty() {
        facts.push(format!(
            "Left out because they are the same in every row: {}.",
            trained.constant.join(", ")
        ));
    }
    facts.extend(
        trained
            .fit_r_squared
            .map(|value| format!("R² over the rows it learned from: {}.", words::fixed(value.max(0.0), 4))),
    );
    facts.extend(trained.cross_validation.iter().map(|(name, value)| format!("{name}: {}.", three(*value))));
    facts.push(format!("Trained in {}.", words::seconds(trained.seconds)));
    let evaluation = trained.evaluation.clone();
    let (epochs, inertia) = (trained.epochs.clone(), trained.inertia.clone());
    view! {
        <section class="panel browser-side" aria-labelledby="judged-title" data-testid="trained">
            <h2 id="judged-title"><Icon symbol=Symbol::Browser/>"The model in floats"</h2>
            <p class="finding" data-testid="headline">{headline(&evaluation)}</p>
            <ul class="more-findings" data-testid="training-facts">
                {facts.into_iter().map(|fact| view! { <li class="wrap">{fact}</li> }).collect_view()}
            </ul>
            <EvaluationView evaluation name="test"/>
            {(epochs.len() > 1).then(|| view! { <EpochCharts epochs=Signal::stored(epochs.clone())/> })}
            {(inertia.len() > 1).then(|| view! { <InertiaChart inertia=inertia.clone()/> })}
        </section>
    }
}

/// The model as it is published.
#[component]
pub(super) fn Quantised(
    interface: Interface,
    model_bytes: u64,
    /// Test rows for which it says what the float model says, of how many.
    agreement: Option<(u64, u64)>,
) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let digest = interface.model.clone();
    let is_taken = Memo::new(move |_| {
        desk.model.with(|model| model.as_ref().is_some_and(|model| model.interface.model == digest))
    });
    let agreement = agreement.map(|(same, of)| {
        format!(
            "The integers say the same as the floats for {} of {}.",
            words::count(same),
            words::counted(of, "row")
        )
    });
    view! {
        <section class="panel crossing-side" aria-labelledby="quantised-title">
            <h2 id="quantised-title"><Icon symbol=Symbol::Right/>"The model in integers, to be published"</h2>
            {agreement.map(|agreement| view! { <p class="finding" data-testid="agreement">{agreement}</p> })}
            <p>
                "Ciphertexts are computed on with integers. "{error_words(&interface)}
            </p>
            <Card interface=interface.clone()/>
            <p class="hint">{format!("{} as published. The cloud can read it; clients cannot.", words::bytes(model_bytes))}</p>
            {move || if is_taken.get() {
                view! {
                    <p class="with-icon passed" data-testid="published">
                        <Icon symbol=Symbol::Check/>
                        {move || desk.model.with(|model| model.as_ref().map(|model| format!("Published as version {}.", model.version)))}
                    </p>
                    <GoTo step=Step::Encryption label="Next: encrypt records for it" testid="to-encryption"/>
                }.into_any()
            } else {
                view! { <Publish interface=interface.clone()/> }.into_any()
            }}
        </section>
    }
}

/// What quantisation may change, in a sentence.
fn error_words(interface: &Interface) -> String {
    let card = &interface.card;
    let Some(error) = card.quantisation_error.map(Real::get) else { return String::new() };
    let rounding = card.rounding_error.map_or(0.0, Real::get);
    if rounding > 0.0 {
        format!(
            "A score differs from the float score by {} at most, and by {} more where a record has finer decimals than \
             the model keeps.",
            short(error),
            short(rounding)
        )
    } else {
        format!("A score differs from the float score by {} at most.", short(error))
    }
}

/// The model card.
#[component]
pub(super) fn Card(interface: Interface) -> impl IntoView {
    let card = interface.card.clone();
    let metrics: Vec<String> =
        card.metrics.iter().map(|metric| format!("{} {}", metric.name, short(metric.value.get()))).collect();
    let mut pairs: Vec<(&str, String)> = vec![
        ("Family", words::capitalised(&interface.family.to_string())),
        ("Trained on", card.training_data.clone()),
        ("Made by", card.source.clone()),
        ("Measured", if metrics.is_empty() { "nothing".to_owned() } else { metrics.join(" · ") }),
        ("Gives", outputs(&interface)),
    ];
    if let Some(error) = card.quantisation_error {
        pairs.push(("Quantisation error", format!("at most {}", short(error.get()))));
    }
    pairs.push(("Version", format!("SHA-256 {}…", &interface.model[..interface.model.len().min(16)])));
    let rows = interface
        .features
        .iter()
        .map(|feature| {
            let bound = |integer: i64| short(feature.scale.to_number(integer.into()));
            view! {
                <tr>
                    <th scope="row" class="wrap">{feature.name.clone()}</th>
                    <td class="number">{feature.scale.decimal.to_string()}</td>
                    <td class="number">{bound(feature.lowest)}</td>
                    <td class="number">{bound(feature.highest)}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <article class="model-card" data-testid="model-card" aria-label="Model card">
            <h3 class="wrap">{card.name.clone()}</h3>
            <dl class="pairs">
                {pairs.into_iter().map(|(name, value)| view! {
                    <div><dt>{name}</dt><dd class="wrap">{value}</dd></div>
                }).collect_view()}
            </dl>
            <details>
                <summary>{format!("{} with scale and bounds", words::counted(interface.features.len() as u64, "feature"))}</summary>
                <div class="table-scroll long" tabindex="0" role="region" aria-label="Features of the model">
                    <table>
                        <thead><tr>
                            <th scope="col">"Feature"</th><th scope="col" class="number">"Decimals"</th>
                            <th scope="col" class="number">"Least"</th><th scope="col" class="number">"Most"</th>
                        </tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            </details>
        </article>
    }
}

fn outputs(interface: &Interface) -> String {
    if interface.classes.is_empty() {
        return match interface.score_count {
            1 => "a value".to_owned(),
            count => format!("{count} squared distances"),
        };
    }
    format!("one of {} classes: {}", interface.classes.len(), interface.classes.join(", "))
}

/// Terms, and the button.
#[component]
fn Publish(interface: Interface) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let shape = StoredValue::new(interface);
    // A version takes the same records as the one before, and says the same kind of thing.
    let is_version_of = move |model: &&ModelEntry| {
        let same = shape.with_value(|interface| {
            let names = |interface: &Interface| {
                interface.features.iter().map(|feature| feature.name.clone()).collect::<Vec<_>>()
            };
            interface.family == model.interface.family && names(interface) == names(&model.interface)
        });
        same && model.is_own && !model.is_withdrawn
    };
    let limit = RwSignal::new(1_000_u64);
    let as_version = RwSignal::new(false);
    let by_layers = RwSignal::new(false);
    let has_layers = move || shape.with_value(|interface| interface.engines.contains(&Engine::ByLayers));
    let before = move || {
        desk.model.with(|model| {
            let model = model.as_ref().filter(is_version_of);
            model.map(|model| (model.model.clone(), model.version))
        })
    };
    let is_running =
        Memo::new(move |_| desk.publishing.with(|publishing| matches!(publishing, PublishProcess::Running)));
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let replaces = before().filter(|_| as_version.get_untracked()).map(|(model, _)| model);
        desk.publish(Publishing {
            replaces,
            row_limit: limit.get_untracked(),
            by_layers: by_layers.get_untracked() && has_layers(),
        });
    };
    view! {
        <form class="fields" on:submit=submit>
            <fieldset disabled=move || is_running.get()>
                <div class="field">
                    <label for="publish-limit">"Rows that each client may have scored"</label>
                    <input
                        type="number" id="publish-limit" data-testid="publish-limit" min="1" max="1000000000" step="1"
                        aria-describedby="publish-limit-hint"
                        prop:value=move || limit.get().to_string()
                        on:change:target=move |event| {
                            if let Ok(value) = event.target().value().parse::<u64>() {
                                limit.set(value.max(1));
                            }
                        }
                    />
                    <p class="hint" id="publish-limit-hint">"Your own rows are counted and not limited. The more rows, the more a client learns about the model."</p>
                </div>
                // Terms are the model's, not a version's.
                {move || (has_layers() && !(as_version.get() && before().is_some())).then(|| view! {
                    <label class="choice">
                        <input
                            type="checkbox" data-testid="publish-by-layers" aria-describedby="publish-by-layers-hint"
                            prop:checked=by_layers
                            on:change:target=move |event| by_layers.set(event.target().checked())
                        />
                        "Also layer by layer, for teaching"
                    </label>
                    <p class="hint" id="publish-by-layers-hint">"Whoever asks that way sees the sums of every layer and can work out all weights. Leave it off for a model that is to stay hidden."</p>
                })}
                {move || before().map(|(_, version)| view! {
                    <label class="choice">
                        <input
                            type="checkbox" data-testid="publish-as-version"
                            prop:checked=as_version
                            on:change:target=move |event| as_version.set(event.target().checked())
                        />
                        {format!("As version {} of the model that was published before", version + 1)}
                    </label>
                })}
                <button type="submit" class="button primary" data-testid="publish">
                    {move || if is_running.get() { "Publishing…" } else { "Publish to the cloud" }}
                </button>
            </fieldset>
        </form>
        {move || desk.publishing.with(|publishing| match publishing {
            PublishProcess::Failed(fault) => Some(fault.clone()),
            PublishProcess::None | PublishProcess::Running | PublishProcess::Done => None,
        }).map(|fault| view! { <FaultNote fault testid="publish-fault"/> })}
    }
}

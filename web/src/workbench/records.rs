//! Encryption: which records, under which key; what they become.

use leptos::prelude::*;
use web_sys::File;

use super::desk::{Desk, ScoringProcess};
use super::layers::LayersChoice;
use super::model::Card;
use super::running::{Running, ScoreFault};
use super::screen::GoTo;
use super::steps::Step;
use crate::messages::workbench::{KeyView, ModelEntry, Records};
use crate::ui::chart::scale::short;
use crate::ui::file_input::FileInput;
use crate::ui::hex::Hex;
use crate::ui::icon::{Icon, Symbol};
use crate::ui::loaded::Loaded;
use crate::ui::words;

/// Most rows of the test part that are scored at once.
const MOST_TEST_ROWS: u32 = 2_000;

/// The second step.
#[component]
pub(super) fn EncryptionStep() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let digest = Memo::new(move |_| {
        desk.model.with(|model| model.as_ref().map(|model| model.interface.model.clone()))
    });
    move || {
        digest.track();
        match desk.model.get_untracked() {
            Some(model) => view! { <ForModel model/> }.into_any(),
            None => view! {
                <section class="panel empty">
                    <p>"No model is chosen. Train and publish one, or choose one that is published."</p>
                    <p class="actions">
                        <GoTo step=Step::Input label="Train a model" testid="to-input"/>
                        <a href="/models" class="button quiet">"See the models"</a>
                    </p>
                </section>
            }
            .into_any(),
        }
    }
}

#[component]
fn ForModel(model: ModelEntry) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let is_running =
        Memo::new(move |_| desk.scoring.with(|scoring| matches!(scoring, ScoringProcess::Running)));
    let name = model.interface.card.name.clone();
    let budget = move || {
        desk.model.with(|model| {
            model.as_ref().map(|model| match model.limit {
                Some(limit) => format!(
                    "{} of {} were scored under your keyring.",
                    words::count(model.used),
                    words::counted(limit, "row")
                ),
                None => format!(
                    "It is your own model: rows are counted ({}), not limited.",
                    words::count(model.used)
                ),
            })
        })
    };
    view! {
        <section class="panel browser-side" aria-labelledby="records-title">
            <h2 id="records-title"><Icon symbol=Symbol::Browser/>"Records to encrypt"</h2>
            <p class="wrap">{format!("For “{name}”, version {}. ", model.version)}<span class="muted">{budget}</span></p>
            <details>
                <summary>"Model card"</summary>
                <Card interface=model.interface.clone()/>
            </details>
            <fieldset class="bench-records" disabled=move || is_running.get()>
                <LayersChoice model=model.clone()/>
                <WholeTable model=model.clone()/>
                <OneRecord model/>
            </fieldset>
            <Running/>
            <ScoreFault/>
        </section>
        <Leaves/>
    }
}

/// The test part, or a file.
#[component]
fn WholeTable(model: ModelEntry) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let test_rows = desk.trained_model().map_or(0, |trained| trained.parts[2]);
    let most = RwSignal::new(u32::try_from(test_rows).unwrap_or(u32::MAX).min(MOST_TEST_ROWS));
    let score_file = Callback::new(move |file: File| desk.score(Records::File, Some(file)));
    let count = model.interface.features.len();
    view! {
        <section aria-labelledby="table-title">
            <h3 id="table-title">"A table"</h3>
            {(test_rows > 0).then(|| view! {
                <div class="run-line">
                    <div class="field">
                        <label for="test-rows">"Rows of the test part"</label>
                        <input
                            type="number" id="test-rows" data-testid="test-rows" min="1" step="1"
                            max=test_rows.to_string()
                            prop:value=move || most.get().to_string()
                            on:change:target=move |event| {
                                if let Ok(value) = event.target().value().parse::<u32>() {
                                    most.set(value.max(1));
                                }
                            }
                        />
                    </div>
                    <button
                        type="button" class="button primary" data-testid="score-test-part"
                        on:click=move |_| desk.score(Records::TestPart { most: most.get_untracked() }, None)
                    >"Encrypt and score the test part"</button>
                </div>
            })}
            <div class="run-line">
                <FileInput id="score-file" label="Choose a CSV file" on_file=score_file/>
                <p class="hint">{format!("With a column for each of the {count} features, found by name.")}</p>
            </div>
        </section>
    }
}

/// A field for each feature.
#[component]
fn OneRecord(model: ModelEntry) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let features = model.interface.features.clone();
    let names: Vec<String> = features.iter().map(|feature| feature.name.clone()).collect();
    let names = StoredValue::new(names);
    let line = desk.line;
    let test_rows = desk.trained_model().map(|trained| trained.test_rows.clone()).unwrap_or_default();
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let texts: Vec<String> =
            desk.fields.with_untracked(|fields| fields.iter().map(RwSignal::get_untracked).collect());
        let fields = names.with_value(|names| names.iter().cloned().zip(texts).collect());
        desk.score(Records::Form(fields), None);
    };
    let fields = desk.fields.get_untracked();
    let field = |(at, (feature, value)): (usize, (veilsum_model::feature::Feature, RwSignal<String>))| {
        let id = format!("feature-{at}");
        let hint_id = format!("{id}-hint");
        let bound = |integer: i64| short(feature.scale.to_number(integer.into()));
        let hint = format!("{} to {}", bound(feature.lowest), bound(feature.highest));
        let (label_for, described_by) = (id.clone(), hint_id.clone());
        view! {
            <div class="field">
                <label for=label_for class="wrap">{feature.name.clone()}</label>
                <input
                    type="text" inputmode="decimal" id=id.clone() data-testid=id aria-describedby=described_by
                    autocomplete="off"
                    prop:value=value on:input:target=move |event| value.set(event.target().value())
                />
                <p class="hint" id=hint_id>{hint}</p>
            </div>
        }
    };
    let prefill = (!test_rows.is_empty()).then(|| {
        let options = test_rows
            .iter()
            .enumerate()
            .map(|(at, row)| {
                let known = row.known.clone().map_or_else(String::new, |known| format!(", known: {known}"));
                view! { <option value=at.to_string()>{format!("Row {}{known}", row.row)}</option> }
            })
            .collect_view();
        view! {
            <div class="field">
                <label for="prefill">"Fill with a row of the test part"</label>
                <select
                    id="prefill" data-testid="prefill"
                    on:change:target=move |event| {
                        if let Ok(row) = event.target().value().parse() {
                            desk.fill(row);
                        }
                    }
                >{options}</select>
            </div>
        }
    });
    view! {
        <section aria-labelledby="one-title">
            <h3 id="one-title">"One record"</h3>
            <form class="run-form" on:submit=submit>
                {prefill}
                <div class="bench-fields">{features.into_iter().zip(fields).enumerate().map(field).collect_view()}</div>
                <div class="actions">
                    <button type="submit" class="button primary" data-testid="score-form">"Encrypt and score this record"</button>
                </div>
            </form>
            <details>
                <summary>"Paste a record as one line"</summary>
                <div class="run-line">
                    <div class="field wide">
                        <label for="record-line">"Numbers in the order of the features, with commas between them"</label>
                        <input
                            type="text" id="record-line" data-testid="record-line" autocomplete="off"
                            prop:value=line on:input:target=move |event| line.set(event.target().value())
                        />
                    </div>
                    <button
                        type="button" class="button" data-testid="score-line"
                        on:click=move |_| desk.score(Records::Line(line.get_untracked()), None)
                    >"Encrypt and score it"</button>
                </div>
            </details>
        </section>
    }
}

/// What leaves this browser: the key's fingerprint, and ciphertext.
#[component]
fn Leaves() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let key = Loaded::new(move || Box::pin(desk.vault.bench_key()));
    let sample = move || {
        let running = desk.scoring_progress.with(|progress| {
            progress.as_ref().and_then(|progress| Some((progress.sample.clone()?, progress.query_bytes?)))
        });
        let done = desk
            .scored()
            .and_then(|scored| Some((scored.samples.0.clone(), scored.runs.last()?.query_bytes)));
        running.or(done)
    };
    let is_network = move || {
        desk.model.with(|model| {
            model
                .as_ref()
                .is_some_and(|model| model.interface.family == veilsum_model::model::FamilyName::Network)
        })
    };
    view! {
        <section class="panel crossing-side" aria-labelledby="leaves-title">
            <h2 id="leaves-title"><Icon symbol=Symbol::Right/>"What leaves this browser"</h2>
            {move || match key.get() {
                Some(Ok(key)) => view! { <KeyFacts key_view=key is_network=is_network()/> }.into_any(),
                Some(Err(_)) | None => ().into_any(),
            }}
            {move || match sample() {
                Some((sample, bytes)) => view! {
                    <p>{format!("{} of ciphertext. Some bytes of it:", words::bytes(bytes))}</p>
                    <Hex bytes=sample testid="query-sample"/>
                }.into_any(),
                None => view! { <p class="muted">"Nothing yet. Once records are encrypted, their bytes are shown here."</p> }.into_any(),
            }}
        </section>
    }
}

#[component]
fn KeyFacts(key_view: KeyView, is_network: bool) -> impl IntoView {
    let paillier = format!("Paillier, {} bits", key_view.modulus_bits);
    view! {
        <dl class="pairs">
            <div><dt>"Encrypted with"</dt><dd>{paillier}</dd></div>
            <div>
                <dt>"Key fingerprint"</dt>
                <dd class="mono wrap" data-testid="key-fingerprint">{key_view.fingerprint}</dd>
            </div>
            {is_network.then(|| view! {
                <div><dt>"Or, for many records"</dt><dd>"BFV, lattice-based, in one round"</dd></div>
                <div><dt>"Its fingerprint"</dt><dd class="mono wrap">{key_view.bfv_fingerprint}</dd></div>
            })}
            <div><dt>"Private key"</dt><dd>"stays in the vault of this browser, and is shown to nobody"</dd></div>
        </dl>
    }
}

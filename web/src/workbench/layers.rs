//! A network layer by layer, for teaching: the choice, and what each layer gave. What it leaks stands beside both.

use leptos::prelude::*;

use super::desk::Desk;
use crate::messages::workbench::{LayerView, ModelEntry, Scored};
use crate::ui::icon::{Icon, Symbol};
use crate::ui::words;

/// How a network is computed, where its publisher offers both ways.
#[component]
pub(super) fn LayersChoice(model: ModelEntry) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let layers = model.interface.layer_scales.len();
    model.by_layers.then(|| {
        let way = move |by_layers: bool, testid: &'static str, name: &'static str, hint: String| {
            let hint_id = format!("{testid}-hint");
            let described_by = hint_id.clone();
            view! {
                <label class="choice">
                    <input
                        type="radio" name="network-way" data-testid=testid aria-describedby=described_by
                        prop:checked=move || desk.by_layers.get() == by_layers
                        on:change:target=move |event| {
                            if event.target().checked() {
                                desk.by_layers.set(by_layers);
                            }
                        }
                    />
                    {name}
                </label>
                <p class="hint" id=hint_id>{hint}</p>
            }
        };
        let round_hint = "The cloud computes all layers on ciphertext, and you see the last sums only.".to_owned();
        let layers_hint = format!(
            "On Paillier, in {}: between layers this page decrypts the sums, squares them and encrypts again. You see the \
             sums of every layer, and whoever sees them for enough records can work out the layer's weights. Every layer \
             counts your rows again.",
            words::counted(layers as u64, "round"),
        );
        view! {
            <fieldset class="fields" data-testid="network-ways">
                <legend>"How the network is computed"</legend>
                {way(false, "network-one-round", "In one round", round_hint)}
                {way(true, "network-by-layers", "Layer by layer, for teaching", layers_hint)}
            </fieldset>
        }
    })
}

/// What each layer gave for the first record.
#[component]
pub(super) fn Layers(scored: Scored) -> impl IntoView {
    let count = scored.layers.len();
    (count > 0).then(|| {
        let inputs = scored.layers.first().map_or(0, |layer| layer.inputs);
        let layers = (1..).zip(scored.layers).map(|(number, layer)| view! { <Layer number count layer/> });
        let layers = layers.collect_view();
        view! {
            <section class="panel browser-side" aria-labelledby="layers-title" data-testid="layers">
                <h2 id="layers-title"><Icon symbol=Symbol::Browser/>"Layer by layer: what this page saw of the first record"</h2>
                <p class="verified not" data-testid="layers-leak">
                    <Icon symbol=Symbol::Warning/>
                    <span>{format!(
                        "A teaching mode that leaks the model: these sums are known here now. From {} records of known numbers, \
                         all weights of the first layer follow by solving linear equations, and those of the next in the same \
                         way. In one round only the last sums are seen.",
                        words::count(u64::from(inputs) + 1),
                    )}</span>
                </p>
                <ol class="layers">{layers}</ol>
            </section>
        }
    })
}

#[component]
fn Layer(number: usize, count: usize, layer: LayerView) -> impl IntoView {
    let LayerView { inputs, sums, twin } = layer;
    let is_last = number == count;
    let same = twin.as_ref().map(|twin| *twin == sums);
    let came = if number == 1 { "numbers of the record" } else { "squares of the sums before" };
    let head = format!(
        "Layer {number}: {} {came} in, {} out",
        words::count(inputs.into()),
        words::counted(sums.len() as u64, "sum"),
    );
    let after = if is_last {
        "They are the scores: the largest says the class."
    } else {
        "They were decrypted here, squared, and encrypted again for the next layer."
    };
    let verdict = match same {
        Some(true) => ("equal", Symbol::Check, "The same integers as in the cleartext twin."),
        Some(false) => ("differs", Symbol::Cross, "Other integers than in the cleartext twin."),
        None => (
            "unknown",
            Symbol::Warning,
            "The model is not in this browser, so there is no twin to compare with.",
        ),
    };
    let text = sums.join(", ");
    view! {
        <li data-testid="layer" data-units=sums.len().to_string()>
            <h3>{head}</h3>
            <p class="mono wrap digits" data-testid="layer-sums">{text}</p>
            <p class="verdict" data-testid="layer-verdict" data-verdict=verdict.0>
                <Icon symbol=verdict.1/><span class="verdict-words">{verdict.2}</span>
            </p>
            <p class="hint">{after}</p>
        </li>
    }
}

//! What is to compute in the cloud: the choice between the two engines, with what each gives and takes.

use leptos::prelude::*;

use crate::messages::Engine;
use crate::page::desk::Desk;

/// An engine as people choose it.
struct Offer {
    engine: Engine,
    testid: &'static str,
    name: &'static str,
    /// In the order of [`QUESTIONS`].
    answers: [&'static str; 4],
}

const QUESTIONS: [&str; 4] = ["Answers", "Computes", "Later", "Takes"];

const OFFERS: [Offer; 2] = [
    Offer {
        engine: Engine::Paillier,
        testid: "engine-paillier",
        name: "The cloud adds (Paillier)",
        answers: [
            "Verified: what was dropped, doubled or changed is refused",
            "Everything in the catalogue; products and categories are prepared in this browser",
            "Columns for more analyses can be added from the file",
            "17 bytes a value; answers of less than 1 KB a number",
        ],
    },
    Offer {
        engine: Engine::Bfv,
        testid: "engine-bfv",
        name: "The cloud multiplies (BFV)",
        answers: [
            "Spot-checked: some row groups are computed again from the file",
            "Sums, means, variances, covariances, correlations, regressions and groups of values and categories, which alone go up. Not more than three columns are multiplied: no kurtosis, no groups by two columns, and no regression on several columns with blanks",
            "No columns can be added",
            "About ten times faster to encrypt; 20 bytes a value, or a few times that where numbers are large; answers of 0.3 to 1 MB a number and row group",
        ],
    },
];

/// The choice.
#[component]
pub(in crate::page) fn EngineChoice() -> impl IntoView {
    let desk = expect_context::<Desk>();
    view! {
        <section class="panel" aria-labelledby="engine-title">
            <h2 id="engine-title">"What the cloud does with it"</h2>
            <fieldset class="offers">
                <legend class="hint">"It cannot be changed after the upload. The keys stay in this browser either way."</legend>
                {OFFERS.map(|Offer { engine, testid, name, answers }| view! {
                    <label class="offer">
                        <input
                            type="radio" name="engine" data-testid=testid
                            prop:checked=move || desk.engine.get() == engine
                            on:change=move |_| desk.engine.set(engine)
                        />
                        <span class="offer-name">{name}</span>
                        <span class="offer-facts">
                            {QUESTIONS.into_iter().zip(answers).map(|(question, answer)| view! {
                                <span class="offer-fact"><b>{question}</b>" "{answer}</span>
                            }).collect_view()}
                        </span>
                    </label>
                }).into_iter().collect_view()}
            </fieldset>
        </section>
    }
}

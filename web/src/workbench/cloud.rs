//! Cloud: what crosses, what the function does with it, live and with times and sizes.

use leptos::prelude::*;

use super::desk::Desk;
use super::parties::Parties;
use super::running::Running;
use super::screen::GoTo;
use super::steps::Step;
use crate::messages::workbench::{Scored, Step as ScoringStep};
use crate::ui::hex::Hex;
use crate::ui::icon::{Icon, Symbol};
use crate::ui::words;
use crate::ui::worlds::Worlds;

/// The third step.
#[component]
pub(super) fn CloudStep() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let query_sample = move || {
        let running = desk
            .scoring_progress
            .with(|progress| progress.as_ref().and_then(|progress| progress.sample.clone()));
        running.or_else(|| desk.scored().map(|scored| scored.samples.0.clone()))
    };
    let answer_sample = move || desk.scored().map(|scored| scored.samples.1.clone());
    let done = move |step: ScoringStep| {
        desk.scoring_progress.with(|progress| {
            let seconds = progress.as_ref().map(|progress| progress.seconds.clone()).unwrap_or_default();
            seconds.into_iter().find(|(of, _)| *of == step).map(|(_, seconds)| seconds)
        })
    };
    let is_at = move |step: ScoringStep| {
        desk.scored().is_none()
            && desk
                .scoring_progress
                .with(|progress| progress.as_ref().is_some_and(|progress| progress.step == step))
    };
    let moving = move |step| if is_at(step) { " moving" } else { "" };
    view! {
        <Worlds
            label="Ciphertext of records goes to the cloud, ciphertext of scores comes back; the key stays in this browser"
            browser=move || view! {
                <p>"Your records, your key, and nothing else that could read them."</p>
                {move || done(ScoringStep::Encrypt).map(|seconds| view! {
                    <p class="hint">{format!("Encrypted in {}.", words::seconds(seconds))}</p>
                })}
            }
            crossing=move || view! {
                <p class=move || format!("cross to-cloud{}", moving(ScoringStep::Upload))>
                    <Icon symbol=Symbol::Right/>
                    <span>{move || {
                        let bytes = desk.scoring_progress.with(|progress| progress.as_ref().and_then(|progress| progress.query_bytes));
                        bytes.map_or_else(|| "encrypted records".to_owned(), words::bytes)
                    }}</span>
                </p>
                <p class=move || format!("cross to-browser{}", moving(ScoringStep::Download))>
                    <Icon symbol=Symbol::Right/>
                    <span>{move || {
                        let bytes = desk.scored().and_then(|scored| scored.runs.last().map(|run| run.answer_bytes));
                        bytes.map_or_else(|| "encrypted scores".to_owned(), words::bytes)
                    }}</span>
                </p>
            }
            cloud=move || view! {
                {move || query_sample().map(|sample| view! { <Hex bytes=sample testid="cloud-query-sample"/> })}
                {move || answer_sample().map(|sample| view! {
                    <p class="hint">"the end of the encrypted scores:"</p>
                    <Hex bytes=sample testid="cloud-answer-sample"/>
                })}
                <p class="world-answer">
                    {move || if is_at(ScoringStep::Cloud) { "computes without reading…" } else { "computes without reading" }}
                </p>
            }
        />
        <section class="panel cloud-side" aria-labelledby="cloud-title">
            <h2 id="cloud-title"><Icon symbol=Symbol::Cloud/>"What the function did"</h2>
            <Running/>
            {move || desk.scored().map(|scored| view! { <Steps scored=(*scored).clone()/> })}
            {move || (desk.scored().is_none()
                && desk.scoring_progress.with(Option::is_none))
                .then(|| view! { <p class="muted">"Nothing yet: no record was sent."</p> })}
        </section>
        <Parties/>
        {move || desk.scored().map(|_| view! {
            <div class="actions"><GoTo step=Step::Decryption label="Next: the decrypted scores" testid="to-decryption"/></div>
        })}
    }
}

#[component]
fn Steps(scored: Scored) -> impl IntoView {
    let rows = scored.cloud_steps.iter().map(|(name, milliseconds, bytes)| {
        let bytes = if *bytes > 0 { words::bytes(*bytes) } else { "–".to_owned() };
        view! {
            <tr>
                <th scope="row">{words::capitalised(name)}</th>
                <td class="number">{format!("{} ms", words::count(*milliseconds))}</td>
                <td class="number">{bytes}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! {
        <dl class="pairs">
            <div><dt>"Scheme"</dt><dd>{scored.scheme.clone()}</dd></div>
            <div><dt>"Packing"</dt><dd>{scored.packing.clone()}</dd></div>
            <div><dt>"Ciphertexts"</dt><dd>{format!("{} in, {} out", words::count(scored.ciphertexts.0), words::count(scored.ciphertexts.1))}</dd></div>
            <div><dt>"Under the key"</dt><dd class="mono wrap">{scored.fingerprint.clone()}</dd></div>
            <div><dt>"Rows counted"</dt><dd>{words::count(scored.row_count * (scored.layers.len() as u64).max(1))}</dd></div>
        </dl>
        <div class="table-scroll fitted" tabindex="0" role="region" aria-label="Steps of the function">
            <table data-testid="cloud-steps">
                <thead><tr>
                    <th scope="col">"Step"</th><th scope="col" class="number">"Time"</th><th scope="col" class="number">"Bytes"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

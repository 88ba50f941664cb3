//! A scoring that runs: a bar with what is being done, the steps that are done, and a button that stops it.

use leptos::prelude::*;

use super::desk::{Desk, ScoringProcess};
use crate::messages::workbench::{ScoringProgress, Step};
use crate::ui::fault::FaultNote;
use crate::ui::progress::{Bar, ProgressBar};
use crate::ui::words;

/// Nothing while no scoring runs.
#[component]
pub(super) fn Running() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let is_running =
        Memo::new(move |_| desk.scoring.with(|scoring| matches!(scoring, ScoringProcess::Running)));
    let bar = Signal::derive(move || bar(desk.scoring_progress.get()));
    move || {
        is_running.get().then(|| {
            view! {
                <ProgressBar bar testid="score-progress"/>
                <div class="actions">
                    <button
                        type="button" class="button" data-testid="score-cancel" on:click=move |_| desk.cancel()
                    >"Cancel"</button>
                </div>
            }
        })
    }
}

/// Why the newest scoring ended without scores, where it was asked for.
#[component]
pub(super) fn ScoreFault() -> impl IntoView {
    let desk = expect_context::<Desk>();
    move || {
        let fault = desk.scoring.with(|scoring| match scoring {
            ScoringProcess::Failed(fault) => Some(fault.clone()),
            ScoringProcess::None | ScoringProcess::Running | ScoringProcess::Done(_) => None,
        });
        fault.map(|fault| view! { <FaultNote fault testid="score-fault"/> })
    }
}

fn bar(progress: Option<ScoringProgress>) -> Bar {
    let Some(progress) = progress else {
        return Bar { label: "Asking what the model takes".into(), share: None, facts: Vec::new() };
    };
    let doing = match progress.step {
        Step::Encode => "Encoding the records",
        Step::Encrypt => "Encrypting the records in this browser",
        Step::Upload => "Sending ciphertext",
        Step::Cloud => "The cloud computes on ciphertext",
        Step::Download => "Fetching the encrypted scores",
        Step::Decrypt => "Decrypting in this browser",
    };
    let doing = match progress.layer {
        Some((layer, count)) => format!("Layer {layer} of {count}: {doing}"),
        None => doing.to_owned(),
    };
    let label =
        if progress.runs > 1 { format!("Run {} of {}: {doing}", progress.run, progress.runs) } else { doing };
    // Each step is a sixth of a layer, and a layer its share of a run.
    let place = Step::ALL.iter().position(|step| *step == progress.step).unwrap_or(0) as u64;
    let within = progress.share.map_or(0, |(done, total)| words::percent(done, total));
    let (layer, layers) = progress.layer.unwrap_or((1, 1));
    let before = u64::from(layer.saturating_sub(1)) * 600;
    let done = u64::from(progress.run.saturating_sub(1)) * 600
        + (before + place * 100 + within) / u64::from(layers.max(1));
    let mut facts: Vec<String> = progress
        .seconds
        .iter()
        .map(|(step, seconds)| format!("{}: {}", step.name(), words::seconds(*seconds)))
        .collect();
    facts.extend(progress.query_bytes.map(|bytes| format!("{} of ciphertext", words::bytes(bytes))));
    Bar { label, share: Some((done, u64::from(progress.runs) * 600)), facts }
}

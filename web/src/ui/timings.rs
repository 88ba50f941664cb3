//! Where the time went: a bar per phase, with its numbers in a table.

use leptos::prelude::*;

use crate::ui::words;

/// One bar.
#[derive(Debug, Clone, PartialEq)]
struct Phase {
    name: String,
    seconds: f64,
    /// The same work on cleartext, for comparison.
    plaintext: bool,
}

/// Bars and their table.
#[component]
pub(crate) fn Timings(
    /// Name and seconds of each phase.
    seconds: Vec<(String, f64)>,
    /// The same work on cleartext, in another colour.
    #[prop(default = None)]
    plaintext: Option<(String, f64)>,
) -> impl IntoView {
    let seconds: Vec<(String, f64)> =
        seconds.into_iter().map(|(name, seconds)| (words::capitalised(&name), seconds)).collect();
    let title = finding(&seconds);
    let phase = |plaintext| move |(name, seconds)| Phase { name, seconds, plaintext };
    let phases: Vec<Phase> =
        seconds.into_iter().map(phase(false)).chain(plaintext.map(phase(true))).collect();
    let longest = phases.iter().map(|phase| phase.seconds).fold(f64::MIN_POSITIVE, f64::max);
    let table = phases.clone();

    view! {
        <figure class="chart" data-testid="timings">
            <figcaption>{title}</figcaption>
            <ul class="bars">{phases.into_iter().map(|phase| bar(phase, longest)).collect_view()}</ul>
            <details>
                <summary>"As a table"</summary>
                <table>
                    <thead><tr><th scope="col">"Phase"</th><th scope="col" class="number">"Seconds"</th></tr></thead>
                    <tbody>
                        {table.into_iter().map(|phase| view! {
                            <tr><th scope="row">{phase.name}</th><td class="number">{words::fixed(phase.seconds, 3)}</td></tr>
                        }).collect_view()}
                    </tbody>
                </table>
            </details>
        </figure>
    }
}

fn bar(phase: Phase, longest: f64) -> impl IntoView {
    let width = words::whole(1_000.0 * phase.seconds / longest).max(4);
    view! {
        <li class="bar-row" class:plaintext=phase.plaintext>
            <span class="bar-name">{phase.name}</span>
            <svg class="bar" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
                <rect width=width.to_string() height="10"/>
            </svg>
            <span class="bar-value number">{words::seconds(phase.seconds)}</span>
        </li>
    }
}

/// The title of the chart: which phase took most.
fn finding(seconds: &[(String, f64)]) -> String {
    let total: f64 = seconds.iter().map(|(_, seconds)| seconds).sum();
    match seconds.iter().max_by(|a, b| a.1.total_cmp(&b.1)) {
        Some((name, most)) if total > 0.0 => {
            format!("{name} took {} % of {}", words::whole(100.0 * most / total), words::seconds(total))
        }
        Some(_) | None => "No time was measured".into(),
    }
}

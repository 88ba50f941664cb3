//! Performance: where the time and the bytes go, beside the same on cleartext; repeated, with median and spread.

use std::sync::Arc;

use leptos::prelude::*;

use super::desk::{Desk, KeygenProcess, ScoringProcess};
use super::evaluation::Figures;
use super::running::{Running, ScoreFault};
use super::screen::GoTo;
use super::steps::Step;
use crate::messages::workbench::{Measured, Scored, Step as ScoringStep};
use crate::ui::chart::scale::short;
use crate::ui::fault::FaultNote;
use crate::ui::icon::{Icon, Symbol};
use crate::ui::save::save_bytes;
use crate::ui::timings::Timings;
use crate::ui::words;

/// The fifth step.
#[component]
pub(super) fn PerformanceStep() -> impl IntoView {
    let desk = expect_context::<Desk>();
    move || match desk.scoring.get() {
        ScoringProcess::Done(scored) => view! { <Measures scored/><OneTime/> }.into_any(),
        ScoringProcess::Running => view! {
            <section class="panel browser-side" aria-labelledby="repeating-title">
                <h2 id="repeating-title">"Measuring"</h2>
                <Running/>
            </section>
            <OneTime/>
        }
        .into_any(),
        ScoringProcess::None | ScoringProcess::Failed(_) => view! {
            <section class="panel empty">
                <ScoreFault/>
                <p>"Nothing was measured yet."</p>
                <GoTo step=Step::Encryption label="Encrypt records" testid="back-to-encryption"/>
            </section>
        }
        .into_any(),
    }
}

/// Seconds that a step took in a run.
fn seconds_of(run: &Measured, step: ScoringStep) -> f64 {
    run.seconds.iter().filter(|(of, _)| *of == step).map(|(_, seconds)| seconds).sum()
}

fn total(run: &Measured) -> f64 {
    run.seconds.iter().map(|(_, seconds)| seconds).sum()
}

/// Median, least and most.
fn spread(values: impl Iterator<Item = f64>) -> (f64, f64, f64) {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let median = match values.as_slice() {
        [] => 0.0,
        values if values.len() % 2 == 1 => values[middle],
        values => f64::midpoint(values[middle - 1], values[middle]),
    };
    (median, values.first().copied().unwrap_or(0.0), values.last().copied().unwrap_or(0.0))
}

/// A time with three digits or so.
fn time(seconds: f64) -> String {
    let milliseconds = 1_000.0 * seconds;
    match milliseconds {
        1_000.0.. => words::seconds(seconds),
        100.0.. => format!("{} ms", words::count(words::whole(milliseconds))),
        10.0.. => format!("{} ms", words::fixed(milliseconds, 1)),
        0.1.. => format!("{} ms", words::fixed(milliseconds, 2)),
        _ => format!("{} µs", words::fixed(1_000.0 * milliseconds, 2)),
    }
}

#[component]
fn Measures(scored: Arc<Scored>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let repeats = RwSignal::new(5_u32);
    let runs = &scored.runs;
    let is_repeated = runs.len() > 1;
    let (median_total, least, most) = spread(runs.iter().map(total));
    let medians: Vec<(String, f64)> = ScoringStep::ALL
        .into_iter()
        .map(|step| (step.name().to_owned(), spread(runs.iter().map(|run| seconds_of(run, step))).0))
        .collect();
    let plaintext = runs.last().and_then(|run| run.plaintext_seconds);
    let (query, answer, clear) =
        runs.last().map_or((0, 0, 0), |run| (run.query_bytes, run.answer_bytes, run.plaintext_bytes));
    let mut figures = vec![
        ("Total, median".to_owned(), time(median_total)),
        ("Sent".to_owned(), words::bytes(query)),
        ("Received".to_owned(), words::bytes(answer)),
        ("The same in clear".to_owned(), words::bytes(clear)),
    ];
    if let Some(plaintext) = plaintext {
        figures.insert(1, ("On cleartext, here".to_owned(), time(plaintext)));
    }
    let overhead = overhead(median_total, plaintext, query + answer, clear);
    let spread_words = (runs.len() > 1).then(|| {
        format!("{} runs: median {}, from {} to {}.", runs.len(), time(median_total), time(least), time(most))
    });
    let rows = ScoringStep::ALL
        .into_iter()
        .map(|step| (step.name().to_owned(), spread(runs.iter().map(|run| seconds_of(run, step)))))
        .chain([("Total".to_owned(), spread(runs.iter().map(total)))])
        .map(|(name, (median, least, most))| {
            view! {
                <tr>
                    <th scope="row">{name}</th>
                    <td class="number">{time(median)}</td>
                    <td class="number">{time(least)}</td>
                    <td class="number">{time(most)}</td>
                </tr>
            }
        })
        .collect_view();
    let in_function = runs.last().and_then(|run| run.cloud_milliseconds);
    let title = format!("{} with {}", words::counted(scored.row_count, "record"), scored.scheme);
    let saved = Arc::clone(&scored);
    let save = move |_| {
        let _ = save_bytes("performance.csv", "text/csv", performance_csv(&saved).as_bytes());
    };
    let can_repeat = desk.asked.with_value(Option::is_some);
    view! {
        <section class="panel" aria-labelledby="performance-title" data-testid="performance">
            <h2 id="performance-title">{title}</h2>
            <p class="overhead" data-testid="overhead"><Icon symbol=Symbol::Lock/><span>{overhead}</span></p>
            <Figures figures testid="performance-figures"/>
            <Timings seconds=medians plaintext=plaintext.map(|seconds| ("Cleartext, here".to_owned(), seconds))/>
            {spread_words.map(|words| view! { <p data-testid="spread">{words}</p> })}
            {in_function.map(|milliseconds| view! {
                <p class="hint">{format!(
                    "Of the time in the cloud the function itself took {} ms in the last run; the rest is starting, storing and asking.",
                    words::count(milliseconds)
                )}</p>
            })}
            <details open=is_repeated>
                <summary>"Median and spread by step"</summary>
                <div class="table-scroll fitted" tabindex="0" role="region" aria-label="Median and spread">
                    <table data-testid="performance-table">
                        <thead><tr>
                            <th scope="col">"Step"</th><th scope="col" class="number">"Median"</th>
                            <th scope="col" class="number">"Least"</th><th scope="col" class="number">"Most"</th>
                        </tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            </details>
            <div class="run-line">
                <div class="field">
                    <label for="repeats">"Runs"</label>
                    <select
                        id="repeats" data-testid="repeats" prop:value=move || repeats.get().to_string()
                        on:change:target=move |event| {
                            if let Ok(value) = event.target().value().parse() {
                                repeats.set(value);
                            }
                        }
                    >
                        <option value="3">"3"</option>
                        <option value="5" selected>"5"</option>
                        <option value="10">"10"</option>
                        <option value="20">"20"</option>
                    </select>
                </div>
                <button
                    type="button" class="button primary" data-testid="repeat" disabled=!can_repeat
                    on:click=move |_| desk.score_again(repeats.get_untracked())
                >"Measure it again"</button>
                <button type="button" class="button quiet" data-testid="performance-export" on:click=save>
                    <Icon symbol=Symbol::Save/>"All runs as CSV"
                </button>
                <p class="hint">"Each run encrypts anew and counts its rows."</p>
            </div>
        </section>
    }
}

/// What privacy costs, in a sentence.
#[expect(clippy::cast_precision_loss, reason = "for display")]
fn overhead(total: f64, plaintext: Option<f64>, bytes: u64, clear: u64) -> String {
    let size = short(bytes as f64 / clear.max(1) as f64);
    match plaintext {
        Some(seconds) if seconds > 0.0 => format!(
            "Privacy costs {} more time ({} times as long as in clear) and {size} times the bytes.",
            time((total - seconds).max(0.0)),
            short(total / seconds)
        ),
        Some(_) => format!(
            "Privacy costs {}: in clear it takes less than this browser's clock can tell. And {size} times the bytes.",
            time(total)
        ),
        None => format!("It took {}, and {size} times the bytes of the same as text.", time(total)),
    }
}

/// Key generation: once in the life of a keyring.
#[component]
fn OneTime() -> impl IntoView {
    let desk = expect_context::<Desk>();
    view! {
        <section class="panel browser-side" aria-labelledby="one-time-title">
            <h2 id="one-time-title"><Icon symbol=Symbol::Key/>"Key generation: a one-time cost"</h2>
            <p>
                "Your keys were made once, when the keyring was created, and are not part of a scoring. Two primes of the same "
                "size are looked for and thrown away here, to see what that takes; luck decides, so it differs from run to run."
            </p>
            {move || match desk.keygen.get() {
                KeygenProcess::None => ().into_any(),
                KeygenProcess::Running => view! { <p role="status">"Looking for two primes…"</p> }.into_any(),
                KeygenProcess::Done { seconds, modulus_bits } => view! {
                    <p class="finding" data-testid="keygen-seconds">
                        {format!("A key of {modulus_bits} bits took {}.", words::seconds(seconds))}
                    </p>
                }.into_any(),
                KeygenProcess::Failed(fault) => view! { <FaultNote fault/> }.into_any(),
            }}
            <div class="actions">
                <button
                    type="button" class="button" data-testid="measure-keygen"
                    disabled=move || matches!(desk.keygen.get(), KeygenProcess::Running)
                        || matches!(desk.scoring.get(), ScoringProcess::Running)
                    on:click=move |_| desk.measure_keygen()
                >"Measure key generation"</button>
            </div>
        </section>
    }
}

/// A row for each run.
fn performance_csv(scored: &Scored) -> String {
    let mut csv = String::from("run,records,scheme");
    for step in ScoringStep::ALL {
        csv.push_str(&format!(",{}_seconds", step.name().to_lowercase()));
    }
    csv.push_str(
        ",total_seconds,function_milliseconds,cleartext_seconds,query_bytes,answer_bytes,cleartext_bytes\r\n",
    );
    for (number, run) in (1..).zip(&scored.runs) {
        let number: u32 = number;
        let mut cells =
            vec![number.to_string(), scored.row_count.to_string(), super::scores::quoted(&scored.scheme)];
        cells.extend(ScoringStep::ALL.into_iter().map(|step| seconds_of(run, step).to_string()));
        cells.push(total(run).to_string());
        cells.push(run.cloud_milliseconds.map_or_else(String::new, |value| value.to_string()));
        cells.push(run.plaintext_seconds.map_or_else(String::new, |value| value.to_string()));
        cells.extend([run.query_bytes, run.answer_bytes, run.plaintext_bytes].map(|value| value.to_string()));
        csv.push_str(&cells.join(","));
        csv.push_str("\r\n");
    }
    csv
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn the_median_lies_in_the_middle() {
        assert_eq!(spread([3.0, 1.0, 2.0].into_iter()), (2.0, 1.0, 3.0));
        assert_eq!(spread([4.0, 1.0].into_iter()), (2.5, 1.0, 4.0));
        assert_eq!(spread(core::iter::empty()), (0.0, 0.0, 0.0));
    }

    #[test]
    fn the_overhead_is_told_against_cleartext() {
        let words = overhead(2.0, Some(0.5), 300, 100);
        assert!(words.contains("1.50 s") || words.contains("1.5 s"), "{words}");
        assert!(words.contains("4 times as long") && words.contains("3 times the bytes"), "{words}");
        assert!(overhead(2.0, Some(0.0), 300, 100).contains("less than this browser's clock"));
    }
}

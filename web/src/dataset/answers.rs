//! Answers: sentences first, then the table with exact values and their twins, then the export.

use leptos::prelude::*;
use veilsum_analysis::Request;
use web_sys::File;

use super::decimal_text::grouped;
use super::desk::TwinProcess;
use super::twin::{TwinCells, Verdict};
use crate::messages::{AnswerValue, AnswerView};
use crate::ui::fault::FaultNote;
use crate::ui::file_input::FileInput;
use crate::ui::icon::{Icon, Symbol};
use crate::ui::words;
use veilsum_analysis::answer::Answer;

/// Sentences shown before the table takes over.
const MOST_SENTENCES: usize = 5;

/// The answers to one run.
#[component]
pub(super) fn Answers(
    answer: AnswerView,
    file_name: String,
    twin: TwinProcess,
    /// The source file was chosen again.
    on_file: Callback<File>,
) -> impl IntoView {
    let _ = file_name;
    let twins = match &twin {
        TwinProcess::Done(twin) => twin.answers.clone(),
        TwinProcess::FileNeeded | TwinProcess::Computing | TwinProcess::Failed(_) => Vec::new(),
    };
    let sentences = answer
        .answers
        .iter()
        .flat_map(|value| value.answer.sentences.first())
        .take(MOST_SENTENCES)
        .map(|sentence| view! { <li data-testid="sentence">{sentence.clone()}</li> })
        .collect_view();
    let more = answer.answers.len().saturating_sub(MOST_SENTENCES);
    let from_cloud = answer.answers.iter().any(|value| value.from_ciphertext);
    let rows = answer
        .run
        .requests
        .iter()
        .zip(answer.answers)
        .enumerate()
        .map(|(at, (request, value))| row(request, value, twins.get(at)))
        .collect_view();

    view! {
        <div class="verified" data-testid="verified" data-source=if from_cloud { "ciphertext" } else { "manifest" }>
            <Icon symbol=Symbol::Check/>
            {if from_cloud {
                "Verified: the check value shows that every encrypted row was counted, once."
            } else {
                "From the manifest that you signed; nothing was asked of the cloud."
            }}
        </div>
        <ul class="sentences">{sentences}</ul>
        {(more > 0).then(|| view! { <p class="hint">{format!("and {} in the table.", words::counted(more as u64, "more answer"))}</p> })}
        <TwinState twin on_file/>
        <div class="table-scroll" tabindex="0" role="region" aria-label="Answers">
            <table class="stacking" data-testid="answers">
                <thead>
                    <tr>
                        <th scope="col">"Column"</th>
                        <th scope="col">"Statistic"</th>
                        <th scope="col" class="number">"Answer from the cloud"</th>
                        <th scope="col" class="number">"Same, computed in this browser"</th>
                        <th scope="col">"Compared"</th>
                        <th scope="col">"Known from"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

#[component]
fn TwinState(twin: TwinProcess, on_file: Callback<File>) -> impl IntoView {
    let chooser = move || {
        view! {
            <div class="twin-file">
                <FileInput id="twin-file" label="Choose the file again to compare" on_file/>
                <p class="hint">"It is read in this browser only, to put the cleartext answer beside this one."</p>
            </div>
        }
    };
    match twin {
        TwinProcess::Done(_) => ().into_any(),
        TwinProcess::FileNeeded => chooser().into_any(),
        TwinProcess::Computing => {
            view! { <p class="hint" role="status">"Computing the same from the cleartext…"</p> }.into_any()
        }
        TwinProcess::Failed(fault) => view! { <FaultNote fault testid="twin-error"/> {chooser()} }.into_any(),
    }
}

/// The short name of a statistic of one column, and the column.
fn asked(request: &Request) -> (&'static str, u32) {
    match request {
        Request::Sum(asked) => ("sum", asked.column),
        Request::Mean(asked) => ("mean", asked.column),
        Request::Count(asked) => ("count", asked.column),
        _ => ("other", 0),
    }
}

fn row(request: &Request, value: AnswerValue, twin: Option<&Answer>) -> impl IntoView + use<> {
    let (kind, column) = asked(request);
    let exact_of = |answer: &Answer| {
        let figure = answer.figures.first().and_then(|figure| figure.value.as_ref());
        figure.map_or_else(String::new, |value| value.exact.clone())
    };
    let twin_cells = match twin {
        Some(twin) => view! {
            <TwinCells testid=format!("twin-{kind}-{column}") exact=exact_of(twin) verdict=Verdict::of(&value.answer, twin)/>
        }
        .into_any(),
        None => view! { <td class="number muted" data-label="In this browser">"–"</td><td class="muted" data-label="Compared">"not compared"</td> }.into_any(),
    };
    let figure = value.answer.figures.first().and_then(|figure| figure.value.clone());
    let exact = exact_of(&value.answer);
    let float = figure.as_ref().map(|value| shortest(value.float));
    view! {
        <tr>
            <th scope="row" class="wrap">{value.answer.title}</th>
            <td data-label="Statistic">{words::capitalised(kind)}</td>
            <td
                class="number" data-label="From the cloud" data-testid=format!("answer-{kind}-{column}")
                data-exact=exact data-float=float data-count=value.answer.row_count.to_string()
            ><span class="mono">{figure.map_or_else(|| "no value".into(), |value| grouped(&value.text))}</span></td>
            {twin_cells}
            <td data-label="Known from">{if value.from_ciphertext { "ciphertext, verified" } else { "signed manifest" }}</td>
        </tr>
    }
}

/// The shortest text that reads back as the same float, made by JavaScript.
fn shortest(float: f64) -> String {
    js_sys::Number::from(float).to_string_with_radix(10).map_or_else(|_| String::new(), String::from)
}

//! Answers: sentences first, then the table with exact values and their twins, then the export.

use leptos::prelude::*;
use veilsum_table::csv_out::without_formula;
use web_sys::File;

use super::decimal_text::{places, rounded, shown};
use super::desk::TwinProcess;
use super::run_form::{kind_code, kind_name};
use super::twin::{TwinCell, exact_of, verdict};
use crate::messages::{AnalysisKind, AnswerValue, AnswerView, ManifestView, NumberView, TwinColumn};
use crate::ui::fault::FaultNote;
use crate::ui::file_input::FileInput;
use crate::ui::icon::{Icon, Symbol};
use crate::ui::save::save_bytes;
use crate::ui::words;

/// Sentences shown before the table takes over.
const MOST_SENTENCES: usize = 5;
/// Decimals of a mean beyond those of its column.
const MEAN_EXTRA_PLACES: usize = 2;

/// An answer with its place among the encrypted columns of the dataset.
#[derive(Clone)]
struct Placed {
    column: usize,
    number: Option<NumberView>,
    value: AnswerValue,
}

/// The answers to one run.
#[component]
pub(super) fn Answers(
    answer: AnswerView,
    manifest: ManifestView,
    twin: TwinProcess,
    /// The source file was chosen again.
    on_file: Callback<File>,
) -> impl IntoView {
    let file_name = format!("{} answers.csv", manifest.file_name.trim_end_matches(".csv"));
    let row_count = answer.row_count;
    let placed: Vec<Placed> = answer
        .values
        .into_iter()
        .map(|value| {
            let found = manifest.numbers().enumerate().find(|(_, (name, _))| *name == value.request.column);
            let (column, number) =
                found.map_or((usize::MAX, None), |(at, (_, number))| (at, Some(number.clone())));
            Placed { column, number, value }
        })
        .collect();
    let twins = match &twin {
        TwinProcess::Done(columns) => columns.clone(),
        TwinProcess::FileNeeded | TwinProcess::Computing | TwinProcess::Failed(_) => Vec::new(),
    };
    let sentences =
        placed.iter().take(MOST_SENTENCES).map(|placed| sentence(placed, row_count)).collect_view();
    let more = placed.len().saturating_sub(MOST_SENTENCES);
    let inexact = inexact(&placed);
    let from_cloud = placed.iter().any(|placed| placed.value.from_ciphertext);
    let export = export_text(&placed, &twins);
    let rows = placed.into_iter().map(|placed| row(placed, &twins)).collect_view();

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
        {(!inexact.is_empty()).then(|| view! {
            <details class="note" data-testid="inexact">
                <summary>"How exact the answers are"</summary>
                <ul>{inexact.into_iter().map(|line| view! { <li class="wrap">{line}</li> }).collect_view()}</ul>
            </details>
        })}
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
        <button
            type="button" class="button" data-testid="answers-export"
            on:click=move |_| {
                if let Err(error) = save_bytes(&file_name, "text/csv;charset=utf-8", export.as_bytes()) {
                    leptos::logging::error!("the export was not saved: {error:?}");
                }
            }
        ><Icon symbol=Symbol::Save/>"Save answers as CSV"</button>
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

/// What keeps answers from being exact, each with the answers that it concerns.
fn inexact(placed: &[Placed]) -> Vec<String> {
    let mut reasons: Vec<(&str, Vec<String>)> = Vec::new();
    for Placed { value, .. } in placed.iter().filter(|placed| !placed.value.error.is_empty()) {
        let which = format!("{} of {}", kind_code(value.request.kind), value.request.column);
        match reasons.iter_mut().find(|(reason, _)| *reason == value.error) {
            Some((_, concerned)) => concerned.push(which),
            None => reasons.push((&value.error, vec![which])),
        }
    }
    reasons
        .into_iter()
        .map(|(reason, concerned)| format!("{}: {}.", words::capitalised(reason), concerned.join(", ")))
        .collect()
}

/// The value as people read it: a mean with two more decimals than its cells.
fn readable(placed: &Placed) -> String {
    let exact = &placed.value.exact;
    if exact.is_empty() {
        return shown(exact);
    }
    let scale = placed.number.as_ref().map_or(0, |number| number.scale as usize);
    match placed.value.request.kind {
        AnalysisKind::Count => shown(exact),
        AnalysisKind::Sum => shown(&rounded(exact, scale.max(places(exact)))),
        AnalysisKind::Mean => shown(&rounded(exact, scale + MEAN_EXTRA_PLACES)),
    }
}

fn sentence(placed: &Placed, row_count: u64) -> impl IntoView + use<> {
    let value = &placed.value;
    let known = if value.from_ciphertext { "verified" } else { "from the signed manifest" };
    let rows = if value.count == row_count {
        words::counted(row_count, "row")
    } else {
        format!("{} in {}", words::counted(value.count, "value"), words::counted(row_count, "row"))
    };
    view! {
        <li data-testid="sentence">
            {kind_name(value.request.kind)} " of " <strong class="wrap">{value.request.column.clone()}</strong> " is "
            <strong class="figure" title=value.exact.clone()>{readable(placed)}</strong>
            {format!("; {known}, {rows}")}
            // Where the person chose a scale that rounds, the answer must not look exact.
            {placed.number.as_ref().filter(|number| number.rounded).map(|_| format!("; {}", value.error))}
            "."
        </li>
    }
}

fn row(placed: Placed, twins: &[TwinColumn]) -> impl IntoView + use<> {
    let Placed { column, number, value } = placed;
    let kind = kind_code(value.request.kind);
    let twin = twins.iter().find(|twin| twin.column == value.request.column);
    let twin_cells = match twin {
        Some(twin) => {
            let exact = exact_of(value.request.kind, twin);
            let verdict = verdict(&value, &exact, number.as_ref());
            view! { <TwinCell testid=format!("twin-{kind}-{column}") exact verdict/> }.into_any()
        }
        None => view! { <td class="number muted" data-label="In this browser">"–"</td><td class="muted" data-label="Compared">"not compared"</td> }.into_any(),
    };
    view! {
        <tr>
            <th scope="row" class="wrap">{value.request.column}</th>
            <td data-label="Statistic">{kind_name(value.request.kind)}</td>
            <td
                class="number" data-label="From the cloud" data-testid=format!("answer-{kind}-{column}")
                data-exact=value.exact.clone() data-float=shortest(value.float) data-count=value.count.to_string()
            ><span class="mono">{shown(&value.exact)}</span></td>
            {twin_cells}
            <td data-label="Known from">{if value.from_ciphertext { "ciphertext, verified" } else { "signed manifest" }}</td>
        </tr>
    }
}

/// The shortest text that reads back as the same float, made by JavaScript.
fn shortest(float: f64) -> String {
    js_sys::Number::from(float).to_string_with_radix(10).map_or_else(|_| String::new(), String::from)
}

/// `column,statistic,exact,count,known from,twin` as comma-separated text.
fn export_text(placed: &[Placed], twins: &[TwinColumn]) -> String {
    let mut text = String::from("column,statistic,answer,values,known_from,same_in_browser,inexact\r\n");
    for Placed { value, .. } in placed {
        let twin = twins.iter().find(|twin| twin.column == value.request.column);
        let cells = [
            quoted(&without_formula(&value.request.column)),
            kind_code(value.request.kind).to_owned(),
            value.exact.clone(),
            value.count.to_string(),
            if value.from_ciphertext { "ciphertext verified" } else { "signed manifest" }.to_owned(),
            twin.map_or_else(String::new, |twin| exact_of(value.request.kind, twin)),
            quoted(&value.error),
        ];
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::messages::AnalysisRequest;

    #[test]
    fn the_export_keeps_hostile_names_inert() {
        let value = AnswerValue {
            request: AnalysisRequest { kind: AnalysisKind::Sum, column: "=cmd(\"a\",1)".into() },
            exact: "-40".into(),
            float: -40.0,
            count: 10,
            error: "off by at most 5, because cells were rounded".into(),
            from_ciphertext: true,
        };
        let text = export_text(&[Placed { column: 0, number: None, value }], &[]);
        assert_eq!(
            text.lines().nth(1),
            Some(
                "\"'=cmd(\"\"a\"\",1)\",sum,-40,10,ciphertext verified,,\"off by at most 5, because cells were rounded\""
            )
        );
    }
}

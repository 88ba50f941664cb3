//! What a step did: columns before and after, what was flagged, classes, what to look at.

use leptos::prelude::*;
use veilsum_prepare::report::{Classes, ColumnChange, FlaggedRow};
use veilsum_prepare::summary::{ColumnSummary, NumberSummary};
use veilsum_prepare::{StepReport, spelt};
use veilsum_table::types::ColumnType;

use super::words;
use crate::ui::chart::scale::{full, short};
use crate::ui::icon::{Icon, Symbol};
use crate::ui::save::save_bytes;
use crate::ui::words::count;

/// Columns that are shown before "show all".
const SHOWN_COLUMNS: usize = 6;
/// Flagged rows that are listed on the page; the file has more.
const SHOWN_FLAGGED: usize = 50;

/// A report in full.
#[component]
pub(super) fn Report(report: StepReport, file_name: String) -> impl IntoView {
    let StepReport { columns, flagged, classes, warnings, .. } = report;
    let shown = RwSignal::new(SHOWN_COLUMNS);
    let column_count = columns.len();
    let columns = StoredValue::new(columns);
    view! {
        <div class="refine-report">
            {warnings.into_iter().map(|warning| view! {
                <p class="note warning" data-testid="step-warning"><Icon symbol=Symbol::Warning/>{warning.to_string()}</p>
            }).collect_view()}
            {classes.map(|classes| view! { <ClassBars classes/> })}
            <div class="refine-changes">
                {move || columns.with_value(|columns| columns.iter().take(shown.get()).cloned().enumerate().map(|(place, change)| view! { <Change place change/> }).collect_view())}
            </div>
            <Show when=move || shown.get() < column_count>
                <p class="actions">
                    <button type="button" class="button" on:click=move |_| shown.set(usize::MAX)>{format!("Show all {column_count} columns")}</button>
                </p>
            </Show>
            {(flagged.total > 0).then(|| view! { <FlaggedList total=flagged.total listed=flagged.listed file_name/> })}
        </div>
    }
}

/// One column before and after.
#[component]
fn Change(place: usize, change: ColumnChange) -> impl IntoView {
    let ColumnChange { name, before, after } = change;
    let numbers =
        |summary: &Option<ColumnSummary>| summary.as_ref().and_then(|summary| summary.numbers.clone());
    let moments =
        |summary: &Option<ColumnSummary>| summary.as_ref().and_then(|summary| summary.moments.clone());
    let (of_before, of_after) = (numbers(&before), numbers(&after));
    let what = match (&before, &after) {
        (None, Some(_)) => "made by this step",
        (Some(_), None) => "left out by this step",
        (Some(_), Some(_)) | (None, None) => "before and after",
    };
    let is_numeric = of_before.is_some() || of_after.is_some();
    let about = [&of_before, &of_after].into_iter().flatten().any(|numbers| numbers.is_approximate);
    let charts = is_numeric.then(|| {
        view! {
            <div class="refine-pair">
                {of_before.clone().map(|numbers| view! { <Bars numbers moments=moments(&before) label="Before"/> })}
                {of_after.clone().map(|numbers| view! { <Bars numbers moments=moments(&after) label="After"/> })}
            </div>
        }
    });
    let names = (!is_numeric).then(|| view! { <Frequent before=before.clone() after=after.clone()/> });
    view! {
        <figure class="refine-change" data-testid=format!("change-{place}") data-column=name.clone()>
            <figcaption class="wrap">{name.clone()}<span class="hint">{format!(" {what}")}</span></figcaption>
            {charts}
            <table class="mini">
                <thead><tr><th scope="col"><span class="visually-hidden">"Figure"</span></th><th scope="col">"Before"</th><th scope="col">"After"</th></tr></thead>
                <tbody>
                    {figures(before.as_ref(), after.as_ref()).into_iter().map(|(label, before, after)| view! {
                        <tr data-figure=label>
                            <th scope="row">{label}</th>
                            <td title=before.full>{before.text}</td>
                            <td title=after.full>{after.text}</td>
                        </tr>
                    }).collect_view()}
                </tbody>
            </table>
            {names}
            {about.then(|| view! { <p class="hint">"Quartiles and bars are approximate: the column has more values than are sorted."</p> })}
        </figure>
    }
}

/// A figure in some digits, and in all of them.
#[derive(Default)]
struct Figure {
    text: String,
    full: String,
}

/// A figure that is no place among the values.
const SPREAD: &str = "Std. deviation";

type Counted = (&'static str, fn(&ColumnSummary) -> Option<u64>);
type Measured = (&'static str, fn(&NumberSummary) -> f64);

/// Label, before and after.
fn figures(
    before: Option<&ColumnSummary>,
    after: Option<&ColumnSummary>,
) -> Vec<(&'static str, Figure, Figure)> {
    let counts: [Counted; 3] = [
        ("Cells", |summary| Some(summary.count)),
        ("Missing", |summary| Some(summary.missing)),
        ("Different", |summary| summary.distinct),
    ];
    let numbers: [Measured; 7] = [
        ("Mean", |numbers| numbers.mean),
        (SPREAD, |numbers| numbers.deviation),
        ("Minimum", |numbers| numbers.min),
        ("First quartile", |numbers| numbers.first_quartile),
        ("Median", |numbers| numbers.median),
        ("Third quartile", |numbers| numbers.third_quartile),
        ("Maximum", |numbers| numbers.max),
    ];
    let counted = |summary: Option<&ColumnSummary>, of: fn(&ColumnSummary) -> Option<u64>| {
        let number = summary.and_then(of).map(count).unwrap_or_default();
        Figure { text: number.clone(), full: number }
    };
    let measured = |summary: Option<&ColumnSummary>, label: &str, of: fn(&NumberSummary) -> f64| {
        let Some(summary) = summary else { return Figure::default() };
        let Some(number) = summary.numbers.as_ref().map(of) else { return Figure::default() };
        // A spread is no moment.
        let moments = summary.moments.as_ref().filter(|_| label != SPREAD);
        match moments.and_then(|moments| spelt(moments, number)) {
            Some(text) => Figure { text, full: full(number) },
            None => Figure { text: short(number), full: full(number) },
        }
    };
    let mut rows: Vec<_> =
        counts.into_iter().map(|(label, of)| (label, counted(before, of), counted(after, of))).collect();
    let is_numeric = [before, after].into_iter().flatten().any(|summary| summary.numbers.is_some());
    if is_numeric {
        rows.extend(
            numbers
                .into_iter()
                .map(|(label, of)| (label, measured(before, label, of), measured(after, label, of))),
        );
    }
    rows
}

/// A small histogram.
#[component]
fn Bars(numbers: NumberSummary, moments: Option<ColumnType>, label: &'static str) -> impl IntoView {
    let edge = |number: f64| {
        moments.as_ref().and_then(|moments| spelt(moments, number)).unwrap_or_else(|| short(number))
    };
    let (low, high) = (edge(numbers.min), edge(numbers.max));
    let histogram = &numbers.histogram;
    let most = histogram.counts.iter().copied().max().unwrap_or(0).max(1);
    let width = 100.0 / histogram.counts.len().max(1) as f64;
    let bars: Vec<(f64, f64)> = histogram
        .counts
        .iter()
        .enumerate()
        .map(|(at, count)| (at as f64 * width, 40.0 * *count as f64 / most as f64))
        .collect();
    let said = format!("{label}: from {} to {}, most rows in one bar {}", low, high, count(most));
    view! {
        <div class="refine-bars">
            <span class="hint">{label}</span>
            <svg viewBox="0 0 100 40" preserveAspectRatio="none" role="img" aria-label=said>
                {bars.into_iter().map(|(x, height)| view! {
                    <rect x=x.to_string() y=(40.0 - height).to_string() width=(width * 0.9).to_string() height=height.to_string()/>
                }).collect_view()}
            </svg>
            <span class="refine-range hint"><span>{low}</span><span>{high}</span></span>
        </div>
    }
}

/// The most frequent cells before and after.
#[component]
fn Frequent(before: Option<ColumnSummary>, after: Option<ColumnSummary>) -> impl IntoView {
    let list = |summary: &Option<ColumnSummary>| -> Vec<(String, u64)> {
        let cells = summary.iter().flat_map(|summary| &summary.most_frequent);
        cells.map(|cell| (cell.text.clone(), cell.count)).collect()
    };
    let (before, after) = (list(&before), list(&after));
    let most = before.iter().chain(&after).map(|(_, count)| *count).max().unwrap_or(1).to_string();
    let table = |label: &'static str, cells: Vec<(String, u64)>| {
        let most = most.clone();
        (!cells.is_empty()).then(|| view! {
            <table class="bars">
                <caption>{format!("Most frequent {label}")}</caption>
                <tbody>
                    {cells.into_iter().take(5).map(|(text, times)| view! {
                        <tr><th scope="row">{text}</th><td><meter min="0" max=most.clone() value=times.to_string()></meter></td><td>{count(times)}</td></tr>
                    }).collect_view()}
                </tbody>
            </table>
        })
    };
    view! {
        {table("before", before)}
        {table("after", after)}
    }
}

/// Rows of each class before and after.
#[component]
fn ClassBars(classes: Classes) -> impl IntoView {
    let most =
        classes.counts.iter().map(|class| class.before.max(class.after)).max().unwrap_or(1).to_string();
    view! {
        <table class="bars refine-classes" data-testid="class-bars">
            <caption>{format!("Rows of each class of “{}”", classes.column)}</caption>
            <thead><tr><th scope="col">"Class"</th><th scope="col" colspan="2">"Before"</th><th scope="col" colspan="2">"After"</th></tr></thead>
            <tbody>
                {classes.counts.into_iter().map(|class| view! {
                    <tr>
                        <th scope="row">{class.class}</th>
                        <td><meter min="0" max=most.clone() value=class.before.to_string()></meter></td><td>{count(class.before)}</td>
                        <td><meter min="0" max=most.clone() value=class.after.to_string()></meter></td><td>{count(class.after)}</td>
                    </tr>
                }).collect_view()}
            </tbody>
        </table>
    }
}

/// What was flagged, with the numbers of rows in the file.
#[component]
fn FlaggedList(total: u64, listed: Vec<FlaggedRow>, file_name: String) -> impl IntoView {
    let kept = StoredValue::new(listed.clone());
    let save = move |_| {
        let text = kept.with_value(|listed| as_csv(listed));
        // A browser that saves nothing says so itself; the rows stand below.
        let _ = save_bytes(&format!("{file_name}.flagged.csv"), "text/csv", text.as_bytes());
    };
    let more = total.saturating_sub(listed.len().min(SHOWN_FLAGGED) as u64);
    view! {
        <details class="refine-flagged" data-testid="flagged">
            <summary>{format!("{} flagged", count(total))}</summary>
            <div class="table-scroll long" tabindex="0" role="region" aria-label="What was flagged">
                <table class="numbers">
                    <thead><tr><th scope="col">"Row"</th><th scope="col">"Column"</th><th scope="col">"Cell"</th><th scope="col">"Why"</th></tr></thead>
                    <tbody>
                        {listed.into_iter().take(SHOWN_FLAGGED).map(|flagged| view! {
                            <tr>
                                <td>{row_number(&flagged)}</td>
                                <td>{flagged.column.unwrap_or_default()}</td>
                                <td>{flagged.value.unwrap_or_default()}</td>
                                <td>{flagged.reason.to_string()}</td>
                            </tr>
                        }).collect_view()}
                    </tbody>
                </table>
            </div>
            <p class="actions">
                <button type="button" class="button" data-testid="save-flagged" on:click=save><Icon symbol=Symbol::Save/>"Save the list as CSV"</button>
                <a class="button quiet" href="/prepare/rows">"See them among all rows"</a>
                {(more > 0).then(|| view! { <span class="hint">{format!("{} more are not shown; the file lists up to 1,000.", count(more))}</span> })}
            </p>
        </details>
    }
}

fn row_number(flagged: &FlaggedRow) -> String {
    if flagged.row == 0 { "made".to_owned() } else { flagged.row.to_string() }
}

/// The list as a file for a spreadsheet, which takes no cell for a formula.
fn as_csv(listed: &[FlaggedRow]) -> String {
    let quoted =
        |text: &str| format!("\"{}\"", veilsum_table::csv_out::without_formula(text).replace('"', "\"\""));
    let mut text = "row,column,value,reason\n".to_owned();
    for flagged in listed {
        let line = [
            row_number(flagged),
            quoted(flagged.column.as_deref().unwrap_or_default()),
            quoted(flagged.value.as_deref().unwrap_or_default()),
            quoted(&flagged.reason.to_string()),
        ];
        text.push_str(&line.join(","));
        text.push('\n');
    }
    text
}

/// A step that is not added yet.
#[component]
pub(super) fn Preview(step: String, report: StepReport, file_name: String) -> impl IntoView {
    let did = words::of_report(&report);
    view! {
        <section class="refine-preview" aria-label="What the step would do" data-testid="step-preview">
            <h3 class="wrap">{format!("{step}: what it would do")}</h3>
            <p data-testid="preview-did">{did}</p>
            <Report report file_name/>
        </section>
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use veilsum_prepare::report::Reason;

    use super::*;

    #[test]
    fn a_saved_list_holds_no_formula() {
        let flagged = FlaggedRow {
            row: 7,
            column: Some("a\"b".to_owned()),
            value: Some("=1+1".to_owned()),
            reason: Reason::Above { bound: 3.0 },
        };
        assert_eq!(as_csv(&[flagged]), "row,column,value,reason\n7,\"a\"\"b\",\"'=1+1\",\"above 3\"\n");
    }
}

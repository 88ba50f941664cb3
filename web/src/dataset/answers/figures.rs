//! The numbers of an answer as tables.

use leptos::prelude::*;
use leptos::task::spawn_local;
use veilsum_analysis::answer::{Answer, Cell, Figure, Table, Value};
use wasm_bindgen_futures::JsFuture;

use crate::dataset::decimal_text::shown;
use crate::ui::icon::{Icon, Symbol};

/// Tables of more rows are scrolled.
const MANY_ROWS: usize = 14;

/// How a number is read, and all that is known of it.
fn number_cell(value: &Value) -> impl IntoView + use<> {
    let known = match value.error.as_str() {
        "" => format!("{} exactly", value.exact),
        error => format!("{}; {error}", value.exact),
    };
    view! { <td class="number" title=known data-exact=value.exact.clone()>{shown(&value.text)}</td> }
}

/// A table of an answer, with a button that copies all digits.
#[component]
pub(super) fn AnswerTable(table: Table) -> impl IntoView {
    let copied = tab_separated(&table);
    let Table { caption, columns, rows } = table;
    let label = caption.clone();
    let long = rows.len() > MANY_ROWS;
    // A column of numbers is headed where its numbers are.
    let is_number: Vec<bool> = (0..columns.len())
        .map(|at| rows.iter().any(|row| at > 0 && matches!(row.cells.get(at - 1), Some(Cell::Number(_)))))
        .collect();
    let cell = |cell: Cell| match cell {
        Cell::Nothing => view! { <td class="number muted">"–"</td> }.into_any(),
        Cell::Text(text) => view! { <td class="wrap">{text}</td> }.into_any(),
        Cell::Number(value) => number_cell(&value).into_any(),
    };
    view! {
        <div class="table-scroll fitted" class:long=long tabindex="0" role="region" aria-label=label>
            // Beside long names a caption inside the table would be as wide as the table.
            <p class="table-caption wrap">{caption.clone()}</p>
            <table data-testid="answer-table" aria-label=caption>
                <thead><tr>
                    {columns.into_iter().zip(is_number).map(|(name, is_number)| view! {
                        <th scope="col" class:number=is_number>{name}</th>
                    }).collect_view()}
                </tr></thead>
                <tbody>
                    {rows.into_iter().map(|row| view! {
                        <tr>
                            <th scope="row" class="wrap">{row.heading}</th>
                            {row.cells.into_iter().map(cell).collect_view()}
                        </tr>
                    }).collect_view()}
                </tbody>
            </table>
        </div>
        <CopyButton text=copied/>
    }
}

/// The figures, each with all digits and its twin.
#[component]
pub(super) fn FiguresTable(figures: Vec<Figure>, twin: Option<Answer>) -> impl IntoView {
    let has_twin = twin.is_some();
    let row = |figure: Figure| {
        let twin = twin.as_ref().map(|twin| {
            let other = twin.figures.iter().find(|other| other.key == figure.key);
            let exact = other.and_then(|other| other.value.as_ref()).map_or_else(String::new, |value| value.exact.clone());
            view! { <td class="number" data-label="In this browser"><span class="mono digits">{shown(&exact)}</span></td> }
        });
        let exact = figure.value.as_ref().map_or_else(String::new, |value| value.exact.clone());
        let (text, error) = figure.value.map_or_else(
            || ("no value".to_owned(), String::new()),
            |value| (shown(&value.text), value.error),
        );
        view! {
            <tr data-testid="figure" data-key=figure.key.clone() data-exact=exact.clone()>
                <th scope="row" class="wrap">{figure.label}</th>
                <td class="number" data-label="Answer" title=error><strong>{text}</strong></td>
                <td class="number" data-label="All digits"><span class="mono digits">{shown(&exact)}</span></td>
                {twin}
            </tr>
        }
    };
    view! {
        <div class="table-scroll fitted" tabindex="0" role="region" aria-label="Numbers">
            <table class="stacking" data-testid="figures">
                <thead><tr>
                    <th scope="col">"Number"</th>
                    <th scope="col" class="number">"Answer"</th>
                    <th scope="col" class="number">"All digits"</th>
                    {has_twin.then(|| view! { <th scope="col" class="number">"Same, computed in this browser"</th> })}
                </tr></thead>
                <tbody>{figures.into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
}

/// Puts a text into the clipboard.
#[component]
fn CopyButton(text: String) -> impl IntoView {
    let said = RwSignal::new("");
    let text = StoredValue::new(text);
    let copy = move |_| {
        spawn_local(async move {
            let copied = JsFuture::from(window().navigator().clipboard().write_text(&text.get_value())).await;
            said.try_set(if copied.is_ok() { "Copied." } else { "The browser did not copy it." });
        });
    };
    view! {
        <p class="actions">
            <button type="button" class="button quiet" on:click=copy><Icon symbol=Symbol::File/>"Copy with all digits"</button>
            <span class="hint" role="status">{said}</span>
        </p>
    }
}

/// As spreadsheets take it from the clipboard.
fn tab_separated(table: &Table) -> String {
    let clean = |text: &str| {
        let spaced: String =
            text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
        veilsum_table::csv_out::without_formula(&spaced).into_owned()
    };
    let cell = |cell: &Cell| match cell {
        Cell::Nothing => String::new(),
        Cell::Text(text) => clean(text),
        Cell::Number(value) => value.exact.clone(),
    };
    let mut lines = vec![table.columns.iter().map(|name| clean(name)).collect::<Vec<_>>().join("\t")];
    for row in &table.rows {
        let cells = [clean(&row.heading)].into_iter().chain(row.cells.iter().map(cell));
        lines.push(cells.collect::<Vec<_>>().join("\t"));
    }
    lines.join("\n")
}

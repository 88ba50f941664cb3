//! The first rows of a table, as they are in the file.

use leptos::prelude::*;

use crate::ui::words;

const MAX_PREVIEW_COLUMNS: usize = 60;
const MAX_PREVIEW_ROWS: usize = 8;

/// A table of text.
#[component]
pub(in crate::page) fn Preview(
    header: Vec<String>,
    rows: Vec<Vec<String>>,
    /// Rows of the whole file.
    row_count: u64,
) -> impl IntoView {
    let shown = header.len().min(MAX_PREVIEW_COLUMNS);
    let hidden = header.len() - shown;
    let shown_rows = rows.len().min(MAX_PREVIEW_ROWS) as u64;
    view! {
        <div class="table-scroll" tabindex="0" role="region" aria-label="First rows">
            <table class="numbers" data-testid="preview">
                <caption>
                    {if shown_rows < row_count {
                        format!("The first {} of {}", shown_rows, words::counted(row_count, "row"))
                    } else {
                        format!("All {}", words::counted(row_count, "row"))
                    }}
                    {(hidden > 0).then(|| format!("; {} more to the right are not shown", words::counted(hidden as u64, "column")))}
                </caption>
                <thead>
                    <tr>{header.into_iter().take(shown).map(|name| view! { <th scope="col">{name}</th> }).collect_view()}</tr>
                </thead>
                <tbody>
                    {rows.into_iter().take(MAX_PREVIEW_ROWS).map(|row| view! {
                        <tr>{row.into_iter().take(shown).map(|cell| view! { <td>{cell}</td> }).collect_view()}</tr>
                    }).collect_view()}
                </tbody>
            </table>
        </div>
    }
}

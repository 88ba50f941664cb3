//! The columns of a dataset, with what was done to each and what the cloud calls it.

use leptos::prelude::*;

use crate::messages::{ColumnView, NumberView, TreatmentView};
use crate::ui::words;

/// A table of columns, read from the opened manifest.
#[component]
pub(super) fn Schema(columns: Vec<ColumnView>) -> impl IntoView {
    view! {
        <div class="table-scroll" tabindex="0" role="region" aria-label="Columns">
            <table data-testid="schema">
                <thead>
                    <tr>
                        <th scope="col">"Column"</th>
                        <th scope="col">"What was done"</th>
                        <th scope="col" class="number">"Missing"</th>
                        <th scope="col">"What the cloud knows of it"</th>
                    </tr>
                </thead>
                <tbody>{columns.into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
}

fn row(column: ColumnView) -> impl IntoView {
    let (done, missing, known) = match column.treatment {
        TreatmentView::Number(number) => (done(&number), words::count(number.missing_count), known(&number)),
        TreatmentView::Category { missing_count } => (
            "Encrypted as categories".into(),
            words::count(missing_count),
            "how many columns its groups take up".into(),
        ),
        TreatmentView::SealedOriginalOnly => {
            ("Only in the sealed original".into(), "–".into(), "nothing but the original's size".into())
        }
        TreatmentView::Dropped => ("Dropped".into(), "–".into(), "nothing".into()),
    };
    view! {
        <tr>
            <th scope="row" class="wrap">{column.name}</th>
            <td>{done}</td>
            <td class="number">{missing}</td>
            <td>{known}</td>
        </tr>
    }
}

fn done(number: &NumberView) -> String {
    let precision = if number.rounded { "rounded to" } else { "exact to" };
    match (number.scale, number.rounded) {
        (0, false) => "Encrypted, whole numbers".into(),
        (0, true) => "Encrypted, rounded to whole numbers".into(),
        (scale, _) => format!("Encrypted, {precision} {}", words::counted(scale.into(), "decimal")),
    }
}

fn known(number: &NumberView) -> String {
    // Under the second engine the cloud is told no bounds.
    let bound = match number.bound_bits {
        0 => String::new(),
        bits => format!("; each stored number is under 2^{bits}"),
    };
    match number.presence {
        None => format!("column {}{bound}", number.column),
        Some(presence) => {
            format!(
                "column {} and, for which cells are blank, column {presence}, both encrypted{bound}",
                number.column
            )
        }
    }
}

//! Which statistics of which columns, and the button that asks for them.

use leptos::prelude::*;

use crate::messages::{AnalysisKind, AnalysisRequest, Fault, RunEstimate};
use crate::ui::fault::FaultNote;
use crate::ui::words;

/// The catalogue, with words.
pub(super) const KINDS: [(AnalysisKind, &str, &str); 3] = [
    (AnalysisKind::Sum, "sum", "Sum"),
    (AnalysisKind::Mean, "mean", "Mean"),
    (AnalysisKind::Count, "count", "Count"),
];

/// Most columns that are chosen to begin with.
const MOST_PRESELECTED: usize = 40;

/// What is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Selection {
    kinds: [bool; KINDS.len()],
    columns: Vec<bool>,
}

impl Selection {
    /// The mean of every column.
    pub(super) fn suggested(column_count: usize) -> Self {
        Self {
            kinds: KINDS.map(|(kind, ..)| kind == AnalysisKind::Mean),
            columns: (0..column_count).map(|column| column < MOST_PRESELECTED).collect(),
        }
    }

    /// What to ask, column by column.
    pub(super) fn requests(&self, names: &[String]) -> Vec<AnalysisRequest> {
        let chosen = names.iter().zip(&self.columns).filter(|(_, chosen)| **chosen);
        let kinds =
            || KINDS.iter().zip(self.kinds).filter(|(_, chosen)| *chosen).map(|((kind, ..), _)| *kind);
        chosen
            .flat_map(|(name, _)| kinds().map(|kind| AnalysisRequest { kind, column: name.clone() }))
            .collect()
    }

    fn chosen_columns(&self) -> usize {
        self.columns.iter().filter(|chosen| **chosen).count()
    }
}

/// The short name of a statistic, as in test ids and exports.
pub(super) fn kind_code(kind: AnalysisKind) -> &'static str {
    match kind {
        AnalysisKind::Sum => "sum",
        AnalysisKind::Mean => "mean",
        AnalysisKind::Count => "count",
    }
}

/// The name of a statistic.
pub(super) fn kind_name(kind: AnalysisKind) -> &'static str {
    match kind {
        AnalysisKind::Sum => "Sum",
        AnalysisKind::Mean => "Mean",
        AnalysisKind::Count => "Count",
    }
}

/// The form.
#[component]
pub(super) fn RunForm(
    /// Names of the encrypted columns, in file order.
    names: Vec<String>,
    selection: RwSignal<Selection>,
    /// What it would take; `None` while that is worked out.
    #[prop(into)]
    estimate: Signal<Option<Result<RunEstimate, Fault>>>,
    #[prop(into)] running: Signal<bool>,
    on_run: Callback<()>,
) -> impl IntoView {
    let column_count = names.len();
    let chosen = Memo::new(move |_| selection.with(Selection::chosen_columns));
    let ready = Memo::new(move |_| {
        let refused = estimate.with(|estimate| match estimate {
            Some(Ok(estimate)) => estimate.refused.is_some(),
            Some(Err(_)) | None => false,
        });
        chosen.get() > 0 && selection.with(|selection| selection.kinds.contains(&true)) && !refused
    });
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        if ready.get_untracked() && !running.get_untracked() {
            on_run.run(());
        }
    };
    let set_all = move |value: bool| selection.update(|selection| selection.columns.fill(value));

    view! {
        <form class="run-form" on:submit=submit>
            <fieldset>
                <legend>"Statistic"</legend>
                <div class="choices">
                    {KINDS.iter().enumerate().map(|(place, (_, code, name))| view! {
                        <label class="choice">
                            <input
                                type="checkbox" data-testid=format!("analysis-{code}")
                                prop:checked=move || selection.with(|selection| selection.kinds[place])
                                on:change:target=move |event| {
                                    let checked = event.target().checked();
                                    selection.update(|selection| selection.kinds[place] = checked);
                                }
                            />
                            <span>{*name}</span>
                        </label>
                    }).collect_view()}
                </div>
            </fieldset>
            <fieldset>
                <legend>"Columns"</legend>
                <div class="actions">
                    <button type="button" class="button quiet" data-testid="analysis-all" on:click=move |_| set_all(true)>"Select all"</button>
                    <button type="button" class="button quiet" data-testid="analysis-none" on:click=move |_| set_all(false)>"Select none"</button>
                    <span class="hint" role="status">{move || format!("{} of {column_count} chosen", chosen.get())}</span>
                </div>
                <div class="choices scroll">
                    {names.into_iter().enumerate().map(|(place, name)| view! {
                        <label class="choice">
                            <input
                                type="checkbox" data-testid=format!("analysis-column-{place}")
                                prop:checked=move || selection.with(|selection| selection.columns.get(place) == Some(&true))
                                on:change:target=move |event| {
                                    let checked = event.target().checked();
                                    selection.update(|selection| if let Some(column) = selection.columns.get_mut(place) {
                                        *column = checked;
                                    });
                                }
                            />
                            <span class="wrap">{name}</span>
                        </label>
                    }).collect_view()}
                </div>
            </fieldset>
            <div class="run-line">
                <button
                    type="submit" class="button primary" data-testid="analysis-run"
                    disabled=move || running.get() || !ready.get()
                >{move || if running.get() { "Running…" } else { "Run" }}</button>
                <div class="hint" role="status" data-testid="analysis-estimate">{move || estimate_words(estimate.get(), chosen.get())}</div>
            </div>
        </form>
    }
}

fn estimate_words(estimate: Option<Result<RunEstimate, Fault>>, chosen: usize) -> AnyView {
    match estimate {
        _ if chosen == 0 => "Choose at least one column.".into_any(),
        None => "Working out what it takes…".into_any(),
        Some(Err(fault)) | Some(Ok(RunEstimate { refused: Some(fault), .. })) => {
            view! { <FaultNote fault testid="analysis-refused"/> }.into_any()
        }
        Some(Ok(RunEstimate { row_groups: 0, .. })) => {
            "The signed manifest has the answer; nothing is asked of the cloud.".into_any()
        }
        Some(Ok(estimate)) => format!(
            "The cloud reads {} in {}; this browser downloads {}.",
            words::bytes(estimate.read_bytes),
            words::counted(estimate.row_groups.into(), "row group"),
            words::bytes(estimate.answer_bytes)
        )
        .into_any(),
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn asks_column_by_column() {
        let names = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
        let mut selection = Selection::suggested(3);
        selection.kinds = [true, false, true];
        selection.columns[1] = false;
        let asked: Vec<_> =
            selection.requests(&names).into_iter().map(|request| (request.column, request.kind)).collect();
        assert_eq!(
            asked,
            [
                ("a".to_owned(), AnalysisKind::Sum),
                ("a".to_owned(), AnalysisKind::Count),
                ("c".to_owned(), AnalysisKind::Sum),
                ("c".to_owned(), AnalysisKind::Count),
            ]
        );
    }
}

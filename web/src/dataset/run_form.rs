//! Which statistics of which columns, and the button that asks for them.

use leptos::prelude::*;
use veilsum_analysis::Request;
use veilsum_analysis::catalogue::{Count, Mean, Sum};

use crate::messages::{Fault, ManifestView, RunEstimate, TreatmentView};
use crate::ui::fault::FaultNote;
use crate::ui::words;

/// The catalogue, with words.
const KINDS: [(&str, &str); 3] = [("sum", "Sum"), ("mean", "Mean"), ("count", "Count")];

/// Most columns that are chosen to begin with.
const MOST_PRESELECTED: usize = 40;

/// The encrypted columns of numbers: position in the manifest and name.
pub(super) fn numbers(manifest: &ManifestView) -> Vec<(u32, String)> {
    let columns = (0_u32..).zip(&manifest.columns);
    columns
        .filter(|(_, column)| matches!(column.treatment, TreatmentView::Number(_)))
        .map(|(position, column)| (position, column.name.clone()))
        .collect()
}

/// What is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Selection {
    kinds: [bool; KINDS.len()],
    columns: Vec<(u32, bool)>,
}

impl Selection {
    /// The mean of every column.
    pub(super) fn suggested(columns: &[(u32, String)]) -> Self {
        let columns = columns.iter().enumerate();
        Self {
            kinds: [false, true, false],
            columns: columns.map(|(place, (position, _))| (*position, place < MOST_PRESELECTED)).collect(),
        }
    }

    /// What to ask, column by column.
    pub(super) fn requests(&self) -> Vec<Request> {
        let chosen = self.columns.iter().filter(|(_, chosen)| *chosen);
        chosen
            .flat_map(|&(column, _)| {
                let all = [
                    Request::Sum(Sum { column }),
                    Request::Mean(Mean { column }),
                    Request::Count(Count { column }),
                ];
                all.into_iter().zip(self.kinds).filter(|(_, chosen)| *chosen).map(|(request, _)| request)
            })
            .collect()
    }

    fn chosen_columns(&self) -> usize {
        self.columns.iter().filter(|(_, chosen)| *chosen).count()
    }
}

/// The form.
#[component]
pub(super) fn RunForm(
    /// Positions and names of the encrypted columns, in file order.
    columns: Vec<(u32, String)>,
    selection: RwSignal<Selection>,
    /// What it would take; `None` while that is worked out.
    #[prop(into)]
    estimate: Signal<Option<Result<RunEstimate, Fault>>>,
    #[prop(into)] running: Signal<bool>,
    on_run: Callback<()>,
) -> impl IntoView {
    let column_count = columns.len();
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
    let set_all = move |value: bool| {
        selection.update(|selection| selection.columns.iter_mut().for_each(|column| column.1 = value));
    };

    view! {
        <form class="run-form" on:submit=submit>
            <fieldset>
                <legend>"Statistic"</legend>
                <div class="choices">
                    {KINDS.iter().enumerate().map(|(place, (code, name))| view! {
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
                    {columns.into_iter().enumerate().map(|(place, (_, name))| view! {
                        <label class="choice">
                            <input
                                type="checkbox" data-testid=format!("analysis-column-{place}")
                                prop:checked=move || selection.with(|selection| selection.columns.get(place).is_some_and(|column| column.1))
                                on:change:target=move |event| {
                                    let checked = event.target().checked();
                                    selection.update(|selection| if let Some(column) = selection.columns.get_mut(place) {
                                        column.1 = checked;
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

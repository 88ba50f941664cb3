//! The run: its analyses, the batches that it covers, and the button.

use leptos::prelude::*;
use veilsum_protocol::DatasetId;

use super::columns::Columns;
use super::draft::{Draft, Kind};
use super::estimate::{Needs, RowsAtHand, estimate_words, lacking};
use super::item::{Item, Place};
use super::menu::Menu;
use crate::dataset::desk::Desk;
use crate::dataset::growing::Growing;
use crate::dataset::growth::{Aim, Growth, Task};
use crate::messages::{BatchView, Run};
use crate::ui::loaded::Loaded;
use crate::ui::vault_client::Vault;
use crate::ui::words;

/// The form.
#[component]
pub(in super::super) fn RunForm(
    dataset: DatasetId,
    #[prop(into)] columns: Signal<Columns>,
    #[prop(into)] batches: Signal<Vec<BatchView>>,
    #[prop(into)] source_at_hand: Signal<bool>,
    #[prop(into)] running: Signal<bool>,
    /// An analysis was removed, and the focus with it.
    on_removed: Callback<()>,
) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let vault = expect_context::<Vault>();
    let first = RwSignal::new(Draft::usual(&columns.get_untracked()));
    // Only what nobody touched gives way to what is chosen instead.
    let untouched = first.get_untracked();
    let items = RwSignal::new(vec![Place { id: 0, draft: first, is_new: false }]);
    let next_id = StoredValue::new(1_u32);
    let left_out = RwSignal::new(Vec::<u32>::new());

    let covered = Memo::new(move |_| {
        let all = batches.with(|batches| u32::try_from(batches.len()).unwrap_or(u32::MAX));
        left_out.with(|left_out| (0..all).filter(|batch| !left_out.contains(batch)).collect::<Vec<u32>>())
    });
    let asked = Memo::new(move |_| {
        let columns = columns.get();
        let mut requests = Vec::new();
        for place in items.get() {
            for request in place.draft.with(|draft| draft.requests(&columns))? {
                if !requests.contains(&request) {
                    requests.push(request);
                }
            }
        }
        let covered = covered.get();
        if covered.is_empty() {
            return Err("Choose at least one batch of rows.");
        }
        let batches = if left_out.with(Vec::is_empty) { Vec::new() } else { covered };
        Ok(Run { dataset, requests, batches })
    });
    let estimate = Loaded::new(move || {
        desk.changes.track();
        let asked = asked.get();
        Box::pin(async move {
            match asked {
                Ok(run) => vault.estimate_run(run).await.map(Some),
                Err(_) => Ok(None),
            }
        })
    });
    let known = move || match estimate.get()? {
        Ok(estimate) => estimate.map(Ok),
        Err(fault) => Some(Err(fault)),
    };
    let growing = Memo::new(move |_| desk.growth.with(|growth| matches!(growth, Growth::Running(_))));
    let ready = Memo::new(move |_| {
        let refused = estimate.with(|estimate| match estimate {
            Some(Ok(Some(estimate))) => estimate.refused.is_some(),
            Some(Ok(None) | Err(_)) | None => false,
        });
        asked.with(Result::is_ok) && !refused && !growing.get()
    });
    let needs = Memo::new(move |_| {
        let rows = RowsAtHand {
            source_at_hand: source_at_hand.get(),
            has_several_batches: batches.with(|batches| batches.len() > 1),
        };
        estimate.with(|estimate| match estimate {
            Some(Ok(Some(estimate))) => lacking(estimate, rows).unwrap_or_default(),
            Some(Ok(None) | Err(_)) | None => Vec::new(),
        })
    });
    let rows = move || {
        let covered = covered.get();
        batches.with(|batches| {
            let rows = covered.iter().filter_map(|&batch| batches.get(usize::try_from(batch).ok()?));
            rows.map(|batch| batch.row_count).sum::<u64>()
        })
    };
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        if let Ok(run) = asked.get_untracked()
            && ready.get_untracked()
            && !running.get_untracked()
        {
            desk.run(run);
        }
    };
    let add = Callback::new(move |draft: Draft| {
        let id = next_id.get_value();
        next_id.set_value(id + 1);
        items.update(|items| {
            if let [only] = items.as_slice()
                && only.draft.with_untracked(|draft| *draft == untouched)
            {
                items.clear();
            }
            // More about the same columns needs no second choice of them.
            let describing = items.iter().find(|place| {
                draft.kind == Kind::Describe
                    && place.draft.with_untracked(|draft| draft.kind == Kind::Describe)
            });
            match describing {
                Some(place) => place.draft.update(|known| known.also(&draft.statistics)),
                None => items.push(Place { id, draft: RwSignal::new(draft), is_new: true }),
            }
        });
    });
    let grow = Callback::new(move |()| {
        if let Ok(run) = asked.get_untracked() {
            desk.grow(Task { run, batches: covered.get_untracked(), aim: Aim::Columns });
        }
    });
    let removable = Memo::new(move |_| items.with(|items| items.len() > 1));

    view! {
        <form class="run-form" on:submit=submit>
            <For each=move || items.get() key=|place| place.id let:place>
                <Item
                    place columns removable
                    on_remove=Callback::new(move |()| {
                        items.update(|items| items.retain(|item| item.id != place.id));
                        on_removed.run(());
                    })
                />
            </For>
            <Menu columns on_draft=add/>
            <Covered batches left_out/>
            <div class="run-line">
                <button
                    type="submit" class="button primary" data-testid="analysis-run"
                    disabled=move || running.get() || !ready.get()
                >{move || if running.get() { "Running…" } else { "Run" }}</button>
                <div class="hint" role="status" data-testid="analysis-estimate" aria-busy=move || estimate.is_pending().to_string()>
                    {move || match asked.get() {
                        Err(lacks) => lacks.into_any(),
                        Ok(_) => estimate_words(known(), rows(), needs.with(|needs| !needs.is_empty())),
                    }}
                </div>
            </div>
            {move || {
                let needs = needs.get();
                (!needs.is_empty()).then(|| view! { <Needs needs busy=growing on_add=grow/> })
            }}
            <Growing dataset shows=|aim| *aim == Aim::Columns/>
        </form>
    }
}

/// Which batches of rows are covered, where there are several.
#[component]
fn Covered(#[prop(into)] batches: Signal<Vec<BatchView>>, left_out: RwSignal<Vec<u32>>) -> impl IntoView {
    move || {
        let batches = batches.get();
        (batches.len() > 1).then(|| view! {
            <fieldset data-testid="analysis-batches">
                <legend>"Rows"</legend>
                <div class="choices scroll">
                    {(0_u32..).zip(batches).map(|(batch, view)| view! {
                        <label class="choice">
                            <input
                                type="checkbox" data-testid=format!("analysis-batch-{batch}")
                                prop:checked=move || left_out.with(|left_out| !left_out.contains(&batch))
                                on:change:target=move |event| {
                                    let wanted = event.target().checked();
                                    left_out.update(|left_out| {
                                        left_out.retain(|other| *other != batch);
                                        if !wanted {
                                            left_out.push(batch);
                                        }
                                    });
                                }
                            />
                            <span class="wrap">{format!("{}. {} ({})", batch + 1, view.file_name, words::counted(view.row_count, "row"))}</span>
                        </label>
                    }).collect_view()}
                </div>
            </fieldset>
        })
    }
}

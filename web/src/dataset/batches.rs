//! The batches of rows of a dataset, and adding one.

use leptos::prelude::*;
use veilsum_protocol::DatasetId;
use web_sys::File;

use super::desk::Desk;
use super::growing::Growing;
use super::growth::{Aim, Growth};
use crate::messages::BatchView;
use crate::ui::file_input::FileInput;
use crate::ui::icon::{Icon, Symbol};
use crate::ui::words;

/// A list of batches, and a file chooser for the next one.
#[component]
pub(super) fn Batches(dataset: DatasetId, #[prop(into)] batches: Signal<Vec<BatchView>>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let on_file = Callback::new(move |file: File| desk.append(dataset, file));
    let busy = Memo::new(move |_| desk.growth.with(|growth| matches!(growth, Growth::Running(_))));
    let list = move || {
        (1_u64..)
            .zip(batches.get())
            .map(|(number, batch)| {
                let skipped = match batch.skipped_row_count {
                    0 => String::new(),
                    skipped => format!(", {} skipped", words::count(skipped)),
                };
                view! {
                    <tr data-testid="batch">
                        <th scope="row" class="wrap">{format!("{number}. {}", batch.file_name)}</th>
                        <td class="number">{words::counted(batch.row_count, "row")}{skipped}</td>
                    </tr>
                }
            })
            .collect_view()
    };
    view! {
        <section class="panel browser-side" aria-labelledby="batches-title" data-testid="batches">
            <h2 id="batches-title"><Icon symbol=Symbol::File/>"Rows"</h2>
            <div class="table-scroll">
                <table>
                    <thead><tr><th scope="col">"Batch"</th><th scope="col" class="number">"Rows"</th></tr></thead>
                    <tbody>{list}</tbody>
                </table>
            </div>
            <h3>"Add rows"</h3>
            <p class="hint">
                "A file with the same columns becomes a new batch: it is encrypted here like the first one, and analyses "
                "cover it from then on. Nothing that is stored is encrypted again."
            </p>
            <Show when=move || !busy.get()>
                <p class="actions"><FileInput id="append-file" label="Choose a file with more rows" on_file/></p>
            </Show>
            <Growing dataset shows=|aim| *aim == Aim::Rows/>
        </section>
    }
}

//! Deleting a dataset, with its name typed.

use leptos::html::Dialog;
use leptos::prelude::*;
use leptos::task::spawn_local;
use veilsum_protocol::DatasetId;

use crate::messages::Fault;
use crate::ui::fault::FaultNote;
use crate::ui::navigate;
use crate::ui::vault_client::Vault;

/// A button that opens a dialog; `Esc` closes it.
#[component]
pub(super) fn DeleteDataset(dataset: DatasetId, file_name: String) -> impl IntoView {
    let vault = expect_context::<Vault>();
    let dialog = NodeRef::<Dialog>::new();
    let typed = RwSignal::new(String::new());
    let running = RwSignal::new(false);
    let fault = RwSignal::new(None::<Fault>);

    let open = move |_| {
        typed.set(String::new());
        fault.set(None);
        if let Some(dialog) = dialog.get_untracked() {
            let _ = dialog.show_modal();
        }
    };
    let close = move |_| {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    let delete = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        running.set(true);
        spawn_local(async move {
            let result = vault.delete_dataset(dataset).await;
            running.try_set(false);
            match result {
                Ok(()) => navigate::replace("/datasets"),
                Err(error) => {
                    fault.try_set(Some(error));
                }
            }
        });
    };
    let expected = StoredValue::new(file_name.clone());
    let matches = move || expected.with_value(|name| typed.with(|typed| typed.trim() == name.trim()));

    view! {
        <button type="button" class="button danger" data-testid="delete-dataset" on:click=open>"Delete dataset…"</button>
        <dialog node_ref=dialog aria-labelledby="delete-title" class="panel">
            <form class="fields" on:submit=delete>
                <h2 id="delete-title">"Delete this dataset?"</h2>
                <p>
                    "Every object of it is removed from the cloud: row groups, manifest and the sealed original. "
                    "Nobody can bring them back. Files on your disk stay."
                </p>
                <div class="field">
                    <label for="delete-name">"Type its name, " <strong class="wrap">{file_name}</strong> ", to confirm"</label>
                    <input
                        type="text" id="delete-name" data-testid="delete-name" autocomplete="off"
                        prop:value=typed on:input:target=move |event| typed.set(event.target().value())
                    />
                </div>
                {move || fault.get().map(|fault| view! { <FaultNote fault testid="delete-error"/> })}
                <div class="actions">
                    <button
                        type="submit" class="button danger" data-testid="delete-confirm"
                        disabled=move || running.get() || !matches()
                    >{move || if running.get() { "Deleting…" } else { "Delete dataset" }}</button>
                    <button type="button" class="button quiet" data-testid="delete-cancel" on:click=close>"Keep it"</button>
                </div>
            </form>
        </dialog>
    }
}

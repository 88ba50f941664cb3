//! Bringing a keyring from another browser.

use leptos::either::Either;
use leptos::prelude::*;
use leptos::task::spawn_local;
use web_sys::File;

use crate::messages::{Fault, KeyringStatus};
use crate::ui::fault::FaultNote;
use crate::ui::file_input::FileInput;
use crate::ui::vault_client::Vault;

/// A key file, its passphrase, and what it replaces.
#[component]
pub(in crate::page) fn ImportKeyFile(
    /// Whether it stands folded under another form.
    #[prop(default = false)]
    folded: bool,
) -> impl IntoView {
    if folded {
        Either::Left(view! {
            <details class="import" data-testid="import-details">
                <summary>"I have a key file from another browser"</summary>
                <ImportForm/>
            </details>
        })
    } else {
        Either::Right(view! { <ImportForm/> })
    }
}

#[component]
fn ImportForm() -> impl IntoView {
    let vault = expect_context::<Vault>();
    let file = StoredValue::new_local(None::<File>);
    let file_name = RwSignal::new(String::new());
    let passphrase = RwSignal::new(String::new());
    let running = RwSignal::new(false);
    let fault = RwSignal::new(None::<Fault>);
    let replaces = move || !matches!(vault.keyring.get(), None | Some(KeyringStatus::Absent));

    let choose = Callback::new(move |chosen: File| {
        file_name.set(chosen.name());
        file.set_value(Some(chosen));
    });
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let Some(file) = file.get_value() else {
            fault.set(Some(Fault {
                code: "no-key-file".into(),
                message: "Choose the key file first. Its name ends in .key.".into(),
                detail: None,
            }));
            return;
        };
        fault.set(None);
        running.set(true);
        spawn_local(async move {
            let result = vault.import_key_file(file, passphrase.get_untracked()).await;
            running.try_set(false);
            if let Err(error) = result {
                fault.try_set(Some(error));
            }
        });
    };

    view! {
        <form class="fields" on:submit=submit>
            <div class="field">
                <FileInput id="import-file" label="Choose key file" accept="" on_file=choose/>
                <p class="hint" role="status">
                    {move || {
                        let name = file_name.get();
                        if name.is_empty() { "The file that “Save key file” made.".into() } else { name }
                    }}
                </p>
            </div>
            <div class="field">
                <label for="import-passphrase">"Passphrase of the key file"</label>
                <input
                    type="password" id="import-passphrase" data-testid="import-passphrase"
                    autocomplete="current-password" required
                    prop:value=passphrase on:input:target=move |event| passphrase.set(event.target().value())
                />
            </div>
            <Show when=replaces>
                <p class="note warning">
                    "It replaces the keyring in this browser. Save that one's key file first, or its datasets \
                     cannot be read any more."
                </p>
            </Show>
            {move || fault.get().map(|fault| view! { <FaultNote fault testid="import-error"/> })}
            <button type="submit" class="button" data-testid="import" disabled=move || running.get()>
                {move || if running.get() { "Opening…" } else { "Use this key file" }}
            </button>
        </form>
    }
}

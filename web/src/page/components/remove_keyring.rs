//! Removing the keyring from this browser, with a word typed.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::messages::Fault;
use crate::ui::fault::FaultNote;
use crate::ui::vault_client::Vault;

const WORD: &str = "remove";

/// What is lost, the word, the button.
#[component]
pub(in crate::page) fn RemoveKeyring() -> impl IntoView {
    let vault = expect_context::<Vault>();
    let typed = RwSignal::new(String::new());
    let fault = RwSignal::new(None::<Fault>);
    let remove = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        spawn_local(async move {
            if let Err(error) = vault.remove_keyring().await {
                fault.try_set(Some(error));
            }
        });
    };
    view! {
        <details class="danger-zone">
            <summary>"Remove the keyring from this browser"</summary>
            <form class="fields" on:submit=remove>
                <p>
                    "The keys in this browser are erased. Datasets stay in the cloud, and can be read again only "
                    "with the key file and its passphrase. Without the key file they are lost for good."
                </p>
                <div class="field">
                    <label for="remove-word">"Type “remove” to confirm"</label>
                    <input
                        type="text" id="remove-word" data-testid="remove-word" autocomplete="off"
                        prop:value=typed on:input:target=move |event| typed.set(event.target().value())
                    />
                </div>
                {move || fault.get().map(|fault| view! { <FaultNote fault testid="remove-error"/> })}
                <button
                    type="submit" class="button danger" data-testid="remove-keyring"
                    disabled=move || typed.get().trim() != WORD
                >"Remove keyring"</button>
            </form>
        </details>
    }
}

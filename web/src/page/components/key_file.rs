//! Saving the key file: the only way back to the data when this browser is lost.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::messages::Fault;
use crate::ui::fault::FaultNote;
use crate::ui::icon::{Icon, Symbol};
use crate::ui::save::save_bytes;
use crate::ui::vault_client::Vault;

/// The button, and what went wrong with it.
#[component]
pub(in crate::page) fn SaveKeyFile(
    /// Whether it is the next thing to do on this screen.
    #[prop(default = false)]
    primary: bool,
) -> impl IntoView {
    let vault = expect_context::<Vault>();
    let fault = RwSignal::new(None::<Fault>);
    let saved = RwSignal::new(String::new());
    let save = move |_| {
        fault.set(None);
        spawn_local(async move {
            match vault.export_key_file().await {
                Ok(file) => match save_bytes(&file.file_name, "application/octet-stream", &file.bytes) {
                    Ok(()) => {
                        saved.try_set(format!("{} was handed to your downloads.", file.file_name));
                    }
                    Err(error) => {
                        fault.try_set(Some(Fault {
                            code: "not-saved".into(),
                            message: "The browser did not save the key file. Allow downloads for this site, \
                                      then try again."
                                .into(),
                            detail: Some(format!("{error:?}")),
                        }));
                    }
                },
                Err(error) => {
                    fault.try_set(Some(error));
                }
            }
        });
    };
    view! {
        <div class="save-key-file">
            <button
                type="button" class="button" class:primary=primary data-testid="save-key-file" on:click=save
            >
                <Icon symbol=Symbol::Save/>"Save key file"
            </button>
            <p class="hint" role="status" data-testid="key-file-saved">{move || saved.get()}</p>
            {move || fault.get().map(|fault| view! { <FaultNote fault testid="key-file-error"/> })}
        </div>
    }
}

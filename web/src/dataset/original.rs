//! The sealed original: downloaded, opened, checked and saved.

use leptos::prelude::*;
use leptos::task::spawn_local;
use veilsum_protocol::DatasetId;

use crate::messages::Fault;
use crate::ui::fault::FaultNote;
use crate::ui::icon::{Icon, Symbol};
use crate::ui::progress::{Bar, ProgressBar};
use crate::ui::save::save_url;
use crate::ui::vault_client::Vault;
use crate::ui::words;

/// A button that brings it back, where one was kept.
#[component]
pub(super) fn Original(dataset: DatasetId, has_original: bool) -> impl IntoView {
    let vault = expect_context::<Vault>();
    let running = RwSignal::new(false);
    let result = RwSignal::new(None::<Result<String, Fault>>);
    if !has_original {
        return view! { <p>"No sealed original was kept with this dataset."</p> }.into_any();
    }
    let open = move |_| {
        running.set(true);
        result.set(None);
        spawn_local(async move {
            let opened = vault.open_original(dataset).await.map(|original| {
                let what = if original.exact {
                    "the source byte for byte"
                } else {
                    "the source without the columns of which nothing was left"
                };
                match save_url(&original.file_name, &original.url) {
                    Ok(()) => format!("{}: {what}.", original.file_name),
                    Err(_) => {
                        "The browser did not save it. Allow downloads for this site, then try again.".into()
                    }
                }
            });
            running.try_set(false);
            result.try_set(Some(opened));
        });
    };
    let bar = Signal::derive(move || {
        let progress = vault.activity.download.get();
        Bar {
            label: "Downloading and opening the original".into(),
            share: progress.map(|progress| (progress.done, progress.total)),
            facts: progress
                .map(|progress| {
                    format!("{} of {}", words::bytes(progress.done), words::bytes(progress.total))
                })
                .into_iter()
                .collect(),
        }
    });
    view! {
        <p>"The sealed original is encrypted under your keyring, opened in this browser and checked against its hash."</p>
        <p class="actions">
            <button type="button" class="button" data-testid="open-original" disabled=move || running.get() on:click=open>
                <Icon symbol=Symbol::Save/>"Open and save the original"
            </button>
        </p>
        <Show when=move || running.get()><ProgressBar bar testid="original-progress"/></Show>
        <div role="status" data-testid="original-saved">
            {move || result.get().map(|result| match result {
                Ok(text) => view! { <p class="hint">{text}</p> }.into_any(),
                Err(fault) => view! { <FaultNote fault testid="original-error"/> }.into_any(),
            })}
        </div>
    }
    .into_any()
}

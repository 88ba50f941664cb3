//! Uploads that were interrupted and can go on.

use leptos::prelude::*;
use leptos::task::spawn_local;
use veilsum_protocol::DatasetId;

use crate::messages::{Fault, UnfinishedUpload};
use crate::page::desk::Desk;
use crate::ui::fault::FaultNote;
use crate::ui::loaded::Loaded;
use crate::ui::navigate;
use crate::ui::vault_client::Vault;
use crate::ui::words;

/// The list; nothing where there is none, or while the keyring is locked.
#[component]
pub(in crate::page) fn UnfinishedUploads() -> impl IntoView {
    let vault = expect_context::<Vault>();
    let unlocked = Memo::new(move |_| vault.is_unlocked());
    let uploads = Loaded::new(move || {
        let unlocked = unlocked.get();
        Box::pin(async move { if unlocked { vault.unfinished_uploads().await } else { Ok(Vec::new()) } })
    });
    let fault = RwSignal::new(None::<Fault>);
    let discard = Callback::new(move |dataset: DatasetId| {
        fault.set(None);
        spawn_local(async move {
            if let Err(error) = vault.discard_upload(dataset).await {
                fault.try_set(Some(error));
            }
            uploads.again();
        });
    });
    move || {
        let list = match uploads.get()? {
            Ok(list) if list.is_empty() => return None,
            Ok(list) => list,
            Err(fault) => return Some(view! { <FaultNote fault testid="unfinished-error"/> }.into_any()),
        };
        Some(
            view! {
                <section class="panel" aria-labelledby="unfinished-title" data-testid="unfinished-uploads">
                    <h2 id="unfinished-title">"Unfinished uploads"</h2>
                    <ul class="rows">
                        {list.into_iter().map(|upload| view! { <UnfinishedRow upload discard/> }).collect_view()}
                    </ul>
                    {move || fault.get().map(|fault| view! { <FaultNote fault testid="discard-error"/> })}
                </section>
            }
            .into_any(),
        )
    }
}

#[component]
fn UnfinishedRow(upload: UnfinishedUpload, discard: Callback<DatasetId>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let asked = RwSignal::new(false);
    let dataset = upload.dataset;
    let file_name = upload.file_name.clone();
    let sample = upload.sample;
    let resume = move |_| {
        if sample {
            desk.resume_upload(dataset, file_name.clone(), None);
            navigate::go("/upload");
        } else {
            desk.forget_stopped_upload();
            navigate::go(&format!("/upload?resume={dataset}"));
        }
    };
    view! {
        <li class="row">
            <div class="row-text">
                <p class="row-title wrap">{upload.file_name}</p>
                {upload.extends.map(|name| view! { <p class="wrap">"Adds to " {name}</p> })}
                <p class="hint">
                    {format!(
                        "{} of {} stored, begun {}",
                        upload.stored_groups,
                        words::counted(upload.row_groups.into(), "row group"),
                        words::moment(upload.started_at)
                    )}
                </p>
            </div>
            <div class="actions">
                <button type="button" class="button primary" data-testid=format!("resume-{dataset}") on:click=resume>"Go on"</button>
                <Show
                    when=move || asked.get()
                    fallback=move || view! {
                        <button type="button" class="button quiet" data-testid=format!("discard-{dataset}") on:click=move |_| asked.set(true)>"Discard"</button>
                    }
                >
                    <button
                        type="button" class="button danger" data-testid=format!("discard-confirm-{dataset}")
                        on:click=move |_| discard.run(dataset)
                    >"Discard what was stored"</button>
                    <button type="button" class="button quiet" on:click=move |_| asked.set(false)>"Keep it"</button>
                </Show>
            </div>
        </li>
    }
}

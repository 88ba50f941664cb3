//! Encrypt & upload: the phases, what crosses, and what to do when it stops.

use leptos::prelude::*;
use leptos::task::spawn_local;
use veilsum_protocol::DatasetId;
use web_sys::File;

use crate::messages::{Fault, UnfinishedUpload};
use crate::page::address::Address;
use crate::page::components::key_file::SaveKeyFile;
use crate::page::components::keyring_gate::KeyringGate;
use crate::page::components::title::PageTitle;
use crate::page::components::unfinished::UnfinishedUploads;
use crate::page::desk::{Desk, UploadProcess};
use crate::ui::fault::FaultNote;
use crate::ui::file_input::FileInput;
use crate::ui::hex::Hex;
use crate::ui::icon::{Icon, Symbol};
use crate::ui::loaded::Loaded;
use crate::ui::navigate;
use crate::ui::progress::{ProgressBar, Skeleton};
use crate::ui::steps::{Step, Steps};
use crate::ui::uploads::bar_of;
use crate::ui::vault_client::Vault;
use crate::ui::words;
use crate::ui::worlds::Worlds;

/// The screen.
#[component]
pub(in crate::page) fn UploadPage() -> impl IntoView {
    view! {
        <div class="screen">
            <Steps current=Step::Encrypt/>
            <PageTitle text="Encrypt and upload"/>
            <KeyringGate>
                <Process/>
            </KeyringGate>
        </div>
    }
}

#[component]
fn Process() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let vault = expect_context::<Vault>();
    let address = expect_context::<Address>();
    let resume = move || address.query("resume").and_then(|id| id.parse::<DatasetId>().ok());
    let kept = Memo::new(move |_| vault.is_kept());
    // Whoever has kept the key file pressed "Encrypt and upload" a moment ago: no second button.
    if let UploadProcess::Chosen { file_name } = desk.upload.get_untracked()
        && kept.get_untracked()
    {
        desk.start_upload(file_name);
    }
    Effect::new(move |_| {
        if let UploadProcess::Done(summary) = desk.upload.get() {
            navigate::replace(&format!("/datasets/{}", summary.dataset));
        }
    });
    move || {
        match desk.upload.get() {
        UploadProcess::Running { file_name } => view! { <Running file_name/> }.into_any(),
        UploadProcess::Chosen { file_name } => view! { <Chosen file_name kept/> }.into_any(),
        UploadProcess::Failed { file_name, fault, dataset } => {
            view! { <Failed file_name fault dataset/> }.into_any()
        }
        UploadProcess::Idle | UploadProcess::Done(_) => match resume() {
            Some(dataset) => view! { <ChooseAgain dataset/> }.into_any(),
            None => view! {
                <UnfinishedUploads/>
                <section class="panel empty">
                    <h2>"Nothing is being uploaded"</h2>
                    <p>"Choose a table to encrypt. An upload that was interrupted is listed here and on the start page, and can go on."</p>
                    <p class="actions"><a href="/" class="button">"Choose a table"</a></p>
                </section>
            }
            .into_any(),
        },
    }
    }
}

/// The key file comes before the first upload.
#[component]
fn Chosen(file_name: String, kept: Memo<bool>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    view! {
        <section class="panel browser-side gate" aria-labelledby="key-file-title">
            <h2 id="key-file-title"><Icon symbol=Symbol::Lock/>"First, save your key file"</h2>
            <p>
                "If this browser loses its data, the key file and your passphrase are the only way back to what you "
                "upload. Keep it where you keep other important files; without the passphrase it opens nothing."
            </p>
            <SaveKeyFile primary=true/>
            <div class="run-line">
                <button
                    type="button" class="button" class:primary=move || kept.get() data-testid="upload-start"
                    disabled=move || !kept.get()
                    on:click=move |_| desk.start_upload(file_name.clone())
                >"Encrypt and upload"</button>
                <p class="hint">{move || if kept.get() { "" } else { "Possible once the key file is saved." }}</p>
            </div>
        </section>
    }
}

#[component]
fn Running(file_name: String) -> impl IntoView {
    let vault = expect_context::<Vault>();
    let upload = vault.activity.upload;
    let stopping = RwSignal::new(false);
    let cancel = move |_| {
        stopping.set(true);
        spawn_local(async move {
            // The upload itself ends with the fault `cancelled`, which says what happened.
            let _ = vault.cancel_upload().await;
            stopping.try_set(false);
        });
    };
    let bar = Signal::derive(move || upload.with(|upload| bar_of(upload.as_ref())));
    let phase = Memo::new(move |_| upload.with(|upload| upload.as_ref().map(|upload| upload.phase)));
    let resumed = Memo::new(move |previous: Option<&u64>| {
        let now = upload.with(|upload| upload.as_ref().map_or(0, |upload| upload.resumed_rows));
        now.max(previous.copied().unwrap_or_default())
    });
    let sample = Memo::new(move |previous: Option<&Option<String>>| {
        let now = upload.with(|upload| upload.as_ref().and_then(|upload| upload.sample.clone()));
        now.or_else(|| previous.cloned().flatten())
    });
    let rows = Memo::new(move |_| {
        upload.with(|upload| upload.as_ref().map(|upload| (upload.rows.done, upload.rows.total)))
    });
    let sent =
        Memo::new(move |_| upload.with(|upload| upload.as_ref().map_or(0, |upload| upload.bytes.done)));

    view! {
        <section class="panel" data-testid="upload-running" data-phase=move || phase.get().map(|phase| format!("{phase:?}"))>
            <ProgressBar bar testid="upload-progress"/>
            <Show when=move || { resumed.get() > 0 }>
                <p class="note" role="status" data-testid="resumed-rows">
                    {move || format!("Resumed: {} were stored before and are not sent again.", words::counted(resumed.get(), "row"))}
                </p>
            </Show>
            <div class="run-line">
                <button
                    type="button" class="button" data-testid="upload-cancel"
                    disabled=move || stopping.get() on:click=cancel
                >{move || if stopping.get() { "Stopping after this part…" } else { "Stop" }}</button>
                <p class="hint">"What is stored stays stored: a stopped upload can go on later, here or after a reload."</p>
            </div>
        </section>
        <Worlds
            label="Rows in this browser become ciphertext in the cloud"
            browser=move || {
                let file_name = file_name.clone();
                view! {
                    <p class="wrap"><strong>{file_name}</strong></p>
                    <p class="world-figure number">{move || rows.get().map(|(done, total)| format!("{} / {}", words::count(done), words::count(total)))}</p>
                    <p class="hint">"rows encrypted"</p>
                }
            }
            crossing=move || view! {
                <p class="cross to-cloud moving"><Icon symbol=Symbol::Right/><span>"ciphertext"</span></p>
            }
            cloud=move || view! {
                {move || match sample.get() {
                    Some(sample) => view! { <Hex bytes=sample testid="upload-sample"/> }.into_any(),
                    None => view! { <p class="hint">"Nothing has left this browser yet."</p> }.into_any(),
                }}
                <p class="world-figure number">{move || words::bytes(sent.get())}</p>
                <p class="hint">"sent"</p>
            }
        />
    }
}

/// It stopped: why, and how it goes on.
#[component]
fn Failed(file_name: String, fault: Fault, dataset: Option<DatasetId>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let cancelled = fault.code == "cancelled";
    // To go on with the same file would end in the same way.
    let needs_file =
        dataset.filter(|_| matches!(fault.code.as_str(), "other-file" | "no-file" | "file-unreadable"));
    let name = file_name.clone();
    let go_on = move |_| match dataset {
        Some(dataset) => desk.resume_upload(dataset, file_name.clone(), None),
        None => desk.start_upload(file_name.clone()),
    };
    view! {
        <section class="panel" data-testid="upload-failed">
            {if cancelled {
                view! {
                    <h2>"Stopped"</h2>
                    <p data-testid="upload-stopped">"What was stored is kept. Go on now, or later from the start page, where it can also be discarded."</p>
                }
                .into_any()
            } else {
                view! { <FaultNote fault/> }.into_any()
            }}
            <div class="actions">
                {match needs_file {
                    Some(dataset) => {
                        let resume = Callback::new(move |file: File| desk.resume_upload(dataset, name.clone(), Some(file)));
                        view! { <FileInput id="resume-file" label="Choose the right file" class="primary" on_file=resume/> }.into_any()
                    }
                    None => view! {
                        <button type="button" class="button primary" data-testid="upload-continue" on:click=go_on>
                            {if dataset.is_some() { "Go on" } else { "Try again" }}
                        </button>
                    }
                    .into_any(),
                }}
                {dataset.filter(|_| needs_file.is_none()).map(|dataset| {
                    let choose = Callback::new(move |()| {
                        desk.upload.set(UploadProcess::Idle);
                        navigate::go(&format!("/upload?resume={dataset}"));
                    });
                    view! {
                        <button type="button" class="button quiet" data-testid="upload-choose-file" on:click=move |_| choose.run(())>"Choose the file again"</button>
                    }
                })}
                <a href="/" class="button quiet">"Back to the start"</a>
            </div>
        </section>
    }
}

/// After a reload the page has no right to the file any more: it must be chosen again.
#[component]
fn ChooseAgain(dataset: DatasetId) -> impl IntoView {
    let vault = expect_context::<Vault>();
    let uploads = Loaded::new(move || Box::pin(vault.unfinished_uploads()));
    move || match uploads.get() {
        None => view! { <Skeleton label="Looking for the upload…"/> }.into_any(),
        Some(Err(fault)) => view! { <FaultNote fault/> }.into_any(),
        Some(Ok(list)) => match list.into_iter().find(|upload| upload.dataset == dataset) {
            Some(upload) => view! { <ResumeForm upload/> }.into_any(),
            None => view! {
                <section class="panel empty">
                    <h2>"This upload is not unfinished"</h2>
                    <p>"It may have been completed or discarded, or belong to another keyring."</p>
                    <p class="actions"><a href="/datasets" class="button primary">"See the datasets"</a></p>
                </section>
            }
            .into_any(),
        },
    }
}

#[component]
fn ResumeForm(upload: UnfinishedUpload) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let dataset = upload.dataset;
    let file_name = upload.file_name.clone();
    let resume = Callback::new(move |file: File| desk.resume_upload(dataset, file_name.clone(), Some(file)));
    view! {
        <section class="panel browser-side" data-testid="resume-form">
            <h2 class="wrap">{format!("Choose {} again", upload.file_name)}</h2>
            <p>
                {format!(
                    "{} of {} are stored and will not be sent again. Pages may not reopen files by themselves, so \
                     choose the same file ({}); it is checked before anything is sent.",
                    upload.stored_groups,
                    words::counted(upload.row_groups.into(), "row group"),
                    words::bytes(upload.size_bytes)
                )}
            </p>
            <FileInput id="resume-file" label="Choose the file" class="primary" on_file=resume/>
        </section>
    }
}

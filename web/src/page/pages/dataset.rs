//! Dataset: run an analysis, see the answer, see what the cloud saw, open the original, delete.

use leptos::prelude::*;
use leptos::task::spawn_local;
use veilsum_protocol::DatasetId;
use web_sys::File;

use crate::messages::{AnswerView, DatasetView, Fault, JobPhase, ManifestView, UploadSummary};
use crate::page::components::answers::Answers;
use crate::page::components::cloud_saw::{CloudObjects, SentPlan, WhyItCannotRead};
use crate::page::components::delete_dataset::DeleteDataset;
use crate::page::components::fault::FaultNote;
use crate::page::components::icon::{Icon, Symbol};
use crate::page::components::keyring_gate::KeyringGate;
use crate::page::components::progress::{Bar, ProgressBar, Skeleton};
use crate::page::components::run_form::{RunForm, Selection};
use crate::page::components::schema::Schema;
use crate::page::components::steps::{Step, Steps};
use crate::page::components::timings::Timings;
use crate::page::components::title::PageTitle;
use crate::page::desk::{AnalysisProcess, Desk, TwinProcess, UploadProcess};
use crate::page::loaded::Loaded;
use crate::page::save::save_url;
use crate::page::vault_client::Vault;
use crate::page::words;

/// The screen.
#[component]
pub(in crate::page) fn DatasetPage(dataset: DatasetId) -> impl IntoView {
    let name = RwSignal::new(None::<String>);
    let title = Signal::derive(move || name.get().unwrap_or_else(|| "Dataset".into()));
    view! {
        <div class="screen">
            <p class="crumb"><a href="/datasets">"Datasets"</a></p>
            <PageTitle text=title/>
            <KeyringGate>
                <OpenedManifest dataset name/>
            </KeyringGate>
        </div>
    }
}

#[component]
fn OpenedManifest(dataset: DatasetId, name: RwSignal<Option<String>>) -> impl IntoView {
    let vault = expect_context::<Vault>();
    // What was found out before may have been another keyring's answer.
    vault.gone.set(None);
    let view = Loaded::new(move || Box::pin(vault.dataset(dataset)));
    Effect::new(move |_| {
        if let Some(Ok(view)) = view.get() {
            name.set(Some(view.manifest.file_name));
        }
    });
    let gone = Memo::new(move |_| {
        let gone = vault.gone.get().filter(|(of, _)| *of == dataset);
        gone.map(|(_, fault)| fault)
    });
    move || match view.get() {
        _ if gone.with(Option::is_some) => view! {
            <section class="panel empty" data-testid="dataset-gone">
                {gone.get().map(|fault| view! { <FaultNote fault/> })}
                <p class="actions">
                    <a href="/datasets" class="button primary">"See the datasets"</a>
                    <a href="/" class="button quiet">"Upload a table"</a>
                </p>
            </section>
        }
        .into_any(),
        None => view! { <Skeleton label="Opening the manifest…" lines=5/> }.into_any(),
        Some(Err(fault)) => view! {
            <FaultNote fault/>
            <p class="actions">
                <button type="button" class="button" on:click=move |_| view.again()>"Try again"</button>
            </p>
        }
        .into_any(),
        Some(Ok(view)) => view! { <Opened view/> }.into_any(),
    }
}

#[component]
fn Opened(view: DatasetView) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let vault = expect_context::<Vault>();
    let dataset = view.dataset;
    let step = Signal::derive(move || {
        let job = vault.activity.job.get();
        let decrypting = job.is_some_and(|job| job.phase == JobPhase::Decrypting);
        let answered = desk
            .analysis
            .with(|analysis| matches!(analysis, AnalysisProcess::Done { dataset: of, .. } if *of == dataset));
        match (answered, decrypting) {
            (true, _) => Step::Answered,
            (false, true) => Step::Decrypt,
            (false, false) => Step::Compute,
        }
    });
    let summary = desk.upload.with_untracked(|upload| match upload {
        UploadProcess::Done(summary) if summary.dataset == dataset => Some(summary.clone()),
        UploadProcess::Done(_)
        | UploadProcess::Idle
        | UploadProcess::Chosen { .. }
        | UploadProcess::Running { .. }
        | UploadProcess::Failed { .. } => None,
    });
    let file_name = view.manifest.file_name.clone();
    let columns = view.manifest.columns.clone();
    let has_original = view.manifest.has_original;
    view! {
        <p class="lead wide" data-testid="dataset-facts">{facts(&view)}</p>
        {view.rollback_note.clone().map(|note| view! {
            <p class="note warning" data-testid="rollback-note"><Icon symbol=Symbol::Warning/>{note}</p>
        })}
        <Steps current=step/>
        {summary.map(|summary| view! { <UploadedNote summary/> })}
        <Analysis view/>
        <CloudSaw dataset/>
        <section class="panel browser-side" aria-labelledby="schema-title">
            <h2 id="schema-title"><Icon symbol=Symbol::Browser/>"Columns"</h2>
            <Schema columns/>
        </section>
        <section class="panel" aria-labelledby="keep-title">
            <h2 id="keep-title">"Original and deletion"</h2>
            <Original dataset has_original/>
            <DeleteDataset dataset file_name/>
        </section>
    }
}

fn facts(view: &DatasetView) -> String {
    let manifest = &view.manifest;
    let skipped = if manifest.skipped_row_count > 0 {
        format!(" ({} skipped)", words::count(manifest.skipped_row_count))
    } else {
        String::new()
    };
    format!(
        "{}{skipped}, {} encrypted, {} in the cloud, {}-bit key, uploaded {}",
        words::counted(manifest.row_count, "row"),
        words::counted(manifest.numbers().count() as u64, "column"),
        words::bytes(view.size_bytes),
        manifest.modulus_bits,
        words::moment(manifest.created_at)
    )
}

/// What the upload that just ended took.
#[component]
fn UploadedNote(summary: UploadSummary) -> impl IntoView {
    let total: f64 = summary.seconds.iter().map(|(_, seconds)| seconds).sum();
    let head = format!(
        "Encrypted and uploaded: {}, {}, {} of ciphertext in {}.",
        words::counted(summary.rows, "row"),
        words::counted(summary.values, "value"),
        words::bytes(summary.bytes),
        words::seconds(total)
    );
    view! {
        <details class="note positive" data-testid="uploaded">
            <summary><Icon symbol=Symbol::Check/>{head}</summary>
            <Timings seconds=summary.seconds/>
        </details>
    }
}

#[component]
fn Analysis(view: DatasetView) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let vault = expect_context::<Vault>();
    let dataset = view.dataset;
    let names: Vec<String> = view.manifest.numbers().map(|(name, _)| name.to_owned()).collect();
    let selection = RwSignal::new(Selection::suggested(names.len()));
    let asked = {
        let names = names.clone();
        Memo::new(move |_| selection.with(|selection| selection.requests(&names)))
    };
    let estimate = Loaded::new(move || Box::pin(vault.estimate_run(dataset, asked.get())));
    let running = Memo::new(move |_| {
        desk.analysis.with(|analysis| matches!(analysis, AnalysisProcess::Running { .. }))
    });
    let run = Callback::new(move |()| desk.run(dataset, asked.get_untracked()));
    let on_file = Callback::new(move |file: File| desk.compare(dataset, Some(file)));
    let manifest = StoredValue::new(view.manifest);

    if names.is_empty() {
        return view! {
            <section class="panel empty">
                <h2>"Nothing to compute"</h2>
                <p>"No column of this dataset was encrypted as a number. Upload the file again and choose “Encrypt as number” for one."</p>
            </section>
        }
        .into_any();
    }
    view! {
        <section class="panel" aria-labelledby="run-title">
            <h2 id="run-title">"Run an analysis"</h2>
            <RunForm names selection estimate=Signal::derive(move || estimate.get()) running on_run=run/>
        </section>
        {move || match desk.analysis.get() {
            AnalysisProcess::Running { dataset: of } if of == dataset => view! { <Running/> }.into_any(),
            AnalysisProcess::Failed { dataset: of, fault } if of == dataset => {
                view! {
                    <section class="panel" data-testid="analysis-failed">
                        {if fault.code == "cancelled" {
                            view! { <p>"Stopped. Nothing was decrypted, and no answer is shown."</p> }.into_any()
                        } else {
                            view! { <FaultNote fault/> }.into_any()
                        }}
                    </section>
                }
                .into_any()
            }
            AnalysisProcess::Done { dataset: of, answer, twin } if of == dataset => {
                view! { <Answered answer=*answer twin manifest on_file/> }.into_any()
            }
            AnalysisProcess::Idle
            | AnalysisProcess::Running { .. }
            | AnalysisProcess::Failed { .. }
            | AnalysisProcess::Done { .. } => ().into_any(),
        }}
    }
    .into_any()
}

#[component]
fn Running() -> impl IntoView {
    let vault = expect_context::<Vault>();
    let stopping = RwSignal::new(false);
    let bar = Signal::derive(move || match vault.activity.job.get() {
        None => Bar { label: "Checking the plan".into(), share: None, facts: Vec::new() },
        Some(job) => {
            let evaluated = format!(
                "{} of {} evaluated",
                job.evaluated,
                words::counted(job.row_groups.into(), "row group")
            );
            match job.phase {
                JobPhase::Planning => {
                    Bar { label: "Checking and sending the plan".into(), share: None, facts: Vec::new() }
                }
                JobPhase::Computing => Bar {
                    label: "The cloud adds ciphertexts".into(),
                    share: Some((job.evaluated.into(), job.row_groups.into())),
                    facts: vec![evaluated],
                },
                JobPhase::Decrypting => Bar {
                    label: "Decrypting and verifying the answer here".into(),
                    share: None,
                    facts: vec![evaluated],
                },
            }
        }
    });
    let cancel = move |_| {
        stopping.set(true);
        spawn_local(async move {
            // The run itself ends with the fault `cancelled`, which says what happened.
            let _ = vault.cancel_job().await;
            stopping.try_set(false);
        });
    };
    view! {
        <section class="panel cloud-side" data-testid="analysis-running">
            <ProgressBar bar testid="analysis-progress"/>
            <button
                type="button" class="button" data-testid="analysis-cancel"
                disabled=move || stopping.get() on:click=cancel
            >{move || if stopping.get() { "Stopping…" } else { "Stop" }}</button>
        </section>
    }
}

#[component]
fn Answered(
    answer: AnswerView,
    twin: TwinProcess,
    manifest: StoredValue<ManifestView>,
    on_file: Callback<File>,
) -> impl IntoView {
    let heading = NodeRef::<leptos::html::H2>::new();
    Effect::new(move |_| {
        if let Some(heading) = heading.get() {
            let _ = heading.focus();
        }
    });
    let seconds = answer.seconds.clone();
    let plaintext = match &twin {
        TwinProcess::Done(columns) => {
            columns.first().map(|column| ("Same on cleartext".to_owned(), column.seconds))
        }
        TwinProcess::FileNeeded | TwinProcess::Computing | TwinProcess::Failed(_) => None,
    };
    let cost = format!(
        "The functions worked {} and read {}; the encrypted answer has {}.",
        words::seconds(f64::from(u32::try_from(answer.cloud_milliseconds).unwrap_or(u32::MAX)) / 1_000.0),
        words::bytes(answer.read_bytes),
        words::bytes(answer.answer_bytes)
    );
    let from_cloud = answer.job.is_some();
    let objects = answer.objects.clone();
    let plan = answer.plan.clone();
    view! {
        <section class="panel browser-side" aria-labelledby="answer-title" data-testid="answer">
            <h2 id="answer-title" tabindex="-1" node_ref=heading><Icon symbol=Symbol::Browser/>"Answer"</h2>
            <Answers answer manifest=manifest.get_value() twin on_file/>
            <Timings seconds plaintext/>
            {from_cloud.then(|| view! { <p class="hint" data-testid="answer-cost">{cost}</p> })}
        </section>
        {from_cloud.then(|| view! {
            <section class="panel cloud-side" aria-labelledby="job-title" data-testid="cloud-saw-job">
                <h2 id="job-title"><Icon symbol=Symbol::Cloud/>"What the cloud saw of this run"</h2>
                <CloudObjects heading="Objects of the job" objects testid="job-objects"/>
                {plan.map(|plan| view! { <SentPlan plan/> })}
            </section>
        })}
    }
}

#[component]
fn CloudSaw(dataset: DatasetId) -> impl IntoView {
    let vault = expect_context::<Vault>();
    let objects = Loaded::new(move || Box::pin(vault.cloud_objects(dataset)));
    view! {
        <section class="panel cloud-side" aria-labelledby="cloud-title" data-testid="cloud-saw">
            <h2 id="cloud-title"><Icon symbol=Symbol::Cloud/>"What the cloud saw"</h2>
            <WhyItCannotRead/>
            {move || match objects.get() {
                None => view! { <Skeleton label="Reading back what is stored…"/> }.into_any(),
                Some(Err(fault)) => view! { <FaultNote fault testid="cloud-saw-error"/> }.into_any(),
                Some(Ok(objects)) => view! { <CloudObjects heading="Objects of the dataset" objects testid="dataset-objects"/> }.into_any(),
            }}
        </section>
    }
}

#[component]
fn Original(dataset: DatasetId, has_original: bool) -> impl IntoView {
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
                    "the source without the dropped columns"
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

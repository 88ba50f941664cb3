//! How a growth goes: progress, the file it needs, what stopped it, and that it is done.

use leptos::prelude::*;
use leptos::task::spawn_local;
use veilsum_protocol::DatasetId;
use web_sys::File;

use super::desk::Desk;
use super::growth::{Aim, Growth, Task};
use crate::messages::{Fault, UploadSummary};
use crate::ui::fault::FaultNote;
use crate::ui::file_input::FileInput;
use crate::ui::icon::{Icon, Symbol};
use crate::ui::progress::{Bar, ProgressBar};
use crate::ui::uploads::bar_of;
use crate::ui::vault_client::Vault;
use crate::ui::words;

/// The newest growth of a dataset, if `shows` says that its aim belongs here.
#[component]
pub(super) fn Growing(dataset: DatasetId, shows: fn(&Aim) -> bool) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let growth = move || {
        let growth = desk.growth.get();
        let is_shown = growth.task().is_some_and(|task| task.run.dataset == dataset && shows(&task.aim));
        is_shown.then_some(growth)
    };
    move || match growth() {
        None | Some(Growth::Idle) => ().into_any(),
        Some(Growth::Running(task)) => view! { <Running task/> }.into_any(),
        Some(Growth::FileNeeded(task, fault)) => view! { <FileNeeded task fault/> }.into_any(),
        Some(Growth::Stopped(task, fault)) => view! { <Stopped task fault/> }.into_any(),
        Some(Growth::Done(task, summary)) => view! { <Done task summary/> }.into_any(),
    }
}

#[component]
fn Running(task: Task) -> impl IntoView {
    let vault = expect_context::<Vault>();
    let stopping = RwSignal::new(false);
    let stop = move |_| {
        stopping.set(true);
        spawn_local(async move {
            // What runs ends with the fault `cancelled`, which says what happened.
            let _ = vault.cancel_upload().await;
            let _ = vault.cancel_job().await;
            stopping.try_set(false);
        });
    };
    let bar = Signal::derive(move || {
        let upload = vault.activity.upload.get();
        match vault.activity.reading.get().filter(|_| upload.is_none()) {
            Some(reading) => Bar {
                label: "Reading the file".into(),
                share: Some((reading.done, reading.total)),
                facts: vec![format!("{} of {}", words::bytes(reading.done), words::bytes(reading.total))],
            },
            None => bar_of(upload.as_ref()),
        }
    });
    let round = match &task.aim {
        Aim::Exact { rounds, .. } => Some(format!("Round {}: bins get finer where it matters.", rounds + 1)),
        Aim::Columns | Aim::Rows => None,
    };
    let left = (task.batches.len() > 1).then(|| format!("Batches of rows to go: {}.", task.batches.len()));
    view! {
        <div class="growing" data-testid="growing">
            {round.map(|round| view! { <p role="status" data-testid="growth-round">{round}</p> })}
            <ProgressBar bar testid="growth-progress"/>
            {left.map(|left| view! { <p class="hint">{left}</p> })}
            <p class="actions">
                <button type="button" class="button" data-testid="growth-cancel" disabled=move || stopping.get() on:click=stop>
                    {move || if stopping.get() { "Stopping…" } else { "Stop" }}
                </button>
            </p>
        </div>
    }
}

#[component]
fn FileNeeded(task: Task, fault: Fault) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let on_file = Callback::new(move |file: File| desk.grow_with(task.clone(), file));
    // That the file is needed is no failure yet.
    let first = fault.code == "no-file";
    view! {
        <div class="growing" data-testid="growth-file-needed">
            {if first {
                view! { <p role="status">{fault.message}</p> }.into_any()
            } else {
                view! { <FaultNote fault testid="growth-fault"/> }.into_any()
            }}
            <p class="actions">
                <FileInput id="growth-file" label="Choose the file" class="primary" on_file/>
                <button type="button" class="button quiet" on:click=move |_| desk.growth.set(Growth::Idle)>"Not now"</button>
            </p>
            <p class="hint">"It is read and encrypted in this browser."</p>
        </div>
    }
}

#[component]
fn Stopped(task: Task, fault: Fault) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let cancelled = fault.code == "cancelled";
    // The file itself does not fit: to try again would end in the same way.
    let is_refused = matches!(
        fault.code.as_str(),
        "batch-does-not-fit" | "plan-refused" | "no-batch" | "treatments-refused"
    );
    let is_interrupted =
        !is_refused && (cancelled || fault.code == "upload-unfinished" || task.aim == Aim::Rows);
    let stored = StoredValue::new(task);
    let discarding = RwSignal::new(false);
    let go_on = move |_| {
        let task = stored.get_value();
        if is_interrupted { desk.resume_growth(task, None) } else { desk.grow(task) }
    };
    let with_file = Callback::new(move |file: File| desk.resume_growth(stored.get_value(), Some(file)));
    view! {
        <div class="growing" data-testid="growth-stopped">
            {if cancelled {
                view! { <p role="status">"Stopped. What was encrypted and sent is kept; the dataset is as it was."</p> }.into_any()
            } else {
                view! { <FaultNote fault testid="growth-fault"/> }.into_any()
            }}
            <p class="actions">
                {(!is_refused).then(|| view! {
                    <button type="button" class="button primary" data-testid="growth-continue" on:click=go_on>"Go on"</button>
                })}
                {is_interrupted.then(|| view! {
                    <FileInput id="growth-resume-file" label="Go on with the file chosen again" on_file=with_file/>
                    <Show
                        when=move || discarding.get()
                        fallback=move || view! {
                            <button type="button" class="button quiet" data-testid="growth-discard" on:click=move |_| discarding.set(true)>"Discard"</button>
                        }
                    >
                        <button
                            type="button" class="button danger" data-testid="growth-discard-confirm"
                            on:click=move |_| desk.discard_growth(stored.get_value())
                        >"Discard what was stored"</button>
                    </Show>
                })}
                <button type="button" class="button quiet" on:click=move |_| desk.growth.set(Growth::Idle)>"Close"</button>
            </p>
        </div>
    }
}

#[component]
fn Done(task: Task, summary: Option<UploadSummary>) -> impl IntoView {
    let added = summary.map(|summary| {
        let seconds: f64 = summary.seconds.iter().map(|(_, seconds)| seconds).sum();
        format!(
            " {} encrypted, {} sent in {}.",
            words::counted(summary.values, "value"),
            words::bytes(summary.bytes),
            words::seconds(seconds)
        )
    });
    let said = match task.aim {
        Aim::Columns => "The columns are there; the analysis can run.".to_owned(),
        Aim::Rows => "The rows are in the dataset.".to_owned(),
        Aim::Exact { rounds, refinements, .. } if refinements.is_empty() => {
            format!("The answer is exact, after {}.", words::counted(rounds.into(), "round"))
        }
        Aim::Exact { .. } => "The answer cannot get more exact.".to_owned(),
    };
    view! {
        <p class="note positive" role="status" data-testid="growth-done"><Icon symbol=Symbol::Check/><span>{said}{added}</span></p>
    }
}

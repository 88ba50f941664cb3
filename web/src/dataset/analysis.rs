//! An analysis of the dataset: what to ask, how it goes, and what came of it.

use leptos::prelude::*;
use leptos::task::spawn_local;
use web_sys::File;

use super::answers::Answers;
use super::ask::{Columns, RunForm};
use super::cloud_saw::{CloudObjects, SentPlan};
use super::desk::{AnalysisProcess, Desk, TwinProcess};
use super::growing::Growing;
use super::growth::{Aim, Task};
use crate::messages::{AnswerView, DatasetView, JobPhase};
use crate::ui::fault::FaultNote;
use crate::ui::icon::{Icon, Symbol};
use crate::ui::progress::{Bar, ProgressBar};
use crate::ui::timings::Timings;
use crate::ui::vault_client::Vault;
use crate::ui::words;

/// The form, and under it the newest analysis of this dataset.
#[component]
pub(super) fn Analysis(#[prop(into)] view: Signal<DatasetView>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let dataset = view.with_untracked(|view| view.dataset);
    let columns = Memo::new(move |_| view.with(|view| Columns::of(&view.manifest)));
    let batches = Memo::new(move |_| view.with(|view| view.manifest.batches.clone()));
    let source_at_hand = Memo::new(move |_| view.with(|view| view.source_at_hand));
    let running = Memo::new(move |_| {
        desk.analysis.with(|analysis| matches!(analysis, AnalysisProcess::Running { .. }))
    });
    let heading = NodeRef::<leptos::html::H2>::new();
    let to_heading = Callback::new(move |()| {
        if let Some(heading) = heading.get_untracked() {
            let _ = heading.focus();
        }
    });
    if columns.with_untracked(Columns::is_empty) {
        return view! {
            <section class="panel empty">
                <h2>"Nothing to compute"</h2>
                <p>"No column of this dataset was encrypted as a number or as categories. Upload the file again and choose so for one."</p>
            </section>
        }
        .into_any();
    }
    view! {
        <section class="panel" aria-labelledby="run-title">
            <h2 id="run-title" tabindex="-1" node_ref=heading>"Run an analysis"</h2>
            <RunForm dataset columns batches source_at_hand running on_removed=to_heading/>
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
                view! { <Answered answer=*answer twin view/> }.into_any()
            }
            AnalysisProcess::Idle
            | AnalysisProcess::Running { .. }
            | AnalysisProcess::Failed { .. }
            | AnalysisProcess::Done { .. } => ().into_any(),
        }}
        <Growing dataset shows=|aim| matches!(aim, Aim::Exact { .. })/>
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
fn Answered(answer: AnswerView, twin: TwinProcess, #[prop(into)] view: Signal<DatasetView>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let (file_name, names, batch_count) = view.with_untracked(|view| {
        let names: Vec<String> = view.manifest.columns.iter().map(|column| column.name.clone()).collect();
        let batch_count = u32::try_from(view.manifest.batches.len()).unwrap_or(u32::MAX);
        (view.manifest.file_name.clone(), names, batch_count)
    });
    let run = StoredValue::new(answer.run.clone());
    let on_file = Callback::new(move |file: File| {
        let run = run.get_value();
        // With one batch it is the file that growing needs, too.
        if batch_count == 1 {
            desk.files.update_value(|files| {
                files.insert((run.dataset, 0), file.clone());
            });
        }
        desk.compare(run, Some(file));
    });
    let refinements: Vec<_> = answer.answers.iter().map(|value| value.answer.refinements.clone()).collect();
    let on_exact = Callback::new(move |at: usize| {
        let Some(refinements) = refinements.get(at).cloned() else { return };
        let run = run.get_value();
        let batches = if run.batches.is_empty() { (0..batch_count).collect() } else { run.batches.clone() };
        desk.grow(Task { run, batches, aim: Aim::Exact { answer: at, rounds: 0, refinements } });
    });
    let heading = NodeRef::<leptos::html::H2>::new();
    Effect::new(move |_| {
        if let Some(heading) = heading.get() {
            let _ = heading.focus();
        }
    });
    let seconds = answer.seconds.clone();
    let plaintext = match &twin {
        TwinProcess::Done(twin) => Some(("Same on cleartext".to_owned(), twin.seconds)),
        TwinProcess::FileNeeded | TwinProcess::Computing | TwinProcess::Failed(_) => None,
    };
    let cost = format!(
        "The functions worked {} and read {}; the encrypted answer has {}.",
        words::seconds(f64::from(u32::try_from(answer.cloud_milliseconds).unwrap_or(u32::MAX)) / 1_000.0),
        words::bytes(answer.read_bytes),
        words::bytes(answer.answer_bytes)
    );
    let given =
        format!("Given {}, over manifest number {}.", words::moment(answer.answered_at), answer.manifest);
    let not_kept = answer.not_kept.clone();
    let from_cloud = answer.job.is_some();
    let answer_bytes = answer.answer_bytes.to_string();
    let objects = answer.objects.clone();
    let plan = answer.plan.clone();
    view! {
        <section class="panel browser-side" aria-labelledby="answer-title" data-testid="answer">
            <h2 id="answer-title" tabindex="-1" node_ref=heading><Icon symbol=Symbol::Browser/>"Answer"</h2>
            <Answers answer names file_name twin on_file on_exact/>
            <Timings seconds plaintext/>
            <p class="hint">{given}</p>
            {not_kept.map(|reason| view! {
                <p class="note warning" data-testid="answer-not-kept"><Icon symbol=Symbol::Warning/>{reason}</p>
            })}
            {from_cloud.then(|| view! { <p class="hint" data-testid="answer-cost" data-bytes=answer_bytes.clone()>{cost}</p> })}
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

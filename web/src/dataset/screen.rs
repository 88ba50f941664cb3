//! The screen of a dataset: run an analysis, see the answer, see what the cloud saw, open the original, delete.

use leptos::prelude::*;

use super::analysis::Analysis;
use super::batches::Batches;
use super::cloud_saw::CloudSaw;
use super::delete_dataset::DeleteDataset;
use super::desk::{AnalysisProcess, Desk};
use super::original::Original;
use super::past::PastAnswers;
use super::schema::Schema;
use crate::messages::{ColumnView, DatasetView, JobPhase, TreatmentView, UploadSummary};
use crate::ui::fault::FaultNote;
use crate::ui::icon::{Icon, Symbol};
use crate::ui::loaded::Loaded;
use crate::ui::module::DatasetScreen;
use crate::ui::progress::Skeleton;
use crate::ui::stage::Heading;
use crate::ui::steps::{Step, Steps};
use crate::ui::timings::Timings;
use crate::ui::vault_client::Vault;
use crate::ui::words;

/// Everything under the heading.
#[component]
pub(super) fn OpenedManifest(screen: DatasetScreen) -> impl IntoView {
    let vault = expect_context::<Vault>();
    let heading = expect_context::<Heading>();
    let DatasetScreen { dataset, uploaded } = screen;
    // What was found out before may have been another keyring's answer.
    vault.gone.set(None);
    let desk = expect_context::<Desk>();
    let view = Loaded::new(move || {
        desk.changes.track();
        Box::pin(vault.dataset(dataset))
    });
    // What was opened stays in place while it is opened again, and with it what was entered there.
    let opened = RwSignal::new(None::<DatasetView>);
    Effect::new(move |_| {
        view.with(|view| {
            if let Some(Ok(view)) = view {
                heading.set(&view.manifest.file_name);
                opened.set(Some(view.clone()));
            }
        });
    });
    let gone = Memo::new(move |_| {
        let gone = vault.gone.get().filter(|(of, _)| *of == dataset);
        gone.map(|(_, fault)| fault)
    });
    let is_opened = Memo::new(move |_| opened.with(Option::is_some));
    let failed = Memo::new(move |_| {
        view.with(|view| match view {
            Some(Err(fault)) => Some(fault.clone()),
            Some(Ok(_)) | None => None,
        })
    });
    let failure =
        move || {
            failed.get().map(|fault| view! {
            <FaultNote fault/>
            <p class="actions">
                <button type="button" class="button" on:click=move |_| view.again()>"Try again"</button>
            </p>
        })
        };
    move || {
        if gone.with(Option::is_some) {
            view! {
                <section class="panel empty" data-testid="dataset-gone">
                    {gone.get().map(|fault| view! { <FaultNote fault/> })}
                    <p class="actions">
                        <a href="/datasets" class="button primary">"See the datasets"</a>
                        <a href="/" class="button quiet">"Upload a table"</a>
                    </p>
                </section>
            }
            .into_any()
        } else if is_opened.get() {
            let shown = Signal::derive(move || opened.get().expect("it stays opened"));
            view! { {failure} <Opened view=shown uploaded=uploaded.clone()/> }.into_any()
        } else if failed.with(Option::is_some) {
            failure().into_any()
        } else {
            view! { <Skeleton label="Opening the manifest…" lines=5/> }.into_any()
        }
    }
}

#[component]
fn Opened(#[prop(into)] view: Signal<DatasetView>, uploaded: Option<UploadSummary>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let vault = expect_context::<Vault>();
    let dataset = view.with_untracked(|view| view.dataset);
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
    let (file_name, has_original) =
        view.with_untracked(|view| (view.manifest.file_name.clone(), view.manifest.has_original));
    let columns = Memo::new(move |_| view.with(|view| view.manifest.columns.clone()));
    let batches = Memo::new(move |_| view.with(|view| view.manifest.batches.clone()));
    view! {
        <p class="lead wide" data-testid="dataset-facts">{move || view.with(facts)}</p>
        {move || view.with(|view| view.rollback_note.clone()).map(|note| view! {
            <p class="note warning" data-testid="rollback-note"><Icon symbol=Symbol::Warning/>{note}</p>
        })}
        <Steps current=step/>
        {uploaded.map(|summary| view! { <UploadedNote summary/> })}
        <Analysis view/>
        <PastAnswers dataset/>
        <Batches dataset batches/>
        <CloudSaw dataset/>
        <section class="panel browser-side" aria-labelledby="schema-title">
            <h2 id="schema-title"><Icon symbol=Symbol::Browser/>"Columns"</h2>
            {move || view.with(|view| view.manifest.preparation.clone()).into_iter().map(|said| view! {
                <p class="wrap" data-testid="preparation">{said}</p>
            }).collect_view()}
            {move || view! { <Schema columns=columns.get()/> }}
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
    let is_encrypted = |column: &&ColumnView| match column.treatment {
        TreatmentView::Number(_) | TreatmentView::Category { .. } => true,
        TreatmentView::SealedOriginalOnly | TreatmentView::Dropped => false,
    };
    let encrypted = manifest.columns.iter().filter(is_encrypted).count();
    let derived = if manifest.derived_columns > 0 {
        format!(" and {} for analyses", words::count(manifest.derived_columns))
    } else {
        String::new()
    };
    format!(
        "{}{skipped}, {} encrypted{derived}, {} in the cloud, {}, uploaded {}",
        words::counted(manifest.row_count, "row"),
        words::counted(encrypted as u64, "column"),
        words::bytes(view.size_bytes),
        manifest.scheme,
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

//! Datasets: everything that this keyring can open.

use leptos::prelude::*;

use crate::messages::{DatasetHead, DatasetSummary, Fault};
use crate::page::components::keyring_gate::KeyringGate;
use crate::page::components::title::PageTitle;
use crate::ui::fault::FaultNote;
use crate::ui::loaded::Loaded;
use crate::ui::progress::Skeleton;
use crate::ui::vault_client::Vault;
use crate::ui::words;

/// The screen.
#[component]
pub(in crate::page) fn DatasetsPage() -> impl IntoView {
    view! {
        <div class="screen">
            <PageTitle text="Datasets"/>
            <KeyringGate>
                <List/>
            </KeyringGate>
        </div>
    }
}

#[component]
fn List() -> impl IntoView {
    let vault = expect_context::<Vault>();
    let datasets = Loaded::new(move || Box::pin(vault.datasets()));
    move || {
        match datasets.get() {
        None => view! { <Skeleton label="Reading the list…" lines=4/> }.into_any(),
        Some(Err(fault)) => view! {
            <FaultNote fault testid="datasets-error"/>
            <p class="actions">
                <button type="button" class="button" data-testid="datasets-retry" on:click=move |_| datasets.again()>"Try again"</button>
            </p>
        }
        .into_any(),
        Some(Ok(list)) if list.is_empty() => view! {
            <section class="panel empty" data-testid="datasets-empty">
                <h2>"No datasets yet"</h2>
                <p>"Nothing is stored under this keyring. Encrypt a sample or a file of your own, and it is listed here."</p>
                <p class="actions"><a href="/" class="button primary">"Choose a table"</a></p>
            </section>
        }
        .into_any(),
        Some(Ok(list)) => {
            let bytes: u64 = list.iter().map(|dataset| dataset.size_bytes).sum();
            let head = format!(
                "{}, {} of ciphertext. Names and columns are decrypted in this browser.",
                words::counted(list.len() as u64, "dataset"),
                words::bytes(bytes)
            );
            view! {
                <p class="lead">{head}</p>
                <ul class="rows panel" data-testid="datasets">
                    {newest_first(list).into_iter().map(row).collect_view()}
                </ul>
            }
            .into_any()
        }
    }
    }
}

/// By insertion: lists are short, and the sorting of the standard library weighs more than this file.
fn newest_first(list: Vec<DatasetSummary>) -> Vec<DatasetSummary> {
    let mut sorted: Vec<DatasetSummary> = Vec::with_capacity(list.len());
    for summary in list {
        let place = sorted.iter().position(|other| other.stored_at < summary.stored_at);
        sorted.insert(place.unwrap_or(sorted.len()), summary);
    }
    sorted
}

fn row(summary: DatasetSummary) -> impl IntoView {
    let dataset = summary.dataset;
    let stored = format!("{}, stored {}", words::bytes(summary.size_bytes), words::moment(summary.stored_at));
    view! {
        <li class="row" data-testid=format!("dataset-row-{dataset}")>
            {match summary.opened {
                Ok(head) => opened(&dataset.to_string(), head, stored).into_any(),
                Err(fault) => unreadable(dataset.to_string(), fault, stored).into_any(),
            }}
        </li>
    }
}

fn opened(dataset: &str, head: DatasetHead, stored: String) -> impl IntoView + use<> {
    let facts = format!(
        "{}, {} encrypted, {}; {stored}",
        words::counted(head.row_count, "row"),
        words::counted(head.number_columns.into(), "column"),
        head.scheme
    );
    view! {
        <div class="row-text">
            <p class="row-title wrap"><a href=format!("/datasets/{dataset}")>{head.file_name}</a></p>
            <p class="hint">{facts}</p>
        </div>
        <div class="actions"><a href=format!("/datasets/{dataset}") class="button" tabindex="-1" aria-hidden="true">"Open"</a></div>
    }
}

fn unreadable(dataset: String, fault: Fault, stored: String) -> impl IntoView {
    view! {
        <div class="row-text">
            <p class="row-title mono wrap">{dataset}</p>
            <p class="hint">{stored}</p>
            <FaultNote fault testid="dataset-unreadable"/>
        </div>
    }
}

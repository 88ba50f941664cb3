//! Input: which family, which table, how to train; then the model.

use leptos::prelude::*;
use web_sys::File;

use super::desk::{Desk, ImportProcess, TableProcess, TrainingProcess};
use super::model::{Quantised, TrainedModel};
use super::parties::Parties;
use super::training::TrainingForm;
use crate::messages::workbench::{Family, TableSource};
use crate::ui::fault::FaultNote;
use crate::ui::file_input::FileInput;
use crate::ui::icon::{Icon, Symbol};
use crate::ui::progress::Skeleton;
use crate::ui::words;

struct Offer {
    family: Family,
    id: &'static str,
    name: &'static str,
    what: &'static str,
    how: &'static str,
    sample: &'static str,
}

const OFFERS: [Offer; 4] = [
    Offer {
        family: Family::Linear,
        id: "family-linear",
        name: "Linear regression",
        what: "Predicts a number.",
        how: "Weighted sums of ciphertext (Paillier)",
        sample: "diabetes.csv",
    },
    Offer {
        family: Family::Logistic,
        id: "family-logistic",
        name: "Logistic regression",
        what: "Tells classes apart, with probabilities.",
        how: "Weighted sums of ciphertext (Paillier); probabilities after decryption",
        sample: "breast_cancer.csv",
    },
    Offer {
        family: Family::KMeans,
        id: "family-k-means",
        name: "k-means",
        what: "Finds groups of rows that are alike.",
        how: "Encrypted squared distances (Paillier); the nearest after decryption",
        sample: "iris.csv",
    },
    Offer {
        family: Family::Network,
        id: "family-network",
        name: "Neural network",
        what: "Dense layers with squares between them.",
        how: "One round of products of ciphertext (BFV)",
        sample: "digits.csv",
    },
];

const SAMPLES: [(&str, &str, &str); 4] = [
    ("diabetes.csv", "Diabetes progression", "442 rows, a number to predict"),
    ("breast_cancer.csv", "Breast cancer biopsies", "569 rows, two classes"),
    ("iris.csv", "Iris flowers", "150 rows, three species"),
    ("digits.csv", "Handwritten digits", "1,797 rows of 64 pixels, ten classes"),
];

/// The first step.
#[component]
pub(super) fn InputStep() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let has_table = Memo::new(move |_| desk.table.with(|table| matches!(table, TableProcess::Open(_))));
    let is_trained =
        Memo::new(move |_| desk.trained.with(|trained| matches!(trained, TrainingProcess::Done(_))));
    view! {
        <section class="panel" aria-labelledby="family-title">
            <h2 id="family-title">"1. Which model?"</h2>
            <FamilyChoice/>
        </section>
        <section class="panel browser-side" aria-labelledby="data-title">
            <h2 id="data-title"><Icon symbol=Symbol::Browser/>"2. Which table?"</h2>
            <TableChoice/>
        </section>
        {move || (has_table.get() && desk.has_family.get()).then(|| view! { <TrainingForm/> })}
        <ImportModel/>
        {move || is_trained.get().then(|| view! { <TrainedModel/> })}
        <Parties/>
    }
}

/// A model that was trained elsewhere.
#[component]
fn ImportModel() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let import = Callback::new(move |file: File| desk.import(file));
    view! {
        <details class="panel" data-testid="import-model-panel">
            <summary>"Or bring a model that scikit-learn trained"</summary>
            <div class="run-line">
                <FileInput id="import-model" label="Choose the JSON file" accept=".json,application/json" on_file=import/>
                <p class="hint">"As core/model/scripts/export_sklearn.py writes it: linear, logistic, k-means or a network with squares. It is quantised in this browser."</p>
            </div>
            {move || match desk.imported.get() {
                ImportProcess::None | ImportProcess::Done(_) => ().into_any(),
                ImportProcess::Running => view! { <Skeleton label="Quantising the model…" lines=2/> }.into_any(),
                ImportProcess::Failed(fault) => view! { <FaultNote fault testid="import-model-fault"/> }.into_any(),
            }}
        </details>
        {move || match desk.imported.get() {
            ImportProcess::Done(imported) => view! {
                <Quantised interface=imported.interface.clone() model_bytes=imported.model_bytes agreement=None/>
            }.into_any(),
            ImportProcess::None | ImportProcess::Running | ImportProcess::Failed(_) => ().into_any(),
        }}
    }
}

#[component]
fn FamilyChoice() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let offer = move |offer: Offer| {
        let family = offer.family;
        let is_chosen =
            move || desk.has_family.get() && desk.training.with(|training| training.family == family);
        let choose = move |_| {
            desk.choose(family);
            // A sample that suits the family, unless another table was brought.
            let is_sample = desk.table.with_untracked(|table| match table {
                TableProcess::Open(head) => {
                    SAMPLES.iter().any(|(file, ..)| *file == head.file_name && *file != offer.sample)
                }
                TableProcess::None | TableProcess::Failed(_) | TableProcess::Reading => true,
            });
            if is_sample {
                desk.open(TableSource::Sample(offer.sample.to_owned()), None);
            }
        };
        view! {
            <label class="offer">
                <input
                    type="radio" name="family" data-testid=offer.id prop:checked=is_chosen
                    on:change=choose
                />
                <span class="offer-name">{offer.name}</span>
                <span class="offer-facts">
                    <span>{offer.what}</span>
                    <span>{offer.how}</span>
                </span>
            </label>
        }
    };
    view! {
        <fieldset class="offers bench-families">
            <legend class="visually-hidden">"Family of models"</legend>
            {OFFERS.into_iter().map(offer).collect_view()}
        </fieldset>
    }
}

/// Which table is open, and the ways to open another.
#[component]
pub(super) fn TableChoice() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let open_file = Callback::new(move |file: File| desk.open(TableSource::File, Some(file)));
    let sample = move |(file, name, what): (&'static str, &'static str, &'static str)| {
        let is_open = move || {
            desk.table.with(|table| matches!(table, TableProcess::Open(head) if head.file_name == file))
        };
        let testid = format!("bench-{}", file.trim_end_matches(".csv").replace('_', "-"));
        view! {
            <button
                type="button" class="menu-entry" data-testid=testid aria-pressed=move || is_open().to_string()
                on:click=move |_| desk.open(TableSource::Sample(file.to_owned()), None)
            >
                <span class="menu-name">{name}</span>
                <span class="hint">{what}</span>
            </button>
        }
    };
    view! {
        <p class="hint">"Read and learned from in this browser. No row of it is sent anywhere."</p>
        <div class="menu-groups bench-samples">{SAMPLES.into_iter().map(sample).collect_view()}</div>
        <div class="actions">
            <FileInput id="bench-file" label="Choose your own CSV file" on_file=open_file/>
            <button
                type="button" class="button quiet" data-testid="bench-open-table"
                on:click=move |_| desk.open(TableSource::Open, None)
            >"Use the table that is open in Prepare"</button>
        </div>
        {move || match desk.table.get() {
            TableProcess::None => ().into_any(),
            TableProcess::Reading => view! { <Skeleton label="Reading the table…" lines=2/> }.into_any(),
            TableProcess::Failed(fault) => view! { <FaultNote fault testid="bench-table-fault"/> }.into_any(),
            TableProcess::Open(head) => {
                let numbers = head.columns.iter().filter(|column| column.is_number).count() as u64;
                view! {
                    <p class="with-icon passed" data-testid="bench-table">
                        <Icon symbol=Symbol::Check/>
                        <span class="wrap">{format!(
                            "{} is open: {}, {}, {} of them numbers.",
                            head.file_name,
                            words::counted(head.rows, "row"),
                            words::counted(head.columns.len() as u64, "column"),
                            words::count(numbers)
                        )}</span>
                    </p>
                }
                .into_any()
            }
        }}
    }
}

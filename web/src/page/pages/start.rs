//! Start: three samples, a drop zone, and what was left unfinished.

use leptos::prelude::*;
use web_sys::{DragEvent, File};

use crate::messages::KeyringStatus;
use crate::page::components::title::PageTitle;
use crate::page::components::unfinished::UnfinishedUploads;
use crate::page::desk::Desk;
use crate::ui::file_input::FileInput;
use crate::ui::hex::Hex;
use crate::ui::icon::{Icon, Symbol};
use crate::ui::navigate;
use crate::ui::vault_client::Vault;
use crate::ui::worlds::Worlds;

/// A bundled sample.
struct Sample {
    id: &'static str,
    file_name: &'static str,
    title: &'static str,
    what: &'static str,
    size: &'static str,
}

const SAMPLES: [Sample; 3] = [
    Sample {
        id: "sample-pancreatitis",
        file_name: "pancreatitis.csv",
        title: "Hospital stays",
        what: "Patients with acute pancreatitis: days in hospital, age, diagnoses before.",
        size: "10 rows × 8 columns",
    },
    Sample {
        id: "sample-diabetes",
        file_name: "diabetes.csv",
        title: "Diabetes progression",
        what: "Blood values of patients, and how far the disease went in a year.",
        size: "442 rows × 11 columns",
    },
    Sample {
        id: "sample-breast-cancer",
        file_name: "breast_cancer.csv",
        title: "Breast cancer biopsies",
        what: "Measurements of cell nuclei from biopsies, malignant or not.",
        size: "569 rows × 31 columns",
    },
];

/// The first screen.
#[component]
pub(in crate::page) fn StartPage() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let vault = expect_context::<Vault>();

    let open_file = Callback::new(move |file: File| {
        desk.open_file(file);
        navigate::go("/prepare");
    });
    let open_sample = Callback::new(move |file_name: &'static str| {
        desk.open_sample(file_name);
        navigate::go(&format!("/prepare?sample={file_name}"));
    });

    view! {
        <div class="screen start">
            <div class="hero">
                <PageTitle text="Sum up a table that nobody else can read"/>
                <p class="lead">
                    "Veilsum encrypts your table in this browser, lets the cloud add the ciphertexts, and decrypts "
                    "the answer here: the key never leaves you."
                </p>
            </div>
            <Picture/>
            <Show when=move || matches!(vault.keyring.get(), Some(KeyringStatus::Locked { .. }))>
                <p class="note" data-testid="locked-note">
                    <Icon symbol=Symbol::Lock/>
                    <span>"Your keyring is locked. "<a href="/datasets">"Unlock it"</a>" to see your datasets and unfinished uploads."</span>
                </p>
            </Show>
            <UnfinishedUploads/>
            <section aria-labelledby="samples-title">
                <h2 id="samples-title">"Try it on a real table"</h2>
                <ul class="cards three">
                    {SAMPLES.map(|sample| view! {
                        <li>
                            <button
                                type="button" class="card card-button" data-testid=sample.id
                                on:click=move |_| open_sample.run(sample.file_name)
                            >
                                <span class="card-title">{sample.title}</span>
                                <span class="card-text">{sample.what}</span>
                                <span class="card-foot"><span>{sample.size}</span><Icon symbol=Symbol::Right/></span>
                            </button>
                        </li>
                    }).collect_view()}
                </ul>
            </section>
            <section aria-labelledby="own-title">
                <h2 id="own-title">"Or use your own"</h2>
                <DropZone on_file=open_file/>
            </section>
        </div>
    }
}

/// Real values on the left, the bytes of a ciphertext of them on the right.
#[component]
fn Picture() -> impl IntoView {
    view! {
        <Worlds
            label="Your table stays in this browser; only ciphertext goes to the cloud, and only an encrypted answer comes back"
            browser=|| view! {
                <table class="numbers mini">
                    <thead><tr><th scope="col">"PatID"</th><th scope="col">"LOS"</th><th scope="col">"age"</th></tr></thead>
                    <tbody>
                        <tr><td>"110193"</td><td>"5"</td><td>"68"</td></tr>
                        <tr><td>"108362"</td><td>"2"</td><td>"69"</td></tr>
                        <tr><td>"…"</td><td>"…"</td><td>"…"</td></tr>
                    </tbody>
                </table>
                <p class="world-answer">"Mean of LOS is "<strong>"4.00"</strong></p>
            }
            crossing=|| view! {
                <p class="cross to-cloud"><Icon symbol=Symbol::Right/><span>"ciphertext"</span></p>
                <p class="cross to-browser"><Icon symbol=Symbol::Right/><span>"encrypted answer"</span></p>
            }
            cloud=|| view! {
                <Hex bytes="724835fca78f81b8b88c669002c3cced98f03eaa131fcadaa4e2525d8e81d1016adab0e2fcb6e16ef08669788a9245e5" testid="hero-hex"/>
                <p class="world-answer">"adds without reading"</p>
            }
        />
    }
}

/// A place to drop a file on, with a button for everybody else.
#[component]
fn DropZone(on_file: Callback<File>) -> impl IntoView {
    let over = RwSignal::new(false);
    let drop = move |event: DragEvent| {
        event.prevent_default();
        over.set(false);
        let file = event.data_transfer().and_then(|data| data.files()).and_then(|files| files.get(0));
        if let Some(file) = file {
            on_file.run(file);
        }
    };
    view! {
        <div
            class="drop" class:over=move || over.get() data-testid="drop-zone"
            on:dragover=move |event| { event.prevent_default(); over.set(true); }
            on:dragleave=move |_| over.set(false)
            on:drop=drop
        >
            <Icon symbol=Symbol::File/>
            <p>"Drop a CSV, JSON or Parquet file here, or"</p>
            <FileInput id="file-input" label="Choose a file" class="primary" on_file/>
            <p class="hint">"CSV and JSON may be packed with gzip. The file is read in this browser: nothing is sent until you press Encrypt and upload."</p>
        </div>
    }
}

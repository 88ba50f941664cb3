//! What the cloud saw: every object with its key, size, hash, and a sample of its bytes.

use leptos::prelude::*;
use veilsum_protocol::DatasetId;

use super::desk::Desk;
use crate::messages::CloudObject;
use crate::ui::fault::FaultNote;
use crate::ui::hex::Hex;
use crate::ui::icon::{Icon, Symbol};
use crate::ui::loaded::Loaded;
use crate::ui::progress::Skeleton;
use crate::ui::vault_client::Vault;
use crate::ui::words;

/// Objects shown before "show all".
const FIRST_OBJECTS: usize = 12;

/// What is stored of the dataset.
#[component]
pub(super) fn CloudSaw(dataset: DatasetId) -> impl IntoView {
    let vault = expect_context::<Vault>();
    let desk = expect_context::<Desk>();
    let objects = Loaded::new(move || {
        desk.changes.track();
        Box::pin(vault.cloud_objects(dataset))
    });
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

/// A list of stored objects.
#[component]
pub(super) fn CloudObjects(
    heading: &'static str,
    objects: Vec<CloudObject>,
    #[prop(default = "cloud-objects")] testid: &'static str,
) -> impl IntoView {
    let total: u64 = objects.iter().map(|object| object.size_bytes).sum();
    let count = objects.len();
    let all = RwSignal::new(count <= FIRST_OBJECTS);
    let has_parts =
        objects.iter().any(|object| object.checksum.as_ref().is_some_and(|hash| hash.contains('-')));
    let objects = StoredValue::new(objects);
    view! {
        <section data-testid=testid data-count=count.to_string()>
            <h3>{heading}</h3>
            <p class="hint">
                {format!("{}, {} in all.", words::counted(count as u64, "object"), words::bytes(total))}
                {has_parts.then_some(" A SHA-256 that ends in -1, -2, … is the hash of the hashes of so many parts, in which the object was sent.")}
            </p>
            <ul class="objects">
                {move || {
                    let shown = if all.get() { usize::MAX } else { FIRST_OBJECTS };
                    objects.with_value(|objects| {
                        objects.iter().take(shown).cloned().map(object_view).collect_view()
                    })
                }}
            </ul>
            <Show when=move || !all.get()>
                <button type="button" class="button" data-testid="cloud-objects-all" on:click=move |_| all.set(true)>
                    {format!("Show all {}", words::counted(count as u64, "object"))}
                </button>
            </Show>
        </section>
    }
}

fn object_view(object: CloudObject) -> impl IntoView {
    let size = words::bytes(object.size_bytes);
    let key = object.key.clone();
    let exact_size = words::counted(object.size_bytes, "byte");
    view! {
        <li class="object" data-testid="cloud-object" data-key=key data-size=object.size_bytes.to_string()>
            <p class="object-head">
                <span class="object-what">{object.what}</span>
                <span class="number" title=exact_size>{size}</span>
            </p>
            <p class="mono wrap object-key">{object.key}</p>
            <Hex bytes=object.sample testid="cloud-object-sample"/>
            {object.checksum.map(|checksum| view! {
                <p class="object-hash"><span>"SHA-256 "</span><span class="mono wrap">{checksum}</span></p>
            })}
        </li>
    }
}

/// The plan of a job, as it was sent.
#[component]
pub(super) fn SentPlan(plan: String) -> impl IntoView {
    view! {
        <details>
            <summary>"The plan, as it was sent"</summary>
            <p class="hint">"All that the cloud was told about the analysis: numbered columns and row groups, no names."</p>
            <pre class="mono plan" tabindex="0" data-testid="plan">{plan}</pre>
        </details>
    }
}

/// What ciphertext is, in one folded paragraph.
#[component]
fn WhyItCannotRead() -> impl IntoView {
    view! {
        <details>
            <summary>"Why the cloud can add numbers that it cannot read"</summary>
            <p>
                "Each number is encrypted under your Paillier key, several to a ciphertext. Multiplying two such "
                "ciphertexts gives a ciphertext of the sum of what is in them, and multiplying needs no key. So the "
                "functions multiply, and only this browser can open the product. A check value rides in every "
                "ciphertext: an answer from which rows were dropped, doubled or swapped is refused here."
            </p>
        </details>
        <p class="hint with-icon"><Icon symbol=Symbol::Cloud/>"The hex below is read back from the cloud's storage."</p>
    }
}

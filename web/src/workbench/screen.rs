//! The workbench: the line of steps, and the step that is looked at.

use leptos::prelude::*;

use super::cloud::CloudStep;
use super::desk::Desk;
use super::input::InputStep;
use super::performance::PerformanceStep;
use super::records::EncryptionStep;
use super::scores::DecryptionStep;
use super::steps::{BenchSteps, Step};

/// Everything under the heading.
#[component]
pub(super) fn Workbench() -> impl IntoView {
    let desk = expect_context::<Desk>();
    // A memo, so that what was entered in a step stays where the same step is asked for again.
    let step = Memo::new(move |_| desk.step.get());
    view! {
        <p class="lead wide">
            "A model is trained on a table in this browser, published, and scores records that nobody but you can read: "
            "they are encrypted here, computed on as ciphertext in the cloud, and decrypted here. "
            <a href="/models">"See the published models"</a>", or "<a href="/trainings" data-testid="to-trainings">"train with other owners"</a>", without anybody seeing rows."
        </p>
        <BenchSteps/>
        {move || {
            match step.get() {
                Step::Input => view! { <InputStep/> }.into_any(),
                Step::Encryption => view! { <EncryptionStep/> }.into_any(),
                Step::Cloud => view! { <CloudStep/> }.into_any(),
                Step::Decryption => view! { <DecryptionStep/> }.into_any(),
                Step::Performance => view! { <PerformanceStep/> }.into_any(),
            }
        }}
    }
}

/// A button that goes to another step.
#[component]
pub(super) fn GoTo(
    step: Step,
    label: &'static str,
    #[prop(default = "button primary")] class: &'static str,
    testid: &'static str,
) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let go = move |_| {
        desk.step.set(step);
        window().scroll_to_with_x_and_y(0.0, 0.0);
    };
    view! { <button type="button" class=class data-testid=testid on:click=go>{label}</button> }
}

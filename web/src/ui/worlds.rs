//! The product's picture: this browser on one side, the cloud on the other, and what crosses between them.

use leptos::prelude::*;

use super::icon::{Icon, Symbol};

/// Two sides and what crosses.
#[component]
pub(crate) fn Worlds(
    /// What is in this browser.
    #[prop(into)]
    browser: ViewFn,
    /// What crosses.
    #[prop(into)]
    crossing: ViewFn,
    /// What is in the cloud.
    #[prop(into)]
    cloud: ViewFn,
    /// What the picture shows, in words.
    label: &'static str,
) -> impl IntoView {
    view! {
        <figure class="worlds" aria-label=label>
            <section class="world browser-side">
                <p class="world-name"><Icon symbol=Symbol::Browser/>"This browser"<span class="world-what">"cleartext, keys"</span></p>
                {browser.run()}
            </section>
            <div class="crossing">{crossing.run()}</div>
            <section class="world cloud-side">
                <p class="world-name"><Icon symbol=Symbol::Cloud/>"The cloud"<span class="world-what">"ciphertext only"</span></p>
                {cloud.run()}
            </section>
        </figure>
    }
}

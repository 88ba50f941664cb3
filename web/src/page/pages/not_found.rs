//! An address that shows nothing.

use leptos::prelude::*;

use crate::page::components::title::PageTitle;

/// Says so, and where to go.
#[component]
pub(in crate::page) fn NotFoundPage() -> impl IntoView {
    view! {
        <div class="screen">
            <PageTitle text="There is no such screen"/>
            <p class="lead">"The address may be mistyped, or from another version of Veilsum."</p>
            <p class="actions"><a href="/" class="button primary">"Go to the start"</a></p>
        </div>
    }
}

//! The heading of a screen. It names the document and takes the focus when the screen changes, so that keyboard and
//! screen-reader users start where the screen starts.

use leptos::html::H1;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::page::app::FirstScreen;

/// Gives the focus to the heading of the screen.
pub(in crate::page) fn focus_heading() {
    let heading = document().query_selector("h1").ok().flatten();
    if let Some(heading) = heading.and_then(|heading| heading.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = heading.focus();
    }
}

/// The `h1` of a screen.
#[component]
pub(in crate::page) fn PageTitle(#[prop(into)] text: Signal<String>) -> impl IntoView {
    let first_screen = expect_context::<FirstScreen>().take();
    let heading = NodeRef::<H1>::new();
    Effect::new(move |_| document().set_title(&format!("{} – Veilsum", text.get())));
    Effect::new(move |focused: Option<bool>| {
        let Some(heading) = heading.get() else { return false };
        if focused != Some(true) && !first_screen {
            let _ = heading.focus();
            window().scroll_to_with_x_and_y(0.0, 0.0);
        }
        true
    });
    view! { <h1 tabindex="-1" node_ref=heading data-testid="title">{text}</h1> }
}

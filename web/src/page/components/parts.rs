//! The parts of preparing a table: its columns here, the others in a module of their own.

use leptos::prelude::*;

use crate::page::modules::{ModuleScreen, loading};
use crate::ui::module::{Module, RefineScreen, ScreenBytes};

const PARTS: [(Option<RefineScreen>, &str, &str, &str); 4] = [
    (None, "/prepare", "Columns", "part-columns"),
    (Some(RefineScreen::Rows), "/prepare/rows", "Rows", "part-rows"),
    (Some(RefineScreen::Clean), "/prepare/clean", "Clean", "part-clean"),
    (Some(RefineScreen::Anonymise), "/prepare/anonymise", "Anonymise", "part-anonymise"),
];

/// The parts of preparing.
#[component]
pub(in crate::page) fn Parts(
    part: Option<RefineScreen>,
    #[prop(into)] steps: Signal<Option<u32>>,
) -> impl IntoView {
    let link = |(of_link, href, name, testid): (
        Option<RefineScreen>,
        &'static str,
        &'static str,
        &'static str,
    )| {
        let count = move || match steps.get() {
            Some(count) if count > 0 && of_link == Some(RefineScreen::Clean) => format!(" ({count})"),
            Some(_) | None => String::new(),
        };
        view! {
            <a class="nav-link" href=href aria-current=(of_link == part).then_some("page") data-testid=testid>{name}{count}</a>
        }
    };
    view! { <nav class="parts" aria-label="Parts of preparing" data-testid="parts">{PARTS.map(link).collect_view()}</nav> }
}

/// A part that is in another module.
#[component]
pub(in crate::page) fn OtherPart(screen: RefineScreen) -> impl IntoView {
    let loading = loading(Module::Refine);
    view! { <ModuleScreen module=Module::Refine loading on_rename=Callback::new(|_| ()) screen=ScreenBytes::of(&screen)/> }
}

//! A bar with its numbers in words, and an announcement for screen readers at every tenth.

use leptos::prelude::*;

use super::words;

/// What a bar shows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bar {
    /// What is going on.
    pub(crate) label: String,
    /// Done and total; `None` while that cannot be told.
    pub(crate) share: Option<(u64, u64)>,
    /// Numbers in words, under the bar.
    pub(crate) facts: Vec<String>,
}

/// A progress bar.
#[component]
pub(crate) fn ProgressBar(
    #[prop(into)] bar: Signal<Bar>,
    #[prop(default = "progress")] testid: &'static str,
) -> impl IntoView {
    let percent =
        Memo::new(move |_| bar.with(|bar| bar.share.map(|(done, total)| words::percent(done, total))));
    let label = Memo::new(move |_| bar.with(|bar| bar.label.clone()));
    let announcement = Memo::new(move |_| {
        let label = label.get();
        percent.get().map_or_else(|| label.clone(), |percent| format!("{label}: {} %", percent / 10 * 10))
    });
    view! {
        <div class="progress" data-testid=testid data-percent=move || percent.get().map(|percent| percent.to_string())>
            <p class="progress-head">
                <span>{move || label.get()}</span>
                <span class="number">{move || percent.get().map(|percent| format!("{percent} %"))}</span>
            </p>
            <progress
                max="100"
                value=move || percent.get().map(|percent| percent.to_string())
                aria-label=move || label.get()
            ></progress>
            <p class="progress-facts">
                {move || bar.with(|bar| {
                    bar.facts.iter().map(|fact| view! { <span>{fact.clone()}</span> }).collect_view()
                })}
            </p>
            <p class="visually-hidden" role="status">{move || announcement.get()}</p>
        </div>
    }
}

/// Grey lines where something is about to stand.
#[component]
pub(crate) fn Skeleton(
    /// What is awaited, in words.
    label: &'static str,
    #[prop(default = 3)] lines: usize,
) -> impl IntoView {
    view! {
        <div class="skeleton" role="status">
            <p class="skeleton-label">{label}</p>
            {(0..lines).map(|_| view! { <div class="skeleton-line"></div> }).collect_view()}
        </div>
    }
}

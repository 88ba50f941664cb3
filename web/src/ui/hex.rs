//! Bytes as people read them.

use leptos::prelude::*;

/// Bytes, four at a time.
#[component]
pub(crate) fn Hex(
    #[prop(into)] bytes: String,
    #[prop(default = "hex")] testid: &'static str,
) -> impl IntoView {
    let groups: Vec<String> =
        bytes.chars().collect::<Vec<_>>().chunks(8).map(|group| group.iter().collect()).collect();
    view! { <code class="hex" data-testid=testid data-hex=bytes>{groups.join(" ")}</code> }
}

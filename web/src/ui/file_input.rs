//! A button that opens the file chooser.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{File, HtmlInputElement};

/// A file chooser that looks like a button.
#[component]
pub(crate) fn FileInput(
    #[prop(into)] id: String,
    label: &'static str,
    /// What the chooser offers first.
    #[prop(
        default = ".csv,.tsv,.txt,.json,.ndjson,.jsonl,.gz,.parquet,text/csv,text/plain,application/json"
    )]
    accept: &'static str,
    #[prop(default = "")] class: &'static str,
    on_file: Callback<File>,
) -> impl IntoView {
    let change = move |event: web_sys::Event| {
        let Some(input) = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok()) else {
            return;
        };
        if let Some(file) = input.files().and_then(|files| files.get(0)) {
            on_file.run(file);
        }
        // So that choosing the same file again is a change again.
        input.set_value("");
    };
    view! {
        <span class=format!("file-input {class}")>
            <input type="file" id=id.clone() data-testid=id.clone() accept=accept on:change=change/>
            <label class="button" for=id>{label}</label>
        </span>
    }
}

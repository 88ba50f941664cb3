//! The screen of a dataset: a module of the page that is loaded when such a screen is first opened.
//!
//! The first module has the heading and the keyring's gate around it; what is here stands in the element it is given.

mod analysis;
mod answers;
mod cloud_saw;
mod commands;
mod decimal_text;
mod delete_dataset;
mod desk;
mod original;
mod run_form;
mod schema;
mod screen;
mod timings;
mod twin;

use std::rc::Rc;

use js_sys::Function;
use leptos::prelude::*;
use wasm_bindgen::JsValue;
use web_sys::{HtmlElement, Worker};

use self::desk::Desk;
use self::screen::OpenedManifest;
use crate::ui::module::{DatasetScreen, Module};
use crate::ui::stage::{Heading, Stage};
use crate::ui::vault_client::Vault;

thread_local! {
    static STAGE: Rc<Stage<Desk>> = Stage::new();
}

/// Shows the dataset of `handover` in `element`. `worker` is the vault; `rename` gives the heading another text.
///
/// # Errors
/// The bytes are no handover to this module.
pub fn mount(element: HtmlElement, worker: Worker, handover: &[u8], rename: Function) -> Result<(), JsValue> {
    let begin = |known| Desk::new(Vault::join(worker, Module::Dataset, known));
    let view = |desk: Desk, screen: DatasetScreen| {
        provide_context(desk);
        provide_context(desk.vault);
        provide_context(Heading::new(rename));
        view! { <OpenedManifest screen/> }
    };
    STAGE.with(|stage| stage.show(element, handover, begin, view))
}

/// Takes the screen away; what runs goes on.
pub fn unmount() {
    STAGE.with(|stage| stage.clear());
}

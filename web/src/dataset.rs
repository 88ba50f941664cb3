//! The screen of a dataset, and that of a certificate: a module of the page that is loaded when such a screen is first
//! opened.
//!
//! The first module has the heading and the keyring's gate around it; what is here stands in the element it is given.

mod analysis;
mod answers;
mod ask;
mod batches;
mod cloud_saw;
mod commands;
mod decimal_text;
mod delete_dataset;
mod desk;
mod growing;
mod growth;
mod original;
mod past;
mod schema;
mod screen;
mod twin;
mod verify;

use std::rc::Rc;

use js_sys::Function;
use leptos::prelude::*;
use wasm_bindgen::JsValue;
use web_sys::{HtmlElement, Worker};

use self::desk::Desk;
use self::screen::OpenedManifest;
use self::verify::Verify;
use crate::ui::module::{DatasetModuleScreen, Module};
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
    let view = |desk: Desk, screen: DatasetModuleScreen| {
        provide_context(desk);
        provide_context(desk.vault);
        provide_context(Heading::new(rename));
        match screen {
            DatasetModuleScreen::Dataset(screen) => view! { <OpenedManifest screen/> }.into_any(),
            DatasetModuleScreen::Verify => view! { <Verify/> }.into_any(),
        }
    };
    STAGE.with(|stage| stage.show(element, handover, begin, view))
}

/// Takes the screen away; what runs goes on.
pub fn unmount() {
    STAGE.with(|stage| stage.clear());
}

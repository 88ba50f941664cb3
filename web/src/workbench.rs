//! The workbench, the list of models and trainings of several owners: a module of the page that is loaded when one of them is first opened.
//!
//! The first module has the heading and the keyring's gate around it; what is here stands in the element it is given.

mod cloud;
mod commands;
mod desk;
mod evaluation;
mod input;
mod joint;
mod layers;
mod model;
mod models;
mod parties;
mod performance;
mod records;
mod running;
mod scores;
mod screen;
mod steps;
mod training;

use std::rc::Rc;

use js_sys::Function;
use leptos::prelude::*;
use wasm_bindgen::JsValue;
use web_sys::{HtmlElement, Worker};

use self::desk::Desk;
use self::joint::{TrainingList, TrainingPage};
use self::models::ModelList;
use self::screen::Workbench;
use crate::ui::module::{Module, WorkbenchScreen};
use crate::ui::stage::{Heading, Stage};
use crate::ui::vault_client::Vault;

thread_local! {
    static STAGE: Rc<Stage<Desk>> = Stage::new();
}

/// Shows the screen of `handover` in `element`. `worker` is the vault; `rename` gives the heading another text.
///
/// # Errors
/// The bytes are no handover to this module.
pub fn mount(element: HtmlElement, worker: Worker, handover: &[u8], rename: Function) -> Result<(), JsValue> {
    let begin = |known| Desk::new(Vault::join(worker, Module::Workbench, known));
    let view = |desk: Desk, screen: WorkbenchScreen| {
        provide_context(desk);
        provide_context(desk.vault);
        provide_context(Heading::new(rename));
        match screen {
            WorkbenchScreen::Workbench => view! { <Workbench/> }.into_any(),
            WorkbenchScreen::Models => view! { <ModelList/> }.into_any(),
            WorkbenchScreen::Trainings => view! { <TrainingList/> }.into_any(),
            WorkbenchScreen::Training(training) => view! { <TrainingPage training/> }.into_any(),
        }
    };
    STAGE.with(|stage| stage.show(element, handover, begin, view))
}

/// Takes the screen away; what runs goes on.
pub fn unmount() {
    STAGE.with(|stage| stage.clear());
}

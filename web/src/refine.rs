//! Preparing beyond the choice of columns: all rows, the steps that clean them, and what lowers the risk that people are
//! found in them. A module of the page that is loaded when one of these screens is first opened.
//!
//! The first module has the heading, the keyring's gate and the row of parts around it.

mod anonymise;
mod clean;
mod commands;
mod desk;
mod form;
mod kind;
mod report;
mod rows;
mod words;
mod working;

use std::rc::Rc;

use js_sys::Function;
use leptos::prelude::*;
use wasm_bindgen::JsValue;
use web_sys::{HtmlElement, Worker};

use self::anonymise::AnonymiseScreen;
use self::clean::CleanScreen;
use self::desk::Desk;
use self::rows::RowsScreen;
use crate::ui::fault::FaultNote;
use crate::ui::module::{Module, RefineScreen};
use crate::ui::progress::Skeleton;
use crate::ui::stage::Stage;
use crate::ui::vault_client::Vault;

thread_local! {
    static STAGE: Rc<Stage<Desk>> = Stage::new();
}

/// Shows the screen of `handover` in `element`. `worker` is the vault; the heading stays as it is.
///
/// # Errors
/// The bytes are no handover to this module.
pub fn mount(
    element: HtmlElement,
    worker: Worker,
    handover: &[u8],
    _rename: Function,
) -> Result<(), JsValue> {
    let begin = |known| Desk::new(Vault::join(worker, Module::Refine, known));
    let view = |desk: Desk, screen: RefineScreen| {
        provide_context(desk);
        provide_context(desk.vault);
        desk.load();
        view! { <Screen screen/> }
    };
    STAGE.with(|stage| stage.show(element, handover, begin, view))
}

/// Takes the screen away; what runs goes on.
pub fn unmount() {
    STAGE.with(|stage| stage.clear());
}

/// One of the screens, once it is known what is open.
#[component]
fn Screen(screen: RefineScreen) -> impl IntoView {
    let desk = expect_context::<Desk>();
    // A memo, so that a form keeps what was entered while steps change the table.
    let is_open = Memo::new(move |_| desk.open.with(|open| open.as_ref().map(Result::is_ok)));
    view! {
        <link rel="stylesheet" href="/refine.css"/>
        {move || match is_open.get() {
            None => view! { <Skeleton label="Looking at the table…" lines=4/> }.into_any(),
            Some(false) => desk.open.get_untracked().and_then(Result::err)
                .map(|fault| view! { <FaultNote fault testid="refine-fault"/> }).into_any(),
            Some(true) => match screen {
                RefineScreen::Rows => view! { <RowsScreen/> }.into_any(),
                RefineScreen::Clean => view! { <CleanScreen/> }.into_any(),
                RefineScreen::Anonymise => view! { <AnonymiseScreen/> }.into_any(),
            },
        }}
    }
}

//! Going from one screen to another without loading the page again, from any module: the first one follows the address.

use leptos::prelude::window;
use wasm_bindgen::JsValue;
use web_sys::{Event, History};

/// Goes to `to`, a path with a query.
pub(crate) fn go(to: &str) {
    change(|history| history.push_state_with_url(&JsValue::NULL, "", Some(to)));
}

/// Goes to `to` in the place of the screen that is shown: "back" skips that one.
pub(crate) fn replace(to: &str) {
    change(|history| history.replace_state_with_url(&JsValue::NULL, "", Some(to)));
}

/// Changes the address, and tells so as the browser does when someone goes back.
fn change(change: impl FnOnce(&History) -> Result<(), JsValue>) {
    let told = window().history().and_then(|history| {
        change(&history)?;
        window().dispatch_event(&Event::new("popstate")?)
    });
    if let Err(error) = told {
        leptos::logging::error!("the address was not changed: {error:?}");
    }
}

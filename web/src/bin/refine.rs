//! The binary of a module that is loaded later: nothing but the calls.

use wasm_bindgen::prelude::*;

fn main() {
    console_error_panic_hook::set_once();
}

/// See [`veilsum_web::BUILD`].
#[wasm_bindgen]
pub fn build() -> u32 {
    veilsum_web::BUILD
}

/// See [`veilsum_web::refine::mount`].
///
/// # Errors
/// As there.
#[wasm_bindgen]
pub fn mount(
    element: web_sys::HtmlElement,
    worker: web_sys::Worker,
    handover: &[u8],
    rename: js_sys::Function,
) -> Result<(), JsValue> {
    veilsum_web::refine::mount(element, worker, handover, rename)
}

/// See [`veilsum_web::refine::unmount`].
#[wasm_bindgen]
pub fn unmount() {
    veilsum_web::refine::unmount();
}

//! Saving bytes to a file of the owner, without a server.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, Url};

/// Offers `bytes` under `file_name` to be saved.
pub(crate) fn save_bytes(file_name: &str, media_type: &str, bytes: &[u8]) -> Result<(), JsValue> {
    let parts = js_sys::Array::of1(&js_sys::Uint8Array::from(bytes));
    let properties = BlobPropertyBag::new();
    properties.set_type(media_type);
    let blob = Blob::new_with_u8_array_sequence_and_options(&parts, &properties)?;
    save_url(file_name, &Url::create_object_url_with_blob(&blob)?)
}

/// Offers what a `blob:` URL names to be saved, then revokes the URL.
pub(crate) fn save_url(file_name: &str, url: &str) -> Result<(), JsValue> {
    let document = leptos::prelude::document();
    let anchor: HtmlAnchorElement = document.create_element("a")?.unchecked_into();
    anchor.set_href(url);
    anchor.set_download(file_name);
    anchor.click();
    let url = url.to_owned();
    // The browser may read the blob only after this turn.
    leptos::prelude::set_timeout(
        move || {
            let _ = Url::revoke_object_url(&url);
        },
        core::time::Duration::from_mins(1),
    );
    Ok(())
}

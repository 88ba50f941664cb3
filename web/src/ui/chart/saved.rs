//! A chart as a file: in light colours, with nothing that a style sheet would have to add.

use std::collections::BTreeMap;

use js_sys::Promise;
use leptos::prelude::{document, window};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, CanvasRenderingContext2d, HtmlCanvasElement, HtmlElement, HtmlImageElement, Url};

use super::picture::{Ink, Picture};
use super::{Drawn, draw};
use crate::ui::save::{save_bytes, save_url};

/// Pixels per CSS pixel.
const FINENESS: u32 = 2;
/// Width of a saved picture.
const WIDTH: f64 = 720.0;

/// Saves it as SVG.
pub(super) fn as_svg(title: &str, description: &str, drawn: &Drawn, name: &str) -> Result<(), JsValue> {
    let svg = written(&draw(drawn, WIDTH), title, description)?;
    save_bytes(&format!("{name}.svg"), "image/svg+xml", svg.as_bytes())
}

/// Saves it as PNG.
pub(super) async fn as_png(title: &str, description: &str, drawn: &Drawn, name: &str) -> Result<(), JsValue> {
    let picture = draw(drawn, WIDTH);
    let svg = written(&picture, title, description)?;
    let image = HtmlImageElement::new()?;
    // The page's policy allows no pictures from elsewhere, and takes those of a `blob:` for such.
    image.set_src(&format!("data:image/svg+xml,{}", js_sys::encode_uri_component(&svg)));
    JsFuture::from(image.decode()).await?;

    let canvas: HtmlCanvasElement = document().create_element("canvas")?.unchecked_into();
    canvas.set_width(pixels(picture.width));
    canvas.set_height(pixels(picture.height));
    let context: CanvasRenderingContext2d =
        canvas.get_context("2d")?.ok_or("the browser draws nothing")?.unchecked_into();
    let (width, height) = (f64::from(canvas.width()), f64::from(canvas.height()));
    context.draw_image_with_html_image_element_and_dw_and_dh(&image, 0.0, 0.0, width, height)?;
    let blob = JsFuture::from(Promise::new(&mut |resolve, reject| {
        if let Err(error) = canvas.to_blob(&resolve) {
            // The promise is rejected whatever comes of the call.
            let _ = reject.call1(&JsValue::NULL, &error);
        }
    }))
    .await?;
    save_url(&format!("{name}.png"), &Url::create_object_url_with_blob(&blob.dyn_into::<Blob>()?)?)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float cast saturates")]
fn pixels(length: f64) -> u32 {
    (length.ceil() as u32) * FINENESS
}

fn written(picture: &Picture, title: &str, description: &str) -> Result<String, JsValue> {
    let colours = light_colours()?;
    Ok(picture.to_svg(title, description, |ink| colours.get(&ink).cloned().unwrap_or_default()))
}

/// The colours of the style sheet as they are in the light, whatever the page shows now.
fn light_colours() -> Result<BTreeMap<Ink, String>, JsValue> {
    let probe: HtmlElement = document().create_element("span")?.unchecked_into();
    let body = document().body().ok_or("the page has no body")?;
    body.append_child(&probe)?;
    let read = || {
        probe.style().set_property("color-scheme", "light")?;
        let mut colours = BTreeMap::new();
        for ink in Ink::ALL {
            probe.style().set_property("color", &format!("var({})", ink.token()))?;
            let style = window().get_computed_style(&probe)?.ok_or("the page has no style")?;
            colours.insert(ink, style.get_property_value("color")?);
        }
        Ok(colours)
    };
    let colours = read();
    probe.remove();
    colours
}

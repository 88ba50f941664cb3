//! Where a module that is loaded later shows its screens.

use core::any::Any;
use core::cell::{OnceCell, RefCell};
use std::rc::Rc;

use js_sys::Function;
use leptos::mount::mount_to;
use leptos::prelude::*;
use serde::de::DeserializeOwned;
use wasm_bindgen::JsValue;
use web_sys::HtmlElement;

use super::module::Handover;
use super::vault_client::Known;
use crate::messages::from_bytes;

/// The place of a module's screens, with what outlives them.
pub(crate) struct Stage<D> {
    owner: Owner,
    /// Made with the first screen.
    desk: OnceCell<D>,
    /// Dropping it takes the screen away.
    shown: RefCell<Option<Box<dyn Any>>>,
}

impl<D: Clone + 'static> Stage<D> {
    /// An empty stage.
    pub(crate) fn new() -> Rc<Self> {
        Rc::new(Self { owner: Owner::new(), desk: OnceCell::new(), shown: RefCell::default() })
    }

    /// Shows the screen that is handed over in `element`. The first time, `begin` makes what outlives it.
    ///
    /// # Errors
    /// The bytes are no handover of such a screen.
    pub(crate) fn show<S: DeserializeOwned + 'static, V: IntoView>(
        self: &Rc<Self>,
        element: HtmlElement,
        handover: &[u8],
        begin: impl FnOnce(Known) -> D + 'static,
        view: impl FnOnce(D, S) -> V + 'static,
    ) -> Result<(), JsValue>
    where
        V::State: 'static,
    {
        let handover: Handover<S> =
            from_bytes(handover).map_err(|_| JsValue::from_str("the handover cannot be read"))?;
        self.clear();
        let stage = Rc::clone(self);
        let shown = mount_to(element, move || {
            let desk = stage.desk.get_or_init(|| stage.owner.with(|| begin(handover.vault)));
            view(desk.clone(), handover.screen)
        });
        self.shown.replace(Some(Box::new(shown)));
        Ok(())
    }

    /// Takes the screen away.
    pub(crate) fn clear(&self) {
        drop(self.shown.take());
    }
}

/// The heading of the screen, which stands in the first module.
#[derive(Clone, Copy)]
pub(crate) struct Heading(StoredValue<Function, LocalStorage>);

impl Heading {
    /// The heading that `rename` changes.
    pub(crate) fn new(rename: Function) -> Self {
        Self(StoredValue::new_local(rename))
    }

    /// Gives it another text.
    pub(crate) fn set(self, text: &str) {
        self.0.with_value(|rename| {
            // The first module's function does not throw.
            let _ = rename.call1(&JsValue::NULL, &text.into());
        });
    }
}

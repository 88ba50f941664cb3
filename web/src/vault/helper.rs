//! Helpers of the vault: workers that do one kind of heavy work and know no network.

use wasm_bindgen::prelude::*;
use web_sys::{ErrorEvent, Event, Worker, WorkerOptions, WorkerType};

use crate::api::HelperRole;

/// Starts a helper.
///
/// # Errors
/// What the browser says, in words.
pub fn start(role: HelperRole) -> Result<Worker, String> {
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    options.set_name(role.name());
    Worker::new_with_options(role.address(), &options).map_err(|error| in_words(&error))
}

/// What an error event of a helper says.
#[must_use]
pub fn event_in_words(event: &Event) -> String {
    let reason = event.dyn_ref::<ErrorEvent>().map(ErrorEvent::message);
    reason.filter(|reason| !reason.is_empty()).unwrap_or_else(|| "it could not be loaded".to_owned())
}

/// What a thrown value says.
#[must_use]
pub fn in_words(value: &JsValue) -> String {
    let message = value.dyn_ref::<js_sys::Error>().map(|error| String::from(error.message()));
    message.or_else(|| value.as_string()).unwrap_or_else(|| "unknown".to_owned())
}

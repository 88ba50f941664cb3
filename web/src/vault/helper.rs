//! Helpers of the vault: workers that do one kind of heavy work and know no network.

use std::cell::Cell;
use std::rc::Rc;

use futures_channel::oneshot;
use wasm_bindgen::prelude::*;
use web_sys::{ErrorEvent, Event, MessageEvent, Worker, WorkerOptions, WorkerType};

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

/// A helper that is started for one task and ended with it; dropping this ends it before.
pub(crate) struct Errand<T> {
    worker: Worker,
    result: oneshot::Receiver<Result<T, String>>,
    _receive: Closure<dyn FnMut(MessageEvent)>,
    _fail: Closure<dyn FnMut(Event)>,
}

impl<T: 'static> Errand<T> {
    /// Starts a helper with its task. `counted` hears every number that it sends meanwhile; `read` makes the result of the
    /// first message that is none.
    ///
    /// # Errors
    /// What the browser says, in words, where the worker cannot be started.
    pub(crate) fn start(
        role: HelperRole,
        task: &JsValue,
        counted: impl Fn(u64) + 'static,
        read: fn(&JsValue) -> T,
    ) -> Result<Self, String> {
        let worker = start(role)?;
        let (sender, result) = oneshot::channel();
        let sender = Rc::new(Cell::new(Some(sender)));
        let receive = {
            let sender = Rc::clone(&sender);
            Closure::new(move |event: MessageEvent| {
                let message = event.data();
                if let Some(count) = message.as_f64() {
                    counted(whole(count));
                } else if let Some(sender) = sender.take() {
                    let _ = sender.send(Ok(read(&message)));
                }
            })
        };
        worker.set_onmessage(Some(receive.as_ref().unchecked_ref()));
        let fail = Closure::new(move |event: Event| {
            if let Some(sender) = sender.take() {
                let _ = sender.send(Err(event_in_words(&event)));
            }
        });
        worker.set_onerror(Some(fail.as_ref().unchecked_ref()));
        let errand = Self { worker, result, _receive: receive, _fail: fail };
        errand.worker.post_message(task).map_err(|error| in_words(&error))?;
        Ok(errand)
    }

    /// The result.
    ///
    /// # Errors
    /// What the browser says, in words, where the worker broke off.
    pub(crate) async fn result(mut self) -> Result<T, String> {
        (&mut self.result).await.unwrap_or_else(|_| Err("the worker was ended".to_owned()))
    }
}

impl<T> Drop for Errand<T> {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count for people; a cast saturates"
)]
fn whole(count: f64) -> u64 {
    count as u64
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

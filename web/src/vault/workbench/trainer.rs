//! The worker that trains. Dropping it ends whatever it does.

use std::cell::RefCell;
use std::rc::Rc;

use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures_util::StreamExt as _;
use futures_util::lock::Mutex;
use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{MessageEvent, Worker};

use crate::api::HelperRole;
use crate::messages::workbench::{FromTrainer, Task, TrainingProgress};
use crate::messages::{Fault, from_bytes, to_bytes};
use crate::vault::helper::{self, event_in_words, in_words};

/// A running worker.
pub(super) struct Trainer {
    worker: Worker,
    messages: Mutex<UnboundedReceiver<Result<FromTrainer, String>>>,
    _receive: Closure<dyn FnMut(MessageEvent)>,
    _fail: Closure<dyn FnMut(web_sys::Event)>,
}

impl Trainer {
    /// Starts one.
    pub(super) fn start() -> Result<Self, Fault> {
        let worker = helper::start(HelperRole::Train).map_err(|reason| ended(&reason))?;
        let (sender, messages) = unbounded();
        let sender: Rc<RefCell<UnboundedSender<_>>> = Rc::new(RefCell::new(sender));
        let receive = {
            let sender = Rc::clone(&sender);
            Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
                // Nobody listens any more once the trainer was dropped.
                let _ = sender.borrow().unbounded_send(read(&event.data()));
            })
        };
        worker.set_onmessage(Some(receive.as_ref().unchecked_ref()));
        let fail = Closure::<dyn FnMut(web_sys::Event)>::new(move |event: web_sys::Event| {
            let _ = sender.borrow().unbounded_send(Err(event_in_words(&event)));
        });
        worker.set_onerror(Some(fail.as_ref().unchecked_ref()));
        Ok(Self { worker, messages: Mutex::new(messages), _receive: receive, _fail: fail })
    }

    /// Has it do something, one thing after the other; `told` hears how far it is.
    pub(super) async fn ask(
        &self,
        task: &Task,
        told: impl Fn(TrainingProgress),
    ) -> Result<FromTrainer, Fault> {
        let mut messages = self.messages.lock().await;
        let bytes = to_bytes(task).map_err(|_| not_understood())?;
        let bytes = Uint8Array::from(bytes.as_slice());
        self.worker
            .post_message_with_transfer(&bytes, &Array::of1(&bytes.buffer()))
            .map_err(|error| ended(&in_words(&error)))?;
        loop {
            match messages.next().await {
                Some(Ok(FromTrainer::Progress(progress))) => told(progress),
                Some(Ok(end)) => return Ok(end),
                Some(Err(reason)) => return Err(ended(&reason)),
                None => return Err(ended("it was closed")),
            }
        }
    }
}

impl Drop for Trainer {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

/// What the worker says; a list says why it cannot work at all.
fn read(message: &JsValue) -> Result<FromTrainer, String> {
    match message.dyn_ref::<Uint8Array>() {
        Some(bytes) => from_bytes(&bytes.to_vec()).map_err(|error| error.to_string()),
        None => Err(message.dyn_ref::<Array>().map_or_else(String::new, |message| in_words(&message.get(1)))),
    }
}

fn ended(reason: &str) -> Fault {
    Fault::new(
        "train-worker",
        "The background worker that trains ended, perhaps for lack of memory. Close other tabs, then train again.",
    )
    .with_detail(reason)
}

pub(super) fn not_understood() -> Fault {
    ended("it said something else")
}

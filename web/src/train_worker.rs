//! The worker that learns from a table in clear and judges predictions. It holds no key and knows no network.
//!
//! Between vault and worker: the bytes of a [`Task`] one way, those of [`FromTrainer`] the other. Whoever wants a training to
//! stop ends the worker.

mod joint;
mod judge;
mod learn;
mod parts;

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;
use web_sys::MessageEvent;

pub use self::judge::Space;
use crate::messages::workbench::{FromTrainer, Task};
use crate::messages::{from_bytes, to_bytes};
use crate::time::scope;

/// Listens for tasks, for as long as the worker lives.
pub fn start() {
    // Distances are judged in the space that they were measured in.
    let space: Rc<RefCell<Space>> = Rc::default();
    let receive = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        let bytes = Uint8Array::new(&event.data()).to_vec();
        // Vault and worker are of one build.
        let Ok(task) = from_bytes::<Task>(&bytes) else { return };
        match task {
            Task::Train { table, training } => {
                let learned = learn::learn(&table, &training, &mut |progress| {
                    post(&FromTrainer::Progress(progress));
                });
                let trained = learned.map(|(learned, found)| {
                    space.replace(found);
                    Box::new(learned)
                });
                post(&FromTrainer::Trained(trained));
            }
            Task::Judge { interface, numbers, known, predictions } => {
                let space = space.borrow();
                let evaluation = judge::judge(&interface, &space, &numbers, &known, &predictions);
                post(&FromTrainer::Judged(evaluation));
            }
            Task::Joint(task) => post(&FromTrainer::Joint(joint::perform(&task))),
        }
    });
    scope().set_onmessage(Some(receive.as_ref().unchecked_ref()));
    receive.forget();
}

fn post(message: &FromTrainer) {
    if let Ok(bytes) = to_bytes(message) {
        let _ = scope().post_message(&Uint8Array::from(bytes.as_slice()));
    }
}

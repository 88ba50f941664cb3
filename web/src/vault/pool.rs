//! The pool of encrypt workers: started while a person looks at the table, so that its tables are made when the upload
//! begins, and ended with the upload. Dropping it ends the workers and the keys in them.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use futures_channel::oneshot;
use js_sys::{Array, ArrayBuffer, Uint8Array};
use veilsum_owner::keyring::Keyring;
use veilsum_protocol::row_group::Encryption;
use wasm_bindgen::prelude::*;
use web_sys::{MessageEvent, Worker};
use zeroize::Zeroizing;

use crate::api::HelperRole;
use crate::bfv_worker::{LogitsTask, OpenTask};
use crate::encrypt_worker::Batch;
use crate::messages::Fault;
use crate::time::scope;
use crate::vault::helper::{self, event_in_words, in_words};
use crate::vault::upload::shape::parameter_set;

/// Most workers: more would only share the same memory bandwidth.
const MAX_WORKERS: usize = 8;
/// Batches given to a worker at once, so that it never waits for the next.
const BATCHES_PER_WORKER: usize = 2;

/// Why a batch was not encrypted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PoolError {
    /// A worker could not be started.
    #[error("no encrypt worker could be started: {reason}")]
    NotStarted {
        /// What the browser says.
        reason: String,
    },
    /// A worker ended, e.g. for lack of memory.
    #[error("an encrypt worker has ended: {reason}")]
    Ended {
        /// What the browser says.
        reason: String,
    },
    /// The worker refused the batch.
    #[error("an encrypt worker refused a batch: {reason}")]
    Refused {
        /// Its words.
        reason: String,
    },
}

/// Running encrypt workers.
pub struct Pool {
    encryption: Encryption,
    workers: Vec<PoolWorker>,
    next_number: Cell<u32>,
}

struct PoolWorker {
    worker: Worker,
    waiting: Rc<RefCell<Waiting>>,
    _receive: Closure<dyn FnMut(MessageEvent)>,
    _fail: Closure<dyn FnMut(web_sys::Event)>,
}

#[derive(Default)]
struct Waiting {
    batches: HashMap<u32, oneshot::Sender<Result<Uint8Array, PoolError>>>,
    /// Why the worker works no more.
    failure: Option<PoolError>,
}

/// As many workers as the device has processors, within limits.
#[must_use]
pub fn worker_count() -> usize {
    worker_count_for(scope().navigator().hardware_concurrency())
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before it is cast")]
fn worker_count_for(processors: f64) -> usize {
    if processors.is_finite() { processors.clamp(1.0, MAX_WORKERS as f64) as usize } else { 1 }
}

impl Pool {
    /// Starts `count` workers and hands each the keys of `keyring` that `encryption` takes.
    ///
    /// # Errors
    /// [`PoolError::NotStarted`].
    pub fn start(keyring: &Keyring, encryption: Encryption, count: usize) -> Result<Self, PoolError> {
        let (role, keys) = match encryption {
            Encryption::Paillier { .. } => (HelperRole::Encrypt, keyring.to_worker_bytes()),
            Encryption::Bfv { .. } => {
                let set = parameter_set(encryption).ok_or_else(|| PoolError::NotStarted {
                    reason: "there is no such parameter set".to_owned(),
                })?;
                (HelperRole::Bfv, Zeroizing::new(keyring.bfv_secret_bytes(set).to_vec()))
            }
        };
        let workers = (0..count.max(1)).map(|_| PoolWorker::start(role, &keys)).collect::<Result<_, _>>()?;
        Ok(Self { encryption, workers, next_number: Cell::new(0) })
    }

    /// What its workers make.
    #[must_use]
    pub const fn encryption(&self) -> Encryption {
        self.encryption
    }

    /// Workers in the pool.
    #[must_use]
    pub fn worker_count(&self) -> usize {
        self.workers.len()
    }

    /// Batches that keep every worker busy.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.workers.len() * BATCHES_PER_WORKER
    }

    /// Whether every worker still works, as far as is known.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.workers.iter().all(|worker| worker.waiting.borrow().failure.is_none())
    }

    /// Hands `batch` to the worker with the least to do; its ciphertexts, back to back, come later.
    ///
    /// # Errors
    /// [`PoolError`] from the future.
    pub fn encrypt(&self, batch: &Batch) -> impl Future<Output = Result<Uint8Array, PoolError>> + use<> {
        let number = self.next_number();
        self.ask(number, batch.to_message(number))
    }

    /// Has a worker of the second engine open a partial answer; what it says comes later, as
    /// [`Opened::from_bytes`](crate::bfv_worker::Opened::from_bytes) reads it.
    ///
    /// # Errors
    /// [`PoolError`] from the future.
    pub fn open(&self, task: &OpenTask) -> impl Future<Output = Result<Uint8Array, PoolError>> + use<> {
        let number = self.next_number();
        self.ask(number, task.to_message(number))
    }

    /// Has a worker of the second engine open encrypted scores; what it says comes later, as
    /// [`LogitsTask::read`] reads it.
    ///
    /// # Errors
    /// [`PoolError`] from the future.
    pub fn open_logits(
        &self,
        task: &LogitsTask,
    ) -> impl Future<Output = Result<Uint8Array, PoolError>> + use<> {
        let number = self.next_number();
        self.ask(number, task.to_message(number))
    }

    fn next_number(&self) -> u32 {
        let number = self.next_number.get();
        self.next_number.set(number.wrapping_add(1));
        number
    }

    /// Hands a message to the worker with the least to do.
    fn ask(
        &self,
        number: u32,
        message: Result<(Array, ArrayBuffer), JsValue>,
    ) -> impl Future<Output = Result<Uint8Array, PoolError>> + use<> {
        let worker = self.workers.iter().min_by_key(|worker| worker.waiting.borrow().batches.len());
        let answer = worker.expect("a pool has at least one worker").give(number, message);
        async move {
            answer
                .await
                .unwrap_or_else(|_| Err(PoolError::Ended { reason: "the pool was closed".to_owned() }))
        }
    }
}

impl core::fmt::Debug for Pool {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.debug_struct("Pool").field("worker_count", &self.workers.len()).finish_non_exhaustive()
    }
}

impl PoolWorker {
    fn start(role: HelperRole, keys: &[u8]) -> Result<Self, PoolError> {
        let not_started = |reason| PoolError::NotStarted { reason };
        let worker = helper::start(role).map_err(not_started)?;
        let waiting: Rc<RefCell<Waiting>> = Rc::default();

        let receive = {
            let waiting = Rc::clone(&waiting);
            Closure::new(move |event: MessageEvent| {
                waiting.borrow_mut().receive(&event.data().unchecked_into())
            })
        };
        worker.set_onmessage(Some(receive.as_ref().unchecked_ref()));
        let fail = {
            let waiting = Rc::clone(&waiting);
            Closure::new(move |event: web_sys::Event| {
                waiting.borrow_mut().fail(&PoolError::Ended { reason: event_in_words(&event) });
            })
        };
        worker.set_onerror(Some(fail.as_ref().unchecked_ref()));

        let started = Self { worker, waiting, _receive: receive, _fail: fail };
        started.post_keys(keys).map_err(|error| not_started(in_words(&error)))?;
        Ok(started)
    }

    fn give(
        &self,
        number: u32,
        message: Result<(Array, ArrayBuffer), JsValue>,
    ) -> oneshot::Receiver<Result<Uint8Array, PoolError>> {
        let (sender, answer) = oneshot::channel();
        let failure = self.waiting.borrow().failure.clone();
        if let Some(failure) = failure {
            let _ = sender.send(Err(failure));
        } else if let Err(error) = message.and_then(|message| self.post(&message)) {
            let _ = sender.send(Err(PoolError::Ended { reason: in_words(&error) }));
        } else {
            self.waiting.borrow_mut().batches.insert(number, sender);
        }
        answer
    }

    fn post(&self, (message, buffer): &(Array, ArrayBuffer)) -> Result<(), JsValue> {
        self.worker.post_message_with_transfer(message, &Array::of1(buffer))
    }

    /// Sends the keys; their copy outside of wasm's memory becomes the worker's.
    fn post_keys(&self, bytes: &[u8]) -> Result<(), JsValue> {
        let bytes = Uint8Array::from(bytes);
        self.worker.post_message_with_transfer(&bytes, &Array::of1(&bytes.buffer()))
    }
}

impl Drop for PoolWorker {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

impl Waiting {
    fn receive(&mut self, message: &Array) {
        let (number, content) = (message.get(0), message.get(1));
        let content = match content.dyn_into::<Uint8Array>() {
            Ok(ciphertexts) => Ok(ciphertexts),
            Err(reason) => Err(PoolError::Refused { reason: in_words(&reason) }),
        };
        let sender = number.as_f64().and_then(as_number).and_then(|number| self.batches.remove(&number));
        match (sender, content) {
            (Some(sender), content) => {
                let _ = sender.send(content);
            }
            (None, Err(failure)) => self.fail(&failure),
            (None, Ok(_)) => {}
        }
    }

    fn fail(&mut self, failure: &PoolError) {
        for (_, sender) in self.batches.drain() {
            let _ = sender.send(Err(failure.clone()));
        }
        self.failure = Some(failure.clone());
    }
}

impl From<PoolError> for Fault {
    fn from(error: PoolError) -> Self {
        Self::new(
            "encrypt-worker",
            "Encryption stopped because one of the browser's background workers ended. What was sent is kept: close \
             other tabs to free memory, then resume the upload.",
        )
        .with_detail(error.to_string())
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked before it is cast")]
fn as_number(number: f64) -> Option<u32> {
    (number >= 0.0 && number <= f64::from(u32::MAX)).then_some(number as u32)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::worker_count_for;

    #[test]
    fn pools_have_one_to_eight_workers() {
        assert_eq!(worker_count_for(0.0), 1);
        assert_eq!(worker_count_for(4.0), 4);
        assert_eq!(worker_count_for(64.0), 8);
        assert_eq!(worker_count_for(f64::NAN), 1);
    }
}

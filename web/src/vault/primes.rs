//! The two primes of a new key, looked for by two prime workers at the same time.

use std::cell::Cell;
use std::rc::Rc;

use futures_channel::oneshot;
use futures_util::future::try_join;
use js_sys::{Array, Uint8Array};
use veilsum_owner::paillier::{ModulusSize, SecretPrime};
use wasm_bindgen::prelude::*;
use web_sys::{Event, MessageEvent, Worker};
use zeroize::Zeroizing;

use crate::api::HelperRole;
use crate::messages::Fault;
use crate::vault::helper;
use crate::vault::random::rng;

/// A prime worker; dropping it ends the search.
struct Search {
    worker: Worker,
    found: oneshot::Receiver<Result<SecretPrime, String>>,
    _receive: Closure<dyn FnMut(MessageEvent)>,
    _fail: Closure<dyn FnMut(Event)>,
}

/// Finds two primes for a key of this size; `tried` gets the number of candidates that both have tried. Dropping the
/// future ends both searches.
///
/// Where a worker cannot be started or ends early, the vault looks for its prime itself and answers nothing else
/// meanwhile.
///
/// # Errors
/// A [`Fault`] if the randomness of this device is broken.
pub async fn find(size: ModulusSize, tried: Rc<dyn Fn(u32)>) -> Result<[SecretPrime; 2], Fault> {
    let counts: [Rc<Cell<u32>>; 2] = Default::default();
    let search = |which: usize| {
        let (counts, tried) = (counts.clone(), Rc::clone(&tried));
        let count = move |count: u32| {
            counts[which].set(count);
            tried(counts.iter().map(|count| count.get()).sum());
        };
        async move {
            let found = match Search::start(size, count) {
                Ok(search) => search.found().await,
                Err(reason) => Err(reason),
            };
            match found {
                Ok(prime) => Ok(prime),
                Err(_) => SecretPrime::generate(size, &mut rng(), &mut || ()).map_err(Fault::from),
            }
        }
    };
    let (p, q) = try_join(search(0), search(1)).await?;
    Ok([p, q])
}

impl Search {
    fn start(size: ModulusSize, count: impl Fn(u32) + 'static) -> Result<Self, String> {
        let worker = helper::start(HelperRole::Prime)?;
        let (sender, found) = oneshot::channel();
        let sender = Rc::new(Cell::new(Some(sender)));
        let receive = {
            let sender = Rc::clone(&sender);
            Closure::new(move |event: MessageEvent| match read(&event.data()) {
                Message::Tried(tried) => count(tried),
                Message::Ended(result) => {
                    if let Some(sender) = sender.take() {
                        let _ = sender.send(result);
                    }
                }
            })
        };
        worker.set_onmessage(Some(receive.as_ref().unchecked_ref()));
        let fail = Closure::new(move |event: Event| {
            if let Some(sender) = sender.take() {
                let _ = sender.send(Err(helper::event_in_words(&event)));
            }
        });
        worker.set_onerror(Some(fail.as_ref().unchecked_ref()));
        let search = Self { worker, found, _receive: receive, _fail: fail };
        search.worker.post_message(&size.bits().into()).map_err(|error| helper::in_words(&error))?;
        Ok(search)
    }

    async fn found(mut self) -> Result<SecretPrime, String> {
        (&mut self.found).await.unwrap_or_else(|_| Err("the worker was ended".to_owned()))
    }
}

impl Drop for Search {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

enum Message {
    Tried(u32),
    Ended(Result<SecretPrime, String>),
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count for people")]
fn read(message: &JsValue) -> Message {
    if let Some(tried) = message.as_f64() {
        return Message::Tried(tried as u32);
    }
    Message::Ended(match message.dyn_ref::<Uint8Array>() {
        Some(bytes) => {
            let prime = Zeroizing::new(bytes.to_vec());
            bytes.fill(0, 0, bytes.length());
            SecretPrime::from_secret_bytes(&prime).map_err(|error| error.to_string())
        }
        None => Err(message
            .dyn_ref::<Array>()
            .map_or_else(String::new, |message| helper::in_words(&message.get(1)))),
    })
}

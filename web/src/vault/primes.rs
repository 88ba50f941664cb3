//! The two primes of a new key, looked for by two prime workers at the same time.

use std::cell::Cell;
use std::rc::Rc;

use futures_util::future::try_join;
use js_sys::{Array, Uint8Array};
use veilsum_owner::paillier::{ModulusSize, SecretPrime};
use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

use crate::api::HelperRole;
use crate::messages::Fault;
use crate::vault::helper::{self, Errand};
use crate::vault::random::rng;

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
        let count = move |count: u64| {
            counts[which].set(u32::try_from(count).unwrap_or(u32::MAX));
            tried(counts.iter().map(|count| count.get()).sum());
        };
        async move {
            let found = match Errand::start(HelperRole::Prime, &size.bits().into(), count, read) {
                Ok(search) => search.result().await,
                Err(reason) => Err(reason),
            };
            match found {
                Ok(Ok(prime)) => Ok(prime),
                Ok(Err(_)) | Err(_) => {
                    SecretPrime::generate(size, &mut rng(), &mut || ()).map_err(Fault::from)
                }
            }
        }
    };
    let (p, q) = try_join(search(0), search(1)).await?;
    Ok([p, q])
}

/// What a prime worker found, or why nothing.
fn read(message: &JsValue) -> Result<SecretPrime, String> {
    match message.dyn_ref::<Uint8Array>() {
        Some(bytes) => {
            let prime = Zeroizing::new(bytes.to_vec());
            bytes.fill(0, 0, bytes.length());
            SecretPrime::from_secret_bytes(&prime).map_err(|error| error.to_string())
        }
        None => Err(message
            .dyn_ref::<Array>()
            .map_or_else(String::new, |message| helper::in_words(&message.get(1)))),
    }
}

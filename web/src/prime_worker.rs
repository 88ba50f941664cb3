//! A prime worker: finds one prime of a key, tells how far it is, hands the prime over and is ended.
//!
//! ```text
//! vault → worker   number       bits of the modulus
//! worker → vault   number       candidates tried so far, now and then
//!                  Uint8Array   the prime
//!                  [-1, string] why there is none
//! ```

use js_sys::{Array, Uint8Array};
use veilsum_owner::paillier::{ModulusSize, SecretPrime};
use wasm_bindgen::prelude::*;
use web_sys::MessageEvent;

use crate::time::{Pace, scope};
use crate::vault::random::rng;

/// Waits for the size.
pub fn start() {
    let receive = Closure::<dyn FnMut(MessageEvent)>::new(|event: MessageEvent| {
        let _ = match search(&event.data()) {
            // Transferred, so that no copy stays here.
            Ok(prime) => scope().post_message_with_transfer(&prime, &Array::of1(&prime.buffer())),
            Err(reason) => scope().post_message(&Array::of2(&(-1.0).into(), &reason.into())),
        };
    });
    scope().set_onmessage(Some(receive.as_ref().unchecked_ref()));
    receive.forget();
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "other sizes are no size of a modulus"
)]
fn search(bits: &JsValue) -> Result<Uint8Array, String> {
    let size = bits.as_f64().and_then(|bits| ModulusSize::from_bits(bits as u64));
    let size = size.ok_or("the vault asked for a size that keys do not have")?;
    let mut pace = Pace::new();
    let mut tried = 0_u32;
    let mut count = || {
        tried += 1;
        if pace.is_due() {
            let _ = scope().post_message(&tried.into());
        }
    };
    let prime = SecretPrime::generate(size, &mut rng(), &mut count).map_err(|error| error.to_string())?;
    Ok(Uint8Array::from(prime.to_secret_bytes().as_slice()))
}

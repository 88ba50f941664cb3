//! An encrypt worker: gets the encryption keys once, then batches of values, and gives back ciphertext.
//!
//! Between vault and encrypt worker (structured clone, buffers transferred):
//!
//! ```text
//! vault → worker   Uint8Array                 first the keys
//! vault → worker   [BatchHead, BigInt64Array] then batches: what they are, and their values
//! worker → vault   [number, Uint8Array]       ciphertexts of batch `number`, back to back
//!                  [number, string]           why the batch could not be encrypted
//!                  [-1, string]               why the worker cannot work at all
//! ```
//!
//! Plain cells exist in both; both are the same browser's memory, and neither talks to the network.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, ArrayBuffer, BigInt64Array, Uint8Array};
use serde::{Deserialize, Serialize};
use veilsum_owner::block::encrypt_blocks;
use veilsum_owner::check::CheckLabel;
use veilsum_owner::keyring::EncryptionKeys;
use veilsum_protocol::{DatasetId, UploadId};
use wasm_bindgen::prelude::*;
use web_sys::MessageEvent;
use zeroize::Zeroizing;

use crate::time::scope;
use crate::vault::random::rng;

/// Consecutive blocks of one column of one row group.
#[derive(Clone, PartialEq, Eq)]
pub struct Batch {
    /// Place of the first block.
    pub first: CheckLabel,
    /// Index of the plaintext prime; 0 where there is none.
    pub prime: u8,
    /// The values of all blocks; every block but the last is full.
    pub values: Vec<i64>,
}

/// What a batch is, beside its values.
#[derive(Serialize, Deserialize)]
struct BatchHead {
    number: u32,
    dataset: DatasetId,
    upload: UploadId,
    column_set: u32,
    column: u32,
    block: u32,
    prime: u8,
}

impl Batch {
    /// The batch as it travels to a worker under a `number` of the caller's choice, with the buffer to transfer.
    ///
    /// # Errors
    /// The browser cannot make the objects.
    pub fn to_message(&self, number: u32) -> Result<(Array, ArrayBuffer), JsValue> {
        let CheckLabel { dataset, upload, column_set, column, block } = self.first;
        let head = BatchHead { number, dataset, upload, column_set, column, block, prime: self.prime };
        let values = BigInt64Array::from(self.values.as_slice());
        let message = Array::of2(&serde_wasm_bindgen::to_value(&head)?, &values);
        Ok((message, values.buffer().unchecked_into()))
    }

    /// Reads what [`Self::to_message`] made; `None` for anything else.
    #[must_use]
    pub fn from_message(message: &JsValue) -> Option<(u32, Self)> {
        let message: &Array = message.dyn_ref()?;
        let BatchHead { number, dataset, upload, column_set, column, block, prime } =
            serde_wasm_bindgen::from_value(message.get(0)).ok()?;
        let values = message.get(1).dyn_into::<BigInt64Array>().ok()?.to_vec();
        let first = CheckLabel { dataset, upload, column_set, column, block };
        Some((number, Self { first, prime, values }))
    }
}

/// Says where the values belong; what they are stays out of logs.
impl core::fmt::Debug for Batch {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter
            .debug_struct("Batch")
            .field("first", &self.first)
            .field("len", &self.values.len())
            .finish_non_exhaustive()
    }
}

/// Listens for the keys and for batches, for as long as the worker lives.
pub fn start() {
    let keys: Rc<RefCell<Option<EncryptionKeys>>> = Rc::default();
    let receive = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        let message = event.data();
        let mut keys = keys.borrow_mut();
        match keys.as_ref() {
            None => match take_keys(message.unchecked_ref()) {
                Ok(taken) => *keys = Some(taken),
                Err(reason) => refuse(-1.0, &reason),
            },
            Some(keys) => answer(keys, &message),
        }
    });
    scope().set_onmessage(Some(receive.as_ref().unchecked_ref()));
    receive.forget();
}

fn take_keys(message: &Uint8Array) -> Result<EncryptionKeys, String> {
    let bytes = Zeroizing::new(message.to_vec());
    message.fill(0, 0, message.length());
    let keys = EncryptionKeys::from_worker_bytes(&bytes).map_err(|error| error.to_string())?;
    keys.paillier().prepare(&mut |_, _| {});
    Ok(keys)
}

fn answer(keys: &EncryptionKeys, message: &JsValue) {
    let Some((number, batch)) = Batch::from_message(message) else {
        return refuse(-1.0, "the vault sent something that is no batch");
    };
    match encrypt(keys, &batch) {
        Ok(ciphertexts) => give_back(number, &ciphertexts),
        Err(reason) => refuse(number.into(), &reason),
    }
}

/// Sends what came of a batch.
pub(crate) fn give_back(number: u32, bytes: &[u8]) {
    let bytes = Uint8Array::from(bytes);
    let transfer = Array::of1(&bytes.buffer());
    let _ = scope().post_message_with_transfer(&Array::of2(&number.into(), &bytes), &transfer);
}

/// The ciphertexts of a batch, back to back.
///
/// # Errors
/// Why it cannot be encrypted, in words.
pub fn encrypt(keys: &EncryptionKeys, batch: &Batch) -> Result<Vec<u8>, String> {
    encrypt_blocks(keys.paillier(), keys.check_key(), &batch.first, &batch.values, &mut rng())
        .map_err(|error| error.to_string())
}

/// Says why a batch, or with −1 the worker, gives nothing.
pub(crate) fn refuse(number: f64, reason: &str) {
    let _ = scope().post_message(&Array::of2(&number.into(), &reason.into()));
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn batch() -> Batch {
        let first = CheckLabel {
            dataset: DatasetId::from_bytes([1; 16]),
            upload: UploadId::from_bytes([2; 16]),
            column_set: 0,
            column: 7,
            block: 90,
        };
        Batch { first, prime: 1, values: vec![0, 1, -1, i64::MAX, i64::MIN] }
    }

    #[cfg(target_arch = "wasm32")]
    #[test]
    fn batches_survive_the_way() {
        let (message, _) = batch().to_message(12).unwrap();
        assert_eq!(Batch::from_message(&message), Some((12, batch())));
    }

    #[cfg(target_arch = "wasm32")]
    #[test]
    fn what_is_no_batch_is_refused() {
        let (message, _) = batch().to_message(12).unwrap();
        assert_eq!(Batch::from_message(&JsValue::NULL), None);
        assert_eq!(Batch::from_message(&Array::of1(&message.get(0))), None);
        assert_eq!(Batch::from_message(&Array::of2(&message.get(1), &message.get(0))), None);
    }

    #[test]
    fn debug_output_holds_no_values() {
        assert!(!format!("{:?}", batch()).contains(&i64::MAX.to_string()));
    }
}

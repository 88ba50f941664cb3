//! An encrypt worker: gets the encryption keys once, then batches of values, and gives back ciphertext.
//!
//! Between vault and encrypt worker (structured clone, buffers transferred):
//!
//! ```text
//! vault → worker   Uint8Array             first the keys, then batches
//! worker → vault   [number, Uint8Array]   ciphertexts of batch `number`, back to back
//!                  [number, string]       why the batch could not be encrypted
//!                  [-1, string]           why the worker cannot work at all
//! ```
//!
//! Plain cells exist in both; both are the same browser's memory, and neither talks to the network.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, Uint8Array};
use veilsum_owner::block::encrypt_block;
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
    /// The values of all blocks; every block but the last is full.
    pub values: Vec<i64>,
}

const LABEL_BYTES: usize = 4 + DatasetId::BYTES + UploadId::BYTES + 3 * 4;

impl Batch {
    /// The batch as it travels to a worker under a `number` of the caller's choice.
    #[must_use]
    pub fn to_bytes(&self, number: u32) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(LABEL_BYTES + 8 * self.values.len());
        bytes.extend_from_slice(&number.to_le_bytes());
        bytes.extend_from_slice(self.first.dataset.as_bytes());
        bytes.extend_from_slice(self.first.upload.as_bytes());
        for field in [self.first.column_set, self.first.column, self.first.block] {
            bytes.extend_from_slice(&field.to_le_bytes());
        }
        for value in &self.values {
            bytes.extend_from_slice(&value.to_le_bytes());
        }
        bytes
    }

    /// Reads what [`Self::to_bytes`] wrote; `None` for anything else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<(u32, Self)> {
        let (number, rest) = bytes.split_first_chunk()?;
        let (dataset, rest) = rest.split_first_chunk()?;
        let (upload, rest) = rest.split_first_chunk()?;
        let (column_set, rest) = rest.split_first_chunk()?;
        let (column, rest) = rest.split_first_chunk()?;
        let (block, rest) = rest.split_first_chunk()?;
        let (values, rest) = rest.as_chunks();
        if !rest.is_empty() {
            return None;
        }
        let first = CheckLabel {
            dataset: DatasetId::from_bytes(*dataset),
            upload: UploadId::from_bytes(*upload),
            column_set: u32::from_le_bytes(*column_set),
            column: u32::from_le_bytes(*column),
            block: u32::from_le_bytes(*block),
        };
        let values = values.iter().map(|value| i64::from_le_bytes(*value)).collect();
        Some((u32::from_le_bytes(*number), Self { first, values }))
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
        let message: Uint8Array = event.data().unchecked_into();
        let mut keys = keys.borrow_mut();
        match keys.as_ref() {
            None => match take_keys(&message) {
                Ok(taken) => *keys = Some(taken),
                Err(reason) => refuse(-1.0, &reason),
            },
            Some(keys) => answer(keys, &message.to_vec()),
        }
    });
    scope().set_onmessage(Some(receive.as_ref().unchecked_ref()));
    receive.forget();
}

fn take_keys(message: &Uint8Array) -> Result<EncryptionKeys, String> {
    let bytes = Zeroizing::new(message.to_vec());
    message.fill(0, 0, message.length());
    EncryptionKeys::from_worker_bytes(&bytes).map_err(|error| error.to_string())
}

fn answer(keys: &EncryptionKeys, message: &[u8]) {
    let Some((number, batch)) = Batch::from_bytes(message) else {
        return refuse(-1.0, "the vault sent something that is no batch");
    };
    match encrypt(keys, &batch) {
        Ok(ciphertexts) => {
            let ciphertexts = Uint8Array::from(ciphertexts.as_slice());
            let transfer = Array::of1(&ciphertexts.buffer());
            let message = Array::of2(&number.into(), &ciphertexts);
            let _ = scope().post_message_with_transfer(&message, &transfer);
        }
        Err(reason) => refuse(number.into(), &reason),
    }
}

/// The ciphertexts of a batch, back to back.
///
/// # Errors
/// Why it cannot be encrypted, in words.
pub fn encrypt(keys: &EncryptionKeys, batch: &Batch) -> Result<Vec<u8>, String> {
    let public = keys.paillier().public_key();
    let slot_count = public.layout().slot_count() as usize;
    let block_count = batch.values.len().div_ceil(slot_count);
    let mut ciphertexts = Vec::with_capacity(block_count * public.ciphertext_bytes());
    let mut rng = rng();
    let mut label = batch.first;
    for slots in batch.values.chunks(slot_count) {
        let ciphertext = encrypt_block(keys.paillier(), keys.check_key(), &label, slots, &mut rng)
            .map_err(|error| error.to_string())?;
        ciphertexts.extend_from_slice(&ciphertext);
        label.block += 1;
    }
    Ok(ciphertexts)
}

fn refuse(number: f64, reason: &str) {
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
        Batch { first, values: vec![0, 1, -1, i64::MAX, i64::MIN] }
    }

    #[test]
    fn batches_survive_the_way() {
        assert_eq!(Batch::from_bytes(&batch().to_bytes(12)), Some((12, batch())));
    }

    #[test]
    fn cut_off_batches_are_refused() {
        let bytes = batch().to_bytes(12);
        assert_eq!(Batch::from_bytes(&bytes[..bytes.len() - 1]), None);
        assert_eq!(Batch::from_bytes(&bytes[..LABEL_BYTES - 1]), None);
    }

    #[test]
    fn debug_output_holds_no_values() {
        assert!(!format!("{:?}", batch()).contains(&i64::MAX.to_string()));
    }
}

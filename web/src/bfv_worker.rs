//! A worker of the second engine: gets the secret key once, then batches of values to encrypt and partial answers to open.
//!
//! Between vault and worker (structured clone, buffers transferred):
//!
//! ```text
//! vault → worker   Uint8Array                 first the key
//! vault → worker   [BatchHead, BigInt64Array] then batches, as an encrypt worker gets them
//!                  [OpenHead, Uint8Array]     or partial answers: what was asked for, and the bytes
//!                  [LogitsHead, Uint8Array]   or encrypted scores of a network
//! worker → vault   [number, Uint8Array]       ciphertexts back to back, or what was found in the partial
//!                  [number, string]           why nothing could be made of it
//!                  [-1, string]               why the worker cannot work at all
//! ```

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, ArrayBuffer, Uint8Array};
use num_bigint::BigInt;
use serde::{Deserialize, Serialize};
use veilsum_analysis::products::Product;
use veilsum_model::interface::Interface;
use veilsum_model::network::{self, Header};
use veilsum_owner::bfv::SecretKey;
use veilsum_owner::bfv::answer::{Expected, open_partial};
use veilsum_protocol::JobId;
use veilsum_protocol::plan::Plan;
use wasm_bindgen::prelude::*;
use web_sys::MessageEvent;
use zeroize::Zeroizing;

use crate::encrypt_worker::{Batch, give_back, refuse};
use crate::fault::sentence;
use crate::time::scope;
use crate::vault::random::rng;

/// A partial answer to open.
#[derive(Debug)]
pub struct OpenTask {
    /// What was asked for.
    pub head: OpenHead,
    /// The partial as it was stored.
    pub bytes: Vec<u8>,
}

/// What a partial answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OpenHead {
    number: u32,
    plan: String,
    job: JobId,
    row_group: u32,
    row_count: u32,
    /// Bound in decimal digits, primes, level and factors of each product.
    products: Vec<(String, u8, u8, u8)>,
}

impl OpenHead {
    /// For the partial of the row group of this index, with so many rows.
    #[must_use]
    pub fn new(plan: &Plan, products: &[Product], job: JobId, (row_group, row_count): (u32, u32)) -> Self {
        Self {
            number: 0,
            plan: String::from_utf8_lossy(&plan.to_bytes()).into_owned(),
            job,
            row_group,
            row_count,
            products: products
                .iter()
                .map(|product| {
                    let factors = u8::try_from(product.factors.len()).unwrap_or(u8::MAX);
                    (product.slot_bound.to_string(), product.primes, product.level, factors)
                })
                .collect(),
        }
    }
}

/// What came of a partial.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Opened {
    /// The total of each product, in decimal digits.
    Totals(Vec<String>),
    /// Why it was refused, in words.
    Refused(String),
}

/// Says nothing of decrypted numbers.
impl core::fmt::Debug for Opened {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Totals(totals) => write!(formatter, "Totals({}, hidden)", totals.len()),
            Self::Refused(reason) => write!(formatter, "Refused({reason:?})"),
        }
    }
}

impl Opened {
    /// Reads what a worker gave back; `None` for anything else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// The totals as numbers.
    ///
    /// # Errors
    /// Why there are none, in words.
    pub fn totals(&self) -> Result<Vec<BigInt>, String> {
        match self {
            Self::Totals(totals) => {
                let numbers = totals.iter().map(|total| total.parse());
                numbers.collect::<Result<_, _>>().map_err(|_| "a total is no number".to_owned())
            }
            Self::Refused(reason) => Err(reason.clone()),
        }
    }
}

impl OpenTask {
    /// The task as it travels to a worker under a `number` of the caller's choice, with the buffer to transfer.
    ///
    /// # Errors
    /// The browser cannot make the objects.
    pub fn to_message(&self, number: u32) -> Result<(Array, ArrayBuffer), JsValue> {
        let head = OpenHead { number, ..self.head.clone() };
        let bytes = Uint8Array::from(self.bytes.as_slice());
        let buffer = bytes.buffer();
        Ok((Array::of2(&serde_wasm_bindgen::to_value(&head)?, &bytes), buffer))
    }

    /// Reads what [`Self::to_message`] made; `None` for anything else.
    #[must_use]
    pub fn from_message(message: &JsValue) -> Option<(u32, Self)> {
        let message: &Array = message.dyn_ref()?;
        let head: OpenHead = serde_wasm_bindgen::from_value(message.get(0)).ok()?;
        let bytes = message.get(1).dyn_into::<Uint8Array>().ok()?.to_vec();
        Some((head.number, Self { head, bytes }))
    }

    /// What is in the partial.
    #[must_use]
    pub fn open(&self, key: &SecretKey) -> Opened {
        match self.totals(key) {
            Ok(totals) => Opened::Totals(totals.iter().map(BigInt::to_string).collect()),
            Err(reason) => Opened::Refused(reason),
        }
    }

    fn totals(&self, key: &SecretKey) -> Result<Vec<BigInt>, String> {
        let OpenHead { plan, job, row_group, row_count, products, .. } = &self.head;
        let plan = Plan::from_bytes(plan.as_bytes()).map_err(|error| sentence(&error))?;
        let expected = products.iter().map(|(bound, primes, level, factors)| {
            let slot_bound = bound.parse().map_err(|_| "a bound is no number".to_owned())?;
            Ok(Expected { slot_bound, primes: *primes, level: *level, factors: (*factors).into() })
        });
        let expected = expected.collect::<Result<Vec<_>, String>>()?;
        open_partial(key, &plan, *job, (*row_group, *row_count), &expected, &self.bytes)
            .map_err(|error| sentence(&error))
    }
}

/// Encrypted scores of a network to open.
#[derive(Debug)]
pub struct LogitsTask {
    /// [`Interface::to_bytes`].
    pub interface: Vec<u8>,
    /// [`Header::to_bytes`] of the query.
    pub query_header: Vec<u8>,
    /// The answer as it was stored.
    pub answer: Vec<u8>,
}

/// What encrypted scores answer, in hex.
#[derive(Debug, Serialize, Deserialize)]
struct LogitsHead {
    number: u32,
    interface: String,
    query_header: String,
}

/// What came of it: for each record its logits, in decimal digits.
type Logits = Result<Vec<Vec<String>>, String>;

impl LogitsTask {
    /// As [`OpenTask::to_message`].
    ///
    /// # Errors
    /// The browser cannot make the objects.
    pub fn to_message(&self, number: u32) -> Result<(Array, ArrayBuffer), JsValue> {
        let (interface, query_header) = (hex::encode(&self.interface), hex::encode(&self.query_header));
        let head = LogitsHead { number, interface, query_header };
        let bytes = Uint8Array::from(self.answer.as_slice());
        let buffer = bytes.buffer();
        Ok((Array::of2(&serde_wasm_bindgen::to_value(&head)?, &bytes), buffer))
    }

    /// Reads what [`Self::to_message`] made; `None` for anything else.
    #[must_use]
    pub fn from_message(message: &JsValue) -> Option<(u32, Self)> {
        let message: &Array = message.dyn_ref()?;
        let head: LogitsHead = serde_wasm_bindgen::from_value(message.get(0)).ok()?;
        let answer = message.get(1).dyn_into::<Uint8Array>().ok()?.to_vec();
        let interface = hex::decode(head.interface).ok()?;
        let query_header = hex::decode(head.query_header).ok()?;
        Some((head.number, Self { interface, query_header, answer }))
    }

    /// The logits of each record, from what a worker gave back.
    ///
    /// # Errors
    /// Why there are none, in words.
    pub fn read(bytes: &[u8]) -> Result<Vec<Vec<i128>>, String> {
        let logits: Logits = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        let parse = |record: Vec<String>| record.iter().map(|logit| logit.parse()).collect();
        let logits: Result<Vec<Vec<i128>>, _> = logits?.into_iter().map(parse).collect();
        logits.map_err(|_| "a logit is no number".to_owned())
    }

    fn open(&self, key: &SecretKey) -> Logits {
        let interface = Interface::from_bytes(&self.interface).map_err(|error| sentence(&error))?;
        let asked = Header::from_bytes(&self.query_header).map_err(|error| sentence(&error))?;
        let rows = asked.row_count as usize;
        let mut records = vec![Vec::with_capacity(interface.score_count as usize); rows];
        let logits =
            network::read_answer(&interface, &asked, &self.answer).map_err(|error| sentence(&error))?;
        for parts in logits {
            let decrypted = key
                .decrypt_covered(&parts, interface.score_bound(), rows)
                .map_err(|error| sentence(&error))?;
            for (record, logit) in records.iter_mut().zip(decrypted.slots.iter()) {
                record.push(logit.to_string());
            }
        }
        Ok(records)
    }
}

/// Listens for the key, for batches and for partials, for as long as the worker lives.
pub fn start() {
    let key: Rc<RefCell<Option<SecretKey>>> = Rc::default();
    let receive = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        let message = event.data();
        let mut key = key.borrow_mut();
        match key.as_ref() {
            None => match take_key(message.unchecked_ref()) {
                Ok(taken) => *key = Some(taken),
                Err(reason) => refuse(-1.0, &reason),
            },
            Some(key) => answer(key, &message),
        }
    });
    scope().set_onmessage(Some(receive.as_ref().unchecked_ref()));
    receive.forget();
}

fn take_key(message: &Uint8Array) -> Result<SecretKey, String> {
    let bytes = Zeroizing::new(message.to_vec());
    message.fill(0, 0, message.length());
    SecretKey::from_secret_bytes(&bytes).map_err(|error| error.to_string())
}

fn answer(key: &SecretKey, message: &JsValue) {
    if let Some((number, batch)) = Batch::from_message(message) {
        match encrypt(key, &batch) {
            Ok(ciphertexts) => give_back(number, &ciphertexts),
            Err(reason) => refuse(number.into(), &reason),
        }
    } else if let Some((number, task)) = OpenTask::from_message(message) {
        let opened = serde_json::to_vec(&task.open(key)).unwrap_or_default();
        give_back(number, &opened);
    } else if let Some((number, task)) = LogitsTask::from_message(message) {
        let logits = serde_json::to_vec(&task.open(key)).unwrap_or_default();
        give_back(number, &logits);
    } else {
        refuse(-1.0, "the vault sent something that is neither batch nor partial");
    }
}

/// The ciphertexts of a batch, back to back.
///
/// # Errors
/// Why it cannot be encrypted, in words.
pub fn encrypt(key: &SecretKey, batch: &Batch) -> Result<Vec<u8>, String> {
    let mut rng = rng();
    let mut ciphertexts = Vec::new();
    for block in batch.values.chunks(key.set().degree()) {
        let block = key.encrypt_block(batch.prime, block, &mut rng).map_err(|error| error.to_string())?;
        ciphertexts.append(&mut block.to_bytes());
    }
    Ok(ciphertexts)
}

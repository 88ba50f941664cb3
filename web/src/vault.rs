//! The vault: the worker that holds every key and every cell.
//!
//! The page asks with a [`Command`]; each is answered once. Long work runs as a [process](processes) that gives way
//! to other messages, so that it can be cancelled, and that locking the keyring ends.

mod analysis;
mod claim;
mod datasets;
mod details;
mod helper;
mod keyring;
mod objects;
mod original;
mod parquet;
mod past;
pub mod pool;
mod prepare;
mod primes;
mod processes;
pub mod random;
mod refine;
pub(crate) mod rows;
pub mod source;
mod spot;
pub mod store;
mod table;
mod twin;
mod upload;
mod workbench;

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Reflect, Uint8Array};
use veilsum_prepare::Recipe;
use veilsum_protocol::Digest;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{File, MessageEvent};
use zeroize::Zeroizing;

use crate::api::{HelperRole, Tell};
use crate::messages::{Command, Encoded, Event, Fault, FromVault, Reply, Request, from_bytes, to_bytes};
use crate::time::scope;
use crate::vault::keyring::Unlocked;
use crate::vault::processes::Processes;
use crate::vault::refine::Refining;
use crate::vault::source::Source;
use crate::vault::store::Store;
use crate::vault::table::OpenTable;
use crate::vault::twin::Twins;

/// Everything that the vault holds.
pub struct Vault {
    store: Store,
    tell: Tell,
    unlocked: RefCell<Option<Rc<Unlocked>>>,
    table: RefCell<Option<Rc<OpenTable>>>,
    refining: RefCell<Option<Rc<Refining>>>,
    /// The steps of the file that was open last, by its hash: another reading of it keeps them.
    steps: RefCell<Option<(Digest, Recipe)>>,
    twins: Twins,
    processes: Processes,
    bench: workbench::Bench,
}

/// Starts what this worker is for: the vault, or one of its helpers.
pub fn start_worker() {
    let address = format!("{}{}", scope().location().pathname(), scope().location().search());
    match HelperRole::ALL.into_iter().find(|role| role.address() == address) {
        Some(HelperRole::Encrypt) => crate::encrypt_worker::start(),
        Some(HelperRole::Prime) => crate::prime_worker::start(),
        // They are other binaries: see `bin/bfv.rs`, `bin/train.rs`, `bin/parquet.rs` and `bin/prepare.rs`.
        Some(HelperRole::Bfv | HelperRole::Train | HelperRole::Parquet | HelperRole::Prepare) => {}
        None => start(),
    }
}

/// Listens to the page. Requests that come before the store is open wait for it.
fn start() {
    let (sender, requests) = futures_channel::mpsc::unbounded::<JsValue>();
    let receive = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        // Fails only if the receiver is gone, and then the vault could not start.
        let _ = sender.unbounded_send(event.data());
    });
    scope().set_onmessage(Some(receive.as_ref().unchecked_ref()));
    receive.forget();
    spawn_local(async move {
        match Vault::open(store::DATABASE, Rc::new(|event| post(&FromVault::Event(event)))).await {
            Ok(vault) => Rc::new(vault).serve(requests).await,
            Err(fault) => post(&FromVault::Unable(fault)),
        }
    });
}

impl Vault {
    /// A vault over the database of this name; `tell` gets its events.
    ///
    /// # Errors
    /// A [`Fault`] where the browser gives this page no storage.
    pub async fn open(database: &str, tell: Tell) -> Result<Self, Fault> {
        Ok(Self {
            store: Store::open(database).await?,
            tell,
            unlocked: RefCell::default(),
            table: RefCell::default(),
            refining: RefCell::default(),
            steps: RefCell::default(),
            twins: Twins::default(),
            processes: Processes::default(),
            bench: workbench::Bench::default(),
        })
    }

    async fn serve(self: Rc<Self>, mut requests: futures_channel::mpsc::UnboundedReceiver<JsValue>) {
        use futures_util::StreamExt as _;

        match keyring::status(&self).await {
            Ok(status) => post(&FromVault::Ready(status)),
            Err(fault) => return post(&FromVault::Unable(fault)),
        }
        while let Some(message) = requests.next().await {
            let request = Reflect::get(&message, &"request".into()).map_err(|_| ()).and_then(|request| {
                // It may hold a passphrase.
                let posted = Uint8Array::new(&request);
                let bytes = Zeroizing::new(posted.to_vec());
                posted.fill(0, 0, posted.length());
                from_bytes::<Request>(&bytes).map_err(|_| ())
            });
            // A request that cannot be read has no number to answer to.
            let Ok(Request { id, command }) = request else { continue };
            let file = Reflect::get(&message, &"file".into()).ok().and_then(|file| file.dyn_into().ok());
            let vault = Rc::clone(&self);
            spawn_local(async move {
                let result = vault.perform(command, file).await;
                post(&FromVault::Reply { id, result });
            });
        }
    }

    /// Carries out one command; `file` is what travelled beside it.
    ///
    /// # Errors
    /// A [`Fault`] in words.
    pub async fn perform(self: &Rc<Self>, command: Command, file: Option<File>) -> Result<Reply, Fault> {
        match command {
            Command::KeyringStatus => keyring::status(self).await.map(Reply::Keyring),
            Command::CreateKeyring { passphrase, modulus_bits } => {
                keyring::create(self, passphrase.into(), modulus_bits).await.map(Reply::Keyring)
            }
            Command::UnlockKeyring { passphrase } => {
                keyring::unlock(self, passphrase.into()).await.map(Reply::Keyring)
            }
            Command::CancelKeyring => {
                keyring::cancel(self).await;
                Ok(Reply::Done)
            }
            Command::LockKeyring => keyring::lock(self).await.map(Reply::Keyring),
            Command::ExportKeyFile => keyring::export(self).await,
            Command::ImportKeyFile { passphrase } => {
                keyring::import(self, passphrase.into(), &needed(file)?).await.map(Reply::Keyring)
            }
            Command::RemoveKeyring => keyring::remove(self).await.map(Reply::Keyring),

            Command::OpenTable(options) => table::open(self, Source::from_file(needed(file)?), options)
                .await
                .map(|table| Reply::Table(Encoded::of(&table))),
            Command::OpenSample { file_name } => {
                table::open_sample(self, &file_name).await.map(|table| Reply::Table(Encoded::of(&table)))
            }
            Command::CurrentTable => refine::current(self),
            Command::CloseTable => {
                table::close(self).await;
                Ok(Reply::Done)
            }
            Command::Estimate(choices) => upload::estimate(self, &choices).await.map(Reply::Estimate),

            Command::StartUpload(choices) => upload::start(self, choices).await.map(Reply::Uploaded),
            Command::UnfinishedUploads => upload::unfinished(self).await.map(Reply::UnfinishedUploads),
            Command::ResumeUpload { dataset } => {
                upload::resume(self, dataset, file).await.map(Reply::Uploaded)
            }
            Command::CancelUpload => {
                upload::cancel(self).await;
                Ok(Reply::Done)
            }
            Command::DiscardUpload { dataset } => upload::discard(self, dataset).await.map(|()| Reply::Done),

            Command::ListDatasets => datasets::list(self).await.map(Reply::Datasets),
            Command::OpenDataset { dataset } => {
                datasets::open(self, dataset).await.map(|view| Reply::Dataset(Encoded::of(&view)))
            }
            Command::DeleteDataset { dataset } => datasets::delete(self, dataset).await.map(|()| Reply::Done),
            Command::OpenOriginal { dataset } => original::open(self, dataset).await,
            Command::CloudObjects { dataset } => {
                objects::of_dataset(self, dataset).await.map(|list| Reply::CloudObjects(Encoded::of(&list)))
            }

            Command::EstimateRun(run) => {
                let estimate = analysis::estimate(self, &run).await;
                estimate.map(|estimate| Reply::RunEstimate(Encoded::of(&estimate)))
            }
            Command::RunAnalyses(run) => {
                analysis::run(self, run).await.map(|answer| Reply::Answer(Encoded::of(&answer)))
            }
            Command::CancelJob => {
                analysis::cancel(self).await;
                Ok(Reply::Done)
            }
            Command::Twin(run) => {
                twin::of_run(self, &run, file).await.map(|twin| Reply::Twin(Encoded::of(&twin)))
            }

            Command::PastAnswers { dataset } => {
                past::list(self, dataset).await.map(|answers| Reply::PastAnswers(Encoded::of(&answers)))
            }
            Command::ForgetAnswer { dataset, id } => {
                past::forget(self, dataset, &id).await.map(|()| Reply::Done)
            }
            Command::VerifyCertificate { text } => {
                past::verify(&text).map(|view| Reply::Certificate(Encoded::of(&view)))
            }

            Command::AddColumns { run, batch, refinements } => {
                upload::extend::add_columns(self, run, batch, &refinements, file).await.map(Reply::Uploaded)
            }
            Command::AppendRows { dataset } => {
                upload::extend::append_rows(self, dataset, needed(file)?).await.map(Reply::Uploaded)
            }

            Command::Workbench(ask) => {
                let ask = ask.open().ok_or_else(not_understood)?;
                workbench::perform(self, ask, file).await.map(|told| Reply::Workbench(Encoded::of(&told)))
            }
            Command::Refine(ask) => {
                let ask = ask.open().ok_or_else(not_understood)?;
                refine::perform(self, ask).await.map(|told| Reply::Refine(Encoded::of(&told)))
            }
        }
    }

    /// The unlocked keyring.
    fn unlocked(&self) -> Result<Rc<Unlocked>, Fault> {
        self.unlocked.borrow().clone().ok_or_else(|| {
            Fault::new("locked", "The keyring is locked. Unlock it with your passphrase, then try again.")
        })
    }

    /// The open table.
    fn table(&self) -> Result<Rc<OpenTable>, Fault> {
        self.table
            .borrow()
            .clone()
            .ok_or_else(|| Fault::new("no-table", "No table is open. Choose the file, then try again."))
    }

    fn tell(&self, event: Event) {
        (self.tell)(event);
    }
}

impl core::fmt::Debug for Vault {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str("Vault")
    }
}

fn not_understood() -> Fault {
    Fault::new("not-understood", "The request cannot be read. Reload the page, then try again.")
}

fn needed(file: Option<File>) -> Result<File, Fault> {
    file.ok_or_else(|| Fault::new("no-file", "No file came with the request. Choose the file again."))
}

/// Posts to the page.
fn post(message: &FromVault) {
    if let Ok(bytes) = to_bytes(message) {
        let _ = scope().post_message(&Uint8Array::from(bytes.as_slice()));
    }
}

//! A module's end of the vault worker: replies as futures, events as signals. The commands of each module are in its
//! own `commands.rs`.
//!
//! All modules of the page listen to the same worker. Each takes the replies to its own requests, and what every reply
//! and event tells about the keyring and about running work.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use futures_channel::oneshot;
use js_sys::{Reflect, Uint8Array};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use veilsum_protocol::DatasetId;
use wasm_bindgen::prelude::*;
use web_sys::{ErrorEvent, File, MessageEvent, Worker, WorkerOptions, WorkerType};

use super::module::Module;
use crate::messages::{
    self, Command, Encoded, Event, Fault, FromVault, JobProgress, KeyringStatus, Progress, Reply, Request,
    UploadProgress,
};

const WORKER_SCRIPT: &str = "/worker-boot.js";

type Waiting = Rc<RefCell<HashMap<u32, oneshot::Sender<Result<Reply, Fault>>>>>;

/// The vault, as the page knows it.
#[derive(Clone, Copy)]
pub(crate) struct Vault {
    link: StoredValue<Link, LocalStorage>,
    /// Where the keyring stands; `None` until the vault is ready.
    pub(crate) keyring: RwSignal<Option<KeyringStatus>>,
    /// Why the vault does not work, if it does not.
    pub(crate) stopped: RwSignal<Option<Fault>>,
    /// The newest event of each kind.
    pub(crate) activity: Activity,
    /// The dataset that the newest request found gone, and what to say of it.
    pub(crate) gone: RwSignal<Option<(DatasetId, Fault)>>,
}

/// The newest event of each kind; cleared when the command that caused it ends.
#[derive(Clone, Copy)]
pub(crate) struct Activity {
    pub(crate) keygen: RwSignal<Option<(String, u32, u32)>>,
    pub(crate) reading: RwSignal<Option<Progress>>,
    pub(crate) upload: RwSignal<Option<UploadProgress>>,
    pub(crate) download: RwSignal<Option<Progress>>,
    pub(crate) job: RwSignal<Option<JobProgress>>,
    pub(crate) workbench: RwSignal<Option<Encoded<messages::workbench::Progress>>>,
    pub(crate) refining: RwSignal<Option<Progress>>,
    /// Counts how often the open table was prepared in another way.
    pub(crate) table_changes: RwSignal<u32>,
    pub(crate) waiting: RwSignal<String>,
}

struct Link {
    worker: Result<Worker, JsValue>,
    next_id: Cell<u32>,
    waiting: Waiting,
}

/// What is known of the vault: what another module needs to join.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Known {
    pub(super) keyring: Option<KeyringStatus>,
    pub(super) stopped: Option<Fault>,
}

/// Picks the one expected variant out of a reply.
macro_rules! variant {
    ($pattern:pat => $value:expr) => {
        |reply| if let $pattern = reply { Some($value) } else { None }
    };
}
pub(crate) use variant;

impl Vault {
    /// Starts the worker. Call once, in the first module; the vault lives as long as the page.
    pub(crate) fn spawn() -> Self {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options(WORKER_SCRIPT, &options);
        let stopped = worker.as_ref().err().map(|error| stopped_fault(&format!("{error:?}")));
        Self::over(worker, Module::First, Known { keyring: None, stopped })
    }

    /// The end of `module`, over the worker that the first one started. Call once.
    pub(crate) fn join(worker: Worker, module: Module, known: Known) -> Self {
        Self::over(Ok(worker), module, known)
    }

    fn over(worker: Result<Worker, JsValue>, module: Module, known: Known) -> Self {
        let vault = Self {
            link: StoredValue::new_local(Link {
                worker: worker.clone(),
                next_id: Cell::new(module.first_request()),
                waiting: Waiting::default(),
            }),
            keyring: RwSignal::new(known.keyring),
            stopped: RwSignal::new(known.stopped),
            activity: Activity {
                keygen: RwSignal::new(None),
                reading: RwSignal::new(None),
                upload: RwSignal::new(None),
                download: RwSignal::new(None),
                job: RwSignal::new(None),
                workbench: RwSignal::new(None),
                refining: RwSignal::new(None),
                table_changes: RwSignal::new(0),
                waiting: RwSignal::new(String::new()),
            },
            gone: RwSignal::new(None),
        };
        if let Ok(worker) = worker {
            vault.listen(&worker);
        }
        vault
    }

    /// What another module needs to [join](Self::join): the worker, and what is known of the vault now.
    pub(crate) fn introduce(self) -> (Option<Worker>, Known) {
        let known = Known { keyring: self.keyring.get_untracked(), stopped: self.stopped.get_untracked() };
        (self.link.with_value(|link| link.worker.clone().ok()), known)
    }

    fn listen(self, worker: &Worker) {
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            match event.data().dyn_into::<Uint8Array>() {
                Ok(bytes) => match messages::from_bytes(&bytes.to_vec()) {
                    Ok(message) => self.receive(message),
                    Err(_) => self.stop(stopped_fault("a message of the vault cannot be read")),
                },
                Err(unable) => self.stop(boot_fault(&unable)),
            }
        });
        let on_error = Closure::<dyn FnMut(ErrorEvent)>::new(move |event: ErrorEvent| {
            self.stop(stopped_fault(&event.message()));
        });
        // Not as the worker's own handlers, of which there is one each: other modules listen too.
        for (name, listener) in [("message", on_message.as_ref()), ("error", on_error.as_ref())] {
            let _ = worker.add_event_listener_with_callback(name, listener.unchecked_ref());
        }
        on_message.forget();
        on_error.forget();
    }

    fn receive(self, message: FromVault) {
        match message {
            FromVault::Ready(status) => self.keyring.set(Some(status)),
            FromVault::Unable(fault) => self.stop(fault),
            FromVault::Reply { id, result } => {
                if let Ok(Reply::Keyring(status)) = &result {
                    self.keyring.set(Some(status.clone()));
                }
                let waiting = self.link.with_value(|link| link.waiting.borrow_mut().remove(&id));
                if let Some(sender) = waiting {
                    // The asker may have left the screen; then nobody wants the reply.
                    let _ = sender.send(result);
                }
            }
            FromVault::Event(event) => self.activity.record(event),
        }
    }

    fn stop(self, fault: Fault) {
        let waiting = self.link.with_value(|link| core::mem::take(&mut *link.waiting.borrow_mut()));
        for sender in waiting.into_values() {
            let _ = sender.send(Err(fault.clone()));
        }
        self.activity.waiting.set(String::new());
        self.stopped.set(Some(fault));
    }

    async fn ask(self, command: Command, file: Option<File>) -> Result<Reply, Fault> {
        if let Some(fault) = self.stopped.get_untracked() {
            return Err(fault);
        }
        let (sender, receiver) = oneshot::channel();
        let posted = self.link.with_value(|link| {
            let id = link.next_id.get();
            link.next_id.set(id.wrapping_add(1));
            link.waiting.borrow_mut().insert(id, sender);
            link.worker.as_ref().map_err(Clone::clone)?.post_message(&parcel(id, command, file)?.into())
        });
        if let Err(error) = posted {
            return Err(stopped_fault(&format!("{error:?}")));
        }
        receiver.await.unwrap_or_else(|_| Err(stopped_fault("the reply was lost")))
    }

    /// Asks, and picks what is expected out of the reply.
    pub(crate) async fn expect<T>(
        self,
        command: Command,
        file: Option<File>,
        pick: fn(Reply) -> Option<T>,
    ) -> Result<T, Fault> {
        pick(self.ask(command, file).await?).ok_or_else(|| stopped_fault("a reply of another kind"))
    }

    /// Whether the keyring is unlocked.
    pub(crate) fn is_unlocked(self) -> bool {
        self.keyring.with(|status| matches!(status, Some(KeyringStatus::Unlocked { .. })))
    }

    /// As [`Self::is_unlocked`], for code that is not run again when it changes.
    pub(crate) fn is_unlocked_untracked(self) -> bool {
        self.keyring.with_untracked(|status| matches!(status, Some(KeyringStatus::Unlocked { .. })))
    }

    /// Whether the key file of the unlocked keyring was saved.
    pub(crate) fn is_kept(self) -> bool {
        self.keyring.with(|status| matches!(status, Some(KeyringStatus::Unlocked { kept: true, .. })))
    }
}

impl Activity {
    fn record(self, event: Event) {
        match event {
            Event::Keygen { stage, tried, expected } => self.keygen.set(Some((stage, tried, expected))),
            Event::Reading(progress) => self.reading.set(Some(progress)),
            Event::Upload(progress) => self.upload.set(Some(progress)),
            Event::Download(progress) => self.download.set(Some(progress)),
            Event::Job(progress) => self.job.set(Some(progress)),
            Event::Workbench(progress) => self.workbench.set(Some(progress)),
            Event::Refining(progress) => self.refining.set(Some(progress)),
            Event::TableChanged => self.table_changes.update(|changes| *changes += 1),
            Event::Waiting { message } => self.waiting.set(message),
        }
    }
}

/// `{ request, file? }`, as the vault expects it.
fn parcel(id: u32, command: Command, file: Option<File>) -> Result<js_sys::Object, JsValue> {
    let request = messages::to_bytes(&Request { id, command })
        .map_err(|_| JsValue::from_str("a request cannot be written"))?;
    let request = Uint8Array::from(request.as_slice());
    let parcel = js_sys::Object::new();
    Reflect::set(&parcel, &"request".into(), &request)?;
    if let Some(file) = file {
        Reflect::set(&parcel, &"file".into(), &file)?;
    }
    Ok(parcel)
}

/// What `/worker-boot.js` says where the wasm module does not run: `{ Unable: { code, message, detail } }`.
fn boot_fault(message: &JsValue) -> Fault {
    let unable = Reflect::get(message, &"Unable".into()).unwrap_or_default();
    let text = |name: &str| Reflect::get(&unable, &name.into()).ok().and_then(|value| value.as_string());
    match (text("code"), text("message")) {
        (Some(code), Some(message)) => Fault { code, message, detail: text("detail") },
        (None, _) | (_, None) => stopped_fault("a message of another kind"),
    }
}

fn stopped_fault(detail: &str) -> Fault {
    Fault {
        code: "vault-stopped".into(),
        message:
            "The part of this page that holds the keys stopped. Reload the page and unlock your keyring; \
                  everything that was stored is kept."
                .into(),
        detail: Some(detail.into()),
    }
}

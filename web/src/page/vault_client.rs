//! The page's end of the vault worker: one typed method per command, replies as futures, events as signals.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use futures_channel::oneshot;
use js_sys::{Reflect, Uint8Array};
use leptos::prelude::*;
use veilsum_protocol::DatasetId;
use wasm_bindgen::prelude::*;
use web_sys::{ErrorEvent, File, MessageEvent, Worker, WorkerOptions, WorkerType};

use crate::messages::{
    self, AnalysisRequest, AnswerView, CloudObject, Command, DatasetSummary, DatasetView, Event, Fault,
    FromVault, JobProgress, KeyringStatus, Progress, ReadOptions, Reply, Request, RunEstimate, TableView,
    TwinColumn, UnfinishedUpload, UploadChoices, UploadEstimate, UploadProgress, UploadSummary,
};

const WORKER_SCRIPT: &str = "/worker-boot.js";

type Waiting = Rc<RefCell<HashMap<u32, oneshot::Sender<Result<Reply, Fault>>>>>;

/// The vault, as the page knows it.
#[derive(Clone, Copy)]
pub(super) struct Vault {
    link: StoredValue<Link, LocalStorage>,
    /// Where the keyring stands; `None` until the vault is ready.
    pub(super) keyring: RwSignal<Option<KeyringStatus>>,
    /// Why the vault does not work, if it does not.
    pub(super) stopped: RwSignal<Option<Fault>>,
    /// The newest event of each kind.
    pub(super) activity: Activity,
    /// The dataset that the newest request found gone, and what to say of it.
    pub(super) gone: RwSignal<Option<(DatasetId, Fault)>>,
}

/// The newest event of each kind; cleared when the command that caused it ends.
#[derive(Clone, Copy)]
pub(super) struct Activity {
    pub(super) keygen: RwSignal<Option<(String, u32, u32)>>,
    pub(super) reading: RwSignal<Option<Progress>>,
    pub(super) upload: RwSignal<Option<UploadProgress>>,
    pub(super) download: RwSignal<Option<Progress>>,
    pub(super) job: RwSignal<Option<JobProgress>>,
    pub(super) waiting: RwSignal<String>,
}

struct Link {
    worker: Result<Worker, JsValue>,
    next_id: Cell<u32>,
    waiting: Waiting,
}

/// An original that was downloaded and opened.
pub(super) struct Original {
    pub(super) file_name: String,
    pub(super) url: String,
    pub(super) exact: bool,
}

/// A key file to save.
pub(super) struct KeyFile {
    pub(super) file_name: String,
    pub(super) bytes: Vec<u8>,
}

/// Picks the one expected variant out of a reply.
macro_rules! variant {
    ($pattern:pat => $value:expr) => {
        |reply| if let $pattern = reply { Some($value) } else { None }
    };
}

impl Vault {
    /// Starts the worker. Call once; the vault lives as long as the page.
    pub(super) fn spawn() -> Self {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options(WORKER_SCRIPT, &options);
        let vault = Self {
            link: StoredValue::new_local(Link {
                worker: worker.clone(),
                next_id: Cell::new(1),
                waiting: Waiting::default(),
            }),
            keyring: RwSignal::new(None),
            stopped: RwSignal::new(None),
            activity: Activity {
                keygen: RwSignal::new(None),
                reading: RwSignal::new(None),
                upload: RwSignal::new(None),
                download: RwSignal::new(None),
                job: RwSignal::new(None),
                waiting: RwSignal::new(String::new()),
            },
            gone: RwSignal::new(None),
        };
        match worker {
            Ok(worker) => vault.listen(&worker),
            Err(error) => vault.stop(stopped_fault(&format!("{error:?}"))),
        }
        vault
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
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        on_message.forget();
        let on_error = Closure::<dyn FnMut(ErrorEvent)>::new(move |event: ErrorEvent| {
            self.stop(stopped_fault(&event.message()));
        });
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        on_error.forget();
    }

    fn receive(self, message: FromVault) {
        match message {
            FromVault::Ready(status) => self.keyring.set(Some(status)),
            FromVault::Unable(fault) => self.stop(fault),
            FromVault::Reply { id, result } => {
                let waiting = self.link.with_value(|link| link.waiting.borrow_mut().remove(&id));
                if let Some(sender) = waiting {
                    // The asker may have left the page; then nobody wants the reply.
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
        self.stopped.set(Some(fault));
    }

    async fn ask(self, command: Command, file: Option<File>) -> Result<Reply, Fault> {
        if let Some(fault) = self.stopped.get_untracked() {
            return Err(fault);
        }
        if matches!(command, Command::CreateKeyring { .. } | Command::ImportKeyFile { .. }) {
            ask_to_persist();
        }
        let dataset = if let Command::OpenDataset { dataset }
        | Command::OpenOriginal { dataset }
        | Command::CloudObjects { dataset }
        | Command::EstimateRun { dataset, .. }
        | Command::RunAnalyses { dataset, .. }
        | Command::Twin { dataset } = &command
        {
            Some(*dataset)
        } else {
            None
        };
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
        let result = receiver.await.unwrap_or_else(|_| Err(stopped_fault("the reply was lost")));
        if let (Some(dataset), Err(fault)) = (dataset, &result)
            && fault.code == "dataset-gone"
        {
            self.gone.set(Some((dataset, fault.clone())));
        }
        result
    }

    async fn expect<T>(
        self,
        command: Command,
        file: Option<File>,
        pick: fn(Reply) -> Option<T>,
    ) -> Result<T, Fault> {
        pick(self.ask(command, file).await?).ok_or_else(|| stopped_fault("a reply of another kind"))
    }

    /// Whether the keyring is unlocked.
    pub(super) fn is_unlocked(self) -> bool {
        self.keyring.with(|status| matches!(status, Some(KeyringStatus::Unlocked { .. })))
    }

    /// Whether the key file of the unlocked keyring was saved.
    pub(super) fn is_kept(self) -> bool {
        self.keyring.with(|status| matches!(status, Some(KeyringStatus::Unlocked { kept: true, .. })))
    }

    async fn keyring_command(self, command: Command, file: Option<File>) -> Result<(), Fault> {
        let status = self.expect(command, file, variant!(Reply::Keyring(status) => status)).await;
        self.activity.keygen.set(None);
        self.keyring.set(Some(status?));
        Ok(())
    }

    pub(super) async fn create_keyring(self, passphrase: String, modulus_bits: u32) -> Result<(), Fault> {
        self.keyring_command(Command::CreateKeyring { passphrase, modulus_bits }, None).await
    }

    pub(super) async fn cancel_keyring(self) -> Result<(), Fault> {
        self.expect(Command::CancelKeyring, None, variant!(Reply::Done => ())).await
    }

    pub(super) async fn unlock_keyring(self, passphrase: String) -> Result<(), Fault> {
        self.keyring_command(Command::UnlockKeyring { passphrase }, None).await
    }

    pub(super) async fn lock_keyring(self) -> Result<(), Fault> {
        self.keyring_command(Command::LockKeyring, None).await
    }

    pub(super) async fn import_key_file(self, file: File, passphrase: String) -> Result<(), Fault> {
        self.keyring_command(Command::ImportKeyFile { passphrase }, Some(file)).await
    }

    pub(super) async fn remove_keyring(self) -> Result<(), Fault> {
        self.keyring_command(Command::RemoveKeyring, None).await
    }

    pub(super) async fn export_key_file(self) -> Result<KeyFile, Fault> {
        let pick = variant!(Reply::KeyFile { file_name, bytes } => KeyFile { file_name, bytes });
        let file = self.expect(Command::ExportKeyFile, None, pick).await?;
        self.keyring_command(Command::KeyringStatus, None).await?;
        Ok(file)
    }

    pub(super) async fn open_table(self, file: File, options: ReadOptions) -> Result<TableView, Fault> {
        self.read(Command::OpenTable(options), Some(file)).await
    }

    pub(super) async fn open_sample(self, file_name: String) -> Result<TableView, Fault> {
        self.read(Command::OpenSample { file_name }, None).await
    }

    async fn read(self, command: Command, file: Option<File>) -> Result<TableView, Fault> {
        let view = self.expect(command, file, variant!(Reply::Table(view) => *view)).await;
        self.activity.reading.set(None);
        view
    }

    pub(super) async fn estimate(self, choices: UploadChoices) -> Result<UploadEstimate, Fault> {
        self.expect(Command::Estimate(choices), None, variant!(Reply::Estimate(estimate) => estimate)).await
    }

    pub(super) async fn start_upload(self, choices: UploadChoices) -> Result<UploadSummary, Fault> {
        self.upload(Command::StartUpload(choices), None).await
    }

    pub(super) async fn resume_upload(
        self,
        dataset: DatasetId,
        file: Option<File>,
    ) -> Result<UploadSummary, Fault> {
        self.upload(Command::ResumeUpload { dataset }, file).await
    }

    async fn upload(self, command: Command, file: Option<File>) -> Result<UploadSummary, Fault> {
        self.activity.upload.set(None);
        let summary = self.expect(command, file, variant!(Reply::Uploaded(summary) => summary)).await;
        self.activity.waiting.set(String::new());
        summary
    }

    pub(super) async fn cancel_upload(self) -> Result<(), Fault> {
        self.expect(Command::CancelUpload, None, variant!(Reply::Done => ())).await
    }

    pub(super) async fn discard_upload(self, dataset: DatasetId) -> Result<(), Fault> {
        self.expect(Command::DiscardUpload { dataset }, None, variant!(Reply::Done => ())).await
    }

    pub(super) async fn unfinished_uploads(self) -> Result<Vec<UnfinishedUpload>, Fault> {
        self.expect(Command::UnfinishedUploads, None, variant!(Reply::UnfinishedUploads(list) => list)).await
    }

    pub(super) async fn datasets(self) -> Result<Vec<DatasetSummary>, Fault> {
        self.expect(Command::ListDatasets, None, variant!(Reply::Datasets(list) => list)).await
    }

    pub(super) async fn dataset(self, dataset: DatasetId) -> Result<DatasetView, Fault> {
        self.expect(Command::OpenDataset { dataset }, None, variant!(Reply::Dataset(view) => *view)).await
    }

    pub(super) async fn delete_dataset(self, dataset: DatasetId) -> Result<(), Fault> {
        self.expect(Command::DeleteDataset { dataset }, None, variant!(Reply::Done => ())).await
    }

    pub(super) async fn open_original(self, dataset: DatasetId) -> Result<Original, Fault> {
        let pick = variant!(Reply::Original { file_name, url, exact } => Original { file_name, url, exact });
        let original = self.expect(Command::OpenOriginal { dataset }, None, pick).await;
        self.activity.download.set(None);
        original
    }

    pub(super) async fn cloud_objects(self, dataset: DatasetId) -> Result<Vec<CloudObject>, Fault> {
        self.expect(Command::CloudObjects { dataset }, None, variant!(Reply::CloudObjects(list) => list))
            .await
    }

    pub(super) async fn estimate_run(
        self,
        dataset: DatasetId,
        analyses: Vec<AnalysisRequest>,
    ) -> Result<RunEstimate, Fault> {
        let command = Command::EstimateRun { dataset, analyses };
        self.expect(command, None, variant!(Reply::RunEstimate(estimate) => estimate)).await
    }

    pub(super) async fn run_analyses(
        self,
        dataset: DatasetId,
        analyses: Vec<AnalysisRequest>,
    ) -> Result<AnswerView, Fault> {
        self.activity.job.set(None);
        let command = Command::RunAnalyses { dataset, analyses };
        let answer = self.expect(command, None, variant!(Reply::Answer(answer) => *answer)).await;
        self.activity.job.set(None);
        self.activity.waiting.set(String::new());
        answer
    }

    pub(super) async fn cancel_job(self) -> Result<(), Fault> {
        self.expect(Command::CancelJob, None, variant!(Reply::Done => ())).await
    }

    pub(super) async fn twin(self, dataset: DatasetId, file: Option<File>) -> Result<Vec<TwinColumn>, Fault> {
        self.expect(Command::Twin { dataset }, file, variant!(Reply::Twin(columns) => columns)).await
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

/// Asks the browser not to evict the keyring and unfinished uploads; only a page may ask. The vault tells the answer.
fn ask_to_persist() {
    let storage = leptos::prelude::window().navigator().storage();
    // Absent outside secure contexts. The promise needs no waiting for: the browser remembers.
    if !storage.is_undefined() {
        let _ = storage.persist();
    }
}

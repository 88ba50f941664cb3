//! One run of an upload: register, send row groups, send the original, commit. Every step can be repeated.

use std::cell::RefCell;
use std::rc::Rc;

use veilsum_owner::seal;
use veilsum_protocol::DatasetId;
use veilsum_protocol::api::Object;

use crate::abort::{Abort, Aborted};
use crate::api::{ApiError, How, Patience};
use crate::messages::{Fault, UploadPhase, UploadSummary};
use crate::vault::Vault;
use crate::vault::keyring::Unlocked;
use crate::vault::random::{rng, upload_id};
use crate::vault::source::Source;
use crate::vault::upload::content::SetColumns;
use crate::vault::upload::meter::Meter;
use crate::vault::upload::original;
use crate::vault::upload::shape::Shape;
use crate::vault::upload::state::{GroupState, Transfer, UploadState};

/// How often objects are started over within one run.
const MAX_RESTARTS: u32 = 5;

/// Everything that one run needs.
pub(super) struct Run<'a> {
    pub(super) vault: &'a Vault,
    pub(super) unlocked: Rc<Unlocked>,
    pub(super) source: &'a Source,
    pub(super) dataset: DatasetId,
    pub(super) state: RefCell<UploadState>,
    pub(super) shape: Shape,
    pub(super) sets: Vec<SetColumns>,
    pub(super) meter: Meter,
    pub(super) abort: &'a Abort,
}

/// Why an attempt ended.
pub(super) enum Stop {
    /// For good.
    Fault(Fault),
    /// Storage lost what was sent of this object: it has to be sent again from its start.
    StartOver(Object),
}

impl<'a> Run<'a> {
    pub(super) fn new(
        vault: &'a Vault,
        unlocked: Rc<Unlocked>,
        source: &'a Source,
        state: UploadState,
        abort: &'a Abort,
    ) -> Result<Self, Fault> {
        let shape = state.shape()?;
        let sets = state.content.sets();
        let original_bytes = state.original.as_ref().map_or(0, |_| original::sealed_bytes_at_most(&state));
        let meter = Meter::new(
            Rc::clone(&vault.tell),
            state.dataset,
            state.file.row_count,
            state.content.column_count(),
            sets.iter().map(|set| shape.bytes(&set.columns)).sum::<u64>() + original_bytes,
        );
        let dataset = state.dataset;
        Ok(Self { vault, unlocked, source, dataset, state: RefCell::new(state), shape, sets, meter, abort })
    }

    /// Runs to the end.
    pub(super) async fn run(&self) -> Result<UploadSummary, Fault> {
        let mut restarts = 0;
        loop {
            match self.attempt().await {
                Ok(bytes) => {
                    return Ok(UploadSummary {
                        dataset: self.dataset,
                        rows: self.shape.row_count,
                        values: self.shape.row_count * self.state.borrow().content.column_count(),
                        bytes,
                        seconds: self.meter.laps(),
                    });
                }
                Err(Stop::Fault(fault)) => return Err(fault),
                Err(Stop::StartOver(object)) => {
                    restarts += 1;
                    if restarts > MAX_RESTARTS {
                        return Err(lost_again());
                    }
                    self.start_over(object).await?;
                    self.meter.start_over();
                }
            }
        }
    }

    /// One attempt; gives the bytes that the dataset takes up.
    async fn attempt(&self) -> Result<u64, Stop> {
        self.register().await?;
        self.meter.enter(UploadPhase::Encrypting, "check the file");
        self.send_groups().await?;
        self.meter.lap("encrypt and send");
        if self.state.borrow().original.is_some() {
            self.meter.enter(UploadPhase::Original, "");
            self.send_original().await?;
            self.meter.lap("seal and send the original");
        }
        self.meter.enter(UploadPhase::Committing, "");
        let bytes = self.commit().await?;
        self.meter.lap("seal, sign and commit");
        Ok(bytes)
    }

    /// Makes the dataset known to the cloud. Remembered here first, so that nothing is left behind there.
    async fn register(&self) -> Result<(), Stop> {
        if self.state.borrow().registered || self.state.borrow().base.is_some() {
            self.save().await?;
            return Ok(());
        }
        self.save().await?;
        self.unlocked.api.create_dataset(self.dataset, self.how()).await?;
        self.state.borrow_mut().registered = true;
        self.save().await?;
        Ok(())
    }

    /// Forgets what was sent of an object. A row group gets a fresh upload id: the old one stays with what it was
    /// used for.
    async fn start_over(&self, object: Object) -> Result<(), Fault> {
        {
            let mut state = self.state.borrow_mut();
            match object {
                Object::RowGroup { index } => {
                    let ordinal = state.ordinal(index);
                    if let Some(group) = ordinal.and_then(|ordinal| state.groups.get_mut(ordinal)) {
                        *group = GroupState::begin(upload_id(), group.content);
                    }
                }
                // A fresh salt: what is sent the next time may differ, and two contents must never share one.
                Object::Original => {
                    if let Some(original) = &mut state.original {
                        original.salt = seal::random_salt(&mut rng());
                        original.transfer = Transfer::default();
                    }
                }
                Object::Manifest { .. } => {
                    if let Some(transfer) = state.transfer_mut(object) {
                        *transfer = Transfer::default();
                    }
                }
            }
        }
        self.save().await
    }

    /// Notes progress with an object, here and in the browser's storage.
    pub(super) async fn note(&self, object: Object, change: impl FnOnce(&mut Transfer)) -> Result<(), Stop> {
        if let Some(transfer) = self.state.borrow_mut().transfer_mut(object) {
            change(transfer);
        }
        Ok(self.save().await?)
    }

    /// Notes that an object is stored whole, unless that is known.
    pub(super) async fn note_whole(&self, object: Object) -> Result<(), Stop> {
        if self.state.borrow().transfer(object).is_some_and(|transfer| transfer.whole) {
            return Ok(());
        }
        self.note(object, |transfer| transfer.whole = true).await
    }

    /// Stores the state in this browser.
    pub(super) async fn save(&self) -> Result<(), Fault> {
        let sealed = self.state.borrow().seal(&self.unlocked.keyring);
        Ok(self.vault.store.put_upload(self.unlocked.tenant(), self.dataset, &sealed).await?)
    }

    pub(super) fn how(&self) -> How<'a> {
        How { patience: Patience::Long, abort: self.abort }
    }
}

impl Stop {
    /// The far end of the way from making to sending has closed; its own error says why.
    pub(super) fn far_end_gone() -> Self {
        Self::Fault(Aborted.into())
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<ApiError> for Stop {
    fn from(error: ApiError) -> Self {
        Self::Fault(error.into())
    }
}

impl From<Aborted> for Stop {
    fn from(aborted: Aborted) -> Self {
        Self::Fault(aborted.into())
    }
}

/// The file is not (any more) what the upload began with. Code `file-changed` makes the upload be discarded.
pub(super) fn file_changed(source: &Source) -> Fault {
    Fault::new(
        "file-changed",
        &format!(
            "The file “{}” has changed while it was being encrypted, so this upload was discarded and nothing of it \
             is kept. Choose the file again.",
            source.name()
        ),
    )
}

fn lost_again() -> Fault {
    Fault::new(
        "transfer-lost",
        "The storage lost what was sent several times. Resume the upload later; what is stored whole is kept.",
    )
}

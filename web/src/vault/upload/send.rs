//! Sending: parts go straight to storage, each noted in the state as soon as it is stored.

use std::future::poll_fn;

use futures_channel::mpsc;
use futures_util::StreamExt as _;
use js_sys::Uint8Array;
use sha2::{Digest as _, Sha256};
use veilsum_protocol::Digest;
use veilsum_protocol::api::{CompleteUpload, Object, Part, RequestUpload, StoredObject};
use veilsum_protocol::manifest::PartEntry;
use web_sys::Blob;

use crate::api::ApiError;
use crate::messages::Fault;
use crate::vault::source::blob_of;
use crate::vault::upload::run::{Run, Stop};
use crate::vault::upload::state::Resume;

/// URLs that are tried for one part: they expire, and a part may arrive damaged.
const MAX_URLS: u32 = 6;
/// Bytes of ciphertext that the page shows.
const SAMPLE_BYTES: usize = 24;

/// What is handed from making to sending.
pub(super) enum Outgoing {
    /// A part to send.
    Part(OutgoingPart),
    /// All parts of an object were handed over: it can be made whole.
    Whole(Object),
}

/// A part, ready to be sent.
pub(super) struct OutgoingPart {
    pub(super) object: Object,
    pub(super) number: u32,
    pub(super) entry: PartEntry,
    pub(super) body: Blob,
    /// Hex of some of its ciphertext.
    pub(super) sample: Option<String>,
}

/// Puts a part together piece by piece, outside of wasm's memory.
pub(super) struct PartBuilder {
    pieces: Vec<Uint8Array>,
    hash: Sha256,
    size_bytes: u64,
    sample: Option<String>,
}

impl PartBuilder {
    pub(super) fn new() -> Self {
        Self { pieces: Vec::new(), hash: Sha256::new(), size_bytes: 0, sample: None }
    }

    /// Adds bytes that are no ciphertext, e.g. a header.
    pub(super) fn push_clear(&mut self, bytes: &[u8]) {
        self.add(Uint8Array::from(bytes), bytes);
    }

    /// Adds ciphertext that was made here.
    pub(super) fn push_sealed(&mut self, bytes: &[u8]) {
        self.take_sample(bytes);
        self.add(Uint8Array::from(bytes), bytes);
    }

    /// Adds ciphertext that came from an encrypt worker.
    pub(super) fn push(&mut self, piece: Uint8Array) {
        let bytes = piece.to_vec();
        self.take_sample(&bytes);
        self.add(piece, &bytes);
    }

    fn take_sample(&mut self, bytes: &[u8]) {
        if self.sample.is_none() {
            self.sample = Some(hex::encode(&bytes[..bytes.len().min(SAMPLE_BYTES)]));
        }
    }

    fn add(&mut self, piece: Uint8Array, bytes: &[u8]) {
        self.hash.update(bytes);
        self.size_bytes += bytes.len() as u64;
        self.pieces.push(piece);
    }

    pub(super) fn finish(self, object: Object, number: u32) -> Result<OutgoingPart, Fault> {
        let sha256 = Digest::from_bytes(self.hash.finalize().into());
        let entry = PartEntry { size_bytes: self.size_bytes, sha256 };
        Ok(OutgoingPart { object, number, entry, body: blob_of(&self.pieces)?, sample: self.sample })
    }
}

/// The way from making to sending: while one part is sent, one more may be made, and no further.
pub(super) struct Way(mpsc::Sender<Outgoing>);

/// A way and its far end.
pub(super) fn way() -> (Way, mpsc::Receiver<Outgoing>) {
    // A sender always has one place of its own.
    let (sender, receiver) = mpsc::channel(0);
    (Way(sender), receiver)
}

impl Way {
    /// Waits until there is room for one thing more.
    pub(super) async fn ready(&mut self) -> Result<(), Stop> {
        poll_fn(|context| self.0.poll_ready(context)).await.map_err(|_| Stop::far_end_gone())
    }

    /// Hands over.
    pub(super) async fn send(&mut self, outgoing: Outgoing) -> Result<(), Stop> {
        self.ready().await?;
        self.0.start_send(outgoing).map_err(|_| Stop::far_end_gone())
    }
}

impl Run<'_> {
    /// Sends whatever comes until the other end is closed.
    pub(super) async fn deliver(&self, mut incoming: mpsc::Receiver<Outgoing>) -> Result<(), Stop> {
        while let Some(outgoing) = incoming.next().await {
            match outgoing {
                Outgoing::Part(part) => self.send_part(&part).await?,
                Outgoing::Whole(object) => self.complete(object).await?,
            }
        }
        Ok(())
    }

    /// What is to be done about an object that may have been begun by an earlier attempt.
    pub(super) async fn resume_object(
        &self,
        object: Object,
        expected: Option<usize>,
    ) -> Result<Resume, Stop> {
        let transfer = self.state.borrow().transfer(object).cloned().unwrap_or_default();
        if transfer.whole {
            return Ok(Resume::Whole);
        }
        if transfer.id.is_none() {
            return Ok(if transfer.parts.is_empty() { Resume::GoOn } else { Resume::StartOver });
        }
        let request = RequestUpload { object, transfer: transfer.id.clone(), parts: Vec::new() };
        match self.unlocked.api.request_upload(self.dataset, &request, self.how()).await {
            Ok(cloud) => Ok(transfer.resume(&cloud, expected)),
            Err(error) if error.is_transfer_gone() => Ok(Resume::StartOver),
            Err(error) => Err(error.into()),
        }
    }

    /// Sends one part and notes that it is stored.
    pub(super) async fn send_part(&self, part: &OutgoingPart) -> Result<(), Stop> {
        let object = part.object;
        let named =
            Part { number: part.number, size_bytes: part.entry.size_bytes, sha256: part.entry.sha256 };
        for _ in 0..MAX_URLS {
            let transfer = self.state.borrow().transfer(object).and_then(|transfer| transfer.id.clone());
            let request = RequestUpload { object, transfer: transfer.clone(), parts: vec![named] };
            let answer = self.unlocked.api.request_upload(self.dataset, &request, self.how()).await;
            let upload = match answer {
                Ok(upload) => upload,
                Err(error) if error.is_transfer_gone() => return Err(Stop::StartOver(object)),
                Err(error) => return Err(error.into()),
            };
            if upload.stored {
                return Err(match object {
                    // A commit that was cancelled here has gone through there meanwhile: the next look at it decides.
                    Object::Manifest { .. } => Stop::StartOver(object),
                    Object::RowGroup { .. } | Object::Original => stored_otherwise(object).into(),
                });
            }
            if transfer.is_none() {
                self.note(object, |state| state.id = upload.transfer.clone()).await?;
            } else if transfer != upload.transfer {
                return Err(Stop::StartOver(object));
            }
            let Some(url) = upload.urls.iter().find(|url| url.number == part.number) else {
                return Err(ApiError::NotUnderstood.into());
            };
            match self.unlocked.api.put_part(url, &part.body, self.how()).await {
                Ok(()) => {
                    self.note(object, |state| {
                        state.parts.insert(part.number, part.entry);
                    })
                    .await?;
                    self.meter.sent(part.entry.size_bytes, part.sample.as_deref());
                    return Ok(());
                }
                Err(error) if error.is_transfer_gone() => return Err(Stop::StartOver(object)),
                // Expired, or damaged on its way: with a new URL it may go through.
                Err(ApiError::Storage { status: 400 | 403, .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Fault::new(
            "part-refused",
            "The storage refused a part of the upload several times. What was sent is kept: check this device's \
             clock, then resume the upload.",
        )
        .into())
    }

    /// Makes one object out of its parts.
    async fn complete(&self, object: Object) -> Result<(), Stop> {
        let transfer = self.state.borrow().transfer(object).cloned().unwrap_or_default();
        let Some(id) = transfer.id.clone() else { return Err(Stop::StartOver(object)) };
        let request = CompleteUpload { object, transfer: id.clone(), parts: transfer.as_parts() };
        match self.unlocked.api.complete_upload(self.dataset, &request, self.how()).await {
            Ok(stored) if is_as_sent(&stored, &transfer.as_parts()) => {}
            Ok(_) => return Err(stored_otherwise(object).into()),
            Err(error) if matches!(error.code(), Some("part-missing" | "part-differs")) => {
                return Err(Stop::StartOver(object));
            }
            Err(error) if error.is_transfer_gone() => {
                // Maybe it was completed and the answer was lost.
                let request = RequestUpload { object, transfer: Some(id), parts: Vec::new() };
                match self.unlocked.api.request_upload(self.dataset, &request, self.how()).await {
                    Ok(cloud) if cloud.stored => {}
                    Ok(_) => return Err(Stop::StartOver(object)),
                    Err(error) if error.is_transfer_gone() => return Err(Stop::StartOver(object)),
                    Err(error) => return Err(error.into()),
                }
            }
            Err(error) => return Err(error.into()),
        }
        self.note(object, |state| state.whole = true).await
    }
}

/// Whether the stored object has the size and the composite checksum of its parts.
fn is_as_sent(stored: &StoredObject, parts: &[Part]) -> bool {
    let size_bytes: u64 = parts.iter().map(|part| part.size_bytes).sum();
    let checksum = Digest::composite(parts.iter().map(|part| &part.sha256)).to_base64();
    let expected = format!("{checksum}-{}", parts.len());
    stored.size_bytes == size_bytes && stored.checksum.as_ref().is_none_or(|checksum| *checksum == expected)
}

/// Nothing that is stored is ever overwritten, so that only a new dataset helps.
pub(super) fn stored_otherwise(object: Object) -> Fault {
    let what = match object {
        Object::RowGroup { index } => format!("Row group {index}"),
        Object::Original => "The sealed original".to_owned(),
        Object::Manifest { .. } => "The manifest".to_owned(),
    };
    Fault::new(
        "stored-otherwise",
        &format!(
            "{what} of this upload is stored in the cloud with other contents than were sent. Discard the upload and \
             upload the file again."
        ),
    )
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn stored(size_bytes: u64, checksum: Option<String>) -> StoredObject {
        StoredObject { key: "k".to_owned(), size_bytes, checksum, url: String::new() }
    }

    #[test]
    fn stored_objects_are_compared_with_what_was_sent() {
        let parts = [
            Part { number: 1, size_bytes: 5, sha256: Digest::of(b"first") },
            Part { number: 2, size_bytes: 6, sha256: Digest::of(b"second") },
        ];
        let composite = Digest::composite(parts.iter().map(|part| &part.sha256)).to_base64();
        assert!(is_as_sent(&stored(11, Some(format!("{composite}-2"))), &parts));
        assert!(is_as_sent(&stored(11, None), &parts));
        assert!(!is_as_sent(&stored(11, Some(format!("{composite}-1"))), &parts));
        assert!(!is_as_sent(&stored(12, None), &parts));
    }
}

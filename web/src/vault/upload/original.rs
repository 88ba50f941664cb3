//! The sealed original: the file as it is, or written anew without some columns, sealed part by part.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use futures_util::future::try_join;
use veilsum_owner::seal::{self, CHUNK_BYTES, Sealer};
use veilsum_protocol::api::Object;
use veilsum_table::csv_out::CsvWriter;

use crate::messages::Fault;
use crate::vault::random::rng;
use crate::vault::refine::lineage;
use crate::vault::rows::Rows;
use crate::vault::source::unreadable;
use crate::vault::upload::run::{Run, Stop, file_changed};
use crate::vault::upload::send::{Outgoing, PartBuilder, Way, stored_otherwise, way};
use crate::vault::upload::state::{OriginalState, Resume, Transfer, UploadState};

/// Chunks in every part but the last: 5 MiB of plaintext, a little more sealed.
const PART_CHUNKS: u64 = 320;
const PART_BYTES: usize = 320 * CHUNK_BYTES;
/// What one object may have in parts.
const MAX_PARTS: u64 = veilsum_protocol::api::MAX_PARTS as u64;

impl OriginalState {
    /// A new sealed original: `exact`, byte for byte, or written anew without some columns.
    #[must_use]
    pub fn begin(exact: bool) -> Self {
        Self { salt: seal::random_salt(&mut rng()), exact, plaintext_bytes: 0, transfer: Transfer::default() }
    }
}

/// Most bytes that the sealed original takes up.
pub(super) fn sealed_bytes_at_most(state: &UploadState) -> u64 {
    seal::sealed_len(state.file.size_bytes)
}

/// Whether a file of this size fits one object.
pub(super) fn fits(size_bytes: u64) -> bool {
    size_bytes / (PART_BYTES as u64) < MAX_PARTS
}

impl Run<'_> {
    /// Seals and sends the original, unless it is stored.
    pub(super) async fn send_original(&self) -> Result<(), Stop> {
        let object = Object::Original;
        match self.resume_object(object, None).await? {
            Resume::Whole => return self.note_whole(object).await,
            Resume::GoOn => {}
            Resume::StartOver => return Err(Stop::StartOver(object)),
            Resume::Impossible => return Err(stored_otherwise(object).into()),
        }
        self.renew_salt_if_begun().await?;
        let Some(original) = self.state.borrow().original.clone() else { return Ok(()) };
        let sealer = self.unlocked.keyring.original_sealer(&self.dataset, original.salt);
        let (way, far_end) = way();
        let make = async {
            let mut parts = Parts { run: self, sealer, way, next: 1 };
            if original.exact { parts.seal_file().await } else { parts.seal_kept_columns().await }
        };
        try_join(make, self.deliver(far_end)).await?;
        Ok(())
    }

    /// A file that is written anew might come out differently in another version of this program, and two contents
    /// must never share a salt: so an interrupted one starts over under a fresh salt.
    async fn renew_salt_if_begun(&self) -> Result<(), Stop> {
        let renewed = self.state.borrow().original.as_ref().and_then(|original| {
            let begun = !original.exact && original.transfer != Transfer::default();
            let salt = seal::random_salt(&mut rng());
            begun.then(|| OriginalState { salt, transfer: Transfer::default(), ..original.clone() })
        });
        if renewed.is_some() {
            self.state.borrow_mut().original = renewed;
            self.save().await?;
        }
        Ok(())
    }
}

/// Cuts the plaintext into parts, seals them and hands them over.
struct Parts<'a> {
    run: &'a Run<'a>,
    sealer: Sealer,
    way: Way,
    /// Number of the next part.
    next: u32,
}

impl Parts<'_> {
    /// The file byte for byte; parts that are stored are not even read.
    async fn seal_file(&mut self) -> Result<(), Stop> {
        let source = self.run.source;
        let total = source.size_bytes();
        let mut start = 0;
        loop {
            let end = total.min(start + PART_BYTES as u64);
            // A chunk that is not full ends the file, and there always is one, if an empty one.
            let is_last = end - start < PART_BYTES as u64;
            let size_bytes = sealed_part_bytes(end - start, self.next == 1, is_last);
            if self.is_stored() {
                self.run.meter.resumed(0, size_bytes);
                self.next += 1;
            } else {
                self.way.ready().await?;
                self.run.abort.check()?;
                let plaintext =
                    source.read_range(start..end).map_err(|error| unreadable(source.name(), &error))?;
                self.hand_over(&plaintext, is_last).await?;
            }
            if is_last {
                return self.finish(total).await;
            }
            start = end;
        }
    }

    /// The columns of which something is left, as a new CSV file: of the rows as they are in the file, whatever they became.
    async fn seal_kept_columns(&mut self) -> Result<(), Stop> {
        let (options, sha256) = {
            let state = self.run.state.borrow();
            (state.file.options.clone(), state.file.sha256)
        };
        let source = &self.run.source.clone().unprepared();
        let written = Buffer::default();
        let mut rows = Rows::read(source, &options)?;
        let left_out = {
            let state = self.run.state.borrow();
            let preparation = state.file.preparation.as_ref();
            lineage::without(rows.header(), preparation, &state.file.columns, &state.treatments)?
        };
        let keep: Vec<bool> = rows.header().iter().map(|name| !left_out.contains(name)).collect();
        let in_memory = "a buffer in memory takes everything";
        let mut writer = if options.first_row_is_data == Some(true) {
            CsvWriter::without_header(written.clone(), &keep)
        } else {
            CsvWriter::new(written.clone(), rows.header(), &keep).expect(in_memory)
        };
        let mut total = 0;
        while rows.next(self.run.abort).await? {
            writer.write_row(rows.written()).expect(in_memory);
            while let Some(plaintext) = written.take(PART_BYTES) {
                total += plaintext.len() as u64;
                self.way.ready().await?;
                self.hand_over(&plaintext, false).await?;
            }
        }
        if rows.digest() != sha256 {
            return Err(file_changed(source).into());
        }
        writer.finish().expect(in_memory);
        while let Some(plaintext) = written.take(PART_BYTES) {
            total += plaintext.len() as u64;
            self.hand_over(&plaintext, false).await?;
        }
        let rest = written.take_all();
        self.hand_over(&rest, true).await?;
        self.finish(total + rest.len() as u64).await
    }

    async fn hand_over(&mut self, plaintext: &[u8], is_last: bool) -> Result<(), Stop> {
        let mut part = PartBuilder::new();
        if self.next == 1 {
            part.push_clear(&self.sealer.header());
        }
        let first_chunk = u64::from(self.next - 1) * PART_CHUNKS;
        part.push_sealed(&self.sealer.seal_range(first_chunk, plaintext, is_last));
        let part = part.finish(Object::Original, self.next)?;
        self.next += 1;
        self.way.send(Outgoing::Part(part)).await
    }

    async fn finish(&mut self, plaintext_bytes: u64) -> Result<(), Stop> {
        if let Some(original) = self.run.state.borrow_mut().original.as_mut() {
            original.plaintext_bytes = plaintext_bytes;
        }
        self.way.send(Outgoing::Whole(Object::Original)).await
    }

    fn is_stored(&self) -> bool {
        let state = self.run.state.borrow();
        state.transfer(Object::Original).is_some_and(|transfer| transfer.parts.contains_key(&self.next))
    }
}

/// Bytes of a sealed part of so much plaintext.
fn sealed_part_bytes(plaintext_bytes: u64, is_first: bool, is_last: bool) -> u64 {
    let chunks = plaintext_bytes / CHUNK_BYTES as u64 + u64::from(is_last);
    let header = if is_first { seal::HEADER_BYTES as u64 } else { 0 };
    header + plaintext_bytes + chunks * seal::TAG_BYTES as u64
}

/// Bytes that were written and not yet sealed.
#[derive(Clone, Default)]
struct Buffer(Rc<RefCell<Vec<u8>>>);

impl Buffer {
    /// The first `length` bytes, if there are so many.
    fn take(&self, length: usize) -> Option<Vec<u8>> {
        let mut bytes = self.0.borrow_mut();
        if bytes.len() < length {
            return None;
        }
        let rest = bytes.split_off(length);
        Some(core::mem::replace(&mut *bytes, rest))
    }

    fn take_all(&self) -> Vec<u8> {
        self.0.take()
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The fault for a file that is too large to be kept as a sealed original.
pub(super) fn too_large() -> Fault {
    Fault::new(
        "file-too-large",
        "The file is too large to be kept as a sealed original. Upload it without keeping the original.",
    )
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn parts_add_up_to_the_sealed_file() {
        let part = PART_BYTES as u64;
        for total in [0, 1, 16_384, part - 1, part, part + 1, 3 * part] {
            let mut sum = 0;
            let mut start = 0;
            loop {
                let end = total.min(start + part);
                let is_last = end - start < part;
                sum += sealed_part_bytes(end - start, start == 0, is_last);
                if is_last {
                    break;
                }
                start = end;
            }
            assert_eq!(sum, seal::sealed_len(total), "{total}");
        }
    }

    #[test]
    fn every_part_but_the_last_is_large_enough_for_storage() {
        assert!(
            sealed_part_bytes(PART_BYTES as u64, false, false) >= veilsum_protocol::row_group::MIN_PART_BYTES
        );
    }

    #[test]
    fn buffers_give_whole_parts_first() {
        let mut buffer = Buffer::default();
        buffer.write_all(b"abcdefg").unwrap();
        assert_eq!(buffer.take(3).as_deref(), Some(b"abc".as_slice()));
        assert_eq!(buffer.take(5), None);
        assert_eq!(buffer.take_all(), b"defg");
    }
}

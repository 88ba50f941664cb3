//! A file in this browser, read slice by slice: nothing of it is held longer than needed.

use std::cell::RefCell;
use std::io::{self, Read};
use std::ops::Range;
use std::rc::Rc;

use js_sys::{Array, Uint8Array};
use sha2::{Digest as _, Sha256};
use veilsum_protocol::Digest;
use veilsum_protocol::manifest::Preparation;
use veilsum_table::Found;
use veilsum_table::csv::Skipped;
use veilsum_table::types::ColumnType;
use web_sys::{Blob, File, FileReaderSync};

use crate::messages::Fault;
use crate::rows_out::RowsHead;

/// Bytes that are read at once.
const SLICE_BYTES: u64 = 256 << 10;

/// A file that a person chose, or a bundled sample.
#[derive(Debug, Clone)]
pub struct Source {
    blob: Blob,
    name: String,
    size_bytes: u64,
    is_sample: bool,
    /// Of a Parquet file.
    rows: Option<Rc<DerivedRows>>,
    prepared: Option<Rc<PreparedRows>>,
}

/// Rows that were made of a file, as CSV in a blob.
#[derive(Debug)]
pub struct DerivedRows {
    blob: Blob,
    /// SHA-256 of the file.
    sha256: Digest,
    head: RowsHead,
}

impl DerivedRows {
    /// The rows of the file with this hash.
    #[must_use]
    pub fn new(blob: Blob, sha256: Digest, head: RowsHead) -> Self {
        Self { blob, sha256, head }
    }

    /// SHA-256 of the file.
    #[must_use]
    pub fn sha256(&self) -> Digest {
        self.sha256
    }

    /// The rows themselves.
    #[must_use]
    pub fn blob(&self) -> &Blob {
        &self.blob
    }

    /// What is known of them.
    #[must_use]
    pub fn head(&self) -> &RowsHead {
        &self.head
    }

    /// What the cells of each column mean.
    #[must_use]
    pub fn types(&self) -> &[Found<ColumnType>] {
        &self.head.types
    }

    /// Rows that were left out because they cannot be used.
    #[must_use]
    pub fn skipped(&self) -> &Skipped {
        &self.head.skipped
    }
}

/// Rows that a recipe made of those of a file.
#[derive(Debug)]
pub struct PreparedRows {
    /// The rows.
    pub rows: DerivedRows,
    /// What made them, as the manifest records it.
    pub preparation: Preparation,
}

impl Source {
    /// The file as it is now; if it changes, reading it fails.
    #[must_use]
    pub fn from_file(file: File) -> Self {
        Self { name: file.name(), ..Self::from_blob(file.into()) }
    }

    /// A blob without a name.
    #[must_use]
    pub fn from_blob(blob: Blob) -> Self {
        Self {
            name: String::new(),
            size_bytes: size_of(&blob),
            blob,
            is_sample: false,
            rows: None,
            prepared: None,
        }
    }

    /// A bundled sample.
    ///
    /// # Errors
    /// A [`Fault`] if the browser makes no blob of it.
    pub fn from_sample(name: &str, bytes: &[u8]) -> Result<Self, Fault> {
        let blob = blob_of(&[Uint8Array::from(bytes)])?;
        Ok(Self { name: name.to_owned(), is_sample: true, ..Self::from_blob(blob) })
    }

    /// The same file with its rows at hand.
    #[must_use]
    pub fn with_rows(self, rows: DerivedRows) -> Self {
        Self { rows: Some(Rc::new(rows)), ..self }
    }

    /// The same file with its rows prepared.
    #[must_use]
    pub fn with_prepared(self, prepared: PreparedRows) -> Self {
        Self { prepared: Some(Rc::new(prepared)), ..self }
    }

    /// The same file with its rows as they are in it.
    #[must_use]
    pub fn unprepared(self) -> Self {
        Self { prepared: None, ..self }
    }

    /// The rows of a Parquet file as they are in it, once it was read.
    #[must_use]
    pub fn rows(&self) -> Option<&DerivedRows> {
        self.rows.as_deref()
    }

    /// What prepared the rows that it gives, if anything did.
    #[must_use]
    pub fn preparation(&self) -> Option<&Preparation> {
        self.prepared.as_ref().map(|prepared| &prepared.preparation)
    }

    /// The words for blanks in the rows that it gives, where `of_file` are those of the file: prepared rows have no such
    /// words left, and a number that a step has computed may look like one of them.
    #[must_use]
    pub fn missing_words<'a>(&self, of_file: &'a [String]) -> &'a [String] {
        if self.prepared.is_some() { &[] } else { of_file }
    }

    /// The rows that it gives, where others than itself made them.
    #[must_use]
    pub fn derived(&self) -> Option<&DerivedRows> {
        self.prepared.as_ref().map(|prepared| &prepared.rows).or_else(|| self.rows())
    }

    /// The file itself.
    #[must_use]
    pub fn blob(&self) -> &Blob {
        &self.blob
    }

    /// Name of the file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its size.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Whether it is a bundled sample.
    #[must_use]
    pub fn is_sample(&self) -> bool {
        self.is_sample
    }

    /// Starts reading the file itself.
    #[must_use]
    pub fn reader(&self) -> SourceReader {
        SourceReader::new(&self.blob, None)
    }

    /// Starts reading its rows, as text.
    #[must_use]
    pub fn rows_reader(&self) -> SourceReader {
        match self.derived() {
            Some(rows) => SourceReader::new(&rows.blob, Some(rows.sha256)),
            None => self.reader(),
        }
    }

    /// Bytes that [`Self::rows_reader`] gives.
    #[must_use]
    pub fn rows_bytes(&self) -> u64 {
        self.derived().map_or(self.size_bytes, |rows| size_of(&rows.blob))
    }

    /// Some of its bytes.
    ///
    /// # Errors
    /// [`io::Error`] if the file has been changed, moved or removed.
    pub fn read_range(&self, range: Range<u64>) -> io::Result<Vec<u8>> {
        read_range(&self.blob, range)
    }

    /// All of its bytes; for small files only.
    ///
    /// # Errors
    /// A [`Fault`] if the file has been changed, moved or removed.
    pub fn read_all(&self) -> Result<Vec<u8>, Fault> {
        self.read_range(0..self.size_bytes).map_err(|error| unreadable(&self.name, &error))
    }
}

fn read_range(blob: &Blob, range: Range<u64>) -> io::Result<Vec<u8>> {
    let failed = |_| io::Error::other("the browser could not read the file");
    let (start, end) = (as_offset(range.start), as_offset(range.end));
    let slice = blob.slice_with_f64_and_f64(start, end).map_err(failed)?;
    let buffer =
        FileReaderSync::new().and_then(|reader| reader.read_as_array_buffer(&slice)).map_err(failed)?;
    let bytes = Uint8Array::new(&buffer).to_vec();
    if bytes.len() as u64 == range.end - range.start {
        Ok(bytes)
    } else {
        Err(io::Error::other("the file is shorter than it was"))
    }
}

/// Reads a [`Source`] from its start and hashes all that it gives.
#[derive(Debug)]
pub struct SourceReader {
    blob: Blob,
    size_bytes: u64,
    /// The hash of the file, where what is read was made of another one.
    sha256: Option<Digest>,
    /// Offset of the next slice.
    next: u64,
    slice: Vec<u8>,
    /// Bytes of the slice that were given.
    used: usize,
    hash: Rc<RefCell<Sha256>>,
}

/// The hash of what a [`SourceReader`] has read so far.
#[derive(Debug)]
pub struct RunningHash {
    running: Rc<RefCell<Sha256>>,
    known: Option<Digest>,
}

impl SourceReader {
    fn new(blob: &Blob, sha256: Option<Digest>) -> Self {
        Self {
            blob: blob.clone(),
            size_bytes: size_of(blob),
            sha256,
            next: 0,
            slice: Vec::new(),
            used: 0,
            hash: Rc::new(RefCell::new(Sha256::new())),
        }
    }

    /// The hash, to be asked after the reader was given away.
    #[must_use]
    pub fn running_hash(&self) -> RunningHash {
        RunningHash { running: Rc::clone(&self.hash), known: self.sha256 }
    }
}

impl RunningHash {
    /// SHA-256 of everything so far; of rows that were made of a file, that of the file.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.known.unwrap_or_else(|| Digest::from_bytes(self.running.borrow().clone().finalize().into()))
    }
}

impl Read for SourceReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.used == self.slice.len() {
            let end = self.size_bytes.min(self.next + SLICE_BYTES);
            if self.next == end {
                return Ok(0);
            }
            self.slice = read_range(&self.blob, self.next..end)?;
            if self.sha256.is_none() {
                self.hash.borrow_mut().update(&self.slice);
            }
            self.next = end;
            self.used = 0;
        }
        let count = buffer.len().min(self.slice.len() - self.used);
        buffer[..count].copy_from_slice(&self.slice[self.used..self.used + count]);
        self.used += count;
        Ok(count)
    }
}

/// The fault for a file that cannot be read (any more).
#[must_use]
pub fn unreadable(name: &str, error: &io::Error) -> Fault {
    Fault::new(
        "file-unreadable",
        &format!(
            "The file “{name}” could not be read: it may have been changed, moved or removed since it was chosen. \
             Choose it again."
        ),
    )
    .with_detail(error.to_string())
}

/// A blob of buffers, which the browser may keep outside of this worker's memory.
///
/// # Errors
/// A [`Fault`] if the browser refuses, e.g. for lack of space.
pub fn blob_of<T: AsRef<wasm_bindgen::JsValue>>(pieces: &[T]) -> Result<Blob, Fault> {
    let list = Array::new();
    for piece in pieces {
        list.push(piece.as_ref());
    }
    Blob::new_with_blob_sequence(&list).map_err(|_| {
        Fault::new(
            "out-of-memory",
            "The browser has no space left for this. Close other tabs, then try again.",
        )
    })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size is whole and below 2^53")]
fn size_of(blob: &Blob) -> u64 {
    blob.size() as u64
}

#[expect(clippy::cast_precision_loss, reason = "an offset in a file is below 2^53")]
fn as_offset(offset: u64) -> f64 {
    offset as f64
}

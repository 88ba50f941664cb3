//! Gzip around a file: unpacked as it is read, with caps on what comes out.

use std::cell::Cell;
use std::fmt;
use std::io::{self, BufReader, Cursor, Read};
use std::rc::Rc;

use flate2::bufread::MultiGzDecoder;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::words::{as_count, grouped};

/// The first bytes of a gzip file.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
/// Packed bytes that are read at once.
const PACKED_BUFFER_BYTES: usize = 1 << 16;
/// Unpacked bytes below which no expansion is too large: a small file of one repeated row is no bomb.
const RATIO_FREE_BYTES: u64 = 16 << 20;

/// What unpacking may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Most bytes that may come out.
    pub max_unpacked_bytes: u64,
    /// Most bytes that may come out of each byte, once 16 MiB have come out. Tables have 3 to 30, deflate at most 1,032.
    pub max_ratio: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_unpacked_bytes: 64 << 30, max_ratio: 200 }
    }
}

/// Why a gzip file cannot be unpacked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UnpackError {
    /// It ends before its end.
    #[error(
        "The gzip file is cut off: it ends at byte {} in the middle of its content. Copy or download it again.",
        grouped(*.byte)
    )]
    CutOff {
        /// Length of the file.
        byte: u64,
    },
    /// Its content is no gzip, or its check sum is wrong.
    #[error(
        "The gzip file is damaged at or shortly before byte {}. Copy or download it again, or unpack it with another program.",
        grouped(*.byte)
    )]
    Damaged {
        /// Packed bytes up to which it was read.
        byte: u64,
    },
    /// It grows too much.
    #[error(
        "The gzip file grows more than {ratio}-fold up to byte {}, as no table does, and was not unpacked further. Check \
         where it comes from.",
        grouped(*.byte)
    )]
    Bomb {
        /// Packed bytes up to which it was read.
        byte: u64,
        /// The largest growth allowed.
        ratio: u64,
    },
    /// It unpacks to too much.
    #[error(
        "The gzip file holds more than {} bytes, the most that is unpacked. Split the table into several files.",
        grouped(*.maximum)
    )]
    TooLarge {
        /// Most bytes that may come out.
        maximum: u64,
    },
}

/// How many bytes of a file were read; shared with whoever shows the progress.
#[derive(Debug, Clone, Default)]
pub(crate) struct Position(Rc<Cell<u64>>);

impl Position {
    pub(crate) fn get(&self) -> u64 {
        self.0.get()
    }
}

/// A reader that counts what it gave.
struct Counted<R> {
    /// The first bytes, which were looked at before.
    head: Cursor<Vec<u8>>,
    reader: R,
    position: Position,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = match self.head.read(out)? {
            0 => self.reader.read(out)?,
            count => count,
        };
        self.position.0.set(self.position.get() + as_count(count));
        Ok(count)
    }
}

/// The content of a file, unpacked if it is gzip.
pub struct Unpacked<R: Read> {
    stream: Stream<R>,
    limits: Limits,
    unpacked_bytes: u64,
    position: Position,
}

enum Stream<R: Read> {
    Plain(Counted<R>),
    Gzip(Box<MultiGzDecoder<BufReader<Counted<R>>>>),
}

impl<R: Read> Unpacked<R> {
    /// Looks at the first bytes of `reader`.
    ///
    /// # Errors
    /// Those of `reader`.
    pub fn new(mut reader: R, limits: &Limits) -> io::Result<Self> {
        let mut head = Vec::with_capacity(GZIP_MAGIC.len());
        reader.by_ref().take(as_count(GZIP_MAGIC.len())).read_to_end(&mut head)?;
        let is_gzip = head == GZIP_MAGIC;
        let position = Position::default();
        let counted = Counted { head: Cursor::new(head), reader, position: position.clone() };
        let stream = if is_gzip {
            let buffered = BufReader::with_capacity(PACKED_BUFFER_BYTES, counted);
            Stream::Gzip(Box::new(MultiGzDecoder::new(buffered)))
        } else {
            Stream::Plain(counted)
        };
        Ok(Self { stream, limits: *limits, unpacked_bytes: 0, position })
    }

    /// Whether the file is gzip.
    #[must_use]
    pub fn is_gzip(&self) -> bool {
        matches!(self.stream, Stream::Gzip(_))
    }

    /// Bytes of the file itself that were read so far.
    pub(crate) fn position(&self) -> Position {
        self.position.clone()
    }
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let decoder = match &mut self.stream {
            Stream::Plain(reader) => return reader.read(out),
            Stream::Gzip(decoder) => decoder,
        };
        let read = decoder.read(out);
        let unread = as_count(decoder.get_ref().buffer().len());
        let byte = self.position.get().saturating_sub(unread);
        let count = read.map_err(|error| fault(error, byte))?;
        self.unpacked_bytes = self.unpacked_bytes.saturating_add(as_count(count));
        let Limits { max_unpacked_bytes, max_ratio } = self.limits;
        if self.unpacked_bytes > max_unpacked_bytes {
            return Err(io::Error::other(UnpackError::TooLarge { maximum: max_unpacked_bytes }));
        }
        if self.unpacked_bytes > RATIO_FREE_BYTES && self.unpacked_bytes / max_ratio > byte {
            return Err(io::Error::other(UnpackError::Bomb { byte, ratio: max_ratio }));
        }
        Ok(count)
    }
}

/// A fault of the gzip stream; any other error stays what it is.
fn fault(error: io::Error, byte: u64) -> io::Error {
    let kind = error.kind();
    if kind == io::ErrorKind::UnexpectedEof {
        return io::Error::other(UnpackError::CutOff { byte });
    }
    if matches!(kind, io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData) {
        return io::Error::other(UnpackError::Damaged { byte });
    }
    error
}

impl<R: Read> fmt::Debug for Unpacked<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unpacked")
            .field("is_gzip", &self.is_gzip())
            .field("unpacked_bytes", &self.unpacked_bytes)
            .finish_non_exhaustive()
    }
}

//! The file: not streamed, because Parquet has its index at the end.

use std::io;
use std::ops::Range;

/// A file of which any range can be read.
pub trait RandomAccess {
    /// Its length in bytes.
    fn length(&self) -> u64;

    /// The bytes of a range within the length.
    ///
    /// # Errors
    /// [`io::Error`] if the file was changed, moved or removed.
    fn read(&self, range: Range<u64>) -> io::Result<Vec<u8>>;
}

impl RandomAccess for &[u8] {
    fn length(&self) -> u64 {
        u64::try_from(self.len()).unwrap_or(u64::MAX)
    }

    fn read(&self, range: Range<u64>) -> io::Result<Vec<u8>> {
        let ends = (usize::try_from(range.start), usize::try_from(range.end));
        match ends {
            (Ok(start), Ok(end)) => self.get(start..end).map(<[u8]>::to_vec),
            (_, _) => None,
        }
        .ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))
    }
}

//! Log files of plain lines, kept under a size limit.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Size at which a log file is put aside as `name.1`, replacing the one before.
pub const LOG_LIMIT_BYTES: u64 = 8 << 20;

/// A log file that any number of writers append whole lines to.
#[derive(Debug, Clone)]
pub struct CappedLog {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    file: File,
    size_bytes: u64,
    limit_bytes: u64,
}

impl CappedLog {
    /// Opens `path` for appending; it and its predecessor never take more than twice `limit_bytes`.
    ///
    /// # Errors
    /// If the file cannot be opened.
    pub fn open(path: &Path, limit_bytes: u64) -> io::Result<Self> {
        let file = append_to(path)?;
        let size_bytes = file.metadata()?.len();
        let inner = Inner { path: path.to_owned(), file, size_bytes, limit_bytes };
        Ok(Self { inner: Arc::new(Mutex::new(inner)) })
    }

    /// Appends `bytes`, which hold whole lines.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn append(&self, bytes: &[u8]) -> io::Result<()> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).append(bytes)
    }
}

impl Inner {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let length = bytes.len() as u64;
        if self.size_bytes > 0 && self.size_bytes + length > self.limit_bytes {
            let mut aside = self.path.clone().into_os_string();
            aside.push(".1");
            fs::rename(&self.path, &aside)?;
            self.file = append_to(&self.path)?;
            self.size_bytes = 0;
        }
        self.file.write_all(bytes)?;
        self.size_bytes += length;
        Ok(())
    }
}

fn append_to(path: &Path) -> io::Result<File> {
    File::options().create(true).append(true).open(path)
}

impl Write for CappedLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.append(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stays_under_its_limit_and_keeps_the_newest_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        let log = CappedLog::open(&path, 100).unwrap();
        for number in 0..50 {
            log.append(format!("line {number:04}\n").as_bytes()).unwrap();
        }
        let newest = fs::read_to_string(&path).unwrap();
        let before = fs::read_to_string(folder.path().join("a.log.1")).unwrap();
        assert!(newest.len() <= 100 && before.len() <= 100);
        assert!(newest.ends_with("line 0049\n"));
    }

    #[test]
    fn goes_on_where_it_was_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        CappedLog::open(&path, 100).unwrap().append(b"one\n").unwrap();
        CappedLog::open(&path, 100).unwrap().append(b"two\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
    }
}

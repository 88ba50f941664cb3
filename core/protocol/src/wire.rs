//! Reading and writing the fixed binary formats: little-endian integers, magic and version first.

/// Why bytes are not what their reader expected. Names places and sizes, never contents.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// The bytes end before the named field does.
    #[error("{what} ends after {actual} bytes; {needed} are needed")]
    Truncated {
        /// The format that was being read.
        what: &'static str,
        /// Bytes that the field needs.
        needed: usize,
        /// Bytes that are there.
        actual: usize,
    },
    /// Bytes follow after the last field.
    #[error("{what} has {extra} bytes after its end")]
    TrailingBytes {
        /// The format that was being read.
        what: &'static str,
        /// Bytes too many.
        extra: usize,
    },
    /// The first four bytes name another format.
    #[error("these bytes are not a {what}")]
    WrongMagic {
        /// The format that was being read.
        what: &'static str,
    },
    /// The version is one that this build does not know.
    #[error(
        "this {what} has format version {actual}, made by a newer version of Veilsum; this one reads up to {newest}"
    )]
    UnknownVersion {
        /// The format that was being read.
        what: &'static str,
        /// Version found.
        actual: u16,
        /// Newest version known.
        newest: u16,
    },
    /// A field holds a value outside its range.
    #[error("{what}: field {field} is out of range")]
    OutOfRange {
        /// The format that was being read.
        what: &'static str,
        /// The field.
        field: &'static str,
    },
    /// A JSON document does not have the expected form.
    #[error("{what} is not valid JSON of its format (line {line}, column {column})")]
    Json {
        /// The format that was being read.
        what: &'static str,
        /// Line of the fault.
        line: usize,
        /// Column of the fault.
        column: usize,
    },
}

/// A cursor over bytes that fails with the format's name instead of panicking. For the formats of this crate and of
/// the crates that build on it.
#[derive(Debug)]
pub struct Reader<'a> {
    what: &'static str,
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Reader<'a> {
    /// Starts reading a `what`, whose first bytes are `magic` and a version of at most `newest`.
    ///
    /// # Errors
    /// [`WireError::WrongMagic`], [`WireError::UnknownVersion`] or [`WireError::Truncated`].
    pub fn start(
        what: &'static str,
        bytes: &'a [u8],
        magic: [u8; 4],
        newest: u16,
    ) -> Result<Self, WireError> {
        let mut reader = Self { what, bytes, position: 0 };
        if reader.array::<4>()? != magic {
            return Err(WireError::WrongMagic { what });
        }
        check_version(what, reader.u16()?, newest)?;
        Ok(reader)
    }

    /// The next `count` bytes.
    ///
    /// # Errors
    /// [`WireError::Truncated`] if fewer are left.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], WireError> {
        let end = self.position.checked_add(count);
        match end.and_then(|end| self.bytes.get(self.position..end)) {
            Some(slice) => {
                self.position += count;
                Ok(slice)
            }
            None => Err(WireError::Truncated {
                what: self.what,
                needed: self.position.saturating_add(count),
                actual: self.bytes.len(),
            }),
        }
    }

    /// The next `N` bytes.
    ///
    /// # Errors
    /// [`WireError::Truncated`] if fewer are left.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    /// One byte.
    ///
    /// # Errors
    /// [`WireError::Truncated`] if fewer are left.
    pub fn u8(&mut self) -> Result<u8, WireError> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    /// Two bytes, little-endian.
    ///
    /// # Errors
    /// [`WireError::Truncated`] if fewer are left.
    pub fn u16(&mut self) -> Result<u16, WireError> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    /// Four bytes, little-endian.
    ///
    /// # Errors
    /// [`WireError::Truncated`] if fewer are left.
    pub fn u32(&mut self) -> Result<u32, WireError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    /// Eight bytes, little-endian.
    ///
    /// # Errors
    /// [`WireError::Truncated`] if fewer are left.
    pub fn u64(&mut self) -> Result<u64, WireError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// The error that says that `field`, just read, holds a value outside its range.
    #[must_use]
    pub fn out_of_range(&self, field: &'static str) -> WireError {
        WireError::OutOfRange { what: self.what, field }
    }

    /// Bytes that are left.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.bytes.len() - self.position
    }

    /// Succeeds only if every byte was read.
    ///
    /// # Errors
    /// [`WireError::TrailingBytes`] if any is left.
    pub fn finish(self) -> Result<(), WireError> {
        match self.remaining() {
            0 => Ok(()),
            extra => Err(WireError::TrailingBytes { what: self.what, extra }),
        }
    }
}

/// Succeeds for the versions 1 to `newest`.
pub(crate) fn check_version(what: &'static str, actual: u16, newest: u16) -> Result<(), WireError> {
    if actual == 0 {
        return Err(WireError::OutOfRange { what, field: "version" });
    }
    if actual > newest {
        return Err(WireError::UnknownVersion { what, actual, newest });
    }
    Ok(())
}

/// Reads a JSON document of a named format.
pub(crate) fn from_json<T: serde::de::DeserializeOwned>(
    what: &'static str,
    bytes: &[u8],
) -> Result<T, WireError> {
    serde_json::from_slice(bytes).map_err(|error| WireError::Json {
        what,
        line: error.line(),
        column: error.column(),
    })
}

/// Writes a JSON document; the types of this crate have string keys only, so that this cannot fail.
pub(crate) fn to_json<T: serde::Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("protocol types serialise: string keys, no foreign Serialize impls")
}

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
    #[error("this {what} has format version {actual}, made by a newer version of Veilsum; this one reads up to {newest}")]
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

/// A cursor over bytes that fails with the format's name instead of panicking.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    what: &'static str,
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Reader<'a> {
    /// Starts reading a `what`, whose first bytes are `magic` and a version of at most `newest`.
    pub(crate) fn start(
        what: &'static str,
        bytes: &'a [u8],
        magic: [u8; 4],
        newest: u16,
    ) -> Result<Self, WireError> {
        let mut reader = Self { what, bytes, position: 0 };
        if reader.array::<4>()? != magic {
            return Err(WireError::WrongMagic { what });
        }
        let actual = reader.u16()?;
        if actual == 0 || actual > newest {
            return Err(WireError::UnknownVersion { what, actual, newest });
        }
        Ok(reader)
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], WireError> {
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

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, WireError> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    pub(crate) fn u16(&mut self) -> Result<u16, WireError> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, WireError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, WireError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    pub(crate) fn out_of_range(&self, field: &'static str) -> WireError {
        WireError::OutOfRange { what: self.what, field }
    }

    /// Succeeds only if every byte was read.
    pub(crate) fn finish(self) -> Result<(), WireError> {
        match self.bytes.len() - self.position {
            0 => Ok(()),
            extra => Err(WireError::TrailingBytes { what: self.what, extra }),
        }
    }
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

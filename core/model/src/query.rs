//! What a client sends: which model, how many records, and their ciphertexts.
//!
//! ```text
//! offset  bytes  field                      (integers little-endian)
//!      0      4  magic "VSMQ"
//!      4      2  format version, 1
//!      6      1  packing: 1 a table, 2 a record
//!      7      1  zero
//!      8     32  digest of the model
//!     40     32  fingerprint of the key
//!     72      4  bits of n
//!     76      4  records: all that is read of an answer, and counted
//!     80      4  inputs of a record
//!     84      2  layer of a network that is scored layer by layer, else 0
//!     86      2  zero
//!     88         ciphertexts: for each input its blocks (table), or the record's
//! ```

use veilsum_crypto::paillier::{Ciphertext, CiphertextError, PublicKey};
use veilsum_protocol::wire::{Reader, WireError};
use veilsum_protocol::{Digest, KeyFingerprint};

use crate::packing::Packing;

/// Most records of one query.
pub const MAX_ROWS: u32 = 1 << 20;
/// Bytes in front of the ciphertexts.
pub const HEADER_BYTES: usize = 88;
/// Most inputs of a record: features and their products, or the units of a layer.
const MAX_INPUTS: usize = 4_096;

const WHAT: &str = "query";
const MAGIC: [u8; 4] = *b"VSMQ";
const VERSION: u16 = 1;

/// What a query is about. An answer repeats it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// How records are packed.
    pub packing: Packing,
    /// The version of the model that is asked.
    pub model: Digest,
    /// The key that everything is encrypted under.
    pub key: KeyFingerprint,
    /// Bits of its n.
    pub modulus_bits: u32,
    /// Records that are scored: so many are counted.
    pub row_count: u32,
    /// Inputs of a record.
    pub input_count: u32,
    /// Layer of a network that is scored layer by layer, from 0; else 0.
    pub layer: u16,
}

/// A query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    header: Header,
    ciphertexts: Vec<Ciphertext>,
}

/// Why bytes or ciphertexts are no query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// The bytes do not have the form of a query.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// The query is for another key.
    #[error("the query is encrypted under another key than the one it came with")]
    WrongKey,
    /// There are more or fewer ciphertexts than records and inputs need.
    #[error("the query has {actual} ciphertexts, and its records need {expected}")]
    Count {
        /// Ciphertexts that its records need.
        expected: usize,
        /// Ciphertexts there are.
        actual: usize,
    },
    /// A ciphertext is none.
    #[error("the query is damaged: {0}")]
    Ciphertext(#[from] CiphertextError),
}

impl Header {
    /// Reads the header alone: who asks how much, before anything is computed or even read.
    ///
    /// # Errors
    /// [`WireError`] for bytes of another format, or numbers out of range.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::start(WHAT, bytes, MAGIC, VERSION)?;
        Self::read(&mut reader)
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        let packing = Packing::from_id(reader.u8()?).ok_or_else(|| reader.out_of_range("packing"))?;
        if reader.u8()? != 0 {
            return Err(reader.out_of_range("reserved byte"));
        }
        let model = Digest::from_bytes(reader.array()?);
        let key = KeyFingerprint::from_bytes(reader.array()?);
        let modulus_bits = reader.u32()?;
        let row_count = reader.u32()?;
        let most = if packing == Packing::Record { 1 } else { MAX_ROWS };
        if !(1..=most).contains(&row_count) {
            return Err(reader.out_of_range("records"));
        }
        let input_count = reader.u32()?;
        if !(1..=MAX_INPUTS).contains(&(input_count as usize)) {
            return Err(reader.out_of_range("inputs"));
        }
        let layer = reader.u16()?;
        if reader.u16()? != 0 {
            return Err(reader.out_of_range("reserved bytes"));
        }
        Ok(Self { packing, model, key, modulus_bits, row_count, input_count, layer })
    }

    pub(crate) fn write(&self, magic: [u8; 4], version: u16) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        bytes.extend_from_slice(&magic);
        bytes.extend_from_slice(&version.to_le_bytes());
        bytes.extend_from_slice(&[self.packing.id(), 0]);
        bytes.extend_from_slice(self.model.as_bytes());
        bytes.extend_from_slice(self.key.as_bytes());
        bytes.extend_from_slice(&self.modulus_bits.to_le_bytes());
        bytes.extend_from_slice(&self.row_count.to_le_bytes());
        bytes.extend_from_slice(&self.input_count.to_le_bytes());
        bytes.extend_from_slice(&self.layer.to_le_bytes());
        bytes.extend_from_slice(&[0; 2]);
        bytes
    }

    /// Bytes of the whole query that has this header.
    #[must_use]
    pub fn query_bytes(&self, key: &PublicKey) -> usize {
        HEADER_BYTES + self.ciphertext_count(key).saturating_mul(key.ciphertext_bytes())
    }

    fn ciphertext_count(&self, key: &PublicKey) -> usize {
        self.packing.query_ciphertexts(key, self.input_count as usize, self.row_count)
    }

    fn check_key(&self, key: &PublicKey) -> Result<(), QueryError> {
        let same = self.key == KeyFingerprint::from_bytes(key.fingerprint())
            && self.modulus_bits == key.modulus_bits();
        if same { Ok(()) } else { Err(QueryError::WrongKey) }
    }
}

impl Query {
    /// Puts encrypted records together: for a table for each input its blocks, one after the other.
    ///
    /// # Errors
    /// [`QueryError`] for another number of ciphertexts than the header asks for, or another key.
    pub fn new(key: &PublicKey, header: Header, ciphertexts: Vec<Ciphertext>) -> Result<Self, QueryError> {
        header.check_key(key)?;
        let expected = header.ciphertext_count(key);
        if ciphertexts.len() != expected {
            return Err(QueryError::Count { expected, actual: ciphertexts.len() });
        }
        Ok(Self { header, ciphertexts })
    }

    /// What it is about.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The ciphertexts.
    #[must_use]
    pub fn ciphertexts(&self) -> &[Ciphertext] {
        &self.ciphertexts
    }

    /// The bytes of the format above.
    #[must_use]
    pub fn to_bytes(&self, key: &PublicKey) -> Vec<u8> {
        let mut bytes = self.header.write(MAGIC, VERSION);
        bytes.extend(self.ciphertexts.iter().flat_map(|ciphertext| ciphertext.to_bytes(key)));
        bytes
    }

    /// Reads what [`Self::to_bytes`] writes. The length is checked before anything is decoded.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn from_bytes(key: &PublicKey, bytes: &[u8]) -> Result<Self, QueryError> {
        let mut reader = Reader::start(WHAT, bytes, MAGIC, VERSION)?;
        let header = Header::read(&mut reader)?;
        header.check_key(key)?;
        let expected = header.ciphertext_count(key);
        let body = reader.take(reader.remaining())?;
        if body.len() != expected.saturating_mul(key.ciphertext_bytes()) {
            return Err(QueryError::Count { expected, actual: body.len() / key.ciphertext_bytes() });
        }
        Ok(Self { header, ciphertexts: key.ciphertexts_from_bytes(body)? })
    }
}

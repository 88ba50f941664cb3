//! Partials and answers: encrypted aggregates of one row group, and of a whole plan.
//!
//! Both have one layout; the magic tells them apart.
//!
//! ```text
//! offset  bytes  field                      (integers little-endian)
//!      0      4  magic "VSPA" (partial) or "VSAN" (answer)
//!      4      2  format version: 1 for Paillier, 2 for BFV
//!      6      2  zero
//!      8     16  job
//!     24     32  SHA-256 of the plan
//!     56      4  partial: index of the row group; answer: row groups that were combined
//!     60      8  blocks that were added per aggregate
//!     68      4  bytes per ciphertext, b; version 2: zero
//!     72      4  aggregates, a
//!     76    a·b  ciphertexts in the order of the plan; version 2: each after its length in 4 bytes
//! ```
//!
//! An answer of version 2 holds no ciphertexts: it says that all partials are stored. Their owner fetches them all before
//! looking at any, adds them up and checks some; a sum that the cloud made could not be checked in parts.

use crate::id::{Digest, JobId};
use crate::plan::MAX_AGGREGATES;
use crate::wire::{Reader, WireError};

/// Newest format version of both.
pub const VERSION: u16 = 2;
const VERSION_OF_PAILLIER: u16 = 1;
/// Bytes in front of the ciphertexts.
pub const HEADER_BYTES: usize = 76;
/// Bytes in front of each ciphertext of version 2.
pub const LENGTH_BYTES: usize = 4;
/// Largest ciphertext that a reader accepts: of version 1, and of version 2.
const MAX_CIPHERTEXT_BYTES: [u32; 2] = [4_096, 1 << 20];

/// The encrypted aggregates of one row group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partial {
    /// The row group.
    pub row_group: u32,
    /// The aggregates.
    pub aggregates: EncryptedAggregates,
}

/// What stands in front of a partial's ciphertexts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartialHead {
    /// The row group.
    pub row_group: u32,
    /// The job that computed it.
    pub job: JobId,
    /// SHA-256 of the plan that it answers.
    pub plan: Digest,
    /// Blocks that were added into each ciphertext.
    pub block_count: u64,
    /// Bytes of each ciphertext; 0 under BFV.
    pub ciphertext_bytes: u32,
    /// Ciphertexts.
    pub aggregate_count: usize,
}

/// The encrypted aggregates of a whole plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Row groups that were combined.
    pub row_group_count: u32,
    /// The aggregates.
    pub aggregates: EncryptedAggregates,
}

/// One ciphertext per aggregate of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncryptedAggregates {
    /// The job that computed them.
    pub job: JobId,
    /// SHA-256 of the plan they answer.
    pub plan: Digest,
    /// Blocks that were added into each ciphertext.
    pub block_count: u64,
    /// Bytes of each ciphertext; 0 under BFV, where they differ.
    pub ciphertext_bytes: u32,
    /// The ciphertexts in the order of the plan. An answer under BFV has none.
    pub ciphertexts: Vec<Vec<u8>>,
}

impl Partial {
    const WHAT: &str = "partial";
    const MAGIC: [u8; 4] = *b"VSPA";

    /// The stored form.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.aggregates.write(Self::MAGIC, self.row_group)
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// [`WireError`] if anything but exactly what [`Self::to_bytes`] writes is found.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, WireError> {
        let (row_group, aggregates) = EncryptedAggregates::read(Self::WHAT, Self::MAGIC, bytes)?;
        Ok(Self { row_group, aggregates })
    }
}

impl PartialHead {
    /// Reads the first [`HEADER_BYTES`] bytes of a partial's stored form.
    ///
    /// # Errors
    /// [`WireError`] if they are not what [`Partial::to_bytes`] writes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::start(Partial::WHAT, bytes, Partial::MAGIC, VERSION)?;
        let head = EncryptedAggregates::read_head(&mut reader, bytes, false)?;
        reader.finish()?;
        Ok(head)
    }
}

impl Answer {
    const WHAT: &str = "answer";
    const MAGIC: [u8; 4] = *b"VSAN";

    /// The stored form.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.aggregates.write(Self::MAGIC, self.row_group_count)
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// [`WireError`] if anything but exactly what [`Self::to_bytes`] writes is found.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, WireError> {
        let (row_group_count, aggregates) = EncryptedAggregates::read(Self::WHAT, Self::MAGIC, bytes)?;
        Ok(Self { row_group_count, aggregates })
    }
}

impl EncryptedAggregates {
    fn write(&self, magic: [u8; 4], place: u32) -> Vec<u8> {
        let contents = self.ciphertexts.iter().map(|ciphertext| LENGTH_BYTES + ciphertext.len());
        let mut bytes = Vec::with_capacity(HEADER_BYTES + contents.sum::<usize>());
        bytes.extend_from_slice(&magic);
        let is_of_one_size = self.ciphertext_bytes > 0;
        let version = if is_of_one_size { VERSION_OF_PAILLIER } else { VERSION };
        bytes.extend_from_slice(&version.to_le_bytes());
        bytes.extend_from_slice(&[0; 2]);
        bytes.extend_from_slice(self.job.as_bytes());
        bytes.extend_from_slice(self.plan.as_bytes());
        bytes.extend_from_slice(&place.to_le_bytes());
        bytes.extend_from_slice(&self.block_count.to_le_bytes());
        bytes.extend_from_slice(&self.ciphertext_bytes.to_le_bytes());
        bytes.extend_from_slice(&u32::try_from(self.ciphertexts.len()).unwrap_or(u32::MAX).to_le_bytes());
        for ciphertext in &self.ciphertexts {
            if !is_of_one_size {
                bytes.extend_from_slice(&u32::try_from(ciphertext.len()).unwrap_or(u32::MAX).to_le_bytes());
            }
            bytes.extend_from_slice(ciphertext);
        }
        bytes
    }

    fn read(what: &'static str, magic: [u8; 4], bytes: &[u8]) -> Result<(u32, Self), WireError> {
        let mut reader = Reader::start(what, bytes, magic, VERSION)?;
        let head = Self::read_head(&mut reader, bytes, magic == Answer::MAGIC)?;
        let mut ciphertexts = Vec::new();
        for _ in 0..head.aggregate_count {
            let length = if head.ciphertext_bytes > 0 { head.ciphertext_bytes } else { reader.u32()? };
            if length == 0 || length > MAX_CIPHERTEXT_BYTES[1] {
                return Err(reader.out_of_range("bytes of a ciphertext"));
            }
            ciphertexts.push(reader.take(length as usize)?.to_vec());
        }
        reader.finish()?;
        let PartialHead { row_group: place, job, plan, block_count, ciphertext_bytes, .. } = head;
        Ok((place, Self { job, plan, block_count, ciphertext_bytes, ciphertexts }))
    }

    /// What stands between the version and the ciphertexts; `bytes` are what `reader` reads.
    fn read_head(reader: &mut Reader<'_>, bytes: &[u8], is_answer: bool) -> Result<PartialHead, WireError> {
        if reader.u16()? != 0 {
            return Err(reader.out_of_range("reserved"));
        }
        let job = JobId::from_bytes(reader.array()?);
        let plan = Digest::from_bytes(reader.array()?);
        let place = reader.u32()?;
        let block_count = reader.u64()?;
        let ciphertext_bytes = reader.u32()?;
        // The reader has found these two bytes.
        let is_of_one_size = bytes.get(4..6) != Some(&VERSION.to_le_bytes());
        if is_of_one_size == (ciphertext_bytes == 0) || ciphertext_bytes > MAX_CIPHERTEXT_BYTES[0] {
            return Err(reader.out_of_range("bytes per ciphertext"));
        }
        let count = reader.u32()? as usize;
        let may_be_empty = !is_of_one_size && is_answer;
        if (count == 0) != may_be_empty || count > MAX_AGGREGATES {
            return Err(reader.out_of_range("aggregates"));
        }
        Ok(PartialHead { row_group: place, job, plan, block_count, ciphertext_bytes, aggregate_count: count })
    }
}

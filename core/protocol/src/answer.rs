//! Partials and answers: encrypted aggregates of one row group, and of a whole plan.
//!
//! Both have one layout; the magic tells them apart.
//!
//! ```text
//! offset  bytes  field                      (integers little-endian)
//!      0      4  magic "VSPA" (partial) or "VSAN" (answer)
//!      4      2  format version, 1
//!      6      2  zero
//!      8     16  job
//!     24     32  SHA-256 of the plan
//!     56      4  partial: index of the row group; answer: row groups that were combined
//!     60      8  blocks that were added per aggregate
//!     68      4  bytes per ciphertext, b
//!     72      4  aggregates, a
//!     76    a·b  ciphertexts in the order of the plan
//! ```

use crate::id::{Digest, JobId};
use crate::plan::MAX_AGGREGATES;
use crate::wire::{Reader, WireError};

/// Newest format version of both.
pub const VERSION: u16 = 1;
/// Bytes in front of the ciphertexts.
pub const HEADER_BYTES: usize = 76;
/// Largest ciphertext that a reader accepts.
const MAX_CIPHERTEXT_BYTES: u32 = 4_096;

/// The encrypted aggregates of one row group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partial {
    /// The row group.
    pub row_group: u32,
    /// The aggregates.
    pub aggregates: EncryptedAggregates,
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
    /// Bytes of each ciphertext.
    pub ciphertext_bytes: u32,
    /// The ciphertexts, each of `ciphertext_bytes`, in the order of the plan.
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
        let mut bytes =
            Vec::with_capacity(HEADER_BYTES + self.ciphertext_bytes as usize * self.ciphertexts.len());
        bytes.extend_from_slice(&magic);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&[0; 2]);
        bytes.extend_from_slice(self.job.as_bytes());
        bytes.extend_from_slice(self.plan.as_bytes());
        bytes.extend_from_slice(&place.to_le_bytes());
        bytes.extend_from_slice(&self.block_count.to_le_bytes());
        bytes.extend_from_slice(&self.ciphertext_bytes.to_le_bytes());
        bytes.extend_from_slice(&u32::try_from(self.ciphertexts.len()).unwrap_or(u32::MAX).to_le_bytes());
        for ciphertext in &self.ciphertexts {
            bytes.extend_from_slice(ciphertext);
        }
        bytes
    }

    fn read(what: &'static str, magic: [u8; 4], bytes: &[u8]) -> Result<(u32, Self), WireError> {
        let mut reader = Reader::start(what, bytes, magic, VERSION)?;
        if reader.u16()? != 0 {
            return Err(reader.out_of_range("reserved"));
        }
        let job = JobId::from_bytes(reader.array()?);
        let plan = Digest::from_bytes(reader.array()?);
        let place = reader.u32()?;
        let block_count = reader.u64()?;
        let ciphertext_bytes = reader.u32()?;
        if ciphertext_bytes == 0 || ciphertext_bytes > MAX_CIPHERTEXT_BYTES {
            return Err(reader.out_of_range("bytes per ciphertext"));
        }
        let count = reader.u32()? as usize;
        if count == 0 || count > MAX_AGGREGATES {
            return Err(reader.out_of_range("aggregates"));
        }
        let mut ciphertexts = Vec::new();
        for _ in 0..count {
            ciphertexts.push(reader.take(ciphertext_bytes as usize)?.to_vec());
        }
        reader.finish()?;
        Ok((place, Self { job, plan, block_count, ciphertext_bytes, ciphertexts }))
    }
}

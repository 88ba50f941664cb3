//! What a client gets: for each score of a record a slot, and random numbers around them.
//!
//! ```text
//! offset  bytes  field                      (integers little-endian)
//!      0      4  magic "VSMA"
//!      4     84  version and fields of the query
//!     88      4  scores of a record
//!     92         ciphertexts: for each score its blocks
//! ```
//!
//! An answer is **not verified**: only who knows the weights could tell it from another.

use veilsum_crypto::packing::Plaintext;
use veilsum_crypto::paillier::{Ciphertext, CiphertextError, PublicKey};
use veilsum_protocol::wire::{Reader, WireError};

use crate::model::MAX_UNITS;
use crate::query::Header;

const WHAT: &str = "score";
const MAGIC: [u8; 4] = *b"VSMA";
const VERSION: u16 = 1;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    header: Header,
    score_count: u32,
    ciphertexts: Vec<Ciphertext>,
}

/// Why an answer yields no scores.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// The bytes do not have the form of an answer.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// It answers another query.
    #[error("this is the answer to another query")]
    WrongQuery,
    /// There are more or fewer ciphertexts than records and scores need.
    #[error("the answer has {actual} ciphertexts, and its scores need {expected}")]
    Count {
        /// Ciphertexts that its scores need.
        expected: usize,
        /// Ciphertexts there are.
        actual: usize,
    },
    /// A ciphertext is none.
    #[error("the answer is damaged: {0}")]
    Ciphertext(#[from] CiphertextError),
    /// A score that the model cannot give.
    #[error("the answer holds a score for record {record} that this model cannot give, so none is shown")]
    Refused {
        /// Which record, from 1.
        record: usize,
    },
}

impl Answer {
    pub(crate) const fn new(header: Header, score_count: u32, ciphertexts: Vec<Ciphertext>) -> Self {
        Self { header, score_count, ciphertexts }
    }

    /// What was asked.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Scores of a record.
    #[must_use]
    pub const fn score_count(&self) -> u32 {
        self.score_count
    }

    /// The ciphertexts, for their owner to decrypt.
    #[must_use]
    pub fn ciphertexts(&self) -> &[Ciphertext] {
        &self.ciphertexts
    }

    /// The bytes of the format above.
    #[must_use]
    pub fn to_bytes(&self, key: &PublicKey) -> Vec<u8> {
        let mut bytes = self.header.write(MAGIC, VERSION);
        bytes.extend_from_slice(&self.score_count.to_le_bytes());
        bytes.extend(self.ciphertexts.iter().flat_map(|ciphertext| ciphertext.to_bytes(key)));
        bytes
    }

    /// Reads the answer to the query with this header.
    ///
    /// # Errors
    /// [`AnswerError`] for bytes of another form, or the answer to another query.
    pub fn from_bytes(key: &PublicKey, asked: &Header, bytes: &[u8]) -> Result<Self, AnswerError> {
        let mut reader = Reader::start(WHAT, bytes, MAGIC, VERSION)?;
        let header = Header::read(&mut reader)?;
        let score_count = reader.u32()?;
        if score_count == 0 || score_count as usize > MAX_UNITS {
            return Err(reader.out_of_range("scores").into());
        }
        if header != *asked {
            return Err(AnswerError::WrongQuery);
        }
        let blocks = header.packing.answer_blocks(key, header.row_count);
        let expected = blocks.saturating_mul(score_count as usize);
        let body = reader.take(reader.remaining())?;
        if body.len() != expected.saturating_mul(key.ciphertext_bytes()) {
            return Err(AnswerError::Count { expected, actual: body.len() / key.ciphertext_bytes() });
        }
        Ok(Self { header, score_count, ciphertexts: key.ciphertexts_from_bytes(body)? })
    }

    /// The scores of each record, from the decrypted ciphertexts in their order. `bound` is the largest |score| that is
    /// possible ([`crate::interface::Interface::score_bound`]).
    ///
    /// # Errors
    /// [`AnswerError`] for another number of plaintexts, or a score that is out of bounds: then none is returned.
    pub fn scores(
        &self,
        key: &PublicKey,
        plaintexts: &[Plaintext],
        bound: u128,
    ) -> Result<Vec<Vec<i128>>, AnswerError> {
        if plaintexts.len() != self.ciphertexts.len() {
            return Err(AnswerError::Count { expected: self.ciphertexts.len(), actual: plaintexts.len() });
        }
        let Header { packing, row_count, input_count, .. } = self.header;
        let blocks = packing.answer_blocks(key, row_count).max(1);
        let mut rows = vec![Vec::with_capacity(self.score_count as usize); row_count as usize];
        for score in plaintexts.chunks(blocks) {
            let slots = score.iter().enumerate().flat_map(|(index, plaintext)| {
                packing.window(key, input_count as usize, row_count, index).read(key, plaintext)
            });
            for (record, (row, slot)) in (1..).zip(rows.iter_mut().zip(slots)) {
                if u128::from(slot.unsigned_abs()) > bound {
                    return Err(AnswerError::Refused { record });
                }
                row.push(slot.into());
            }
        }
        Ok(rows)
    }
}

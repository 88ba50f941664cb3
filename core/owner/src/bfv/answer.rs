//! Opening a partial answer: its header, then decryption, and only then numbers.

use num_bigint::BigInt;
use veilsum_crypto::bfv::{Ciphertext, FormatError};
use veilsum_protocol::JobId;
use veilsum_protocol::answer::Partial;
use veilsum_protocol::plan::Plan;
use veilsum_protocol::wire::WireError;

use super::secret_key::{DecryptError, SecretKey};

/// What the owner knows of a product before it looks at its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// Largest |value| that a slot can have.
    pub slot_bound: u128,
    /// Primes that it was asked for under: as many ciphertexts.
    pub primes: u8,
    /// Level that it was asked for at.
    pub level: u8,
    /// Factors, which the degree of its ciphertexts must be.
    pub factors: usize,
}

/// Why a partial yields no number.
///
/// Whether one was refused is told to nobody but the owner, and nothing that is asked of the cloud afterwards depends on
/// it: who learns of many refusals learns the secret key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PartialError {
    /// The bytes are not a partial.
    #[error("the answer cannot be read: {0}")]
    Wire(#[from] WireError),
    /// The partial is for another job, plan or row group, or not whole.
    #[error("the answer of row group {row_group} belongs to another job, or is not whole")]
    Mismatch {
        /// Index of the row group that was asked for.
        row_group: u32,
    },
    /// A ciphertext cannot be read.
    #[error("the answer of row group {row_group} is damaged ({fault})")]
    Damaged {
        /// Index of the row group.
        row_group: u32,
        /// What is wrong with it.
        fault: FormatError,
    },
    /// A ciphertext decrypts to what no answer can be.
    #[error("the answer of row group {row_group} was refused: {fault}")]
    Refused {
        /// Index of the row group.
        row_group: u32,
        /// What is wrong with it.
        fault: DecryptError,
    },
}

/// Checks and decrypts the partial of row group `row_group` with `row_count` rows: the total of each product, in the order of
/// the plan. All or none. Nothing of it is verified but that it is within its bounds.
///
/// Costs one decryption for each ciphertext, 4 ms.
///
/// # Errors
/// [`PartialError`]: no number is returned unless all can be.
pub fn open_partial(
    key: &SecretKey,
    plan: &Plan,
    job: JobId,
    (row_group, row_count): (u32, u32),
    products: &[Expected],
    bytes: &[u8],
) -> Result<Vec<BigInt>, PartialError> {
    let degree = key.set().degree();
    let row_count = row_count as usize;
    let partial = Partial::from_bytes(bytes)?;
    let found = &partial.aggregates;
    let expected: usize = products.iter().map(|product| usize::from(product.primes)).sum();
    let fits = partial.row_group == row_group
        && plan.parameter_set == Some(key.set().id())
        && plan.key == key.fingerprint()
        && plan.aggregates.len() == expected
        && found.job == job
        && found.plan == plan.digest()
        && found.block_count == row_count.div_ceil(degree) as u64
        && found.ciphertexts.len() == expected;
    if !fits {
        return Err(PartialError::Mismatch { row_group });
    }
    // What anybody can see may stop early; nothing that a decryption shows does.
    let mut ciphertexts = found.ciphertexts.iter();
    let mut parts = Vec::with_capacity(products.len());
    for product in products {
        let mut of_product = Vec::with_capacity(product.primes.into());
        for (prime, bytes) in (0..product.primes).zip(ciphertexts.by_ref()) {
            let part =
                Ciphertext::from_bytes(bytes).map_err(|fault| PartialError::Damaged { row_group, fault })?;
            let has_shape = part.set() == key.set()
                && part.prime() == prime
                && part.level() == product.level
                && part.degree() == product.factors;
            if !has_shape {
                return Err(PartialError::Mismatch { row_group });
            }
            of_product.push(part);
        }
        parts.push(of_product);
    }
    let used_slots = row_count.min(degree);
    let opened: Vec<Result<BigInt, DecryptError>> = products
        .iter()
        .zip(&parts)
        .map(|(product, parts)| {
            key.decrypt(parts, product.slot_bound, used_slots).map(|decrypted| decrypted.total())
        })
        .collect();
    let refused = |fault| PartialError::Refused { row_group, fault };
    opened.into_iter().map(|total| total.map_err(refused)).collect()
}

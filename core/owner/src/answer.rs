//! Opening an answer: its header, then decryption, then the check value, and only then a number.

use std::collections::BTreeMap;

use veilsum_crypto::packing::{Layout, SLOT_VALUE_BITS};
use veilsum_crypto::paillier::CiphertextError;
use veilsum_protocol::answer::Answer;
use veilsum_protocol::manifest::{Manifest, Scheme};
use veilsum_protocol::plan::{Aggregate, Plan};
use veilsum_protocol::wire::WireError;
use veilsum_protocol::{JobId, UploadId};

use crate::check::{CheckKey, CheckLabel};
use crate::paillier::{SecretKey, key_fingerprint};

/// Version 1 encrypts all columns of a dataset together.
const COLUMN_SET: u32 = 0;
/// A blank is stored as 0 and a value as 1 in a presence column.
const LARGEST_PRESENCE: u64 = 1;

/// An aggregate whose check value fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedSum {
    /// Opaque number of the column.
    pub column: u32,
    /// The exact sum, over all rows of the plan, of the integers that were stored.
    pub total: i128,
}

/// Why an answer yields no number. Of decrypted values it says at most that they were refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// The bytes are not an answer.
    #[error("the answer cannot be read: {0}")]
    Wire(#[from] WireError),
    /// The plan does not fit the signed manifest, so that no answer to it could be checked.
    #[error("the plan does not fit the dataset's manifest: {0}")]
    Plan(#[from] PlanMismatch),
    /// The answer names another job.
    #[error("the answer belongs to another job; run the analysis again")]
    WrongJob,
    /// The answer names another plan.
    #[error("the answer belongs to another plan; run the analysis again")]
    WrongPlan,
    /// The answer's counts are not those of the plan.
    #[error("the answer is not whole: it has {actual} {what} instead of {expected}; run the analysis again")]
    WrongCount {
        /// What was counted.
        what: &'static str,
        /// What the plan asks for.
        expected: u64,
        /// What the answer has.
        actual: u64,
    },
    /// The answer for a column is not a ciphertext.
    #[error("the answer for column {column} is damaged ({fault}); run the analysis again")]
    Damaged {
        /// Opaque number of the column.
        column: u32,
        /// What is wrong with it.
        fault: CiphertextError,
    },
    /// The answer for a column decrypts to something else than the sum over the planned blocks.
    #[error(
        "the answer for column {column} was refused: it is not the sum over exactly the rows that were asked for; run the analysis again, and if it is refused again, the stored data or the cloud's work was changed"
    )]
    Refused {
        /// Opaque number of the column.
        column: u32,
    },
}

/// What a plan and a manifest do not agree on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanMismatch {
    /// The plan is about another dataset.
    #[error("it is about another dataset")]
    Dataset,
    /// Plan, manifest and secret key do not name the same Paillier key.
    #[error("it is for data under another key")]
    Key,
    /// The manifest has no such row group.
    #[error("row group {index} with {row_count} rows is not in the manifest")]
    RowGroup {
        /// Position that the plan names.
        index: u32,
        /// Rows that the plan names.
        row_count: u32,
    },
    /// The manifest has no such column.
    #[error("column {column} is not in the manifest")]
    Column {
        /// Opaque number that the plan names.
        column: u32,
    },
    /// A sum over this many blocks could overflow a slot.
    #[error("the sum of column {column} over {block_count} blocks could overflow")]
    Overflow {
        /// Opaque number of the column.
        column: u32,
        /// Blocks that are added up.
        block_count: u64,
    },
}

/// Checks and decrypts the answer to `plan`, one exact total per aggregate, in the order of the plan.
///
/// The values are verified against the blocks that `plan` names, with the upload ids and bounds of the signed
/// `manifest` alone: nothing that the cloud says is relied on. All totals or none.
///
/// Costs one decryption per aggregate and one HMAC per aggregate and block.
///
/// # Errors
/// [`AnswerError`]: no number is returned unless every aggregate passes every check.
pub fn open_answer(
    key: &SecretKey,
    check: &CheckKey,
    manifest: &Manifest,
    plan: &Plan,
    job: JobId,
    bytes: &[u8],
) -> Result<Vec<VerifiedSum>, AnswerError> {
    let public = key.public_key();
    let layout = public.layout();
    check_key(key, manifest, plan)?;
    let coverage = Coverage::of_plan(manifest, plan, layout)?;
    let bounds = plan
        .aggregates
        .iter()
        .map(|aggregate| coverage.bound(manifest, aggregate))
        .collect::<Result<Vec<_>, _>>()?;

    let answer = Answer::from_bytes(bytes)?;
    let aggregates = &answer.aggregates;
    if aggregates.job != job {
        return Err(AnswerError::WrongJob);
    }
    if aggregates.plan != plan.digest() {
        return Err(AnswerError::WrongPlan);
    }
    for (what, expected, actual) in [
        ("row groups", coverage.groups.len() as u64, answer.row_group_count.into()),
        ("blocks per aggregate", coverage.block_count, aggregates.block_count),
        ("bytes per ciphertext", public.ciphertext_bytes() as u64, aggregates.ciphertext_bytes.into()),
        ("aggregates", plan.aggregates.len() as u64, aggregates.ciphertexts.len() as u64),
    ] {
        if actual != expected {
            return Err(AnswerError::WrongCount { what, expected, actual });
        }
    }

    let mut totals = Vec::with_capacity(bounds.len());
    for ((aggregate, bound), ciphertext) in plan.aggregates.iter().zip(bounds).zip(&aggregates.ciphertexts) {
        let &Aggregate::Sum { column } = aggregate;
        let refused = AnswerError::Refused { column };
        let ciphertext = public
            .ciphertext_from_bytes(ciphertext)
            .map_err(|fault| AnswerError::Damaged { column, fault })?;
        let plaintext = key.decrypt(&ciphertext).map_err(|_| refused.clone())?;
        let decoded = layout.decode(public, &plaintext).map_err(|_| refused.clone())?;
        let mut terms = coverage.labels(plan, column).map(|label| (label, 1));
        check.verify(&decoded, &mut terms, bound, coverage.used_slots).map_err(|_| refused)?;
        totals.push(VerifiedSum { column, total: decoded.slots.iter().copied().map(i128::from).sum() });
    }
    Ok(totals)
}

/// The blocks that a plan covers, as the signed manifest knows them.
struct Coverage {
    groups: Vec<CoveredGroup>,
    /// Blocks of one column over all groups.
    block_count: u64,
    /// Slots, from slot 0, that any block has a row in.
    used_slots: u32,
}

struct CoveredGroup {
    upload: UploadId,
    block_count: u32,
}

impl Coverage {
    fn of_plan(manifest: &Manifest, plan: &Plan, layout: Layout) -> Result<Self, PlanMismatch> {
        let entries: BTreeMap<u32, _> =
            manifest.row_groups.iter().map(|entry| (entry.index, (entry.row_count, entry.upload))).collect();
        let mut coverage = Self { groups: Vec::new(), block_count: 0, used_slots: 0 };
        for &group in &plan.row_groups {
            let missing = PlanMismatch::RowGroup { index: group.index, row_count: group.row_count };
            let &(row_count, upload) = entries.get(&group.index).ok_or(missing.clone())?;
            if layout.rows_to_the_block(row_count) != group.row_count {
                return Err(missing);
            }
            let block_count = row_count.div_ceil(layout.slot_count());
            coverage.groups.push(CoveredGroup { upload, block_count });
            coverage.block_count += u64::from(block_count);
            // Rows fill slots in order: only a group smaller than one block leaves slots without any row.
            coverage.used_slots = coverage.used_slots.max(row_count.min(layout.slot_count()));
        }
        Ok(coverage)
    }

    /// The largest |value| that a slot of the aggregate can hold.
    fn bound(&self, manifest: &Manifest, aggregate: &Aggregate) -> Result<u64, PlanMismatch> {
        let &Aggregate::Sum { column } = aggregate;
        let largest = manifest
            .numbers()
            .find_map(|(_, number)| match number {
                number if number.column == column => Some(number.largest_magnitude),
                number if number.presence == Some(column) => Some(LARGEST_PRESENCE),
                _ => None,
            })
            .ok_or(PlanMismatch::Column { column })?;
        largest
            .checked_mul(self.block_count)
            .filter(|&bound| bound < 1 << SLOT_VALUE_BITS)
            .ok_or(PlanMismatch::Overflow { column, block_count: self.block_count })
    }

    /// The places of all covered blocks of one column.
    fn labels(&self, plan: &Plan, column: u32) -> impl Iterator<Item = CheckLabel> {
        self.groups.iter().flat_map(move |group| {
            (0..group.block_count).map(move |block| CheckLabel {
                dataset: plan.dataset,
                upload: group.upload,
                column_set: COLUMN_SET,
                column,
                block,
            })
        })
    }
}

/// Whether plan, manifest and secret key are about the same dataset under the same key.
fn check_key(key: &SecretKey, manifest: &Manifest, plan: &Plan) -> Result<(), PlanMismatch> {
    if plan.dataset != manifest.dataset {
        return Err(PlanMismatch::Dataset);
    }
    let fingerprint = key_fingerprint(key.public_key());
    let Scheme::Paillier { key: manifest_key, .. } = &manifest.scheme;
    if plan.key != fingerprint || *manifest_key != fingerprint || plan.modulus != key.public_key().to_hex() {
        return Err(PlanMismatch::Key);
    }
    Ok(())
}

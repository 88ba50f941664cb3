//! Opening an answer: its header, then decryption, then the check value, and only then a number.

use std::collections::BTreeMap;

use veilsum_crypto::packing::{Layout, SLOT_VALUE_BITS};
use veilsum_crypto::paillier::CiphertextError;
use veilsum_protocol::answer::Answer;
use veilsum_protocol::manifest::{Digits, Manifest, Scheme, StoredColumn};
use veilsum_protocol::plan::{Aggregate, Plan};
use veilsum_protocol::wire::WireError;
use veilsum_protocol::{DatasetId, JobId, UploadId};

use crate::check::{CheckKey, CheckLabel};
use crate::paillier::{SecretKey, key_fingerprint};

/// An aggregate whose check value fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedSum {
    /// Opaque number of the column.
    pub column: u32,
    /// The exact sum, over all rows of the plan, of each digit of the integers that were stored: of the integers
    /// themselves where they have one digit. Folded over the slots, which on a small table hold the rows.
    pub totals: Vec<i128>,
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
    let columns = plan
        .aggregates
        .iter()
        .map(|aggregate| coverage.column(manifest, aggregate))
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
        ("blocks", coverage.block_count(), aggregates.block_count),
        ("bytes per ciphertext", public.ciphertext_bytes() as u64, aggregates.ciphertext_bytes.into()),
        ("aggregates", plan.aggregates.len() as u64, aggregates.ciphertexts.len() as u64),
    ] {
        if actual != expected {
            return Err(AnswerError::WrongCount { what, expected, actual });
        }
    }

    let mut sums = Vec::with_capacity(columns.len());
    for ((stored, bound), ciphertext) in columns.into_iter().zip(&aggregates.ciphertexts) {
        let column = stored.column;
        let refused = AnswerError::Refused { column };
        let ciphertext = public
            .ciphertext_from_bytes(ciphertext)
            .map_err(|fault| AnswerError::Damaged { column, fault })?;
        let plaintext = key.decrypt(&ciphertext).map_err(|_| refused.clone())?;
        let decoded = layout.decode(public, &plaintext).map_err(|_| refused.clone())?;
        let mut terms = coverage.labels(plan.dataset, &stored).map(|label| (label, 1));
        check
            .verify(&decoded, &mut terms, bound, coverage.used_slots(stored.column_set))
            .map_err(|_| refused.clone())?;
        sums.push(VerifiedSum { column, totals: fold(&decoded.slots, stored.digits).ok_or(refused)? });
    }
    Ok(sums)
}

/// The sum over all slots of each digit; `None` for a digit of a negative number, which no indicators have.
fn fold(slots: &[i64], digits: Digits) -> Option<Vec<i128>> {
    if digits.count <= 1 {
        return Some(vec![slots.iter().copied().map(i128::from).sum()]);
    }
    let mut totals = vec![0; digits.count as usize];
    for &slot in slots {
        let mut rest = u64::try_from(slot).ok()?;
        for total in &mut totals {
            *total += i128::from(rest & ((1 << digits.bits) - 1));
            rest >>= digits.bits;
        }
        if rest != 0 {
            return None;
        }
    }
    Some(totals)
}

/// The blocks that a plan covers, as the signed manifest knows them.
struct Coverage {
    groups: Vec<CoveredGroup>,
}

struct CoveredGroup {
    upload: UploadId,
    column_set: u32,
    block_count: u32,
    /// Slots, from slot 0, that a block has a row in: only a group smaller than one block leaves slots without any.
    used_slots: u32,
}

impl Coverage {
    fn of_plan(manifest: &Manifest, plan: &Plan, layout: Layout) -> Result<Self, PlanMismatch> {
        let entries: BTreeMap<u32, _> =
            manifest.row_groups.iter().map(|entry| (entry.index, entry)).collect();
        let mut groups = Vec::with_capacity(plan.row_groups.len());
        for &group in &plan.row_groups {
            let missing = PlanMismatch::RowGroup { index: group.index, row_count: group.row_count };
            let entry = entries.get(&group.index).ok_or(missing.clone())?;
            if layout.rows_to_the_block(entry.row_count) != group.row_count
                || entry.column_set != group.column_set
            {
                return Err(missing);
            }
            groups.push(CoveredGroup {
                upload: entry.upload,
                column_set: entry.column_set,
                block_count: entry.row_count.div_ceil(layout.slot_count()),
                used_slots: entry.row_count.min(layout.slot_count()),
            });
        }
        Ok(Self { groups })
    }

    /// The groups that hold a set of columns.
    fn of_set(&self, column_set: u32) -> impl Iterator<Item = &CoveredGroup> {
        self.groups.iter().filter(move |group| group.column_set == column_set)
    }

    /// Blocks of one column over all groups.
    fn block_count(&self) -> u64 {
        self.groups.iter().map(|group| u64::from(group.block_count)).sum()
    }

    fn used_slots(&self, column_set: u32) -> u32 {
        self.of_set(column_set).map(|group| group.used_slots).max().unwrap_or(0)
    }

    /// What the manifest knows of the column of an aggregate, and the largest |value| that a slot of its sum can hold.
    fn column(
        &self,
        manifest: &Manifest,
        aggregate: &Aggregate,
    ) -> Result<(StoredColumn, u64), PlanMismatch> {
        let column = aggregate.columns().first().copied().unwrap_or_default();
        let &Aggregate::Sum { column_set, .. } = aggregate else {
            return Err(PlanMismatch::Column { column });
        };
        let stored = manifest
            .stored_columns()
            .find(|stored| (stored.column, stored.column_set) == (column, column_set))
            .ok_or(PlanMismatch::Column { column })?;
        let bound = self.bound(&stored)?;
        Ok((stored, bound))
    }

    /// The largest |value| that a slot of the sum of a column can hold.
    fn bound(&self, stored: &StoredColumn) -> Result<u64, PlanMismatch> {
        let column = stored.column;
        let block_count: u64 = self.of_set(stored.column_set).map(|group| u64::from(group.block_count)).sum();
        let digits_fit = stored.digits.count <= 1
            || (u32::from(stored.digits.bits) < u64::BITS && block_count >> stored.digits.bits == 0);
        stored
            .largest_magnitude
            .checked_mul(block_count)
            .filter(|&bound| digits_fit && bound < 1 << SLOT_VALUE_BITS)
            .ok_or(PlanMismatch::Overflow { column, block_count })
    }

    /// The places of all covered blocks of one column.
    fn labels(&self, dataset: DatasetId, stored: &StoredColumn) -> impl Iterator<Item = CheckLabel> {
        let &StoredColumn { column, column_set, .. } = stored;
        self.of_set(column_set).flat_map(move |group| {
            let upload = group.upload;
            (0..group.block_count).map(move |block| CheckLabel { dataset, upload, column_set, column, block })
        })
    }
}

/// Whether plan, manifest and secret key are about the same dataset under the same key.
fn check_key(key: &SecretKey, manifest: &Manifest, plan: &Plan) -> Result<(), PlanMismatch> {
    if plan.dataset != manifest.dataset {
        return Err(PlanMismatch::Dataset);
    }
    let fingerprint = key_fingerprint(key.public_key());
    let Scheme::Paillier { key: manifest_key, .. } = &manifest.scheme else {
        return Err(PlanMismatch::Key);
    };
    if plan.key != fingerprint || *manifest_key != fingerprint || plan.modulus != key.public_key().to_hex() {
        return Err(PlanMismatch::Key);
    }
    Ok(())
}

//! Spot checks: the totals of some row groups, computed again from the cleartext, to hold against what the cloud says.
//!
//! A cloud that can multiply can make up answers that no check value betrays. So its partial answers are all fetched
//! first; then some row groups are picked at random and summed up here.

use std::ops::Range;

use veilsum_analysis::derive::TermSums;
use veilsum_analysis::totals::Totals;
use veilsum_owner::bfv::spot::pick;
use veilsum_protocol::manifest::{FIRST_COLUMN_SET, Manifest};
use veilsum_protocol::plan::Plan;
use veilsum_protocol::term::Term;

use crate::abort::Abort;
use crate::messages::Fault;
use crate::vault::Vault;
use crate::vault::random::rng;
use crate::vault::table::Rows;
use crate::vault::twin;

/// Row groups that are computed again.
const PICKED: u32 = 4;

/// The totals of one row group in the cleartext.
pub(crate) struct Recomputed {
    pub(crate) row_group: u32,
    pub(crate) totals: Totals,
}

/// Picks row groups of a plan and sums up `terms` over their rows, where the files are at hand; `None` where they are not,
/// or are not as they were.
///
/// To be called after all partial answers have arrived, and whatever they hold.
pub(crate) async fn recompute(
    vault: &Vault,
    manifest: &Manifest,
    plan: &Plan,
    terms: &[&Term],
    abort: &Abort,
) -> Option<Vec<Recomputed>> {
    let total = u32::try_from(plan.row_groups.len()).ok()?;
    let picked = pick(PICKED, total, &mut rng());
    let mut recomputed = Vec::with_capacity(picked.len());
    for batch in 0..manifest.batch_count() {
        let groups: Vec<(u32, Range<u64>)> = row_ranges(manifest, batch)
            .into_iter()
            .filter(|(index, _)| {
                let place = plan.row_groups.iter().position(|group| group.index == *index);
                place.is_some_and(|place| picked.iter().any(|picked| *picked as usize == place))
            })
            .collect();
        if !groups.is_empty() {
            recomputed.append(&mut sum_up(vault, manifest, batch, &groups, terms, abort).await.ok()?);
        }
    }
    (recomputed.len() == picked.len()).then_some(recomputed)
}

/// The rows of each row group of a batch, counted from the batch's first.
fn row_ranges(manifest: &Manifest, batch: u32) -> Vec<(u32, Range<u64>)> {
    let of_batch = manifest.row_groups.iter();
    let of_batch = of_batch.filter(|group| group.batch == batch && group.column_set == FIRST_COLUMN_SET);
    let mut next = 0;
    let range = |group: &veilsum_protocol::manifest::RowGroupEntry| {
        let start = next;
        next += u64::from(group.row_count);
        (group.index, start..next)
    };
    of_batch.map(range).collect()
}

/// Reads a batch's file up to the last of `groups`.
async fn sum_up(
    vault: &Vault,
    manifest: &Manifest,
    batch: u32,
    groups: &[(u32, Range<u64>)],
    terms: &[&Term],
    abort: &Abort,
) -> Result<Vec<Recomputed>, Fault> {
    let Some(of_batch) = manifest.batch(batch) else { return Ok(Vec::new()) };
    let source = twin::source_at_hand(vault, of_batch, abort).await?;
    let mut content = twin::content(manifest).rows(&of_batch.missing_words)?;
    let mut rows = Rows::read(&source, &twin::read_options(of_batch))?;
    let mut recomputed = Vec::with_capacity(groups.len());
    let mut row = 0;
    for (row_group, range) in groups {
        let mut sums = TermSums::new(&manifest.columns, terms.iter().copied().cloned())?;
        while row < range.end {
            if !rows.next(abort).await? {
                return Err(Fault::new("file-changed", "The file has fewer rows than it had."));
            }
            if range.contains(&row) {
                content.read(rows.row())?;
                sums.push(content.cells())?;
            }
            row += 1;
        }
        recomputed.push(Recomputed { row_group: *row_group, totals: sums.totals() });
    }
    Ok(recomputed)
}

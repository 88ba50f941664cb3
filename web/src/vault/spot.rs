//! Spot checks: the totals of some row groups, computed again from the cleartext, to hold against what the cloud says.
//!
//! A cloud that can multiply can make up answers that no check value betrays. So its partial answers are all fetched
//! first; then some row groups are picked at random and summed up here.

use std::ops::Range;

use veilsum_analysis::derive::TermSums;
use veilsum_analysis::totals::Totals;
use veilsum_owner::bfv::spot::pick;
use veilsum_protocol::manifest::{FIRST_COLUMN_SET, Manifest, Source as ManifestSource};
use veilsum_protocol::plan::Plan;
use veilsum_protocol::term::Term;

use crate::abort::Abort;
use crate::messages::Fault;
use crate::vault::Vault;
use crate::vault::random::rng;
use crate::vault::rows::Rows;
use crate::vault::source::Source;
use crate::vault::twin;

/// Row groups that are computed again.
const PICKED: u32 = 4;

/// The totals of one row group in the cleartext.
pub(crate) struct Recomputed {
    pub(crate) row_group: u32,
    pub(crate) totals: Totals,
}

/// What came of a spot check.
pub(crate) enum Spot {
    /// These row groups were computed again.
    Recomputed(Vec<Recomputed>),
    /// None was, and why, in words.
    Impossible(String),
}

/// Picks row groups of a plan and sums up `terms` over their rows, where the files are in memory here. Asks nobody for
/// anything.
///
/// To be called after all partial answers have arrived, and whatever they hold.
///
/// # Errors
/// A [`Fault`] if a file is not what it was, so that nothing can be held against it.
pub(crate) async fn recompute(
    vault: &Vault,
    manifest: &Manifest,
    plan: &Plan,
    terms: &[&Term],
    abort: &Abort,
) -> Result<Spot, Fault> {
    let total = u32::try_from(plan.row_groups.len()).unwrap_or(u32::MAX);
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
        let Some(of_batch) = manifest.batch(batch).filter(|_| !groups.is_empty()) else { continue };
        let Some(source) = twin::prepared(vault, of_batch, abort).await? else {
            let name = &of_batch.file_name;
            return Ok(Spot::Impossible(format!("the file “{name}” is not at hand in this browser")));
        };
        recomputed.append(&mut sum_up(manifest, of_batch, &source, &groups, terms, abort).await?);
    }
    Ok(Spot::Recomputed(recomputed))
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

/// Reads a batch's file and sums up some row groups of it.
async fn sum_up(
    manifest: &Manifest,
    of_batch: &ManifestSource,
    source: &Source,
    groups: &[(u32, Range<u64>)],
    terms: &[&Term],
    abort: &Abort,
) -> Result<Vec<Recomputed>, Fault> {
    let changed = || {
        Fault::new(
            "file-changed",
            &format!(
                "The file “{}” has changed since it was uploaded, so that the answer cannot be held against it. No number \
                 is shown. Reload the page, and the analysis runs without a spot check.",
                of_batch.file_name
            ),
        )
    };
    let mut content = twin::content(manifest).rows(source.missing_words(&of_batch.missing_words))?;
    let mut rows = Rows::read(source, &twin::read_options(of_batch))?;
    let mut sums = Vec::with_capacity(groups.len());
    for (row_group, range) in groups {
        sums.push((*row_group, range, TermSums::new(&manifest.columns, terms.iter().copied().cloned())?));
    }
    let mut row = 0;
    while rows.next(abort).await? {
        // Ranges follow one another: at most one holds the row.
        if let Some((_, _, sums)) = sums.iter_mut().find(|(_, range, _)| range.contains(&row)) {
            content.read(rows.row()).map_err(|_| changed())?;
            sums.push(content.cells()).map_err(|_| changed())?;
        }
        row += 1;
    }
    if rows.digest() != of_batch.sha256 {
        return Err(changed());
    }
    let recomputed =
        |(row_group, _, sums): (u32, &Range<u64>, TermSums)| Recomputed { row_group, totals: sums.totals() };
    Ok(sums.into_iter().map(recomputed).collect())
}

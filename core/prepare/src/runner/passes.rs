//! Which steps learn in which pass.

use std::collections::HashSet;

use crate::fitted::Learnt;
use crate::step::Step;

/// For each pass but the last the steps that learn in it.
///
/// A step may learn together with one before it if what that one will do makes no difference: if it leaves rows and
/// columns where they are and changes no column that this one, or a step between them, looks at.
pub(super) fn of(steps: &[Step], given: &[Option<Learnt>]) -> Vec<Vec<usize>> {
    let mut passes: Vec<Vec<usize>> = Vec::new();
    // Columns that steps of this pass will change, once they have learnt.
    let mut unsettled: HashSet<&str> = HashSet::new();
    let mut is_closed = true;
    for (at, step) in steps.iter().enumerate() {
        let looks_at = step.columns();
        if looks_at.iter().any(|column| unsettled.contains(column.as_str())) {
            is_closed = true;
        }
        if !step.learns(given.get(at).is_some_and(Option::is_some)) {
            continue;
        }
        match passes.last_mut() {
            Some(pass) if !is_closed => pass.push(at),
            Some(_) | None => {
                passes.push(vec![at]);
                unsettled.clear();
            }
        }
        is_closed = !step.only_changes_cells();
        unsettled.extend(looks_at.into_iter().map(String::as_str));
    }
    passes
}

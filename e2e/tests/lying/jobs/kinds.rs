//! The kinds of lies that are told while a job runs, a file for what they are about.

mod manifests;
mod messages;
mod partials;
mod plans;
mod row_groups;

use crate::jobs::{Kind, Lies, Shows, Tamper, Told};

/// All of them.
pub fn all() -> impl Iterator<Item = &'static Kind> {
    [row_groups::KINDS, partials::KINDS, plans::KINDS, manifests::KINDS, messages::KINDS]
        .into_iter()
        .flatten()
}

const fn kind(
    name: &'static str,
    shows: Shows,
    ends: &'static [&'static str],
    lies: fn(&mut Tamper<'_>) -> Vec<Told>,
) -> Kind {
    Kind { name, shows, ends, lies: Lies::Any(lies) }
}

//! How long work reports, and how it is stopped.

use std::ops::ControlFlow;

use thiserror::Error;

/// How far long work has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Units done, of whatever the operation counts (rows, nodes of a lattice).
    pub done: u64,
    /// Units in all. The work may end before it has done them.
    pub total: u64,
}

/// Called some hundred times during long work; [`ControlFlow::Break`] stops it without a result.
pub type Watch<'a> = dyn FnMut(Progress) -> ControlFlow<()> + 'a;

/// The caller stopped the work. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("Stopped. Nothing was changed.")]
pub struct Cancelled;

/// Goes on whatever the progress.
pub fn unwatched() -> impl FnMut(Progress) -> ControlFlow<()> {
    |_| ControlFlow::Continue(())
}

/// Reports `done` of `total`.
pub(crate) fn report(watch: &mut Watch<'_>, done: usize, total: usize) -> Result<(), Cancelled> {
    match watch(Progress { done: done as u64, total: total as u64 }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(Cancelled),
    }
}

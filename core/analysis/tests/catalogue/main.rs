//! Every analysis of the catalogue against references, over tables in clear: totals are made by the definition of a term,
//! and by real derived columns, which must agree.

#![expect(clippy::unwrap_used, reason = "a test stops where something fails")]

mod degenerate;
mod derived;
mod golden;
mod nist;
mod planning;
mod properties;
mod references;
mod support;

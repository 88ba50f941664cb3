//! Tests of the public API against vectors and properties. No file is read at run time, so that the same tests run
//! where there are no files.

#![expect(clippy::unwrap_used, reason = "a test that unwraps an error fails, as it should")]

mod known_answers;
mod properties;
mod rejects;
mod vectors;

//! Tests of keys, encryption, the check slot and answers. No file is read at run time, so that the same tests run
//! where there are no files.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod answers;
mod blocks;
mod check_values;
mod fixtures;
mod keys;
mod known_answers;
mod properties;

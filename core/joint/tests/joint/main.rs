//! Trainings of three owners from tables to models, over ciphertexts, and what is refused on the way.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod documents;
mod families;
mod rows;
mod support;
mod wire;

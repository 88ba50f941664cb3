//! Functions, gateway, jobs and the program itself, with real processes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fixture;
mod functions;
mod gateway;
mod jobs;
mod program;
mod scores;

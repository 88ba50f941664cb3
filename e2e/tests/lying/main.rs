//! A cloud that lies. The stack is the real one; what it answers is altered on the way: to the owner by the proxy that
//! all of the owner's requests go through, to the functions by the front before S3. Every lie must end in the right
//! answer or in a named error, never in a wrong number; and honest runs must never be refused.
//!
//! A lie is a pure function of its kind and its seed: `VEILSUM_LIE=adds-p:7 cargo xtask test --only stories -- lies` tells
//! one of them again.

#![expect(clippy::print_stderr, reason = "says how many lies were told, and how they ended")]

mod answers;
mod careless;
mod cloud;
mod honest;
mod jobs;
mod judge;
mod page;
mod products;
mod world;

#![doc = include_str!("../README.md")]
#![expect(clippy::print_stderr, reason = "a failed story tells where its pictures are")]

pub mod browser;
pub mod canary;
pub mod check;
pub mod client;
pub mod encrypted;
pub mod exact;
pub mod front;
pub mod keys;
pub mod large;
pub mod liar;
pub mod load;
pub mod product;
pub mod recorder;
pub mod screens;
pub mod stack;
pub mod story;
pub mod tables;
pub mod wait;

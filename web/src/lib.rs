#![doc = include_str!("../README.md")]

pub mod api;
pub mod encrypt_worker;
pub mod messages;
pub mod page;
pub mod vault;

mod abort;
mod fault;
mod time;

#![doc = include_str!("../README.md")]

pub mod bound;
pub mod kernel;
pub mod packing;
pub mod paillier;

#![doc = include_str!("../README.md")]

pub mod bfv;
pub mod bound;
pub mod kernel;
pub mod order_proof;
pub mod packing;
pub mod paillier;

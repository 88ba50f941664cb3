#![doc = include_str!("../README.md")]

pub mod answer;
pub mod bfv;
pub mod block;
pub mod check;
pub mod identity;
pub mod key_file;
pub mod keyring;
pub mod labels;
pub mod manifest;
pub mod master;
pub mod paillier;
pub mod seal;

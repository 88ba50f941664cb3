#![doc = include_str!("../README.md")]

pub mod data;
mod error;
pub mod evaluate;
pub mod kmeans;
pub mod linear;
pub mod logistic;
pub mod network;
mod random;
pub mod rounds;
pub mod split;
pub mod standardise;

pub use error::{DataError, TrainError};

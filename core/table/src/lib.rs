#![doc = include_str!("../README.md")]

mod cell;
pub mod csv;
pub mod csv_out;
pub mod decimal;
pub mod encode;
pub mod place;
pub mod profile;
mod sum;
pub mod treat;
mod words;

pub use place::Place;

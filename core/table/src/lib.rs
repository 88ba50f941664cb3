#![doc = include_str!("../README.md")]

mod bad_rows;
pub mod calendar;
mod cell;
pub mod csv;
pub mod csv_out;
pub mod decimal;
pub mod encode;
mod found;
pub mod json;
pub mod place;
pub mod plain;
pub mod preset;
pub mod profile;
pub mod read;
mod row;
mod sum;
pub mod survey;
pub mod treat;
pub mod types;
pub mod unpack;
mod words;

pub use found::Found;
pub use place::Place;
pub use row::Row;

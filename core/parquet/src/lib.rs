#![doc = include_str!("../README.md")]

mod cell;
mod codec;
mod column;
mod error;
mod footer;
mod pages;
mod reader;
mod source;
mod thrift;

pub use error::ReadError;
pub use reader::{Limits, Options, ParquetReader};
pub use source::RandomAccess;

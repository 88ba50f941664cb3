#![doc = include_str!("../README.md")]

pub mod date;
pub mod hierarchy;
pub mod lattice;
pub mod measure;
pub mod model;
pub mod mondrian;
pub mod national;
pub mod pii;
pub mod progress;
pub mod pseudonym;
pub mod release;
pub mod table;

pub use progress::{Cancelled, Progress, Watch};
pub use release::Release;
pub use table::{Column, Table, TableBuilder};

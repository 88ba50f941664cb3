#![doc = include_str!("../README.md")]

pub mod contribution;
pub mod lead;
pub mod outcome;
pub mod round;
pub mod rows;
pub mod terms;
pub mod total;

mod document;

#![doc = include_str!("../README.md")]

mod count;
pub mod evaluate;
mod exact;
mod mean;
pub mod plan;
mod sum;

pub use mean::mean_of_decimal;
pub use plan::{Kind, PlanError, Planned, Request, Value};

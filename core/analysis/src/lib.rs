#![doc = include_str!("../README.md")]

pub mod answer;
pub mod catalogue;
pub mod certificate;
pub mod cost;
pub mod derive;
mod distribution;
mod elimination;
mod error;
pub mod evaluate;
mod exact;
pub mod multiply;
pub mod plan;
pub mod products;
mod rational;
mod request;
pub mod schema;
pub mod totals;

pub use catalogue::mean_of_decimal;
pub use error::{FinishError, PlanError};
pub use request::Request;

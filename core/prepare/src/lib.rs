#![doc = include_str!("../README.md")]

pub mod error;
pub mod fitted;
mod number;
pub mod quantile;
pub mod recipe;
pub mod report;
mod row;
pub mod runner;
mod schema;
mod stage;
pub mod step;
pub mod summary;

pub use error::{PrepareError, RecipeError, StepError};
pub use fitted::{Fitted, Learnt};
pub use recipe::Recipe;
pub use report::StepReport;
pub use runner::{Pass, Prepared, Runner};
pub use step::Step;

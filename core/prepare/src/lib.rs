#![doc = include_str!("../README.md")]

pub mod density;
pub mod error;
pub mod fitted;
pub mod forest;
mod moment;
pub mod nearest;
mod number;
pub mod quantile;
mod random;
pub mod recipe;
pub mod report;
mod row;
pub mod runner;
mod sample;
mod schema;
mod stage;
pub mod step;
pub mod summary;
pub mod synthetic;

pub use error::{PrepareError, RecipeError, StepError};
pub use fitted::{Fitted, Learnt};
pub use moment::spelt;
pub use recipe::Recipe;
pub use report::StepReport;
pub use runner::{Pass, Prepared, Runner};
pub use step::Step;

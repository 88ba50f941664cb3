//! The catalogue of analyses: one file each, all of one shape.

mod count;
mod mean;
mod sum;
mod value;

pub use count::Count;
pub use mean::{Mean, mean_of_decimal};
pub use sum::Sum;

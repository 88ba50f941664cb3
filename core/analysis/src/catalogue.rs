//! The catalogue of analyses: one file each, all of one shape.

mod anova;
mod contingency;
mod correlation;
mod count;
mod covariance;
mod group_by;
mod histogram;
mod mean;
mod missing_count;
mod quantiles;
mod regression;
mod shape;
mod sum;
mod ttest;
mod value;
mod variance;
mod weighted_mean;

pub use anova::Anova;
pub use contingency::Contingency;
pub use correlation::Correlation;
pub use count::Count;
pub use covariance::Covariance;
pub use group_by::GroupBy;
pub use histogram::Histogram;
pub use mean::{Mean, mean_of_decimal};
pub use missing_count::MissingCount;
pub use quantiles::Quantiles;
pub use regression::Regression;
pub use shape::Shape;
pub use sum::Sum;
pub use ttest::TTest;
pub use variance::Variance;
pub use weighted_mean::WeightedMean;

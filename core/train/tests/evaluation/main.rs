//! Every metric against scikit-learn, and what has none.

#[path = "../training/support.rs"]
mod support;

mod metrics;
mod models;

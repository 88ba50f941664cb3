//! Models, rounds and metrics on the sample tables, against scikit-learn, golden statistics and certified values.

mod degenerate;
mod kmeans;
mod linear;
mod logistic;
mod metrics;
mod network;
mod promises;
mod rounds;
mod support;

//! The four families on the sample tables, against scikit-learn and the golden statistics.

mod degenerate;
mod kmeans;
mod linear;
mod logistic;
mod network;
mod support;

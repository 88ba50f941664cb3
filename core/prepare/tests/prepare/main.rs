//! Recipes at work.

mod golden;
mod hostile;
mod privacy;
mod properties;
mod recipes;
mod small;
mod steps;
mod support;
mod vectors;

//! Recipes at work.

mod golden;
mod hostile;
mod properties;
mod recipes;
mod small;
mod steps;
mod support;
mod vectors;

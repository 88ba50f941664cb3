//! Recipes at work.

mod hostile;
mod properties;
mod recipes;
mod steps;
mod support;
mod vectors;

//! Recipes at work.

mod recipes;
mod steps;
mod support;
mod vectors;

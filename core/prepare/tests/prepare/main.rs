//! Recipes at work.

mod recipes;
mod steps;
mod support;

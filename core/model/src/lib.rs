#![doc = include_str!("../README.md")]

pub mod feature;
pub mod float;
pub mod import;
pub mod interface;
pub mod interval;
pub mod model;
pub mod plan;
pub mod predict;
pub mod quantise;
pub mod scale;
pub mod text;
pub mod twin;

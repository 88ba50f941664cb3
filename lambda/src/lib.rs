#![doc = include_str!("../README.md")]

pub mod api;
pub mod auth;
pub mod combine;
pub mod error;
pub mod evaluate;
mod job;
pub mod keys;
pub mod log;
mod model;
pub mod openapi;
mod request;
mod routes;
pub mod score;
pub mod settings;
pub mod store;
pub mod tokens;
mod training;

pub use routes::ROUTES_WITHOUT_SESSION;

//! What all modules of the page are made with. Each module has its own copy in its wasm, made of this one source.

pub(crate) mod chart;
pub(crate) mod fault;
pub(crate) mod file_input;
pub(crate) mod hex;
pub(crate) mod icon;
pub(crate) mod loaded;
pub(crate) mod module;
pub(crate) mod navigate;
pub(crate) mod progress;
pub(crate) mod save;
pub(crate) mod stage;
pub(crate) mod steps;
pub(crate) mod timings;
pub(crate) mod uploads;
pub(crate) mod vault_client;
pub(crate) mod words;
pub(crate) mod worlds;

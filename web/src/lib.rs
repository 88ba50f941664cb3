#![doc = include_str!("../README.md")]

pub mod api;
pub mod bfv_worker;
pub mod dataset;
pub mod encrypt_worker;
pub mod messages;
pub mod page;
pub mod parquet_worker;
pub mod prepare_worker;
pub mod prime_worker;
pub mod refine;
pub mod train_worker;
pub mod vault;
pub mod workbench;

mod abort;
mod fault;
mod rows_out;
mod time;
mod ui;

pub use ui::module::BUILD;

#[cfg(all(test, target_arch = "wasm32"))]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_dedicated_worker);

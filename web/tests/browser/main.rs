//! What touches the browser, in the browser: storage, files, encryption in a worker, and the vault's commands.
#![cfg(target_arch = "wasm32")]

mod commands;
mod encryption;
mod files;
mod storage;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_dedicated_worker);

//! Runs a wasm test program in headless Chromium: the runner of `wasm-bindgen-cli`, built here in the pinned version.
//!
//! Not named `wasm-bindgen-test-runner`, so that an installed one is never taken for it.

fn main() -> anyhow::Result<()> {
    wasm_bindgen_cli::wasm_bindgen_test_runner::run_cli_with_args(std::env::args_os())
}

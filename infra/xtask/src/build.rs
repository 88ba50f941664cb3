//! `cargo xtask build`: the page, the functions and the local cloud.

use std::path::PathBuf;
use std::process::Command;

use anyhow::bail;

use crate::cargo::{self, WASM};
use crate::command_line::BuildOptions;
use crate::site;
use crate::workspace::Workspace;

/// Builds what `options` ask for.
pub fn run(workspace: &Workspace, options: &BuildOptions) -> anyhow::Result<()> {
    ensure_wasm_target()?;
    site::build(workspace, options.dev)?;
    if !options.site_only {
        native(workspace)?;
    }
    Ok(())
}

/// Builds the functions and `veilsum-local`, in the profile that the tests use, so that nothing is built twice.
pub fn native(workspace: &Workspace) -> anyhow::Result<()> {
    cargo::run(
        cargo::command("build")
            .args(["--package", "veilsum-lambda", "--package", "veilsum-local", "--bins"])
            .current_dir(&workspace.root),
    )
}

/// Makes sure that the standard library for wasm is there.
///
/// # Errors
/// It is missing and `rustup` cannot fetch it; the message says what to do.
pub fn ensure_wasm_target() -> anyhow::Result<()> {
    if has_wasm_target()? {
        return Ok(());
    }
    println!("installing the Rust target {WASM}");
    let added = Command::new("rustup").args(["target", "add", WASM]).status();
    if added.is_ok_and(|status| status.success()) && has_wasm_target()? {
        return Ok(());
    }
    bail!(
        "the Rust target {WASM} is missing and could not be installed. \
         Run `rustup target add {WASM}` on a machine that reaches the Rust download servers, then try again."
    )
}

fn has_wasm_target() -> anyhow::Result<bool> {
    let folder = cargo::output(Command::new("rustc").args(["--print", "target-libdir", "--target", WASM]))?;
    Ok(std::fs::read_dir(PathBuf::from(folder.trim())).is_ok_and(|entries| {
        entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libcore-"))
    }))
}

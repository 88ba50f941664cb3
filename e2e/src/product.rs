//! Where the built product is.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// Folder of the binaries: `VEILSUM_BINARIES`, or where the running test program lies.
///
/// # Errors
/// The folder cannot be found.
pub fn binaries() -> anyhow::Result<PathBuf> {
    if let Some(folder) = std::env::var_os("VEILSUM_BINARIES") {
        return Ok(folder.into());
    }
    // `target/debug/deps/stories-…`, or `target/debug/veilsum-load`.
    let program = std::env::current_exe()?;
    let folder = program.parent().context("a program lies in no folder")?;
    Ok(if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder }.to_owned())
}

/// Folder of the built page: `VEILSUM_SITE`, or `target/site`.
///
/// # Errors
/// It was not built.
pub fn site() -> anyhow::Result<PathBuf> {
    let site = match std::env::var_os("VEILSUM_SITE") {
        Some(folder) => folder.into(),
        None => target()?.join("site"),
    };
    if !site.join("index.html").is_file() {
        bail!("{} holds no page. Run `cargo xtask build` first.", site.display());
    }
    Ok(site)
}

/// Folder for screenshots and logs of failed stories: `VEILSUM_E2E_OUTPUT`, or `target/e2e`.
///
/// # Errors
/// It cannot be made.
pub fn output() -> anyhow::Result<PathBuf> {
    let folder = match std::env::var_os("VEILSUM_E2E_OUTPUT") {
        Some(folder) => folder.into(),
        None => target()?.join("e2e"),
    };
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// A file of `fixtures/`.
#[must_use]
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

fn target() -> anyhow::Result<PathBuf> {
    Ok(binaries()?.parent().context("the binaries lie in no target folder")?.to_owned())
}

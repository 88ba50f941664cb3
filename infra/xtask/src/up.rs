//! `cargo xtask up`: everything on this machine, in one process and the functions it starts.

use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::{Context, bail};

use crate::build;
use crate::command_line::BuildOptions;
use crate::workspace::Workspace;

/// Port of the page and the gateway. Fixed, because the browser keeps the keyring per origin.
const PORT: u16 = 4780;
/// Port of the object store.
const S3_PORT: u16 = 4781;

/// Builds, then becomes `veilsum-local`, so that Ctrl-C reaches it directly.
///
/// # Errors
/// A port is taken, or something does not build. Does not return otherwise.
pub fn run(workspace: &Workspace) -> anyhow::Result<()> {
    ensure_free(PORT)?;
    ensure_free(S3_PORT)?;
    build::run(workspace, &BuildOptions::default())?;
    let program = workspace.binaries().join("veilsum-local");
    let error = Command::new(&program)
        .arg("--data")
        .arg(workspace.root.join("data"))
        .arg("--site")
        .arg(workspace.site())
        .arg("--functions")
        .arg(workspace.binaries())
        .args(["--port", &PORT.to_string(), "--s3-port", &S3_PORT.to_string()])
        .current_dir(&workspace.root)
        .exec();
    Err(error).with_context(|| format!("{} cannot be started", program.display()))
}

fn ensure_free(port: u16) -> anyhow::Result<()> {
    match TcpListener::bind(("127.0.0.1", port)) {
        Ok(_) => Ok(()),
        Err(error) => bail!(
            "port {port} cannot be used ({error}). Another Veilsum may be running: stop it first. The port is fixed \
             because another port would be another origin to the browser, and the keyring that it keeps would be gone."
        ),
    }
}

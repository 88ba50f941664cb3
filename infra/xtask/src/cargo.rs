//! Running cargo and other commands.

use std::ffi::OsStr;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

/// Every wasm build is for this target.
pub const WASM: &str = "wasm32-unknown-unknown";

/// `cargo <subcommand>`, without the variables that this process got from `cargo run`.
///
/// Build scripts watch some of them, so that passing them on would rebuild crates that did not change.
pub fn command(subcommand: &str) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        if is_of_this_process(&name) {
            command.env_remove(name);
        }
    }
    // What future compilers will refuse in dependencies of the test runner is for its authors.
    command.env("CARGO_FUTURE_INCOMPAT_REPORT_FREQUENCY", "never");
    command.arg(subcommand).stdin(Stdio::null());
    command
}

fn is_of_this_process(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
        || ["OUT_DIR", "LD_LIBRARY_PATH"].contains(&&*name)
}

/// Runs a command with its output on the terminal.
///
/// # Errors
/// It cannot be started, or says that it failed.
pub fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("{} cannot be started", show(command)))?;
    if !status.success() {
        bail!("{} failed ({status})", show(command));
    }
    Ok(())
}

/// Runs a command and gives what it printed.
///
/// # Errors
/// As [`run`].
pub fn output(command: &mut Command) -> anyhow::Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("{} cannot be started", show(command)))?;
    if !output.status.success() {
        bail!("{} failed ({})", show(command), output.status);
    }
    String::from_utf8(output.stdout)
        .with_context(|| format!("{} printed something that is no text", show(command)))
}

/// The command as one would type it.
pub fn show(command: &Command) -> String {
    let name = command.get_program().to_string_lossy();
    let name = name.rsplit('/').next().unwrap_or(&name).to_owned();
    let arguments = command.get_args().map(|argument| format!(" {}", argument.to_string_lossy()));
    std::iter::once(name).chain(arguments).collect()
}

//! Test programs: building them in one selection, running them, counting their tests.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use serde_json::Value;

use crate::cargo;
use crate::tally::Tally;

/// A test program that cargo built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestProgram {
    /// Crate that it belongs to.
    pub package: String,
    /// Name of the target, e.g. `veilsum-crypto` for unit tests or `stories` for `tests/stories.rs`.
    pub target: String,
    /// Whether it comes from `tests/`.
    pub integration: bool,
    /// Folder of the crate; test programs run there.
    pub folder: PathBuf,
    /// The file.
    pub executable: PathBuf,
}

/// Builds with `command` (which asks for tests) and lists the test programs.
///
/// # Errors
/// It does not compile; the diagnostics are on the terminal.
pub fn build(command: &mut Command) -> anyhow::Result<Vec<TestProgram>> {
    let messages = cargo::output(command.arg("--message-format=json-render-diagnostics"))?;
    messages.lines().filter_map(|line| program(line).transpose()).collect()
}

/// The test program that one message of cargo tells of, if it does.
fn program(message: &str) -> anyhow::Result<Option<TestProgram>> {
    let message: Value = serde_json::from_str(message).context("cargo printed a message that is no JSON")?;
    let (Some(executable), Some(true)) =
        (message["executable"].as_str(), message["profile"]["test"].as_bool())
    else {
        return Ok(None);
    };
    let manifest = Path::new(message["manifest_path"].as_str().context("cargo names no manifest")?);
    let folder = manifest.parent().context("a manifest lies in no folder")?;
    // `path+file:///…/core/crypto#veilsum-crypto@0.1.0`
    let package = message["package_id"].as_str().and_then(|id| id.rsplit('#').next()).unwrap_or_default();
    Ok(Some(TestProgram {
        package: package.split('@').next().unwrap_or_default().to_owned(),
        target: message["target"]["name"].as_str().unwrap_or_default().to_owned(),
        integration: message["target"]["kind"]
            .as_array()
            .is_some_and(|kinds| kinds.iter().any(|kind| kind == "test")),
        folder: folder.to_owned(),
        executable: executable.into(),
    }))
}

/// Runs a test program, shows its output, and counts its tests.
///
/// # Errors
/// It cannot be started, or it failed without naming a failed test (it crashed, say).
pub fn run(command: &mut Command) -> anyhow::Result<Tally> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("{} cannot be started", cargo::show(command)))?;
    let mut output = String::new();
    let stdout = child.stdout.take().context("a piped output is missing")?;
    for line in BufReader::new(stdout).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        println!("{line}");
        output.push_str(&line);
        output.push('\n');
    }
    let status = child.wait()?;
    let tally = Tally::read(&output);
    if !status.success() && tally.failed == 0 {
        bail!("{} ended with {status}, though none of its tests failed", cargo::show(command));
    }
    Ok(tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_test_program_from_a_message() {
        let message = r#"{"reason":"compiler-artifact","package_id":"path+file:///v/core/crypto#veilsum-crypto@0.1.0",
            "manifest_path":"/v/core/crypto/Cargo.toml","target":{"kind":["test"],"name":"vectors"},
            "profile":{"test":true},"executable":"/v/target/debug/deps/vectors-1"}"#;
        let program = program(message).unwrap().unwrap();
        assert_eq!(program.package, "veilsum-crypto");
        assert_eq!(program.target, "vectors");
        assert!(program.integration);
        assert_eq!(program.folder, Path::new("/v/core/crypto"));
    }

    #[test]
    fn other_artifacts_are_no_test_programs() {
        let library = r#"{"reason":"compiler-artifact","profile":{"test":false},"executable":null}"#;
        assert_eq!(program(library).unwrap(), None);
        assert!(program("warning: something").is_err());
    }
}

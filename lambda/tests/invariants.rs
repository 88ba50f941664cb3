//! What must hold of the crate itself.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn tree(package: &str) -> String {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--package", package, "--edges", "normal,build", "--prefix", "none"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

fn source_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

#[test]
fn no_function_can_name_a_secret_key() {
    let tree = tree("veilsum-lambda");
    assert!(tree.contains("veilsum-analysis"), "the tree is that of this crate");
    assert!(!tree.contains("veilsum-owner"), "{tree}");
}

#[test]
fn only_the_store_knows_s3() {
    let mut found = Vec::new();
    for path in sources(&source_folder()) {
        let name = path.strip_prefix(source_folder()).unwrap().display().to_string();
        let names_s3 = ["aws_sdk_s3", "aws_config", "aws_smithy"]
            .iter()
            .any(|library| fs::read_to_string(&path).unwrap().contains(library));
        if names_s3 && name != "store.rs" && !name.starts_with("store/") {
            found.push(name);
        }
    }
    assert_eq!(found, [""; 0]);
}

#[test]
fn function_binaries_are_at_most_30_lines() {
    let binaries = sources(&source_folder().join("bin"));
    assert_eq!(binaries.len(), 4);
    for path in binaries {
        assert!(fs::read_to_string(&path).unwrap().lines().count() <= 30, "{}", path.display());
    }
}

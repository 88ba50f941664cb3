#![doc = include_str!("../README.md")]

mod mutate;
pub mod targets;

use std::path::{Path, PathBuf};

use anyhow::Context as _;

pub use mutate::mutated;
pub use targets::{TARGETS, Target};

/// Runs a target on bytes.
///
/// # Panics
/// There is no such target, or it breaks a promise: that is what a fuzzer looks for.
pub fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    (target.expect("a target of this name").run)(bytes);
}

/// The root of the tree.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

impl Target {
    /// The first inputs, with names: those of files in the tree, those it makes, and those of the corpus.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn inputs(&self) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
        let mut inputs = Vec::new();
        for place in self.files {
            read(&root().join(place), &mut inputs)?;
        }
        let corpus = root().join("infra/fuzz/corpus").join(self.name);
        if corpus.is_dir() {
            read(&corpus, &mut inputs)?;
        }
        let made = (self.made)().into_iter().enumerate();
        inputs.extend(made.map(|(at, bytes)| (format!("made-{at}"), bytes)));
        Ok(inputs)
    }
}

/// A file, or all files of a folder; `.hex` files as the bytes they stand for.
fn read(place: &Path, inputs: &mut Vec<(String, Vec<u8>)>) -> anyhow::Result<()> {
    if place.is_dir() {
        let mut files: Vec<_> = place.read_dir()?.collect::<Result<_, _>>()?;
        files.sort_by_key(std::fs::DirEntry::file_name);
        for file in files.iter().filter(|file| file.path().is_file()) {
            read(&file.path(), inputs)?;
        }
        return Ok(());
    }
    let bytes = std::fs::read(place).with_context(|| format!("reading {}", place.display()))?;
    let bytes = if place.extension().is_some_and(|extension| extension == "hex") {
        let digits: Vec<u8> = bytes.into_iter().filter(u8::is_ascii_hexdigit).collect();
        hex::decode(digits).with_context(|| format!("{} is not hex", place.display()))?
    } else {
        bytes
    };
    let name = place.file_name().unwrap_or_default().to_string_lossy().into_owned();
    inputs.push((name, bytes));
    Ok(())
}

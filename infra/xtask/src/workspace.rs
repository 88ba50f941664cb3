//! Where things are.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use serde_json::Value;

use crate::cargo;

/// The checkout and its target folder.
#[derive(Debug)]
pub struct Workspace {
    /// Folder of the root `Cargo.toml`.
    pub root: PathBuf,
    /// Cargo's target folder, wherever the environment or a configuration puts it.
    pub target: PathBuf,
    /// Its crates.
    pub packages: Vec<Package>,
}

/// A crate of this workspace.
#[derive(Debug)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    /// Names of its direct dependencies of all kinds.
    pub dependencies: Vec<String>,
}

impl Workspace {
    /// Asks cargo.
    pub fn find() -> anyhow::Result<Self> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let text = cargo::output(
            cargo::command("metadata")
                .args(["--no-deps", "--format-version", "1", "--manifest-path"])
                .arg(&manifest),
        )?;
        let metadata: Value = serde_json::from_str(&text).context("cargo metadata printed no JSON")?;
        let folder = |name: &str| {
            metadata[name]
                .as_str()
                .map(PathBuf::from)
                .ok_or_else(|| anyhow!("cargo metadata does not tell {name}"))
        };
        let packages =
            metadata["packages"].as_array().ok_or_else(|| anyhow!("cargo metadata lists no packages"))?;
        Ok(Self {
            root: folder("workspace_root")?,
            target: folder("target_directory")?,
            packages: packages.iter().map(package).collect(),
        })
    }

    /// Names of the crates below a folder of the checkout.
    pub fn packages_below(&self, folder: &str) -> Vec<String> {
        let folder = self.root.join(folder);
        self.packages
            .iter()
            .filter(|package| package.folder.starts_with(&folder))
            .map(|package| package.name.clone())
            .collect()
    }

    /// The static site as the gateway serves it.
    pub fn site(&self) -> PathBuf {
        self.target.join("site")
    }

    /// Folder of the native binaries: the functions and `veilsum-local`.
    pub fn binaries(&self) -> PathBuf {
        self.target.join("debug")
    }
}

fn package(value: &Value) -> Package {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let manifest = PathBuf::from(text(&value["manifest_path"]));
    Package {
        name: text(&value["name"]),
        folder: manifest.parent().map(Path::to_owned).unwrap_or_default(),
        dependencies: value["dependencies"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|one| text(&one["name"]))
            .collect(),
    }
}

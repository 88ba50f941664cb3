//! Chromium and its driver, for the tests.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::bail;

use crate::cargo;

/// The programs that browser tests need.
#[derive(Debug)]
pub struct Browser {
    /// Chromium.
    pub chromium: PathBuf,
    /// ChromeDriver of the same version.
    pub driver: PathBuf,
}

impl Browser {
    /// Finds the programs, named by the variables `CHROMIUM` and `CHROMEDRIVER` or on the path, and installs them on
    /// a Debian machine where this process may.
    ///
    /// # Errors
    /// They are missing and cannot be installed; the message says what to do. Browser tests are never skipped.
    pub fn ensure() -> anyhow::Result<Self> {
        if let Some(browser) = Self::find() {
            return Ok(browser);
        }
        if is_root() && Path::new("/etc/debian_version").exists() {
            println!("installing chromium and chromium-driver");
            for arguments in [
                &["update", "--quiet"][..],
                &[
                    "install",
                    "--yes",
                    "--quiet",
                    "--no-install-recommends",
                    "chromium",
                    "chromium-driver",
                    "fonts-liberation",
                ],
            ] {
                cargo::run(
                    Command::new("apt-get")
                        .args(arguments)
                        .env("DEBIAN_FRONTEND", "noninteractive")
                        .stdin(Stdio::null())
                        .stdout(Stdio::null()),
                )?;
            }
            if let Some(browser) = Self::find() {
                return Ok(browser);
            }
        }
        bail!(
            "the browser tests need Chromium and ChromeDriver. On Debian or Ubuntu run \
             `sudo apt-get install chromium chromium-driver`; elsewhere install both and name them in the environment \
             variables CHROMIUM and CHROMEDRIVER. Then try again."
        )
    }

    fn find() -> Option<Self> {
        let chromium = program("CHROMIUM", &["chromium", "chromium-browser", "google-chrome"])?;
        let driver = program("CHROMEDRIVER", &["chromedriver"])?;
        Some(Self { chromium, driver })
    }
}

fn program(variable: &str, names: &[&str]) -> Option<PathBuf> {
    if let Some(path) = std::env::var_os(variable) {
        return Some(path.into());
    }
    let path = std::env::var_os("PATH")?;
    names.iter().find_map(|name| {
        std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
    })
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

//! The screens of the page, as a person uses them.

pub mod dataset;
pub mod keyring;
pub mod prepare;
pub mod refine;
pub mod training;
pub mod upload;
pub mod workbench;

use std::path::Path;

use crate::browser::Browser;
use crate::keys;
use crate::wait::SOON;

/// Opens the start page.
///
/// # Errors
/// It does not load.
pub async fn open_start(browser: &Browser) -> anyhow::Result<()> {
    browser.go("/").await?;
    browser.wait_for("drop-zone", SOON).await?;
    Ok(())
}

/// Opens the page in a new browser and brings the stories' key file, so that a story about something else need not
/// make keys.
///
/// # Errors
/// The key file is not accepted.
pub async fn enter(browser: &Browser) -> anyhow::Result<()> {
    let file = keys::write_key_file(browser.folder())?;
    browser.go("/keyring").await?;
    keyring::import(browser, &file, keys::PASSPHRASE).await?;
    keyring::wait_unlocked(browser).await
}

/// Chooses a bundled sample on the start page, e.g. `sample-diabetes`, without loading the page anew.
///
/// # Errors
/// It is not there.
pub async fn choose_sample(browser: &Browser, testid: &str) -> anyhow::Result<()> {
    browser.click("home").await?;
    browser.click(testid).await
}

/// Chooses a file on the start page, without loading the page anew.
///
/// # Errors
/// The start page does not come.
pub async fn choose_file(browser: &Browser, file: &Path) -> anyhow::Result<()> {
    browser.click("home").await?;
    browser.wait_for("drop-zone", SOON).await?;
    browser.give_file("file-input", file).await
}

/// Writes a file that a story makes up, and chooses it.
///
/// # Errors
/// As [`choose_file`].
pub async fn choose_made_file(browser: &Browser, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
    let file = browser.folder().join(name);
    std::fs::write(&file, bytes)?;
    choose_file(browser, &file).await
}

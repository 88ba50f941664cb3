//! Creating, unlocking, locking, saving and importing keyrings.

use std::path::{Path, PathBuf};

use anyhow::ensure;

use crate::browser::Browser;
use crate::wait::{LONG, SOON, until};

/// Creates a keyring where the page asks for one.
///
/// # Errors
/// It is not created.
pub async fn create(browser: &Browser, passphrase: &str, modulus_bits: u32) -> anyhow::Result<()> {
    browser.fill("create-passphrase", passphrase).await?;
    browser.fill("create-passphrase-repeat", passphrase).await?;
    browser.choose("create-key-size", &modulus_bits.to_string()).await?;
    browser.click("create-keyring").await?;
    wait_unlocked(browser).await
}

/// Waits until the keyring is unlocked; making keys may take minutes.
///
/// # Errors
/// It stays locked.
pub async fn wait_unlocked(browser: &Browser) -> anyhow::Result<()> {
    wait_state(browser, "unlocked").await
}

/// Waits until the header says that the keyring is `absent`, `locked` or `unlocked`.
///
/// # Errors
/// It never says so.
pub async fn wait_state(browser: &Browser, state: &str) -> anyhow::Result<()> {
    until(&format!("the keyring to be {state}"), LONG, async || {
        let Some(status) = browser.find("key-status").await? else { return Ok(None) };
        // Rendered anew meanwhile: looked up again.
        let shown = status.attr("data-state").await.unwrap_or_default();
        Ok((shown.as_deref() == Some(state)).then_some(()))
    })
    .await
}

/// Types a passphrase and asks to unlock; what comes of it is for the story to see.
///
/// # Errors
/// The page does not ask for a passphrase.
pub async fn try_unlock(browser: &Browser, passphrase: &str) -> anyhow::Result<()> {
    browser.fill("unlock-passphrase", passphrase).await?;
    browser.click("unlock").await
}

/// Unlocks.
///
/// # Errors
/// The passphrase is wrong.
pub async fn unlock(browser: &Browser, passphrase: &str) -> anyhow::Result<()> {
    try_unlock(browser, passphrase).await?;
    wait_unlocked(browser).await
}

/// Locks by the button in the header.
///
/// # Errors
/// It stays unlocked.
pub async fn lock(browser: &Browser) -> anyhow::Result<()> {
    browser.click("lock").await?;
    wait_state(browser, "locked").await
}

/// Saves the key file and gives its path.
///
/// # Errors
/// Nothing is saved.
pub async fn save_key_file(browser: &Browser) -> anyhow::Result<PathBuf> {
    browser.click("save-key-file").await?;
    browser.download("key").await
}

/// Gives a key file and its passphrase to the import form; what comes of it is for the story to see.
///
/// # Errors
/// There is no such form.
pub async fn import(browser: &Browser, file: &Path, passphrase: &str) -> anyhow::Result<()> {
    browser.wait_for("import-file", SOON).await?;
    // Under another form it is folded.
    if browser.find("import-details").await?.is_some() {
        browser.unfold("import-details").await?;
    }
    browser.give_file("import-file", file).await?;
    browser.fill("import-passphrase", passphrase).await?;
    browser.click("import").await
}

/// Fingerprint of the identity key, as the keyring page shows it.
///
/// # Errors
/// It does not.
pub async fn tenant(browser: &Browser) -> anyhow::Result<String> {
    browser.click("key-status").await?;
    let tenant = browser.text("tenant").await?;
    ensure!(!tenant.is_empty(), "the page shows no fingerprint");
    Ok(tenant)
}

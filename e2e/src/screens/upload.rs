//! The upload page.

use std::time::Duration;

use anyhow::{Context, bail};

use crate::browser::Browser;
use crate::wait::{LONG, SOON, until};

/// Waits until the upload is complete and gives the dataset's id.
///
/// # Errors
/// It stops; the message is the page's.
pub async fn wait_done(browser: &Browser) -> anyhow::Result<String> {
    wait_done_within(browser, LONG).await
}

/// [`wait_done`] for a table that takes longer.
///
/// # Errors
/// It stops or takes longer than that; the message is the page's.
pub async fn wait_done_within(browser: &Browser, deadline: Duration) -> anyhow::Result<String> {
    until("the upload to end", deadline, async || {
        if let Some(dataset) = browser.path().await?.strip_prefix("/datasets/") {
            return Ok(Some(dataset.to_owned()));
        }
        if browser.find("upload-failed").await?.is_some() {
            bail!("the upload stopped: {}", browser.text("upload-failed").await?);
        }
        Ok(None)
    })
    .await
}

/// Stops the running upload and waits until it has stopped.
///
/// # Errors
/// It goes on.
pub async fn cancel(browser: &Browser) -> anyhow::Result<()> {
    browser.click("upload-cancel").await?;
    browser.wait_for("upload-stopped", SOON).await?;
    Ok(())
}

/// The id of the only unfinished upload on the start page.
///
/// # Errors
/// There is none, or there are several.
pub async fn unfinished(browser: &Browser) -> anyhow::Result<String> {
    browser.wait_for("unfinished-uploads", SOON).await?;
    let body = "return [...document.querySelectorAll('[data-testid^=\"resume-\"]')].map(button => button.dataset.testid);";
    let found: Vec<String> = browser.script(body, &[]).await?;
    match found.as_slice() {
        [one] => Ok(one.strip_prefix("resume-").context("a test id changed while it was read")?.to_owned()),
        several => bail!("expected one unfinished upload, found {several:?}"),
    }
}

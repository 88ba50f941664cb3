//! The Prepare page.

use std::time::Duration;

use anyhow::bail;

use crate::browser::Browser;
use crate::wait::{SOON, until};

/// Waits until the table is read.
///
/// # Errors
/// It cannot be read; the message is the page's.
pub async fn wait_open(browser: &Browser) -> anyhow::Result<()> {
    wait_open_within(browser, SOON).await
}

/// As [`wait_open`], for a table that takes longer.
///
/// # Errors
/// As there.
pub async fn wait_open_within(browser: &Browser, within: Duration) -> anyhow::Result<()> {
    match browser.wait_for_any(&["summary", "table-failed"], within).await? {
        "summary" => Ok(()),
        _ => bail!("the table was refused: {}", browser.text("fault").await?),
    }
}

/// Waits until the table is refused, and gives the code and the sentence.
///
/// # Errors
/// It is accepted.
pub async fn wait_refused(browser: &Browser) -> anyhow::Result<(String, String)> {
    match browser.wait_for_any(&["table-failed", "summary"], SOON).await? {
        "table-failed" => Ok((browser.attribute("fault", "data-code").await?, browser.text("fault").await?)),
        _ => bail!("the table was accepted: {}", browser.text("table-head").await?),
    }
}

/// Number of columns that will be encrypted as numbers, in words, e.g. `8 columns encrypted as numbers, …`.
///
/// # Errors
/// No table is open.
pub async fn summary(browser: &Browser) -> anyhow::Result<String> {
    browser.text("summary-columns").await
}

/// What becomes of each shown column: `number`, `sealed-original` or `drop`.
///
/// # Errors
/// No table is open.
pub async fn treatments(browser: &Browser) -> anyhow::Result<Vec<String>> {
    browser
        .script(
            "return [...document.querySelectorAll('[data-testid^=\"column-card-\"]')].map(card => card.dataset.treatment);",
            &[],
        )
        .await
}

/// Asks for small row groups, so that a small table makes many objects.
///
/// # Errors
/// No table is open.
pub async fn rows_per_group(browser: &Browser, rows: u32) -> anyhow::Result<()> {
    browser.unfold("advanced").await?;
    browser.fill("rows-per-group", &rows.to_string()).await?;
    // A change counts when the field is left.
    let body = "document.querySelector('[data-testid=\"rows-per-group\"]').blur(); return true;";
    browser.script::<bool>(body, &[]).await?;
    Ok(())
}

/// Chooses whether a sealed original is kept.
///
/// # Errors
/// No table is open.
pub async fn keep_original(browser: &Browser, keep: bool) -> anyhow::Result<()> {
    browser.unfold("advanced").await?;
    browser.tick("keep-original", keep).await
}

/// Presses "Encrypt and upload"; where columns look as if they said who people are, they may leave.
///
/// # Errors
/// It stays disabled.
pub async fn next(browser: &Browser) -> anyhow::Result<()> {
    browser.click("prepare-next").await?;
    let asks = until("the upload, or a question", SOON, async || {
        let is_there = browser.path().await? == "/prepare";
        let asks = browser.find("identifying-gate").await?.is_some();
        Ok(if asks { Some(true) } else { (!is_there).then_some(false) })
    })
    .await?;
    if asks {
        let keep = "document.querySelectorAll('[data-testid^=\"gate-keep-\"]:enabled').forEach(button => button.click()); \
            return true;";
        browser.script::<bool>(keep, &[]).await?;
        browser.click("gate-done").await?;
    }
    Ok(())
}

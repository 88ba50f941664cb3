//! The workbench: train, publish, encrypt records, have them scored.

use anyhow::ensure;

use crate::browser::Browser;
use crate::wait::{LONG, SOON, until};

/// Opens it without loading the page anew, so that the keyring stays open.
///
/// # Errors
/// It does not come.
pub async fn open(browser: &Browser) -> anyhow::Result<()> {
    browser.click("nav-workbench").await?;
    browser.wait_for("family-logistic", SOON).await?;
    Ok(())
}

/// Chooses a family, with the sample that suits it, and waits until the table is read.
///
/// # Errors
/// The table is refused.
pub async fn choose(browser: &Browser, family: &str, file_name: &str) -> anyhow::Result<()> {
    browser.click(family).await?;
    until("the sample", SOON, async || {
        let table = browser.find("bench-table").await?;
        let text = match table {
            Some(table) => table.text().await?,
            None => String::new(),
        };
        Ok(text.starts_with(file_name).then_some(()))
    })
    .await
}

/// Trains with the choices that were made, and gives what is said first of the model.
///
/// # Errors
/// Nothing is learned.
pub async fn train(browser: &Browser) -> anyhow::Result<String> {
    browser.click("train").await?;
    let ended = browser.wait_for_any(&["trained", "train-fault"], LONG).await?;
    ensure!(ended == "trained", "nothing was learned: {}", browser.text("train-fault").await?);
    browser.text("headline").await
}

/// Publishes the model and goes on to its records.
///
/// # Errors
/// The cloud refuses it.
pub async fn publish(browser: &Browser) -> anyhow::Result<()> {
    browser.click("publish").await?;
    let ended = browser.wait_for_any(&["published", "publish-fault"], LONG).await?;
    ensure!(ended == "published", "not published: {}", browser.text("publish-fault").await?);
    browser.click("to-encryption").await?;
    browser.wait_for("score-form", SOON).await?;
    Ok(())
}

/// What came of a scoring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scored {
    /// `equal`, `differs` or `unknown`.
    pub verdict: String,
    /// The same in words.
    pub words: String,
    /// The first sentence.
    pub finding: String,
    /// Record, what is said, what is known, decrypted, twin, whether they are the same: of the rows that are shown.
    pub rows: Vec<Vec<String>>,
}

/// Waits for decrypted scores.
///
/// # Errors
/// The scoring fails.
pub async fn scored(browser: &Browser) -> anyhow::Result<Scored> {
    let ended = browser.wait_for_any(&["scored", "score-fault"], LONG).await?;
    ensure!(ended == "scored", "nothing was scored: {}", browser.text("score-fault").await?);
    let cells = "return [...document.querySelectorAll('[data-testid=\"scores\"] tbody tr')]
        .map(row => [...row.children].map(cell => cell.textContent));";
    Ok(Scored {
        verdict: browser.attribute("score-verdict", "data-verdict").await?,
        words: browser.text("score-verdict").await?,
        finding: browser.text("score-finding").await?,
        rows: browser.script(cells, &[]).await?,
    })
}

/// Waits for the sentence that refuses a record, and its code.
///
/// # Errors
/// The record is not refused.
pub async fn refused(browser: &Browser) -> anyhow::Result<(String, String)> {
    let ended = browser.wait_for_any(&["scored", "score-fault"], LONG).await?;
    ensure!(ended == "score-fault", "the record was scored");
    Ok((browser.attribute("score-fault", "data-code").await?, browser.text("score-fault").await?))
}

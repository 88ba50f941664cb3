//! Trainings of several owners: create one, take part, follow it.

use std::path::Path;

use anyhow::ensure;

use crate::browser::Browser;
use crate::wait::{LONG, SOON, until};

/// Opens the list of trainings without loading the page anew, so that the keyring stays open.
///
/// # Errors
/// It does not come.
pub async fn open_list(browser: &Browser) -> anyhow::Result<()> {
    browser.click("nav-workbench").await?;
    browser.click("to-trainings").await?;
    browser.wait_for("new-training", SOON).await?;
    Ok(())
}

/// Terms of a training that a story creates.
#[derive(Debug, Clone, Copy)]
pub struct NewTraining<'a> {
    /// `joint-logistic`, `joint-linear` or `joint-k-means`.
    pub family: &'a str,
    /// The file that names and bounds are read from.
    pub file: &'a Path,
    /// Owners.
    pub owners: u32,
    /// Fewest rows of each.
    pub least_rows: u32,
}

/// Creates a training, and gives the path of its invitation.
///
/// # Errors
/// It is refused.
pub async fn create(browser: &Browser, new: NewTraining<'_>) -> anyhow::Result<String> {
    open_list(browser).await?;
    browser.click("new-training").await?;
    browser.click(new.family).await?;
    bring(browser, new.file).await?;
    browser.fill("joint-key-holder", "University").await?;
    browser.fill("joint-owners", &new.owners.to_string()).await?;
    browser.fill("joint-least-rows", &new.least_rows.to_string()).await?;
    browser.click("create-training").await?;
    let found = browser.wait_for_any(&["invitation", "create-fault"], LONG).await?;
    ensure!(found == "invitation", "not created: {}", browser.text("create-fault").await?);
    let link = browser.text("invitation").await?;
    let path = link.find("/trainings/").map(|at| link[at..].to_owned());
    path.ok_or_else(|| anyhow::anyhow!("{link} is no invitation"))
}

/// Opens an invitation that was sent, without loading the page anew.
///
/// # Errors
/// It does not open.
pub async fn open_invitation(browser: &Browser, path: &str) -> anyhow::Result<()> {
    open_list(browser).await?;
    browser.fill("invitation-link", path).await?;
    browser.click("open-invitation").await?;
    browser.wait_for("joint-terms", LONG).await?;
    Ok(())
}

/// Chooses a table where one can be chosen, and waits until it is read.
///
/// # Errors
/// The table is refused.
pub async fn bring(browser: &Browser, file: &Path) -> anyhow::Result<()> {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    browser.give_file("bench-file", file).await?;
    until(&name, SOON, async || {
        let table = browser.find("bench-table").await?;
        let text = match table {
            // Rendered anew meanwhile: looked up again.
            Some(table) => table.text().await.unwrap_or_default(),
            None => String::new(),
        };
        Ok(text.starts_with(&name).then_some(()))
    })
    .await
}

/// Takes part with a file under a name, in a training that is open; gives the code of the refusal if there is one.
///
/// # Errors
/// Nothing comes of it.
pub async fn take_part(browser: &Browser, file: &Path, name: &str) -> anyhow::Result<Option<String>> {
    bring(browser, file).await?;
    browser.fill("joint-owner-name", name).await?;
    browser.click("take-part").await?;
    match browser.wait_for_any(&["own-rows", "joint-fault"], LONG).await? {
        "own-rows" => Ok(None),
        _ => browser.attribute("joint-fault", "data-code").await.map(Some),
    }
}

/// Waits until a training has ended, and says how: `finished` or `stopped`.
///
/// # Errors
/// It does not end, or a step of it fails.
pub async fn ended(browser: &Browser) -> anyhow::Result<String> {
    until("the end of the training", 3 * LONG, async || {
        if browser.find("joint-fault").await?.is_some() {
            anyhow::bail!("a step failed: {}", browser.text("joint-fault").await?);
        }
        let end = browser.attribute("joint-state", "data-end").await?;
        Ok((!end.is_empty()).then_some(end))
    })
    .await
}

/// The numbers of the model with all their digits, by column.
///
/// # Errors
/// They are not shown.
pub async fn coefficients(browser: &Browser) -> anyhow::Result<Vec<(String, f64)>> {
    browser.wait_for("joint-coefficients", SOON).await?;
    let body = "return [...document.querySelectorAll('[data-testid=\"joint-coefficients\"] tbody tr')]
        .map(row => [row.children[0].textContent, row.children[1].dataset.value]);";
    let rows: Vec<(String, String)> = browser.script(body, &[]).await?;
    rows.into_iter().map(|(name, value)| Ok((name, value.parse()?))).collect()
}

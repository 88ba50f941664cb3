//! The dataset page: analyses, answers, what the cloud saw.

use anyhow::{Context, bail, ensure};
use serde::Deserialize;

use crate::browser::Browser;
use crate::exact::Decimal;
use crate::wait::{LONG, SOON, until};

/// A row of the table of answers.
#[derive(Debug, Clone, Deserialize)]
pub struct Answer {
    /// Name of the column.
    pub column: String,
    /// `sum`, `mean` or `count`.
    pub kind: String,
    /// Exact decimal digits.
    pub exact: String,
    /// The same as a float.
    pub float: String,
    /// Cells that are not blank.
    pub count: String,
    /// Exact decimal digits of the plaintext twin, where there is one.
    pub twin: Option<String>,
    /// How the page says that the two compare: `equal`, `within-rounding`, `differs`.
    pub verdict: Option<String>,
}

impl Answer {
    /// The exact answer as a number.
    ///
    /// # Errors
    /// It is none.
    pub fn decimal(&self) -> anyhow::Result<Decimal> {
        Decimal::parse(&self.exact)
    }
}

/// Runs sum, mean and count of all columns, waits, and reads the answers.
///
/// # Errors
/// There is no answer; the message is the page's.
pub async fn run_everything(browser: &Browser) -> anyhow::Result<Vec<Answer>> {
    start_everything(browser).await?;
    answers(browser).await
}

/// Starts sum, mean and count of all columns.
///
/// # Errors
/// The form does not come.
pub async fn start_everything(browser: &Browser) -> anyhow::Result<()> {
    for kind in ["sum", "mean", "count"] {
        browser.tick(&format!("analysis-{kind}"), true).await?;
    }
    browser.click("analysis-all").await?;
    browser.click("analysis-run").await
}

/// Waits for the answer to the running analysis and reads its table.
///
/// # Errors
/// There is none; the message is the page's.
pub async fn answers(browser: &Browser) -> anyhow::Result<Vec<Answer>> {
    match browser.wait_for_any(&["answers", "analysis-failed"], LONG).await? {
        "answers" => {}
        _ => bail!("the analysis failed: {}", browser.text("analysis-failed").await?),
    }
    let body = r#"
        return [...document.querySelectorAll('[data-testid="answers"] tbody tr')].map(row => {
            const answer = row.querySelector('[data-testid^="answer-"]');
            const twin = row.querySelector('[data-testid^="twin-"]');
            return {
                column: row.querySelector('th').textContent,
                kind: answer.dataset.testid.split('-')[1],
                exact: answer.dataset.exact,
                float: answer.dataset.float,
                count: answer.dataset.count,
                twin: twin ? twin.dataset.exact : null,
                verdict: twin ? twin.dataset.verdict : null,
            };
        });"#;
    let answers: Vec<Answer> = browser.script(body, &[]).await?;
    ensure!(!answers.is_empty(), "the table of answers is empty");
    ensure!(browser.find("verified").await?.is_some(), "the answer is not marked as verified");
    Ok(answers)
}

/// The answer of one kind for one column.
///
/// # Errors
/// It is not there.
pub fn answer<'a>(answers: &'a [Answer], kind: &str, column: &str) -> anyhow::Result<&'a Answer> {
    answers
        .iter()
        .find(|answer| answer.kind == kind && answer.column == column)
        .with_context(|| format!("there is no {kind} of {column}"))
}

/// An object in the panel "What the cloud saw".
#[derive(Debug, Clone, Deserialize)]
pub struct CloudObject {
    /// Key in the bucket.
    pub key: String,
    /// Bytes.
    pub size: String,
    /// Hex of some of its bytes.
    pub sample: String,
}

/// What the page says that the cloud stores of this dataset.
///
/// # Errors
/// The panel does not come.
pub async fn cloud_objects(browser: &Browser) -> anyhow::Result<Vec<CloudObject>> {
    browser.wait_for("dataset-objects", SOON).await?;
    // The list may be rendered anew between the click and the look.
    until("all objects to be shown", SOON, async || {
        let body = "const more = document.querySelector('[data-testid=\"dataset-objects\"] [data-testid=\"cloud-objects-all\"]');
            more?.click(); return !more;";
        Ok(browser.script::<bool>(body, &[]).await?.then_some(()))
    })
    .await?;
    let body = r#"
        return [...document.querySelectorAll('[data-testid="dataset-objects"] [data-testid="cloud-object"]')].map(item => ({
            key: item.dataset.key,
            size: item.dataset.size,
            sample: item.querySelector('[data-testid="cloud-object-sample"]').dataset.hex,
        }));"#;
    browser.script(body, &[]).await
}

/// Ids and names of the datasets that the list shows, without loading the page anew.
///
/// # Errors
/// The list does not come.
pub async fn list(browser: &Browser) -> anyhow::Result<Vec<(String, String)>> {
    browser.click("nav-datasets").await?;
    until("the list of datasets", SOON, async || {
        if browser.find("datasets-empty").await?.is_some() {
            return Ok(Some(Vec::new()));
        }
        if browser.find("datasets").await?.is_none() {
            return Ok(None);
        }
        let body = r#"
            return [...document.querySelectorAll('[data-testid^="dataset-row-"]')].map(row => [
                row.dataset.testid.slice("dataset-row-".length), row.querySelector(".row-title").textContent,
            ]);"#;
        browser.script(body, &[]).await.map(Some)
    })
    .await
}

/// Opens a dataset from the list, without loading the page anew.
///
/// # Errors
/// It is not in the list.
pub async fn open(browser: &Browser, dataset: &str) -> anyhow::Result<()> {
    list(browser).await?;
    let body = "const link = document.querySelector(`a[href=\"/datasets/${arguments[0]}\"]`); link?.click(); return !!link;";
    let found: bool = browser.script(body, &[dataset.into()]).await?;
    ensure!(found, "the dataset {dataset} is not in the list");
    browser.wait_for("analysis-run", SOON).await?;
    Ok(())
}

/// Deletes the open dataset, typing its name.
///
/// # Errors
/// It stays.
pub async fn delete(browser: &Browser, file_name: &str) -> anyhow::Result<()> {
    browser.click("delete-dataset").await?;
    browser.fill("delete-name", file_name).await?;
    browser.click("delete-confirm").await?;
    until("the list after the deletion", SOON, async || {
        Ok((browser.path().await? == "/datasets").then_some(()))
    })
    .await
}

/// Chooses an analysis of the catalogue instead of the usual one, or beside what is chosen already.
///
/// # Errors
/// It is not there.
pub async fn choose_analysis(browser: &Browser, code: &str) -> anyhow::Result<()> {
    browser.unfold("analysis-menu").await?;
    browser.click(&format!("add-{code}")).await
}

/// Chooses all numbers for the analysis that was added last.
///
/// # Errors
/// It has no such choice.
pub async fn all_numbers(browser: &Browser) -> anyhow::Result<()> {
    let body = r#"const all = document.querySelectorAll('[data-testid^="ask-"][data-testid$="-numbers-all"]');
        all[all.length - 1]?.click(); return all.length > 0;"#;
    until("a choice of numbers", SOON, async || Ok(browser.script::<bool>(body, &[]).await?.then_some(())))
        .await
}

/// Chooses exactly these numbers, by their names, for the analysis that was added last, and for one that explains
/// (or compares) a number that one.
///
/// # Errors
/// One of them cannot be chosen.
pub async fn numbers(browser: &Browser, column: Option<&str>, names: &[&str]) -> anyhow::Result<()> {
    let last = "const last = selector => [...document.querySelectorAll(selector)].at(-1);";
    let column_body = format!(
        r#"{last} const select = last('[data-testid^="ask-"][data-testid$="-column"]');
        const option = [...(select?.options ?? [])].find(option => option.textContent === arguments[0]);
        if (!option) return false;
        select.value = option.value;
        select.dispatchEvent(new Event('change', {{ bubbles: true }}));
        return true;"#
    );
    if let Some(column) = column {
        until("the number to explain", SOON, async || {
            Ok(browser.script::<bool>(&column_body, &[column.into()]).await?.then_some(()))
        })
        .await?;
    }
    let none = format!(
        r#"{last} const none = last('[data-testid^="ask-"][data-testid$="-numbers-none"]'); none?.click(); return !!none;"#
    );
    until("a choice of numbers", SOON, async || Ok(browser.script::<bool>(&none, &[]).await?.then_some(())))
        .await?;
    // One after the other: each choice renders the boxes anew.
    let tick = format!(
        r#"{last} const none = last('[data-testid^="ask-"][data-testid$="-numbers-none"]');
        const boxes = [...none.closest('fieldset').querySelectorAll('input[type="checkbox"]')];
        const box = boxes.find(box => box.closest('label').textContent.trim() === arguments[0]);
        if (box && !box.checked) box.click();
        return !!box?.checked;"#
    );
    for name in names {
        until(&format!("{name} to be chosen"), SOON, async || {
            Ok(browser.script::<bool>(&tick, &[(*name).into()]).await?.then_some(()))
        })
        .await?;
    }
    Ok(())
}

/// Runs what is chosen; adds the columns that it lacks first.
///
/// # Errors
/// It cannot be run, or there is no answer; the message is the page's.
pub async fn run_prepared(browser: &Browser) -> anyhow::Result<Vec<Part>> {
    add_columns(browser).await?;
    browser.click("analysis-run").await?;
    parts(browser).await
}

/// Adds the columns that are lacking, if any.
///
/// # Errors
/// They are not added; the message is the page's.
pub async fn add_columns(browser: &Browser) -> anyhow::Result<()> {
    let lacks = until("an estimate", SOON, async || {
        if browser.attribute("analysis-estimate", "aria-busy").await? != "false" {
            return Ok(None);
        }
        if browser.find("add-columns").await?.is_some() {
            return Ok(Some(true));
        }
        if browser.find("analysis-refused").await?.is_some() {
            bail!("the analysis is refused: {}", browser.text("analysis-refused").await?);
        }
        let estimate = browser.text("analysis-estimate").await?;
        Ok((estimate.contains("The cloud reads") || estimate.contains("signed manifest")).then_some(false))
    })
    .await?;
    if !lacks {
        return Ok(());
    }
    browser.click("add-columns").await?;
    match browser.wait_for_any(&["growth-done", "growth-stopped", "growth-file-needed"], LONG).await? {
        "growth-done" => browser.wait_gone("needs", SOON).await,
        which => bail!("no columns were added: {}", browser.text(which).await?),
    }
}

/// An answer that has more to it than one number.
#[derive(Debug, Clone, Deserialize)]
pub struct Part {
    /// What was asked.
    pub title: String,
    /// `equal` or `differs`, where there is a twin.
    pub verdict: Option<String>,
    /// Key and exact digits of each figure.
    pub figures: Vec<(String, String)>,
    /// Exact digits of the numbers of all tables, row by row.
    pub cells: Vec<String>,
    /// Charts.
    pub charts: u32,
    /// Whether it can be made more exact.
    pub refinable: bool,
}

impl Part {
    /// The exact digits of a figure.
    ///
    /// # Errors
    /// There is no such figure.
    pub fn figure(&self, key: &str) -> anyhow::Result<&str> {
        let found = self.figures.iter().find(|(other, _)| other == key);
        found
            .map(|(_, exact)| exact.as_str())
            .with_context(|| format!("{} has no {key}: {:?}", self.title, self.figures))
    }
}

/// Waits for the answer and reads the parts of it that are more than one number.
///
/// # Errors
/// There is none; the message is the page's.
pub async fn parts(browser: &Browser) -> anyhow::Result<Vec<Part>> {
    browser.wait_gone("analysis-running", LONG).await?;
    match browser.wait_for_any(&["answer-article", "analysis-failed"], LONG).await? {
        "answer-article" => {}
        _ => bail!("the analysis failed: {}", browser.text("analysis-failed").await?),
    }
    let body = r#"
        return [...document.querySelectorAll('[data-testid="answer-article"]')].map(part => ({
            title: part.querySelector('h3').textContent,
            verdict: part.dataset.verdict ?? null,
            figures: [...part.querySelectorAll('[data-testid="figure"]')].map(row => [row.dataset.key, row.dataset.exact]),
            cells: [...part.querySelectorAll('[data-testid="answer-table"] td[data-exact]')].map(cell => cell.dataset.exact),
            charts: part.querySelectorAll('[data-testid="chart"]').length,
            refinable: !!part.querySelector('[data-testid="make-exact"]'),
        }));"#;
    browser.script(body, &[]).await
}

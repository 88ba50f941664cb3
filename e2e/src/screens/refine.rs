//! The pages for rows, steps and anonymisation, beside the columns.

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};

use crate::browser::Browser;
use crate::wait::{LONG, SOON, until};

/// Goes to a part of preparing by its tab: `columns`, `rows`, `clean` or `anonymise`.
///
/// # Errors
/// No table is open.
pub async fn open(browser: &Browser, part: &str) -> anyhow::Result<()> {
    browser.click(&format!("part-{part}")).await?;
    let what = match part {
        "rows" => "rows",
        "clean" => "steps-title-of-clean",
        "anonymise" => "roles",
        _ => "summary",
    };
    match what {
        "steps-title-of-clean" => browser.wait_for("kind-impute", SOON).await.map(drop),
        testid => browser.wait_for(testid, LONG).await.map(drop),
    }
}

/// Begins a step of a kind such as `impute`, with these columns and fields.
///
/// # Errors
/// The form does not come.
pub async fn begin_step(
    browser: &Browser,
    kind: &str,
    columns: &[&str],
    fields: &[(&str, &str)],
) -> anyhow::Result<()> {
    browser.click(&format!("kind-{kind}")).await?;
    browser.wait_for("step-form", SOON).await?;
    enter(browser, fields).await?;
    for column in columns {
        let body = "const box = [...document.querySelectorAll('[data-testid^=\"refine-columns-\"]')] \
            .find(box => box.closest('label')?.textContent === arguments[0]); box?.click(); return box?.checked ?? null;";
        let ticked: Option<bool> = browser.script(body, &[(*column).into()]).await?;
        ensure!(ticked == Some(true), "no column {column} can be chosen");
    }
    Ok(())
}

/// Enters fields by their names, lists first where they show others.
///
/// # Errors
/// One is not there.
pub async fn enter(browser: &Browser, fields: &[(&str, &str)]) -> anyhow::Result<()> {
    for (field, value) in fields {
        let testid = format!("refine-{field}");
        let element = browser.wait_for(&testid, SOON).await?;
        if element.tag_name().await? == "select" {
            browser.choose(&testid, value).await?;
        } else {
            browser.fill(&testid, value).await?;
        }
    }
    Ok(())
}

/// Adds the step of the form, and waits until there are so many.
///
/// # Errors
/// It is refused; the message is the page's.
pub async fn add_step(browser: &Browser, count: usize) -> anyhow::Result<()> {
    browser.click("step-add").await?;
    wait_steps(browser, count).await
}

/// Waits until the recipe has so many steps.
///
/// # Errors
/// It never has; or what was asked for is refused, with the page's message.
pub async fn wait_steps(browser: &Browser, count: usize) -> anyhow::Result<()> {
    wait_steps_within(browser, count, LONG).await
}

/// As [`wait_steps`], for a table that takes longer.
///
/// # Errors
/// As there.
pub async fn wait_steps_within(browser: &Browser, count: usize, within: Duration) -> anyhow::Result<()> {
    let body = "const busy = document.querySelector('[data-testid=\"refine-progress\"]') !== null; \
        return busy ? -1 : document.querySelectorAll('[data-testid=\"steps\"] > li').length;";
    until(&format!("{count} steps"), within, async || {
        if browser.find("refine-fault").await?.is_some() {
            bail!("the page says: {}", browser.text("refine-fault").await?);
        }
        let problem = browser.find("step-problem").await?;
        if let Some(problem) = problem {
            let problem = problem.text().await.unwrap_or_default();
            if !problem.is_empty() {
                bail!("the form says: {problem}");
            }
        }
        Ok((browser.script::<i64>(body, &[]).await? == i64::try_from(count)?).then_some(()))
    })
    .await
}

/// A figure of a column in the report of a step, before and after, with all digits; blank where there is none.
///
/// # Errors
/// It is not there.
pub async fn figure(
    browser: &Browser,
    step: usize,
    column: &str,
    figure: &str,
) -> anyhow::Result<(String, String)> {
    browser.unfold(&format!("step-details-{step}")).await?;
    let body = "const row = document.querySelector(`[data-testid=\"step-${arguments[0]}\"] [data-column=\"${arguments[1]}\"] \
        [data-figure=\"${arguments[2]}\"]`); return row && [...row.querySelectorAll('td')].map(cell => cell.title);";
    let found: Option<Vec<String>> =
        browser.script(body, &[step.into(), column.into(), figure.into()]).await?;
    match found.as_deref() {
        Some([before, after]) => Ok((before.clone(), after.clone())),
        _ => bail!("step {step} tells no {figure} of {column}"),
    }
}

/// A measure of the dashboard before and after, with all digits.
///
/// # Errors
/// It is not there.
pub async fn measure(browser: &Browser, name: &str) -> anyhow::Result<(f64, f64)> {
    let testid = format!("measure-{name}");
    browser.wait_for(&testid, LONG).await?;
    let body = "return [...document.querySelectorAll(`[data-testid=\"${arguments[0]}\"] td`)].map(cell => cell.dataset.value);";
    let found: Vec<String> = browser.script(body, &[testid.as_str().into()]).await?;
    let number = |at: usize| -> anyhow::Result<f64> {
        let text = found.get(at).with_context(|| format!("{name} is not shown"))?;
        text.replace('\u{2212}', "-").parse().with_context(|| format!("{name} is {text:?}"))
    };
    Ok((number(0)?, number(1)?))
}

/// The rows that are drawn: what stands in front of each, and its cells.
///
/// # Errors
/// The page breaks.
pub async fn drawn_rows(browser: &Browser) -> anyhow::Result<Vec<Vec<String>>> {
    let body = "return [...document.querySelectorAll('[data-testid=\"rows\"] tr[data-row]')].map(row => \
        [...row.children].map(cell => cell.textContent));";
    browser.script(body, &[]).await
}

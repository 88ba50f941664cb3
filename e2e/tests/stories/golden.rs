//! Every number of `golden.json`, through the browser on ciphertext.

use anyhow::{Context as _, ensure};
use serde_json::Value;
use veilsum_e2e::browser::Browser;
use veilsum_e2e::product::fixture;
use veilsum_e2e::screens::dataset::{self, Part};
use veilsum_e2e::screens::{choose_file, enter, prepare, upload};
use veilsum_e2e::story::play;
use veilsum_e2e::wait::{LONG, SOON};

/// Of each number, how far two implementations in double precision may be apart.
const TOLERANCE: f64 = 1e-12;

fn golden() -> anyhow::Result<Value> {
    Ok(serde_json::from_str(&std::fs::read_to_string(fixture("golden.json"))?)?)
}

fn close(actual: &str, expected: &Value, what: &str) -> anyhow::Result<()> {
    let actual: f64 = actual.parse().with_context(|| format!("{what} is {actual}"))?;
    let expected = expected.as_f64().with_context(|| format!("{what} of golden.json is no number"))?;
    ensure!((actual - expected).abs() <= TOLERANCE * expected.abs(), "{what} is {actual}, not {expected}");
    Ok(())
}

/// The part whose title starts so.
fn part<'a>(parts: &'a [Part], title: &str) -> anyhow::Result<&'a Part> {
    let titles: Vec<&str> = parts.iter().map(|part| part.title.as_str()).collect();
    parts
        .iter()
        .find(|part| part.title.starts_with(title))
        .with_context(|| format!("no {title} in {titles:?}"))
}

async fn uploaded(browser: &Browser, name: &str) -> anyhow::Result<()> {
    enter(browser).await?;
    choose_file(browser, &fixture(&format!("{name}.csv"))).await?;
    prepare::wait_open(browser).await?;
    prepare::next(browser).await?;
    upload::wait_done(browser).await?;
    browser.wait_for("analysis-run", SOON).await?;
    Ok(())
}

/// Describes all numbers and makes the quantiles exact.
async fn described(browser: &Browser) -> anyhow::Result<Vec<Part>> {
    dataset::choose_analysis(browser, "describe-spread").await?;
    dataset::choose_analysis(browser, "describe-quantiles").await?;
    let mut parts = dataset::run_prepared(browser).await?;
    while parts.iter().any(|part| part.refinable) {
        browser.click("make-exact").await?;
        match browser.wait_for_any(&["growth-done", "growth-stopped"], LONG).await? {
            "growth-done" => parts = dataset::parts(browser).await?,
            _ => anyhow::bail!("no finer bins: {}", browser.text("growth-stopped").await?),
        }
    }
    Ok(parts)
}

fn check_column(parts: &[Part], column: &str, expected: &Value) -> anyhow::Result<()> {
    let spread = part(parts, &format!("Variance of “{column}”"))?;
    let quantiles = part(parts, &format!("Quantiles of “{column}”"))?;
    for (key, expected) in expected.as_object().context("a column without statistics")? {
        let actual = match key.as_str() {
            "n" => spread.figure("count")?,
            "mean" => spread.figure("mean")?,
            // Exact decimal sums are compared digit by digit in the stories of sums.
            "sum" => continue,
            "var_sample" => spread.figure("variance/sample")?,
            "var_population" => spread.figure("variance/population")?,
            "std_sample" => spread.figure("sd/sample")?,
            "min" => quantiles.figure("quantile/minimum")?,
            "median" => quantiles.figure("quantile/median")?,
            "max" => quantiles.figure("quantile/maximum")?,
            other => anyhow::bail!("{other} is not compared"),
        };
        close(actual, expected, &format!("{column} {key}"))?;
    }
    Ok(())
}

async fn check_fit(browser: &Browser, expected: &Value) -> anyhow::Result<()> {
    let y = expected["y"].as_str().context("a fit without y")?;
    let xs = expected["x"].as_array().context("a fit without x")?;
    let xs: Vec<&str> = xs.iter().filter_map(Value::as_str).collect();
    dataset::choose_analysis(browser, "regression").await?;
    dataset::numbers(browser, Some(y), &xs).await?;
    let parts = dataset::run_prepared(browser).await?;
    let fit = part(&parts, "Regression of")?;
    ensure!(fit.verdict.as_deref() == Some("equal"), "the fit differs from its twin");
    close(fit.figure("intercept/estimate")?, &expected["intercept"], "the intercept")?;
    for (name, coefficient) in expected["coefficients"].as_object().context("a fit without coefficients")? {
        close(fit.figure(&format!("coefficient/{name}/estimate"))?, coefficient, name)?;
    }
    for (key, figure) in [("rank", "rank"), ("r2", "r-squared"), ("rmse", "rmse")] {
        close(fit.figure(figure)?, &expected[key], key)?;
    }
    // No function of sums: it comes from the cleartext, and the page says so.
    let said = browser.text("only-here").await?;
    ensure!(said.contains("not from the cloud"), "the page says: {said}");
    close(
        &browser.attribute("only-here", "data-number").await?,
        &expected["mae"],
        "the mean absolute error",
    )?;
    browser.click("ask-remove-regression").await
}

#[test]
fn the_small_tables_are_golden() {
    play("the_small_tables_are_golden", async |story| {
        let golden = golden()?;
        for name in ["pancreatitis", "iris", "income"] {
            let browser = story.browser().await?;
            uploaded(&browser, name).await?;
            let parts = described(&browser).await?;
            if name == "income" {
                check_column(&parts, "income", &golden["income"])?;
                continue;
            }
            for (column, expected) in golden[name]["columns"].as_object().context("no columns")? {
                check_column(&parts, column, expected)?;
            }
            if name == "iris" {
                check_groups(&browser, &golden["iris"]).await?;
                continue;
            }
            for fit in ["linear_LOS_on_age", "linear_LOS_on_age_mi0_chf0"] {
                check_fit(&browser, &golden["pancreatitis"][fit]).await?;
            }
            dataset::choose_analysis(&browser, "correlation").await?;
            dataset::numbers(&browser, None, &["age", "LOS"]).await?;
            let parts = dataset::run_prepared(&browser).await?;
            let cells = &part(&parts, "Correlation")?.cells;
            let expected = &golden["pancreatitis"]["correlation_age_LOS"];
            close(cells.get(1).context("no second cell")?, expected, "the correlation of age and LOS")?;
        }
        Ok(())
    });
}

async fn check_groups(browser: &Browser, golden: &Value) -> anyhow::Result<()> {
    let means = golden["group_mean_by_species"].as_object().context("no groups")?;
    dataset::choose_analysis(browser, "groups").await?;
    dataset::all_numbers(browser).await?;
    let parts = dataset::run_prepared(browser).await?;
    for (species, columns) in means {
        for (column, mean) in columns.as_object().context("no columns")? {
            let grouped = parts
                .iter()
                .find(|part| part.title.contains(&format!("“{column}”")) && part.title.contains("species"));
            let grouped = grouped.with_context(|| format!("no groups of {column}"))?;
            close(
                grouped.figure(&format!("group/{species}/mean"))?,
                mean,
                &format!("{column} of {species}"),
            )?;
            let count = &golden["group_count"][species];
            close(grouped.figure(&format!("group/{species}/count"))?, count, species)?;
        }
    }
    Ok(())
}

#[test]
fn diabetes_is_golden() {
    play("diabetes_is_golden", async |story| {
        let golden = &golden()?["diabetes"];
        let browser = story.browser().await?;
        uploaded(&browser, "diabetes").await?;
        let parts = described(&browser).await?;
        let columns = golden["columns"].as_object().context("no columns")?;
        for (column, expected) in columns {
            check_column(&parts, column, expected)?;
        }
        dataset::choose_analysis(&browser, "correlation").await?;
        dataset::all_numbers(&browser).await?;
        let parts = dataset::run_prepared(&browser).await?;
        let cells = &part(&parts, "Correlation")?.cells;
        let names: Vec<&String> = columns.keys().collect();
        // The matrix comes first, then each pair with its test.
        ensure!(cells.len() > names.len() * names.len(), "{} correlations", cells.len());
        let header = std::fs::read_to_string(fixture("diabetes.csv"))?;
        let order: Vec<&str> = header.lines().next().unwrap_or_default().split(',').collect();
        for (at, row) in order.iter().enumerate() {
            for (place, column) in order.iter().enumerate() {
                let cell = &cells[at * order.len() + place];
                close(
                    cell,
                    &golden["correlation"][row][column],
                    &format!("the correlation of {row} and {column}"),
                )?;
            }
        }
        browser.click("ask-remove-correlation").await?;
        check_fit(&browser, &golden["linear_progression_on_all"]).await
    });
}

/// Long: finer bins for thirty columns, one after the other. `cargo xtask test --only stories -- --ignored golden`.
#[test]
#[ignore = "takes minutes"]
fn breast_cancer_is_golden() {
    play("breast_cancer_is_golden", async |story| {
        let golden = &golden()?["breast_cancer"];
        let browser = story.browser().await?;
        uploaded(&browser, "breast_cancer").await?;
        let parts = described(&browser).await?;
        for (column, expected) in golden["columns"].as_object().context("no columns")? {
            check_column(&parts, column, expected)?;
        }
        Ok(())
    });
}

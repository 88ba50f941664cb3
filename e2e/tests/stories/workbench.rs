//! The workbench: each family from a table to decrypted scores, which are the integers of the twin; and what is said of
//! records that do not fit.

use anyhow::ensure;
use veilsum_e2e::browser::Browser;
use veilsum_e2e::screens::enter;
use veilsum_e2e::screens::workbench::{self, Scored};
use veilsum_e2e::story::play;
use veilsum_e2e::wait::{LONG, SOON, until};

/// Every decrypted score is the integer of the twin, and the page says so, and that scores are not verified.
async fn equal(browser: &Browser, rows: usize) -> anyhow::Result<Scored> {
    let scored = workbench::scored(browser).await?;
    ensure!(scored.verdict == "equal", "{scored:?}");
    ensure!(scored.words.contains("the same integers"), "{}", scored.words);
    ensure!(scored.rows.len() == rows, "{} rows instead of {rows}", scored.rows.len());
    for row in &scored.rows {
        ensure!(row[3] == row[4] && row[5] == "yes", "{row:?}");
        ensure!(!row[3].is_empty() && row[3] != "–", "{row:?}");
    }
    ensure!(browser.text("not-verified").await?.starts_with("Not verified"), "unlabelled");
    Ok(scored)
}

async fn score_test_part(browser: &Browser, rows: usize) -> anyhow::Result<Scored> {
    browser.fill("test-rows", &rows.to_string()).await?;
    browser.click("score-test-part").await?;
    equal(browser, rows).await
}

async fn score_form(browser: &Browser) -> anyhow::Result<Scored> {
    browser.click("step-encryption").await?;
    browser.click("score-form").await?;
    // The scores of before stand there until the new ones come.
    until("the record's score", LONG, async || {
        let record = "const row = document.querySelector('[data-testid=\"scores\"] tbody th');
            return row !== null && row.textContent === 'form';";
        Ok(browser.script::<bool>(record, &[]).await?.then_some(()))
    })
    .await?;
    equal(browser, 1).await
}

#[test]
fn logistic_scores_are_the_twins_and_are_measured() {
    play("workbench_logistic", async |story| {
        let browser = story.browser().await?;
        enter(&browser).await?;
        workbench::open(&browser).await?;
        workbench::choose(&browser, "family-logistic", "breast_cancer.csv").await?;
        workbench::train(&browser).await?;
        // Encrypted predictions are those of the integers, and these agree with the floats on every test row.
        let agreement = browser.text("agreement").await?;
        ensure!(agreement.contains("114 of 114"), "{agreement}");
        let facts = browser.text("training-facts").await?;
        ensure!(
            facts.contains("Accuracy, 10 folds: 0.97") || facts.contains("Accuracy, 10 folds: 0.98"),
            "{facts}"
        );
        ensure!(facts.contains("AUC, 10 folds: 0.99"), "{facts}");
        workbench::publish(&browser).await?;
        score_test_part(&browser, 114).await?;
        ensure!(browser.find("metrics").await?.is_some(), "no metrics of the decrypted predictions");
        let one = score_form(&browser).await?;
        ensure!(one.finding.starts_with("The model says"), "{}", one.finding);

        browser.click("to-performance").await?;
        ensure!(browser.text("overhead").await?.starts_with("Privacy costs"), "no overhead");
        browser.choose("repeats", "3").await?;
        browser.click("repeat").await?;
        let spread = browser.wait_for("spread", LONG).await?.text().await?;
        ensure!(spread.starts_with("3 runs: median"), "{spread}");
        browser.click("performance-export").await?;
        let csv = std::fs::read_to_string(browser.download("performance.csv").await?)?;
        ensure!(csv.lines().count() == 4, "{csv}");
        Ok(())
    });
}

#[test]
fn linear_scores_are_the_twins() {
    play("workbench_linear", async |story| {
        let browser = story.browser().await?;
        enter(&browser).await?;
        workbench::open(&browser).await?;
        workbench::choose(&browser, "family-linear", "diabetes.csv").await?;
        browser.fill("train-test-percent", "0").await?;
        workbench::train(&browser).await?;
        let facts = browser.text("training-facts").await?;
        ensure!(facts.contains("R² over the rows it learned from: 0.5177"), "{facts}");
        workbench::publish(&browser).await?;
        score_test_part(&browser, 60).await?;
        let one = score_form(&browser).await?;
        ensure!(one.finding.starts_with("The model predicts"), "{}", one.finding);
        Ok(())
    });
}

#[test]
fn distances_from_centroids_are_the_twins() {
    play("workbench_k_means", async |story| {
        let browser = story.browser().await?;
        enter(&browser).await?;
        workbench::open(&browser).await?;
        workbench::choose(&browser, "family-k-means", "iris.csv").await?;
        workbench::train(&browser).await?;
        let metrics = browser.text("metrics").await?;
        ensure!(metrics.contains("78.85") && metrics.contains("0.730"), "{metrics}");
        workbench::publish(&browser).await?;
        score_test_part(&browser, 150).await?;
        let metrics = browser.text("metrics").await?;
        ensure!(metrics.contains("0.730"), "of decrypted distances: {metrics}");
        score_form(&browser).await?;
        Ok(())
    });
}

#[test]
fn logits_of_a_network_are_the_twins() {
    play("workbench_network", async |story| {
        let browser = story.browser().await?;
        enter(&browser).await?;
        workbench::open(&browser).await?;
        workbench::choose(&browser, "family-network", "digits.csv").await?;
        browser.fill("train-epochs", "6").await?;
        workbench::train(&browser).await?;
        browser.tick("publish-by-layers", true).await?;
        workbench::publish(&browser).await?;
        score_test_part(&browser, 100).await?;
        ensure!(browser.find("layers").await?.is_none(), "one round shows the sums of a layer");
        score_form(&browser).await?;

        // The teaching mode: the same scores, and the sums of each layer beside their twins, with what that leaks.
        browser.click("score-others").await?;
        browser.click("network-by-layers").await?;
        score_form(&browser).await?;
        let shown = "return [...document.querySelectorAll('[data-testid=\"layer\"]')].map(layer => [
            layer.dataset.units,
            layer.querySelector('[data-testid=\"layer-verdict\"]').dataset.verdict,
            String(layer.querySelector('[data-testid=\"layer-sums\"]').textContent.split(',').length),
        ]);";
        let layers: Vec<[String; 3]> = browser.script(shown, &[]).await?;
        let expected = [["32", "equal", "32"], ["10", "equal", "10"]].map(|layer| layer.map(str::to_owned));
        ensure!(layers == expected, "{layers:?}");
        let leak = browser.text("layers-leak").await?;
        ensure!(leak.contains("65 records") && leak.contains("leaks the model"), "{leak}");
        Ok(())
    });
}

#[test]
fn records_that_do_not_fit_meet_a_sentence() {
    play("workbench_refused", async |story| {
        let browser = story.browser().await?;
        enter(&browser).await?;
        workbench::open(&browser).await?;
        workbench::choose(&browser, "family-k-means", "iris.csv").await?;
        workbench::train(&browser).await?;
        workbench::publish(&browser).await?;

        for (line, code, words) in [
            ("5.1, 3.5, 1.4", "wrong-count", "3 values, and this model takes 4"),
            ("5.1, 3.5, 1.4, 0.2, 7", "wrong-count", "5 values, and this model takes 4"),
            ("5.1, 3.5, 1.4, 0.25", "wrong-scale", "2 decimals, and this model keeps 1"),
            ("5.1, 3.5, 1.4, 1000", "out-of-bounds", "outside what this model takes"),
            ("5.1, 3.5, 1.4, much", "not-a-number", "needs a number"),
        ] {
            let unfold =
                "document.querySelectorAll('details').forEach(part => part.open = true); return true;";
            browser.script::<bool>(unfold, &[]).await?;
            browser.fill("record-line", line).await?;
            browser.click("score-line").await?;
            until(code, SOON, async || {
                let (found, _) = workbench::refused(&browser).await?;
                Ok((found == code).then_some(()))
            })
            .await?;
            let (_, said) = workbench::refused(&browser).await?;
            ensure!(said.contains(words), "{line}: {said}");
        }
        browser.fill("feature-2", " ").await?;
        browser.click("score-form").await?;
        until("missing-feature", SOON, async || {
            let (found, said) = workbench::refused(&browser).await?;
            Ok((found == "missing-feature" && said.contains("petal_length")).then_some(()))
        })
        .await?;

        // Withdrawn after its records were prepared.
        browser.click("nav-models").await?;
        browser.click("withdraw").await?;
        browser.click("withdraw-confirm").await?;
        until("the withdrawal", SOON, async || {
            Ok((browser.attribute("model", "data-withdrawn").await? == "true").then_some(()))
        })
        .await?;
        browser.click("nav-workbench").await?;
        browser.click("score-test-part").await?;
        until("model-withdrawn", SOON, async || {
            let (found, said) = workbench::refused(&browser).await?;
            Ok((found == "model-withdrawn" && said.contains("withdrawn")).then_some(()))
        })
        .await
    });
}

//! The second engine: the cloud multiplies what was uploaded without being prepared, and answers are spot-checked.

use anyhow::{Context as _, ensure};
use veilsum_e2e::browser::Browser;
use veilsum_e2e::keys;
use veilsum_e2e::screens::dataset::{self, Part};
use veilsum_e2e::screens::{choose_made_file, enter, keyring, prepare, upload};
use veilsum_e2e::story::play;
use veilsum_e2e::tables;
use veilsum_e2e::wait::{LONG, SOON};

const WARDS: [&str; 3] = ["Surgery", "Medicine", "Other"];
const ROWS: u64 = 90;

/// A table of numbers without a blank cell, so that no product has three factors.
fn numbers(rows: i64) -> String {
    let row = |row: i64| {
        let (a, b) = (row * 7_919 % 1_009 - 500, row * 104_729 % 2_003);
        format!("{a}.{:02},{b},{},{}\n", row % 100, a * 3 + b % 17, (row % 5 - 2) * 1_000_000)
    };
    let rows: String = (0..rows).map(row).collect();
    format!("first,second,third,fourth\n{rows}")
}

/// Uploads a table under an engine, with nothing prepared, and gives the dataset.
async fn uploaded(browser: &Browser, name: &str, text: &str, engine: &str) -> anyhow::Result<String> {
    choose_made_file(browser, name, text.as_bytes()).await?;
    prepare::wait_open(browser).await?;
    browser.click(engine).await?;
    browser.tick("prepare-spread", false).await?;
    prepare::next(browser).await?;
    let dataset = upload::wait_done(browser).await?;
    browser.wait_for("analysis-run", SOON).await?;
    Ok(dataset)
}

/// Every answer equals its twin.
fn equal_to_twins(parts: &[Part]) -> anyhow::Result<()> {
    ensure!(!parts.is_empty(), "there is no answer");
    let differing: Vec<_> = parts.iter().filter(|part| part.verdict.as_deref() != Some("equal")).collect();
    ensure!(differing.is_empty(), "these differ from their twins: {differing:#?}");
    Ok(())
}

/// Runs the analyses of these codes, which lack nothing.
async fn run(browser: &Browser, codes: &[&str]) -> anyhow::Result<Vec<Part>> {
    for code in codes {
        dataset::choose_analysis(browser, code).await?;
    }
    let parts = dataset::run_prepared(browser).await?;
    ensure!(
        browser.attribute("verified", "data-source").await? == "spot-checked",
        "the page says of an answer without check value: {}",
        browser.text("verified").await?
    );
    Ok(parts)
}

#[test]
fn the_cloud_multiplies_what_was_not_prepared() {
    play("the_cloud_multiplies_what_was_not_prepared", async |story| {
        let browser = story.browser().await?;
        enter(&browser).await?;
        let text = tables::hospital(ROWS, &WARDS);
        uploaded(&browser, "hospital.csv", &text, "engine-bfv").await?;
        let parts = run(&browser, &["describe-spread", "groups", "correlation", "regression"]).await?;
        equal_to_twins(&parts)?;
        ensure!(parts.len() >= 4, "{} answers", parts.len());
        ensure!(browser.overflow(380).await? <= 0, "the page is wider than a telephone");

        // What goes beyond its factors is refused in words before anything is sent.
        dataset::choose_analysis(&browser, "describe-shape").await?;
        let refused = browser.text("analysis-refused").await?;
        ensure!(refused.contains("multiplies more than"), "the page says: {refused}");

        // The certificate says how it was checked.
        browser.click("answers-certificate").await?;
        let certificate = std::fs::read_to_string(browser.download("certificate.json").await?)?;
        ensure!(certificate.contains("spot-checked"), "the certificate says: {certificate}");
        let stranger = story.browser().await?;
        stranger.go("/verify").await?;
        stranger.wait_for("certificate-text", LONG).await?;
        let file = stranger.folder().join("certificate.json");
        std::fs::write(&file, &certificate)?;
        stranger.give_file("certificate-file", &file).await?;
        let failed = stranger.attribute("certificate", "data-failed").await?;
        ensure!(failed == "0", "it fails {failed} checks: {}", stranger.text("certificate").await?);
        Ok(())
    });
}

#[test]
fn a_dataset_that_the_cloud_multiplies_grows() {
    play("a_dataset_that_the_cloud_multiplies_grows", async |story| {
        let browser = story.browser().await?;
        enter(&browser).await?;
        let all = tables::hospital(ROWS + 40, &WARDS);
        let (head, rows) = all.split_once('\n').context("a table without a header")?;
        let lines: Vec<&str> = rows.lines().collect();
        let (first, later) = lines.split_at(usize::try_from(ROWS)?);
        let text = format!("{head}\n{}\n", first.join("\n"));
        uploaded(&browser, "hospital.csv", &text, "engine-bfv").await?;
        let file = browser.folder().join("more.csv");
        std::fs::write(&file, format!("{head}\n{}\n", later.join("\n")))?;
        browser.give_file("append-file", &file).await?;
        browser.wait_for("growth-done", LONG).await?;
        browser.wait_for("analysis-batch-1", SOON).await?;
        let parts = run(&browser, &["correlation"]).await?;
        equal_to_twins(&parts)?;
        ensure!(
            browser.text("verified").await?.contains("2 row groups"),
            "not both row groups were looked at"
        );

        // It survives a reload: then the file is not at hand, and nothing is claimed.
        browser.reload().await?;
        keyring::unlock(&browser, keys::PASSPHRASE).await?;
        browser.wait_for("analysis-run", SOON).await?;
        dataset::choose_analysis(&browser, "correlation").await?;
        browser.click("analysis-run").await?;
        let parts = dataset::parts(&browser).await?;
        ensure!(!parts.is_empty(), "there is no answer");
        let source = browser.attribute("verified", "data-source").await?;
        ensure!(source == "not-checked", "the page says that this is {source}");
        Ok(())
    });
}

#[test]
fn both_engines_give_the_same_digits() {
    play("both_engines_give_the_same_digits", async |story| {
        let text = numbers(300);
        let mut found = Vec::new();
        for engine in ["engine-paillier", "engine-bfv"] {
            let browser = story.browser().await?;
            enter(&browser).await?;
            uploaded(&browser, "numbers.csv", &text, engine).await?;
            for code in ["describe-spread", "correlation", "regression"] {
                dataset::choose_analysis(&browser, code).await?;
            }
            let parts = dataset::run_prepared(&browser).await?;
            equal_to_twins(&parts)?;
            found.push(
                parts.into_iter().map(|part| (part.title, part.figures, part.cells)).collect::<Vec<_>>(),
            );
        }
        let [paillier, bfv] = found.as_slice() else { unreachable!("two engines") };
        ensure!(paillier == bfv, "Paillier: {paillier:#?}\nBFV: {bfv:#?}");
        Ok(())
    });
}

//! Training without seeing rows: three owners in three browsers fit one model by encrypted rounds; what does not fit the terms is
//! refused in words; a key holder goes on after a reload.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use veilsum_e2e::browser::Browser;
use veilsum_e2e::keys;
use veilsum_e2e::product::{self, fixture};
use veilsum_e2e::screens::training::{self, NewTraining};
use veilsum_e2e::screens::{enter, keyring, workbench};
use veilsum_e2e::story::{Story, play};
use veilsum_e2e::wait::{LONG, SOON, until};

/// The rows of one of three owners, as a file of their browser.
fn part(browser: &Browser, table: &str, owner: usize) -> anyhow::Result<PathBuf> {
    let text = std::fs::read_to_string(fixture(table))?;
    let mut lines = text.lines();
    let header = lines.next().context("a header")?;
    let rows = lines.skip(owner).step_by(3);
    let file = browser.folder().join(format!("owner-{owner}-{table}"));
    std::fs::write(&file, core::iter::once(header).chain(rows).collect::<Vec<_>>().join("\n"))?;
    Ok(file)
}

/// A browser with a keyring of its own.
async fn stranger(story: &mut Story, words: &str) -> anyhow::Result<std::sync::Arc<Browser>> {
    let browser = story.browser().await?;
    browser.go("/keyring").await?;
    keyring::create(&browser, words, 2048).await?;
    Ok(browser)
}

async fn started(holder: &Browser, owners: usize) -> anyhow::Result<()> {
    until("all owners", LONG, async || {
        let rows = "return document.querySelectorAll('[data-testid=\"joint-owner\"]').length;";
        Ok((holder.script::<usize>(rows, &[]).await? == owners).then_some(()))
    })
    .await?;
    holder.wait_for("joint-step", SOON).await?;
    holder.click("joint-step").await
}

/// Coefficients, the intercept last, of scikit-learn's `newton-cholesky` at `tol=1e-12` with C = 1.
fn reference() -> anyhow::Result<Vec<f64>> {
    let text = include_str!("../../../core/train/tests/fixtures/references.json");
    let references: serde_json::Value = serde_json::from_str(text)?;
    let case = &references["logistic"][0];
    ensure!(case["table"] == "breast_cancer.csv" && case["c"] == 1.0, "another case: {case}");
    let numbers =
        [&case["weights"][0], &case["intercepts"]].into_iter().filter_map(|list| list.as_array()).flatten();
    Ok(numbers.filter_map(serde_json::Value::as_f64).collect())
}

fn close(found: &[(String, f64)]) -> anyhow::Result<()> {
    let expected = reference()?;
    ensure!(found.len() == expected.len() && found.len() == 31, "{found:?}");
    for ((name, found), expected) in found.iter().zip(&expected) {
        ensure!((found - expected).abs() < 1e-5, "{name}: {found} instead of {expected}");
    }
    Ok(())
}

#[test]
fn three_owners_fit_one_model_and_nobody_sees_a_row() {
    play("training_logistic", async |story| {
        let holder = story.browser().await?;
        enter(&holder).await?;
        let others =
            [stranger(story, "words of hospital B").await?, stranger(story, "words of hospital C").await?];
        let file = part(&holder, "breast_cancer.csv", 0)?;
        let new = NewTraining { family: "joint-logistic", file: &file, owners: 3, least_rows: 50 };
        let invitation = training::create(&holder, new).await?;
        ensure!(holder.text("joint-state").await?.contains("0 of 3"), "nobody takes part yet");
        let said = holder.text("reveals").await?;
        ensure!(said.contains("They could read the sums of each single owner"), "{said}");
        // The key holder is an owner, too.
        ensure!(training::take_part(&holder, &file, "University").await?.is_none(), "refused");

        for (owner, (browser, name)) in (1..).zip(others.iter().zip(["Hospital B", "Hospital C"])) {
            training::open_invitation(browser, &invitation).await?;
            ensure!(browser.text("joint-terms").await?.contains("University"), "who holds the key");
            let all = std::fs::read_to_string(part(browser, "breast_cancer.csv", owner)?)?;
            // Too few rows are refused in words, and nothing is sent of them.
            let few = browser.folder().join("few.csv");
            std::fs::write(&few, all.lines().take(31).collect::<Vec<_>>().join("\n"))?;
            let code = training::take_part(browser, &few, name).await?;
            ensure!(code.as_deref() == Some("too-few-rows"), "{code:?}");
            let said = browser.text("joint-fault").await?;
            ensure!(said.contains("30 whole rows") && said.contains("at least 50"), "{said}");
            let narrow = browser.folder().join("narrow.csv");
            let cut = |line: &str| line.split_once(',').map_or_else(String::new, |(_, rest)| rest.to_owned());
            std::fs::write(&narrow, all.lines().map(cut).collect::<Vec<_>>().join("\n"))?;
            let code = training::take_part(browser, &narrow, name).await?;
            ensure!(code.as_deref() == Some("missing-column"), "{code:?}");
            let whole = part(browser, "breast_cancer.csv", owner)?;
            let code = training::take_part(browser, &whole, name).await?;
            ensure!(code.is_none(), "refused: {code:?}");
        }
        started(&holder, 3).await?;
        for browser in [&holder, &others[0], &others[1]] {
            ensure!(training::ended(browser).await? == "finished", "no model");
            close(&training::coefficients(browser).await?)?;
            let rounds: u32 = browser.attribute("joint-state", "data-rounds").await?.parse()?;
            ensure!(rounds <= 13, "{rounds} rounds, that of the moments among them");
            let state = browser.text("joint-state").await?;
            ensure!(state.contains("569 rows of 3 owners"), "{state}");
        }
        // Beside the own rows alone.
        holder.click("joint-compare").await?;
        let beside = holder.wait_for("joint-comparison", LONG).await?.text().await?;
        ensure!(beside.contains("Accuracy over your rows"), "{beside}");
        // No single contribution is left, and the model is published as any other.
        ensure!(story.stack.count_objects("/sent/")? == 0, "contributions are left");
        holder.click("joint-publish").await?;
        workbench::publish(&holder).await?;
        Ok(())
    });
}

#[test]
fn a_key_holder_goes_on_after_a_reload() {
    play("training_reload", async |story| {
        let holder = story.browser().await?;
        enter(&holder).await?;
        let other = stranger(story, "words of the museum").await?;
        let file = part(&holder, "diabetes.csv", 0)?;
        let new = NewTraining { family: "joint-linear", file: &file, owners: 2, least_rows: 30 };
        let invitation = training::create(&holder, new).await?;
        ensure!(training::take_part(&holder, &file, "University").await?.is_none(), "refused");
        training::open_invitation(&other, &invitation).await?;
        let theirs = part(&other, "diabetes.csv", 1)?;
        ensure!(training::take_part(&other, &theirs, "Museum").await?.is_none(), "refused");
        // The owner goes on by hand, so that the reload meets an open round.
        other.tick("joint-automatic", false).await?;
        started(&holder, 2).await?;
        until("the own contribution", LONG, async || {
            Ok(holder.text("joint-state").await?.contains("1 of 2 owners contributed").then_some(()))
        })
        .await?;
        holder.reload().await?;
        keyring::unlock(&holder, keys::PASSPHRASE).await?;
        until("the round", LONG, async || {
            let Some(_) = holder.find("joint-state").await? else { return Ok(None) };
            Ok(holder.text("joint-state").await?.contains("Round 0").then_some(()))
        })
        .await?;
        // The file is not in the new tab, and asked for.
        training::bring(&holder, &file).await?;
        holder.click("take-part").await?;
        holder.wait_for("own-rows", LONG).await?;
        other.tick("joint-automatic", true).await?;
        for browser in [&holder, &other] {
            ensure!(training::ended(browser).await? == "finished", "no model");
        }
        let found = training::coefficients(&holder).await?;
        ensure!(found == training::coefficients(&other).await?, "the two are told different models");
        ensure!(found.len() == 11, "{found:?}");
        Ok(())
    });
}

async fn pictures(browser: &Browser, name: &str) -> anyhow::Result<()> {
    let folder = product::output()?.join("looks");
    std::fs::create_dir_all(&folder)?;
    for (width, theme) in [(1280, "light"), (380, "dark"), (1280, "dark"), (380, "light")] {
        browser.picture(&folder.join(format!("{name}-{width}-{theme}.png")), width, theme).await?;
        let overflow = browser.overflow(width).await?;
        ensure!(overflow <= 0, "{name} is {overflow} pixels wider than {width}");
    }
    Ok(())
}

#[test]
#[ignore = "makes pictures for people to look at"]
fn looks_of_trainings() {
    play("looks_of_trainings", async |story| {
        let holder = story.browser().await?;
        enter(&holder).await?;
        let other = stranger(story, "words of the museum").await?;
        training::open_list(&holder).await?;
        pictures(&holder, "trainings-empty").await?;
        for (family, table) in [("joint-logistic", "breast_cancer.csv"), ("joint-k-means", "iris.csv")] {
            let file: &Path = &part(&holder, table, 0)?;
            let new = NewTraining { family, file, owners: 2, least_rows: 30 };
            training::open_list(&holder).await?;
            holder.click("new-training").await?;
            holder.click(family).await?;
            holder.wait_for("create-training", LONG).await?;
            pictures(&holder, &format!("training-{family}-create")).await?;
            let invitation = training::create(&holder, new).await?;
            training::take_part(&holder, file, "University").await?;
            training::open_invitation(&other, &invitation).await?;
            pictures(&other, &format!("training-{family}-invited")).await?;
            training::take_part(&other, &part(&other, table, 1)?, "Museum").await?;
            pictures(&holder, &format!("training-{family}-full")).await?;
            started(&holder, 2).await?;
            training::ended(&holder).await?;
            pictures(&other, &format!("training-{family}-owner")).await?;
            holder.click("joint-compare").await?;
            holder.wait_for("joint-comparison", LONG).await?;
            pictures(&holder, &format!("training-{family}-finished")).await?;
        }
        training::open_list(&holder).await?;
        pictures(&holder, "trainings").await
    });
}

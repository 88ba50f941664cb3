//! The main job: a table is encrypted in the browser, summed in the cloud, and the answer decrypted in the browser.

use std::fs;

use anyhow::ensure;
use veilsum_e2e::check::{check_exactly, check_golden, check_twins};
use veilsum_e2e::product::fixture;
use veilsum_e2e::screens::{
    choose_file, choose_sample, dataset, enter, keyring, open_start, prepare, upload,
};
use veilsum_e2e::story::play;
use veilsum_e2e::wait::SOON;

#[test]
fn a_new_owner_sums_a_sample() {
    play("a_new_owner_sums_a_sample", async |story| {
        let browser = story.browser().await?;
        open_start(&browser).await?;
        browser.click("sample-pancreatitis").await?;
        keyring::create(&browser, "a passphrase of my own", 2048).await?;
        prepare::wait_open(&browser).await?;
        let next = browser.text("prepare-next").await?;
        ensure!(
            next == "Next: save your key file",
            "the page says {next}, and the upload is one step further"
        );
        prepare::next(&browser).await?;
        // The key file comes before the first upload: until it is saved, the button stays disabled.
        let start = browser.wait_for("upload-start", SOON).await?;
        ensure!(!start.is_enabled().await?, "an upload can start before the key file is saved");
        let key_file = keyring::save_key_file(&browser).await?;
        ensure!(fs::metadata(key_file)?.len() > 0, "the key file is empty");
        browser.click("upload-start").await?;
        upload::wait_done(&browser).await?;

        let answers = dataset::run_everything(&browser).await?;
        check_exactly(&answers, &fs::read_to_string(fixture("pancreatitis.csv"))?)?;
        check_golden(&answers, "pancreatitis")?;
        let estimated = browser.text("analysis-estimate").await?;
        let measured = browser.text("answer-cost").await?;
        let bytes = estimated.strip_prefix("The cloud reads ").and_then(|text| text.split(" in ").next());
        ensure!(
            bytes.is_some_and(|bytes| measured.contains(&format!("and read {bytes};"))),
            "estimated: {estimated} Measured: {measured}"
        );
        // The sample is still at hand, so the page compares by itself.
        check_twins(&answers)?;
        ensure!(browser.attribute("verified", "data-source").await? == "ciphertext", "nothing was computed");

        // The upload must have changed the table, and the panel must show what is really stored.
        let shown = dataset::cloud_objects(&browser).await?;
        ensure!(shown.iter().any(|object| object.key.contains("/rg/")), "the panel shows no row group");
        let files = story.stack.stored_files()?;
        for object in &shown {
            let sample = hex::decode(&object.sample)?;
            ensure!(!sample.is_empty(), "the panel shows no bytes of {}", object.key);
            let is_stored =
                files.iter().any(|file| file.bytes.windows(sample.len()).any(|window| window == sample));
            ensure!(is_stored, "the panel shows bytes of {} that are not stored", object.key);
        }
        Ok(())
    });
}

#[test]
fn every_statistic_of_a_file_is_exact() {
    play("every_statistic_of_a_file_is_exact", async |story| {
        let browser = story.browser().await?;
        enter(&browser).await?;
        choose_file(&browser, &fixture("diabetes.csv")).await?;
        prepare::wait_open(&browser).await?;
        prepare::next(&browser).await?;
        upload::wait_done(&browser).await?;
        let answers = dataset::run_everything(&browser).await?;
        check_exactly(&answers, &fs::read_to_string(fixture("diabetes.csv"))?)?;
        check_golden(&answers, "diabetes")?;
        check_twins(&answers)
    });
}

#[test]
fn the_default_key_size_gives_the_same_answers() {
    play("the_default_key_size_gives_the_same_answers", async |story| {
        let browser = story.browser().await?;
        open_start(&browser).await?;
        browser.click("key-status").await?;
        browser.wait_for("create-key-size", SOON).await?;
        let proposed: String = browser
            .script("return document.querySelector('[data-testid=\"create-key-size\"]').value;", &[])
            .await?;
        ensure!(proposed == "3072", "the page proposes {proposed} bits");
        keyring::create(&browser, "a passphrase of my own", 3072).await?;
        ensure!(browser.text("modulus-bits").await?.starts_with("3072"), "the keyring has another size");
        keyring::save_key_file(&browser).await?;
        choose_sample(&browser, "sample-pancreatitis").await?;
        prepare::wait_open(&browser).await?;
        prepare::next(&browser).await?;
        upload::wait_done(&browser).await?;
        let answers = dataset::run_everything(&browser).await?;
        check_exactly(&answers, &fs::read_to_string(fixture("pancreatitis.csv"))?)?;
        check_twins(&answers)
    });
}

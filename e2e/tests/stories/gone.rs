//! What is gone is said to be gone: a dataset that another tab deleted, a run that was given up.

use anyhow::ensure;
use veilsum_e2e::check::check_exactly;
use veilsum_e2e::keys;
use veilsum_e2e::screens::{choose_made_file, dataset, enter, keyring, prepare, upload};
use veilsum_e2e::story::play;
use veilsum_e2e::tables;
use veilsum_e2e::wait::SOON;

const FILE: &str = "rows.csv";
const ROWS: usize = 40;
const COLUMNS: usize = 2;

#[test]
fn a_dataset_that_was_deleted_elsewhere_is_shown_as_gone_at_the_next_request() {
    play("a_dataset_that_was_deleted_elsewhere_is_shown_as_gone", async |story| {
        let first = story.browser().await?;
        enter(&first).await?;
        choose_made_file(&first, FILE, tables::one_hot(ROWS, COLUMNS).as_bytes()).await?;
        prepare::wait_open(&first).await?;
        prepare::next(&first).await?;
        let id = upload::wait_done(&first).await?;
        first.wait_for("analysis-run", SOON).await?;
        let second = story.browser().await?;
        enter(&second).await?;
        dataset::open(&second, &id).await?;
        dataset::delete(&second, FILE).await?;

        // Another choice is another estimate, for which the cloud is asked; unless something else has been asked for since,
        // and the page knows already.
        let another = "document.querySelector('[data-testid=\"analysis-sum\"]')?.click(); return true;";
        first.script::<bool>(another, &[]).await?;
        first.wait_for("dataset-gone", SOON).await?;
        ensure!(first.find("analysis-run").await?.is_none(), "a deleted dataset can still be analysed");
        let code = first.attribute("fault", "data-code").await?;
        let sentence = first.text("fault").await?;
        ensure!(code == "dataset-gone" && sentence.contains("deleted"), "the page says {code}: {sentence}");

        // Its address says the same.
        first.reload().await?;
        keyring::unlock(&first, keys::PASSPHRASE).await?;
        first.wait_for("dataset-gone", SOON).await?;
        Ok(())
    });
}

#[test]
fn a_run_that_was_stopped_while_the_server_was_down_is_not_started_later() {
    play("a_run_that_was_stopped_while_the_server_was_down", async |story| {
        let browser = story.browser().await?;
        let text = tables::one_hot(ROWS, COLUMNS);
        enter(&browser).await?;
        choose_made_file(&browser, FILE, text.as_bytes()).await?;
        prepare::wait_open(&browser).await?;
        prepare::next(&browser).await?;
        upload::wait_done(&browser).await?;
        browser.wait_for("analysis-run", SOON).await?;

        story.stack.kill()?;
        browser.click("analysis-run").await?;
        browser.click("analysis-cancel").await?;
        let sentence = browser.text("analysis-failed").await?;
        ensure!(sentence.starts_with("Stopped"), "the page says: {sentence}");
        story.stack.restart()?;

        // A run that still waited would keep this one from starting.
        check_exactly(&dataset::run_everything(&browser).await?, &text)?;
        let plans = story.stack.count_objects("/plan")?;
        ensure!(plans == 1, "{plans} plans are stored for one run");
        Ok(())
    });
}

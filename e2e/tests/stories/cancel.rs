//! Stopping: nothing half is shown as whole, and what was stored can be used or thrown away.

use anyhow::ensure;
use veilsum_e2e::browser::Browser;
use veilsum_e2e::check::check_exactly;
use veilsum_e2e::screens::{choose_made_file, dataset, enter, prepare, upload};
use veilsum_e2e::stack;
use veilsum_e2e::story::play;
use veilsum_e2e::tables;
use veilsum_e2e::wait::{SOON, until};

const ROWS: usize = 300;
const COLUMNS: usize = 3;
const ROWS_PER_GROUP: u32 = 31;

/// Begins an upload and stops it while its third object is on the way.
async fn begin_and_stop(browser: &Browser) -> anyhow::Result<()> {
    enter(browser).await?;
    choose_made_file(browser, "stopped.csv", tables::one_hot(ROWS, COLUMNS).as_bytes()).await?;
    prepare::wait_open(browser).await?;
    prepare::rows_per_group(browser, ROWS_PER_GROUP).await?;
    browser.recorder().hold_puts_after(2);
    prepare::next(browser).await?;
    browser.recorder().until_held().await?;
    browser.click("upload-cancel").await?;
    browser.recorder().release_puts();
    browser.wait_for("upload-stopped", SOON).await?;
    Ok(())
}

#[test]
fn a_stopped_upload_shows_nothing_and_can_go_on() {
    play("a_stopped_upload_shows_nothing_and_can_go_on", async |story| {
        let browser = story.browser().await?;
        begin_and_stop(&browser).await?;
        ensure!(dataset::list(&browser).await?.is_empty(), "a stopped upload is listed as a dataset");

        // The file is still at hand, so that nothing has to be chosen again.
        browser.back().await?;
        browser.click("upload-continue").await?;
        upload::wait_done(&browser).await?;
        check_exactly(&dataset::run_everything(&browser).await?, &tables::one_hot(ROWS, COLUMNS))
    });
}

#[test]
fn a_stopped_upload_can_be_thrown_away() {
    play("a_stopped_upload_can_be_thrown_away", async |story| {
        let browser = story.browser().await?;
        begin_and_stop(&browser).await?;
        browser.click("home").await?;
        let id = upload::unfinished(&browser).await?;
        ensure!(story.stack.count_objects(&id)? > 0, "nothing was stored before the stop");
        browser.click(&format!("discard-{id}")).await?;
        browser.click(&format!("discard-confirm-{id}")).await?;
        browser.wait_gone("unfinished-uploads", SOON).await?;
        until("the stored objects to go", SOON, async || {
            Ok((story.stack.count_objects(&id)? == 0).then_some(()))
        })
        .await
    });
}

#[test]
fn a_stopped_analysis_shows_no_answer_and_can_be_run_again() {
    play("a_stopped_analysis_shows_no_answer_and_can_be_run_again", async |story| {
        let browser = story.browser().await?;
        enter(&browser).await?;
        let text = tables::one_hot(ROWS, COLUMNS);
        choose_made_file(&browser, "rows.csv", text.as_bytes()).await?;
        prepare::wait_open(&browser).await?;
        prepare::rows_per_group(&browser, ROWS_PER_GROUP).await?;
        prepare::next(&browser).await?;
        upload::wait_done(&browser).await?;

        dataset::start_everything(&browser).await?;
        // Halted as soon as it is there, so that the job cannot end before it is stopped.
        let halted = until("a function to evaluate", SOON, async || {
            let processes = story.stack.function_processes("veilsum-evaluate")?;
            for process in &processes {
                stack::halt(*process)?;
            }
            Ok((!processes.is_empty()).then_some(processes))
        })
        .await?;
        browser.click("analysis-cancel").await?;
        browser.wait_for("analysis-failed", SOON).await?;
        let sentence = browser.text("analysis-failed").await?;
        ensure!(sentence.starts_with("Stopped"), "the page says: {sentence}");
        ensure!(browser.find("answers").await?.is_none(), "a stopped analysis shows an answer");
        for process in halted {
            stack::go_on(process)?;
        }
        check_exactly(&dataset::run_everything(&browser).await?, &text)
    });
}

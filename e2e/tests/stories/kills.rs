//! Crashes: of a function in the middle of a job, of the whole stack in the middle of an upload and of a job. One-hot
//! rows would show a row that is counted twice, or not at all.

use std::collections::BTreeSet;

use anyhow::ensure;
use veilsum_e2e::browser::Browser;
use veilsum_e2e::check::check_exactly;
use veilsum_e2e::screens::{choose_made_file, dataset, enter, prepare, upload};
use veilsum_e2e::stack;
use veilsum_e2e::story::{play, play_with};
use veilsum_e2e::tables;
use veilsum_e2e::wait::{LONG, until};

const ROWS: usize = 1_240;
const COLUMNS: usize = 2;
const ROWS_PER_GROUP: u32 = 31;
const ROW_GROUPS: usize = ROWS / ROWS_PER_GROUP as usize;

async fn prepare_upload(browser: &Browser) -> anyhow::Result<()> {
    enter(browser).await?;
    choose_made_file(browser, "rows.csv", tables::one_hot(ROWS, COLUMNS).as_bytes()).await?;
    prepare::wait_open(browser).await?;
    prepare::rows_per_group(browser, ROWS_PER_GROUP).await
}

#[test]
fn killed_functions_are_invoked_again_and_nothing_is_counted_twice() {
    // Every invocation is made twice as well, which at-least-once delivery allows.
    let arguments = ["--fault-deliver-twice"];
    play_with("killed_functions_are_invoked_again_and_nothing_is_counted_twice", &arguments, async |story| {
        let browser = story.browser().await?;
        prepare_upload(&browser).await?;
        prepare::next(&browser).await?;
        upload::wait_done(&browser).await?;

        let mut killed = BTreeSet::new();
        dataset::start_everything(&browser).await?;
        // At three points of the job every process that evaluates is killed: one invocation may be lost three times
        // at most, which the runner allows for.
        for partials in [1, ROW_GROUPS / 3, ROW_GROUPS / 2] {
            until(&format!("{partials} partial results"), LONG, async || {
                Ok((story.stack.count_objects("/part/")? >= partials).then_some(()))
            })
            .await?;
            for process in story.stack.function_processes("veilsum-evaluate")? {
                if stack::kill(process).is_ok() {
                    killed.insert(process.as_raw_nonzero());
                }
            }
        }
        let answers = dataset::answers(&browser).await?;
        ensure!(!killed.is_empty(), "no function was killed");
        let lost = story.stack.log().matches("invocation failed").count();
        ensure!(lost > 0, "no invocation was lost: the kills came too late");
        check_exactly(&answers, &tables::one_hot(ROWS, COLUMNS))
    });
}

#[test]
fn a_crash_in_the_middle_of_an_upload_loses_nothing() {
    play("a_crash_in_the_middle_of_an_upload_loses_nothing", async |story| {
        let browser = story.browser().await?;
        prepare_upload(&browser).await?;
        browser.recorder().hold_puts_after(ROW_GROUPS / 2);
        prepare::next(&browser).await?;
        browser.recorder().until_held().await?;
        story.stack.kill()?;
        browser.recorder().drop_puts();
        story.stack.restart()?;
        browser.recorder().release_puts();

        // The page tries again by itself, or stops and offers to go on.
        let ended = until("the upload to end", LONG, async || {
            if browser.find("upload-continue").await?.is_some() {
                browser.click("upload-continue").await?;
            }
            Ok(browser.path().await?.starts_with("/datasets/").then_some(()))
        });
        ended.await?;
        check_exactly(&dataset::run_everything(&browser).await?, &tables::one_hot(ROWS, COLUMNS))
    });
}

#[test]
fn a_crash_in_the_middle_of_a_job_ends_in_the_right_answer() {
    play("a_crash_in_the_middle_of_a_job_ends_in_the_right_answer", async |story| {
        let browser = story.browser().await?;
        prepare_upload(&browser).await?;
        prepare::next(&browser).await?;
        upload::wait_done(&browser).await?;
        dataset::start_everything(&browser).await?;
        until("some partial results", LONG, async || {
            Ok((story.stack.count_objects("/part/")? >= ROW_GROUPS / 4).then_some(()))
        })
        .await?;
        story.stack.kill()?;
        story.stack.restart()?;
        check_exactly(&dataset::answers(&browser).await?, &tables::one_hot(ROWS, COLUMNS))
    });
}

//! A storage that fails now and then, half of the time after it did what it was asked: nothing is lost or doubled.

use anyhow::ensure;
use veilsum_e2e::check::check_exactly;
use veilsum_e2e::screens::{choose_made_file, dataset, enter, prepare, upload};
use veilsum_e2e::story::play_with;
use veilsum_e2e::tables;

const ROWS: usize = 310;
const COLUMNS: usize = 2;
const ROWS_PER_GROUP: u32 = 31;

#[test]
fn a_storage_that_fails_now_and_then_changes_nothing() {
    let arguments = ["--fault-503-percent", "20", "--fault-seed", "2026"];
    play_with("a_storage_that_fails_now_and_then_changes_nothing", &arguments, async |story| {
        let browser = story.browser().await?;
        let text = tables::one_hot(ROWS, COLUMNS);
        enter(&browser).await?;
        choose_made_file(&browser, "rows.csv", text.as_bytes()).await?;
        prepare::wait_open(&browser).await?;
        prepare::rows_per_group(&browser, ROWS_PER_GROUP).await?;
        prepare::next(&browser).await?;
        upload::wait_done(&browser).await?;
        check_exactly(&dataset::run_everything(&browser).await?, &text)?;
        let failed =
            browser.recorder().exchanges().iter().filter(|exchange| exchange.status == Some(503)).count();
        ensure!(failed > 0, "the storage never failed");
        Ok(())
    });
}

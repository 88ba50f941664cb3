//! A reload in the middle of an upload: it goes on, and sends nothing twice.

use std::collections::BTreeSet;

use anyhow::ensure;
use veilsum_e2e::check::check_exactly;
use veilsum_e2e::keys;
use veilsum_e2e::recorder::Exchange;
use veilsum_e2e::screens::{choose_made_file, dataset, enter, keyring, prepare, upload};
use veilsum_e2e::story::play;
use veilsum_e2e::tables;
use veilsum_e2e::wait::SOON;

const ROWS: usize = 400;
const COLUMNS: usize = 4;
const ROWS_PER_GROUP: u32 = 31;
/// Objects that are stored before the reload.
const STORED_FIRST: usize = 5;

/// The key of the stored object and the number of its part, without the signature.
fn part(exchange: &Exchange) -> String {
    let (path, query) = exchange.url.split_once('?').unwrap_or((&exchange.url, ""));
    let number = query.split('&').find(|pair| pair.starts_with("partNumber=")).unwrap_or_default();
    format!("{path} {number}")
}

#[test]
fn a_reload_in_the_middle_of_an_upload_sends_nothing_twice() {
    play("a_reload_in_the_middle_of_an_upload_sends_nothing_twice", async |story| {
        let browser = story.browser().await?;
        let text = tables::one_hot(ROWS, COLUMNS);
        enter(&browser).await?;
        choose_made_file(&browser, "rows.csv", text.as_bytes()).await?;
        prepare::wait_open(&browser).await?;
        prepare::rows_per_group(&browser, ROWS_PER_GROUP).await?;
        browser.recorder().hold_puts_after(STORED_FIRST);
        prepare::next(&browser).await?;
        browser.recorder().until_held().await?;

        browser.reload().await?;
        browser.recorder().drop_puts();
        let before: BTreeSet<_> = browser.recorder().stored_puts().iter().map(part).collect();
        ensure!(before.len() == STORED_FIRST, "{} parts were stored before the reload", before.len());

        keyring::unlock(&browser, keys::PASSPHRASE).await?;
        browser.click("home").await?;
        let id = upload::unfinished(&browser).await?;
        browser.click(&format!("resume-{id}")).await?;

        // Another file of the same name is refused before anything is sent.
        let other = browser.folder().join("other");
        std::fs::create_dir(&other)?;
        std::fs::write(other.join("rows.csv"), text.replacen('1', "2", 1))?;
        browser.give_file("resume-file", &other.join("rows.csv")).await?;
        browser.wait_for("upload-failed", SOON).await?;
        let now: Vec<_> = browser.recorder().stored_puts().iter().map(part).collect();
        ensure!(now.len() == STORED_FIRST, "parts of another file were sent: {now:#?}");
        browser.recorder().release_puts();

        // The next step is to choose the right one, and nothing else is offered before.
        ensure!(
            browser.find("upload-continue").await?.is_none(),
            "the page offers to go on with the wrong file"
        );
        browser.give_file("resume-file", &browser.folder().join("rows.csv")).await?;
        ensure!(upload::wait_done(&browser).await? == id, "another dataset was made");
        let mut sent = BTreeSet::new();
        for exchange in browser.recorder().stored_puts() {
            ensure!(sent.insert(part(&exchange)), "{} was stored twice", part(&exchange));
        }
        ensure!(sent.len() > before.len() && sent.is_superset(&before), "the upload did not go on");
        check_exactly(&dataset::run_everything(&browser).await?, &text)
    });
}

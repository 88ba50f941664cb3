//! Files that are not written as most are: without names, or with decimal commas. What was found is shown with its
//! reason, can be chosen otherwise, and holds for encryption, comparison and the original.

use std::fs;

use anyhow::ensure;
use veilsum_e2e::browser::Browser;
use veilsum_e2e::check::{check_exactly, check_twins};
use veilsum_e2e::keys;
use veilsum_e2e::screens::{choose_made_file, dataset, enter, keyring, prepare, upload};
use veilsum_e2e::story::play;
use veilsum_e2e::wait::{SOON, until};

/// Reads the open file again, and waits until the page says `expected` of its size.
async fn read_again(browser: &Browser, expected: &str) -> anyhow::Result<()> {
    browser.unfold("read-options").await?;
    browser.click("read-again").await?;
    until(&format!("a table of {expected}"), SOON, async || {
        let Some(head) = browser.find("table-head").await? else { return Ok(None) };
        Ok(head.text().await.unwrap_or_default().starts_with(expected).then_some(()))
    })
    .await
}

/// Compares the newest answers with a file that is chosen again.
async fn compare(browser: &Browser, name: &str) -> anyhow::Result<Vec<dataset::Answer>> {
    browser.give_file("twin-file", &browser.folder().join(name)).await?;
    browser.wait_gone("twin-file", SOON).await?;
    until("the twins", SOON, async || {
        let answers = dataset::answers(browser).await?;
        Ok(answers.iter().all(|answer| answer.twin.is_some()).then_some(answers))
    })
    .await
}

#[test]
fn a_file_without_a_header_loses_no_row() {
    play("a_file_without_a_header_loses_no_row", async |story| {
        let browser = story.browser().await?;
        enter(&browser).await?;
        let name = "no-header.csv";
        choose_made_file(&browser, name, b"10,0.5,7\n20,0.25,8\n30,-1,9\n").await?;
        prepare::wait_open(&browser).await?;
        let note = browser.text("reading-note").await?;
        ensure!(
            note.contains("no header row") && note.contains("as do the rows below"),
            "the page says: {note}"
        );
        ensure!(
            browser.text("column-card-0").await?.contains("column 1"),
            "the first column has another name"
        );

        // It can be said to hold names, and then again not to.
        browser.unfold("read-options").await?;
        browser.tick("first-row-names", true).await?;
        read_again(&browser, "2 rows × 3 columns").await?;
        let reading = browser.text("reading").await?;
        ensure!(reading.contains("First row: column names (chosen by you)"), "the page says: {reading}");
        browser.unfold("read-options").await?;
        browser.tick("first-row-names", false).await?;
        read_again(&browser, "3 rows × 3 columns").await?;

        browser.choose("treatment-2", "drop").await?;
        prepare::next(&browser).await?;
        let id = upload::wait_done(&browser).await?;
        let expected = "column 1,column 2\n10,0.5\n20,0.25\n30,-1\n";
        let answers = dataset::run_everything(&browser).await?;
        check_exactly(&answers, expected)?;
        check_twins(&answers)?;

        // Written anew without the dropped column, and without names that it never had.
        browser.click("open-original").await?;
        let original = fs::read_to_string(browser.download(name).await?)?;
        ensure!(original == "10,0.5\n20,0.25\n30,-1\n", "the original is {original:?}");

        // After a reload only the manifest knows how the file was read.
        browser.reload().await?;
        keyring::unlock(&browser, keys::PASSPHRASE).await?;
        dataset::open(&browser, &id).await?;
        dataset::run_everything(&browser).await?;
        check_twins(&compare(&browser, name).await?)
    });
}

#[test]
fn an_upload_goes_on_as_the_file_was_read_when_it_began() {
    play("an_upload_goes_on_as_the_file_was_read_when_it_began", async |story| {
        let browser = story.browser().await?;
        enter(&browser).await?;
        // By itself the comma would be taken for one between thousands, and the first row for data.
        let name = "years.csv";
        let rows: String = (0..124).map(|row| format!("{row};1,{:03}\n", row + 100)).collect();
        choose_made_file(&browser, name, format!("2024;7\n{rows}").as_bytes()).await?;
        prepare::wait_open(&browser).await?;
        browser.unfold("read-options").await?;
        browser.tick("decimal-comma", true).await?;
        read_again(&browser, "125 rows × 2 columns").await?;
        browser.tick("first-row-names", true).await?;
        read_again(&browser, "124 rows × 2 columns").await?;
        prepare::rows_per_group(&browser, 31).await?;
        browser.recorder().hold_puts_after(2);
        prepare::next(&browser).await?;
        browser.recorder().until_held().await?;
        browser.reload().await?;
        browser.recorder().drop_puts();
        keyring::unlock(&browser, keys::PASSPHRASE).await?;
        browser.click("home").await?;
        let id = upload::unfinished(&browser).await?;
        browser.click(&format!("resume-{id}")).await?;
        browser.recorder().release_puts();
        browser.give_file("resume-file", &browser.folder().join(name)).await?;
        ensure!(upload::wait_done(&browser).await? == id, "another dataset was made");

        let expected = format!("2024,7\n{}", rows.replace(',', ".").replace(';', ","));
        let answers = dataset::run_everything(&browser).await?;
        check_exactly(&answers, &expected)?;
        check_twins(&answers)
    });
}

#[test]
fn decimal_commas_are_read_exactly() {
    play("decimal_commas_are_read_exactly", async |story| {
        let browser = story.browser().await?;
        enter(&browser).await?;
        let name = "comma.csv";
        choose_made_file(&browser, name, b"betrag;kurs\n1.234,56;0,001\n-1234,5;1.000\n;2,5\n").await?;
        prepare::wait_open(&browser).await?;
        let reading = browser.text("reading").await?;
        ensure!(reading.contains("Decimal comma (4 cells have a decimal comma"), "the page says: {reading}");
        ensure!(prepare::treatments(&browser).await? == ["number", "number"], "a column is no number");

        browser.unfold("read-options").await?;
        browser.tick("decimal-comma", false).await?;
        read_again(&browser, "3 rows × 2 columns").await?;
        // Each column still says by itself what its cells can only mean.
        until("the columns to be numbers by themselves", SOON, async || {
            let types = [browser.find("type-0").await?.is_some(), browser.find("type-1").await?.is_some()];
            Ok((types == [true, true]).then_some(()))
        })
        .await?;
        ensure!(prepare::treatments(&browser).await? == ["number", "number"], "a column is no number");
        browser.unfold("read-options").await?;
        browser.tick("decimal-comma", true).await?;
        browser.click("read-again").await?;
        until("the columns to be numbers", SOON, async || {
            Ok((prepare::treatments(&browser).await? == ["number", "number"]).then_some(()))
        })
        .await?;
        prepare::next(&browser).await?;
        let id = upload::wait_done(&browser).await?;
        let expected = "betrag,kurs\n1234.56,0.001\n-1234.5,1000\n,2.5\n";
        let answers = dataset::run_everything(&browser).await?;
        check_exactly(&answers, expected)?;
        check_twins(&answers)?;

        browser.reload().await?;
        keyring::unlock(&browser, keys::PASSPHRASE).await?;
        dataset::open(&browser, &id).await?;
        dataset::run_everything(&browser).await?;
        check_twins(&compare(&browser, name).await?)
    });
}

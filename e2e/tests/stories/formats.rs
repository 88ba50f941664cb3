//! Files of every format: the same table gives the same sums, what cells mean is found and can be chosen otherwise, rows at
//! fault are listed and saved, and a hostile file costs a sentence.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::ensure;
use veilsum_e2e::browser::Browser;
use veilsum_e2e::check::{check_exactly, check_twins};
use veilsum_e2e::keys;
use veilsum_e2e::product;
use veilsum_e2e::screens::{choose_file, choose_made_file, dataset, enter, keyring, prepare, upload};
use veilsum_e2e::story::play;
use veilsum_e2e::wait::{SOON, until};

/// A file of another crate of the product.
fn core_file(path: &str) -> PathBuf {
    // A driver takes no path with `..` in it.
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(""));
    workspace.join("core").join(path)
}

/// Waits until the page shows a table of this size.
async fn until_open(browser: &Browser, expected: &str) -> anyhow::Result<()> {
    until(&format!("a table of {expected}"), SOON, async || {
        let Some(head) = browser.find("table-head").await? else { return Ok(None) };
        Ok(head.text().await.unwrap_or_default().starts_with(expected).then_some(()))
    })
    .await
}

/// Opens a dataset after a reload, when only its manifest knows how the file was read, and compares its answers with the
/// file, which is chosen again.
async fn compare_after_reload(browser: &Browser, id: &str, file: &Path) -> anyhow::Result<()> {
    browser.reload().await?;
    keyring::unlock(browser, keys::PASSPHRASE).await?;
    dataset::open(browser, id).await?;
    dataset::run_everything(browser).await?;
    browser.give_file("twin-file", file).await?;
    browser.wait_gone("twin-file", SOON).await?;
    let answers = until("the twins", SOON, async || {
        let answers = dataset::answers(browser).await?;
        Ok(answers.iter().all(|answer| answer.twin.is_some()).then_some(answers))
    })
    .await?;
    check_twins(&answers)
}

#[test]
fn the_same_table_in_every_format_gives_the_same_sums() {
    play("the_same_table_in_every_format_gives_the_same_sums", async |story| {
        let browser = story.browser().await?;
        enter(&browser).await?;
        let expected = fs::read_to_string(product::fixture("pancreatitis.csv"))?;
        let formats = [
            (product::fixture("pancreatitis.csv"), "Separated by comma"),
            (core_file("table/tests/fixtures/formats/pancreatitis.json"), "JSON, one list of records"),
            (core_file("table/tests/fixtures/formats/pancreatitis.lists.json"), "First row: column names"),
            (core_file("table/tests/fixtures/formats/pancreatitis.ndjson"), "JSON, one record on each line"),
            (core_file("table/tests/fixtures/formats/pancreatitis.csv.gz"), "Packed with gzip. Separated by"),
            (core_file("table/tests/fixtures/formats/pancreatitis.ndjson.gz"), "Packed with gzip. JSON"),
            (core_file("parquet/tests/fixtures/pancreatitis.snappy.parquet"), "A Parquet file"),
        ];
        let mut last = None;
        for (file, read_as) in formats {
            choose_file(&browser, &file).await?;
            prepare::wait_open(&browser).await?;
            let reading = browser.text("reading").await?;
            ensure!(reading.contains(read_as), "{}: the page says: {reading}", file.display());
            ensure!(browser.find("preset").await?.is_some(), "{}: the table is not known", file.display());
            prepare::next(&browser).await?;
            let id = upload::wait_done(&browser).await?;
            let answers = dataset::run_everything(&browser).await?;
            check_exactly(&answers, &expected)?;
            check_twins(&answers)?;
            last = Some((id, file));
        }
        let Some((id, file)) = last else { return Ok(()) };

        // The sealed original is the Parquet file byte for byte.
        browser.click("open-original").await?;
        let original = fs::read(browser.download(".parquet").await?)?;
        ensure!(original == fs::read(&file)?, "the original is another file");
        compare_after_reload(&browser, &id, &file).await
    });
}

#[test]
fn cells_become_the_numbers_that_they_mean() {
    play("cells_become_the_numbers_that_they_mean", async |story| {
        let browser = story.browser().await?;
        enter(&browser).await?;
        let name = "visits.csv";
        let table = "when,fee,share,member,code\n\
            01/02/2024,\"$1,200.50\",12.5 %,yes,007\n\
            03/04/2024,$3.25,50 %,no,012\n\
            05/06/2024,\"$2,000.00\",100 %,yes,100\n";
        choose_made_file(&browser, name, table.as_bytes()).await?;
        prepare::wait_open(&browser).await?;
        for (index, words) in [(0, "dates like 1/31/2024"), (1, "in $"), (2, "percentages"), (3, "yes or no")]
        {
            let found = browser.text(&format!("type-{index}")).await?;
            ensure!(found.contains(words), "column {index}: the page says: {found}");
        }
        let kept = browser.text("type-4").await?;
        ensure!(kept.contains("kept as text"), "the page says: {kept}");
        browser.choose("treatment-4", "drop").await?;

        browser.unfold("details-0").await?;
        let facts = browser.text("details-facts-0").await?;
        ensure!(facts.contains("Different") && facts.contains("Median"), "the page says: {facts}");
        browser.choose("column-type-0", r#"{"type":"date","order":"day-month-year"}"#).await?;
        until("the dates to be read otherwise", SOON, async || {
            let Some(found) = browser.find("type-0").await? else { return Ok(None) };
            let text = found.text().await.unwrap_or_default();
            Ok((text.contains("31.1.2024") && text.contains("chosen by you")).then_some(()))
        })
        .await?;
        ensure!(
            prepare::treatments(&browser).await? == ["number", "number", "number", "number", "drop"],
            "what was chosen is lost"
        );
        prepare::next(&browser).await?;
        let id = upload::wait_done(&browser).await?;
        // Days since 1970: the first of February, the third of April and the fifth of June.
        let expected = "when,fee,share,member\n19754,1200.5,0.125,1\n19816,3.25,0.5,0\n19879,2000,1,1\n";
        let answers = dataset::run_everything(&browser).await?;
        check_exactly(&answers, expected)?;
        check_twins(&answers)?;

        // The original has the cells as they were written.
        browser.click("open-original").await?;
        let original = fs::read_to_string(browser.download(name).await?)?;
        ensure!(original.contains("01/02/2024,\"$1,200.50\",12.5 %,yes\n"), "the original is {original:?}");
        let file = browser.folder().join(name);
        compare_after_reload(&browser, &id, &file).await
    });
}

#[test]
fn bad_rows_are_listed_and_saved() {
    play("bad_rows_are_listed_and_saved", async |story| {
        let browser = story.browser().await?;
        enter(&browser).await?;
        let name = "records.ndjson";
        let records = "{\"a\":1,\"b\":2.5}\n{\"a\":2,\"b\":\n{\"a\":3,\"b\":0.5}\n{\"a\":4,\"a\":5}\n";
        choose_made_file(&browser, name, records.as_bytes()).await?;
        let (code, sentence) = prepare::wait_refused(&browser).await?;
        ensure!(code == "bad-row" && sentence.contains("row 2 (line 2)"), "{code}: {sentence}");
        browser.tick("skip-ragged-rows", true).await?;
        browser.click("read-again").await?;
        until_open(&browser, "2 rows × 2 columns").await?;
        browser.unfold("skipped-rows").await?;
        let listed = browser.text("skipped-rows").await?;
        ensure!(
            listed.contains("2 rows") && listed.contains("row 2 (line 2)") && listed.contains("line 4"),
            "the page says: {listed}"
        );
        browser.click("save-bad-rows").await?;
        let saved = fs::read_to_string(browser.download(".bad-rows.csv").await?)?;
        ensure!(
            saved.starts_with("row,line,reason\n2,2,") && saved.contains("\n4,4,"),
            "the list is {saved:?}"
        );

        prepare::next(&browser).await?;
        upload::wait_done(&browser).await?;
        check_exactly(&dataset::run_everything(&browser).await?, "a,b\n1,2.5\n3,0.5\n")
    });
}

#[test]
fn hostile_files_of_other_formats_cost_a_sentence() {
    play("hostile_files_of_other_formats_cost_a_sentence", async |story| {
        let browser = story.browser().await?;
        enter(&browser).await?;
        let files = [
            ("table/tests/corpus/bomb.csv.gz", "grows more than"),
            ("table/tests/corpus/cut-off.csv.gz", "cut off"),
            ("table/tests/corpus/parquet.gz", "Parquet"),
            ("table/tests/corpus/deep-lists.json", "inside each other"),
            ("table/tests/corpus/deep-objects.json", "inside each other"),
            ("table/tests/corpus/empty-list.json", "empty JSON list"),
            ("parquet/tests/corpus/metadata-bomb.parquet", "damaged"),
            ("parquet/tests/corpus/row-group-bomb.parquet", "damaged"),
            ("parquet/tests/corpus/huge-page-head.parquet", "Parquet file"),
            ("parquet/tests/corpus/zeroed-pages.parquet", "Parquet file"),
            ("parquet/tests/corpus/cut-off.parquet", "cut off"),
            ("parquet/tests/corpus/brotli.parquet", "brotli"),
            ("parquet/tests/corpus/bytes.parquet", "not UTF-8"),
        ];
        for (path, named) in files {
            let file = core_file(path);
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            choose_file(&browser, &file).await?;
            until(&format!("the title to name {name}"), SOON, async || {
                Ok(browser.text("title").await?.contains(&name).then_some(()))
            })
            .await?;
            let (code, sentence) = prepare::wait_refused(&browser).await?;
            ensure!(
                !code.is_empty() && sentence.contains(named) && sentence.contains('.'),
                "{name}: the sentence does not name `{named}`: {sentence}"
            );
        }
        ensure!(browser.recorder().stored_puts().is_empty(), "a refused file was sent");
        // The vault lives on.
        choose_file(&browser, &core_file("parquet/tests/fixtures/diabetes.zstd.parquet")).await?;
        prepare::wait_open(&browser).await?;
        until_open(&browser, "442 rows × 11 columns").await
    });
}

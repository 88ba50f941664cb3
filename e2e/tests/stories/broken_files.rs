//! Files that are no tables, or not quite: each meets a sentence with the place and the next step, and the page goes on.

use anyhow::ensure;
use veilsum_e2e::screens::{choose_made_file, enter, prepare};
use veilsum_e2e::story::play;
use veilsum_e2e::wait::{SOON, until};

/// A file that is refused, and what the sentence must name.
struct Refused {
    name: &'static str,
    bytes: Vec<u8>,
    named: &'static [&'static str],
}

fn refused() -> Vec<Refused> {
    let utf16 = "a,b\n1,2\n".encode_utf16().flat_map(u16::to_le_bytes);
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(utf16).collect();
    let wide = (0..10_000).map(|column| format!("c{column}")).collect::<Vec<_>>().join(",");
    let refused = |name, bytes: &[u8], named| Refused { name, bytes: bytes.to_vec(), named };
    vec![
        refused("empty.csv", b"", &["empty", "Choose"]),
        refused("header-only.csv", b"a,b\n", &["header", "no rows"]),
        refused("ragged.csv", b"a,b,c\n1,2,3\n4,5\n", &["row 2", "2 cells", "3 columns"]),
        refused("latin1.csv", b"name,age\nJos\xe9,41\n", &["UTF-8", "column 1", "row 1"]),
        refused("utf16.csv", &utf16, &["UTF-16"]),
        refused("quote.csv", b"a,b\n1,2\n3,\"4\n5,6\n", &["quotation mark", "column 2", "row 2"]),
        refused("wide.csv", format!("{wide}\n").as_bytes(), &["10,000", "2,000"]),
        refused(
            "long.csv",
            format!("a,b\n1,{}\n", "9".repeat(2 << 20)).as_bytes(),
            &["no end of line", "row 1"],
        ),
        refused(
            "picture.csv",
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\0",
            &["PNG picture", "Choose the CSV"],
        ),
        refused(
            "binary.csv",
            &(0..900_u32).flat_map(u32::to_le_bytes).collect::<Vec<u8>>(),
            &["binary", "export"],
        ),
        refused("zip.csv", b"PK\x03\x04\x14\0\0\0\x08\0abcdefgh", &["not CSV text"]),
    ]
}

#[test]
fn files_that_cannot_be_read_are_refused_with_place_and_next_step() {
    play("files_that_cannot_be_read_are_refused", async |story| {
        let browser = story.browser().await?;
        enter(&browser).await?;
        for file in refused() {
            choose_made_file(&browser, file.name, &file.bytes).await?;
            until(&format!("the title to name {}", file.name), SOON, async || {
                Ok(browser.text("title").await?.contains(file.name).then_some(()))
            })
            .await?;
            let (code, sentence) = prepare::wait_refused(&browser).await?;
            ensure!(!code.is_empty() && sentence.ends_with('.'), "{}: no sentence: {sentence}", file.name);
            let is_ragged = code == "ragged-row";
            ensure!(
                browser.find("read-options").await?.is_some() == is_ragged,
                "{}: the page offers what cannot help, or does not offer what can",
                file.name
            );
            for named in file.named {
                ensure!(
                    sentence.to_lowercase().contains(&named.to_lowercase()),
                    "{}: the sentence does not name `{named}`: {sentence}",
                    file.name
                );
            }
        }
        // Nothing of them was sent: only key file, sign-in and pages were.
        ensure!(browser.recorder().stored_puts().is_empty(), "a refused file was sent");

        // And the page still works.
        choose_made_file(&browser, "good.csv", b"a,b\n1,2\n").await?;
        prepare::wait_open(&browser).await
    });
}

#[test]
fn ragged_rows_can_be_skipped_and_are_counted() {
    play("ragged_rows_can_be_skipped_and_are_counted", async |story| {
        let browser = story.browser().await?;
        enter(&browser).await?;
        choose_made_file(&browser, "ragged.csv", b"a,b\n1,2\n3\n4,5\n6,7,8\n").await?;
        prepare::wait_refused(&browser).await?;
        browser.tick("skip-ragged-rows", true).await?;
        browser.click("read-again").await?;
        prepare::wait_open(&browser).await?;
        let skipped = browser.text("skipped-rows").await?;
        ensure!(skipped.contains("2 rows"), "the page says: {skipped}");
        let head = browser.text("table-head").await?;
        ensure!(head.starts_with("2 rows × 2 columns"), "the page says: {head}");
        Ok(())
    });
}

#[test]
fn cells_that_are_no_plain_numbers_keep_a_column_from_being_encrypted_as_one() {
    play("cells_that_are_no_plain_numbers", async |story| {
        let browser = story.browser().await?;
        enter(&browser).await?;
        let text = "german;words;infinite;huge;plain;large\n\
            1.234,56;N/A;1;1e309;1;1\n\
            2.345,67;NaN;inf;2;-0;99999999999999999999\n\
            3.456,78;3;-inf;3;2.5;3\n";
        choose_made_file(&browser, "cells.csv", text.as_bytes()).await?;
        prepare::wait_open(&browser).await?;
        let treatments = prepare::treatments(&browser).await?;
        let sealed = "sealed-original";
        // What can be read in one way only is a number with a decimal comma, whatever the rest of the file has.
        let expected = ["number", sealed, sealed, sealed, "number", sealed];
        ensure!(treatments == expected, "the page proposes {treatments:?}");
        for (column, place) in [(1, "row 1"), (2, "row 2"), (3, "row 1"), (5, "row 2")] {
            let card = browser.text(&format!("column-card-{column}")).await?;
            ensure!(card.contains(place), "the card of column {column} does not name {place}: {card}");
        }

        let note = browser.text("reading-note").await?;
        ensure!(note.contains("decimal point"), "commas and points in one file are not told: {note}");
        let too_large = browser.text("too-large-5").await?;
        ensure!(too_large.contains("larger unit"), "the card does not say what can be done: {too_large}");

        // Words that mean "missing" can be read as such: blank is not 0.
        browser.click("missing-words-1").await?;
        until("the words to be read as missing", SOON, async || {
            Ok((prepare::treatments(&browser).await?.get(1).map(String::as_str) == Some("number"))
                .then_some(()))
        })
        .await
    });
}

//! Preparing a table: steps with their numbers, undo, the same steps for the next file, k-anonymity, and the question before
//! what says who people are leaves the browser.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use anyhow::{Context as _, ensure};
use serde_json::Value;
use veilsum_anonymise::hierarchy::{Hierarchy, NumberLevels};
use veilsum_anonymise::lattice::{self, Domain, Suppression};
use veilsum_anonymise::measure::{Population, loss, risk};
use veilsum_anonymise::model::Model;
use veilsum_anonymise::{Release, Table};
use veilsum_e2e::browser::Browser;
use veilsum_e2e::check::{check_exactly, check_twins};
use veilsum_e2e::keys;
use veilsum_e2e::product;
use veilsum_e2e::screens::{choose_file, choose_made_file, dataset, enter, keyring, prepare, refine, upload};
use veilsum_e2e::story::play;
use veilsum_e2e::tables::Numbers;
use veilsum_e2e::wait::{LONG, SOON, until};
use veilsum_table::Row;
use veilsum_table::read::{Options, TableReader};

const WORDS: [(&str, &str); 2] = [("filling", "median"), ("decimals", "6")];

fn expected() -> anyhow::Result<Value> {
    Ok(serde_json::from_str(&fs::read_to_string(product::fixture("vitals.json"))?)?)
}

/// Whether a number that the page shows is that of the file, up to the last digits of a float.
fn is_number(shown: &str, expected: &Value) -> bool {
    let expected = expected.as_f64().unwrap_or(f64::NAN);
    let shown: f64 = shown.replace('\u{2212}', "-").replace(',', "").parse().unwrap_or(f64::NAN);
    (shown - expected).abs() <= 1e-12 * expected.abs()
}

async fn clean_vitals(browser: &Browser) -> anyhow::Result<()> {
    choose_file(browser, &product::fixture("vitals.csv")).await?;
    prepare::wait_open(browser).await?;
    refine::open(browser, "clean").await?;
    refine::begin_step(browser, "impute", &["age"], &WORDS).await?;
    refine::add_step(browser, 1).await?;
    let outliers = [("method", "interquartile-range"), ("factor", "1.5"), ("action", "drop")];
    refine::begin_step(browser, "outliers", &["pressure"], &outliers).await?;
    refine::add_step(browser, 2).await
}

/// Leaves only the two measured columns to be encrypted.
async fn choose_columns(browser: &Browser) -> anyhow::Result<()> {
    refine::open(browser, "columns").await?;
    browser.choose("treatment-0", "drop").await?;
    browser.choose("treatment-3", "drop").await
}

#[test]
fn a_table_is_cleaned_and_the_mean_is_that_of_python() {
    play("a_table_is_cleaned_and_the_mean_is_that_of_python", async |story| {
        let expected = expected()?;
        let browser = story.browser().await?;
        enter(&browser).await?;
        clean_vitals(&browser).await?;

        let (missing, none) = refine::figure(&browser, 0, "age", "Missing").await?;
        ensure!((missing.as_str(), none.as_str()) == ("11", "0"), "blanks of age: {missing}, then {none}");
        let (before, after) = refine::figure(&browser, 1, "pressure", "Mean").await?;
        ensure!(is_number(&before, &expected["before"]["pressure"]["mean"]), "the mean before is {before}");
        ensure!(is_number(&after, &expected["prepared"]["pressure"]["mean"]), "the mean after is {after}");
        let did = browser.text("step-did-1").await?;
        ensure!(did.starts_with("120 → 117 rows"), "the page says: {did}");

        // The flagged rows are listed by their numbers in the file, and can be saved.
        browser.unfold("flagged").await?;
        browser.click("save-flagged").await?;
        let saved = fs::read_to_string(browser.download(".flagged.csv").await?)?;
        for row in expected["flagged rows"].as_array().context("no list")? {
            ensure!(saved.contains(&format!("\n{row},\"pressure\",")), "row {row} is not in {saved}");
        }

        // Undone, the rows are back; a second time, all is as in the file.
        browser.click("undo").await?;
        refine::wait_steps(&browser, 1).await?;
        let size = browser.text("refine-size").await?;
        ensure!(size.contains("120 rows × 4 columns after"), "the page says: {size}");
        browser.click("undo").await?;
        browser.wait_for("no-steps", LONG).await?;
        clean_again(&browser).await?;

        choose_columns(&browser).await?;
        prepare::next(&browser).await?;
        upload::wait_done(&browser).await?;
        let answers = dataset::run_everything(&browser).await?;
        let mut text = "age,pressure\n".to_owned();
        for row in expected["prepared rows"].as_array().context("no rows")? {
            writeln!(
                text,
                "{},{}",
                row[1].as_str().unwrap_or_default(),
                row[2].as_str().unwrap_or_default()
            )?;
        }
        check_exactly(&answers, &text)?;
        check_twins(&answers)?;
        let mean = dataset::answer(&answers, "mean", "pressure")?;
        ensure!(
            is_number(&mean.float, &expected["prepared"]["pressure"]["mean"]),
            "the mean is {}",
            mean.float
        );
        Ok(())
    });
}

/// Takes the same two steps from a saved recipe.
async fn clean_again(browser: &Browser) -> anyhow::Result<()> {
    refine::begin_step(browser, "impute", &["age"], &WORDS).await?;
    refine::add_step(browser, 1).await?;
    let outliers = [("method", "interquartile-range"), ("factor", "1.5"), ("action", "drop")];
    refine::begin_step(browser, "outliers", &["pressure"], &outliers).await?;
    refine::add_step(browser, 2).await?;
    browser.click("save-recipe").await?;
    let recipe = browser.download(".recipe.json").await?;
    browser.click("step-remove-0").await?;
    refine::wait_steps(browser, 1).await?;
    browser.give_file("load-recipe", &recipe).await?;
    refine::wait_steps(browser, 2).await
}

#[test]
fn the_next_batch_is_prepared_with_what_the_first_has_taught() {
    play("the_next_batch_is_prepared_with_what_the_first_has_taught", async |story| {
        let expected = expected()?;
        let browser = story.browser().await?;
        enter(&browser).await?;
        clean_vitals(&browser).await?;
        choose_columns(&browser).await?;
        prepare::next(&browser).await?;
        upload::wait_done(&browser).await?;
        dataset::run_everything(&browser).await?;

        browser.give_file("append-file", &product::fixture("vitals.next.csv")).await?;
        browser.wait_for("growth-done", LONG).await?;
        browser.wait_for("analysis-batch-1", SOON).await?;
        let answers = dataset::run_everything(&browser).await?;
        check_twins(&answers)?;
        for column in ["age", "pressure"] {
            let both = &expected["both batches"][column];
            let count = dataset::answer(&answers, "count", column)?;
            let is_same = count.exact.parse().ok() == both["count"].as_u64();
            ensure!(is_same, "the count of {column} is {}", count.exact);
            let mean = dataset::answer(&answers, "mean", column)?;
            ensure!(is_number(&mean.float, &both["mean"]), "the mean of {column} is {}", mean.float);
        }
        Ok(())
    });
}

#[test]
fn rows_of_a_parquet_file_are_filtered_and_their_twin_agrees() {
    play("rows_of_a_parquet_file_are_filtered_and_their_twin_agrees", async |story| {
        let browser = story.browser().await?;
        enter(&browser).await?;
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("no workspace")?;
        let file = workspace.join("core/parquet/tests/fixtures/pancreatitis.snappy.parquet");
        choose_file(&browser, &file).await?;
        prepare::wait_open(&browser).await?;
        refine::open(&browser, "clean").await?;
        let fields = [("matching", "keep"), ("column", "age"), ("test", "at-least"), ("bound", "50")];
        refine::begin_step(&browser, "filter", &[], &fields).await?;
        refine::add_step(&browser, 1).await?;

        // The rows that are left have the numbers that they have in the file.
        let csv = fs::read_to_string(product::fixture("pancreatitis.csv"))?;
        let (header, rows) = csv.split_once('\n').context("no header")?;
        let age = header.split(',').position(|name| name == "age").context("no age")?;
        let kept: Vec<(usize, &str)> = (1..)
            .zip(rows.lines())
            .filter(|(_, row)| {
                row.split(',')
                    .nth(age)
                    .and_then(|cell| cell.parse::<f64>().ok())
                    .is_some_and(|age| age >= 50.0)
            })
            .collect();
        refine::open(&browser, "rows").await?;
        let numbers: Vec<String> = kept.iter().map(|(number, _)| number.to_string()).collect();
        until("the rows that are left", SOON, async || {
            let drawn = refine::drawn_rows(&browser).await?;
            let found: Vec<String> = drawn.into_iter().filter_map(|cells| cells.into_iter().next()).collect();
            Ok((found == numbers).then_some(()))
        })
        .await?;

        refine::open(&browser, "columns").await?;
        prepare::next(&browser).await?;
        upload::wait_done(&browser).await?;
        let answers = dataset::run_everything(&browser).await?;
        check_twins(&answers)?;
        let count = dataset::answer(&answers, "count", "age")?;
        ensure!(
            count.exact == kept.len().to_string(),
            "{} rows are counted, not {}",
            count.exact,
            kept.len()
        );
        Ok(())
    });
}

#[test]
fn an_interrupted_upload_prepares_its_rows_again() {
    play("an_interrupted_upload_prepares_its_rows_again", async |story| {
        let expected = expected()?;
        let browser = story.browser().await?;
        enter(&browser).await?;
        clean_vitals(&browser).await?;
        choose_columns(&browser).await?;
        prepare::rows_per_group(&browser, 31).await?;
        browser.recorder().hold_puts_after(2);
        prepare::next(&browser).await?;
        browser.recorder().until_held().await?;
        browser.reload().await?;
        browser.recorder().drop_puts();
        browser.recorder().release_puts();

        keyring::unlock(&browser, keys::PASSPHRASE).await?;
        browser.click("home").await?;
        let id = upload::unfinished(&browser).await?;
        browser.click(&format!("resume-{id}")).await?;
        browser.give_file("resume-file", &product::fixture("vitals.csv")).await?;
        ensure!(upload::wait_done(&browser).await? == id, "another dataset was made");
        let answers = dataset::run_everything(&browser).await?;
        check_twins(&answers)?;
        let mean = dataset::answer(&answers, "mean", "pressure")?;
        ensure!(
            is_number(&mean.float, &expected["prepared"]["pressure"]["mean"]),
            "the mean is {}",
            mean.float
        );
        Ok(())
    });
}

/// Patients, some of whom stand out.
fn patients(rows: u64) -> String {
    let mut numbers = Numbers::new(41);
    let mut text = "name,mail,age,sex,postcode,illness,stay\n".to_owned();
    let names = ["Anna Keller", "Peter Huber", "Maria Rossi", "Jean Dupont", "Laura Meier", "Marco Bianchi"];
    let illnesses = ["asthma", "flu", "diabetes", "angina"];
    for row in 0..rows {
        let name = names[usize::try_from(numbers.below(6)).unwrap_or_default()];
        let age = 20 + numbers.below(60);
        let sex = ["f", "m"][usize::from(numbers.below(2) == 1)];
        let postcode = 8_000 + numbers.below(4) * 100 + numbers.below(6);
        let illness = illnesses[usize::try_from(numbers.below(4)).unwrap_or_default()];
        let stay = 1 + numbers.below(30);
        writeln!(text, "{name},p{row}@example.org,{age},{sex},{postcode},{illness},{stay}")
            .expect("text grows");
    }
    text
}

#[test]
fn a_table_is_anonymised_to_k_5_with_the_figures_of_the_library() {
    play("a_table_is_anonymised_to_k_5_with_the_figures_of_the_library", async |story| {
        let browser = story.browser().await?;
        enter(&browser).await?;
        let text = patients(300);
        choose_made_file(&browser, "patients.csv", text.as_bytes()).await?;
        prepare::wait_open(&browser).await?;
        refine::open(&browser, "anonymise").await?;
        let role =
            browser.script::<String>("return document.querySelector('[data-testid=\"role-1\"]').value;", &[]);
        ensure!(role.await? == "direct", "e-mail addresses are not taken for what identifies directly");
        browser.choose("role-0", "direct").await?;
        browser.choose("replaced-0", "\"full-name\"").await?;
        for (column, vaguer) in [(2, "numbers"), (3, "categories"), (4, "postcodes")] {
            browser.choose(&format!("role-{column}"), "quasi").await?;
            browser.choose(&format!("vaguer-{column}"), vaguer).await?;
        }
        browser.choose("role-5", "sensitive").await?;
        browser.click("add-pseudonyms").await?;
        browser.wait_for("no-direct", LONG).await?;

        refine::enter(
            &browser,
            &[("diversity", "distinct"), ("k", "5"), ("l", "2"), ("suppression", "0.02")],
        )
        .await?;
        browser.click("preview-release").await?;
        browser.wait_for("privacy-finding", LONG).await?;
        check_dashboard(&browser, &text).await?;
        browser.click("add-release").await?;
        browser.wait_for("save-release", LONG).await?;
        check_dashboard(&browser, &text).await?;

        // What is saved has neither names nor addresses of the file, and no row that is like fewer than four others.
        browser.click("save-release").await?;
        let saved = fs::read_to_string(browser.download(".prepared.csv").await?)?;
        ensure!(!saved.contains("p1@example.org"), "an address of the file is in the release");
        let mut rows = TableReader::new(saved.as_bytes(), &Options::default())?;
        let mut row = Row::new();
        let mut classes = HashMap::<Vec<String>, u32>::new();
        while rows.next_row(&mut row)? {
            let class = row.cells().skip(2).take(3).map(str::to_owned).collect();
            *classes.entry(class).or_default() += 1;
        }
        ensure!(!classes.is_empty(), "the release has no rows");
        ensure!(classes.values().all(|rows| *rows >= 5), "there are smaller classes: {classes:?}");

        refine::open(&browser, "columns").await?;
        prepare::next(&browser).await?;
        upload::wait_done(&browser).await?;
        let stays: Vec<String> =
            text.lines().map(|line| line.rsplit(',').next().unwrap_or_default().to_owned()).collect();
        let answers = dataset::run_everything(&browser).await?;
        let rows: u64 = classes.values().map(|rows| u64::from(*rows)).sum();
        let count = dataset::answer(&answers, "count", "stay")?;
        ensure!(count.exact == rows.to_string(), "{} of {} stays are counted", count.exact, stays.len() - 1);
        let said = browser.text("preparation").await?;
        ensure!(said.contains("pseudonymise, release"), "the dataset says: {said}");
        Ok(())
    });
}

/// Compares the dashboard with figures that the library works out here.
async fn check_dashboard(browser: &Browser, text: &str) -> anyhow::Result<()> {
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().context("no header")?;
    let mut rows = vec![header];
    rows.extend(lines);
    let (names, cells) = rows.split_first().context("no rows")?;
    let mut builder = veilsum_anonymise::TableBuilder::new(names)?;
    for row in cells {
        builder.push(row)?;
    }
    let table: Table = builder.finish();
    let column = |at: usize| &table.columns()[at];
    let numbers = NumberLevels::automatic(column(2))?;
    let domains = [
        Domain { column: 2, hierarchy: Hierarchy::numbers(column(2), &numbers)? },
        Domain { column: 4, hierarchy: Hierarchy::postcodes(column(4)) },
        Domain { column: 3, hierarchy: Hierarchy::categories(column(3)) },
    ];
    let models = [Model::KAnonymity { k: 5 }, Model::DistinctDiversity { column: 5, l: 2 }];
    let mut watch = |_| ControlFlow::Continue(());
    let found = lattice::search(&table, &domains, &models, Suppression { limit: 0.02 }, &mut watch)?;
    let before = Release::unchanged(&table, &[2, 4, 3])?;
    let losses = [loss(&before, 5), loss(&found.release, 5)];
    let risks = [risk(&before, 0.2, &Population::Unknown)?, risk(&found.release, 0.2, &Population::Unknown)?];
    #[expect(clippy::cast_precision_loss, reason = "counts of a small table")]
    let measures = [
        ("classes", losses.each_ref().map(|loss| loss.class_count as f64)),
        ("smallest", losses.each_ref().map(|loss| loss.smallest_class as f64)),
        ("suppressed", losses.each_ref().map(|loss| loss.suppressed as f64)),
        ("discernibility", losses.each_ref().map(|loss| loss.discernibility as f64)),
        ("normalised-average", losses.each_ref().map(|loss| loss.normalised_average_class)),
        ("ncp", losses.each_ref().map(|loss| loss.generalised_certainty_penalty)),
        ("prosecutor-highest", risks.map(|risk| risk.prosecutor.highest)),
        ("prosecutor-share", risks.map(|risk| risk.prosecutor.share_at_risk)),
        ("journalist-average", risks.map(|risk| risk.journalist.average)),
        ("marketer", risks.map(|risk| risk.marketer)),
    ];
    ensure!(losses[1].smallest_class >= 5, "the library finds classes of {} rows", losses[1].smallest_class);
    for (name, expected) in measures {
        let (before, after) = refine::measure(browser, name).await?;
        for (shown, expected) in [(before, expected[0]), (after, expected[1])] {
            ensure!((shown - expected).abs() <= 1e-12 * expected.abs(), "{name} is {shown}, not {expected}");
        }
    }
    Ok(())
}

#[test]
fn a_column_that_says_who_people_are_asks_first() {
    play("a_column_that_says_who_people_are_asks_first", async |story| {
        let browser = story.browser().await?;
        enter(&browser).await?;
        choose_made_file(&browser, "patients.csv", patients(60).as_bytes()).await?;
        prepare::wait_open(&browser).await?;
        browser.click("prepare-next").await?;
        let asked = browser.text("identifying-gate").await?;
        ensure!(asked.contains("mail") && asked.contains("e-mail addresses"), "the page asks: {asked}");
        ensure!(browser.path().await? == "/prepare", "it goes on without an answer");
        let is_closed = "return document.querySelector('[data-testid=\"gate-done\"]').disabled;";
        ensure!(browser.script::<bool>(is_closed, &[]).await?, "it goes on without an answer");

        let leave_out = "document.querySelectorAll('[data-testid^=\"gate-drop-\"]').forEach(button => button.click()); return true;";
        browser.script::<bool>(leave_out, &[]).await?;
        until(
            "the way on",
            SOON,
            async || Ok((!browser.script::<bool>(is_closed, &[]).await?).then_some(())),
        )
        .await?;
        let treatments = prepare::treatments(&browser).await?;
        ensure!(treatments.get(1).map(String::as_str) == Some("drop"), "the page has {treatments:?}");
        browser.click("gate-done").await?;
        upload::wait_done(&browser).await?;

        // Not even the sealed original has it. What is still on its way would move the button.
        browser.wait_for("dataset-objects", LONG).await?;
        browser.click("open-original").await?;
        let original = fs::read_to_string(browser.download("patients.csv").await?)?;
        ensure!(original.contains("age") && !original.contains('@'), "the original has addresses");
        Ok(())
    });
}

#[test]
fn any_of_many_rows_is_shown() {
    play("any_of_many_rows_is_shown", async |story| {
        let browser = story.browser().await?;
        enter(&browser).await?;
        let mut text = "number,square,word\n".to_owned();
        for row in 1..=200_000_u64 {
            writeln!(text, "{row},{},w{}", row * row, row % 97)?;
        }
        choose_made_file(&browser, "many.csv", text.as_bytes()).await?;
        prepare::wait_open(&browser).await?;
        refine::open(&browser, "rows").await?;
        for row in ["1", "123,456", "200,000", "777"] {
            let number = row.replace(',', "");
            let square = number.parse::<u64>()?.pow(2).to_string();
            if row == "200,000" {
                browser.click("go-last").await?;
            } else {
                browser.fill("go-to-row", row).await?;
                browser.click("go").await?;
            }
            until(&format!("row {row}"), SOON, async || {
                let rows = refine::drawn_rows(&browser).await?;
                ensure!(rows.len() < 200, "{} rows are drawn at once", rows.len());
                let found = rows.iter().find(|cells| cells.first().is_some_and(|cell| cell == row));
                Ok(found.filter(|cells| cells.get(2) == Some(&square)).map(drop))
            })
            .await?;
        }
        // The keyboard moves it, too.
        let body = "const rows = document.querySelector('[data-testid=\"rows\"]'); rows.focus(); return document.activeElement === rows;";
        ensure!(browser.script::<bool>(body, &[]).await?, "the rows take no focus");
        Ok(())
    });
}

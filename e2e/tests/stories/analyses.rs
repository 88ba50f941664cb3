//! Analyses beyond sums: what they need is added, the answers equal the plaintext twin, grow with the dataset, are kept,
//! compared and certified.

use anyhow::{Context as _, ensure};
use veilsum_e2e::browser::Browser;
use veilsum_e2e::exact::{Decimal, Table};
use veilsum_e2e::screens::dataset::{self, Part};
use veilsum_e2e::screens::{choose_made_file, enter, prepare, upload};
use veilsum_e2e::story::play;
use veilsum_e2e::tables;
use veilsum_e2e::wait::{LONG, SOON, until};

const IMAGE: &str = "<img src=x onerror=\"window.executed=1\">";
const WARDS: [&str; 3] = ["Surgery", "Medicine", IMAGE];
const ROWS: u64 = 90;

/// Uploads a hospital's table with nothing prepared.
async fn uploaded(browser: &Browser) -> anyhow::Result<String> {
    enter(browser).await?;
    choose_made_file(browser, "hospital.csv", tables::hospital(ROWS, &WARDS).as_bytes()).await?;
    prepare::wait_open(browser).await?;
    let treatments = prepare::treatments(browser).await?;
    ensure!(
        treatments == ["category", "category", "number", "number", "number", "number"],
        "the page proposes {treatments:?}"
    );
    browser.tick("prepare-spread", false).await?;
    prepare::next(browser).await?;
    upload::wait_done(browser).await?;
    browser.wait_for("analysis-run", SOON).await?;
    Ok(tables::hospital(ROWS, &WARDS))
}

/// The only part of an answer, which its twin must equal.
fn only(parts: &[Part]) -> anyhow::Result<&Part> {
    let [part] = parts else { anyhow::bail!("{} answers instead of one", parts.len()) };
    ensure!(
        part.verdict.as_deref() == Some("equal"),
        "the page says of {} that it differs from its twin",
        part.title
    );
    Ok(part)
}

#[test]
fn what_analyses_lack_is_added() {
    play("what_analyses_lack_is_added", async |story| {
        let browser = story.browser().await?;
        let text = uploaded(&browser).await?;

        dataset::choose_analysis(&browser, "correlation").await?;
        browser.wait_for("needs", SOON).await?;
        let parts = dataset::run_prepared(&browser).await?;
        let correlated = only(&parts)?;
        ensure!(correlated.charts == 1, "{} charts", correlated.charts);
        let of_itself = correlated.cells.iter().filter(|cell| cell.as_str() == "1").count();
        ensure!(of_itself >= 4, "no diagonal in {:?}", correlated.cells);

        // The groups' names are anybody's text, in the chart, too.
        dataset::choose_analysis(&browser, "groups").await?;
        browser.click("ask-remove-correlation").await?;
        let parts = dataset::run_prepared(&browser).await?;
        let grouped = only(&parts)?;
        let table = Table::read(
            &text.replace(&format!("\"{}\"", IMAGE.replace('"', "\"\"")), "image").replace('"', ""),
        )?;
        let (wards, ages) = (0, 2);
        for (ward, shown) in [("Surgery", "Surgery"), ("Medicine", "Medicine"), ("image", IMAGE)] {
            let rows = table.rows.iter().filter(|row| row[wards] == ward).cloned().collect();
            let (count, sum) = Table { header: table.header.clone(), rows }.column(ages)?;
            let figure = |name: &str| grouped.figure(&format!("group/{shown}/{name}"));
            ensure!(figure("count")? == count.to_string(), "{ward} has {} rows", figure("count")?);
            ensure!(Decimal::parse(figure("sum")?)? == sum, "the sum of {ward} is {}", figure("sum")?);
        }
        let inert = "return window.executed === undefined && document.querySelectorAll('img').length === 0;";
        ensure!(browser.script::<bool>(inert, &[]).await?, "a group's name became an element");
        ensure!(browser.overflow(380).await? <= 0, "the page is wider than a telephone");

        // The picture is saved with the same text.
        browser.click("chart-svg").await?;
        let svg = std::fs::read_to_string(browser.download(".svg").await?)?;
        ensure!(
            svg.contains("&lt;img src=x") && !svg.contains("<img"),
            "the picture holds an element: {svg}"
        );
        ensure!(!svg.contains("var("), "the picture needs a style sheet: {svg}");
        browser.click("chart-png").await?;
        let png = std::fs::read(browser.download(".png").await?)?;
        ensure!(png.starts_with(b"\x89PNG"), "the picture is no PNG");
        Ok(())
    });
}

#[test]
fn what_is_prepared_lacks_nothing() {
    play("what_is_prepared_lacks_nothing", async |story| {
        let browser = story.browser().await?;
        enter(&browser).await?;
        choose_made_file(&browser, "hospital.csv", tables::hospital(ROWS, &WARDS).as_bytes()).await?;
        prepare::wait_open(&browser).await?;
        for what in
            ["prepare-quantiles", "prepare-relations", "prepare-shape", "prepare-group-0", "prepare-group-1"]
        {
            browser.tick(what, true).await?;
        }
        browser.wait_for("prepare-needs", SOON).await?;
        prepare::next(&browser).await?;
        upload::wait_done(&browser).await?;
        let codes = [
            "describe-spread",
            "describe-histogram",
            "describe-shape",
            "groups",
            "contingency",
            "correlation",
            "regression",
        ];
        for code in codes {
            dataset::choose_analysis(&browser, code).await?;
        }
        until("an estimate", SOON, async || {
            let estimate = browser.text("analysis-estimate").await?;
            Ok(estimate.contains("The cloud reads").then_some(()))
        })
        .await?;
        ensure!(
            browser.find("needs").await?.is_none(),
            "something is lacking: {}",
            browser.text("needs").await?
        );
        browser.click("analysis-run").await?;
        let parts = dataset::parts(&browser).await?;
        // Spread, histogram and shape of four numbers, and one of each other kind.
        ensure!(parts.len() == 16, "{} answers", parts.len());
        let differing: Vec<_> =
            parts.iter().filter(|part| part.verdict.as_deref() != Some("equal")).collect();
        ensure!(differing.is_empty(), "these differ from their twins: {differing:#?}");
        Ok(())
    });
}

#[test]
fn quantiles_are_made_exact() {
    play("quantiles_are_made_exact", async |story| {
        let browser = story.browser().await?;
        let text = uploaded(&browser).await?;
        dataset::choose_analysis(&browser, "describe-quantiles").await?;
        browser.click("analysis-none").await?;
        browser.click("analysis-column-4").await?;
        let parts = dataset::run_prepared(&browser).await?;
        ensure!(only(&parts)?.refinable, "bins alone tell the quantiles of cost");
        browser.click("make-exact").await?;
        browser.wait_for("growth-done", LONG).await?;
        let parts = dataset::parts(&browser).await?;
        let exact = only(&parts)?;
        ensure!(!exact.refinable, "the quantiles are not exact yet");
        let mut costs: Vec<f64> = Vec::new();
        for line in text.lines().skip(1) {
            let cell = line.rsplit(',').nth(1).context("a row without cost")?;
            costs.push(cell.parse()?);
        }
        costs.sort_by(f64::total_cmp);
        for (key, expected) in [
            ("quantile/minimum", costs[0]),
            ("quantile/median", f64::midpoint(costs[44], costs[45])),
            ("quantile/maximum", costs[89]),
        ] {
            let found: f64 = exact.figure(key)?.parse()?;
            ensure!((found - expected).abs() < 1e-9, "{key} is {found}, not {expected}");
        }
        Ok(())
    });
}

#[test]
fn a_dataset_grows_and_its_answers_are_kept() {
    play("a_dataset_grows_and_its_answers_are_kept", async |story| {
        let browser = story.browser().await?;
        uploaded(&browser).await?;
        dataset::choose_analysis(&browser, "describe-spread").await?;
        browser.click("analysis-none").await?;
        browser.click("analysis-column-2").await?;
        let parts = dataset::run_prepared(&browser).await?;
        ensure!(only(&parts)?.figure("count")? == ROWS.to_string(), "not all rows are covered");

        // Rows of another file, which the same analysis covers from then on.
        let more = tables::hospital(ROWS + 40, &WARDS);
        let (head, rows) = more.split_once('\n').context("a table without a header")?;
        let rows: Vec<&str> = rows.lines().skip(usize::try_from(ROWS)?).collect();
        let file = browser.folder().join("more.csv");
        std::fs::write(&file, format!("{head}\n{}\n", rows.join("\n")))?;
        browser.give_file("append-file", &file).await?;
        browser.wait_for("growth-done", LONG).await?;
        browser.wait_for("analysis-batch-1", SOON).await?;
        let parts = dataset::run_prepared(&browser).await?;
        ensure!(only(&parts)?.figure("count")? == (ROWS + 40).to_string(), "the new rows are not covered");

        // A file with other columns is refused in words.
        std::fs::write(&file, "a,b\n1,2\n")?;
        browser.give_file("append-file", &file).await?;
        let refused = browser.text("growth-stopped").await?;
        ensure!(refused.contains("its columns must be"), "the page says: {refused}");

        // Both answers are kept and can be compared.
        until("two answers", SOON, async || {
            let count = "return document.querySelectorAll('[data-testid=\"past-answer\"]').length;";
            Ok((browser.script::<u32>(count, &[]).await? == 2).then_some(()))
        })
        .await?;
        let tick = "document.querySelectorAll('[data-testid=\"past-compare\"]').forEach(box => box.click()); return true;";
        browser.script::<bool>(tick, &[]).await?;
        browser.wait_for("differences", SOON).await?;
        let differences: Vec<(String, String)> = browser
            .script(
                "return [...document.querySelectorAll('[data-testid=\"difference\"]')].map(row => \
                 [row.querySelector('th').textContent, row.dataset.difference]);",
                &[],
            )
            .await?;
        let rows = differences.iter().find(|(name, _)| name.ends_with("Rows"));
        ensure!(rows.is_some_and(|(_, difference)| difference == "40"), "the page compares {differences:?}");
        browser.click("past-forget").await?;
        browser.click("past-forget-confirm").await?;
        browser.wait_gone("differences", SOON).await
    });
}

#[test]
fn a_certificate_is_checked_without_a_keyring() {
    play("a_certificate_is_checked_without_a_keyring", async |story| {
        let browser = story.browser().await?;
        uploaded(&browser).await?;
        browser.click("analysis-run").await?;
        dataset::answers(&browser).await?;
        browser.click("answers-certificate").await?;
        let certificate = browser.download("certificate.json").await?;
        let text = std::fs::read_to_string(&certificate)?;

        let stranger = story.browser().await?;
        stranger.go("/verify").await?;
        stranger.wait_for("certificate-text", LONG).await?;
        stranger.give_file("certificate-file", &certificate).await?;
        let failed = stranger.attribute("certificate", "data-failed").await?;
        ensure!(
            failed == "0",
            "a good certificate fails {failed} checks: {}",
            stranger.text("certificate").await?
        );
        stranger.wait_for("certificate-answers", SOON).await?;

        // One changed letter is enough.
        let place = text.find("Mean of").context("the certificate does not name the answer")?;
        let forged = stranger.folder().join("forged certificate.json");
        let mut changed = text.clone();
        changed.replace_range(place..=place, "m");
        std::fs::write(&forged, changed)?;
        stranger.give_file("certificate-file", &forged).await?;
        until("the forgery to be found", SOON, async || {
            Ok((stranger.attribute("certificate", "data-failed").await? != "0").then_some(()))
        })
        .await?;

        std::fs::write(&forged, "no certificate")?;
        stranger.give_file("certificate-file", &forged).await?;
        stranger.wait_for("certificate-fault", SOON).await?;
        Ok(())
    });
}

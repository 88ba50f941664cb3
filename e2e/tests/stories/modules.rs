//! The page in modules: the screen of a dataset comes when it is first opened, over the same vault.

use anyhow::ensure;
use veilsum_e2e::browser::Browser;
use veilsum_e2e::check::check_exactly;
use veilsum_e2e::keys;
use veilsum_e2e::liar::Lie;
use veilsum_e2e::screens::{choose_made_file, dataset, enter, keyring, prepare, upload};
use veilsum_e2e::story::play;
use veilsum_e2e::tables;
use veilsum_e2e::wait::{SOON, until};

const FILE: &str = "rows.csv";
const ROWS: usize = 40;
const COLUMNS: usize = 2;

/// Files of the module behind `/datasets/{id}`.
const SCRIPT: &str = "/dataset.js";
const WASM: &str = "/dataset_bg.wasm";

/// Uploads a table; what comes then is for the story to see.
async fn begin_upload(browser: &Browser, file_name: &str) -> anyhow::Result<()> {
    choose_made_file(browser, file_name, tables::one_hot(ROWS, COLUMNS).as_bytes()).await?;
    prepare::wait_open(browser).await?;
    prepare::next(browser).await
}

/// The code of the fault that is shown above "Try again".
async fn refusal(browser: &Browser) -> anyhow::Result<String> {
    browser.wait_for("module-retry", SOON).await?;
    browser.attribute("fault", "data-code").await
}

#[test]
fn a_module_that_was_not_loaded_is_loaded_at_the_next_try() {
    play("a_module_that_was_not_loaded_is_loaded_at_the_next_try", async |story| {
        let browser = story.browser().await?;
        enter(&browser).await?;
        browser.click("home").await?;
        browser.wait_for("drop-zone", SOON).await?;
        let exchanges = browser.recorder().exchanges();
        let early = exchanges.iter().find(|exchange| exchange.url.contains("/dataset"));
        ensure!(early.is_none(), "the start page asks for {early:?}");

        let liar = browser.recorder().liar();
        liar.tell(SCRIPT, Lie::Gone);
        begin_upload(&browser, FILE).await?;
        let code = refusal(&browser).await?;
        ensure!(code == "module-not-loaded", "the page calls it {code}");
        let sentence = browser.text("fault").await?;
        ensure!(sentence.contains("try again"), "the page does not say what to do: {sentence}");
        ensure!(liar.recant(SCRIPT) > 0, "nobody asked for {SCRIPT}");

        // Now the script comes, and its wasm does not.
        liar.tell(WASM, Lie::Gone);
        browser.click("module-retry").await?;
        let code = refusal(&browser).await?;
        ensure!(code == "module-not-loaded", "the page calls it {code}");
        ensure!(liar.recant(WASM) > 0, "nobody asked for {WASM}");

        browser.click("module-retry").await?;
        browser.wait_for("uploaded", SOON).await?;
        check_exactly(&dataset::run_everything(&browser).await?, &tables::one_hot(ROWS, COLUMNS))
    });
}

#[test]
fn locking_in_the_header_takes_an_open_dataset_away() {
    play("locking_in_the_header_takes_an_open_dataset_away", async |story| {
        let browser = story.browser().await?;
        enter(&browser).await?;
        begin_upload(&browser, FILE).await?;
        let id = upload::wait_done(&browser).await?;
        dataset::run_everything(&browser).await?;
        ensure!(browser.text("title").await? == FILE, "the heading does not name the dataset");

        // Another screen and back: the answer stands where it stood.
        dataset::open(&browser, &id).await?;
        ensure!(browser.find("answers").await?.is_some(), "the answer is lost by looking at another screen");

        keyring::lock(&browser).await?;
        browser.wait_for("unlock-passphrase", SOON).await?;
        let left: usize = browser
            .script(
                "return document.querySelectorAll('[data-exact], [data-testid=\"schema\"], [data-testid=\"cloud-saw\"]').length;",
                &[],
            )
            .await?;
        ensure!(left == 0, "{left} parts of the dataset are shown under a locked keyring");

        keyring::unlock(&browser, keys::PASSPHRASE).await?;
        browser.wait_for("analysis-run", SOON).await?;
        ensure!(browser.find("answers").await?.is_none(), "an answer outlives the unlocked keyring");
        check_exactly(&dataset::run_everything(&browser).await?, &tables::one_hot(ROWS, COLUMNS))?;
        // What the module asks for and the header tells is one keyring.
        keyring::wait_unlocked(&browser).await
    });
}

#[test]
fn one_dataset_after_another_is_shown_without_a_screen_between() {
    play("one_dataset_after_another_is_shown_without_a_screen_between", async |story| {
        let browser = story.browser().await?;
        enter(&browser).await?;
        begin_upload(&browser, FILE).await?;
        let first = upload::wait_done(&browser).await?;
        dataset::run_everything(&browser).await?;
        begin_upload(&browser, "others.csv").await?;
        let second = upload::wait_done(&browser).await?;
        wait_title(&browser, "others.csv").await?;
        ensure!(browser.find("answers").await?.is_none(), "the answer of another dataset is shown");

        dataset::open(&browser, &first).await?;
        wait_title(&browser, FILE).await?;
        ensure!(browser.find("answers").await?.is_some(), "the answer is lost by looking at another dataset");
        // Past the list.
        browser.script::<bool>("history.go(-2); return true;", &[]).await?;
        wait_title(&browser, "others.csv").await?;
        ensure!(browser.path().await? == format!("/datasets/{second}"), "the address is another one");
        browser.wait_for("analysis-run", SOON).await?;
        ensure!(browser.find("answers").await?.is_none(), "the answer of another dataset is shown");
        let shown: usize = browser
            .script("return document.querySelectorAll('[data-testid=\"schema\"]').length;", &[])
            .await?;
        ensure!(shown == 1, "{shown} datasets are shown at once");
        Ok(())
    });
}

async fn wait_title(browser: &Browser, title: &str) -> anyhow::Result<()> {
    until(&format!("the heading {title}"), SOON, async || {
        // Rendered anew between the two looks: it is looked up again.
        Ok((browser.text("title").await.unwrap_or_default() == title).then_some(()))
    })
    .await
}

//! Names that try to be something else stay text, in every view, in the answer and in the saved table.

use anyhow::ensure;
use veilsum_e2e::browser::Browser;
use veilsum_e2e::screens::{choose_made_file, dataset, enter, prepare, upload};
use veilsum_e2e::story::play;

const FILE: &str = "<img src=x onerror=window.executed=1>.csv";
const IMAGE: &str = "<img src=x onerror=\"window.executed=1\">";
const SCRIPT: &str = "<script>window.executed=1</script>";
const HEADER: [&str; 5] = [IMAGE, SCRIPT, "__proto__", "constructor", "=cmd(\"/c calc\",1)"];

/// Nothing ran, and no element was made of a name.
async fn check_inert(browser: &Browser, view: &str) -> anyhow::Result<()> {
    let body = "return [window.executed === undefined, ({}).executed === undefined, \
        document.querySelectorAll('img, body script:not([src])').length];";
    let (not_run, not_polluted, elements): (bool, bool, u32) = browser.script(body, &[]).await?;
    ensure!(not_run, "a name was executed in {view}");
    ensure!(not_polluted, "a name changed all objects in {view}");
    ensure!(elements == 0, "a name became an element in {view}");
    Ok(())
}

#[test]
fn hostile_names_are_shown_as_they_are() {
    play("hostile_names_are_shown_as_they_are", async |story| {
        let browser = story.browser().await?;
        enter(&browser).await?;
        let quoted = HEADER.map(|name| format!("\"{}\"", name.replace('"', "\"\""))).join(",");
        let text = format!("{quoted}\n1,2,3,4,5\n10,20,30,40,50\n");
        choose_made_file(&browser, FILE, text.as_bytes()).await?;
        prepare::wait_open(&browser).await?;
        for (index, name) in HEADER.iter().enumerate() {
            let card = browser.text(&format!("column-card-{index}")).await?;
            ensure!(card.contains(name), "the card does not show {name}: {card}");
        }
        check_inert(&browser, "Prepare").await?;
        prepare::next(&browser).await?;
        upload::wait_done(&browser).await?;
        check_inert(&browser, "the dataset").await?;

        let answers = dataset::run_everything(&browser).await?;
        for (index, name) in HEADER.iter().enumerate() {
            let sum = dataset::answer(&answers, "sum", name)?;
            ensure!(sum.exact == ((index + 1) * 11).to_string(), "the sum of {name} is {}", sum.exact);
        }
        check_inert(&browser, "the answer").await?;

        browser.click("answers-export").await?;
        let saved = std::fs::read_to_string(browser.download("answers.csv").await?)?;
        ensure!(
            !saved.lines().any(|line| line.starts_with(['=', '+', '@']) || line.starts_with("\"=")),
            "a spreadsheet would run this: {saved}"
        );

        let listed = dataset::list(&browser).await?;
        ensure!(listed.len() == 1 && listed[0].1 == FILE, "the list shows {listed:?}");
        check_inert(&browser, "the list").await
    });
}

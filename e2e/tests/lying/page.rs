//! The page before a lying cloud: it refuses in words, shows no number, and the cloud does not learn the verdict.

mod lies;
pub(crate) mod shapes;

use anyhow::{Context, ensure};
use veilsum_e2e::browser::Browser;
use veilsum_e2e::exact::{Decimal, Table};
use veilsum_e2e::front::Front;
use veilsum_e2e::keys;
use veilsum_e2e::screens::{dataset, keyring};
use veilsum_e2e::story::play_with;
use veilsum_e2e::wait::{LONG, SOON, until};

use crate::cloud::Cloud;
use crate::jobs::Stage;
use crate::page::lies::{Lied, lies};
use crate::page::shapes::shapes;

/// How a run ended on the page.
#[derive(Debug)]
enum Shown {
    /// Answers, all of them right.
    Right,
    /// A refusal: its code and the text of the panel.
    Refused { code: String, text: String },
}

/// Brings the fixed keyring, under which the stage was set without a browser.
async fn enter(browser: &Browser) -> anyhow::Result<()> {
    let file = browser.folder().join("fixed.veilsum-key");
    std::fs::write(&file, keys::fixed_key_file()?)?;
    browser.go("/keyring").await?;
    keyring::import(browser, &file, keys::PASSPHRASE).await?;
    keyring::wait_unlocked(browser).await
}

/// Opens the dataset from the list, and waits until it has fetched all that it fetches by itself.
async fn open(browser: &Browser, id: &str) -> anyhow::Result<()> {
    dataset::open(browser, id).await?;
    browser.wait_for("dataset-objects", SOON).await?;
    until("the estimate", SOON, async || {
        let estimate = browser.text("analysis-estimate").await.unwrap_or_default();
        Ok(estimate.starts_with("The cloud reads").then_some(()))
    })
    .await
}

/// Runs the mean of all columns, which is what the page proposes.
async fn run(browser: &Browser, table: &Table) -> anyhow::Result<Shown> {
    browser.click("analysis-run").await?;
    match browser.wait_for_any(&["answers", "analysis-failed"], LONG).await? {
        "answers" => {
            let answers = dataset::answers(browser).await?;
            ensure!(answers.len() == table.header.len(), "{} means are shown", answers.len());
            for answer in answers {
                let at =
                    table.header.iter().position(|name| *name == answer.column).context("no such column")?;
                let (count, sum) = table.column(at)?;
                let is_right = answer.kind == "mean" && Decimal::parse(&answer.exact)?.is_mean(&sum, count);
                ensure!(is_right, "A WRONG NUMBER IS SHOWN: {answer:?}");
            }
            Ok(Shown::Right)
        }
        _ => {
            let numbers: usize = browser
                .script("return document.querySelectorAll('[data-exact], [data-float]').length;", &[])
                .await?;
            ensure!(numbers == 0, "beside a refusal {numbers} numbers are shown");
            let body = "const panel = document.querySelector('[data-testid=\"analysis-failed\"]');
                panel.querySelectorAll('details').forEach(details => details.open = true);
                return [panel.querySelector('[data-code]').dataset.code, panel.innerText];";
            let (code, text) = browser.script(body, &[]).await?;
            Ok(Shown::Refused { code, text })
        }
    }
}

/// One lie: what the page shows, and the shapes of all requests from the run to the next screen.
async fn tell(browser: &Browser, cloud: &Cloud, stage: &Stage, lied: Lied) -> anyhow::Result<Vec<String>> {
    open(browser, &stage.newest.dataset.to_string()).await?;
    let Lied { name, is_for_owner, place, lie, code, words } = lied;
    let liar = if is_for_owner { browser.recorder().liar() } else { cloud.to_functions() };
    if let Some(lie) = lie {
        liar.tell(place.clone(), lie);
    }
    browser.recorder().until_quiet().await?;
    let before = browser.recorder().exchanges().len();
    let shown = run(browser, &stage.world.table).await.with_context(|| name)?;
    let times = liar.recant(&place);
    ensure!(times > 0 || place.is_empty(), "{name}: nobody asked for {place}");
    // Whatever the verdict, the next thing that the cloud hears of is the list.
    dataset::list(browser).await?;
    browser.recorder().until_quiet().await?;
    let requests = browser.recorder().exchanges().split_off(before);
    match shown {
        Shown::Right => ensure!(code.is_none(), "{name}: it was not refused"),
        Shown::Refused { code: actual, text } => {
            ensure!(code == Some(&actual), "{name}: the page refused with {actual}: {text}");
            for word in words {
                ensure!(text.contains(word), "{name}: the page does not say “{word}” but: {text}");
            }
        }
    }
    Ok(shapes(&requests))
}

#[test]
fn the_page_refuses_lies_in_words_and_tells_nobody() {
    let front = Front::open().expect("a port and the functions");
    let arguments = front.arguments().expect("a folder with a name");
    let arguments = arguments.each_ref().map(String::as_str);
    play_with("the_page_refuses_lies_in_words_and_tells_nobody", &arguments, async |story| {
        let cloud = Cloud::before(&story.stack, front).await?;
        let stage = Stage::set(&cloud, 1).await?;
        let browser = story.browser().await?;
        enter(&browser).await?;
        // The first time it says that it cannot know; from then on it does.
        open(&browser, &stage.newest.dataset.to_string()).await?;
        ensure!(browser.find("rollback-note").await?.is_some(), "the first look is taken for the newest");

        let honest = tell(&browser, &cloud, &stage, Lied::none()).await?;
        ensure!(
            honest.iter().any(|shape| shape.contains("/answer")),
            "no answer was downloaded: {honest:#?}"
        );
        let mut told = 0;
        for lied in lies(&stage, cloud.keyring().paillier().public_key()) {
            let (name, is_about_the_answer) = (lied.name, lied.is_verdict());
            let shapes = tell(&browser, &cloud, &stage, lied).await?;
            ensure!(
                !is_about_the_answer || shapes == honest,
                "{name}: the cloud can tell the verdict: {shapes:#?} are not {honest:#?}"
            );
            told += 1;
        }
        eprintln!("page: {told} lies");
        Ok(())
    });
}

//! The page before a cloud that multiplies and lies: partial answers have no check values, but what is out of bounds or
//! caught by the spot check is refused in words, and the cloud cannot tell from what it is asked.

use anyhow::ensure;
use veilsum_crypto::bfv::{Ciphertext, evaluate};
use veilsum_e2e::browser::Browser;
use veilsum_e2e::liar::Lie;
use veilsum_e2e::screens::{choose_made_file, dataset, enter, prepare, upload};
use veilsum_e2e::story::play;
use veilsum_e2e::wait::{LONG, SOON, until};
use veilsum_protocol::JobId;
use veilsum_protocol::answer::Partial;

use crate::page::shapes::shapes;

/// The partial of the only row group.
const PLACE: &str = "/part/00000000";

/// What one ciphertext of a partial becomes.
type Change = fn(Ciphertext) -> Vec<u8>;

fn doubled(ciphertext: Ciphertext) -> Vec<u8> {
    evaluate::scale(&ciphertext, 2).to_bytes()
}

fn negated(ciphertext: Ciphertext) -> Vec<u8> {
    evaluate::scale(&ciphertext, -1).to_bytes()
}

fn flipped(ciphertext: Ciphertext) -> Vec<u8> {
    let mut bytes = ciphertext.to_bytes();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    bytes
}

/// A partial that the cloud changes: its first ciphertext, the job that it names, or its length.
fn lies() -> [(&'static str, Lie); 6] {
    let first = |change: Change| {
        Lie::changed(move |truth| {
            let mut partial = Partial::from_bytes(truth).expect("the functions write partials");
            let bytes = &mut partial.aggregates.ciphertexts[0];
            *bytes = change(Ciphertext::from_bytes(bytes).expect("and ciphertexts in them"));
            partial.to_bytes()
        })
    };
    [
        ("doubles", first(doubled)),
        ("negates", first(negated)),
        ("flips a bit", first(flipped)),
        (
            "swaps two products",
            Lie::changed(|truth| {
                let mut partial = Partial::from_bytes(truth).expect("the functions write partials");
                partial.aggregates.ciphertexts.swap(0, 1);
                partial.to_bytes()
            }),
        ),
        (
            "names another job",
            Lie::changed(|truth| {
                let mut partial = Partial::from_bytes(truth).expect("the functions write partials");
                partial.aggregates.job = JobId::from_bytes([9; 16]);
                partial.to_bytes()
            }),
        ),
        ("cuts the end off", Lie::changed(|truth| truth[..truth.len() - 1].to_vec())),
    ]
}

/// Runs what is chosen, and gives the shapes of all requests until the list of datasets is shown.
async fn run(browser: &Browser, dataset_id: &str, lie: Option<(&str, Lie)>) -> anyhow::Result<Vec<String>> {
    dataset::open(browser, dataset_id).await?;
    browser.wait_for("dataset-objects", SOON).await?;
    dataset::choose_analysis(browser, "correlation").await?;
    until("the estimate", SOON, async || {
        let estimate = browser.text("analysis-estimate").await.unwrap_or_default();
        Ok(estimate.starts_with("The cloud reads").then_some(()))
    })
    .await?;
    let name = lie.as_ref().map(|(name, _)| (*name).to_owned());
    if let Some((_, lie)) = lie {
        browser.recorder().liar().tell(PLACE, lie);
    }
    browser.recorder().until_quiet().await?;
    let before = browser.recorder().exchanges().len();
    browser.click("analysis-run").await?;
    let ended = browser.wait_for_any(&["answer-article", "analysis-failed"], LONG).await?;
    let times = browser.recorder().liar().recant(PLACE);
    match name {
        None => ensure!(ended == "answer-article", "an honest answer was refused"),
        Some(name) => {
            ensure!(times > 0, "{name}: nobody asked for the partial");
            ensure!(ended == "analysis-failed", "{name}: A WRONG NUMBER IS SHOWN");
            let text = browser.text("analysis-failed").await?;
            for words in ["answer for row group 0 was refused", "No number is shown", "the cloud is not told"]
            {
                ensure!(text.contains(words), "{name}: the page does not say “{words}” but: {text}");
            }
            let numbers = "return document.querySelectorAll('[data-exact], [data-float]').length;";
            let numbers: usize = browser.script(numbers, &[]).await?;
            ensure!(numbers == 0, "{name}: beside a refusal {numbers} numbers are shown");
        }
    }
    // Whatever the verdict, the next thing that the cloud hears of is the list.
    dataset::list(browser).await?;
    browser.recorder().until_quiet().await?;
    // Workers fetch their program in whatever order they start.
    let is_program = |shape: &String| shape.contains("/worker-boot.js") || shape.contains("/bfv");
    let mut shapes = shapes(&browser.recorder().exchanges().split_off(before));
    shapes.retain(|shape| !is_program(shape));
    Ok(shapes)
}

#[test]
fn products_that_were_changed_are_refused_and_nobody_is_told() {
    play("products_that_were_changed_are_refused", async |story| {
        let browser = story.browser().await?;
        enter(&browser).await?;
        let rows: String = (0..60).map(|row| format!("{row},{}\n", row * row % 47)).collect();
        choose_made_file(&browser, "pairs.csv", format!("a,b\n{rows}").as_bytes()).await?;
        prepare::wait_open(&browser).await?;
        browser.click("engine-bfv").await?;
        prepare::next(&browser).await?;
        let id = upload::wait_done(&browser).await?;
        let honest = run(&browser, &id, None).await?;
        for lie in lies() {
            let name = lie.0;
            let shapes = run(&browser, &id, Some(lie)).await?;
            ensure!(
                shapes == honest,
                "{name}: the cloud can tell the verdict: {shapes:#?} are not {honest:#?}"
            );
        }
        Ok(())
    });
}

/// With more row groups than are picked a lie may pass; then the page says what was checked, and never "verified".
#[test]
fn what_was_not_picked_is_not_called_verified() {
    play("what_was_not_picked_is_not_called_verified", async |story| {
        let browser = story.browser().await?;
        enter(&browser).await?;
        let rows: String = (0..60).map(|row| format!("{row},{}\n", row * row % 47)).collect();
        choose_made_file(&browser, "pairs.csv", format!("a,b\n{rows}").as_bytes()).await?;
        prepare::wait_open(&browser).await?;
        prepare::rows_per_group(&browser, 10).await?;
        browser.click("engine-bfv").await?;
        prepare::next(&browser).await?;
        upload::wait_done(&browser).await?;
        browser.wait_for("analysis-run", SOON).await?;
        dataset::choose_analysis(&browser, "correlation").await?;
        let [lie, ..] = lies();
        browser.recorder().liar().tell(PLACE, lie.1);
        let parts = dataset::run_prepared(&browser).await;
        ensure!(browser.recorder().liar().recant(PLACE) > 0, "nobody asked for the partial");
        if parts.is_ok() {
            let (source, said) =
                (browser.attribute("verified", "data-source").await?, browser.text("verified").await?);
            ensure!(source == "spot-checked" && said.contains("4 of 6 row groups"), "the page says: {said}");
        } else {
            let text = browser.text("analysis-failed").await?;
            ensure!(text.contains("answer for row group 0 was refused"), "the page says: {text}");
        }
        Ok(())
    });
}

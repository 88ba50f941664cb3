//! No story: pictures of every state of the screens, for people to look at.

use std::path::PathBuf;

use veilsum_e2e::browser::Browser;
use veilsum_e2e::product;
use veilsum_e2e::screens::{choose_made_file, dataset, enter, prepare, upload};
use veilsum_e2e::story::play;
use veilsum_e2e::tables;
use veilsum_e2e::wait::{LONG, SOON};

const LONG_NAME: &str = "Chirurgische Intensivstation mit einem sehr langen Namen, der in keine Beschriftung passt \
    und trotzdem ganz zu lesen sein muss, wenn jemand darauf zeigt oder die Tabelle ansieht, 4. Obergeschoss";

async fn pictures(browser: &Browser, name: &str) -> anyhow::Result<()> {
    let folder: PathBuf = product::output()?.join("looks");
    std::fs::create_dir_all(&folder)?;
    for (width, theme) in [(1280, "light"), (380, "dark")] {
        browser.picture(&folder.join(format!("{name}-{width}-{theme}.png")), width, theme).await?;
        let overflow = browser.overflow(width).await?;
        if overflow > 0 {
            eprintln!("{name}: {overflow} pixels wider than {width}");
        }
    }
    Ok(())
}

#[test]
#[ignore = "makes pictures; nothing is checked"]
fn looks() {
    play("looks", async |story| {
        let browser = story.browser().await?;
        enter(&browser).await?;
        let wards = ["Surgery", "Medicine", LONG_NAME, "<img src=x onerror=window.executed=1>"];
        choose_made_file(&browser, "hospital.csv", tables::hospital(120, &wards).as_bytes()).await?;
        prepare::wait_open(&browser).await?;
        pictures(&browser, "prepare").await?;
        prepare::next(&browser).await?;
        upload::wait_done(&browser).await?;
        browser.wait_for("analysis-run", SOON).await?;
        pictures(&browser, "dataset").await?;
        browser.click("analysis-run").await?;
        dataset::answers(&browser).await?;
        pictures(&browser, "mean").await?;
        browser.unfold("analysis-menu").await?;
        pictures(&browser, "menu").await?;

        for code in ["describe-spread", "describe-quantiles", "describe-histogram", "groups"] {
            dataset::choose_analysis(&browser, code).await?;
        }
        browser.wait_for("needs", LONG).await?;
        pictures(&browser, "needs").await?;
        let parts = dataset::run_prepared(&browser).await?;
        for part in &parts {
            eprintln!("{part:?}");
        }
        pictures(&browser, "described").await?;

        browser.reload().await?;
        Ok(())
    });
}

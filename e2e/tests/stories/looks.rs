//! No story: pictures of every state of the screens, for people to look at.

use std::path::PathBuf;

use anyhow::ensure;
use veilsum_e2e::browser::Browser;
use veilsum_e2e::product;
use veilsum_e2e::screens::{choose_made_file, dataset, enter, prepare, upload, workbench};
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
        ensure!(overflow <= 0, "{name} is {overflow} pixels wider than {width}");
    }
    Ok(())
}

async fn uploaded(browser: &Browser) -> anyhow::Result<()> {
    enter(browser).await?;
    let wards = ["Surgery", "Medicine", LONG_NAME, "<img src=x onerror=window.executed=1>"];
    choose_made_file(browser, "hospital.csv", tables::hospital(120, &wards).as_bytes()).await?;
    prepare::wait_open(browser).await?;
    Ok(())
}

#[test]
#[ignore = "makes pictures for people to look at"]
fn looks_of_asking() {
    play("looks_of_asking", async |story| {
        let browser = story.browser().await?;
        uploaded(&browser).await?;
        browser.tick("prepare-quantiles", true).await?;
        browser.wait_for("prepare-needs", LONG).await?;
        browser.unfold("prepare-needs").await?;
        pictures(&browser, "prepare").await?;
        browser.tick("prepare-quantiles", false).await?;
        prepare::next(&browser).await?;
        upload::wait_done(&browser).await?;
        browser.wait_for("analysis-run", SOON).await?;
        browser.unfold("analysis-menu").await?;
        pictures(&browser, "menu").await?;
        for code in ["groups", "two-groups", "regression", "contingency"] {
            dataset::choose_analysis(&browser, code).await?;
        }
        browser.wait_for("needs", LONG).await?;
        pictures(&browser, "needs").await?;
        browser.reload().await?;
        Ok(())
    });
}

#[test]
#[ignore = "makes pictures for people to look at"]
fn looks_of_answers() {
    play("looks_of_answers", async |story| {
        let browser = story.browser().await?;
        uploaded(&browser).await?;
        prepare::next(&browser).await?;
        upload::wait_done(&browser).await?;
        for (name, codes) in [
            ("described", &["describe-spread", "describe-quantiles", "describe-histogram"][..]),
            ("grouped", &["groups", "two-groups", "anova", "contingency"]),
            ("related", &["correlation", "regression", "covariance", "weighted-mean"]),
        ] {
            for code in codes {
                dataset::choose_analysis(&browser, code).await?;
            }
            let parts = dataset::run_prepared(&browser).await?;
            ensure!(
                parts.iter().all(|part| part.verdict.as_deref() == Some("equal")),
                "an answer differs: {parts:#?}"
            );
            pictures(&browser, name).await?;
            browser.click("nav-datasets").await?;
            browser.back().await?;
        }
        Ok(())
    });
}

#[test]
#[ignore = "makes pictures for people to look at"]
fn looks_of_certificates() {
    play("looks_of_certificates", async |story| {
        let browser = story.browser().await?;
        uploaded(&browser).await?;
        prepare::next(&browser).await?;
        upload::wait_done(&browser).await?;
        for _ in 0..2 {
            browser.click("analysis-run").await?;
            dataset::answers(&browser).await?;
        }
        let tick = "document.querySelectorAll('[data-testid=\"past-compare\"]').forEach(box => box.click()); return true;";
        browser.script::<bool>(tick, &[]).await?;
        pictures(&browser, "past").await?;
        browser.click("answers-certificate").await?;
        let certificate = browser.download("certificate.json").await?;
        browser.click("foot-verify").await?;
        browser.give_file("certificate-file", &certificate).await?;
        browser.wait_for("certificate", LONG).await?;
        pictures(&browser, "certificate").await
    });
}

#[test]
#[ignore = "makes pictures for people to look at"]
fn looks_of_the_workbench() {
    play("looks_of_the_workbench", async |story| {
        let browser = story.browser().await?;
        enter(&browser).await?;
        workbench::open(&browser).await?;
        pictures(&browser, "bench-empty").await?;
        for (family, file_name) in [
            ("family-linear", "diabetes.csv"),
            ("family-logistic", "breast_cancer.csv"),
            ("family-k-means", "iris.csv"),
            ("family-network", "digits.csv"),
        ] {
            browser.click("step-input").await?;
            workbench::choose(&browser, family, file_name).await?;
            workbench::train(&browser).await?;
            pictures(&browser, &format!("bench-{family}-model")).await?;
            let is_network = family == "family-network";
            if is_network {
                browser.tick("publish-by-layers", true).await?;
            }
            workbench::publish(&browser).await?;
            pictures(&browser, &format!("bench-{family}-encryption")).await?;
            browser.fill("test-rows", "50").await?;
            browser.click("score-test-part").await?;
            workbench::scored(&browser).await?;
            pictures(&browser, &format!("bench-{family}-decryption")).await?;
            for step in ["cloud", "performance"] {
                browser.click(&format!("step-{step}")).await?;
                pictures(&browser, &format!("bench-{family}-{step}")).await?;
            }
            if is_network {
                browser.click("step-encryption").await?;
                browser.click("network-by-layers").await?;
                browser.click("score-form").await?;
                browser.wait_for("layers", LONG).await?;
                pictures(&browser, "bench-layers").await?;
            }
        }
        browser.click("nav-models").await?;
        browser.wait_for("models", LONG).await?;
        pictures(&browser, "models").await
    });
}

//! No story: pictures of every state of the screens, for people to look at.

use std::path::PathBuf;

use anyhow::ensure;
use veilsum_e2e::browser::Browser;
use veilsum_e2e::product;
use veilsum_e2e::screens::{choose_made_file, dataset, enter, prepare, refine, upload, workbench};
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

#[test]
#[ignore = "makes pictures for people to look at"]
fn looks_of_preparing() {
    play("looks_of_preparing", async |story| {
        let browser = story.browser().await?;
        enter(&browser).await?;
        let wards = ["Surgery", "Medicine", LONG_NAME, "<img src=x onerror=window.executed=1>"];
        let table = tables::hospital(600, &wards);
        choose_made_file(&browser, "hospital.csv", table.as_bytes()).await?;
        prepare::wait_open(&browser).await?;
        refine::open(&browser, "clean").await?;
        pictures(&browser, "clean-empty").await?;
        refine::begin_step(&browser, "impute", &["score"], &[("filling", "median")]).await?;
        browser.click("step-look").await?;
        browser.wait_for("step-preview", LONG).await?;
        pictures(&browser, "clean-preview").await?;
        refine::add_step(&browser, 1).await?;
        refine::begin_step(&browser, "outliers", &["cost", "los"], &[("factor", "0.5"), ("action", "cap")])
            .await?;
        refine::add_step(&browser, 2).await?;
        refine::begin_step(&browser, "split", &[], &[("by", "sex")]).await?;
        refine::add_step(&browser, 3).await?;
        browser.unfold("step-details-0").await?;
        browser.unfold("step-details-1").await?;
        browser.unfold("flagged").await?;
        browser.unfold("step-details-2").await?;
        pictures(&browser, "clean-steps").await?;
        refine::open(&browser, "rows").await?;
        pictures(&browser, "rows").await?;
        refine::open(&browser, "anonymise").await?;
        for (column, role) in [(1, "quasi"), (2, "quasi"), (0, "quasi"), (3, "sensitive")] {
            browser.choose(&format!("role-{column}"), role).await?;
        }
        pictures(&browser, "anonymise").await?;
        refine::enter(&browser, &[("suppression", "0.1")]).await?;
        browser.click("preview-release").await?;
        browser.wait_for("privacy-finding", LONG).await?;
        pictures(&browser, "anonymise-preview").await?;
        browser.click("add-release").await?;
        browser.wait_for("save-release", LONG).await?;
        refine::open(&browser, "columns").await?;
        pictures(&browser, "columns-prepared").await?;
        choose_made_file(&browser, "people.csv", PEOPLE.as_bytes()).await?;
        prepare::wait_open(&browser).await?;
        browser.click("prepare-next").await?;
        browser.wait_for("identifying-gate", SOON).await?;
        pictures(&browser, "gate").await?;
        refine::open(&browser, "anonymise").await?;
        pictures(&browser, "anonymise-people").await?;
        browser.reload().await?;
        Ok(())
    });
}

const PEOPLE: &str = "patient_id,name,mail,born,age,stay\nP-1001,Anna Keller,anna@example.org,1980-02-01,44,3\n\
    P-1002,Peter Huber,peter@example.org,1961-12-24,63,5\nP-1003,Maria Rossi,maria@example.org,1999-07-14,25,2\n\
    P-1004,Jean Dupont,jean@example.org,1955-03-30,69,11\nP-1005,Laura Meier,laura@example.org,2001-09-09,23,4\n";

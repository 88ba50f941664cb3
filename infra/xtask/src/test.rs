//! `cargo xtask test`: every check there is, in stages, with the number of tests at the end.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::browser::Browser;
use crate::cargo::{self, WASM};
use crate::command_line::TestOptions;
use crate::programs::{self, TestProgram};
use crate::tally::Tally;
use crate::workspace::Workspace;
use crate::{build, invariants, site};

/// The crate of the stories; its programs need the whole product.
const STORIES: &str = "veilsum-e2e";
/// The crate of the page; it is built for the browser only.
const PAGE: &str = "veilsum-web";
/// The crates whose tests run in both builds that the worker has.
const RELAXED: [&str; 2] = ["veilsum-crypto", "veilsum-owner"];
/// Seconds that the tests of one program may take in the browser.
const WASM_TEST_SECONDS: &str = "600";

/// A group of checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// rustfmt.
    Format,
    /// clippy, natively and for the browser, without a warning.
    Lint,
    /// [`invariants::CHECKS`].
    Invariants,
    /// Unit, property and vector tests, handlers against the running stack.
    Native,
    /// Tests of core and of the page in Chromium.
    Wasm,
    /// The site, within its limit.
    Site,
    /// End-to-end stories in Chromium.
    Stories,
}

impl Stage {
    /// In the order they run.
    const ALL: [(Self, &str); 7] = [
        (Self::Format, "format"),
        (Self::Invariants, "invariants"),
        (Self::Lint, "lint"),
        (Self::Native, "native"),
        (Self::Wasm, "wasm"),
        (Self::Site, "site"),
        (Self::Stories, "stories"),
    ];

    /// The stage of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(stage, _)| *stage)
    }

    fn run(self, workspace: &Workspace, arguments: &[String]) -> anyhow::Result<Tally> {
        match self {
            Self::Format => Ok(checked("rustfmt", format(workspace))),
            Self::Lint => Ok(lint(workspace)),
            Self::Invariants => Ok(check_invariants(workspace)),
            Self::Native => native(workspace, arguments),
            Self::Wasm => wasm(workspace, arguments),
            Self::Site => {
                Ok(checked("the site is built and within its limit", site::build(workspace, false)))
            }
            Self::Stories => stories(workspace, arguments),
        }
    }
}

/// Runs the stages, all of them even where one fails, and prints how many tests ran.
///
/// # Errors
/// Something failed.
pub fn run(workspace: &Workspace, options: &TestOptions) -> anyhow::Result<()> {
    build::ensure_wasm_target()?;
    let mut total = Tally::default();
    let mut rows = Vec::new();
    for (stage, name) in Stage::ALL {
        if !options.only.is_empty() && !options.only.contains(&stage) {
            continue;
        }
        println!("\n== {name} ==");
        let start = Instant::now();
        let tally = stage.run(workspace, &options.arguments).unwrap_or_else(|error| {
            eprintln!("error: {error:#}");
            Tally::one(false)
        });
        rows.push((name, tally, start.elapsed()));
        total.add(tally);
    }
    println!("\n{}", summary(&rows, total));
    if total.failed > 0 {
        bail!("{} of {} tests failed", total.failed, total.ran());
    }
    Ok(())
}

/// A line per stage and the closing line.
fn summary(rows: &[(&str, Tally, Duration)], total: Tally) -> String {
    let mut text = String::new();
    for (name, tally, time) in rows {
        text += &format!(
            "{name:<12}{:>6} passed{:>6} failed{:>6} s\n",
            tally.passed,
            tally.failed,
            time.as_secs()
        );
    }
    text += &format!("{} passed, {} failed", total.passed, total.failed);
    if total.skipped > 0 {
        text += &format!(", {} skipped", total.skipped);
    }
    text
}

/// Counts a check that is no test program, and shows how it went.
fn checked(what: &str, result: anyhow::Result<()>) -> Tally {
    match &result {
        Ok(()) => println!("ok: {what}"),
        Err(error) => eprintln!("FAILED: {what}: {error:#}"),
    }
    Tally::one(result.is_ok())
}

fn format(workspace: &Workspace) -> anyhow::Result<()> {
    cargo::run(cargo::command("fmt").args(["--all", "--check"]).current_dir(&workspace.root))
}

fn lint(workspace: &Workspace) -> Tally {
    let native = selection(&mut cargo::command("clippy"), &native_packages(workspace))
        .args(["--all-targets", "--", "--deny", "warnings"])
        .current_dir(&workspace.root)
        .run();
    let mut packages = workspace.packages_below("core");
    packages.push(PAGE.to_owned());
    let wasm = selection(&mut cargo::command("clippy"), &packages)
        .args(["--lib", "--bins", "--target", WASM])
        .args(["--", "--deny", "warnings"])
        .current_dir(&workspace.root)
        .run();
    let mut tally = checked("clippy", native);
    tally.add(checked("clippy for the browser", wasm));
    tally
}

fn check_invariants(workspace: &Workspace) -> Tally {
    let mut tally = Tally::default();
    for check in invariants::CHECKS {
        let result = (check.find)(workspace).and_then(|found| match found.as_slice() {
            [] => Ok(()),
            found => bail!("\n  {}", found.join("\n  ")),
        });
        tally.add(checked(check.rule, result));
    }
    tally
}

fn native_packages(workspace: &Workspace) -> Vec<String> {
    workspace.packages.iter().map(|package| package.name.clone()).filter(|name| name != PAGE).collect()
}

/// All native binaries, examples (the function under test is one) and test programs, in the one selection that every
/// native build of the tests uses: another selection would be another set of features, and would build the dependencies
/// again.
fn build_native(workspace: &Workspace) -> anyhow::Result<Vec<TestProgram>> {
    let programs = programs::build(
        selection(&mut cargo::command("build"), &native_packages(workspace))
            .args(["--bins", "--examples", "--tests"])
            .current_dir(&workspace.root),
    )?;
    Ok(programs)
}

fn native(workspace: &Workspace, arguments: &[String]) -> anyhow::Result<Tally> {
    let mut tally = Tally::default();
    for program in build_native(workspace)? {
        if program.package == STORIES && program.integration {
            continue;
        }
        println!("\n-- {} {}", program.package, program.target);
        tally.add(programs::run(
            Command::new(&program.executable).args(arguments).current_dir(&program.folder),
        )?);
    }
    println!("\n-- examples in the documentation");
    tally.add(programs::run(
        selection(&mut cargo::command("test"), &workspace.packages_below("core"))
            .arg("--doc")
            .current_dir(&workspace.root),
    )?);
    some(tally)
}

fn wasm(workspace: &Workspace, arguments: &[String]) -> anyhow::Result<Tally> {
    let browser = Browser::ensure()?;
    build_native(workspace)?;
    let runner = workspace.binaries().join("veilsum-wasm-test-runner");
    let packages: Vec<_> = workspace
        .packages
        .iter()
        .filter(|package| package.dependencies.iter().any(|name| name == "wasm-bindgen-test"))
        .map(|package| package.name.clone())
        .collect();
    if packages.is_empty() {
        bail!("no crate has tests for the browser");
    }
    let build = |packages: &[String], features: &[&str]| {
        programs::build(
            selection(&mut cargo::command("build"), packages)
                .args(["--tests", "--target", WASM])
                .args(features)
                .current_dir(&workspace.root),
        )
    };
    let mut programs = build(&packages, &[])?;
    // The cryptography once more as in the second build of the worker.
    let cryptography: Vec<_> = RELAXED.map(str::to_owned).into();
    let mut relaxed = build(&cryptography, &["--features", "veilsum-crypto/relaxed-simd"])?;
    for program in &mut relaxed {
        program.target += " with relaxed SIMD";
    }
    programs.append(&mut relaxed);
    let mut tally = Tally::default();
    for program in programs {
        println!("\n-- {} {} in Chromium", program.package, program.target);
        tally.add(programs::run(
            Command::new(&runner)
                .arg(&program.executable)
                .args(arguments)
                .env("CHROMEDRIVER", &browser.driver)
                .env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", workspace.root.join("web/webdriver.json"))
                // Where a program does not say otherwise: in a worker, as the product does its cryptography. Without
                // this the runner would look for Node.js.
                .env("WASM_BINDGEN_USE_DEDICATED_WORKER", "1")
                .env("WASM_BINDGEN_TEST_TIMEOUT", WASM_TEST_SECONDS)
                .env("WASM_BINDGEN_TEST_DRIVER_TIMEOUT", "60")
                .current_dir(&program.folder),
        )?);
    }
    some(tally)
}

fn stories(workspace: &Workspace, arguments: &[String]) -> anyhow::Result<Tally> {
    let browser = Browser::ensure()?;
    if !workspace.site().join("index.html").exists() {
        site::build(workspace, false)?;
    }
    let programs = build_native(workspace)?;
    let output = workspace.target.join("e2e");
    fs::create_dir_all(&output).with_context(|| format!("{} cannot be made", output.display()))?;
    let mut tally = Tally::default();
    for program in programs.iter().filter(|program| program.package == STORIES && program.integration) {
        println!("\n-- {}", program.target);
        tally.add(programs::run(
            with_product(&mut Command::new(&program.executable), workspace, &browser)
                .args(["--test-threads", "2"])
                .args(arguments)
                .current_dir(&program.folder),
        )?);
    }
    some(tally)
}

/// `cargo xtask load`: the measuring program of the stories' crate.
///
/// # Errors
/// Something does not build, or the measured run did not end in the right answer.
pub fn load(workspace: &Workspace, arguments: &[String]) -> anyhow::Result<()> {
    let browser = Browser::ensure()?;
    build::ensure_wasm_target()?;
    site::build(workspace, false)?;
    build_native(workspace)?;
    let program = workspace.binaries().join("veilsum-load");
    cargo::run(with_product(&mut Command::new(program), workspace, &browser).args(arguments))
}

/// Tells a program where the product and the browser are.
fn with_product<'a>(command: &'a mut Command, workspace: &Workspace, browser: &Browser) -> &'a mut Command {
    command
        .env("VEILSUM_SITE", workspace.site())
        .env("VEILSUM_BINARIES", workspace.binaries())
        .env("VEILSUM_E2E_OUTPUT", workspace.target.join("e2e"))
        .env("CHROMIUM", &browser.chromium)
        .env("CHROMEDRIVER", &browser.driver)
}

/// A stage that runs no test has lost its tests.
fn some(tally: Tally) -> anyhow::Result<Tally> {
    if tally.ran() == 0 {
        bail!("no test ran");
    }
    Ok(tally)
}

/// Adds the packages to a command of cargo.
fn selection<'a>(command: &'a mut Command, packages: &[String]) -> &'a mut Command {
    for package in packages {
        command.args(["--package", package]);
    }
    command
}

/// [`cargo::run`] at the end of a chain.
trait Run {
    fn run(&mut self) -> anyhow::Result<()>;
}

impl Run for Command {
    fn run(&mut self) -> anyhow::Result<()> {
        cargo::run(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_has_its_name() {
        for (stage, name) in Stage::ALL {
            assert_eq!(Stage::named(name), Some(stage));
        }
        assert_eq!(Stage::named(""), None);
    }

    #[test]
    fn the_summary_closes_with_a_plain_line() {
        let tally = Tally { passed: 7, failed: 1, skipped: 0 };
        let text = summary(&[("native", tally, Duration::from_secs(61))], tally);
        assert_eq!(text.lines().last(), Some("7 passed, 1 failed"));
        assert!(text.lines().next().unwrap().ends_with("61 s"));
    }

    #[test]
    fn a_stage_without_tests_fails() {
        assert!(some(Tally::default()).is_err());
        assert!(some(Tally::one(true)).is_ok());
    }
}

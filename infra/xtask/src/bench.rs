//! `cargo xtask bench`: fetches the peers, builds `infra/bench`, a workspace of its own, and runs it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;
use wasm_bindgen_cli_support::Bindgen;

use crate::browser::Browser;
use crate::build;
use crate::cargo::{self, WASM};
use crate::command_line::BenchOptions;
use crate::workspace::Workspace;

/// Python packages of the peers, at exact versions.
const PYTHON_PACKAGES: [&str; 2] = ["phe==1.5.0", "gmpy2==2.3.2"];

/// Files of npm packages that the page imports, and under which names.
const PEERS: [(&str, &str); 2] = [
    ("paillier-bigint/dist/bundle.esm.js", "paillier-bigint.js"),
    ("bigint-mod-arith/dist/index.browser.esm.js", "bigint-mod-arith.js"),
];

/// The builds of our side for the browser: folder of the page, cargo arguments, instructions beyond those of
/// `.cargo/config.toml`.
const MODULES: [(&str, &[&str], Option<&str>); 2] =
    [("relaxed-simd", &["--features", "relaxed-simd"], Some("+relaxed-simd")), ("simd128", &[], None)];

/// Where everything is.
struct Folders {
    /// The main workspace, whose profile and flags for wasm hold here too.
    root: PathBuf,
    /// Sources of the benchmark.
    source: PathBuf,
    /// What is fetched and built.
    target: PathBuf,
}

/// Measures what `options` ask for.
///
/// # Errors
/// Something cannot be fetched or built; the message says what is missing.
pub fn run(workspace: &Workspace, options: &BenchOptions) -> anyhow::Result<()> {
    let folders = Folders {
        root: workspace.root.clone(),
        source: workspace.root.join("infra/bench"),
        target: workspace.target.join("bench"),
    };
    let mut arguments: Vec<PathBuf> = Vec::new();
    let mut argument = |name: &str, value: PathBuf| arguments.extend([name.into(), value]);
    for bits in &options.bits {
        argument("--bits", bits.to_string().into());
    }
    argument("--json", workspace.target.join("bench.json"));
    if options.browser {
        argument("--chromium", Browser::ensure()?.chromium);
        argument("--site", site(&folders)?);
    }
    if options.native {
        ensure_tools()?;
        match python(&folders.target) {
            Ok(python) => argument("--python", python),
            Err(error) => {
                println!("without python phe, for which a Python with venv and pip is needed: {error:#}")
            }
        }
        arguments.push("--native".into());
    }
    if options.quick {
        arguments.push("--quick".into());
    }

    let target = folders.target.join("cargo");
    let mut command = cargo::command("build");
    command.args(["--release", "--package", "veilsum-bench"]);
    if options.native {
        command.args(["--features", "native"]);
    }
    cargo::run(command.arg("--target-dir").arg(&target).current_dir(&folders.source))?;
    cargo::run(Command::new(target.join("release/veilsum-bench")).args(arguments).stdin(Stdio::null()))
}

/// Builds the page into a folder and says where it is.
fn site(folders: &Folders) -> anyhow::Result<PathBuf> {
    build::ensure_wasm_target()?;
    let site = folders.target.join("site");
    fs::create_dir_all(site.join("peers"))?;
    let page = folders.source.join("page");
    for name in ["index.html", "bench.js"] {
        fs::copy(page.join(name), site.join(name))?;
    }

    let npm = folders.target.join("npm");
    fs::create_dir_all(&npm)?;
    fs::copy(page.join("package.json"), npm.join("package.json"))?;
    // No lock file: it would hold addresses of a registry. The versions are exact.
    cargo::run(
        Command::new("npm")
            .args(["install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"])
            .current_dir(&npm)
            .stdin(Stdio::null()),
    )
    .context(
        "the peers in the browser are npm packages: Node's npm and its registry are needed; \
         or measure only `--where native`",
    )?;
    for (from, to) in PEERS {
        let from = npm.join("node_modules").join(from);
        fs::copy(&from, site.join("peers").join(to))
            .with_context(|| format!("{} cannot be copied", from.display()))?;
    }

    for (name, arguments, instructions) in MODULES {
        module(folders, name, arguments, instructions, &site)?;
    }
    Ok(site)
}

/// Builds our side for the browser as the product is built: with its profile, and its flags and more.
fn module(
    folders: &Folders,
    name: &str,
    arguments: &[&str],
    instructions: Option<&str>,
    site: &Path,
) -> anyhow::Result<()> {
    let target = folders.target.join(name);
    let mut command = cargo::command("build");
    command.args(["--package", "veilsum-bench-wasm", "--target", WASM, "--profile", "wasm"]);
    command.arg("--config").arg(profile(folders)?).args(arguments);
    if let Some(instructions) = instructions {
        // Added to the flags of `.cargo/config.toml`.
        let flags = format!("target.{WASM}.rustflags=[\"-C\", \"target-feature={instructions}\"]");
        command.args(["--config", &flags]);
    }
    cargo::run(command.arg("--target-dir").arg(&target).current_dir(&folders.source))?;
    let wasm = target.join(WASM).join("wasm/veilsum_bench_wasm.wasm");
    Bindgen::new()
        .input_path(&wasm)
        .web(true)?
        .typescript(false)
        .out_name("ours")
        .generate(site.join(name))
        .with_context(|| format!("wasm-bindgen cannot process {}", wasm.display()))
}

/// The main workspace's profile `wasm` as a file for cargo's option `--config`.
fn profile(folders: &Folders) -> anyhow::Result<PathBuf> {
    let manifest = fs::read_to_string(folders.root.join("Cargo.toml"))?;
    let mut profile = String::new();
    let mut inside = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.starts_with("[profile.wasm");
        }
        if inside {
            profile.push_str(line);
            profile.push('\n');
        }
    }
    fs::create_dir_all(&folders.target)?;
    let path = folders.target.join("profile.toml");
    fs::write(&path, profile)?;
    Ok(path)
}

/// Makes sure that GMP can be built, on a Debian machine by installing what is missing.
fn ensure_tools() -> anyhow::Result<()> {
    const TOOLS: [&str; 3] = ["m4", "make", "cc"];
    let is_missing = |tool: &&str| {
        let version = Command::new(tool).arg("--version").stdin(Stdio::null()).output();
        !version.is_ok_and(|output| output.status.success())
    };
    if !TOOLS.iter().any(is_missing) {
        return Ok(());
    }
    println!("installing m4, make and gcc, to build GMP");
    let installed = Command::new("apt-get")
        .args(["install", "--yes", "--quiet", "--no-install-recommends", "m4", "make", "gcc", "libc6-dev"])
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status();
    let missing: Vec<&str> = TOOLS.into_iter().filter(is_missing).collect();
    anyhow::ensure!(
        missing.is_empty(),
        "GMP is built from source, for which {} is missing{}. Install it, or measure only `--where browser`.",
        missing.join(", "),
        if installed.is_ok() { "" } else { " and cannot be installed here" }
    );
    Ok(())
}

/// A Python with the peers in an environment of its own.
fn python(target: &Path) -> anyhow::Result<PathBuf> {
    let folder = target.join("python");
    let python = folder.join("bin/python");
    if !python.exists() {
        cargo::output(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    }
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(PYTHON_PACKAGES);
    cargo::output(pip.stdin(Stdio::null()))?;
    Ok(python)
}

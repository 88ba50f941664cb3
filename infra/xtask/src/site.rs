//! The static site: wasm, its JavaScript glue, and the files of `web/static` and `web/samples`.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use wasm_bindgen_cli_support::Bindgen;

use crate::cargo::{self, WASM};
use crate::workspace::Workspace;

/// What the page consists of before anything is clicked, whatever screen is opened first.
const FIRST_LOAD: [&str; 7] =
    ["index.html", "boot.js", "modules.js", "style.css", "page.js", "page_bg.wasm", "favicon.svg"];

/// The binary of the first module of the page.
const PAGE: &str = "page";

/// The binary of all other workers.
const WORKER: &str = "worker";

/// What its build with relaxed SIMD is called; `worker-boot.js` chooses between them.
const RELAXED_WORKER: &str = "worker_relaxed";

/// The binary of the workers of the second engine.
const BFV_WORKER: &str = "bfv";

/// The binary of the worker that trains.
const TRAIN_WORKER: &str = "train";
/// The binary of the worker that reads Parquet files.
const PARQUET_WORKER: &str = "parquet";
/// The binary of the worker that prepares rows.
const PREPARE_WORKER: &str = "prepare";

/// The binaries that are no modules of the page.
const WORKERS: [&str; 5] = [WORKER, BFV_WORKER, TRAIN_WORKER, PARQUET_WORKER, PREPARE_WORKER];

/// Most bytes of [`FIRST_LOAD`] and of snippets, brotli-compressed.
const FIRST_LOAD_LIMIT: u64 = 200_000;

/// Highest level of brotli: the files are compressed once and fetched often.
const BROTLI_QUALITY: u32 = 11;
const BROTLI_WINDOW_BITS: u32 = 22;

/// Files that are worth compressing.
const COMPRESSIBLE: [&str; 7] = ["html", "js", "css", "wasm", "svg", "csv", "json"];

/// Builds `target/site`.
///
/// `dev` builds quickly: the wasm is not optimised, nothing is compressed and no limit holds.
///
/// # Errors
/// Something does not build, or the first load is larger than it may be.
pub fn build(workspace: &Workspace, dev: bool) -> anyhow::Result<()> {
    let web = workspace.root.join("web");
    let built = workspace.target.join(WASM).join(if dev { "debug" } else { "wasm" });

    // Made beside the old site and moved into its place, so that neither a running server nor another build at the
    // same time sees half a site.
    let beside = |name: &str| workspace.target.join(format!("site.{name}.{}", std::process::id()));
    let new = beside("new");
    remove_folder(&new)?;
    fs::create_dir_all(&new)?;
    // Each build leaves its files under the same names: they are processed before the next.
    compile(workspace, &["--bins"], dev)?;
    for name in binaries(&web)? {
        bind(&built.join(format!("{name}.wasm")), &name, &new, dev)?;
    }
    compile(workspace, &["--bin", WORKER, "--features", "relaxed-simd"], dev)?;
    bind(&built.join(format!("{WORKER}.wasm")), RELAXED_WORKER, &new, dev)?;
    copy_folder(&web.join("static"), &new)?;
    copy_folder(&web.join("samples"), &new.join("samples"))?;
    let files = files(&new)?;
    if !dev {
        for file in &files {
            compress(file)?;
        }
    }
    let old = beside("old");
    let site = workspace.site();
    if site.exists() {
        fs::rename(&site, &old)?;
    }
    fs::rename(&new, &site).context("the new site cannot be moved into its place")?;
    remove_folder(&old)?;

    println!("{}", site.display());
    if dev { Ok(()) } else { report(&site, &binaries(&web)?) }
}

/// Builds binaries of `veilsum-web`.
fn compile(workspace: &Workspace, selection: &[&str], dev: bool) -> anyhow::Result<()> {
    cargo::run(
        cargo::command("build")
            .args([
                "--package",
                "veilsum-web",
                "--target",
                WASM,
                "--profile",
                if dev { "dev" } else { "wasm" },
            ])
            .args(selection)
            .current_dir(&workspace.root),
    )
}

/// The binaries of `veilsum-web`; each becomes `NAME.js` and `NAME_bg.wasm`.
fn binaries(web: &Path) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(web.join("src/bin")).context("web/src/bin cannot be read")? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    if names.is_empty() {
        bail!("web/src/bin holds no binary");
    }
    Ok(names)
}

fn bind(wasm: &Path, name: &str, site: &Path, dev: bool) -> anyhow::Result<()> {
    Bindgen::new()
        .input_path(wasm)
        .web(true)?
        .typescript(false)
        .debug(dev)
        .remove_name_section(!dev)
        .remove_producers_section(true)
        .out_name(name)
        .generate(site)
        .with_context(|| format!("wasm-bindgen cannot process {}", wasm.display()))
}

fn remove_folder(folder: &Path) -> anyhow::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("{} cannot be removed", folder.display()))?;
    }
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("{} cannot be read", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// All files below `folder`, sorted.
fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn compressed_path(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".br");
    name.into()
}

/// Writes `FILE.br` beside a file, where that is worth it.
fn compress(file: &Path) -> anyhow::Result<()> {
    if !file.extension().is_some_and(|extension| COMPRESSIBLE.iter().any(|known| extension == *known)) {
        return Ok(());
    }
    let bytes = fs::read(file)?;
    let mut writer = brotli::CompressorWriter::new(Vec::new(), 1 << 16, BROTLI_QUALITY, BROTLI_WINDOW_BITS);
    writer.write_all(&bytes)?;
    fs::write(compressed_path(file), writer.into_inner())?;
    Ok(())
}

/// Bytes that travel for a file: compressed where there is such a version.
fn transfer_bytes(file: &Path) -> anyhow::Result<u64> {
    let compressed = compressed_path(file);
    let file = if compressed.exists() { &compressed } else { file };
    Ok(fs::metadata(file).with_context(|| format!("{} is missing", file.display()))?.len())
}

/// When the browser fetches a file of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fetched<'a> {
    First,
    /// When a screen of this module of the page is first opened.
    WithModule(&'a str),
    /// By a worker, or never.
    Elsewhere,
}

impl<'a> Fetched<'a> {
    /// Every binary is a module of the page that is loaded later, but for [`PAGE`] and the workers.
    fn of(file: &str, binaries: &'a [String]) -> Self {
        if FIRST_LOAD.contains(&file) || file.starts_with("snippets/") {
            return Self::First;
        }
        let binary = binaries.iter().find(|binary| {
            file.strip_prefix(binary.as_str()).is_some_and(|rest| rest == ".js" || rest == "_bg.wasm")
        });
        match binary.map(String::as_str) {
            Some(name) if name != PAGE && !WORKERS.contains(&name) => Self::WithModule(name),
            Some(_) | None => Self::Elsewhere,
        }
    }
}

/// Prints what the browser fetches and holds the first load to its limit.
fn report(site: &Path, binaries: &[String]) -> anyhow::Result<()> {
    let mut first_load = 0;
    let mut modules: BTreeMap<&str, u64> = BTreeMap::new();
    for file in files(site)? {
        if file.extension().is_some_and(|extension| extension == "br") {
            continue;
        }
        let name = file.strip_prefix(site)?.to_string_lossy().into_owned();
        let transferred = transfer_bytes(&file)?;
        let when = match Fetched::of(&name, binaries) {
            Fetched::First => {
                first_load += transferred;
                "  (first load)".to_owned()
            }
            Fetched::WithModule(module) => {
                *modules.entry(module).or_default() += transferred;
                format!("  (module {module})")
            }
            Fetched::Elsewhere => String::new(),
        };
        println!("{:>10} bytes, {transferred:>9} as sent  {name}{when}", fs::metadata(&file)?.len());
    }
    for name in FIRST_LOAD {
        if !site.join(name).exists() {
            bail!("{name} is missing from the site");
        }
    }
    for (module, bytes) in modules {
        println!("module {module}: {bytes} bytes when a screen of it is first opened");
    }
    println!("first load: {first_load} bytes of at most {FIRST_LOAD_LIMIT}");
    if first_load > FIRST_LOAD_LIMIT {
        bail!(
            "the first load is {first_load} bytes, {} more than it may be: move what the start page does not need \
             into another module of the page or into a worker",
            first_load - FIRST_LOAD_LIMIT
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_belong_to_the_first_load_or_to_a_later_module() {
        let binaries = ["bfv", "dataset", "page", "parquet", "prepare", "train", "worker"].map(str::to_owned);
        let fetched = |file| Fetched::of(file, &binaries);
        assert_eq!(fetched("page_bg.wasm"), Fetched::First);
        assert_eq!(fetched("snippets/x/inline0.js"), Fetched::First);
        assert_eq!(fetched("dataset.js"), Fetched::WithModule("dataset"));
        assert_eq!(fetched("dataset_bg.wasm"), Fetched::WithModule("dataset"));
        assert_eq!(fetched("worker_relaxed_bg.wasm"), Fetched::Elsewhere);
        assert_eq!(fetched("bfv_bg.wasm"), Fetched::Elsewhere);
        assert_eq!(fetched("train_bg.wasm"), Fetched::Elsewhere);
        assert_eq!(fetched("parquet_bg.wasm"), Fetched::Elsewhere);
        assert_eq!(fetched("prepare_bg.wasm"), Fetched::Elsewhere);
        assert_eq!(fetched("samples/dataset.js"), Fetched::Elsewhere);
    }
}

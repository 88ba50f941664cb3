//! The invariants of ARCHITECTURE.md that the compiler does not hold by itself.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};

use crate::cargo::{self, WASM};
use crate::licences;
use crate::workspace::Workspace;

/// A rule, and what breaks it (empty where it holds).
pub struct Check {
    /// The rule in words.
    pub rule: &'static str,
    /// Runs the check.
    pub find: fn(&Workspace) -> anyhow::Result<Vec<String>>,
}

/// All rules.
pub const CHECKS: [Check; 10] = [
    Check { rule: "the lock file fits the manifests", find: stale_lock_file },
    Check { rule: "the functions cannot name a secret key type", find: secrets_in_functions },
    Check {
        rule: "core does no I/O, has no clock, no browser and no randomness of its own",
        find: foreign_crates_in_core,
    },
    Check { rule: "only core/crypto/src/bfv names the lattice crate", find: lattices_outside_bfv },
    Check { rule: "the protocol knows nothing of HTTP, S3 or the page", find: foreign_crates_in_protocol },
    Check { rule: "only web/src/api knows URLs", find: urls_outside_the_api_client },
    Check { rule: "only lambda/src/store knows S3", find: s3_outside_the_store },
    Check { rule: "the page's code keeps to its own origin", find: foreign_origins_in_static_files },
    Check { rule: "no file names a registry's host or a folder of one machine", find: places_of_one_machine },
    Check { rule: "every dependency has a licence that deny.toml allows", find: licences::refused },
];

fn stale_lock_file(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let output = cargo::command("metadata")
        .args(["--locked", "--format-version", "1"])
        .current_dir(&workspace.root)
        .output()
        .context("cargo cannot be started")?;
    if output.status.success() {
        return Ok(Vec::new());
    }
    Ok(vec![String::from_utf8_lossy(&output.stderr).trim().to_owned()])
}

/// Names of all crates below `packages`, dependencies of tests only where `edges` ask for them.
fn tree(
    workspace: &Workspace,
    packages: &[String],
    edges: &str,
    target: Option<&str>,
) -> anyhow::Result<Vec<String>> {
    let mut command = cargo::command("tree");
    command.args(["--prefix", "none", "--format", "{p}", "--edges", edges]).current_dir(&workspace.root);
    if let Some(target) = target {
        command.args(["--target", target]);
    }
    for package in packages {
        command.args(["--package", package]);
    }
    let output = cargo::output(&mut command)?;
    let mut names: Vec<_> =
        output.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect();
    names.sort();
    names.dedup();
    if packages.iter().any(|package| !names.contains(package)) {
        bail!("cargo tree does not list the packages it was asked for");
    }
    Ok(names)
}

fn secrets_in_functions(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    // Its tests have a client's keys, its functions cannot.
    let names = tree(workspace, &["veilsum-lambda".to_owned()], "normal,build", None)?;
    let mut found: Vec<String> = names.into_iter().filter(|name| name == "veilsum-owner").collect();
    found.extend(offending_lines(workspace, "lambda/src", |_, line| line.contains("veilsum_owner"))?);
    Ok(found)
}

/// Crates that bring a clock, threads, files, sockets, a browser or entropy.
const FOREIGN_TO_CORE: [&str; 16] = [
    "async-std",
    "chrono",
    "futures-executor",
    "getrandom",
    "gloo",
    "hyper",
    "js-sys",
    "mio",
    "rand",
    "rayon",
    "reqwest",
    "smol",
    "socket2",
    "time",
    "tokio",
    "web-sys",
];

/// What the lattice crate draws the numbers of its own tests from. Core depends on neither, and names neither.
const OF_LATTICES: [&str; 2] = ["getrandom", "rand"];

fn foreign_crates_in_core(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let core = workspace.packages_below("core");
    let is_foreign =
        |name: &String| FOREIGN_TO_CORE.contains(&name.as_str()) || name.starts_with("wasm-bindgen");
    let mut found = tree(workspace, &core, "normal", Some(WASM))?;
    found.retain(|name| is_foreign(name) && !OF_LATTICES.contains(&name.as_str()));
    for package in &core {
        let output = cargo::output(
            cargo::command("tree")
                .args(["--package", package, "--depth", "1", "--prefix", "none", "--format", "{p}"])
                .args(["--edges", "normal", "--target", WASM])
                .current_dir(&workspace.root),
        )?;
        let names = output.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned);
        found.extend(names.filter(is_foreign));
    }
    found.extend(offending_lines(workspace, "core", |path, line| {
        path.contains("/src/")
            && !is_comment(line)
            && OF_LATTICES.iter().any(|name| names_crate(line, &format!("{name}::")))
    })?);
    Ok(found)
}

fn lattices_outside_bfv(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    // In tests its oracle may be named. The names are put together here, so that this file does not name it either.
    let names = ["fhe", "fhe_math", "fhe_traits"].map(|name| format!("{name}::"));
    let mut found = offending_lines(workspace, "", |path, line| {
        path.ends_with(".rs")
            && path.contains("src/")
            && !path.starts_with("core/crypto/src/bfv/")
            && !is_comment(line)
            && names.iter().any(|name| names_crate(line, name))
    })?;
    // Without the crate among its dependencies nothing else could name it, but by a re-export.
    for (package, edges) in [("veilsum-lambda", "all"), ("veilsum-web", "normal")] {
        let output = cargo::output(
            cargo::command("tree")
                .args(["--package", package, "--depth", "1", "--prefix", "none", "--format", "{p}"])
                .args(["--edges", edges])
                .current_dir(&workspace.root),
        )?;
        found.extend(output.lines().filter(|line| line.starts_with("fhe")).map(str::to_owned));
    }
    found.extend(offending_lines(workspace, "core/crypto/src", |_, line| {
        !is_comment(line) && line.contains("SecretKey")
    })?);
    Ok(found)
}

/// Whether `line` has the path `name` itself, not one that ends like it.
fn names_crate(line: &str, name: &str) -> bool {
    line.match_indices(name)
        .any(|(start, _)| !line[..start].ends_with(|before: char| before.is_alphanumeric() || before == '_'))
}

fn foreign_crates_in_protocol(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let names = tree(workspace, &["veilsum-protocol".to_owned()], "normal", None)?;
    let foreign = ["axum", "http", "hyper", "lambda_http", "leptos", "s3s", "tokio", "tower"];
    Ok(names
        .into_iter()
        .filter(|name| foreign.contains(&name.as_str()) || name.starts_with("aws-"))
        .collect())
}

fn urls_outside_the_api_client(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    // A namespace is a name that looks like a URL; nothing is fetched from there.
    let namespace = "http://www.w3.org/";
    offending_lines(workspace, "web/src", |path, line| {
        !path.starts_with("web/src/api")
            && !is_comment(line)
            && (line.contains("/api/v1")
                || line.contains("https://")
                || line.replace(namespace, "").contains("http://"))
    })
}

fn s3_outside_the_store(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    offending_lines(workspace, "lambda/src", |path, line| {
        !path.starts_with("lambda/src/store") && !is_comment(line) && line.contains("aws_sdk_s3")
    })
}

fn foreign_origins_in_static_files(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    offending_lines(workspace, "web/static", |_, line| {
        let line = line.replace("http://www.w3.org/", "");
        line.contains("http://") || line.contains("https://") || line.contains("eval(")
    })
}

fn places_of_one_machine(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    // Put together here, so that this file does not name them either.
    let hosts = [
        ["index.crates", "io"],
        ["static.crates", "io"],
        ["static.rust-lang", "org"],
        ["pypi", "org"],
        ["pythonhosted", "org"],
        ["deb.debian", "org"],
        ["registry.npmjs", "org"],
    ];
    let hosts = hosts.map(|parts| parts.join("."));
    let folders = ["root", "work", "home"].map(|name| format!("/{name}/"));
    offending_lines(workspace, "", |_, line| {
        hosts.iter().any(|host| line.contains(host.as_str()))
            || folders.iter().any(|folder| names_folder(line, folder))
    })
}

/// Whether `line` names `folder` as an absolute path, not as a part of another path.
fn names_folder(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(start, _)| {
        !line[..start].ends_with(|before: char| before.is_alphanumeric() || "._-}/*)".contains(before))
    })
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

/// Tracked text files below `folder` whose lines break a rule, as `path:line: text`.
fn offending_lines(
    workspace: &Workspace,
    folder: &str,
    offends: impl Fn(&str, &str) -> bool,
) -> anyhow::Result<Vec<String>> {
    let mut command = Command::new("git");
    // Files that are new and not ignored count too: the rule should hold before the commit.
    command.args(["ls-files", "--cached", "--others", "--exclude-standard", "--"]);
    command.arg(if folder.is_empty() { "." } else { folder }).current_dir(&workspace.root);
    let listing = cargo::output(&mut command).context("the checkout's files cannot be listed")?;
    let mut found = Vec::new();
    let mut files = 0;
    for path in listing.lines() {
        // Files that are listed but not there are being moved or removed.
        let Ok(text) = fs::read_to_string(workspace.root.join(Path::new(path))) else { continue };
        files += 1;
        for (index, line) in text.lines().enumerate() {
            if offends(path, line) {
                found.push(format!(
                    "{path}:{}: {}",
                    index + 1,
                    line.trim().chars().take(160).collect::<String>()
                ));
            }
        }
    }
    if files == 0 {
        bail!("no file below `{folder}` was checked");
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_folders_are_told_from_parts_of_paths() {
        let folder = ["", "work", ""].join("/");
        assert!(names_folder(&format!("cd {folder}main"), &folder));
        assert!(names_folder(&format!("\"{folder}x\""), &folder));
        assert!(!names_folder(&format!("see docs{folder}x"), &folder));
        assert!(!names_folder("network/x", &folder));
    }

    #[test]
    fn the_checks_can_fail() {
        let workspace = Workspace::find().unwrap();
        let every_line =
            offending_lines(&workspace, "infra/xtask/src", |_, line| line.contains("fn the_checks_can_fail"));
        assert_eq!(every_line.unwrap().len(), 2, "this line and the one of the function's name");
        let lambda = tree(&workspace, &["veilsum-lambda".to_owned()], "all", None).unwrap();
        assert!(lambda.iter().any(|name| name == "veilsum-analysis"));
    }
}

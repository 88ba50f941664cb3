//! The licence of every dependency, held against the list in `deny.toml`.

use std::fs;

use anyhow::{Context, bail};
use serde_json::Value;

use crate::cargo::{self, WASM};
use crate::workspace::Workspace;

/// Dependencies, for a server and for the browser, whose licence the list does not allow.
pub fn refused(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let allowed =
        allowed(&fs::read_to_string(workspace.root.join("deny.toml")).context("deny.toml cannot be read")?)?;
    let mut refused = Vec::new();
    for target in ["x86_64-unknown-linux-gnu", WASM] {
        let mut command = cargo::command("metadata");
        command.args(["--format-version", "1", "--filter-platform", target]).current_dir(&workspace.root);
        let metadata: Value = serde_json::from_str(&cargo::output(&mut command)?)?;
        let packages = metadata["packages"].as_array().context("cargo metadata lists no packages")?;
        for package in packages {
            let licence = package["license"].as_str().unwrap_or("no licence stated");
            if !permits(licence, &allowed) {
                refused
                    .push(format!("{} {}: {licence}", package["name"], package["version"]).replace('"', ""));
            }
        }
    }
    refused.sort();
    refused.dedup();
    Ok(refused)
}

/// The strings of the list `allow` in the table `[licenses]`.
fn allowed(deny: &str) -> anyhow::Result<Vec<String>> {
    let list = deny
        .split_once("[licenses]")
        .and_then(|(_, table)| table.split_once("allow = ["))
        .and_then(|(_, list)| list.split_once(']'))
        .map(|(list, _)| list)
        .context("deny.toml has no list of licences")?;
    let names: Vec<_> = list.split('"').skip(1).step_by(2).map(str::to_owned).collect();
    if names.is_empty() {
        bail!("the list of licences in deny.toml is empty");
    }
    Ok(names)
}

/// Whether an SPDX expression can be satisfied with allowed licences. Old crates write `/` for `OR`.
fn permits(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    either(&mut words, allowed) && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

/// `both (OR both)*`
fn either(words: &mut Words<'_>, allowed: &[String]) -> bool {
    let mut permitted = both(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        permitted |= both(words, allowed);
    }
    permitted
}

/// `one (AND one)*`
fn both(words: &mut Words<'_>, allowed: &[String]) -> bool {
    let mut permitted = one(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        permitted &= one(words, allowed);
    }
    permitted
}

/// `( either )`, or a licence with or without an exception.
fn one(words: &mut Words<'_>, allowed: &[String]) -> bool {
    if words.next_if_eq(&"(").is_some() {
        let permitted = either(words, allowed);
        return words.next_if_eq(&")").is_some() && permitted;
    }
    let mut name = words.next().unwrap_or_default().to_owned();
    if words.next_if_eq(&"WITH").is_some() {
        name = format!("{name} WITH {}", words.next().unwrap_or_default());
    }
    allowed.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permits(expression: &str) -> bool {
        super::permits(
            expression,
            &["MIT".to_owned(), "ISC".to_owned(), "Apache-2.0 WITH LLVM-exception".to_owned()],
        )
    }

    #[test]
    fn reads_the_list() {
        let deny = "[bans]\nallow = [\"x\"]\n[licenses]\nallow = [\n  \"MIT\",\n  \"ISC\",\n]\n";
        assert_eq!(allowed(deny).unwrap(), ["MIT", "ISC"]);
        assert!(allowed("[licenses]\nallow = []").is_err());
    }

    #[test]
    fn one_allowed_alternative_is_enough() {
        assert!(permits("MIT OR GPL-3.0"));
        assert!(permits("GPL-3.0/MIT"));
        assert!(permits("(GPL-3.0 OR MIT) AND ISC"));
        assert!(permits("Apache-2.0 WITH LLVM-exception OR GPL-3.0"));
    }

    #[test]
    fn every_part_of_a_conjunction_must_be_allowed() {
        assert!(!permits("MIT AND GPL-3.0"));
        assert!(!permits("MIT AND (GPL-3.0 OR LGPL-3.0)"));
        assert!(!permits("Apache-2.0"));
        assert!(!permits("no licence stated"));
        assert!(!permits(""));
    }
}

//! Names the targets, and writes first inputs for a fuzzer.
#![expect(clippy::print_stdout, reason = "a command line tool talks to its terminal")]

use std::path::Path;

use anyhow::{Context as _, bail};
use veilsum_fuzz::TARGETS;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["list"] => TARGETS.iter().for_each(|target| println!("{}", target.name)),
        ["seeds", name, folder] => {
            let target = TARGETS.iter().find(|target| target.name == *name);
            let target = target.with_context(|| format!("there is no target {name}; `list` names them"))?;
            std::fs::create_dir_all(folder)?;
            let inputs = target.inputs()?;
            for (at, (name, bytes)) in inputs.iter().enumerate() {
                std::fs::write(Path::new(folder).join(format!("{at:03}-{name}")), bytes)?;
            }
            println!("{} inputs in {folder}", inputs.len());
        }
        _ => bail!("usage: veilsum-fuzz list | veilsum-fuzz seeds TARGET FOLDER"),
    }
    Ok(())
}

//! What can be asked of `cargo xtask`.

use anyhow::bail;

/// Shown by `cargo xtask help` and after a command that nobody knows.
pub const USAGE: &str = "\
cargo xtask up                      build everything and run Veilsum on this machine
cargo xtask test [--only STAGE]...  run every test, or only the named stages
cargo xtask load [--rows N]         put a large table through the browser and report speed and memory
cargo xtask build [--dev] [--site]  build the page into target/site, and the functions
                                    --dev: quick to build, slow to run; --site: only the page";

/// A parsed command line.
#[derive(Debug, PartialEq, Eq)]
pub enum Task {
    /// Build the page and the functions.
    Build(BuildOptions),
    /// Build and run.
    Up,
    /// Print [`USAGE`].
    Help,
}

/// What to build.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct BuildOptions {
    /// Unoptimised wasm without precompression and without the size limit.
    pub dev: bool,
    /// Only the page.
    pub site_only: bool,
}

/// Reads the arguments after `cargo xtask`.
///
/// # Errors
/// An unknown command or option, with the usage.
pub fn parse(arguments: impl IntoIterator<Item = String>) -> anyhow::Result<Task> {
    let mut arguments = arguments.into_iter();
    let command = arguments.next().unwrap_or_else(|| "help".to_owned());
    match command.as_str() {
        "build" => {
            let mut options = BuildOptions::default();
            for argument in arguments {
                match argument.as_str() {
                    "--dev" => options.dev = true,
                    "--site" => options.site_only = true,
                    _ => bail!("`build` does not know `{argument}`.\n{USAGE}"),
                }
            }
            Ok(Task::Build(options))
        }
        "up" => match arguments.next() {
            None => Ok(Task::Up),
            Some(argument) => bail!("`up` does not know `{argument}`.\n{USAGE}"),
        },
        "help" | "--help" | "-h" => Ok(Task::Help),
        _ => bail!("there is no task `{command}`.\n{USAGE}"),
    }
}

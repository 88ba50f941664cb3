//! What can be asked of `cargo xtask`.

use anyhow::{anyhow, bail};

use crate::test::Stage;

/// Shown by `cargo xtask help` and after a command that nobody knows.
pub const USAGE: &str = "\
cargo xtask up                      build everything and run Veilsum on this machine
cargo xtask test [--only STAGE]... [-- FILTER...]
                                    run every test, or only the named stages:
                                    format, lint, invariants, native, wasm, site, stories
cargo xtask load [--rows N]... [--columns N]
                                    put a large table through the browser; report speed, sizes and memory
cargo xtask bench [--where native|browser] [--bits 2048|3072] [--quick]
                                    measure our operations beside those of others, into target/bench.json
cargo xtask build [--dev] [--site]  build the page into target/site, and the functions
                                    --dev: quick to build, slow to run; --site: only the page";

/// A parsed command line.
#[derive(Debug, PartialEq, Eq)]
pub enum Task {
    /// Build the page and the functions.
    Build(BuildOptions),
    /// Build and run.
    Up,
    /// Run tests.
    Test(TestOptions),
    /// Measure a large table; the arguments are those of the measuring program.
    Load(Vec<String>),
    /// Measure operations beside those of others.
    Bench(BenchOptions),
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

/// What to test.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct TestOptions {
    /// Stages to run; all of them where empty.
    pub only: Vec<Stage>,
    /// Arguments for the test programs, e.g. a part of a test's name.
    pub arguments: Vec<String>,
}

/// What to measure.
#[derive(Debug, PartialEq, Eq)]
pub struct BenchOptions {
    /// In native code.
    pub native: bool,
    /// In Chromium.
    pub browser: bool,
    /// Sizes of n.
    pub bits: Vec<u32>,
    /// Fewer turns.
    pub quick: bool,
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
                    _ => return Err(unknown(&command, &argument)),
                }
            }
            Ok(Task::Build(options))
        }
        "up" => match arguments.next() {
            None => Ok(Task::Up),
            Some(argument) => Err(unknown(&command, &argument)),
        },
        "test" => {
            let mut options = TestOptions::default();
            while let Some(argument) = arguments.next() {
                match argument.as_str() {
                    "--only" => {
                        let name =
                            arguments.next().ok_or_else(|| anyhow!("`--only` needs a stage.\n{USAGE}"))?;
                        let stage = Stage::named(&name)
                            .ok_or_else(|| anyhow!("there is no stage `{name}`.\n{USAGE}"))?;
                        options.only.push(stage);
                    }
                    "--" => options.arguments = arguments.by_ref().collect(),
                    _ => return Err(unknown(&command, &argument)),
                }
            }
            Ok(Task::Test(options))
        }
        "load" => Ok(Task::Load(arguments.collect())),
        "bench" => bench(arguments).map(Task::Bench),
        "help" | "--help" | "-h" => Ok(Task::Help),
        _ => bail!("there is no task `{command}`.\n{USAGE}"),
    }
}

fn bench(mut arguments: impl Iterator<Item = String>) -> anyhow::Result<BenchOptions> {
    let mut options = BenchOptions { native: true, browser: true, bits: vec![2_048, 3_072], quick: false };
    while let Some(argument) = arguments.next() {
        let value = if argument == "--quick" { None } else { arguments.next() };
        match (argument.as_str(), value.as_deref()) {
            ("--quick", _) => options.quick = true,
            ("--where", Some("native")) => options.browser = false,
            ("--where", Some("browser")) => options.native = false,
            ("--bits", Some("2048")) => options.bits = vec![2_048],
            ("--bits", Some("3072")) => options.bits = vec![3_072],
            (_, value) => {
                let value = value.map(|value| format!(" {value}")).unwrap_or_default();
                return Err(unknown("bench", &format!("{argument}{value}")));
            }
        }
    }
    Ok(options)
}

fn unknown(command: &str, argument: &str) -> anyhow::Error {
    anyhow!("`{command}` does not know `{argument}`.\n{USAGE}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> anyhow::Result<Task> {
        super::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn no_command_asks_for_help() {
        assert_eq!(parse("").unwrap(), Task::Help);
    }

    #[test]
    fn stages_and_filters_are_read() {
        let expected =
            TestOptions { only: vec![Stage::Lint, Stage::Stories], arguments: vec!["cancel".to_owned()] };
        assert_eq!(parse("test --only lint --only stories -- cancel").unwrap(), Task::Test(expected));
    }

    #[test]
    fn a_benchmark_can_be_narrowed() {
        let all = BenchOptions { native: true, browser: true, bits: vec![2_048, 3_072], quick: false };
        assert_eq!(parse("bench").unwrap(), Task::Bench(all));
        let some = BenchOptions { native: false, browser: true, bits: vec![3_072], quick: true };
        assert_eq!(parse("bench --where browser --quick --bits 3072").unwrap(), Task::Bench(some));
    }

    #[test]
    fn what_nobody_knows_is_named() {
        assert!(parse("deploy").unwrap_err().to_string().contains("`deploy`"));
        assert!(parse("up --port 1").unwrap_err().to_string().contains("`--port`"));
        assert!(parse("test --only nothing").unwrap_err().to_string().contains("`nothing`"));
        assert!(parse("test --only").is_err());
        assert!(parse("bench --bits 1024").unwrap_err().to_string().contains("`--bits 1024`"));
        assert!(parse("bench --where").unwrap_err().to_string().contains("`--where`"));
    }
}

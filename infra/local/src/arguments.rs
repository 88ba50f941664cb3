//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use veilsum_local::{Config, s3::Faults};

/// What the program can do, for `--help`.
pub(crate) const USAGE: &str = "\
Runs the whole cloud of Veilsum on this machine: S3, functions, gateway and page.

Usage: veilsum-local --data DIR --site DIR --functions DIR [--port 4780] [--s3-port 4781]

  --data DIR        holds all data, secrets and logs; made if it is not there
  --site DIR        the built page
  --functions DIR   the binaries veilsum-api, veilsum-evaluate, veilsum-combine and veilsum-score
  --port N          loopback port of page and API
  --s3-port N       loopback port of S3

For tests:
  --fault-503-percent N   of a hundred calls of S3, N are answered 503, half of them after they were carried out
  --fault-seed N          chooses the calls
  --fault-deliver-twice   every invocation of a job is made twice at the same time
";

/// Why the command line was not understood.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ArgumentError {
    #[error("{name} is not an option. See --help.")]
    Unknown { name: String },
    #[error("{name} needs a value. See --help.")]
    NoValue { name: String },
    #[error("{name} needs a number from 0 to {largest}.")]
    NotANumber { name: String, largest: u64 },
    #[error("{name} is missing. See --help.")]
    Missing { name: &'static str },
}

/// What was asked for.
#[derive(Debug)]
pub(crate) enum Command {
    Help,
    Run(Box<Config>),
}

/// Reads the arguments after the program's name.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, ArgumentError> {
    let (mut data, mut site, mut functions) = (None, None, None);
    let mut config = Config::new(PathBuf::new(), PathBuf::new(), PathBuf::new());
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let name = argument.to_string_lossy().into_owned();
        let mut value = || arguments.next().ok_or_else(|| ArgumentError::NoValue { name: name.clone() });
        match name.as_str() {
            "--help" | "-h" => return Ok(Command::Help),
            "--data" => data = Some(PathBuf::from(value()?)),
            "--site" => site = Some(PathBuf::from(value()?)),
            "--functions" => functions = Some(PathBuf::from(value()?)),
            "--port" => config.port = number(&name, value()?, u64::from(u16::MAX))?,
            "--s3-port" => config.s3_port = number(&name, value()?, u64::from(u16::MAX))?,
            "--fault-503-percent" => config.faults.percent_503 = number(&name, value()?, 100)?,
            "--fault-seed" => {
                config.faults = Faults { seed: number(&name, value()?, u64::MAX)?, ..config.faults }
            }
            "--fault-deliver-twice" => config.deliver_twice = true,
            _ => return Err(ArgumentError::Unknown { name }),
        }
    }
    config.data = data.ok_or(ArgumentError::Missing { name: "--data" })?;
    config.site = site.ok_or(ArgumentError::Missing { name: "--site" })?;
    config.functions = functions.ok_or(ArgumentError::Missing { name: "--functions" })?;
    Ok(Command::Run(Box::new(config)))
}

fn number<N: TryFrom<u64>>(name: &str, value: OsString, largest: u64) -> Result<N, ArgumentError> {
    let wrong = || ArgumentError::NotANumber { name: name.to_owned(), largest };
    let number: u64 = value.to_str().and_then(|text| text.parse().ok()).ok_or_else(wrong)?;
    if number > largest {
        return Err(wrong());
    }
    N::try_from(number).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_words(line: &str) -> Result<Command, ArgumentError> {
        parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn reads_a_full_line() {
        let line =
            "--data d --site s --functions f --port 1 --s3-port 2 --fault-503-percent 30 --fault-seed 9";
        let Ok(Command::Run(config)) = parse_words(line) else { panic!("not a run") };
        assert_eq!((config.port, config.s3_port), (1, 2));
        assert_eq!(config.faults, Faults { percent_503: 30, seed: 9 });
        assert!(!config.deliver_twice);
    }

    #[test]
    fn names_what_is_wrong() {
        let wrong = |line: &str| parse_words(line).unwrap_err().to_string();
        assert_eq!(wrong("--data d --site s"), "--functions is missing. See --help.");
        assert_eq!(wrong("--date d"), "--date is not an option. See --help.");
        assert_eq!(wrong("--data"), "--data needs a value. See --help.");
        assert_eq!(wrong("--port 70000"), "--port needs a number from 0 to 65535.");
    }
}

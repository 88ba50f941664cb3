#![doc = include_str!("../README.md")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool talks to its terminal")]

mod bench;
mod browser;
mod build;
mod cargo;
mod command_line;
mod invariants;
mod licences;
mod programs;
mod site;
mod tally;
mod test;
mod up;
mod workspace;

use std::process::ExitCode;

use command_line::Task;
use workspace::Workspace;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    let task = command_line::parse(std::env::args().skip(1))?;
    if let Task::Help = task {
        println!("{}", command_line::USAGE);
        return Ok(());
    }
    let workspace = Workspace::find()?;
    match task {
        Task::Build(options) => build::run(&workspace, &options),
        Task::Up => up::run(&workspace),
        Task::Test(options) => test::run(&workspace, &options),
        Task::Load(arguments) => test::load(&workspace, &arguments),
        Task::Bench(options) => bench::run(&workspace, &options),
        Task::Help => Ok(()),
    }
}

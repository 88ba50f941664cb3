//! Python `phe` with `gmpy2` in another process, which waits for its turns.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, anyhow};

use crate::keys::Key;

const SCRIPT: &str = include_str!("phe.py");

/// The process, ended when dropped.
pub struct Phe {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Phe {
    /// Starts it with a key.
    pub fn start(python: &Path, key: &Key) -> anyhow::Result<Self> {
        let mut process = Command::new(python)
            .args(["-c", SCRIPT, &key.p, &key.q])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} cannot be started", python.display()))?;
        let input = process.stdin.take().context("a piped input is missing")?;
        let output = process.stdout.take().context("a piped output is missing")?;
        Ok(Self { process, input, output: BufReader::new(output) })
    }

    /// Has it do an operation so many times, and gives the processor time that this took.
    pub fn run(&mut self, operation: &str, calls: u32) -> anyhow::Result<Duration> {
        writeln!(self.input, "{operation} {calls}")?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        let nanoseconds = line.trim().parse().map_err(|_| anyhow!("python phe has stopped"))?;
        Ok(Duration::from_nanos(nanoseconds))
    }
}

impl Drop for Phe {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

//! The real local cloud, in a process of its own, with data in a temporary folder.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tempfile::TempDir;

use crate::product;

/// What a started `veilsum-local` prints before its address.
const READY: &str = "Veilsum is running at ";

/// A running stack; dropping it ends it with all its functions.
#[derive(Debug)]
pub struct Stack {
    folder: TempDir,
    port: u16,
    s3_port: u16,
    arguments: Vec<String>,
    process: Option<Child>,
    /// Processes of earlier lives that were killed; their functions may outlive them for a moment.
    groups: Vec<Pid>,
}

/// A file of the stack's data.
#[derive(Debug)]
pub struct StoredFile {
    /// Path inside the data folder.
    pub path: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

impl Stack {
    /// Starts a stack on free ports.
    ///
    /// # Errors
    /// It does not start.
    pub fn start() -> anyhow::Result<Self> {
        Self::start_with(&[])
    }

    /// Starts a stack with more arguments for `veilsum-local`.
    ///
    /// # Errors
    /// It does not start.
    pub fn start_with(arguments: &[&str]) -> anyhow::Result<Self> {
        let [port, s3_port] = free_ports()?;
        let mut stack = Self {
            folder: TempDir::with_prefix("veilsum-e2e-")?,
            port,
            s3_port,
            arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
            process: None,
            groups: Vec::new(),
        };
        stack.restart()?;
        Ok(stack)
    }

    /// Starts the stack again, on the same ports and with the same data, after [`Stack::kill`].
    ///
    /// # Errors
    /// It runs already, or does not start.
    pub fn restart(&mut self) -> anyhow::Result<()> {
        if self.process.is_some() {
            bail!("the stack runs already");
        }
        let binaries = product::binaries()?;
        let program = binaries.join("veilsum-local");
        let errors = File::options().create(true).append(true).open(self.folder.path().join("stderr.log"))?;
        let mut process = Command::new(&program)
            .arg("--data")
            .arg(self.data())
            .arg("--site")
            .arg(product::site()?)
            .arg("--functions")
            .arg(&binaries)
            .args(["--port", &self.port.to_string(), "--s3-port", &self.s3_port.to_string()])
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            // A group of its own, so that its functions can be ended with it.
            .process_group(0)
            .spawn()
            .with_context(|| {
                format!("{} cannot be started; run `cargo xtask build` first", program.display())
            })?;
        self.groups.extend(pid_of(&process));
        let stdout = process.stdout.take().context("a piped output is missing")?;
        self.process = Some(process);
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        if !line.starts_with(READY) {
            let errors = fs::read_to_string(self.folder.path().join("stderr.log")).unwrap_or_default();
            bail!("veilsum-local did not start: {line}{errors}");
        }
        Ok(())
    }

    /// Kills the stack's process as a crash would (`kill -9`). Its data stays.
    ///
    /// # Errors
    /// It does not run.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        let mut process = self.process.take().context("the stack does not run")?;
        process.kill()?;
        process.wait()?;
        Ok(())
    }

    /// Address of the page, without a slash at the end.
    #[must_use]
    pub fn page_origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Address of the object store, without a slash at the end.
    #[must_use]
    pub fn s3_origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.s3_port)
    }

    /// Process ids of the running processes of a function, e.g. `veilsum-evaluate`.
    ///
    /// # Errors
    /// `/proc` cannot be read.
    pub fn function_processes(&self, binary: &str) -> anyhow::Result<Vec<Pid>> {
        let Some(parent) = self.process.as_ref().map(Child::id) else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for process in processes()? {
            let is_binary = process.arguments.first().is_some_and(|program| program.ends_with(binary));
            if process.parent == parent && is_binary {
                found.extend(i32::try_from(process.id).ok().and_then(Pid::from_raw));
            }
        }
        Ok(found)
    }

    /// Every file that the stack keeps: objects, partial uploads, secrets and logs.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn stored_files(&self) -> anyhow::Result<Vec<StoredFile>> {
        let mut files = Vec::new();
        collect(self.folder.path(), self.folder.path(), &mut files)?;
        Ok(files)
    }

    /// Number of stored objects whose key holds `part`, e.g. `/rg/`.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn count_objects(&self, part: &str) -> anyhow::Result<usize> {
        let mut count = 0;
        for entry in fs::read_dir(self.data().join("s3/veilsum/objects"))? {
            // The store writes a key's `/` as `,`.
            count += usize::from(entry?.file_name().to_string_lossy().replace(',', "/").contains(part));
        }
        Ok(count)
    }

    /// Folder of the stack's data.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The log of the stack itself.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.data().join("logs/local.log")).unwrap_or_default()
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        for group in self.groups.drain(..) {
            // Of an earlier life, all of it may be gone: then there is nothing to end.
            let _ = kill_process_group(group, Signal::KILL);
        }
        if let Some(mut process) = self.process.take() {
            let _ = process.wait();
        }
    }
}

/// Kills one process as a crash would.
///
/// # Errors
/// It is not there any more.
pub fn kill(process: Pid) -> anyhow::Result<()> {
    Ok(kill_process(process, Signal::KILL)?)
}

/// Halts a process, as a machine that has no time for it would.
///
/// # Errors
/// It is not there any more.
pub fn halt(process: Pid) -> anyhow::Result<()> {
    Ok(kill_process(process, Signal::STOP)?)
}

/// Lets a halted process go on.
///
/// # Errors
/// It is not there any more.
pub fn go_on(process: Pid) -> anyhow::Result<()> {
    Ok(kill_process(process, Signal::CONT)?)
}

/// A process of this machine.
#[derive(Debug)]
pub struct Process {
    /// Its number.
    pub id: u32,
    /// Number of the process that started it.
    pub parent: u32,
    /// Program and arguments.
    pub arguments: Vec<String>,
}

/// All processes that can be seen.
///
/// # Errors
/// `/proc` cannot be read.
pub fn processes() -> anyhow::Result<Vec<Process>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let entry = entry?;
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // A process may end between the listing and the reading.
        let (Ok(status), Ok(line)) =
            (fs::read_to_string(entry.path().join("status")), fs::read(entry.path().join("cmdline")))
        else {
            continue;
        };
        let arguments = line.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned());
        let parent = status_number(&status, "PPid:").unwrap_or_default();
        found.push(Process { id, parent: u32::try_from(parent)?, arguments: arguments.collect() });
    }
    Ok(found)
}

/// The first number after a name in `/proc/…/status`.
#[must_use]
pub fn status_number(status: &str, name: &str) -> Option<u64> {
    status.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok())
}

fn pid_of(process: &Child) -> Option<Pid> {
    Pid::from_raw(i32::try_from(process.id()).ok()?)
}

/// Two free ports, both reserved until both are known.
fn free_ports() -> anyhow::Result<[u16; 2]> {
    let listeners = [TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?];
    Ok([listeners[0].local_addr()?.port(), listeners[1].local_addr()?.port()])
}

fn list(folder: &Path, paths: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            list(&path, paths)?;
        } else {
            paths.push(path);
        }
    }
    Ok(())
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<StoredFile>) -> anyhow::Result<()> {
    let mut paths = Vec::new();
    list(folder, &mut paths)?;
    for path in paths {
        let name = path.strip_prefix(root)?.to_string_lossy().into_owned();
        files.push(StoredFile { path: name, bytes: fs::read(&path)? });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_numbers_of_a_status() {
        let status = "Name:\tchromium\nPPid:\t17\nVmHWM:\t  2048 kB\n";
        assert_eq!(status_number(status, "PPid:"), Some(17));
        assert_eq!(status_number(status, "VmHWM:"), Some(2048));
        assert_eq!(status_number(status, "VmSwap:"), None);
    }

    #[test]
    fn sees_itself() {
        let own = std::process::id();
        assert!(processes().unwrap().iter().any(|process| process.id == own));
    }
}

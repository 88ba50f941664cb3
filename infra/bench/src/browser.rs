//! The browser's half: serves the page to a headless Chromium, whose worker sends back what it measured.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context, bail};
use serde::Deserialize;
use serde_json::json;

use crate::keys::{self, Key};
use crate::measure::{Patience, Times};
use crate::report::{self, Row};

const PLACE: &str = "browser";

/// What makes Chromium work in a container, keeps it from talking to its maker, and keeps it from slowing down a page
/// that nobody looks at.
const FLAGS: [&str; 14] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--disable-sync",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
];

/// Longest silence of the page: making a few keys of 3072 bits takes minutes.
const SILENCE: Duration = Duration::from_mins(15);
/// Most bytes of a request.
const REQUEST_BYTES: u64 = 4 << 20;

/// What the worker sends.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Report {
    /// One operation with one size of n.
    Measured {
        operation: String,
        bits: u32,
        /// Values in a ciphertext of ours.
        slots: u32,
        contestants: Vec<Contestant>,
    },
    /// Something to know.
    Note(String),
    /// All is done.
    Done,
    /// It cannot go on.
    Failed(String),
}

#[derive(Debug, Deserialize)]
struct Contestant {
    name: String,
    ours: bool,
    samples: Vec<f64>,
}

/// Measures all operations in Chromium with the page in folder `site`.
pub fn measure(site: &Path, chromium: &Path, bits: &[u32], patience: &Patience) -> anyhow::Result<Vec<Row>> {
    let keys: Vec<Key> = bits.iter().map(|bits| keys::key(*bits)).collect::<Result<_, _>>()?;
    let settings = json!({
        "keys": keys,
        "milliseconds": patience.time.as_millis(),
        "rounds": patience.rounds,
        "keygenRounds": patience.keys,
    });
    fs::write(site.join("settings.json"), settings.to_string())
        .context("the page's settings cannot be written")?;

    let listener = TcpListener::bind("127.0.0.1:0")?;
    let browser = Chromium::start(chromium, &format!("http://{}/", listener.local_addr()?))?;
    let clock = WorkerClock::new(browser.process.id());
    let (sender, receiver) = mpsc::channel();
    let folder = site.to_owned();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (folder, sender, clock) = (folder.clone(), sender.clone(), Arc::clone(&clock));
            std::thread::spawn(move || answer(&stream, &folder, &sender, &clock));
        }
    });

    let mut rows = Vec::new();
    loop {
        match receiver.recv_timeout(SILENCE).context("the page has fallen silent")? {
            Report::Measured { operation, bits, slots, contestants } => {
                let times: Vec<Times> = contestants
                    .into_iter()
                    .map(|Contestant { name, ours, samples }| Times { name, ours, samples })
                    .collect();
                let measured = report::rows(&operation, PLACE, bits, &times);
                let values =
                    if operation == "encrypt" { report::per_value(&measured, slots) } else { Vec::new() };
                rows.extend(measured.into_iter().chain(values));
            }
            Report::Note(note) => println!("{note}"),
            Report::Done => return Ok(rows),
            Report::Failed(reason) => bail!("the page failed: {reason}"),
        }
    }
}

/// A running browser with a profile of its own; ended when dropped.
struct Chromium {
    process: Child,
    _profile: tempfile::TempDir,
}

impl Chromium {
    fn start(program: &Path, address: &str) -> anyhow::Result<Self> {
        let profile = tempfile::TempDir::with_prefix("veilsum-bench-")?;
        let process = Command::new(program)
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg(address)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("{} cannot be started", program.display()))?;
        Ok(Self { process, _profile: profile })
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The processor time of the page's worker, as Linux counts it: a page cannot see it by itself.
struct WorkerClock {
    /// The browser's process.
    browser: u32,
    /// File with the worker's times, once it is found.
    file: OnceLock<PathBuf>,
}

impl WorkerClock {
    /// What Linux calls the thread of a worker.
    const THREAD: &str = "DedicatedWorker";

    fn new(browser: u32) -> Arc<Self> {
        Arc::new(Self { browser, file: OnceLock::new() })
    }

    /// Nanoseconds, `None` where there is no such clock.
    fn now(&self) -> Option<u64> {
        if self.file.get().is_none() {
            self.file.set(self.find()?.join("schedstat")).ok()?;
        }
        fs::read_to_string(self.file.get()?).ok()?.split(' ').next()?.parse().ok()
    }

    /// The folder of the worker's thread: the only one of that name among the descendants of the browser.
    fn find(&self) -> Option<PathBuf> {
        let processes = fs::read_dir("/proc").ok()?.flatten();
        let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        numbers.filter(|process| self.is_ancestor_of(*process)).find_map(|process| {
            let threads = fs::read_dir(format!("/proc/{process}/task")).ok()?;
            let is_worker = |thread: &PathBuf| {
                fs::read_to_string(thread.join("comm")).is_ok_and(|name| name.trim_end() == Self::THREAD)
            };
            threads.flatten().map(|thread| thread.path()).find(is_worker)
        })
    }

    fn is_ancestor_of(&self, process: u32) -> bool {
        let parent = |process: &u32| {
            let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
            status.lines().find_map(|line| line.strip_prefix("PPid:")?.trim().parse().ok())
        };
        std::iter::successors(Some(process), parent).any(|ancestor| ancestor == self.browser)
    }
}

/// Answers one request: files of the folder, the clock, and reports that are posted. What cannot be read is not
/// answered.
fn answer(stream: &TcpStream, folder: &Path, sender: &Sender<Report>, clock: &WorkerClock) -> Option<()> {
    let mut reader = BufReader::new(stream.take(REQUEST_BYTES));
    let mut head = String::new();
    let mut length = 0;
    let mut line = String::new();
    while reader.read_line(&mut line).ok()? > 2 {
        if head.is_empty() {
            head.clone_from(&line);
        } else if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok()?;
        }
        line.clear();
    }
    let mut words = head.split_whitespace();
    let (method, path) = (words.next()?, words.next()?.split('?').next()?.trim_start_matches('/'));
    let (status, kind, body) = if method == "POST" {
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let report = serde_json::from_slice(&body).unwrap_or_else(|error| Report::Failed(error.to_string()));
        sender.send(report).ok()?;
        ("204 No Content", "text/plain", Vec::new())
    } else if path == "clock" {
        let now = clock.now().map(|now| now.to_string()).unwrap_or_default();
        ("200 OK", "text/plain", now.into_bytes())
    } else {
        let path = if path.is_empty() { "index.html" } else { path };
        let kind = match path.rsplit('.').next() {
            Some("html") => "text/html",
            Some("js") => "text/javascript",
            Some("wasm") => "application/wasm",
            Some("json") => "application/json",
            _ => "application/octet-stream",
        };
        match fs::read(folder.join(path)).ok().filter(|_| !path.contains("..")) {
            Some(body) => ("200 OK", kind, body),
            None => ("404 Not Found", "text/plain", Vec::new()),
        }
    };
    let mut stream = stream;
    // Isolated from other origins, which there are none of, the page gets a clock of 5 microseconds instead of 100.
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\ncache-control: no-store\r\n\
         cross-origin-opener-policy: same-origin\r\ncross-origin-embedder-policy: require-corp\r\n\r\n",
        body.len()
    )
    .ok()?;
    stream.write_all(&body).ok()
}

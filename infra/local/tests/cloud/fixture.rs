//! Folders with everything that a stack needs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{HeaderMap, Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tempfile::TempDir;
use veilsum_local::functions::Function;
use veilsum_local::{Config, Stack};

/// The program under test, built by cargo.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_veilsum-local");

pub struct Folders {
    root: TempDir,
}

impl Folders {
    pub fn new() -> Self {
        let folders = Self { root: tempfile::tempdir().unwrap() };
        std::fs::create_dir(folders.site()).unwrap();
        std::fs::create_dir(folders.functions()).unwrap();
        let test_function = Path::new(PROGRAM).with_file_name("examples").join("test_function");
        assert!(
            test_function.exists(),
            "the example is built by `cargo xtask test`, and by `cargo test -p veilsum-local` without `--test`"
        );
        for function in Function::ALL {
            std::os::unix::fs::symlink(&test_function, folders.functions().join(function.binary())).unwrap();
        }
        folders
    }

    pub fn data(&self) -> PathBuf {
        self.root.path().join("data")
    }

    pub fn site(&self) -> PathBuf {
        self.root.path().join("site")
    }

    pub fn functions(&self) -> PathBuf {
        self.root.path().join("functions")
    }

    /// Replaces a function's binary by a shell script.
    pub fn script(&self, function: Function, text: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.functions().join(function.binary());
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// A configuration with free ports.
    pub fn config(&self) -> Config {
        Config { port: 0, s3_port: 0, ..Config::new(self.data(), self.site(), self.functions()) }
    }

    pub async fn start(&self) -> Stack {
        Stack::start(self.config()).await.unwrap()
    }
}

/// What an HTTP request is answered.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

pub async fn send<'a>(
    method: &str,
    url: &str,
    headers: impl IntoIterator<Item = (&'a str, &'a str)>,
    body: impl Into<Bytes>,
) -> Answer {
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let client = Client::builder(TokioExecutor::new()).build_http();
    let response = client.request(request.body(Full::new(body.into())).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer { status: parts.status, headers: parts.headers, body }
}

/// Waits until `done` says so; fails the test after a minute.
pub async fn until(what: &str, mut done: impl FnMut() -> bool) {
    for _ in 0..6_000 {
        if done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("waited a minute for: {what}");
}

/// Whether a process runs; one that ended and was not yet collected does not count.
pub fn runs(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = status.rsplit(')').next().and_then(|rest| rest.trim().chars().next());
    state.is_some_and(|state| state != 'Z')
}

pub fn signal(pid: u32, name: &str) {
    let sent =
        std::process::Command::new("kill").args([format!("-{name}"), pid.to_string()]).status().unwrap();
    assert!(sent.success());
}

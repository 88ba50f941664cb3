//! The program: its one line, its signals, its complaints, and what it leaves when it is killed.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use tokio::task::JoinSet;
use veilsum_local::s3::Backend;
use veilsum_local::{BUCKET, Stack, StartError};

use crate::fixture::{Folders, PROGRAM, runs, send, signal, until};

/// A running program; killed when the test ends.
struct Program {
    child: Child,
    url: String,
}

impl Program {
    fn start(folders: &Folders, ports: (u16, u16)) -> Self {
        let mut child = command(folders, ports).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.strip_prefix("Veilsum is running at ").unwrap_or_else(|| panic!("{line:?}"));
        Self { url: url.trim_end().to_owned(), child }
    }

    /// Functions whose parent is this program.
    fn children(&self) -> Vec<u32> {
        let list = format!("/proc/{0}/task/{0}/children", self.child.id());
        if let Ok(children) = std::fs::read_to_string(list)
            && !children.is_empty()
        {
            return children.split_whitespace().map(|pid| pid.parse().unwrap()).collect();
        }
        let parent = self.child.id().to_string();
        let told = Command::new("ps").args(["-o", "pid=", "--ppid", &parent]).output().unwrap();
        String::from_utf8(told.stdout).unwrap().split_whitespace().map(|pid| pid.parse().unwrap()).collect()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(folders: &Folders, (port, s3_port): (u16, u16)) -> Command {
    let mut command = Command::new(PROGRAM);
    command.arg("--data").arg(folders.data()).arg("--site").arg(folders.site());
    command.arg("--functions").arg(folders.functions());
    command.args(["--port", &port.to_string(), "--s3-port", &s3_port.to_string()]);
    command
}

fn run(mut command: Command) -> Output {
    command.stdin(Stdio::null()).output().unwrap()
}

fn complaint(output: &Output) -> String {
    assert!(!output.status.success());
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[tokio::test]
async fn says_where_it_runs_and_ends_with_its_children_when_asked() {
    for name in ["TERM", "INT"] {
        let folders = Folders::new();
        let mut program = Program::start(&folders, (0, 0));
        assert_eq!(send("GET", &format!("{}api/v1", program.url), [], "").await.status, 200);
        let children = program.children();
        assert!(!children.is_empty());
        signal(program.child.id(), name);
        assert!(program.child.wait().unwrap().success());
        assert!(children.iter().all(|pid| !runs(*pid)));
        let log = std::fs::read_to_string(folders.data().join("logs/local.log")).unwrap();
        assert!(log.contains("ready") && log.contains("/api/v1"));
    }
}

#[tokio::test]
async fn killed_outright_it_leaves_no_process_and_whole_data() {
    let folders = Folders::new();
    let mut program = Program::start(&folders, (0, 0));
    assert_eq!(send("GET", &format!("{}api/v1", program.url), [], "").await.status, 200);
    let children = program.children();
    program.child.kill().unwrap();
    program.child.wait().unwrap();
    until("the end of its functions", || children.iter().all(|pid| !runs(*pid))).await;
    let again = Program::start(&folders, (0, 0));
    assert_eq!(send("GET", &format!("{}api/v1", again.url), [], "").await.status, 200);
}

#[tokio::test]
async fn a_taken_port_is_named_with_what_it_means() {
    let folders = Folders::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let text = complaint(&run(command(&folders, (port, 0))));
    assert!(text.contains(&format!("Port {port} is taken")) && text.contains("keyring"), "{text}");
    let text = complaint(&run(command(&folders, (0, port))));
    assert!(text.contains(&format!("Port {port} for storage is taken")), "{text}");
}

#[tokio::test]
async fn a_data_folder_has_one_user_at_a_time() {
    let folders = Folders::new();
    let stack = folders.start().await;
    let second = Stack::start(folders.config()).await;
    assert!(matches!(second, Err(StartError::DataInUse { .. })));
    stack.stop().await;
    folders.start().await.stop().await;
}

#[tokio::test]
async fn missing_functions_and_unknown_options_are_named() {
    let folders = Folders::new();
    std::fs::remove_file(folders.functions().join("veilsum-combine")).unwrap();
    let text = complaint(&run(command(&folders, (0, 0))));
    assert!(text.contains("veilsum-combine is missing") && text.contains("cargo xtask up"), "{text}");
    let mut unknown = Command::new(PROGRAM);
    unknown.arg("--nonsense");
    assert_eq!(complaint(&run(unknown)), "--nonsense is not an option. See --help.\n");
}

#[tokio::test]
async fn credentials_stay_the_same_over_restarts() {
    let folders = Folders::new();
    let stack = folders.start().await;
    let before = stack.credentials().access_key.clone();
    stack.stop().await;
    let stack = folders.start().await;
    assert_eq!(stack.credentials().access_key, before);
}

/// What is stored under a key: nothing that a mix of two objects could look like.
fn content(key: &str) -> Vec<u8> {
    key.bytes().cycle().take(300_000).collect()
}

async fn put(client: &Client, key: &str) -> bool {
    let put = client.put_object().bucket(BUCKET).key(key).if_none_match("*");
    put.body(ByteStream::from(content(key))).send().await.is_ok()
}

async fn upload(client: &Client, key: &str) -> Option<()> {
    let created = client.create_multipart_upload().bucket(BUCKET).key(key).send().await.ok()?;
    let part = client.upload_part().bucket(BUCKET).key(key).upload_id(created.upload_id()?).part_number(1);
    let stored = part.body(ByteStream::from(content(key))).send().await.ok()?;
    let part = CompletedPart::builder().part_number(1).e_tag(stored.e_tag()?).build();
    let parts = CompletedMultipartUpload::builder().parts(part).build();
    let complete = client.complete_multipart_upload().bucket(BUCKET).key(key).upload_id(created.upload_id()?);
    complete.if_none_match("*").multipart_upload(parts).send().await.ok().map(drop)
}

/// A client with the secrets that the program keeps in its folder.
fn client(folders: &Folders, s3_port: u16) -> Client {
    let secrets = std::fs::read(folders.data().join("secrets.json")).unwrap();
    let secrets: serde_json::Value = serde_json::from_slice(&secrets).unwrap();
    let secret = |name: &str| secrets["credentials"][name].as_str().unwrap().to_owned();
    let http = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring));
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http.build_https())
        .region(Region::new("us-east-1"))
        .endpoint_url(format!("http://127.0.0.1:{s3_port}"))
        .force_path_style(true)
        .retry_config(aws_sdk_s3::config::retry::RetryConfig::disabled())
        .credentials_provider(Credentials::new(
            secret("access_key"),
            secret("secret_key"),
            None,
            None,
            "test",
        ))
        .build();
    Client::from_conf(config)
}

#[tokio::test]
async fn what_was_acknowledged_before_a_kill_is_whole_after_it() {
    let folders = Folders::new();
    let s3_port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    for round in 1..=4 {
        let mut program = Program::start(&folders, (0, s3_port));
        let client = client(&folders, s3_port);
        let mut writers = JoinSet::new();
        for writer in 0..6 {
            let (client, acknowledged) = (client.clone(), Arc::clone(&acknowledged));
            writers.spawn(async move {
                for number in 0.. {
                    let key = format!("t/{round}/{writer}/{number}");
                    let is_stored = if writer % 2 == 0 {
                        put(&client, &key).await
                    } else {
                        upload(&client, &key).await.is_some()
                    };
                    if !is_stored {
                        return;
                    }
                    acknowledged.lock().unwrap().push(key);
                }
            });
        }
        until("writes", || acknowledged.lock().unwrap().len() > round * 20).await;
        program.child.kill().unwrap();
        program.child.wait().unwrap();
        writers.join_all().await;
        let backend = Backend::open(&folders.data().join("s3")).unwrap();
        for key in acknowledged.lock().unwrap().iter() {
            assert!(backend.info(BUCKET, key).is_some(), "{key} is lost");
        }
        for info in backend.list(BUCKET, "") {
            assert_eq!(
                backend.read(BUCKET, &info.key).await.unwrap(),
                content(&info.key),
                "{} is torn",
                info.key
            );
        }
    }
}

//! The front door as a browser finds it.

use std::fs;

use veilsum_local::functions::PAYLOAD_LIMIT_BYTES;

use crate::fixture::{Folders, send};

fn site(folders: &Folders) {
    let site = folders.site();
    fs::write(site.join("index.html"), "<!doctype html>the page").unwrap();
    fs::write(site.join("page_bg.wasm"), b"\0asm plain").unwrap();
    fs::write(site.join("page_bg.wasm.br"), b"squeezed").unwrap();
    fs::write(site.join("page.js"), "export {}").unwrap();
    fs::create_dir(site.join("samples")).unwrap();
    fs::write(site.join("samples/a.csv"), "a\n1\n").unwrap();
    fs::write(site.parent().unwrap().join("secret.txt"), "secret").unwrap();
}

#[tokio::test]
async fn the_page_comes_with_its_policy() {
    let folders = Folders::new();
    site(&folders);
    let stack = folders.start().await;
    let page = send("GET", &stack.page_url(), [], "").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.body, "<!doctype html>the page");
    assert_eq!(page.headers["content-type"], "text/html");
    assert_eq!(page.headers["cache-control"], "no-cache");
    assert_eq!(page.headers["x-content-type-options"], "nosniff");
    assert_eq!(page.headers["referrer-policy"], "no-referrer");
    assert_eq!(page.headers["cross-origin-opener-policy"], "same-origin");
    let expected = format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
         font-src 'self'; connect-src 'self' {}; worker-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'",
        stack.s3_url()
    );
    assert_eq!(page.headers["content-security-policy"], expected.as_str());
}

#[tokio::test]
async fn files_come_with_their_type_and_squeezed_where_that_is_understood() {
    let folders = Folders::new();
    site(&folders);
    let stack = folders.start().await;
    let url = |path: &str| format!("{}{path}", stack.page_url());
    let plain = send("GET", &url("page_bg.wasm"), [], "").await;
    assert_eq!(plain.headers["content-type"], "application/wasm");
    assert_eq!(plain.body, "\0asm plain");
    let squeezed = send("GET", &url("page_bg.wasm"), [("accept-encoding", "gzip, br")], "").await;
    assert_eq!(squeezed.headers["content-type"], "application/wasm");
    assert_eq!(squeezed.headers["content-encoding"], "br");
    assert_eq!(squeezed.body, "squeezed");
    assert_eq!(send("GET", &url("page.js"), [], "").await.headers["content-type"], "text/javascript");
    assert_eq!(send("GET", &url("samples/a.csv"), [], "").await.headers["content-type"], "text/csv");
    let again = [("if-modified-since", plain.headers["last-modified"].to_str().unwrap())];
    assert_eq!(send("GET", &url("page_bg.wasm"), again, "").await.status, 304);
}

#[tokio::test]
async fn addresses_of_the_page_lead_to_the_page_and_missing_files_do_not() {
    let folders = Folders::new();
    site(&folders);
    let stack = folders.start().await;
    let url = |path: &str| format!("{}{path}", stack.page_url());
    for path in ["datasets", "datasets/0123/run", "samples", "samples/"] {
        assert_eq!(send("GET", &url(path), [], "").await.body, "<!doctype html>the page", "{path}");
    }
    for path in
        ["missing.js", "../secret.txt", "%2e%2e/secret.txt", "..%2fsecret.txt", "samples/../../secret.txt"]
    {
        let answer = send("GET", &url(path), [], "").await;
        assert_ne!(answer.body, "secret", "{path}");
        assert_eq!(answer.status, 404, "{path}");
    }
    assert_eq!(send("POST", &url("datasets"), [], "x").await.status, 405);
}

#[tokio::test]
async fn a_page_that_is_not_built_says_what_to_do() {
    let folders = Folders::new();
    let stack = folders.start().await;
    let answer = send("GET", &stack.page_url(), [], "").await;
    assert_eq!(answer.status, 404);
    assert!(String::from_utf8_lossy(&answer.body).contains("cargo xtask up"));
}

#[tokio::test]
async fn another_name_for_this_machine_is_another_origin() {
    let folders = Folders::new();
    site(&folders);
    let stack = folders.start().await;
    let url = format!("{}datasets?a=b", stack.page_url());
    let port = stack.page_url().rsplit(':').next().unwrap().trim_end_matches('/').to_owned();
    let localhost = format!("localhost:{port}");
    let moved = send("GET", &url, [("host", localhost.as_str())], "").await;
    assert_eq!(moved.status, 307);
    assert_eq!(moved.headers["location"], url.as_str());
    let api = format!("{}api/v1/datasets", stack.page_url());
    let rebound = send("POST", &api, [("host", "evil.example")], "{}").await;
    assert_eq!(rebound.status, 421);
    assert_eq!(rebound.json()["code"], "wrong-host");
    assert!(stack.processes().is_empty(), "it did not reach the function");
}

#[tokio::test]
async fn the_api_gets_requests_as_they_are() {
    let folders = Folders::new();
    let stack = folders.start().await;
    let url = format!("{}api/v1/datasets?limit=2", stack.page_url());
    let json = send("POST", &url, [("content-type", "application/json")], "{\"a\":\"ü\"}").await;
    assert_eq!(json.status, 200);
    assert_eq!(json.headers["content-type"], "application/json");
    assert_eq!(json.headers["cache-control"], "no-store");
    assert_eq!(json.headers["x-content-type-options"], "nosniff");
    assert_eq!(json.json()["method"], "POST");
    assert_eq!(json.json()["path"], "/api/v1/datasets");
    assert_eq!(json.json()["query"], "limit=2");
    assert_eq!(json.json()["body"], "{\"a\":\"ü\"}");
    let bytes = send("POST", &url, [("content-type", "application/octet-stream")], vec![0_u8, 255]).await;
    assert_eq!(bytes.json()["is_base64"], true);
    assert_eq!(bytes.json()["body"], "AP8=");
    let nothing = send("DELETE", &url, [], "").await;
    assert_eq!(nothing.json()["method"], "DELETE");
    assert_eq!(nothing.json()["body"], serde_json::Value::Null);
}

#[tokio::test]
async fn limits_and_failures_are_problems_with_a_sentence() {
    let folders = Folders::new();
    let stack = folders.start().await;
    let url = |path: &str| format!("{}api/{path}", stack.page_url());
    let long = "x".repeat(10_240);
    for (answer, status, code) in [
        (send("GET", &url("v1"), [("x-long", long.as_str())], "").await, 431, "headers-too-large"),
        (send("GET", &url("v1"), [("x-odd", "\u{e9}")], "").await, 400, "headers-unreadable"),
        (send("POST", &url("v1"), [], vec![0; PAYLOAD_LIMIT_BYTES + 1]).await, 413, "body-too-large"),
        (send("POST", &url("v1"), [], vec![0; PAYLOAD_LIMIT_BYTES - 9]).await, 413, "body-too-large"),
        (send("GET", &url("crash"), [], "").await, 500, "function-failed"),
        (send("GET", &url("nonsense"), [], "").await, 500, "function-failed"),
    ] {
        assert_eq!(answer.status, status, "{code}");
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert_eq!(answer.json()["code"], code);
        assert_eq!(answer.json()["status"], status);
        assert!(answer.json()["detail"].as_str().unwrap().ends_with('.'));
    }
    assert_eq!(send("GET", &url("v1"), [], "").await.status, 200, "and then it goes on");
}

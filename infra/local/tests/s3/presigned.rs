//! Presigned URLs, used by plain HTTP as a browser uses them.

use std::time::{Duration, SystemTime};

use aws_sdk_s3::presigning::{PresignedRequest, PresigningConfig};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ChecksumAlgorithm;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::server::{Answer, BUCKET, MIB, PAGE, Running, noise, send, sha256};

const KEY: &str = "t/1/d/2/rg/00000000";

async fn create(running: &Running) -> String {
    let create = running.client.create_multipart_upload().bucket(BUCKET).key(KEY);
    let created = create.checksum_algorithm(ChecksumAlgorithm::Sha256).send().await.unwrap();
    created.upload_id().unwrap().to_owned()
}

async fn presign(
    running: &Running,
    upload: &str,
    bytes: &[u8],
    config: PresigningConfig,
) -> PresignedRequest {
    running
        .client
        .upload_part()
        .bucket(BUCKET)
        .key(KEY)
        .upload_id(upload)
        .part_number(1)
        .content_length(i64::try_from(bytes.len()).unwrap())
        .checksum_sha256(sha256(bytes))
        .presigned(config)
        .await
        .unwrap()
}

fn for_a_minute() -> PresigningConfig {
    PresigningConfig::expires_in(Duration::from_secs(60)).unwrap()
}

async fn put(request: &PresignedRequest, url: &str, body: &[u8]) -> Answer {
    let headers = request.headers().filter(|(name, _)| *name != "content-length");
    send("PUT", url, headers.chain([("origin", PAGE)]), body.to_vec()).await
}

#[tokio::test]
async fn a_signed_part_is_taken_from_a_browser() {
    let running = Running::start().await;
    let upload = create(&running).await;
    let bytes = noise(MIB, 1);
    let request = presign(&running, &upload, &bytes, for_a_minute()).await;
    let answer = put(&request, request.uri(), &bytes).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.headers.contains_key("etag"));
    assert_eq!(answer.headers["access-control-allow-origin"], PAGE);
    assert!(answer.headers["access-control-expose-headers"].to_str().unwrap().contains("etag"));
    // Sent again, because the answer was lost: the same part.
    assert_eq!(put(&request, request.uri(), &bytes).await.status, 200);
}

#[tokio::test]
async fn length_hash_part_key_and_upload_are_all_signed() {
    let running = Running::start().await;
    let upload = create(&running).await;
    let other = create(&running).await;
    let bytes = noise(100_000, 2);
    let request = presign(&running, &upload, &bytes, for_a_minute()).await;
    let url = request.uri();

    let longer = [bytes.clone(), vec![0]].concat();
    let answer = put(&request, url, &longer).await;
    assert_eq!(answer.status, 403, "longer");
    assert_eq!(answer.headers["connection"], "close");
    assert_eq!(put(&request, url, &bytes[1..]).await.status, 403, "shorter");
    let mut changed = bytes.clone();
    changed[50] ^= 1;
    let answer = put(&request, url, &changed).await;
    assert_eq!(answer.status, 400, "another body of the same length");
    assert!(answer.text().contains("BadDigest"));
    let sum = sha256(&changed);
    let resigned = send("PUT", url, [("x-amz-checksum-sha256", sum.as_str())], changed).await;
    assert_eq!(resigned.status, 403, "another body with its own checksum");
    let bare = send("PUT", url, [], bytes.clone()).await;
    assert_eq!(bare.status, 403, "without the checksum");
    for (what, from, to) in [
        ("part", "partNumber=1", "partNumber=2"),
        ("key", "rg/00000000", "rg/00000001"),
        ("upload", upload.as_str(), other.as_str()),
        ("expiry", "X-Amz-Expires=60", "X-Amz-Expires=900"),
    ] {
        assert!(url.contains(from), "{what}");
        let answer = put(&request, &url.replace(from, to), &bytes).await;
        assert_eq!(answer.status, 403, "another {what}");
    }
    let read = send("GET", url, request.headers(), "").await;
    assert_eq!(read.status, 403, "another method");
    for id in [&upload, &other] {
        let listed = running.client.list_parts().bucket(BUCKET).key(KEY).upload_id(id).send().await.unwrap();
        assert!(listed.parts().is_empty());
    }
}

#[tokio::test]
async fn an_expired_url_is_refused_and_the_browser_gets_to_know() {
    let running = Running::start().await;
    let upload = create(&running).await;
    let bytes = noise(8 * MIB, 3);
    let config = PresigningConfig::builder()
        .start_time(SystemTime::now() - Duration::from_secs(61))
        .expires_in(Duration::from_secs(60))
        .build()
        .unwrap();
    let request = presign(&running, &upload, &bytes, config).await;
    let answer = put(&request, request.uri(), &bytes).await;
    assert_eq!(answer.status, 403);
    assert!(answer.text().contains("Request has expired"));
    assert_eq!(
        answer.headers["access-control-allow-origin"], PAGE,
        "else the page could not read the status"
    );
}

/// Sends all of a body before it looks for an answer, as browsers do.
async fn put_all_then_read(url: &str, body: &[u8]) -> String {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let head = format!("PUT /{path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn a_refusal_reaches_a_client_that_sends_everything_first() {
    let running = Running::start().await;
    let body = noise(32 * MIB, 5);
    let answer = put_all_then_read(&format!("{}/{BUCKET}/{KEY}", running.url), &body).await;
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    assert!(answer.contains("connection: close"));
}

#[tokio::test]
async fn a_signed_read_works_in_ranges_and_nowhere_else() {
    let running = Running::start().await;
    let bytes = noise(10_000, 4);
    let body = ByteStream::from(bytes.clone());
    running.client.put_object().bucket(BUCKET).key(KEY).body(body).send().await.unwrap();
    let request =
        running.client.get_object().bucket(BUCKET).key(KEY).presigned(for_a_minute()).await.unwrap();
    let whole = send("GET", request.uri(), [("origin", PAGE)], "").await;
    assert_eq!((whole.status.as_u16(), &whole.body[..]), (200, &bytes[..]));
    let range = send("GET", request.uri(), [("range", "bytes=100-199")], "").await;
    assert_eq!((range.status.as_u16(), &range.body[..]), (206, &bytes[100..200]));
    assert_eq!(send("PUT", request.uri(), [], "x").await.status, 403);
    assert_eq!(send("DELETE", request.uri(), [], "").await.status, 403);
    assert_eq!(send("GET", &request.uri().replace(KEY, "t/2"), [], "").await.status, 403);
}

#[tokio::test]
async fn only_the_page_may_ask_from_a_browser() {
    let running = Running::start().await;
    let url = format!("{}/{BUCKET}/{KEY}", running.url);
    let ask = |origin| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "PUT"),
            ("access-control-request-headers", "x-amz-checksum-sha256,content-type"),
        ];
        send("OPTIONS", &url, headers, "")
    };
    let allowed = ask(PAGE).await;
    assert_eq!(allowed.status, 200);
    assert_eq!(allowed.headers["access-control-allow-origin"], PAGE);
    assert!(allowed.headers["access-control-allow-methods"].to_str().unwrap().contains("PUT"));
    assert_eq!(allowed.headers["access-control-allow-headers"], "*");
    let foreign = ask("http://evil.example").await;
    assert!(!foreign.headers.contains_key("access-control-allow-origin"));
}

//! Objects: what is put is what is read, in ranges, in lists, after a restart.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode, Delete, ObjectIdentifier};

use crate::server::{BUCKET, MIB, Running, code, noise, send, sha256};

async fn put(running: &Running, key: &str, bytes: &[u8]) {
    let body = ByteStream::from(bytes.to_vec());
    running.client.put_object().bucket(BUCKET).key(key).body(body).send().await.unwrap();
}

async fn get(running: &Running, key: &str) -> Vec<u8> {
    let got = running.client.get_object().bucket(BUCKET).key(key).send().await.unwrap();
    got.body.collect().await.unwrap().to_vec()
}

#[tokio::test]
async fn gives_back_what_was_put_with_its_etag_and_checksum() {
    let running = Running::start().await;
    let bytes = noise(3 * MIB + 17, 1);
    let stored = running
        .client
        .put_object()
        .bucket(BUCKET)
        .key("a/b")
        .content_type("application/octet-stream")
        .metadata("colour", "blue")
        .checksum_algorithm(ChecksumAlgorithm::Sha256)
        .body(ByteStream::from(bytes.clone()))
        .send()
        .await
        .unwrap();
    let head = running.client.head_object().bucket(BUCKET).key("a/b");
    let head = head.checksum_mode(ChecksumMode::Enabled).send().await.unwrap();
    assert_eq!(head.e_tag(), stored.e_tag());
    assert_eq!(head.content_length(), Some(i64::try_from(bytes.len()).unwrap()));
    assert_eq!(head.checksum_sha256(), Some(sha256(&bytes).as_str()));
    assert_eq!(head.metadata().unwrap()["colour"], "blue");
    let got = running.client.get_object().bucket(BUCKET).key("a/b").send().await.unwrap();
    assert_eq!(got.content_type(), Some("application/octet-stream"));
    assert!(got.last_modified().is_some());
    assert_eq!(got.body.collect().await.unwrap().to_vec(), bytes);
}

#[tokio::test]
async fn a_key_and_a_key_below_it_coexist() {
    let running = Running::start().await;
    for key in ["a", "a/", "a/b", "a/b/c", "A"] {
        put(&running, key, key.as_bytes()).await;
    }
    for key in ["a", "a/", "a/b", "a/b/c", "A"] {
        assert_eq!(get(&running, key).await, key.as_bytes());
    }
}

#[tokio::test]
async fn keys_cannot_leave_their_folder() {
    let running = Running::start().await;
    let long = "x/".repeat(500);
    let keys =
        ["../../outside", "..", "a/../../b", "%2e%2e%2fc", "/etc/passwd", "a\\..\\b", "ü/€ +&?#", &long];
    for key in keys {
        put(&running, key, key.as_bytes()).await;
    }
    for key in keys {
        assert_eq!(get(&running, key).await, key.as_bytes());
    }
    let parent = running.folder().parent().unwrap();
    assert!(!parent.join("outside").exists());
    let objects = running.folder().join(BUCKET).join("objects");
    assert_eq!(std::fs::read_dir(objects).unwrap().count(), keys.len());
}

#[tokio::test]
async fn raw_dots_in_an_unsigned_address_reach_nothing() {
    let running = Running::start().await;
    for path in ["/veilsum/../../../etc/passwd", "/../veilsum/a", "/veilsum/..%2f..%2f..%2fetc%2fpasswd"] {
        let answer = send("GET", &format!("{}{path}", running.url), [], "").await;
        assert!(answer.status.is_client_error(), "{path}: {}", answer.status);
    }
}

#[tokio::test]
async fn reads_ranges() {
    let running = Running::start().await;
    let bytes = noise(100_000, 2);
    put(&running, "a", &bytes).await;
    for (range, expected) in [
        ("bytes=0-0", &bytes[..1]),
        ("bytes=10-19", &bytes[10..20]),
        ("bytes=99990-", &bytes[99_990..]),
        ("bytes=99990-200000", &bytes[99_990..]),
        ("bytes=-5", &bytes[99_995..]),
    ] {
        let got = running.client.get_object().bucket(BUCKET).key("a").range(range).send().await.unwrap();
        assert!(got.content_range().is_some_and(|text| text.ends_with("/100000")));
        assert_eq!(got.body.collect().await.unwrap().to_vec(), expected, "{range}");
    }
    let beyond = running.client.get_object().bucket(BUCKET).key("a").range("bytes=100000-").send().await;
    assert_eq!(code(beyond), "InvalidRange");
}

#[tokio::test]
async fn lists_in_pages_with_etags() {
    let running = Running::start().await;
    for number in 0..25 {
        put(&running, &format!("t/1/{number:02}"), b"x").await;
    }
    put(&running, "t/10/00", b"x").await;
    put(&running, "s", b"x").await;
    let mut pages =
        running.client.list_objects_v2().bucket(BUCKET).prefix("t/1/").into_paginator().page_size(10).send();
    let (mut keys, mut sizes) = (Vec::new(), Vec::new());
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        sizes.push(page.contents().len());
        assert!(
            page.contents()
                .iter()
                .all(|object| object.e_tag() == Some("\"9dd4e461268c8034f5c8564e155c67a6\""))
        );
        keys.extend(page.contents().iter().map(|object| object.key().unwrap().to_owned()));
    }
    assert_eq!(sizes, [10, 10, 5]);
    assert_eq!(keys, (0..25).map(|number| format!("t/1/{number:02}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn lists_folders_in_pages() {
    let running = Running::start().await;
    for key in ["a/1", "a/2", "b", "c/1", "c/2", "d"] {
        put(&running, key, b"x").await;
    }
    let mut pages =
        running.client.list_objects_v2().bucket(BUCKET).delimiter("/").into_paginator().page_size(1).send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        found.extend(page.contents().iter().map(|object| object.key().unwrap().to_owned()));
        found.extend(page.common_prefixes().iter().map(|prefix| prefix.prefix().unwrap().to_owned()));
    }
    assert_eq!(found, ["a/", "b", "c/", "d"]);
    let forged = running.client.list_objects_v2().bucket(BUCKET).continuation_token("k\u{e9}").send().await;
    assert_eq!(code(forged), "InvalidArgument");
}

#[tokio::test]
async fn deletes_one_and_many_and_what_is_not_there() {
    let running = Running::start().await;
    for key in ["a", "b", "c"] {
        put(&running, key, b"x").await;
    }
    running.client.delete_object().bucket(BUCKET).key("a").send().await.unwrap();
    running.client.delete_object().bucket(BUCKET).key("a").send().await.unwrap();
    let named = ["b", "c", "d"].map(|key| ObjectIdentifier::builder().key(key).build().unwrap());
    let delete = Delete::builder().set_objects(Some(named.to_vec())).build().unwrap();
    let deleted = running.client.delete_objects().bucket(BUCKET).delete(delete).send().await.unwrap();
    assert_eq!(deleted.deleted().len(), 3);
    assert!(running.backend.list(BUCKET, "").is_empty());
    assert_eq!(code(running.client.get_object().bucket(BUCKET).key("b").send().await), "NoSuchKey");
}

#[tokio::test]
async fn refuses_a_body_that_does_not_match_its_checksum() {
    let running = Running::start().await;
    let wrong = running.client.put_object().bucket(BUCKET).key("a").body(ByteStream::from_static(b"abc"));
    assert_eq!(code(wrong.checksum_sha256(sha256(b"abd")).send().await), "BadDigest");
    let wrong = running.client.put_object().bucket(BUCKET).key("a").body(ByteStream::from_static(b"abc"));
    assert_eq!(code(wrong.content_md5("AAAAAAAAAAAAAAAAAAAAAA==").send().await), "BadDigest");
    assert!(running.backend.info(BUCKET, "a").is_none());
}

#[tokio::test]
async fn verifies_checksums_that_come_after_a_streamed_body() {
    let running = Running::start().await;
    let bytes = noise(2 * MIB, 3);
    let file = running.folder().join("streamed");
    std::fs::write(&file, &bytes).unwrap();
    let body = ByteStream::from_path(&file).await.unwrap();
    let put = running.client.put_object().bucket(BUCKET).key("a").body(body);
    let stored = put.checksum_algorithm(ChecksumAlgorithm::Crc32).send().await.unwrap();
    assert!(stored.checksum_crc32().is_some());
    assert_eq!(get(&running, "a").await, bytes);
}

#[tokio::test]
async fn a_restart_keeps_everything_and_clears_what_was_unfinished() {
    let running = Running::start().await;
    let bytes = noise(MIB, 4);
    put(&running, "t/1/a", &bytes).await;
    put(&running, "t/1/b", b"").await;
    let before = running.backend.list(BUCKET, "");
    let drafts = running.folder().join(".drafts");
    std::fs::write(drafts.join("half"), b"half an object").unwrap();
    std::fs::write(running.folder().join(BUCKET).join("objects").join("zzz"), b"not one of ours").unwrap();
    let running = running.restart().await;
    assert_eq!(running.backend.list(BUCKET, ""), before);
    assert_eq!(get(&running, "t/1/a").await, bytes);
    assert_eq!(get(&running, "t/1/b").await, b"");
    assert_eq!(std::fs::read_dir(drafts).unwrap().count(), 0);
}

#[tokio::test]
async fn tells_subscribers_of_every_stored_object() {
    let running = Running::start().await;
    let mut created = running.backend.subscribe();
    put(&running, "t/1/plan", b"{}").await;
    assert_eq!(created.recv().await.unwrap().key, "t/1/plan");
}

#[tokio::test]
async fn a_reader_keeps_what_it_opened_while_the_object_changes() {
    let running = Running::start().await;
    let (old, new) = (noise(4 * MIB, 5), noise(4 * MIB, 6));
    put(&running, "a", &old).await;
    let got = running.client.get_object().bucket(BUCKET).key("a").send().await.unwrap();
    put(&running, "a", &new).await;
    running.client.delete_object().bucket(BUCKET).key("a").send().await.unwrap();
    assert_eq!(got.body.collect().await.unwrap().to_vec(), old);
}

#[tokio::test]
async fn operations_beyond_the_needed_ones_say_so() {
    let running = Running::start().await;
    let copy = running.client.copy_object().bucket(BUCKET).key("b").copy_source("veilsum/a").send().await;
    assert_eq!(code(copy), "NotImplemented");
    let other = running.client.get_object().bucket("other-bucket").key("a").send().await;
    assert_eq!(code(other), "NoSuchBucket");
}

//! Multipart uploads end to end, and every way to get them wrong.

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode, CompletedMultipartUpload, CompletedPart};
use sha2::{Digest as _, Sha256};
use tokio::task::JoinSet;

use crate::server::{BUCKET, MIB, Running, base64, code, noise, sha256};

const KEY: &str = "t/1/d/2/rg/00000000";

async fn create(client: &Client) -> String {
    let create = client.create_multipart_upload().bucket(BUCKET).key(KEY);
    let created = create.checksum_algorithm(ChecksumAlgorithm::Sha256).send().await.unwrap();
    created.upload_id().unwrap().to_owned()
}

async fn store(client: &Client, upload: &str, number: i32, bytes: &[u8]) -> CompletedPart {
    let stored = client
        .upload_part()
        .bucket(BUCKET)
        .key(KEY)
        .upload_id(upload)
        .part_number(number)
        .checksum_sha256(sha256(bytes))
        .body(ByteStream::from(bytes.to_vec()))
        .send()
        .await
        .unwrap();
    assert_eq!(stored.checksum_sha256(), Some(sha256(bytes).as_str()));
    CompletedPart::builder()
        .part_number(number)
        .e_tag(stored.e_tag().unwrap())
        .checksum_sha256(sha256(bytes))
        .build()
}

async fn complete(client: &Client, upload: &str, parts: Vec<CompletedPart>) -> Result<String, String> {
    let completed = client
        .complete_multipart_upload()
        .bucket(BUCKET)
        .key(KEY)
        .upload_id(upload)
        .if_none_match("*")
        .multipart_upload(CompletedMultipartUpload::builder().set_parts(Some(parts)).build())
        .send()
        .await;
    completed
        .map(|output| output.checksum_sha256().unwrap_or_default().to_owned())
        .map_err(|error| code::<(), _>(Err(error)))
}

fn composite(parts: &[&[u8]]) -> String {
    let hashes: Vec<u8> = parts.iter().flat_map(Sha256::digest).collect();
    format!("{}-{}", base64(Sha256::digest(hashes)), parts.len())
}

#[tokio::test]
async fn makes_one_object_of_its_parts_in_any_order() {
    let running = Running::start().await;
    let (first, second) = (noise(5 * MIB, 1), noise(300, 2));
    let upload = create(&running.client).await;
    let b = store(&running.client, &upload, 2, &second).await;
    let a = store(&running.client, &upload, 1, &first).await;

    let listed = running.client.list_parts().bucket(BUCKET).key(KEY).upload_id(&upload).send().await.unwrap();
    let sizes: Vec<_> = listed.parts().iter().map(|part| (part.part_number(), part.size())).collect();
    assert_eq!(sizes, [(Some(1), Some(5 << 20)), (Some(2), Some(300))]);
    assert_eq!(listed.parts()[1].checksum_sha256(), Some(sha256(&second).as_str()));

    assert!(running.backend.info(BUCKET, KEY).is_none(), "nothing shows before the completion");
    let checksum = complete(&running.client, &upload, vec![a, b]).await.unwrap();
    assert_eq!(checksum, composite(&[&first, &second]));
    let got = running.client.get_object().bucket(BUCKET).key(KEY).checksum_mode(ChecksumMode::Enabled);
    let got = got.send().await.unwrap();
    assert_eq!(got.checksum_sha256(), Some(checksum.as_str()));
    assert!(got.e_tag().unwrap().ends_with("-2\""));
    assert_eq!(got.body.collect().await.unwrap().to_vec(), [first, second].concat());
    let open = running.client.list_multipart_uploads().bucket(BUCKET).send().await.unwrap();
    assert!(open.uploads().is_empty());
}

#[tokio::test]
async fn a_completion_repeated_or_overtaken_changes_nothing() {
    let running = Running::start().await;
    let upload = create(&running.client).await;
    let rival = create(&running.client).await;
    let mine = store(&running.client, &upload, 1, b"mine").await;
    let theirs = store(&running.client, &rival, 1, b"theirs").await;
    complete(&running.client, &upload, vec![mine.clone()]).await.unwrap();
    assert_eq!(complete(&running.client, &upload, vec![mine]).await.unwrap_err(), "PreconditionFailed");
    assert_eq!(complete(&running.client, &rival, vec![theirs]).await.unwrap_err(), "PreconditionFailed");
    assert_eq!(running.backend.read(BUCKET, KEY).await.unwrap(), b"mine");
    let late = running.client.upload_part().bucket(BUCKET).key(KEY).upload_id(&upload).part_number(1);
    let late = late.body(ByteStream::from_static(b"late")).checksum_sha256(sha256(b"late")).send().await;
    assert_eq!(code(late), "NoSuchUpload");
}

#[tokio::test]
async fn of_twenty_concurrent_completions_exactly_one_wins() {
    let running = Running::start().await;
    let mut writers = JoinSet::new();
    for writer in 0..20_u8 {
        let client = running.client.clone();
        writers.spawn(async move {
            let upload = create(&client).await;
            let part = store(&client, &upload, 1, &[writer]).await;
            complete(&client, &upload, vec![part]).await.map(|_| writer)
        });
    }
    let results = writers.join_all().await;
    let winners: Vec<_> = results.iter().filter_map(|result| result.as_ref().ok()).collect();
    assert_eq!(winners.len(), 1);
    assert_eq!(running.backend.read(BUCKET, KEY).await.unwrap(), [*winners[0]]);
}

#[tokio::test]
async fn refuses_parts_that_are_not_what_they_claim() {
    let running = Running::start().await;
    let upload = create(&running.client).await;
    let part =
        |number| running.client.upload_part().bucket(BUCKET).key(KEY).upload_id(&upload).part_number(number);
    let body = || ByteStream::from_static(b"abc");
    assert_eq!(code(part(1).body(body()).checksum_sha256(sha256(b"abd")).send().await), "BadDigest");
    assert_eq!(code(part(1).body(body()).send().await), "InvalidRequest", "the upload needs SHA-256");
    assert_eq!(code(part(0).body(body()).checksum_sha256(sha256(b"abc")).send().await), "InvalidArgument");
    assert_eq!(
        code(part(10_001).body(body()).checksum_sha256(sha256(b"abc")).send().await),
        "InvalidArgument"
    );
    let elsewhere =
        running.client.upload_part().bucket(BUCKET).key("other").upload_id(&upload).part_number(1);
    assert_eq!(code(elsewhere.body(body()).checksum_sha256(sha256(b"abc")).send().await), "NoSuchUpload");
    for id in ["../../x", "..", "", &"f".repeat(32), &upload.to_uppercase()] {
        let unknown = running.client.upload_part().bucket(BUCKET).key(KEY).upload_id(id).part_number(1);
        let refused = unknown.body(body()).checksum_sha256(sha256(b"abc")).send().await;
        assert!(refused.is_err(), "{id}");
    }
    let listed = running.client.list_parts().bucket(BUCKET).key(KEY).upload_id(&upload).send().await.unwrap();
    assert!(listed.parts().is_empty(), "nothing of all that is kept");
}

#[tokio::test]
async fn refuses_completions_that_do_not_fit_the_parts() {
    let running = Running::start().await;
    let client = &running.client;
    let upload = create(client).await;
    let small = store(client, &upload, 1, b"small").await;
    let last = store(client, &upload, 2, b"last").await;
    let missing = CompletedPart::builder().part_number(3).e_tag("00").checksum_sha256(sha256(b"")).build();
    let other_sum = CompletedPart::builder()
        .part_number(1)
        .e_tag(small.e_tag().unwrap())
        .checksum_sha256(sha256(b"other"))
        .build();
    let other_etag =
        CompletedPart::builder().part_number(1).e_tag("00").checksum_sha256(sha256(b"small")).build();
    let no_sum = CompletedPart::builder().part_number(1).e_tag(small.e_tag().unwrap()).build();
    for (parts, expected) in [
        (vec![], "MalformedXML"),
        (vec![small.clone(), last.clone()], "EntityTooSmall"),
        (vec![last.clone(), small.clone()], "InvalidPartOrder"),
        (vec![small.clone(), small.clone()], "InvalidPartOrder"),
        (vec![missing], "InvalidPart"),
        (vec![other_sum], "InvalidPart"),
        (vec![other_etag], "InvalidPart"),
        (vec![no_sum], "InvalidRequest"),
    ] {
        assert_eq!(complete(client, &upload, parts).await.unwrap_err(), expected);
    }
    assert!(running.backend.info(BUCKET, KEY).is_none());
    complete(client, &upload, vec![small]).await.unwrap();
}

#[tokio::test]
async fn the_newest_of_a_part_counts() {
    let running = Running::start().await;
    let upload = create(&running.client).await;
    let old = store(&running.client, &upload, 1, b"old").await;
    let new = store(&running.client, &upload, 1, b"new").await;
    assert_eq!(complete(&running.client, &upload, vec![old]).await.unwrap_err(), "InvalidPart");
    complete(&running.client, &upload, vec![new]).await.unwrap();
    assert_eq!(running.backend.read(BUCKET, KEY).await.unwrap(), b"new");
}

#[tokio::test]
async fn an_aborted_upload_is_gone() {
    let running = Running::start().await;
    let upload = create(&running.client).await;
    let part = store(&running.client, &upload, 1, b"x").await;
    let abort = || running.client.abort_multipart_upload().bucket(BUCKET).key(KEY).upload_id(&upload).send();
    abort().await.unwrap();
    assert_eq!(code(abort().await), "NoSuchUpload");
    assert_eq!(complete(&running.client, &upload, vec![part]).await.unwrap_err(), "NoSuchUpload");
}

#[tokio::test]
async fn lists_open_uploads_in_pages() {
    let running = Running::start().await;
    let mut expected = Vec::new();
    for number in 0..5 {
        let create = running.client.create_multipart_upload().bucket(BUCKET).key(format!("t/{}", number / 2));
        expected.push(create.send().await.unwrap().upload_id().unwrap().to_owned());
    }
    running.client.create_multipart_upload().bucket(BUCKET).key("s").send().await.unwrap();
    let (mut found, mut marker) = (Vec::new(), (None, None));
    loop {
        let list = running.client.list_multipart_uploads().bucket(BUCKET).prefix("t/").max_uploads(2);
        let page = list.set_key_marker(marker.0).set_upload_id_marker(marker.1).send().await.unwrap();
        found.extend(page.uploads().iter().map(|upload| upload.upload_id().unwrap().to_owned()));
        if page.is_truncated() != Some(true) {
            break;
        }
        marker = (page.next_key_marker().map(str::to_owned), page.next_upload_id_marker().map(str::to_owned));
    }
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_restart_in_the_middle_loses_no_part() {
    let running = Running::start().await;
    let (first, second) = (noise(5 * MIB, 3), noise(1_000, 4));
    let upload = create(&running.client).await;
    let a = store(&running.client, &upload, 1, &first).await;
    let running = running.restart().await;
    let b = store(&running.client, &upload, 2, &second).await;
    let running = running.restart().await;
    complete(&running.client, &upload, vec![a, b]).await.unwrap();
    let running = running.restart().await;
    assert_eq!(running.backend.read(BUCKET, KEY).await.unwrap(), [first, second].concat());
}

#[tokio::test]
async fn a_kill_between_object_and_clean_up_ends_the_upload_at_the_next_start() {
    let running = Running::start().await;
    let upload = create(&running.client).await;
    let part = store(&running.client, &upload, 1, b"x").await;
    let folder = running.folder().join(BUCKET).join("uploads").join(&upload);
    let copy = running.folder().join("copy");
    std::fs::create_dir(&copy).unwrap();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
    }
    complete(&running.client, &upload, vec![part]).await.unwrap();
    // As if the process had died before the upload was cleared away.
    std::fs::rename(&copy, &folder).unwrap();
    let running = running.restart().await;
    assert!(!folder.exists());
    let open = running.client.list_multipart_uploads().bucket(BUCKET).send().await.unwrap();
    assert!(open.uploads().is_empty());
    assert_eq!(running.backend.read(BUCKET, KEY).await.unwrap(), b"x");
}

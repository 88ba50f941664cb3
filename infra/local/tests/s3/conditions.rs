//! Conditional writes are the only database, so exactly one of many writers may win.

use aws_sdk_s3::primitives::ByteStream;
use tokio::task::JoinSet;
use veilsum_local::s3::Faults;

use crate::server::{BUCKET, Running, code, send};

#[tokio::test]
async fn of_twenty_concurrent_creators_exactly_one_wins() {
    let running = Running::start().await;
    for round in 0..10 {
        let key = format!("t/{round}");
        let mut writers = JoinSet::new();
        for writer in 0..20 {
            let (client, key) = (running.client.clone(), key.clone());
            writers.spawn(async move {
                let body = ByteStream::from(format!("writer {writer}").into_bytes());
                let put =
                    client.put_object().bucket(BUCKET).key(key).if_none_match("*").body(body).send().await;
                (writer, put.map_err(|error| code::<(), _>(Err(error))))
            });
        }
        let results = writers.join_all().await;
        let winners: Vec<_> = results.iter().filter(|(_, result)| result.is_ok()).collect();
        assert_eq!(winners.len(), 1);
        let losers = results.iter().filter_map(|(_, result)| result.as_ref().err());
        assert!(losers.into_iter().all(|code| code == "PreconditionFailed"));
        let got = running.backend.read(BUCKET, &key).await.unwrap();
        assert_eq!(got, format!("writer {}", winners[0].0).into_bytes());
    }
}

#[tokio::test]
async fn of_twenty_concurrent_swappers_no_update_is_lost() {
    let running = Running::start().await;
    let counter = |client: aws_sdk_s3::Client| async move {
        loop {
            let got = client.get_object().bucket(BUCKET).key("n").send().await.unwrap();
            let etag = got.e_tag().unwrap().to_owned();
            let text = String::from_utf8(got.body.collect().await.unwrap().to_vec()).unwrap();
            let next = text.parse::<u32>().unwrap() + 1;
            let body = ByteStream::from(next.to_string().into_bytes());
            if client.put_object().bucket(BUCKET).key("n").if_match(etag).body(body).send().await.is_ok() {
                return;
            }
        }
    };
    running
        .client
        .put_object()
        .bucket(BUCKET)
        .key("n")
        .body(ByteStream::from_static(b"0"))
        .send()
        .await
        .unwrap();
    let mut writers = JoinSet::new();
    for _ in 0..20 {
        writers.spawn(counter(running.client.clone()));
    }
    writers.join_all().await;
    assert_eq!(running.backend.read(BUCKET, "n").await.unwrap(), b"20");
}

#[tokio::test]
async fn a_condition_on_nothing_or_on_another_version_fails() {
    let running = Running::start().await;
    let put =
        |key: &str| running.client.put_object().bucket(BUCKET).key(key).body(ByteStream::from_static(b"x"));
    assert_eq!(code(put("a").if_match("\"00\"").send().await), "PreconditionFailed");
    assert_eq!(code(put("a").if_match("*").send().await), "PreconditionFailed");
    let stored = put("a").if_none_match("*").send().await.unwrap();
    assert_eq!(code(put("a").if_match("\"00\"").send().await), "PreconditionFailed");
    put("a").if_match(stored.e_tag().unwrap()).send().await.unwrap();
    let delete = running.client.delete_object().bucket(BUCKET).key("a").if_match("\"00\"").send().await;
    assert_eq!(code(delete), "PreconditionFailed");
    assert!(running.backend.info(BUCKET, "a").is_some());
}

#[tokio::test]
async fn reads_are_conditional_too() {
    let running = Running::start().await;
    let stored =
        running.client.put_object().bucket(BUCKET).key("a").body(ByteStream::from_static(b"x")).send().await;
    let etag = stored.unwrap().e_tag().unwrap().to_owned();
    let get = || running.client.get_object().bucket(BUCKET).key("a");
    let unchanged = get().if_none_match(&etag).send().await.unwrap_err();
    assert_eq!(unchanged.raw_response().unwrap().status().as_u16(), 304);
    get().if_none_match("\"00\"").send().await.unwrap();
    get().if_match(&etag).send().await.unwrap();
    assert_eq!(code(get().if_match("\"00\"").send().await), "PreconditionFailed");
}

#[tokio::test]
async fn a_wrong_key_and_no_key_are_refused() {
    let running = Running::start().await;
    let foreign = running.intruder().get_object().bucket(BUCKET).key("a").send().await;
    assert_eq!(code(foreign), "SignatureDoesNotMatch");
    let answer = send("GET", &format!("{}/{BUCKET}/a", running.url), [], "").await;
    assert_eq!(answer.status, 403);
}

#[tokio::test]
async fn a_client_that_retries_gets_through_injected_faults() {
    let running = Running::start_with(Faults { percent_503: 30, seed: 1 }).await;
    let (mut stored, mut kept) = (0, 0);
    for number in 0..40 {
        let key = format!("{number}");
        let put = running.client.put_object().bucket(BUCKET).key(&key).body(ByteStream::from_static(b"x"));
        let result = put.send().await;
        stored += usize::from(result.is_ok());
        kept += usize::from(running.backend.info(BUCKET, &key).is_some());
    }
    assert!(stored >= 30, "most calls get through in three tries: {stored}");
    assert!(kept >= stored, "what was acknowledged is there");
}

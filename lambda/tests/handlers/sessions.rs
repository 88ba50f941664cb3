//! Signing in.

use ed25519_dalek::SigningKey;
use pasetors::claims::Claims;
use pasetors::keys::SymmetricKey;
use pasetors::version4::V4;
use veilsum_lambda::tokens::{CHALLENGE_PURPOSE, Tokens};
use veilsum_local::s3::Faults;
use veilsum_protocol::TenantId;
use veilsum_protocol::api::{Challenge, Session, SignIn};

use crate::cloud::{Cloud, NOTHING, TOKEN_KEY, signed};

fn key() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}

async fn challenge(cloud: &Cloud) -> String {
    let challenge: Challenge = cloud.call("POST", "/sessions/challenge", None, NOTHING).await.json();
    assert_eq!(challenge.expires_in, 120);
    challenge.challenge
}

#[tokio::test]
async fn a_signed_challenge_becomes_a_session_of_the_keys_tenant() {
    let cloud = Cloud::start().await;
    let sign_in = signed(&key(), &challenge(&cloud).await);
    let session: Session = cloud.call("POST", "/sessions", None, Some(&sign_in)).await.json();
    assert_eq!(session.tenant, TenantId::of_identity_key(key().verifying_key().as_bytes()));
    assert!(session.expires_in <= 600);
    let shown = cloud.call("GET", "/session", Some(&session.token), NOTHING).await;
    assert_eq!(
        shown.json::<serde_json::Value>(),
        serde_json::json!({ "tenant": session.tenant.to_string() })
    );
}

#[tokio::test]
async fn a_challenge_works_once() {
    let cloud = Cloud::start().await;
    let sign_in = signed(&key(), &challenge(&cloud).await);
    let _: Session = cloud.call("POST", "/sessions", None, Some(&sign_in)).await.json();
    cloud.call("POST", "/sessions", None, Some(&sign_in)).await.is_problem(401, "challenge-used");
    let other_key = signed(&SigningKey::from_bytes(&[2; 32]), &sign_in.challenge);
    cloud.call("POST", "/sessions", None, Some(&other_key)).await.is_problem(401, "challenge-used");
}

#[tokio::test]
async fn of_sign_ins_with_one_challenge_at_the_same_time_one_wins() {
    let cloud = Cloud::start().await;
    for _ in 0..100 {
        let sign_in = signed(&key(), &challenge(&cloud).await);
        let replies = tokio::join!(
            cloud.call("POST", "/sessions", None, Some(&sign_in)),
            cloud.call("POST", "/sessions", None, Some(&sign_in)),
            cloud.call("POST", "/sessions", None, Some(&sign_in)),
        );
        let statuses = [replies.0.status, replies.1.status, replies.2.status];
        assert_eq!(statuses.iter().filter(|status| status.is_success()).count(), 1, "{statuses:?}");
    }
}

#[tokio::test]
async fn a_lost_confirmation_of_the_mark_does_not_refuse_the_sign_in() {
    let cloud = Cloud::with_faults(Faults { percent_503: 30, seed: 11 }).await;
    for seed in 0..40 {
        cloud.sign_in(seed).await;
    }
}

#[tokio::test]
async fn rejects_challenges_that_are_not_ours_or_too_old() {
    let cloud = Cloud::start().await;
    let other_key = Tokens::from_hex(&"0a".repeat(32)).unwrap().issue_challenge().unwrap();
    for text in ["", "challenge", other_key.as_str()] {
        let sign_in = signed(&key(), text);
        cloud.call("POST", "/sessions", None, Some(&sign_in)).await.is_problem(401, "challenge-invalid");
    }
    let sign_in = signed(&key(), &expired_challenge());
    cloud.call("POST", "/sessions", None, Some(&sign_in)).await.is_problem(401, "challenge-expired");
    assert!(cloud.keys().is_empty(), "nothing is stored for what is refused");
}

#[tokio::test]
async fn rejects_a_session_in_place_of_a_challenge() {
    let cloud = Cloud::start().await;
    let token = cloud.sign_in(1).await.token;
    let sign_in = signed(&key(), &token);
    cloud.call("POST", "/sessions", None, Some(&sign_in)).await.is_problem(401, "challenge-invalid");
}

#[tokio::test]
async fn a_wrong_signature_does_not_use_up_the_challenge() {
    let cloud = Cloud::start().await;
    let good = signed(&key(), &challenge(&cloud).await);
    let stranger = signed(&SigningKey::from_bytes(&[2; 32]), &good.challenge);
    let wrong = SignIn { signature: stranger.signature, ..good.clone() };
    cloud.call("POST", "/sessions", None, Some(&wrong)).await.is_problem(401, "signature-wrong");
    let _: Session = cloud.call("POST", "/sessions", None, Some(&good)).await.json();
}

fn expired_challenge() -> String {
    let mut claims = Claims::new().unwrap();
    claims.token_identifier(&"01".repeat(16)).unwrap();
    claims.expiration("2020-01-01T00:00:00Z").unwrap();
    let key = SymmetricKey::<V4>::from(&hex::decode(TOKEN_KEY).unwrap()).unwrap();
    pasetors::local::encrypt(&key, &claims, None, Some(CHALLENGE_PURPOSE)).unwrap()
}

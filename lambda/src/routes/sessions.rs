//! Signing in: a challenge, signed with the identity key, becomes a short-lived session.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use veilsum_protocol::TenantId;
use veilsum_protocol::api::{Challenge, Session, SignIn};

use crate::api::Api;
use crate::auth::{Caller, prove};
use crate::error::ApiError;
use crate::keys::used_challenge;
use crate::openapi::Failed;
use crate::request::Body;
use crate::store::{Creation, Store};
use crate::tokens::{CHALLENGE_SECONDS, IssueError, SESSION_SECONDS, TokenError};

/// Asks for a challenge to sign.
#[utoipa::path(
    post, path = "/sessions/challenge", operation_id = "askForChallenge", tag = "sessions", security(()),
    responses((status = 200, body = Challenge), Failed),
)]
pub(super) async fn challenge(State(api): State<Api>) -> Result<Json<Challenge>, ApiError> {
    Ok(Json(Challenge { challenge: api.tokens().issue_challenge()?, expires_in: CHALLENGE_SECONDS }))
}

/// Exchanges a signed challenge for a session. A challenge works once.
#[utoipa::path(
    post, path = "/sessions", operation_id = "signIn", tag = "sessions", security(()), request_body = SignIn,
    responses((status = 201, body = Session), Failed),
)]
pub(super) async fn sign_in(
    State(api): State<Api>,
    Body(sign_in): Body<SignIn>,
) -> Result<(StatusCode, Json<Session>), ApiError> {
    let challenge = api.tokens().open_challenge(&sign_in.challenge).map_err(|error| match error {
        TokenError::Expired => ApiError::ChallengeExpired,
        TokenError::Invalid => ApiError::ChallengeInvalid,
    })?;
    let caller = prove(&sign_in).map_err(|_| ApiError::SignatureWrong)?;
    let token = api.tokens().issue_session(&caller)?;
    // Last, so that nobody but the holder of a challenge and a key can use the challenge up.
    use_up(api.store(), &challenge).await?;
    Ok((StatusCode::CREATED, Json(Session { token, expires_in: SESSION_SECONDS, tenant: caller.tenant() })))
}

/// Succeeds once per challenge.
async fn use_up(store: &Store, challenge: &[u8; 16]) -> Result<(), ApiError> {
    // Tells our own mark, whose confirmation got lost, from one that another request left.
    let mut mark = vec![0; 16];
    getrandom::fill(&mut mark).map_err(|_| IssueError)?;
    let key = used_challenge(challenge);
    match store.create(&key, mark.clone()).await? {
        Creation::Created => Ok(()),
        Creation::AlreadyThere if store.read(&key, mark.len() as u64).await? == Some(mark) => Ok(()),
        Creation::AlreadyThere => Err(ApiError::ChallengeUsed),
    }
}

/// Who a session belongs to.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct Identity {
    /// The caller's tenant.
    tenant: TenantId,
}

/// Says whose session this is.
#[utoipa::path(
    get, path = "/session", operation_id = "showSession", tag = "sessions",
    responses((status = 200, body = Identity), Failed),
)]
pub(super) async fn show(caller: Caller) -> Json<Identity> {
    Json(Identity { tenant: caller.tenant() })
}

//! Who is calling: the one authenticator. Keys of objects are made from the [`Caller`] that it yields.

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use ed25519_dalek::{Signature, VerifyingKey};
use veilsum_protocol::api::{SIGN_IN_LABEL, SignIn};
use veilsum_protocol::{DatasetId, JobId, ModelId, ScoreId, TenantId, TrainingId};

use crate::api::Api;
use crate::error::ApiError;
use crate::keys::{self, DatasetKeys, JobKeys, ModelKeys, ScoreKeys, TrainingKeys};
use crate::tokens::TokenError;

/// Whoever sent a request, as proved by its session token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    tenant: TenantId,
    role: Role,
}

/// What a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Everything with the tenant's own datasets and jobs.
    Owner,
}

impl Role {
    /// The role's name in a token.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
        }
    }

    /// The role with that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Owner].into_iter().find(|role| role.as_str() == name)
    }
}

impl Caller {
    pub(crate) fn new(tenant: TenantId, role: Role) -> Self {
        Self { tenant, role }
    }

    /// The caller's tenant.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// What the caller may do.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// The folder of the caller's datasets.
    #[must_use]
    pub fn datasets_folder(&self) -> String {
        keys::datasets_folder(&self.tenant)
    }

    /// The keys of one of the caller's datasets.
    #[must_use]
    pub fn dataset(&self, dataset: &DatasetId) -> DatasetKeys {
        DatasetKeys::new(&self.tenant, dataset)
    }

    /// The keys of one of the caller's jobs.
    #[must_use]
    pub fn job(&self, job: &JobId) -> JobKeys {
        JobKeys::new(&self.tenant, job)
    }

    /// The keys of one of the caller's models.
    #[must_use]
    pub fn model(&self, model: &ModelId) -> ModelKeys {
        ModelKeys::new(&self.tenant, model)
    }

    /// The keys of one of the caller's scores.
    #[must_use]
    pub fn score(&self, score: &ScoreId) -> ScoreKeys {
        ScoreKeys::new(&self.tenant, score)
    }

    /// The keys of one of the trainings whose key the caller holds.
    #[must_use]
    pub fn training(&self, training: &TrainingId) -> TrainingKeys {
        TrainingKeys::new(&self.tenant, training)
    }
}

impl FromRequestParts<Api> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let token = bearer_token(parts).ok_or(ApiError::NoSession)?;
        let caller = api.tokens().open_session(token).map_err(|error| match error {
            TokenError::Expired => ApiError::SessionExpired,
            TokenError::Invalid => ApiError::SessionInvalid,
        })?;
        tracing::Span::current().record("tenant", tracing::field::display(caller.tenant));
        Ok(caller)
    }
}

fn bearer_token(parts: &Parts) -> Option<&str> {
    let (scheme, token) = parts.headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

/// A signed challenge does not prove who signed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature is not one of the identity key over the challenge")]
pub struct NotProved;

/// The caller whose identity key signed `SIGN_IN_LABEL ‖ challenge`, by the strict rules of Ed25519 (no weak keys, no
/// second form of a signature). Whether the challenge is ours is another question.
///
/// # Errors
/// [`NotProved`], whatever the reason.
pub fn prove(sign_in: &SignIn) -> Result<Caller, NotProved> {
    let mut key = [0; 32];
    hex::decode_to_slice(&sign_in.identity_key, &mut key).map_err(|_| NotProved)?;
    let mut signature = [0; 64];
    hex::decode_to_slice(&sign_in.signature, &mut signature).map_err(|_| NotProved)?;
    let message = [SIGN_IN_LABEL, sign_in.challenge.as_bytes()].concat();
    VerifyingKey::from_bytes(&key)
        .and_then(|verifying_key| verifying_key.verify_strict(&message, &Signature::from_bytes(&signature)))
        .map_err(|_| NotProved)?;
    Ok(Caller::new(TenantId::of_identity_key(&key), Role::Owner))
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer, SigningKey};

    use super::*;

    fn signed(challenge: &str, label: &[u8]) -> SignIn {
        let key = SigningKey::from_bytes(&[5; 32]);
        let signature = key.sign(&[label, challenge.as_bytes()].concat());
        SignIn {
            identity_key: hex::encode(key.verifying_key().as_bytes()),
            challenge: challenge.to_owned(),
            signature: hex::encode(signature.to_bytes()),
        }
    }

    #[test]
    fn a_signed_challenge_proves_the_tenant_of_the_key() {
        let sign_in = signed("challenge", SIGN_IN_LABEL);
        let key = SigningKey::from_bytes(&[5; 32]).verifying_key();
        assert_eq!(prove(&sign_in).unwrap().tenant(), TenantId::of_identity_key(key.as_bytes()));
    }

    #[test]
    fn rejects_a_signature_over_something_else() {
        let other_challenge = SignIn { challenge: "other".into(), ..signed("challenge", SIGN_IN_LABEL) };
        assert_eq!(prove(&other_challenge), Err(NotProved));
        assert_eq!(prove(&signed("challenge", b"")), Err(NotProved));
        assert_eq!(prove(&signed("challenge", b"veilsum manifest v1\0")), Err(NotProved));
    }

    #[test]
    fn rejects_a_signature_of_another_key() {
        let other = SigningKey::from_bytes(&[6; 32]).verifying_key();
        let sign_in =
            SignIn { identity_key: hex::encode(other.as_bytes()), ..signed("challenge", SIGN_IN_LABEL) };
        assert_eq!(prove(&sign_in), Err(NotProved));
    }

    #[test]
    fn rejects_a_weak_key_with_the_signature_that_fits_any_message() {
        // The neutral element as key and as R, with s = 0, verifies any message under the lax rules.
        let mut neutral = [0; 32];
        neutral[0] = 1;
        let sign_in = SignIn {
            identity_key: hex::encode(neutral),
            challenge: "challenge".into(),
            signature: hex::encode([neutral, [0; 32]].concat()),
        };
        assert_eq!(prove(&sign_in), Err(NotProved));
    }

    #[test]
    fn rejects_what_is_not_hex_of_the_right_length() {
        let good = signed("challenge", SIGN_IN_LABEL);
        for bad in ["", "00", "zz", &"0".repeat(10_000)] {
            assert_eq!(prove(&SignIn { identity_key: bad.into(), ..good.clone() }), Err(NotProved));
            assert_eq!(prove(&SignIn { signature: bad.into(), ..good.clone() }), Err(NotProved));
        }
    }

    #[test]
    fn every_role_is_found_by_its_name() {
        assert_eq!(Role::from_name("owner"), Some(Role::Owner));
        assert_eq!(Role::from_name("Owner"), None);
        assert_eq!(Role::from_name(""), None);
    }
}

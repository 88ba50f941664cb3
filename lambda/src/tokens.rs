//! The two tokens of the API: a challenge to sign, and a session. Both are PASETO v4.local; their purpose is bound as
//! implicit assertion, so that one can never pass for the other.

use std::time::Duration;

use pasetors::claims::{Claims, ClaimsValidationRules};
use pasetors::errors::{ClaimValidationError, Error as PasetoError};
use pasetors::keys::SymmetricKey;
use pasetors::token::UntrustedToken;
use pasetors::version4::V4;
use pasetors::{Local, local};
use veilsum_protocol::TenantId;

use crate::auth::{Caller, Role};

/// Seconds in which a challenge must be signed.
pub const CHALLENGE_SECONDS: u64 = 120;
/// Seconds for which a session is good.
pub const SESSION_SECONDS: u64 = 600;
/// Implicit assertion of challenges.
pub const CHALLENGE_PURPOSE: &[u8] = b"veilsum sign-in challenge v1";
/// Implicit assertion of sessions.
pub const SESSION_PURPOSE: &[u8] = b"veilsum session v1";
/// Longest token that is looked at.
const MAX_TOKEN_CHARACTERS: usize = 1_024;
/// The claim that holds the caller's role.
const ROLE: &str = "role";

/// The key is not 32 bytes in hex.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a token key has 64 hexadecimal characters, this has {actual} characters")]
pub struct BadTokenKey {
    /// Characters that were found.
    pub actual: usize,
}

/// Why a token is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// It was good once.
    #[error("the token has expired")]
    Expired,
    /// It is not one of ours, or not for this purpose.
    #[error("the token is not valid")]
    Invalid,
}

/// A token could not be made; the system's source of randomness failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a token could not be made")]
pub struct IssueError;

/// Makes and checks tokens.
#[derive(Debug)]
pub struct Tokens {
    key: SymmetricKey<V4>,
}

impl Tokens {
    /// With a key of 32 bytes in hex.
    ///
    /// # Errors
    /// [`BadTokenKey`] for any other text.
    pub fn from_hex(text: &str) -> Result<Self, BadTokenKey> {
        let wrong = || BadTokenKey { actual: text.chars().count() };
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| wrong())?;
        Ok(Self { key: SymmetricKey::from(&bytes).map_err(|_| wrong())? })
    }

    /// A new challenge, good for [`CHALLENGE_SECONDS`].
    ///
    /// # Errors
    /// [`IssueError`] if there is no randomness.
    pub fn issue_challenge(&self) -> Result<String, IssueError> {
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(|_| IssueError)?;
        let mut claims = expiring_in(CHALLENGE_SECONDS)?;
        claims.token_identifier(&hex::encode(id)).map_err(|_| IssueError)?;
        self.seal(CHALLENGE_PURPOSE, &claims)
    }

    /// The id of a challenge that this key made and that has not expired.
    ///
    /// # Errors
    /// [`TokenError`] for anything else.
    pub fn open_challenge(&self, token: &str) -> Result<[u8; 16], TokenError> {
        let claims = self.open(CHALLENGE_PURPOSE, token)?;
        let mut id = [0; 16];
        hex::decode_to_slice(text_claim(&claims, "jti")?, &mut id).map_err(|_| TokenError::Invalid)?;
        Ok(id)
    }

    /// A session for `caller`, good for [`SESSION_SECONDS`].
    ///
    /// # Errors
    /// [`IssueError`] if there is no randomness.
    pub fn issue_session(&self, caller: &Caller) -> Result<String, IssueError> {
        let mut claims = expiring_in(SESSION_SECONDS)?;
        claims.subject(&caller.tenant().to_string()).map_err(|_| IssueError)?;
        claims.add_additional(ROLE, caller.role().as_str()).map_err(|_| IssueError)?;
        self.seal(SESSION_PURPOSE, &claims)
    }

    /// The caller of a session that this key made and that has not expired.
    ///
    /// # Errors
    /// [`TokenError`] for anything else.
    pub fn open_session(&self, token: &str) -> Result<Caller, TokenError> {
        let claims = self.open(SESSION_PURPOSE, token)?;
        let tenant: TenantId = text_claim(&claims, "sub")?.parse().map_err(|_| TokenError::Invalid)?;
        let role = Role::from_name(text_claim(&claims, ROLE)?).ok_or(TokenError::Invalid)?;
        Ok(Caller::new(tenant, role))
    }

    fn seal(&self, purpose: &[u8], claims: &Claims) -> Result<String, IssueError> {
        local::encrypt(&self.key, claims, None, Some(purpose)).map_err(|_| IssueError)
    }

    fn open(&self, purpose: &[u8], token: &str) -> Result<Claims, TokenError> {
        if token.len() > MAX_TOKEN_CHARACTERS {
            return Err(TokenError::Invalid);
        }
        let untrusted = UntrustedToken::<Local, V4>::try_from(token).map_err(|_| TokenError::Invalid)?;
        let mut rules = ClaimsValidationRules::new();
        // Clocks of two machines differ by more than nothing; expiry is checked all the same.
        rules.disable_valid_at();
        match local::decrypt(&self.key, &untrusted, &rules, None, Some(purpose)) {
            Ok(trusted) => trusted.payload_claims().cloned().ok_or(TokenError::Invalid),
            Err(PasetoError::ClaimValidation(ClaimValidationError::Exp)) => Err(TokenError::Expired),
            Err(_) => Err(TokenError::Invalid),
        }
    }
}

fn expiring_in(seconds: u64) -> Result<Claims, IssueError> {
    Claims::new_expires_in(&Duration::from_secs(seconds)).map_err(|_| IssueError)
}

fn text_claim<'a>(claims: &'a Claims, name: &str) -> Result<&'a str, TokenError> {
    claims.get_claim(name).and_then(|claim| claim.as_str()).ok_or(TokenError::Invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: TenantId = TenantId::from_bytes([7; 32]);

    fn tokens(byte: &str) -> Tokens {
        Tokens::from_hex(&byte.repeat(32)).unwrap()
    }

    fn caller() -> Caller {
        Caller::new(TENANT, Role::Owner)
    }

    fn expired(purpose: &[u8], fill: impl FnOnce(&mut Claims)) -> String {
        let mut claims = Claims::new().unwrap();
        fill(&mut claims);
        claims.expiration("2020-01-01T00:00:00Z").unwrap();
        tokens("0a").seal(purpose, &claims).unwrap()
    }

    #[test]
    fn a_session_yields_its_caller() {
        let session = tokens("0a").issue_session(&caller()).unwrap();
        assert_eq!(tokens("0a").open_session(&session), Ok(caller()));
    }

    #[test]
    fn challenges_differ_and_are_accepted() {
        let tokens = tokens("0a");
        let [first, second] = [(); 2].map(|()| tokens.issue_challenge().unwrap());
        assert_ne!(tokens.open_challenge(&first).unwrap(), tokens.open_challenge(&second).unwrap());
    }

    #[test]
    fn rejects_expired_tokens_as_expired() {
        let session = expired(SESSION_PURPOSE, |claims| {
            claims.subject(&TENANT.to_string()).unwrap();
            claims.add_additional(ROLE, "owner").unwrap();
        });
        assert_eq!(tokens("0a").open_session(&session), Err(TokenError::Expired));
        let challenge =
            expired(CHALLENGE_PURPOSE, |claims| claims.token_identifier(&"01".repeat(16)).unwrap());
        assert_eq!(tokens("0a").open_challenge(&challenge), Err(TokenError::Expired));
    }

    #[test]
    fn rejects_tokens_without_expiry() {
        let mut claims = Claims::new().unwrap();
        claims.subject(&TENANT.to_string()).unwrap();
        claims.add_additional(ROLE, "owner").unwrap();
        claims.non_expiring();
        let eternal = tokens("0a").seal(SESSION_PURPOSE, &claims).unwrap();
        assert_eq!(tokens("0a").open_session(&eternal), Err(TokenError::Invalid));
    }

    #[test]
    fn rejects_tokens_of_another_key() {
        let session = tokens("0b").issue_session(&caller()).unwrap();
        assert_eq!(tokens("0a").open_session(&session), Err(TokenError::Invalid));
        let challenge = tokens("0b").issue_challenge().unwrap();
        assert_eq!(tokens("0a").open_challenge(&challenge), Err(TokenError::Invalid));
    }

    #[test]
    fn rejects_a_token_of_the_other_purpose() {
        let tokens = tokens("0a");
        let challenge = tokens.issue_challenge().unwrap();
        assert_eq!(tokens.open_session(&challenge), Err(TokenError::Invalid));
        let session = tokens.issue_session(&caller()).unwrap();
        assert_eq!(tokens.open_challenge(&session), Err(TokenError::Invalid));
    }

    #[test]
    fn rejects_every_changed_character() {
        let tokens = tokens("0a");
        let session = tokens.issue_session(&caller()).unwrap();
        for place in 0..session.len() {
            let mut forged = session.clone().into_bytes();
            // Stays in the alphabet; changes the third-lowest bit of the character's value at least, so that it is
            // not only in the bits that base64 leaves unused at the end.
            forged[place] = if forged[place] == b'A' { b'z' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            assert_eq!(tokens.open_session(&forged), Err(TokenError::Invalid), "character {place}");
        }
    }

    #[test]
    fn rejects_what_is_no_token() {
        for text in ["", "v4.local.", "v4.public.abc", "Bearer", &"A".repeat(10_000), "v4.local.\u{1f600}"] {
            assert_eq!(tokens("0a").open_session(text), Err(TokenError::Invalid));
        }
    }

    #[test]
    fn rejects_an_unknown_role() {
        let mut claims = Claims::new().unwrap();
        claims.subject(&TENANT.to_string()).unwrap();
        claims.add_additional(ROLE, "root").unwrap();
        let token = tokens("0a").seal(SESSION_PURPOSE, &claims).unwrap();
        assert_eq!(tokens("0a").open_session(&token), Err(TokenError::Invalid));
    }

    #[test]
    fn rejects_keys_of_another_length() {
        for text in ["", "0a", &"0a".repeat(31), &"0a".repeat(33), &"zz".repeat(32)] {
            assert!(Tokens::from_hex(text).is_err());
        }
    }

    #[test]
    fn debug_shows_no_key() {
        assert!(!format!("{:?}", tokens("0a")).contains("10, 10"));
        assert!(!format!("{:?}", tokens("0a")).contains("0a0a"));
    }
}

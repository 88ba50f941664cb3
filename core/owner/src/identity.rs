//! The identity key: who the owner is to the cloud, and who signed a manifest. Ed25519 [RFC 8032].
//!
//! Every signature is over a [label](SignatureLabel) and a message, so that a signature made for one purpose is
//! worth nothing for another. Verification is strict: weak keys and malleable signatures are refused.

use core::fmt;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use rand_core::CryptoRng;
use veilsum_protocol::TenantId;
use zeroize::Zeroizing;

use crate::labels::SignatureLabel;

/// Bytes of the seed that an identity key is made from.
pub const SEED_BYTES: usize = 32;
/// Bytes of a public identity key.
pub const PUBLIC_KEY_BYTES: usize = 32;
/// Bytes of a signature.
pub const SIGNATURE_BYTES: usize = 64;

/// The signature was not made by this key over this message for this purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not belong to this key and message")]
pub struct SignatureError;

/// An Ed25519 signing key; `ed25519-dalek` wipes it when dropped.
pub struct IdentityKey(Box<SigningKey>);

impl IdentityKey {
    /// Draws a new identity.
    #[must_use]
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut seed = Zeroizing::new([0; SEED_BYTES]);
        rng.fill_bytes(&mut *seed);
        Self::from_seed(&seed)
    }

    /// The identity of a seed.
    #[must_use]
    pub fn from_seed(seed: &[u8; SEED_BYTES]) -> Self {
        Self(Box::new(SigningKey::from_bytes(seed)))
    }

    /// The seed, to be stored in a keyring only.
    #[must_use]
    pub fn seed_secret_bytes(&self) -> &[u8; SEED_BYTES] {
        self.0.as_bytes()
    }

    /// The public key.
    #[must_use]
    pub fn public_bytes(&self) -> [u8; PUBLIC_KEY_BYTES] {
        self.0.verifying_key().to_bytes()
    }

    /// The tenant that this identity is to the cloud.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        TenantId::of_identity_key(&self.public_bytes())
    }

    /// Signs `label ‖ message`.
    #[must_use]
    pub fn sign(&self, label: SignatureLabel, message: &[u8]) -> [u8; SIGNATURE_BYTES] {
        self.0.sign(&labelled(label, message)).to_bytes()
    }

    /// Signs a sign-in challenge of the API.
    #[must_use]
    pub fn sign_challenge(&self, challenge: &str) -> [u8; SIGNATURE_BYTES] {
        self.sign(SignatureLabel::SIGN_IN, challenge.as_bytes())
    }
}

impl fmt::Debug for IdentityKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "IdentityKey(tenant {}, secret redacted)", self.tenant())
    }
}

/// Checks a signature over `label ‖ message`.
///
/// # Errors
/// [`SignatureError`], also for public keys that are no curve point or of small order.
pub fn verify(
    public_key: &[u8; PUBLIC_KEY_BYTES],
    label: SignatureLabel,
    message: &[u8],
    signature: &[u8; SIGNATURE_BYTES],
) -> Result<(), SignatureError> {
    verify_raw(public_key, &labelled(label, message), signature)
}

/// Strict Ed25519 over the bytes as they are.
fn verify_raw(
    public_key: &[u8; PUBLIC_KEY_BYTES],
    signed: &[u8],
    signature: &[u8; SIGNATURE_BYTES],
) -> Result<(), SignatureError> {
    VerifyingKey::from_bytes(public_key)
        .and_then(|key| key.verify_strict(signed, &Signature::from_bytes(signature)))
        .map_err(|_| SignatureError)
}

fn labelled(label: SignatureLabel, message: &[u8]) -> Vec<u8> {
    [label.as_bytes(), message].concat()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn bytes<const N: usize>(hex: &Value) -> [u8; N] {
        hex::decode(hex.as_str().unwrap()).unwrap().try_into().unwrap()
    }

    #[test]
    fn agrees_with_wycheproof() {
        let vectors: Value =
            serde_json::from_str(include_str!("../tests/vectors/wycheproof_ed25519.json")).unwrap();
        let key = bytes(&vectors["pk"]);
        let tests = vectors["tests"].as_array().unwrap();
        assert_eq!(tests.len(), 27);
        for test in tests {
            let message = hex::decode(test["msg"].as_str().unwrap()).unwrap();
            let verified = verify_raw(&key, &message, &bytes(&test["sig"]));
            assert_eq!(verified.is_ok(), test["result"] == "valid", "test {}", test["tcId"]);
        }
    }

    #[test]
    fn refuses_keys_of_small_order() {
        // The neutral element signs everything: R = S·B for any S, here S = 0 and R = neutral.
        let mut neutral = [0; PUBLIC_KEY_BYTES];
        neutral[0] = 1;
        let mut signature = [0; SIGNATURE_BYTES];
        signature[0] = 1;
        let lenient = VerifyingKey::from_bytes(&neutral).unwrap();
        assert!(ed25519_dalek::Verifier::verify(&lenient, b"anything", &signature.into()).is_ok());
        assert_eq!(verify_raw(&neutral, b"anything", &signature), Err(SignatureError));
    }

    #[test]
    fn refuses_a_signature_whose_s_is_not_reduced() {
        let key = IdentityKey::from_seed(&[7; SEED_BYTES]);
        let good = key.sign(SignatureLabel::MANIFEST, b"message");
        assert_eq!(verify(&key.public_bytes(), SignatureLabel::MANIFEST, b"message", &good), Ok(()));
        // S + L is the same scalar; its 32 bytes do not overflow.
        let order = hex::decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").unwrap();
        let (mut malleated, mut carry) = (good, 0_u16);
        for (byte, addend) in malleated[32..].iter_mut().zip(order) {
            carry += u16::from(*byte) + u16::from(addend);
            *byte = u8::try_from(carry & 0xff).unwrap();
            carry >>= 8;
        }
        let refused = verify(&key.public_bytes(), SignatureLabel::MANIFEST, b"message", &malleated);
        assert_eq!(refused, Err(SignatureError));
    }

    #[test]
    fn a_signature_counts_for_its_label_and_message_only() {
        let key = IdentityKey::from_seed(&[7; SEED_BYTES]);
        let public_key = key.public_bytes();
        let signature = key.sign_challenge("challenge");
        assert_eq!(verify(&public_key, SignatureLabel::SIGN_IN, b"challenge", &signature), Ok(()));
        let refused = Err(SignatureError);
        assert_eq!(verify(&public_key, SignatureLabel::MANIFEST, b"challenge", &signature), refused);
        assert_eq!(verify(&public_key, SignatureLabel::SIGN_IN, b"challengf", &signature), refused);
        let other = IdentityKey::from_seed(&[8; SEED_BYTES]).public_bytes();
        assert_eq!(verify(&other, SignatureLabel::SIGN_IN, b"challenge", &signature), refused);
        for bit in 0..SIGNATURE_BYTES * 8 {
            let mut flipped = signature;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(
                verify(&public_key, SignatureLabel::SIGN_IN, b"challenge", &flipped),
                refused,
                "bit {bit}"
            );
        }
    }

    #[test]
    fn signs_challenges_as_the_cloud_verifies_them() {
        // RFC 8032 over `SIGN_IN_LABEL ‖ challenge`, spelled out.
        let key = IdentityKey::from_seed(&[7; SEED_BYTES]);
        let signed = [veilsum_protocol::api::SIGN_IN_LABEL, b"v4.challenge"].concat();
        assert_eq!(verify_raw(&key.public_bytes(), &signed, &key.sign_challenge("v4.challenge")), Ok(()));
    }

    #[test]
    fn debug_shows_the_tenant_and_no_secret() {
        let shown = format!("{:?}", IdentityKey::from_seed(&[7; SEED_BYTES]));
        assert!(!shown.contains(&hex::encode([7; 4])) && !shown.contains("7, 7"), "{shown}");
    }
}

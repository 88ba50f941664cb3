//! Every label that separates one use of a key from another, in one place.
//!
//! Each label ends with its only zero byte, so that no label followed by data equals another label followed by
//! other data. Contexts of sealed files that have a clear header are that header, which starts with its own magic.

use veilsum_protocol::api::SIGN_IN_LABEL;

/// HKDF: the key of the check slot's coefficients and pseudo-random values; context: key fingerprint.
pub const CHECK_KEY: &[u8] = b"veilsum check key v1\0";
/// HMAC under a check key: the coefficient of one slot; the slot follows.
pub const CHECK_WEIGHT: &[u8] = b"veilsum check weight v1\0";
/// HMAC under a check key: the pseudo-random value of one block; the block's place follows.
pub const CHECK_MASK: &[u8] = b"veilsum check mask v1\0";
/// HKDF: the seed of the BFV secret key; context: number of the parameter set.
pub const BFV_SECRET_KEY: &[u8] = b"veilsum bfv secret key v1\0";
/// HKDF under the seed of a BFV secret key: the fingerprint of that key; context: number of the parameter set.
pub const BFV_FINGERPRINT: &[u8] = b"veilsum bfv fingerprint v1\0";
/// HKDF: the key that seals the manifests of one dataset; context: dataset id.
pub const MANIFEST_SEAL_KEY: &[u8] = b"veilsum manifest seal key v1\0";
/// HKDF: the key that seals the original of one dataset; context: dataset id.
pub const ORIGINAL_SEAL_KEY: &[u8] = b"veilsum original seal key v1\0";
/// HKDF: the key that seals what a browser keeps for itself; no context.
pub const LOCAL_SEAL_KEY: &[u8] = b"veilsum local seal key v1\0";
/// HKDF: the key that seals the newest manifest numbers in a key file; no context.
pub const KEY_FILE_SEAL_KEY: &[u8] = b"veilsum key file seal key v1\0";

/// HKDF: the secret that studies' pseudonyms are drawn under; no context.
pub const PSEUDONYM_SECRET: &[u8] = b"veilsum pseudonym secret v1\0";

/// Context of a sealed original; the dataset id follows.
pub const ORIGINAL_CONTEXT: &[u8] = b"veilsum original v1\0";
/// Context of what a browser remembers of an unfinished upload; the dataset id follows.
pub const UPLOAD_STATE_CONTEXT: &[u8] = b"veilsum upload state v1\0";
/// Context of an answer that a browser keeps; the dataset id and the answer's own id follow.
pub const PAST_ANSWER_CONTEXT: &[u8] = b"veilsum past answer v1\0";

/// SHA-256: the checksum that tells a damaged keyring from a wrong passphrase.
pub const KEYRING_CHECKSUM: &[u8] = b"veilsum keyring checksum v1\0";

/// What an identity key signs.
///
/// The label stands in front of the signed message; only the values in this file exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignatureLabel(&'static [u8]);

impl SignatureLabel {
    /// A sealed manifest with its clear header.
    pub const MANIFEST: Self = Self(b"veilsum manifest signature v1\0");
    /// A certificate of answers.
    pub const CERTIFICATE: Self = Self(b"veilsum certificate signature v1\0");
    /// A sign-in challenge.
    pub const SIGN_IN: Self = Self(SIGN_IN_LABEL);

    /// The bytes in front of the message.
    #[must_use]
    pub const fn as_bytes(self) -> &'static [u8] {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_end_with_their_only_zero_byte_and_differ() {
        let labels = [
            CHECK_KEY,
            CHECK_WEIGHT,
            CHECK_MASK,
            BFV_SECRET_KEY,
            BFV_FINGERPRINT,
            MANIFEST_SEAL_KEY,
            ORIGINAL_SEAL_KEY,
            LOCAL_SEAL_KEY,
            KEY_FILE_SEAL_KEY,
            PSEUDONYM_SECRET,
            ORIGINAL_CONTEXT,
            UPLOAD_STATE_CONTEXT,
            KEYRING_CHECKSUM,
            SignatureLabel::MANIFEST.as_bytes(),
            SignatureLabel::SIGN_IN.as_bytes(),
            SignatureLabel::CERTIFICATE.as_bytes(),
            PAST_ANSWER_CONTEXT,
        ];
        for (index, label) in labels.iter().enumerate() {
            assert_eq!(label.iter().position(|&byte| byte == 0), Some(label.len() - 1));
            assert!(!labels[..index].contains(label));
        }
    }
}

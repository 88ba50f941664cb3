//! Identifiers and hashes. Each is a fixed number of bytes, written as lower-case hex in text.

use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest as _, Sha256};

/// The text is not the hex form of the identifier that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[error("expected {expected} lower-case hexadecimal characters for a {what}, found {actual} characters")]
pub struct ParseIdError {
    /// What the text should have named.
    pub what: &'static str,
    /// Characters that a valid text has.
    pub expected: usize,
    /// Characters that were found.
    pub actual: usize,
}

macro_rules! bytes_id {
    ($(#[$doc:meta])* $name:ident, $bytes:literal, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $bytes]);

        impl $name {
            /// Length in bytes.
            pub const BYTES: usize = $bytes;

            /// Wraps raw bytes; every value is valid.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $bytes]) -> Self {
                Self(bytes)
            }

            /// The raw bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $bytes] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, concat!(stringify!($name), "({})"), self)
            }
        }

        impl core::str::FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                let wrong = || ParseIdError { what: $what, expected: 2 * $bytes, actual: text.chars().count() };
                if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
                    return Err(wrong());
                }
                let mut bytes = [0; $bytes];
                hex::decode_to_slice(text, &mut bytes).map_err(|_| wrong())?;
                Ok(Self(bytes))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                crate::id::hex_schema($what, $bytes)
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    };
}

bytes_id!(
    /// A dataset, drawn at random by its owner's browser.
    DatasetId, 16, "dataset id"
);
bytes_id!(
    /// One attempt to encrypt one row group; bound into every check value of the group, listed in the signed
    /// manifest and never used again for other content.
    UploadId, 16, "upload id"
);
bytes_id!(
    /// A job, drawn at random by the browser that starts it, so that a repeated request starts nothing twice.
    JobId, 16, "job id"
);
bytes_id!(
    /// A published model with all its versions, drawn at random by the browser that publishes it.
    ModelId, 16, "model id"
);
bytes_id!(
    /// One scoring of encrypted records, drawn at random by the browser that asks for it, so that a repeated request
    /// scores and counts nothing twice.
    ScoreId, 16, "score id"
);
bytes_id!(
    /// A training of several owners, made from the digest of its terms by the browser of its key holder. Whoever knows it may
    /// look at the training and take part: it is the invitation, and binds the terms.
    TrainingId, 16, "training id"
);
bytes_id!(
    /// A tenant: the SHA-256 fingerprint of the user's identity key.
    TenantId, 32, "tenant id"
);
bytes_id!(
    /// SHA-256 fingerprint of a Paillier public key.
    KeyFingerprint, 32, "key fingerprint"
);
bytes_id!(
    /// A SHA-256 hash.
    Digest, 32, "SHA-256 hash"
);

/// Separates tenant ids from every other use of SHA-256.
const TENANT_LABEL: &[u8] = b"veilsum tenant v1";

impl TenantId {
    /// The tenant of an Ed25519 identity key: `SHA-256("veilsum tenant v1" ‖ key)`.
    #[must_use]
    pub fn of_identity_key(identity_key: &[u8; 32]) -> Self {
        Self(Sha256::new().chain_update(TENANT_LABEL).chain_update(identity_key).finalize().into())
    }
}

impl Digest {
    /// SHA-256 of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// S3's composite checksum of an object made of several parts: the SHA-256 of the parts' hashes in order.
    #[must_use]
    pub fn composite<'a>(parts: impl IntoIterator<Item = &'a Digest>) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update(part.0);
        }
        Self(hash.finalize().into())
    }

    /// Base64, as S3 writes checksums.
    #[must_use]
    pub fn to_base64(&self) -> String {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(self.0)
    }
}

/// How the OpenAPI document describes an identifier.
#[cfg(feature = "openapi")]
fn hex_schema(what: &str, bytes: usize) -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
    use utoipa::openapi::schema::{ObjectBuilder, Type};
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(format!("^[0-9a-f]{{{}}}$", 2 * bytes)))
        .description(Some(format!("A {what}: {bytes} bytes in lower-case hex")))
        .into()
}

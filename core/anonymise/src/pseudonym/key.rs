//! The secret behind pseudonyms.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::draw::Draw;
use super::labels;

/// Bytes of a secret.
pub const SECRET_BYTES: usize = 32;

/// The owner's secret for all studies. Whoever has it can tell whose a pseudonym is.
#[derive(ZeroizeOnDrop)]
pub struct StudySecret(Box<[u8; SECRET_BYTES]>);

/// The key of one study: pseudonyms under two of them have nothing to do with each other.
pub struct StudyKey {
    /// HMAC with the key already absorbed; wiped when dropped.
    keyed: Hmac<Sha256>,
}

impl StudySecret {
    /// A secret of 32 uniformly random bytes.
    #[must_use]
    pub fn from_bytes(bytes: &Zeroizing<[u8; SECRET_BYTES]>) -> Self {
        Self(Box::new(**bytes))
    }
}

impl StudyKey {
    /// `HMAC-SHA-256(secret, label ‖ study)`. Parties that are to share pseudonyms share the secret and the study's
    /// name, letter by letter.
    #[must_use]
    pub fn derive(secret: &StudySecret, study: &str) -> Self {
        let bytes = Zeroizing::new(tag(&keyed(&secret.0), labels::STUDY, &[study.as_bytes()]));
        Self { keyed: keyed(&bytes) }
    }

    /// For the fakes of a study, which live longer than whoever made the key.
    pub(super) fn copied(&self) -> Self {
        Self { keyed: self.keyed.clone() }
    }

    /// Pseudo-random bytes for a label and some input. Every part is preceded by its length, so that no two inputs
    /// read the same.
    pub(super) fn draw(&self, label: &str, parts: &[&[u8]]) -> Draw {
        draw(&self.keyed, label, parts)
    }

    /// A key of 32 bytes for a purpose.
    pub(super) fn derive_bytes(&self, label: &str) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(tag(&self.keyed, label, &[]))
    }
}

pub(super) fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

pub(super) fn draw(keyed: &Hmac<Sha256>, label: &str, parts: &[&[u8]]) -> Draw {
    Draw::new(Zeroizing::new(tag(keyed, label, parts)))
}

fn tag(keyed: &Hmac<Sha256>, label: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = keyed.clone();
    for part in std::iter::once(label.as_bytes()).chain(parts.iter().copied()) {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

impl fmt::Debug for StudySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StudySecret(…)")
    }
}

impl fmt::Debug for StudyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StudyKey(…)")
    }
}

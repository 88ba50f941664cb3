//! The master secret: every symmetric key of an owner comes from it.

use core::fmt;

use hkdf::Hkdf;
use rand_core::CryptoRng;
use sha2::Sha256;
use zeroize::{ZeroizeOnDrop, Zeroizing};

/// 256 random bits from which keys are derived, each under its own label.
#[derive(ZeroizeOnDrop)]
pub struct MasterSecret([u8; Self::BYTES]);

impl MasterSecret {
    /// Length in bytes.
    pub const BYTES: usize = 32;

    /// Draws a new master secret.
    #[must_use]
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut secret = Self([0; Self::BYTES]);
        rng.fill_bytes(&mut secret.0);
        secret
    }

    /// Takes the raw bytes of a master secret that was kept.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// The raw bytes, to be wrapped.
    #[must_use]
    pub const fn secret_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    /// HKDF-SHA-256 [RFC 5869] without salt, `info = label ‖ context`.
    ///
    /// Labels end with their only zero byte (see [`crate::labels`]), so no two pairs make the same `info`.
    ///
    /// # Panics
    /// Never: 32 bytes are within what HKDF can give.
    #[must_use]
    pub fn derive(&self, label: &[u8], context: &[u8]) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        Hkdf::<Sha256>::new(None, &self.0)
            .expand_multi_info(&[label, context], key.as_mut_slice())
            .expect("HKDF-SHA-256 gives up to 255 * 32 bytes");
        key
    }
}

impl fmt::Debug for MasterSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("MasterSecret(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derives_what_hkdf_of_python_cryptography_derives() {
        // HKDF(SHA256(), 32, salt=None, info=b"label\0context").derive(bytes(range(32))), cryptography 48.
        let secret = MasterSecret::from_bytes(core::array::from_fn(|index| u8::try_from(index).unwrap()));
        let key = secret.derive(b"label\0", b"context");
        assert_eq!(hex::encode(*key), "41f1052cc63b4d35e76b656760342288d2fd0af0906655d1c1cec6791ad28d51");
    }

    #[test]
    fn labels_and_contexts_separate_keys() {
        let secret = MasterSecret::from_bytes([7; 32]);
        let keys = [
            secret.derive(b"a\0", b""),
            secret.derive(b"b\0", b""),
            secret.derive(b"a\0", b"1"),
            secret.derive(b"a\0", b"2"),
            MasterSecret::from_bytes([8; 32]).derive(b"a\0", b""),
        ];
        for (index, key) in keys.iter().enumerate() {
            assert!(!keys[..index].iter().any(|other| **other == **key));
        }
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", MasterSecret::from_bytes([7; 32])), "MasterSecret(hidden)");
    }
}

//! Keys of strangers, under which nothing is computed before they are proven.

use veilsum_crypto::order_proof::{OrderProof, OrderProofError};
use veilsum_crypto::paillier::{PublicKey, PublicKeyError};

/// A public key whose owner has proven that rⁿ hides residues modulo n² [`veilsum_crypto::order_proof`].
///
/// There is no other way to one, and no score without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenKey(PublicKey);

/// Why a stranger's key is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ForeignKeyError {
    /// It is no key at all.
    #[error("the public key is refused: {0}")]
    Key(#[from] PublicKeyError),
    /// It comes without a proof, or with one that does not hold.
    #[error(
        "the public key is refused: {0}. A model is only scored under a key whose owner proves that answers under it hide \
         how they were computed"
    )]
    Proof(#[from] OrderProofError),
}

impl ProvenKey {
    /// Takes a key with its proof. Costs eight exponentiations modulo n.
    ///
    /// # Errors
    /// [`ForeignKeyError::Proof`] if the proof does not hold.
    pub fn new(key: PublicKey, proof: &OrderProof) -> Result<Self, ForeignKeyError> {
        proof.verify(&key)?;
        Ok(Self(key))
    }

    /// Reads a key as [`PublicKey::to_hex`] writes it and its proof as [`OrderProof::to_bytes`] does, and checks them.
    ///
    /// # Errors
    /// [`ForeignKeyError`].
    pub fn from_parts(key: &str, proof: &[u8]) -> Result<Self, ForeignKeyError> {
        let key = PublicKey::from_hex(key)?;
        let proof = OrderProof::from_bytes(&key, proof)?;
        Self::new(key, &proof)
    }

    /// The key.
    #[must_use]
    pub const fn key(&self) -> &PublicKey {
        &self.0
    }
}

//! The check slot: a secret linear form of a block, masked by a pseudo-random value that is bound to the block's
//! place. It turns "the cloud computed something" into "the cloud computed what the plan says" [CF13].
//!
//! Block i of column c carries `t = Σⱼ αⱼ·m_cij + PRF(label) mod P`, P = 2⁸⁹ − 1. For an answer `Σ w·block` the owner
//! computes the same linear form of the decrypted slots, plus the same sum of PRF values over exactly the blocks
//! that the plan names, and compares. Blocks that were dropped, doubled, swapped, scaled, shifted or taken from
//! elsewhere pass with probability about 2⁻⁸⁹, if whoever has no key can do nothing with Paillier ciphertexts but
//! linear combinations.

use core::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use veilsum_crypto::packing::{CHECK_MODULUS, CHECK_VALUE_BITS, Decoded, SLOT_VALUE_BITS};
use veilsum_protocol::{DatasetId, KeyFingerprint, UploadId};
use zeroize::Zeroizing;

use crate::labels;
use crate::master::MasterSecret;

mod field;

use field::{add, multiply_signed, reduce_digest};

/// Most slots that a stored key may claim; far above any supported modulus.
const MAX_SLOT_COUNT: u32 = 1_024;

/// The secrets of the check slot under one Paillier key: the weights αⱼ and the key of the PRF.
pub struct CheckKey {
    secret: Zeroizing<[u8; 32]>,
    fingerprint: KeyFingerprint,
    /// αⱼ for each slot, uniform modulo P but for 2⁻¹⁶⁷.
    weights: Zeroizing<Vec<u128>>,
    /// HMAC with the key already absorbed; wiped when dropped.
    keyed: Hmac<Sha256>,
}

/// The place of one block: no two blocks that are ever encrypted have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckLabel {
    /// The dataset.
    pub dataset: DatasetId,
    /// The encryption attempt of the row group.
    pub upload: UploadId,
    /// Set of columns that were encrypted together, 0 for the first.
    pub column_set: u32,
    /// Opaque number of the column.
    pub column: u32,
    /// Position among the blocks of this column in this row group.
    pub block: u32,
}

/// The decrypted block is not the combination that was asked for. It does not say in which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the check value does not fit: this is not the combination of blocks that was asked for")]
pub struct VerifyError;

/// The bytes are not a [`CheckKey`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("these bytes are not a check key")]
pub struct CheckKeyError;

impl CheckKey {
    /// Bytes of [`Self::to_secret_bytes`].
    pub const SECRET_BYTES: usize = 32 + KeyFingerprint::BYTES + 4;

    /// Derives the key for blocks of `slot_count` slots under the Paillier key with this fingerprint.
    #[must_use]
    pub fn derive(master: &MasterSecret, fingerprint: &KeyFingerprint, slot_count: u32) -> Self {
        Self::expand(master.derive(labels::CHECK_KEY, fingerprint.as_bytes()), *fingerprint, slot_count)
    }

    /// The key as bytes, for a worker of the same owner: secret, fingerprint, slot count.
    #[must_use]
    pub fn to_secret_bytes(&self) -> Zeroizing<Vec<u8>> {
        let slot_count = u32::try_from(self.weights.len()).unwrap_or(u32::MAX);
        let fields: [&[u8]; 3] =
            [self.secret.as_slice(), self.fingerprint.as_bytes(), &slot_count.to_le_bytes()];
        let mut bytes = Zeroizing::new(Vec::with_capacity(Self::SECRET_BYTES));
        fields.into_iter().for_each(|field| bytes.extend_from_slice(field));
        bytes
    }

    /// Reads what [`Self::to_secret_bytes`] writes.
    ///
    /// # Errors
    /// [`CheckKeyError`] for another length or an impossible slot count.
    pub fn from_secret_bytes(bytes: &[u8]) -> Result<Self, CheckKeyError> {
        let (secret, rest) = bytes.split_first_chunk::<32>().ok_or(CheckKeyError)?;
        let (fingerprint, rest) =
            rest.split_first_chunk::<{ KeyFingerprint::BYTES }>().ok_or(CheckKeyError)?;
        let slot_count = u32::from_le_bytes(rest.try_into().map_err(|_| CheckKeyError)?);
        if !(1..=MAX_SLOT_COUNT).contains(&slot_count) {
            return Err(CheckKeyError);
        }
        Ok(Self::expand(Zeroizing::new(*secret), KeyFingerprint::from_bytes(*fingerprint), slot_count))
    }

    /// The check value of the block at `label` that holds `slots`: `Σⱼ αⱼ·slotⱼ + PRF(label) mod P`.
    #[must_use]
    pub fn tag(&self, label: &CheckLabel, slots: &[i64]) -> u128 {
        debug_assert!(slots.len() <= self.weights.len(), "more slots than the layout has");
        add(self.linear_form(slots), self.mask(label))
    }

    /// Checks a decrypted `Σ weight·block` against the blocks and weights of the plan.
    ///
    /// `bound` is the largest |value| that any slot can hold if all is well, `used_slots` the number of slots, from
    /// slot 0, in which any of the blocks has a row.
    ///
    /// # Errors
    /// [`VerifyError`] unless every |slot| ≤ `bound` (and < 2⁶²), unused slots are 0, |check| ≤ P·Σ|weight| < 2¹²⁵,
    /// and the check value is the expected one modulo P.
    pub fn verify(
        &self,
        decoded: &Decoded,
        terms: &mut dyn Iterator<Item = (CheckLabel, i64)>,
        bound: u64,
        used_slots: u32,
    ) -> Result<(), VerifyError> {
        let fits = |(slot, value): (usize, &i64)| {
            let magnitude = value.unsigned_abs();
            let largest = if slot < used_slots as usize { bound.min((1 << SLOT_VALUE_BITS) - 1) } else { 0 };
            magnitude <= largest
        };
        if decoded.slots.len() != self.weights.len() || !decoded.slots.iter().enumerate().all(fits) {
            return Err(VerifyError);
        }

        let mut expected = self.linear_form(&decoded.slots);
        let mut weight_sum: u128 = 0;
        for (label, weight) in terms {
            expected = add(expected, multiply_signed(self.mask(&label), weight));
            weight_sum = weight_sum.saturating_add(weight.unsigned_abs().into());
        }
        let largest_check = CHECK_MODULUS.checked_mul(weight_sum).ok_or(VerifyError)?;
        if largest_check >= 1 << CHECK_VALUE_BITS || decoded.check.unsigned_abs() > largest_check {
            return Err(VerifyError);
        }
        let actual = decoded.check.rem_euclid(CHECK_MODULUS.cast_signed()).cast_unsigned();
        if bool::from(actual.ct_eq(&expected)) { Ok(()) } else { Err(VerifyError) }
    }

    fn expand(secret: Zeroizing<[u8; 32]>, fingerprint: KeyFingerprint, slot_count: u32) -> Self {
        let keyed = Hmac::<Sha256>::new_from_slice(secret.as_slice()).expect("HMAC takes keys of any length");
        let weight = |slot: u32| {
            let mac = keyed.clone().chain_update(labels::CHECK_WEIGHT).chain_update(slot.to_le_bytes());
            reduce_digest(&mac.finalize().into_bytes().into())
        };
        let weights = Zeroizing::new((0..slot_count).map(weight).collect());
        Self { secret, fingerprint, weights, keyed }
    }

    /// `Σⱼ αⱼ·slotⱼ mod P`.
    fn linear_form(&self, slots: &[i64]) -> u128 {
        self.weights
            .iter()
            .zip(slots)
            .fold(0, |sum, (&weight, &slot)| add(sum, multiply_signed(weight, slot)))
    }

    /// `PRF(label)`: HMAC-SHA-256 over a tuple of fixed length, the full digest reduced modulo P.
    fn mask(&self, label: &CheckLabel) -> u128 {
        let mac = self
            .keyed
            .clone()
            .chain_update(labels::CHECK_MASK)
            .chain_update(self.fingerprint.as_bytes())
            .chain_update(label.dataset.as_bytes())
            .chain_update(label.upload.as_bytes())
            .chain_update(label.column_set.to_le_bytes())
            .chain_update(label.column.to_le_bytes())
            .chain_update(label.block.to_le_bytes());
        reduce_digest(&mac.finalize().into_bytes().into())
    }
}

impl fmt::Debug for CheckKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "CheckKey({} slots, hidden)", self.weights.len())
    }
}

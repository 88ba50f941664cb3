//! One block: consecutive values of one column, as one ciphertext with its check value.

use rand_core::CryptoRng;
use veilsum_crypto::packing::EncodeError;

use crate::check::{CheckKey, CheckLabel};
use crate::paillier::SecretKey;

/// Packs `slots` with the check value of their place and encrypts them.
///
/// Returns [`veilsum_crypto::paillier::PublicKey::ciphertext_bytes`] bytes. Slots that are left over hold 0. Costs
/// one [`SecretKey::encrypt`].
///
/// # Errors
/// [`EncodeError`] for more values than slots, or a value of 2⁶² or more in magnitude.
pub fn encrypt_block(
    key: &SecretKey,
    check: &CheckKey,
    label: &CheckLabel,
    slots: &[i64],
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, EncodeError> {
    let public = key.public_key();
    let layout = public.layout();
    // Refuses too many slots before the check key meets them.
    layout.check_slots(slots)?;
    let plaintext = layout.encode(slots, check.tag(label, slots))?;
    Ok(key.encrypt(&plaintext, rng).to_bytes(public))
}

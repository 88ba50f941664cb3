//! Blocks: consecutive values of one column, as one ciphertext with their check value.

use rand_core::CryptoRng;
use veilsum_crypto::packing::{EncodeError, Plaintext};

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
    let plaintext = encode(key, check, label, slots)?;
    Ok(key.encrypt(&plaintext, rng).to_bytes(key.public_key()))
}

/// Encrypts the values of consecutive blocks of one column, from the block of label `first` on: every block but the last
/// is full.
///
/// Returns their ciphertexts back to back, [`veilsum_crypto::paillier::PublicKey::ciphertext_bytes`] bytes each, the same
/// as [`encrypt_block`] for each block, in less time. Costs one [`SecretKey::encrypt_many`].
///
/// # Errors
/// [`EncodeError`] for a value of 2⁶² or more in magnitude; its slot is counted within its block.
pub fn encrypt_blocks(
    key: &SecretKey,
    check: &CheckKey,
    first: &CheckLabel,
    values: &[i64],
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, EncodeError> {
    let public = key.public_key();
    let plaintexts = values
        .chunks(public.layout().slot_count() as usize)
        .zip(first.block..)
        .map(|(slots, block)| encode(key, check, &CheckLabel { block, ..*first }, slots))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(key.encrypt_many(&plaintexts, rng).iter().flat_map(|ciphertext| ciphertext.to_bytes(public)).collect())
}

fn encode(
    key: &SecretKey,
    check: &CheckKey,
    label: &CheckLabel,
    slots: &[i64],
) -> Result<Plaintext, EncodeError> {
    let layout = key.public_key().layout();
    // Refuses too many slots before the check key meets them.
    layout.check_slots(slots)?;
    layout.encode(slots, check.tag(label, slots))
}

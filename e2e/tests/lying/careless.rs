//! An owner who does not check: decrypts whatever comes and adds up the slots. What this owner would believe shows that
//! a lie is one.

use num_bigint::{BigInt, BigUint};
use num_integer::Integer as _;
use veilsum_crypto::packing::{CHECK_BITS, SLOT_BITS};
use veilsum_crypto::paillier::Ciphertext;
use veilsum_owner::paillier::SecretKey;
use veilsum_protocol::answer::Answer;

/// What a careless owner makes of one aggregate.
#[derive(Debug, PartialEq, Eq)]
pub struct Reading {
    /// The whole plaintext, nearest to 0.
    pub plaintext: BigInt,
    /// What would be shown: the sum of the slots, whatever is in the check slot or above the top slot.
    pub total: i128,
}

/// Decrypts a ciphertext and adds up its slots, without any check.
pub fn read(key: &SecretKey, ciphertext: &Ciphertext) -> Option<Reading> {
    let public = key.public_key();
    let plaintext = key.decrypt(ciphertext).ok()?.centred(public);
    let slot_count = public.layout().slot_count();
    // Half of every digit, so that no digit borrows.
    let mut bias = BigInt::from(1) << (CHECK_BITS - 1);
    for slot in 0..slot_count {
        bias += BigInt::from(1) << (CHECK_BITS + SLOT_BITS * slot + SLOT_BITS - 1);
    }
    let top = BigInt::from(1) << (CHECK_BITS + SLOT_BITS * slot_count);
    let digits: BigUint = (&plaintext + bias).mod_floor(&top).magnitude() >> CHECK_BITS;
    let mut digits = digits.to_u64_digits();
    digits.resize(slot_count as usize, 0);
    let half = 1_i128 << (SLOT_BITS - 1);
    Some(Reading { plaintext, total: digits.into_iter().map(|digit| i128::from(digit) - half).sum() })
}

/// Reads the aggregates of an answer that differ from those of the honest one, each with what the honest one holds.
/// `None` if it is no answer; an aggregate that cannot be decrypted is left out.
pub fn read_changed(key: &SecretKey, honest: &Answer, told: &[u8]) -> Option<Vec<(Reading, Reading)>> {
    let read_one = |bytes: &Vec<u8>| read(key, &key.public_key().ciphertext_from_bytes(bytes).ok()?);
    let told = Answer::from_bytes(told).ok()?.aggregates.ciphertexts;
    let pairs = honest.aggregates.ciphertexts.iter().zip(&told).filter(|(honest, told)| honest != told);
    Some(pairs.filter_map(|(honest, told)| Some((read_one(honest)?, read_one(told)?))).collect())
}

/// Whether another number would be shown for any of them.
pub fn is_fooled(changed: &[(Reading, Reading)]) -> bool {
    changed.iter().any(|(truth, told)| truth.total != told.total)
}

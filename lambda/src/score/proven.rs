//! Keys whose proof this process has checked: a client asks often, and a proof takes longer than a score.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use veilsum_crypto::order_proof::OrderProof;
use veilsum_crypto::paillier::PublicKey;
use veilsum_model::foreign_key::{ForeignKeyError, ProvenKey};
use veilsum_protocol::Digest;
use veilsum_protocol::api::scoring::ProvenModulus;

/// Keys that are kept, the newest; a few kilobytes each.
const KEPT: usize = 64;

/// What was proven, and by which bytes: another proof of the same key is checked again.
static PROVEN: Mutex<VecDeque<(Digest, ProvenKey)>> = Mutex::new(VecDeque::new());

/// The key of a stranger, whose proof holds.
pub(super) fn proven(key: &ProvenModulus) -> Result<ProvenKey, ForeignKeyError> {
    let name = name(key);
    let known = {
        let kept = PROVEN.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|(of, _)| *of == name).map(|(_, key)| key.clone())
    };
    if let Some(known) = known {
        return Ok(known);
    }
    let proven = ProvenKey::from_parts(&key.modulus, &proof(key))?;
    let mut kept = PROVEN.lock().unwrap_or_else(PoisonError::into_inner);
    kept.truncate(KEPT - 1);
    kept.push_front((name, proven.clone()));
    Ok(proven)
}

/// Of both parts; a modulus is hex, so that the line break ends it.
fn name(key: &ProvenModulus) -> Digest {
    Digest::of(format!("{}\n{}", key.modulus, key.proof).as_bytes())
}

/// Succeeds for a key with something of a proof's form: all that can be said without much computation.
pub(crate) fn well_formed(key: &ProvenModulus) -> Result<(), ForeignKeyError> {
    let public = PublicKey::from_hex(&key.modulus)?;
    OrderProof::from_bytes(&public, &proof(key))?;
    Ok(())
}

/// What is not hex is no proof either.
fn proof(key: &ProvenModulus) -> Vec<u8> {
    hex::decode(&key.proof).unwrap_or_default()
}

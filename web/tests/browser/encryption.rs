//! What an encrypt worker does, compiled to wasm: keys in, values in, ciphertext out.

use veilsum_owner::check::CheckLabel;
use veilsum_owner::keyring::{EncryptionKeys, Keyring};
use veilsum_owner::paillier::ModulusSize;
use veilsum_protocol::{DatasetId, UploadId};
use veilsum_web::encrypt_worker::{Batch, encrypt};
use veilsum_web::vault::random::rng;
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn batches_come_back_as_verifiable_ciphertexts() {
    let keyring = Keyring::generate(ModulusSize::Bits2048, 0, &mut rng(), &mut |_| {}).unwrap();
    let keys = EncryptionKeys::from_worker_bytes(&keyring.to_worker_bytes()).unwrap();
    let public = keyring.paillier().public_key();
    let layout = public.layout();
    let slots = layout.slot_count() as usize;
    let first = CheckLabel {
        dataset: DatasetId::from_bytes([1; 16]),
        upload: UploadId::from_bytes([2; 16]),
        column_set: 0,
        column: 5,
        block: 7,
    };
    // One full block and one with a single value.
    let values: Vec<i64> = (0..).take(slots + 1).map(|at: i64| (at - 3) * 1_000_003).collect();
    let batch = Batch { prime: 0, first, values: values.clone() };

    let bytes = encrypt(&keys, &batch).unwrap();
    assert_eq!(bytes.len(), 2 * public.ciphertext_bytes());
    for ((block, ciphertext), expected) in
        (0..).zip(public.ciphertexts_from_bytes(&bytes).unwrap()).zip(values.chunks(slots))
    {
        let plaintext = keyring.paillier().decrypt(&ciphertext).unwrap();
        let decoded = layout.decode(public, &plaintext).unwrap();
        assert_eq!(decoded.slots[..expected.len()], *expected);
        let label = CheckLabel { block: first.block + block, ..first };
        let used = u32::try_from(expected.len()).unwrap();
        let mut terms = core::iter::once((label, 1));
        keyring.check_key().verify(&decoded, &mut terms, 1 << 40, used).unwrap();
    }
}

#[wasm_bindgen_test]
fn values_too_large_for_a_slot_are_refused() {
    let keyring = Keyring::generate(ModulusSize::Bits2048, 0, &mut rng(), &mut |_| {}).unwrap();
    let keys = EncryptionKeys::from_worker_bytes(&keyring.to_worker_bytes()).unwrap();
    let first = CheckLabel {
        dataset: DatasetId::from_bytes([1; 16]),
        upload: UploadId::from_bytes([2; 16]),
        column_set: 0,
        column: 0,
        block: 0,
    };
    encrypt(&keys, &Batch { prime: 0, first, values: vec![0, i64::MAX] }).unwrap_err();
}

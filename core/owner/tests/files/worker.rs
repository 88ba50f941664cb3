use veilsum_owner::keyring::EncryptionKeys;
use veilsum_owner::keyring::worker::WorkerKeysError;
use veilsum_protocol::wire::WireError;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::KEYRING;

#[test]
fn a_worker_gets_the_keys_to_encrypt() {
    let keys = EncryptionKeys::from_worker_bytes(&KEYRING.to_worker_bytes()).unwrap();
    assert_eq!(keys.paillier().public_key(), KEYRING.paillier().public_key());
    assert_eq!(*keys.check_key().to_secret_bytes(), *KEYRING.check_key().to_secret_bytes());
}

#[test]
fn a_worker_gets_nothing_else() {
    let bytes = KEYRING.to_worker_bytes();
    let paillier = KEYRING.paillier().to_secret_bytes();
    let check_key = KEYRING.check_key().to_secret_bytes();
    let expected = [
        b"VSWK\x01\0\0\0".as_slice(),
        &u32::try_from(paillier.len()).unwrap().to_le_bytes(),
        &paillier,
        &u32::try_from(check_key.len()).unwrap().to_le_bytes(),
        &check_key,
    ];
    assert_eq!(*bytes, expected.concat());
    let seed = KEYRING.identity().seed_secret_bytes();
    assert!(!bytes.windows(seed.len()).any(|window| window == seed));
}

#[test]
fn every_truncation_is_refused() {
    let good = KEYRING.to_worker_bytes();
    for length in 0..good.len() {
        // Reading the keys is slow, so only the framing is cut; what is inside a key has its own tests.
        if length > 12 && length < good.len() - 40 && length % 64 != 0 {
            continue;
        }
        assert!(EncryptionKeys::from_worker_bytes(&good[..length]).is_err(), "{length}");
    }
    let longer = [good.to_vec(), vec![0]].concat();
    let trailing = WireError::TrailingBytes { what: "worker key bundle", extra: 1 };
    assert_eq!(EncryptionKeys::from_worker_bytes(&longer).unwrap_err(), WorkerKeysError::Wire(trailing));
}

#[test]
fn altered_keys_are_refused_by_name() {
    let good = KEYRING.to_worker_bytes();
    for (place, expected) in [
        (8 + 4, "Paillier secret key"),      // its magic
        (8 + 4 + 20, "Paillier secret key"), // lowest byte of p
    ] {
        let mut bytes = good.to_vec();
        bytes[place] ^= 2;
        let error = EncryptionKeys::from_worker_bytes(&bytes).unwrap_err();
        assert_eq!(error, WorkerKeysError::Key { which: expected });
    }
    let newer = [b"VSWK\x02\0".as_slice(), &good[6..]].concat();
    let unknown = WireError::UnknownVersion { what: "worker key bundle", actual: 2, newest: 1 };
    assert_eq!(EncryptionKeys::from_worker_bytes(&newer).unwrap_err(), WorkerKeysError::Wire(unknown));
}

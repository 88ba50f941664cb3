use proptest::prelude::*;
use veilsum_owner::identity::IdentityKey;
use veilsum_owner::keyring::wrapped::{HEADER_BYTES, PassphraseCost};
use veilsum_owner::keyring::{Keyring, UnlockError, WrapError, Wrapped};
use veilsum_owner::master::MasterSecret;
use veilsum_owner::paillier::SecretKey;
use veilsum_owner::seal::{self, SALT_BYTES};
use veilsum_protocol::DatasetId;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::hostile::{fix_checksum, meets_every_fault};
use crate::{KEYRING, PASSPHRASE, WRAPPED, rng, unhex};

/// A keyring with the numbers' key of [`KEYRING`] and everything else different.
pub fn with_other_identity() -> Keyring {
    let paillier = SecretKey::from_secret_bytes(&KEYRING.paillier().to_secret_bytes()).unwrap();
    Keyring::from_keys(0, IdentityKey::from_seed(&[9; 32]), MasterSecret::from_bytes([9; 32]), paillier)
}

#[test]
fn frozen_keyring_is_still_written_and_read() {
    assert_eq!(KEYRING.created_at(), 1_700_000_000);
    assert_eq!(KEYRING.wrap(PASSPHRASE, &mut rng(1)).unwrap(), unhex(WRAPPED));
}

#[test]
fn header_looks_like_its_picture() {
    let bytes = unhex(WRAPPED);
    let picture = [
        "56534b52",                    // magic "VSKR"
        "0100",                        // format version 1
        "0000",                        // reserved
        "00000100",                    // 65,536 KiB
        "03000000",                    // 3 passes
        "01000000",                    // 1 lane
        &hex::encode(&bytes[20..36]),  // salt
        &KEYRING.tenant().to_string(), // tenant
        "00080000",                    // 2048 bits
    ];
    assert_eq!(hex::encode(&bytes[..HEADER_BYTES]), picture.concat());
}

#[test]
fn unlocked_keys_derive_what_the_frozen_ones_did() {
    // Were a label or derivation to change, stored data would be lost.
    let dataset = DatasetId::from_bytes([0x22; 16]);
    let sealed = [
        seal::Sealer::new(&KEYRING.seal_key_for_manifest(&dataset), [1; SALT_BYTES], b""),
        seal::Sealer::new(&KEYRING.seal_key_for_original(&dataset), [1; SALT_BYTES], b""),
        seal::Sealer::new(&KEYRING.local_seal_key(), [1; SALT_BYTES], b""),
        KEYRING.original_sealer(&dataset, [1; SALT_BYTES]),
    ];
    let commitments = sealed.map(|sealer| hex::encode(&sealer.header()[SALT_BYTES..SALT_BYTES + 8]));
    // Computed by read_frozen.py.
    let python = ["838644605dc9ac7c", "3e09820dcc9c79b1", "551aa60afd3d136c", "c0c0513f626a2bf7"];
    assert_eq!(commitments, python);
}

#[test]
fn another_passphrase_is_told_from_damage() {
    let wrapped = Wrapped::from_bytes(&unhex(WRAPPED)).unwrap();
    assert_eq!(wrapped.unlock("correct horse battery staple").unwrap_err(), UnlockError::WrongPassphrase);

    // Forged by someone who makes the hash fit: the payload itself is altered.
    let mut forged = unhex(WRAPPED);
    forged[HEADER_BYTES + seal::HEADER_BYTES] ^= 1;
    fix_checksum(&mut forged);
    assert_eq!(Keyring::unwrap(&forged, PASSPHRASE).unwrap_err(), UnlockError::Damaged);
}

#[test]
fn a_forged_clear_header_does_not_unlock() {
    // The tenant is bound to the payload, so the right passphrase does not open it under another one.
    let mut forged = unhex(WRAPPED);
    forged[36] ^= 1;
    fix_checksum(&mut forged);
    assert_ne!(Wrapped::from_bytes(&forged).unwrap().tenant(), KEYRING.tenant());
    assert_eq!(Keyring::unwrap(&forged, PASSPHRASE).unwrap_err(), UnlockError::WrongPassphrase);
}

#[test]
fn meets_every_listed_fault_with_its_error() {
    let faults = include_str!("../vectors/keyring_faults.json");
    meets_every_fault(&unhex(WRAPPED), faults, 26, Wrapped::from_bytes);
}

#[test]
fn every_truncation_and_extension_is_damage() {
    let good = unhex(WRAPPED);
    for length in 0..good.len() {
        assert_eq!(Wrapped::from_bytes(&good[..length]).unwrap_err(), UnlockError::Damaged, "{length}");
    }
    assert_eq!(Wrapped::from_bytes(&[good, vec![0]].concat()).unwrap_err(), UnlockError::Damaged);
}

#[test]
fn every_flipped_bit_is_refused_before_any_work() {
    let good = unhex(WRAPPED);
    for bit in 0..good.len() * 8 {
        let mut bytes = good.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let error = Wrapped::from_bytes(&bytes).unwrap_err();
        let expected = match bit / 8 {
            0..4 => matches!(error, UnlockError::NotAKeyring),
            4..6 => matches!(error, UnlockError::NewerVersion { .. } | UnlockError::Damaged),
            _ => error == UnlockError::Damaged,
        };
        assert!(expected, "bit {bit}: {error}");
    }
}

#[test]
fn short_passphrases_are_refused() {
    for (passphrase, actual) in [("", 0), ("seven77", 7), ("äöüßäöü", 7)] {
        let expected = WrapError::PassphraseTooShort { minimum: 8, actual };
        assert_eq!(KEYRING.wrap(passphrase, &mut rng(9)), Err(expected));
    }
}

#[test]
fn new_keyrings_cost_what_the_floor_asks_for() {
    let floor = PassphraseCost { memory_kib: 65_536, passes: 3, lanes: 1 };
    assert_eq!(PassphraseCost::FLOOR, floor);
    let ceiling = PassphraseCost { memory_kib: 1_048_576, passes: 16, lanes: 4 };
    assert_eq!(PassphraseCost::CEILING, ceiling);
}

#[test]
fn debug_shows_no_secret() {
    let shown = format!("{:?} {:?}", *KEYRING, KEYRING.local_seal_key());
    let master = KEYRING.paillier().to_secret_bytes();
    assert!(shown.len() < 200, "{shown}");
    assert!(!shown.contains(&hex::encode(&master[20..28])), "{shown}");
}

proptest! {
    #[test]
    fn reading_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..300), with_magic: bool) {
        let mut bytes = if with_magic { [b"VSKR\x01\0\0\0".to_vec(), bytes].concat() } else { bytes };
        if with_magic && bytes.len() >= 32 {
            fix_checksum(&mut bytes);
        }
        prop_assert!(Wrapped::from_bytes(&bytes).is_err());
    }
}

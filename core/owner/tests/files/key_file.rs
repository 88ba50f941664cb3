use std::collections::BTreeMap;

use proptest::prelude::*;
use veilsum_owner::key_file::{KeyFile, KeyFileError};
use veilsum_owner::keyring::UnlockError;
use veilsum_protocol::DatasetId;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::hostile::meets_every_fault;
use crate::{KEYRING, WRAPPED, keyring, rng, unhex};

const FROZEN: &str = include_str!("../frozen/key_file_v1.hex");

pub fn newest() -> BTreeMap<DatasetId, u64> {
    [(DatasetId::from_bytes([0x22; 16]), 7), (DatasetId::from_bytes([0x23; 16]), u64::MAX)].into()
}

#[test]
fn frozen_key_file_is_still_written_and_read() {
    let frozen = unhex(FROZEN);
    let file = KeyFile::parse(&frozen).unwrap();
    assert_eq!(file.wrapped.as_bytes(), unhex(WRAPPED));
    assert_eq!(file.newest(&KEYRING).unwrap(), newest());
    let written = KeyFile::export(&unhex(WRAPPED), &KEYRING, &newest(), &mut rng(2)).unwrap();
    assert_eq!(written, frozen);
}

#[test]
fn shows_tenant_and_modulus_without_the_passphrase() {
    let file = KeyFile::parse(&unhex(FROZEN)).unwrap();
    assert_eq!(file.wrapped.tenant(), KEYRING.tenant());
    assert_eq!(file.wrapped.modulus_bits(), 2_048);
}

#[test]
fn carries_no_and_many_datasets() {
    for count in [0, 1, 2_000] {
        let newest: BTreeMap<_, _> = (0..count)
            .map(|index: u64| {
                let mut id = [0; 16];
                id[..8].copy_from_slice(&index.to_be_bytes());
                (DatasetId::from_bytes(id), index + 1)
            })
            .collect();
        let bytes = KeyFile::export(&unhex(WRAPPED), &KEYRING, &newest, &mut rng(9)).unwrap();
        assert_eq!(KeyFile::parse(&bytes).unwrap().newest(&KEYRING).unwrap(), newest);
    }
}

#[test]
fn meets_every_listed_fault_with_its_error() {
    meets_every_fault(&unhex(FROZEN), include_str!("../vectors/key_file_faults.json"), 18, |bytes| {
        KeyFile::parse(bytes)?.newest(&KEYRING)
    });
}

#[test]
fn every_truncation_is_refused() {
    let good = unhex(FROZEN);
    for length in 0..good.len() {
        let read = KeyFile::parse(&good[..length]).and_then(|file| file.newest(&KEYRING));
        let error = read.unwrap_err();
        assert!(
            matches!(error, KeyFileError::Damaged | KeyFileError::Keyring(UnlockError::Damaged)),
            "{length}: {error}"
        );
    }
}

#[test]
fn every_flipped_byte_is_refused() {
    let good = unhex(FROZEN);
    for place in 0..good.len() {
        let mut bytes = good.clone();
        bytes[place] ^= 1 << (place % 8);
        let read = KeyFile::parse(&bytes).and_then(|file| file.newest(&KEYRING));
        assert!(read.is_err(), "byte {place}");
    }
}

#[test]
fn another_owner_is_named() {
    let other = keyring::with_other_identity();
    let file = KeyFile::parse(&unhex(FROZEN)).unwrap();
    let expected = KeyFileError::OtherTenant { expected: other.tenant(), actual: KEYRING.tenant() };
    assert_eq!(file.newest(&other), Err(expected.clone()));
    assert_eq!(KeyFile::export(&unhex(WRAPPED), &other, &newest(), &mut rng(9)), Err(expected));
}

#[test]
fn exports_only_wrapped_keyrings() {
    let error = KeyFile::export(b"VSKRnot a keyring", &KEYRING, &newest(), &mut rng(9)).unwrap_err();
    assert!(matches!(error, KeyFileError::Keyring(UnlockError::NewerVersion { .. })), "{error}");
    let error = KeyFile::export(b"", &KEYRING, &newest(), &mut rng(9)).unwrap_err();
    assert_eq!(error, KeyFileError::Keyring(UnlockError::Damaged));
}

proptest! {
    #[test]
    fn parsing_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), with_magic: bool) {
        let bytes = if with_magic { [b"VSKF\x01\0\0\0".to_vec(), bytes].concat() } else { bytes };
        prop_assert!(KeyFile::parse(&bytes).is_err());
    }
}

//! Contributions and totals as bytes: pictures, frozen bytes, hostile bytes.

use std::sync::LazyLock;

use proptest::prelude::*;
use veilsum_crypto::packing::Plaintext;
use veilsum_crypto::paillier::CiphertextError;
use veilsum_joint::contribution::{Contribution, ContributionError, HEADER_BYTES, Scope};
use veilsum_joint::terms::{Column, Family, Terms};
use veilsum_joint::total::{Total, TotalError};
use veilsum_protocol::wire::WireError;
use veilsum_protocol::{TenantId, TrainingId};
use veilsum_train::rounds::Contribution as Sums;

use crate::support::{KEY, TRAINING, encrypted, open, real, tenant, terms, total};

/// Seven numbers under terms of one column and two clusters: one ciphertext.
const NUMBERS: [i64; 7] = [30, 1, 12, 18, -(1 << 61), 1 << 61, 5];

fn agreed() -> Terms {
    let family = Family::KMeans { clusters: 2, starts: 1, seed: 3, standardised: true };
    terms(vec![Column { name: "a".to_owned(), bound: real(4.0), decimals: 0 }], family)
}

fn scope(round: u32) -> Scope {
    Scope::new(TRAINING, &agreed(), KEY.public_key(), round)
}

fn sums(numbers: &[i64]) -> Sums {
    Sums { slots: numbers.to_vec() }
}

fn contribution(owner: u8) -> Vec<u8> {
    encrypted(KEY.public_key(), &agreed(), 1, tenant(owner), &sums(&NUMBERS))
}

static GOOD: LazyLock<Vec<u8>> = LazyLock::new(|| contribution(5));

fn read(bytes: &[u8]) -> Result<Contribution, ContributionError> {
    Contribution::from_bytes(KEY.public_key(), &scope(1), tenant(5), bytes)
}

fn read_total(bytes: &[u8]) -> Result<Total, TotalError> {
    Total::from_bytes(KEY.public_key(), &scope(1), bytes)
}

#[test]
fn a_picture_of_a_contribution() {
    let public = KEY.public_key();
    let bytes = contribution(5);
    let picture = [
        b"VSTC".as_slice(),
        &[1, 0, 0, 0],
        &[0x77; 16],
        agreed().digest().as_bytes(),
        &public.fingerprint(),
        &1_024_u32.to_le_bytes(),
        &1_u32.to_le_bytes(),
        &7_u32.to_le_bytes(),
        &[5; 32],
    ]
    .concat();
    assert_eq!((picture.len(), &bytes[..HEADER_BYTES]), (HEADER_BYTES, picture.as_slice()));
    assert_eq!(bytes.len(), HEADER_BYTES + 256);
    assert_eq!(bytes.len(), scope(1).contribution_bytes(public));
    assert_eq!(read(&bytes).unwrap().to_bytes(public), bytes);
}

/// Version 1 for ever: a contribution and the total of two owners with the same numbers.
#[test]
fn frozen_bytes_are_read() {
    let unhex = |text: &str| hex::decode(text.split_ascii_whitespace().collect::<String>()).unwrap();
    let bytes = unhex(include_str!("../frozen/contribution_v1.hex"));
    let found = read(&bytes).unwrap();
    assert_eq!((found.owner(), found.scope()), (tenant(5), &scope(1)));
    let decrypted = KEY.decrypt_many(found.ciphertexts()).unwrap();
    let decoded = KEY.public_key().layout().decode(KEY.public_key(), &decrypted[0]).unwrap();
    assert_eq!(decoded.slots[..7], NUMBERS);
    let bytes = unhex(include_str!("../frozen/total_v1.hex"));
    let found = read_total(&bytes).unwrap();
    assert_eq!(found.owners(), [tenant(5), tenant(6)]);
    let halves = [60, 2, 24, 36, -8, 8, 10];
    assert_eq!(open(&agreed(), 1, &[tenant(6), tenant(5)], &bytes), sums(&halves));
}

#[test]
fn a_total_is_the_sum_and_names_its_owners() {
    let (a, b) = (sums(&[30, 1, 12, 18, -9, 7, 5]), sums(&[11, 1, 10, 1, 4, -20, 6]));
    let public = KEY.public_key();
    let of = |owner: u8, sums: &Sums| (tenant(owner), encrypted(public, &agreed(), 1, tenant(owner), sums));
    let bytes = total(&agreed(), 1, &[of(9, &a), of(2, &b)]);
    assert_eq!(bytes.len(), 104 + 64 + 256);
    assert_eq!(open(&agreed(), 1, &[tenant(9), tenant(2)], &bytes), sums(&[41, 2, 22, 19, -5, -13, 11]));
    let found = read_total(&bytes).unwrap();
    assert_eq!(found.owners(), [tenant(2), tenant(9)]);
    for owners in [vec![tenant(2)], vec![tenant(2), tenant(8)], vec![tenant(2), tenant(9), tenant(9)]] {
        assert_eq!(found.require_owners(&owners), Err(TotalError::WrongOwners));
    }
    // Nobody is added twice, and nothing of another round.
    let mut adding = found.clone();
    let again = Contribution::from_bytes(public, &scope(1), tenant(9), &of(9, &a).1).unwrap();
    assert_eq!(adding.add(public, &again), Err(TotalError::Twice));
    let moments = encrypted(public, &agreed(), 0, tenant(3), &sums(&[1, 1, 1, 1]));
    let moments = Contribution::from_bytes(public, &scope(0), tenant(3), &moments).unwrap();
    assert_eq!(adding.add(public, &moments), Err(TotalError::WrongScope));
    assert_eq!(adding, found);
}

#[test]
fn a_contribution_is_bound_to_training_terms_key_round_and_owner() {
    let bytes = contribution(5);
    let public = KEY.public_key();
    let as_of = |scope: Scope, owner: TenantId| Contribution::from_bytes(public, &scope, owner, &bytes);
    assert!(as_of(scope(1), tenant(5)).is_ok());
    assert_eq!(as_of(scope(1), tenant(6)), Err(ContributionError::WrongOwner));
    let other = Terms { least_rows: 11, ..agreed() };
    for other in [
        Scope { training: TrainingId::from_bytes([1; 16]), ..scope(1) },
        Scope { terms: other.digest(), ..scope(1) },
        Scope { key: veilsum_protocol::KeyFingerprint::from_bytes([1; 32]), ..scope(1) },
        Scope { modulus_bits: 2_048, ..scope(1) },
        scope(2),
        scope(0),
    ] {
        assert_eq!(as_of(other, tenant(5)), Err(ContributionError::WrongScope), "{other:?}");
    }
}

#[test]
fn damaged_bytes_are_refused() {
    let bytes = contribution(5);
    for length in 0..bytes.len() {
        assert!(read(&bytes[..length]).is_err(), "{length}");
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert_eq!(read(&longer), Err(ContributionError::Count { expected: 1, actual: 1 }));
    for at in 0..HEADER_BYTES {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert!(read(&changed).is_err(), "byte {at}");
    }
    let mut newer = bytes.clone();
    newer[4] = 2;
    assert!(matches!(read(&newer), Err(ContributionError::Wire(WireError::UnknownVersion { .. }))));
    let with = |body: &[u8]| read(&[&bytes[..HEADER_BYTES], body].concat());
    let (zero, mut one) = ([0; 256], [0; 256]);
    one[0] = 1;
    assert_eq!(with(&zero), Err(CiphertextError::OutOfRange { index: 0 }.into()));
    assert_eq!(with(&one), Err(CiphertextError::Trivial { index: 0 }.into()));
    assert_eq!(with(&[0xff; 256]), Err(CiphertextError::OutOfRange { index: 0 }.into()));
    let mut modulus = KEY.public_key().modulus().to_bytes_le();
    modulus.resize(256, 0);
    assert_eq!(with(&modulus), Err(CiphertextError::NotCoprime { index: 0 }.into()));
}

#[test]
fn damaged_totals_are_refused() {
    let (a, b) = ((tenant(5), contribution(5)), (tenant(6), contribution(6)));
    let bytes = total(&agreed(), 1, &[a, b]);
    for length in 0..bytes.len() {
        assert!(read_total(&bytes[..length]).is_err(), "{length}");
    }
    let patched = |at: usize, with: &[u8]| {
        let mut changed = bytes.clone();
        changed[at..at + with.len()].copy_from_slice(with);
        read_total(&changed)
    };
    assert!(matches!(patched(100, &[0; 4]), Err(TotalError::Wire(WireError::OutOfRange { .. }))));
    assert!(matches!(patched(100, &[0xff; 4]), Err(TotalError::Wire(WireError::OutOfRange { .. }))));
    assert_eq!(patched(104, &[6; 32]), Err(TotalError::WrongOwners));
    assert_eq!(patched(104, &[7; 32]), Err(TotalError::WrongOwners));
    assert_eq!(patched(8, &[1; 16]), Err(TotalError::WrongScope));
    assert_eq!(read_total(&contribution(5)), Err(WireError::WrongMagic { what: "total" }.into()));
}

#[test]
fn what_no_contributions_add_up_to_is_not_opened() {
    let public = KEY.public_key();
    let found = read_total(&total(&agreed(), 1, &[(tenant(5), contribution(5))])).unwrap();
    let layout = public.layout();
    let opened = |plaintext: Plaintext| found.open(public, &[plaintext]);
    let mut eight = NUMBERS.to_vec();
    eight.push(1);
    assert_eq!(opened(layout.encode(&eight, 0).unwrap()), Err(TotalError::Excess));
    assert_eq!(opened(layout.encode(&NUMBERS, 1).unwrap()), Err(TotalError::Excess));
    let half = Plaintext::from_integer((public.modulus() / 2_u32).into());
    assert!(matches!(opened(half), Err(TotalError::Decode(_))));
    assert_eq!(found.open(public, &[]), Err(TotalError::Count { expected: 1, actual: 0 }));
}

proptest! {
    #[test]
    fn no_bytes_make_readers_panic(bytes in prop::collection::vec(any::<u8>(), 0..600), keep in 0..132_usize) {
        let _ = (read(&bytes), read_total(&bytes));
        // Bytes that begin well.
        let begun = [&GOOD[..keep], &bytes].concat();
        prop_assert!(read(&begun).is_err());
        let _ = read_total(&begun);
        let _ = Terms::from_bytes(&bytes);
    }
}

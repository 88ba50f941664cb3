//! The bytes of ciphertexts: frozen, and refused where anything is wrong with them.

use sha2::{Digest, Sha256};
use veilsum_crypto::bfv::evaluate::{multiply, switch_down};
use veilsum_crypto::bfv::{Ciphertext, FormatError, HEADER_BYTES, ParameterSet};
use veilsum_owner::bfv::DecryptError;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::{key, rng};

fn fresh(set: ParameterSet) -> Vec<u8> {
    let values: Vec<i64> = (0..8_192).map(|row| row * row - 1_000_000).collect();
    key(set).encrypt_block(1, &values, &mut rng(10)).unwrap().to_bytes()
}

/// Everything that stored data depends on is in these hashes: the derivation of the secret, the order of slots, the
/// expansion of seeds, the rounding of plaintexts and the layout of bytes. `tests/vectors/read_bfv.py` reads the same
/// bytes with nothing of ours.
#[test]
fn frozen() {
    for (set, fingerprint, hash) in [
        (ParameterSet::N8192T57, FINGERPRINT_T57, FRESH_T57),
        (ParameterSet::N8192T30, FINGERPRINT_T30, FRESH_T30),
    ] {
        assert_eq!(hex::encode(key(set).fingerprint().as_bytes()), fingerprint);
        assert_eq!(hex::encode(Sha256::digest(fresh(set))), hash, "{set:?}");
    }
    let header = concat!(
        "56534243", // magic
        "0100",     // version
        "02",       // parameter set
        "01",       // prime
        "00",       // level
        "02",       // polynomials
        "01",       // seeded
        "00",       // reserved
        "00200000", // degree
    );
    assert_eq!(hex::encode(&fresh(ParameterSet::N8192T30)[..HEADER_BYTES]), header);
}

/// `read_bfv.py` decrypts the bytes of [`fresh`] under both sets to its values, by exact integers and without our code; it also
/// squares them, and this is the hash of the residues it finds. With the files of [`write_for_python`]:
/// `python3 read_bfv.py SEED_T57 veilsum-N8192T57.bfv veilsum-N8192T57.bfv`.
#[test]
fn python_reads_the_same() {
    let key = key(ParameterSet::N8192T57);
    assert_eq!(hex::encode(&key.to_secret_bytes()[1..]), SEED_T57);
    let one = Ciphertext::from_bytes(&fresh(ParameterSet::N8192T57)).unwrap();
    let residues = multiply(&one, &one)
        .unwrap()
        .elements()
        .flat_map(|element| element.to_residues())
        .flat_map(u64::to_le_bytes)
        .collect::<Vec<u8>>();
    assert_eq!(hex::encode(Sha256::digest(residues)), SQUARE_T57);
}

/// Writes the files that `read_bfv.py` reads into the folder for temporary files.
#[cfg(not(target_arch = "wasm32"))]
#[test]
#[expect(clippy::disallowed_methods, reason = "this writes files to look at; nothing in the crate does")]
#[ignore = "writes files for python to read"]
fn write_for_python() {
    for set in ParameterSet::ALL {
        let path = std::env::temp_dir().join(format!("veilsum-{set:?}.bfv"));
        std::fs::write(path, fresh(set)).unwrap();
    }
}

const SEED_T57: &str = "baf13f0c96f88a8d13e11861c37a08912ceee5261f72a1de14173d4f99ec3f29";
const SQUARE_T57: &str = "09f7ed4ff930db3eaab4b7f06750119c67c50333c62af6927dc7d24983168305";
const FINGERPRINT_T57: &str = "3d6d3dc4b5d0b6fc4560b4ad642003150c46c505357cf2186fad6656f9f99f03";
const FINGERPRINT_T30: &str = "03aec305f8e36d92e684ba714c0b3493f8c2c599a820209b91e0067acc8bbdfb";
const FRESH_T57: &str = "3a547b620fae29f136d661db558770d55f84ba7c1b52f69b5c6356054349f936";
const FRESH_T30: &str = "8c82f474f0069bf9a802a7831e1e306235b325102724155757968b9f14a6672e";

#[test]
fn sizes_are_what_they_are_said_to_be() {
    let set = ParameterSet::N8192T57;
    assert_eq!(Ciphertext::fresh_bytes(set), 16 + 8_192 * 162 / 8 + 32);
    assert_eq!(fresh(set).len(), Ciphertext::fresh_bytes(set));
    assert_eq!(Ciphertext::answer_bytes(set, 0, 3), Some(16 + 3 * 8_192 * 162 / 8));
    assert_eq!(Ciphertext::answer_bytes(set, 1, 3), Some(16 + 3 * 8_192 * 100 / 8));
    assert_eq!(Ciphertext::answer_bytes(set, 2, 2), Some(16 + 2 * 8_192 * 50 / 8));
    for (level, polynomials) in [(3, 2), (0, 1), (0, 5)] {
        assert_eq!(Ciphertext::answer_bytes(set, level, polynomials), None);
    }
}

/// Ciphertexts of every shape come back.
#[test]
fn comes_back() {
    let set = ParameterSet::N8192T30;
    let one = Ciphertext::from_bytes(&fresh(set)).unwrap();
    assert_eq!(one.to_bytes(), fresh(set));
    let two = multiply(&one, &one).unwrap();
    let three = multiply(&two, &one).unwrap();
    for ciphertext in [&one, &two, &three] {
        for level in 0..3 {
            let ciphertext = switch_down(ciphertext, level).unwrap();
            let bytes = ciphertext.to_bytes();
            let back = Ciphertext::from_bytes(&bytes).unwrap();
            assert_eq!(back, ciphertext);
            if level > 0 || ciphertext.degree() > 1 {
                let polynomials = u8::try_from(ciphertext.degree() + 1).unwrap();
                assert_eq!(Ciphertext::answer_bytes(set, level, polynomials), Some(bytes.len()));
            }
        }
    }
}

#[test]
fn every_other_length_is_refused() {
    let good = fresh(ParameterSet::N8192T57);
    for length in 0..HEADER_BYTES {
        assert_eq!(Ciphertext::from_bytes(&good[..length]), Err(FormatError::Truncated { actual: length }));
    }
    let expected = good.len();
    for actual in (HEADER_BYTES..expected).step_by(997).chain(expected - 40..expected) {
        assert_eq!(
            Ciphertext::from_bytes(&good[..actual]),
            Err(FormatError::WrongLength { expected, actual })
        );
    }
    let longer = [good.as_slice(), &[0]].concat();
    let error = FormatError::WrongLength { expected, actual: expected + 1 };
    assert_eq!(Ciphertext::from_bytes(&longer), Err(error));
}

/// The header is not authenticated: the one change that still reads is another prime, and the answer is then refused.
#[test]
fn every_bit_flipped_in_the_header_is_refused() {
    for set in ParameterSet::ALL {
        let good = fresh(set);
        for bit in 0..HEADER_BYTES * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            match Ciphertext::from_bytes(&bad) {
                Err(_) => {}
                Ok(read) => {
                    assert_eq!(bit / 8, 7, "only the prime can be another");
                    assert_ne!(read.prime(), 1);
                    assert_eq!(read.to_bytes(), bad);
                    let key = key(set);
                    let other = key.encrypt_block(1 - read.prime().min(1), &[1], &mut rng(1)).unwrap();
                    let refused = key.decrypt(&[read, other], 1 << 30, 8_192).unwrap_err();
                    assert!(matches!(refused, DecryptError::Mismatch | DecryptError::Refused));
                }
            }
        }
    }
}

#[test]
fn faults_are_named() {
    let good = fresh(ParameterSet::N8192T57);
    let with = |place: usize, value: &[u8]| {
        let mut bad = good.clone();
        bad[place..place + value.len()].copy_from_slice(value);
        Ciphertext::from_bytes(&bad).unwrap_err()
    };
    let out_of_range = |field, actual| FormatError::OutOfRange { field, actual };
    assert_eq!(with(0, b"VSRG"), FormatError::WrongMagic);
    assert_eq!(with(4, &[2, 0]), FormatError::UnknownVersion { actual: 2 });
    assert_eq!(with(4, &[0, 0]), FormatError::UnknownVersion { actual: 0 });
    assert_eq!(with(6, &[0]), out_of_range("parameter set", 0));
    assert_eq!(with(6, &[9]), out_of_range("parameter set", 9));
    assert_eq!(with(7, &[3]), out_of_range("prime", 3));
    assert_eq!(with(8, &[3]), out_of_range("level", 3));
    assert_eq!(with(8, &[255]), out_of_range("level", 255));
    assert_eq!(with(9, &[0]), out_of_range("number of polynomials", 0));
    assert_eq!(with(9, &[1]), out_of_range("number of polynomials", 1));
    assert_eq!(with(9, &[5]), out_of_range("number of polynomials", 5));
    assert_eq!(with(10, &[2]), out_of_range("seed", 2));
    assert_eq!(with(9, &[3]), out_of_range("seed", 1));
    assert_eq!(with(8, &[1]), out_of_range("seed", 1));
    assert!(matches!(with(10, &[0]), FormatError::WrongLength { .. }));
    assert_eq!(with(11, &[1]), out_of_range("reserved byte", 1));
    assert_eq!(with(12, &[0, 0x40, 0, 0]), out_of_range("degree", 16_384));
    assert_eq!(with(12, &[0xff; 4]), out_of_range("degree", u32::MAX));
    // The other set has the same moduli, so that only the header tells them apart; it has more primes.
    assert!(
        Ciphertext::from_bytes(&{
            let mut other = good.clone();
            other[6] = 2;
            other
        })
        .is_ok()
    );
}

#[test]
fn a_coefficient_that_is_not_below_its_modulus_is_refused() {
    let good = fresh(ParameterSet::N8192T57);
    // The first and the last coefficient of c₀, all ones.
    for range in [HEADER_BYTES..HEADER_BYTES + 7, good.len() - 32 - 8..good.len() - 32] {
        let mut bad = good.clone();
        bad[range].fill(0xff);
        assert_eq!(Ciphertext::from_bytes(&bad), Err(FormatError::Coefficient { polynomial: 0 }));
    }
    let answer = switch_down(&Ciphertext::from_bytes(&good).unwrap(), 1).unwrap().to_bytes();
    let mut bad = answer.clone();
    bad[answer.len() - 7..].fill(0xff);
    assert_eq!(Ciphertext::from_bytes(&bad), Err(FormatError::Coefficient { polynomial: 1 }));
}

/// Random bytes behind a good header: most have a coefficient out of range, and none makes the reader panic.
#[test]
fn random_bodies_are_read_or_refused() {
    use rand_chacha::rand_core::Rng;
    let mut rng = rng(11);
    let good =
        switch_down(&Ciphertext::from_bytes(&fresh(ParameterSet::N8192T57)).unwrap(), 2).unwrap().to_bytes();
    for _ in 0..20 {
        let mut bytes = good.clone();
        rng.fill_bytes(&mut bytes[HEADER_BYTES..]);
        if let Ok(read) = Ciphertext::from_bytes(&bytes) {
            assert_eq!(read.to_bytes(), bytes);
            assert_eq!(
                key(ParameterSet::N8192T57).decrypt(&[read], 1, 1).unwrap_err(),
                DecryptError::Mismatch
            );
        }
    }
}

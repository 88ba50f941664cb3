//! Keys: made, stored, read again, refused.

use num_bigint::BigUint;
use num_integer::Integer;
use num_traits::One;
use rand_chacha::rand_core::Rng;
use serde::Deserialize;
use veilsum_owner::paillier::{
    KeyError, KeygenError, KeygenProgress, KeygenStage, ModulusSize, SecretKey, key_fingerprint,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::fixtures::{key_vectors, known_answers, rng, small_key};

#[derive(Deserialize)]
struct BadKey {
    fault: String,
    error: String,
    #[serde(with = "hex")]
    secret: Vec<u8>,
}

macro_rules! reject_vectors {
    ($($name:literal),* $(,)?) => {
        [$(include_str!(concat!("../vectors/reject/secret_key_", $name, ".json"))),*]
            .map(|json| serde_json::from_str(json).unwrap())
    };
}

#[test]
fn stored_keys_are_read_and_written_byte_for_byte() {
    for vector in key_vectors() {
        let key = SecretKey::from_secret_bytes(&vector.secret).unwrap();
        assert_eq!(key.public_key().to_hex(), vector.modulus);
        assert_eq!(key_fingerprint(key.public_key()).to_string(), vector.fingerprint);
        assert_eq!(*key.to_secret_bytes(), vector.secret);
    }
}

#[test]
fn bad_stored_keys_are_refused_by_name() {
    let vectors: [BadKey; _] = reject_vectors![
        "1024_bit_key_that_claims_2048",
        "both_zero",
        "claims_1024_bits",
        "claims_3072_bits",
        "claims_zero_bits",
        "cofactor_leaves_s_composite",
        "cofactor_wrong",
        "composite_of_the_right_form",
        "composite_q",
        "empty",
        "even_prime",
        "generator_is_a_square",
        "generator_of_a_subgroup",
        "generator_one",
        "generator_too_large",
        "generator_zero",
        "header_cut_off",
        "newer_version",
        "primes_too_close",
        "real_1024_bit_key",
        "reserved_not_zero",
        "same_prime",
        "trailing_byte",
        "truncated",
        "version_zero",
        "without_structure",
        "wrong_magic",
        "zero_prime",
    ];
    for vector in vectors {
        let error = SecretKey::from_secret_bytes(&vector.secret).unwrap_err();
        assert_eq!(format!("{error:?}"), vector.error, "{}", vector.fault);
    }
}

#[test]
fn no_flipped_bit_of_a_stored_prime_or_cofactor_passes() {
    let [vector, _] = key_vectors();
    let mut rng = rng(5);
    // The generators (bytes 16..20 and 152..156) are left out: another small primitive root is as good.
    let places: Vec<usize> = (0..16).chain(20..152).chain(156..vector.secret.len()).collect();
    for _ in 0..100 {
        let byte = places[rng.next_u32() as usize % places.len()];
        let mut secret = vector.secret.clone();
        secret[byte] ^= 1 << (rng.next_u32() % 8);
        assert!(SecretKey::from_secret_bytes(&secret).is_err(), "byte {byte}");
    }
}

#[test]
fn new_keys_have_the_promised_form() {
    for (seed, size) in [(1, ModulusSize::Bits2048), (2, ModulusSize::Bits3072)] {
        let key = SecretKey::generate(size, &mut rng(seed), &mut |_| ()).unwrap();
        let n = key.public_key().modulus();
        assert_eq!(n.bits(), u64::from(size.bits()));

        let stored = key.to_secret_bytes();
        let half = (stored.len() - 12) / 2;
        let primes: Vec<BigUint> = stored[12..]
            .chunks(half)
            .map(|stored| {
                let cofactor = u32::from_le_bytes(stored[..4].try_into().unwrap());
                let prime = BigUint::from_bytes_le(&stored[8..]);
                assert!(cofactor < 1 << 20);
                assert!(prime.bit(prime.bits() - 1) && prime.bit(prime.bits() - 2), "two highest bits");
                assert!((&prime - 1u32).is_multiple_of(&BigUint::from(2 * cofactor)));
                prime
            })
            .collect();
        assert_eq!(&primes[0] * &primes[1], *n);
        let order = (&primes[0] - 1u32) * (&primes[1] - 1u32);
        assert!(n.gcd(&order).is_one());

        let again = SecretKey::from_secret_bytes(&stored).unwrap();
        assert_eq!(again.public_key(), key.public_key());
    }
}

#[test]
fn key_generation_reports_every_stage_in_order() {
    let mut reports: Vec<KeygenProgress> = Vec::new();
    SecretKey::generate(ModulusSize::Bits2048, &mut rng(3), &mut |report| reports.push(report)).unwrap();
    assert!(reports.len() > 20, "a bar that moves");
    let mut stages: Vec<KeygenStage> = reports.iter().map(|report| report.stage).collect();
    stages.dedup();
    assert_eq!(stages, [KeygenStage::FirstPrime, KeygenStage::SecondPrime, KeygenStage::Checks]);
    for pair in reports.windows(2) {
        let next = if pair[0].stage == pair[1].stage { pair[0].done + 1 } else { 0 };
        assert_eq!(pair[1].done, next);
        assert!(pair[1].of > 0);
    }
}

#[test]
fn keys_from_the_same_randomness_only_are_the_same() {
    let [a, b, c] = [4, 4, 5].map(|seed| {
        SecretKey::generate(ModulusSize::Bits2048, &mut rng(seed), &mut |_| ()).unwrap().public_key().to_hex()
    });
    assert_eq!(a, b);
    assert_ne!(a, c);
}

#[test]
fn a_broken_source_of_randomness_ends_in_an_error() {
    /// Always the same bits.
    struct Stuck;
    impl rand_core::TryRng for Stuck {
        type Error = core::convert::Infallible;
        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            Ok(0)
        }
        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            Ok(0)
        }
        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
            bytes.fill(0);
            Ok(())
        }
    }
    impl rand_core::TryCryptoRng for Stuck {}

    let error = SecretKey::generate(ModulusSize::Bits2048, &mut Stuck, &mut |_| ()).unwrap_err();
    assert_eq!(error, KeygenError::Rejected(KeyError::SamePrime));
}

#[test]
fn bad_primes_are_refused() {
    let [small, ..] = known_answers();
    let (p, q) = (small.p.0, small.q.0);
    let error = |p: &BigUint, q: &BigUint| SecretKey::from_primes(p.clone(), q.clone()).unwrap_err();
    assert_eq!(error(&p, &p), KeyError::SamePrime);
    assert!(matches!(error(&(&p + 1u32), &q), KeyError::Public(_)), "even");
    assert!(matches!(error(&(&p >> 8), &(&q >> 8)), KeyError::Public(_)), "too small");
    assert!(matches!(error(&BigUint::ZERO, &q), KeyError::Public(_)));
    assert!(matches!(error(&BigUint::one(), &(&q * &q)), KeyError::Public(_) | KeyError::NotCoprimeToOrder));
    assert!(matches!(error(&(&p + 2u32), &q), KeyError::NotPrime { .. }));
    assert_eq!(error(&p, &(&p + 2u32)), KeyError::TooClose);

    // q divides p − 1 = 2·k·q, so n and φ(n) share it: 1024 bits from 516 + 508.
    let q: BigUint = (BigUint::from(3u32) << 506) + 1_117u32;
    let p = (&q << 8) + 1u32;
    assert_eq!(error(&p, &q), KeyError::NotCoprimeToOrder);
    let p = (&q << 8) + 129u32;
    assert_eq!(error(&p, &q), KeyError::Unbalanced);
}

#[test]
fn a_key_without_structure_cannot_be_stored_for_good() {
    let [_, middle, _] = known_answers();
    let key = SecretKey::from_primes(middle.p.0, middle.q.0).unwrap();
    let error = SecretKey::from_secret_bytes(&key.to_secret_bytes()).unwrap_err();
    assert!(matches!(error, KeyError::WrongStructure { .. }));
}

#[test]
fn debug_shows_the_public_half_only() {
    let text = format!("{:?}", small_key());
    let fingerprint = key_fingerprint(small_key().public_key()).to_string();
    assert_eq!(text, format!("SecretKey(hidden, of PublicKey(1024 bits, {}))", &fingerprint[..16]));
}

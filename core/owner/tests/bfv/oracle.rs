//! Crate `fhe` as the oracle: what we encrypt, it decrypts; what it encrypts, we decrypt; products are equal bit for bit.
//!
//! It takes plaintext primes below every ciphertext modulus only, and does not say so; so the set with primes of 57 bits is
//! left to `tests/vectors/read_bfv.py`, which shares no code with anybody. Both sets run through the same lines here.

use std::sync::Arc;

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher};
use fhe::bfv::{BfvParameters, BfvParametersBuilder, Encoding, Plaintext};
use fhe_math::rq::traits::TryConvertFrom;
use fhe_math::rq::{Poly, Representation};
use fhe_traits::{DeserializeParametrized, FheDecoder, FheDecrypter, FheEncoder, FheEncrypter};
use veilsum_crypto::bfv::evaluate::{multiply, switch_down};
use veilsum_crypto::bfv::{Ciphertext, HEADER_BYTES, ParameterSet};
use veilsum_owner::bfv::SecretKey;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::{key, rng};

fn parameters(set: ParameterSet, prime: u8) -> Arc<BfvParameters> {
    BfvParametersBuilder::new()
        .set_degree(set.degree())
        .set_plaintext_modulus(set.plaintext_primes()[usize::from(prime)])
        .set_moduli(set.ciphertext_moduli())
        .set_variance(10)
        .build_arc()
        .unwrap()
}

/// Our key as the crate's: s made again from the seed, as the documentation says, and written as its protobuf.
fn their_key(key: &SecretKey, parameters: &Arc<BfvParameters>) -> fhe::bfv::SecretKey {
    let secret = key.to_secret_bytes();
    let mut stream = vec![0; 5 * 8_192];
    ChaCha20::new(secret[1..].try_into().unwrap(), &[0; 12].into()).apply_keystream(&mut stream);
    // Field 1, packed sint64: each coefficient in one byte, as twice its magnitude, less one if negative.
    let mut proto = vec![0x0a, 0x80, 0x40];
    proto.extend(stream.chunks(5).map(|bytes| {
        let ones = |mask: [u8; 5]| -> i16 {
            bytes
                .iter()
                .zip(mask)
                .map(|(byte, mask)| i16::try_from((byte & mask).count_ones()).unwrap())
                .sum()
        };
        let coefficient = ones([0xff, 0xff, 0x0f, 0, 0]) - ones([0, 0, 0xf0, 0xff, 0xff]);
        u8::try_from(if coefficient < 0 { -2 * coefficient - 1 } else { 2 * coefficient }).unwrap()
    }));
    fhe::bfv::SecretKey::from_bytes(&proto, parameters).unwrap()
}

fn to_theirs(ciphertext: &Ciphertext, parameters: &Arc<BfvParameters>) -> fhe::bfv::Ciphertext {
    let context = parameters.context_at_level(ciphertext.level().into()).unwrap();
    let polynomials = ciphertext
        .elements()
        .map(|element| {
            let mut polynomial =
                Poly::try_convert_from(element.to_residues(), context, true, Representation::PowerBasis)
                    .unwrap();
            polynomial.change_representation(Representation::Ntt);
            polynomial
        })
        .collect();
    fhe::bfv::Ciphertext::new(polynomials, parameters).unwrap()
}

fn residues(polynomial: &Poly) -> Vec<u64> {
    let mut polynomial = polynomial.clone();
    polynomial.change_representation(Representation::PowerBasis);
    Vec::<u64>::from(&polynomial)
}

/// Writes the bytes of a ciphertext without our writer.
fn to_ours(theirs: &fhe::bfv::Ciphertext, set: ParameterSet, prime: u8) -> Ciphertext {
    let mut bytes = b"VSBC\x01\x00".to_vec();
    bytes.extend([set.id(), prime, 0, u8::try_from(theirs.len()).unwrap(), 0, 0, 0, 0x20, 0, 0]);
    assert_eq!(bytes.len(), HEADER_BYTES);
    let mut bits = Vec::new();
    for polynomial in theirs.iter() {
        for (index, residue) in residues(polynomial).into_iter().enumerate() {
            let width = [50, 50, 62][index / 8_192];
            bits.extend((0..width).map(|bit| u8::from(residue >> bit & 1 == 1)));
        }
    }
    bytes.extend(bits.chunks(8).map(|bits| bits.iter().rev().fold(0, |byte, bit| byte << 1 | bit)));
    Ciphertext::from_bytes(&bytes).unwrap()
}

/// Where our slot i is among theirs: they order slots by powers of 3, we by the size of the root.
fn slot_map(parameters: &Arc<BfvParameters>, key: &fhe::bfv::SecretKey) -> Vec<usize> {
    let x = Plaintext::try_encode(&[0_u64, 1] as &[u64], Encoding::poly(), parameters).unwrap();
    let encrypted: fhe::bfv::Ciphertext = key.try_encrypt(&x, &mut fhe_rng()).unwrap();
    let decrypted = key.try_decrypt(&encrypted).unwrap();
    let roots = Vec::<u64>::try_decode(&decrypted, Encoding::simd()).unwrap();
    let mut map: Vec<usize> = (0..roots.len()).collect();
    map.sort_by_key(|&slot| roots[slot]);
    map
}

/// The crate wants the random numbers of an older rand.
fn fhe_rng() -> impl fhe_rand::CryptoRng {
    <fhe_rand::ChaCha20Rng as fhe_rand::SeedableRng>::from_seed([1; 32])
}

mod fhe_rand {
    pub(super) use rand_chacha_of_fhe::ChaCha20Rng;
    pub(super) use rand_chacha_of_fhe::rand_core::{CryptoRng, SeedableRng};
}

const SET: ParameterSet = ParameterSet::N8192T30;

#[test]
fn they_decrypt_what_we_encrypt_and_we_what_they_do() {
    let set = SET;
    let prime = 1;
    let t = i128::from(set.plaintext_primes()[usize::from(prime)]);
    let parameters = parameters(set, prime);
    let ours = key(set);
    let theirs = their_key(&ours, &parameters);
    let map = slot_map(&parameters, &theirs);

    let values: Vec<i64> = (0..8_192).map(|row| (row - 4_096) * 65_537).collect();
    let expected: Vec<u64> =
        values.iter().map(|&value| u64::try_from(i128::from(value).rem_euclid(t)).unwrap()).collect();
    let fresh = ours.encrypt_block(prime, &values, &mut rng(12)).unwrap();
    let square = multiply(&fresh, &fresh).unwrap();
    let squares: Vec<u64> = expected
        .iter()
        .map(|&value| u64::try_from(u128::from(value) * u128::from(value) % t.cast_unsigned()).unwrap())
        .collect();
    for (ciphertext, expected) in
        [(&fresh, &expected), (&switch_down(&fresh, 1).unwrap(), &expected), (&square, &squares)]
    {
        let decrypted = theirs.try_decrypt(&to_theirs(ciphertext, &parameters)).unwrap();
        let slots =
            Vec::<u64>::try_decode(&decrypted, Encoding::simd_at_level(ciphertext.level().into())).unwrap();
        let slots: Vec<u64> = map.iter().map(|&slot| slots[slot]).collect();
        assert_eq!(&slots, expected);
    }

    let mut in_their_order = vec![0_u64; 8_192];
    map.iter().zip(&expected).for_each(|(&slot, &value)| in_their_order[slot] = value);
    let plaintext = Plaintext::try_encode(&in_their_order, Encoding::simd(), &parameters).unwrap();
    let encrypted: fhe::bfv::Ciphertext = theirs.try_encrypt(&plaintext, &mut fhe_rng()).unwrap();
    // Under the first prime 0 is encrypted, so that the integers are multiples of it with these residues.
    let zero = ours.encrypt_block(0, &[], &mut rng(13)).unwrap();
    let bound = (u128::from(set.plaintext_primes()[0]) * t.cast_unsigned() - 1) / 2;
    let decrypted = ours.decrypt(&[zero, to_ours(&encrypted, set, prime)], bound, 8_192).unwrap();
    assert!(
        decrypted.slots.iter().zip(&expected).all(|(slot, &value)| slot.rem_euclid(t) == i128::from(value))
    );
}

#[test]
fn products_are_theirs_bit_for_bit() {
    let set = SET;
    let parameters = parameters(set, 0);
    let ours = key(set);
    let mut rng = rng(14);
    let [a, b] = [3, -7].map(|value| ours.encrypt_block(0, &vec![value; 8_192], &mut rng).unwrap());
    let [their_a, their_b] = [&a, &b].map(|ciphertext| to_theirs(ciphertext, &parameters));
    let mut product = multiply(&a, &b).unwrap();
    let mut their_product = &their_a * &their_b;
    for factors in [2, 3] {
        if factors == 3 {
            product = multiply(&product, &b).unwrap();
            their_product = &their_product * &their_b;
        }
        let elements: Vec<_> = product.elements().map(|element| element.to_residues()).collect();
        let their_elements: Vec<_> = their_product.iter().map(residues).collect();
        assert!(elements == their_elements, "{factors}");
    }
}
